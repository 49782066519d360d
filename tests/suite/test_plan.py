from collections.abc import Mapping
from pathlib import Path

import pytest
from loan_project import change, write_project

from evalkit.suite.load import load_suite
from evalkit.suite.model import Backend, TrialPlan
from evalkit.suite.plan import plan_trials

S = "suites/loans.yaml"
A = "suites/loans/agent.yaml"


def planned(root: Path, *, backend: Backend | None = None, scenario: str | None = "s") -> tuple[TrialPlan, ...]:
    suite = load_suite(root / S, backend=backend)
    return plan_trials(suite, version="0.1.0", commit="ab12", scenario_hash=scenario)


@pytest.fixture(name="root")
def root_of_a_project(tmp_path: Path) -> Path:
    write_project(tmp_path)
    return tmp_path


def keys(plans: tuple[TrialPlan, ...]) -> Mapping[tuple[str, str, int], str]:
    return {(plan.spec.task, plan.spec.variant, plan.spec.repeat): plan.spec.key for plan in plans}


def test_trials_come_by_task_then_variant_then_repeat(root: Path) -> None:
    second = "  - {id: second, description: d, rubric: loan, deliverables: [x], trials: 1}\n"
    with (root / S).open("a", encoding="utf-8") as suite:
        suite.write(second)

    order = [(plan.spec.task, plan.spec.variant, plan.spec.repeat) for plan in planned(root)]

    assert order == [
        ("loan", "base", 0),
        ("loan", "base", 1),
        ("loan", "v2", 0),
        ("loan", "v2", 1),
        ("second", "base", 0),
        ("second", "v2", 0),
    ]


def test_every_trial_has_its_own_key_and_carries_it_to_the_session(root: Path) -> None:
    plans = planned(root)

    assert len({plan.spec.key for plan in plans}) == 4
    assert plans[1].session_metadata == {
        "evalkit_task": "loan",
        "evalkit_variant": "base",
        "evalkit_repeat": "1",
        "evalkit_key": plans[1].spec.key,
    }


def test_a_spec_says_what_a_report_needs_without_the_suite(root: Path) -> None:
    spec = planned(root)[0].spec

    assert (spec.suite, spec.backend, spec.simulated, spec.model) == ("loans", "emulator", True, "claude-sonnet-5-5")
    assert (spec.evalkit, spec.commit, spec.max_iterations) == ("0.1.0", "ab12", 3)
    assert (spec.deliverables, spec.inputs, spec.tags) == (("loan.csv",), ("loan.json",), ("csv",))
    assert spec.rubric_text is not None
    assert spec.rubric_text.startswith("- [R1] Payment.")
    assert (spec.hashes.scenario, len(spec.hashes.checks or "")) == ("s", 64)


def test_planning_twice_gives_the_same_trials(root: Path) -> None:
    assert planned(root) == planned(root)


@pytest.mark.parametrize(
    ("file", "old", "new"),
    [
        ("rubrics/loan.md", "level annuity", "monthly"),
        ("suites/loans/loan.json", "250000", "250001"),
        (S, "as: loan.json", "as: input.json"),
        (S, "Build the schedule", "Build a schedule"),
        (S, "max_iterations: 3", "max_iterations: 4"),
        (S, "id: loan", "id: credit"),
        (S, "[loan.csv]", "[loan.csv, notes.md]"),
        (A, "claude-sonnet-5-5", "claude-opus-5-5"),
        (A, "claude-sonnet-5-5", "{id: claude-sonnet-5-5, effort: high}"),
        (A, "agent_toolset_20260401", "agent_toolset_20260701"),
        ("suites/loans/v1.md", "an analyst", "a senior analyst"),
        ("suites/loans/environment.yaml", "cloud", "self_hosted"),
        (S, "defaults:", "session: {vault_ids: [vlt_01]}\ndefaults:"),
        (S, "defaults:", "session: {resources: [{type: memory_store, memory_store_id: m}]}\ndefaults:"),
        (S, "defaults:", "tools: {rate: loans/tools.py:rate}\ndefaults:"),
        (S, "    tags: [csv]", "    tools: {rate: {fixtures: loans/rates.json}}"),
        (S, "defaults:", "permissions: [{tool: bash, answer: allow}]\ndefaults:"),
    ],
)
def test_a_change_to_what_is_measured_changes_the_key(file: str, old: str, new: str, root: Path) -> None:
    before = planned(root)[0].spec.key
    change(root, file, old, new)

    assert planned(root)[0].spec.key != before


ANSWERED = """\
session: {resources: [{type: github_repository, url: u, authorization_token: old}]}
tools:
  rate: {python: 'loans/tools.py:rate', timeout: 5s}
permissions:
  - {tool: bash, matches: {command: python}, answer: deny, message: stay out}
defaults:"""


