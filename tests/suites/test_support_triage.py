import asyncio
import json
import runpy
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from evalkit.checks.execute import run_checks
from evalkit.checks.result import Status
from evalkit.emulator.draws import Draws
from evalkit.emulator.grader import grade
from evalkit.emulator.hands import UPLOADS, Hands
from evalkit.emulator.scenario import load_scenario, uncovered_criteria
from evalkit.emulator.script import GraderScript, SessionScript
from evalkit.runner.handlers import Handlers, ToolCall
from evalkit.suite.load import load_suite
from evalkit.suite.model import Task
from evalkit.trial.events import ToolKind, ToolUsed
from evalkit.trial.wire import NO_ANSWER

SUITES = Path(__file__).parents[2] / "suites"
FOLDER = SUITES / "support-triage" / "tickets"
KILLED_BY = {
    "believed": {"queues", "decisions"},
    "plan_guessed": {"decisions"},
    "local_time": {"decisions"},
    "ticket_lost": {"count", "queues", "decisions"},
    "queue_in_prose": {"queues", "decisions"},
}
"""By flaw: exactly the checks that fail on a deliverable with that flaw alone."""


@pytest.fixture(name="task", scope="module")
def the_task() -> Task:
    (task,) = load_suite(SUITES / "support-triage.yaml").tasks
    return task


@pytest.fixture(name="script", scope="module")
def its_script() -> SessionScript:
    script = load_scenario(FOLDER.parent / "scenario.yaml").match({"evalkit_task": "tickets"}, "")
    assert script is not None
    return script


@pytest.fixture
def hands() -> Iterator[Hands]:
    with tempfile.TemporaryDirectory() as folder:
        yield Hands(Path(folder))


def failed_checks(task: Task, outputs: Path, *flaws: str) -> set[str]:
    """Ids of the checks that fail on what make.py makes; none may be errored."""
    runpy.run_path(str(FOLDER / "make.py"))["main"](FOLDER / "inputs", outputs, set(flaws))
    results = run_checks(task.checks, delivered=outputs, inputs=FOLDER / "inputs", checks_module=None)
    assert Status.ERRORED not in {result.status for result in results}
    return {result.id for result in results if result.status is Status.FAILED}


def test_what_is_right_passes_every_check(task: Task, tmp_path: Path) -> None:
    assert failed_checks(task, tmp_path) == set()


@pytest.mark.parametrize("flaw", sorted(KILLED_BY))
def test_a_flaw_fails_the_checks_that_are_there_for_it_and_no_others(task: Task, flaw: str, tmp_path: Path) -> None:
    assert failed_checks(task, tmp_path, flaw) == KILLED_BY[flaw]


def test_every_flaw_the_script_makes_is_one_that_make_py_knows_and_a_check_kills(script: SessionScript) -> None:
    known = runpy.run_path(str(FOLDER / "make.py"))["FLAWS"]

    assert known == set(KILLED_BY)
    assert {flaw.name for flaw in script.flaws} <= known


def test_inputs_oracle_and_the_tools_knowledge_are_what_their_generator_writes(tmp_path: Path) -> None:
    made = tmp_path / "tickets"
    runpy.run_path(str(FOLDER / "generate.py"))["main"](made)

    for name in ("inputs/tickets.json", "expected.json", "../accounts.json", "../service_status.json"):
        assert (made / name).read_bytes() == (FOLDER / name).read_bytes(), name


def honest_not_met(task: Task, script: SessionScript, hands: Hands, *flaws: str) -> frozenset[str]:
    """Criteria that a grader without errors finds unmet."""
    for file in task.inputs:
        hands.mount(f"{UPLOADS}/{file.mount_as}", file.path.read_bytes())
    assert script.deliver is not None
    delivery = asyncio.run(hands.deliver(script.deliver, flaws=frozenset(flaws)))
    assert delivery.failed is None
    honest = GraderScript(probes=script.grader.probes, judged={}, errors={})
    graded = grade(task.rubric.sent, honest, hands, Draws(0, {}), iteration=0, max_iterations=3)
    return asyncio.run(graded).not_met


@pytest.mark.parametrize("flaw", ["", "believed", "plan_guessed", "local_time", "queue_in_prose"])
def test_an_honest_grader_names_what_a_flaw_breaks_and_is_blind_to_what_only_the_tools_know(
    task: Task, script: SessionScript, hands: Hands, flaw: str
) -> None:
    breaks = {known.name: set(known.breaks) for known in script.flaws}

    assert honest_not_met(task, script, hands, *([flaw] if flaw else [])) == breaks.get(flaw, set())


def test_every_criterion_that_is_sent_has_a_probe(task: Task, script: SessionScript) -> None:
    sent = [criterion.id for criterion in task.rubric.criteria if criterion.is_sent]

    assert uncovered_criteria(script, sent) == ()


def answer(task: Task, name: str, **given: str) -> tuple[str, bool]:
    use = ToolUsed(id="sevt_1", at=None, kind=ToolKind.CUSTOM, name=name, path=None, asks=False, input=given)
    call = ToolCall(id="sevt_1", tool=name, session="s", task=task.id, variant="base", repeat=0, attempt=1)
    event = asyncio.run(Handlers.bind([task]).answer(task, use, call))
    return event["content"][0]["text"], event["is_error"]


def test_the_tools_know_every_account_and_service_that_a_ticket_is_about(task: Task) -> None:
    for ticket in json.loads((FOLDER / "inputs" / "tickets.json").read_text("utf-8")):
        text, is_error = answer(task, "lookup_account", email=ticket["from"])
        assert (is_error, set(json.loads(text))) == (False, {"name", "plan"})
        day = ticket["received_at"][:10]
        assert not answer(task, "service_status", service="sync", day=day)[1]


def test_an_address_without_an_account_is_an_error_and_an_unknown_service_has_no_answer(task: Task) -> None:
    assert answer(task, "lookup_account", email="x@y.example")[0].startswith("LookupError: no account has the address")
    assert answer(task, "service_status", service="moon", day="2026-03-02")[0].startswith(NO_ANSWER)


def test_nothing_of_the_oracle_but_the_words_of_the_task_is_in_a_prompt_a_rubric_or_the_scenario(task: Task) -> None:
    texts = [FOLDER / "task.md", *FOLDER.parent.glob("prompts/*"), FOLDER.parent / "scenario.yaml"]
    shown = "\n".join(path.read_text("utf-8") for path in texts) + task.rubric.source
    decisions = json.loads((FOLDER / "expected.json").read_text("utf-8"))["decisions"]

    assert [row for row in decisions if row["id"] in shown or row["reply_by"] in shown] == []
    assert len(decisions) >= 10
