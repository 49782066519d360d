import asyncio
import json
import runpy
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

import evalkit.api
from evalkit.checks.execute import run_checks
from evalkit.checks.result import Status
from evalkit.emulator.draws import Draws
from evalkit.emulator.grader import grade
from evalkit.emulator.hands import UPLOADS, Hands
from evalkit.emulator.scenario import load_scenario, uncovered_criteria
from evalkit.emulator.script import GraderScript, SessionScript
from evalkit.suite.load import load_suite
from evalkit.suite.model import Task

SUITE = Path(__file__).parents[2] / "suites" / "multiagent.yaml"
FOLDER = SUITE.with_suffix("")
KILLED_BY = {
    "late_cost_lost": {"branches", "total"},
    "staff_stale": {"branches"},
    "pounds_as_euros": {"branches", "total"},
    "sum_stale": {"total"},
}
"""By flaw: exactly the checks that fail on a deliverable with that flaw alone."""


@pytest.fixture(name="task", scope="module")
def the_task() -> Task:
    (task,) = load_suite(SUITE).tasks
    return task


@pytest.fixture(name="script", scope="module")
def its_script() -> SessionScript:
    script = load_scenario(FOLDER / "scenario.yaml").match({"evalkit_task": "brief"}, "")
    assert script is not None
    return script


@pytest.fixture
def hands() -> Iterator[Hands]:
    with tempfile.TemporaryDirectory() as folder:
        yield Hands(Path(folder))


@pytest.mark.parametrize("flaw", ["", *sorted(KILLED_BY)])
def test_a_flaw_fails_the_checks_that_are_there_for_it_and_what_is_right_fails_none(
    task: Task, flaw: str, tmp_path: Path
) -> None:
    runpy.run_path(str(FOLDER / "make.py"))["main"](FOLDER / "inputs", tmp_path, {flaw} - {""})
    results = run_checks(task.checks, delivered=tmp_path, inputs=FOLDER / "inputs", checks_module=None)

    assert {result.id for result in results if result.status is Status.FAILED} == KILLED_BY.get(flaw, set())
    assert Status.ERRORED not in {result.status for result in results}


def test_every_flaw_the_script_makes_is_one_that_make_py_knows_and_a_check_kills(script: SessionScript) -> None:
    assert runpy.run_path(str(FOLDER / "make.py"))["FLAWS"] == set(KILLED_BY)
    assert {flaw.name for flaw in script.flaws} <= set(KILLED_BY)


def test_inputs_and_oracle_are_what_their_generator_writes(tmp_path: Path) -> None:
    runpy.run_path(str(FOLDER / "generate.py"))["main"](tmp_path)

    for name in ("inputs/lisbon.md", "inputs/leeds.md", "expected.json"):
        assert (tmp_path / name).read_bytes() == (FOLDER / name).read_bytes(), name


@pytest.mark.parametrize("flaw", ["", *sorted(KILLED_BY)])
def test_an_honest_grader_names_what_a_flaw_breaks_and_does_not_know_the_rate(
    task: Task, script: SessionScript, hands: Hands, flaw: str
) -> None:
    for file in task.inputs:
        hands.mount(f"{UPLOADS}/{file.mount_as}", file.path.read_bytes())
    assert script.deliver is not None
    assert asyncio.run(hands.deliver(script.deliver, flaws=frozenset({flaw} - {""}))).failed is None
    honest = GraderScript(probes=script.grader.probes, judged={}, errors={})
    graded = grade(task.rubric.sent, honest, hands, Draws(0, {}), iteration=0, max_iterations=3)
    breaks = {known.name: set(known.breaks) for known in script.flaws}

    assert asyncio.run(graded).not_met == breaks.get(flaw, set())


def test_every_criterion_that_is_sent_has_a_probe(task: Task, script: SessionScript) -> None:
    sent = [criterion.id for criterion in task.rubric.criteria if criterion.is_sent]

    assert uncovered_criteria(script, sent) == ()


def test_no_figure_of_the_oracle_stands_in_a_prompt_a_rubric_or_the_scenario(task: Task) -> None:
    names = ("task.md", "agent.yaml", "scenario.yaml")
    shown = "\n".join((FOLDER / name).read_text("utf-8") for name in names) + task.rubric.source
    oracle = json.loads((FOLDER / "expected.json").read_text("utf-8"))
    figures = [branch[key] for branch in oracle["branches"] for key in ("revenue_eur", "cost_eur", "result_eur")]

    assert [figure for figure in (*figures, oracle["result_eur"]) if f"{figure:.2f}" in shown] == []


@pytest.mark.slow
def test_the_suite_runs_with_two_readers_whose_question_is_answered_in_their_own_thread(tmp_path: Path) -> None:
    run = evalkit.api.run_suite(SUITE, reports=tmp_path)

    assert [len(trial.threads) for trial in run.trials] == [2, 2, 2]
    assert {trial.unanswered for trial in run.trials} == {()}
    assert all(trial.cost.grader_usd is not None for trial in run.trials)