@pytest.mark.parametrize(
    ("file", "old", "new"),
    [
        (
            "suites/loans/tools.py",
            'def rate(input, call):\n    return "0.0675"',
            "def rate(input, call):\n    return '1'",
        ),
        (S, "url: u", "url: v"),
        (S, "{command: python}", "{command: pythn}"),
        (S, "message: stay out", "message: never"),
        (S, "{python: 'loans/tools.py:rate', timeout: 5s}", "{fixtures: loans/rates.json}"),
    ],
)
def test_a_change_to_what_the_agent_is_answered_changes_the_key(file: str, old: str, new: str, root: Path) -> None:
    change(root, S, "defaults:", ANSWERED)
    before = planned(root)[0].spec.key
    change(root, file, old, new)

    assert planned(root)[0].spec.key != before


@pytest.mark.parametrize(("old", "new"), [("authorization_token: old", "authorization_token: new"), ("5s", "6s")])
def test_a_new_token_or_time_limit_keeps_the_key(old: str, new: str, root: Path) -> None:
    change(root, S, "defaults:", ANSWERED)
    before = planned(root)[0].spec.key
    change(root, S, old, new)

    assert planned(root)[0].spec.key == before


@pytest.mark.parametrize(
    ("file", "words"), [("rates.json", "{fixtures: loans/rates.json}"), ("rate.sh", "{command: [sh, loans/rate.sh]}")]
)
def test_the_bytes_of_a_handlers_files_are_in_the_key(file: str, words: str, root: Path) -> None:
    change(root, S, "defaults:", f"tools: {{rate: {words}}}\ndefaults:")
    before = planned(root)[0].spec.key
    change(root, f"suites/loans/{file}", "0.0675", "0.0676")

    assert planned(root)[0].spec.key != before


def test_a_deployed_agent_and_a_remote_rubric_are_in_the_key_by_their_ids(root: Path) -> None:
    def key() -> str:
        return planned(root, backend=Backend.ANTHROPIC)[0].spec.key

    change(root, S, "agent: loans/agent.yaml", "agent: {id: agent_01, version: 3}")
    change(root, S, "rubric: loan", "rubric: {file_id: file_01}")
    change(root, S, "        criterion: R1\n", "")
    first = key()
    change(root, S, "version: 3", "version: 4")
    second = key()
    change(root, S, "file_01", "file_02")

    assert len({first, second, key()}) == 3
    assert planned(root, backend=Backend.ANTHROPIC)[0].spec.rubric_text is None


@pytest.mark.parametrize(
    ("file", "old", "new"),
    [
        (S, "abs_tol: 0.01", "abs_tol: 0.02"),
        (S, "criterion: R1", "required: false"),
        ("suites/loans/expected.json", "4804.19", "4804.20"),
        (S, "tags: [csv]", "tags: [csv, slow]"),
        (S, "timeout: 30m", "timeout: 31m"),
        (S, "budget_usd: 1.50", "budget_usd: 2.50"),
        (S, "trials: 2", "trials: 3"),
        (A, "name: analyst", "name: clerk"),
        (A, "tools:", "metadata: {team: a}\ntools:"),
        (A, "model: claude-sonnet-5-5", "model: {id: claude-sonnet-5-5}"),
        ("suites/loans/environment.yaml", "name: box", "name: crate"),
        ("rubrics/loan.md", "- [R2]", "<!-- a note -->\n- [R2]"),
        (S, "tasks:", "\n\ntasks:"),
    ],
)
def test_a_change_to_anything_else_keeps_every_key(file: str, old: str, new: str, root: Path) -> None:
    before = keys(planned(root))
    change(root, file, old, new)
    after = keys(planned(root))

    assert {name: after[name] for name in before} == before


def test_a_stricter_check_changes_the_checks_hash(root: Path) -> None:
    before = planned(root)[0].spec.hashes
    change(root, "suites/loans/expected.json", "4804.19", "4804.20")
    after = planned(root)[0].spec.hashes

    assert before.checks != after.checks
    assert (before.task, before.rubric, before.agent) == (after.task, after.rubric, after.agent)


def test_a_prompt_variant_changes_only_the_keys_of_that_variant(root: Path) -> None:
    before = keys(planned(root))
    change(root, "suites/loans/v2.md", "careful", "very careful")
    after = keys(planned(root))

    assert {variant for (_, variant, _), key in before.items() if key not in after.values()} == {"v2"}


def test_the_scenario_is_in_the_key_on_the_emulator_and_nowhere_else(root: Path) -> None:
    hosted, other = (planned(root, backend=Backend.ANTHROPIC, scenario=scenario) for scenario in ("s", "t"))

    assert planned(root)[0].spec.key != planned(root, scenario="t")[0].spec.key
    assert hosted == other
    assert hosted[0].spec.simulated is False
