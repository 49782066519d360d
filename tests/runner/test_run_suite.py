"""Trials run through the official SDK against the emulator, answers and frames held strictly to the SDK's types."""

import asyncio
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from tiny_suite import TOOLSET, write_suite

from evalkit.claude.client import Target
from evalkit.emulator import Emulator
from evalkit.runner.suite import run_suite
from evalkit.settings import Settings, load_settings
from evalkit.store.history import load_events, load_run
from evalkit.suite.load import load_suite
from evalkit.suite.plan import plan_trials
from evalkit.trial.model import End, RunRecord, SinceGrading, TrialRecord, Verdict

NO_MATCH = {"match": {"metadata": {"evalkit_task": "another"}}}


@dataclass(frozen=True)
class Done:
    """A finished run and what the server saw of it."""

    run: RunRecord
    folder: Path
    requests: Counter[str]

    @property
    def trial(self) -> TrialRecord:
        (trial,) = self.run.trials
        return trial


def settings_of(folder: Path) -> Settings:
    return load_settings(folder, reports=folder / "reports")


def run(suite_path: Path, emulator: Emulator | None = None) -> Done:
    suite = load_suite(suite_path)
    plans = plan_trials(suite, version="0", commit=None, scenario_hash="s")
    with Emulator(suite.scenario) if emulator is None else _already_running(emulator) as server:
        target = Target(base_url=server.base_url, api_key=None)
        folder = asyncio.run(run_suite(suite, plans, settings_of(suite.root), target))
        seen = Counter(_what(request.method, request.path) for request in server.requests)
    return Done(run=load_run(folder), folder=folder, requests=seen)


class _already_running:  # noqa: N801  # reads as a phrase
    def __init__(self, emulator: Emulator) -> None:
        self._emulator = emulator

    def __enter__(self) -> Emulator:
        return self._emulator

    def __exit__(self, *_: object) -> None:
        """The caller stops it."""


def _what(method: str, path: str) -> str:
    parts = [part for part in path.split("?", maxsplit=1)[0].split("/") if part and "_01" not in part]
    return f"{method} {'/'.join(parts[1:])}"


def types(done: Done, trial: TrialRecord) -> Sequence[str]:
    return [raw["type"] for raw in load_events(done.folder, trial.spec.key, trial.attempt)]


def test_a_trial_runs_to_its_verdict_its_files_and_its_checks(tmp_path: Path) -> None:
    trial = run(write_suite(tmp_path)).trial

    assert (trial.verdict, trial.satisfied, trial.verified, trial.ok) == (Verdict.SATISFIED, True, True, True)
    assert [item.name for item in trial.artifacts] == ["report.csv"]
    assert trial.cost.billed_usd is not None
    assert trial.cost.grader_usd is not None
    assert trial.cost.grader_usd > 0


def test_billed_and_computed_cost_agree_to_the_cent(tmp_path: Path) -> None:
    cost = run(write_suite(tmp_path, suite={"defaults": {"max_iterations": 2, "trials": 4}})).run.trials

    for trial in cost:
        assert trial.cost.computed_usd is not None
        assert trial.cost.billed_usd == trial.cost.computed_usd.quantize(Decimal("0.01"))


def test_a_grader_that_is_satisfied_does_not_make_a_wrong_file_right(tmp_path: Path) -> None:
    trial = run(write_suite(tmp_path, report="a,b\n1,2\n")).trial

    assert (trial.satisfied, trial.verified, trial.ok) == (True, False, False)
    assert trial.artifacts[0].since_grading is SinceGrading.SAME


def test_iterations_end_at_the_limit_the_task_sets(tmp_path: Path) -> None:
    trial = run(write_suite(tmp_path, session={"grader": {"judged": {"R1": "met", "R2": "not_met"}}})).trial

    assert [item.verdict for item in trial.iterations] == [Verdict.NEEDS_REVISION, Verdict.MAX_ITERATIONS_REACHED]
    assert (trial.satisfied, trial.ok) == (False, False)


def test_the_last_request_of_a_trial_archives_its_session(tmp_path: Path) -> None:
    done = run(write_suite(tmp_path))

    assert done.requests["POST sessions/archive"] >= 1
    assert done.requests["POST sessions"] == 1


def test_an_infrastructure_failure_is_tried_twice_more_and_then_unmeasured(tmp_path: Path) -> None:
    done = run(write_suite(tmp_path, session=NO_MATCH))

    assert done.requests["POST sessions"] == 3
    assert (done.trial.end, done.trial.attempt, len(done.run.earlier_attempts)) == (End.UNMEASURED, 3, 2)
    assert done.trial.failure is not None
    assert done.trial.failure.cause == "retries_exhausted"
    assert done.trial.ok is None


def test_a_request_nobody_can_answer_is_refused_at_once_and_named(tmp_path: Path) -> None:
    custom = {"type": "custom", "name": "lookup", "description": "x", "input_schema": {"type": "object"}}
    path = write_suite(tmp_path, session={"calls": [{"custom": "lookup", "input": {"code": "EUR"}}]})
    agent = path.parent / "tiny" / "agent.yaml"
    agent.write_text(agent.read_text() + f"- {custom!r}\n")

    trial = run(path).trial

    assert trial.end is End.VERDICT
    assert [item.tool for item in trial.unanswered] == ["lookup"]


@pytest.mark.parametrize("partial", [False, True])
@pytest.mark.parametrize("after", [1, 2, 7, 12])
def test_a_dropped_stream_loses_no_event_and_repeats_none(tmp_path: Path, after: int, partial: bool) -> None:
    whole = run(write_suite(tmp_path / "whole"))
    fault = {"faults": [{"drop_stream": {"after_event": after, "partial_frame": partial}}]}

    dropped = run(write_suite(tmp_path / "dropped", session=fault))

    assert types(dropped, dropped.trial) == types(whole, whole.trial)
    assert dropped.requests["GET sessions/events/stream"] > 1


@pytest.mark.parametrize("operation", ["create_session", "send_events", "download_file", "list_files"])
@pytest.mark.parametrize("status", [429, 500, 529])
def test_a_passing_refusal_costs_no_second_session_and_no_second_outcome(
    tmp_path: Path, operation: str, status: int
) -> None:
    fault = {"faults": [{"status": status, "on": operation, "times": 1, "retry_after_s": 0}]}

    done = run(write_suite(tmp_path, session=fault))

    assert done.trial.ok is True
    assert types(done, done.trial).count("user.define_outcome") == 1
    assert len({trial.session.id for trial in (*done.run.trials, *done.run.earlier_attempts)}) == 1


def test_outputs_that_are_listed_late_are_waited_for(tmp_path: Path) -> None:
    trial = run(write_suite(tmp_path, session={"faults": [{"outputs_listed_after": 3}]})).trial

    assert (trial.verified, [item.name for item in trial.artifacts]) == (True, ["report.csv"])


def test_a_mounted_input_is_not_taken_for_a_deliverable(tmp_path: Path) -> None:
    path = write_suite(tmp_path, task={"inputs": [{"path": "tiny/in.csv", "as": "in.csv"}]})
    (path.parent / "tiny" / "in.csv").write_text("a,b\n")

    trial = run(path).trial

    assert [item.name for item in trial.artifacts] == ["report.csv"]
    assert trial.spec.inputs == ("in.csv",)


def test_the_extra_turn_that_rewrites_a_file_is_seen(tmp_path: Path) -> None:
    trial = run(write_suite(tmp_path, session={"after_verdict": {"rewrites": 1.0}})).trial

    assert trial.artifacts[0].since_grading is SinceGrading.CHANGED


def test_several_trials_run_at_once_and_come_back_in_plan_order(tmp_path: Path) -> None:
    done = run(write_suite(tmp_path, suite={"defaults": {"trials": 6}}))

    assert [trial.spec.repeat for trial in done.run.trials] == [0, 1, 2, 3, 4, 5]
    assert {trial.ok for trial in done.run.trials} == {True}
    assert done.requests["POST agents"] == 1


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Emulator]:
    path = write_suite(tmp_path / "first")
    with Emulator(load_suite(path).scenario) as emulator:
        yield emulator


def test_agents_and_environments_are_made_once_and_found_again(tmp_path: Path, server: Emulator) -> None:
    path = tmp_path / "first" / "suites" / "tiny.yaml"
    first = run(path, server)
    second = run(path, server)

    assert second.requests["POST agents"] == 1
    assert second.requests["POST environments"] == 1
    assert second.trial.session.agent_version == first.trial.session.agent_version == 1


def test_a_changed_agent_gets_a_new_version_and_the_old_content_its_old_one(tmp_path: Path, server: Emulator) -> None:
    path = tmp_path / "first" / "suites" / "tiny.yaml"
    agent = path.parent / "tiny" / "agent.yaml"
    before = agent.read_text()
    first = run(path, server)
    agent.write_text(before + "system: Be brief.\n")
    second = run(path, server)
    agent.write_text(before)
    third = run(path, server)

    versions = [done.trial.session.agent_version for done in (first, second, third)]
    assert versions == [1, 2, 1]
    assert {done.trial.session.agent_id for done in (first, second, third)} == {first.trial.session.agent_id}


def test_variants_are_agents_of_their_own(tmp_path: Path) -> None:
    variants: list[dict[str, Any]] = [{"name": "base"}, {"name": "brief", "agent": {"system": "Be brief."}}]

    done = run(write_suite(tmp_path, suite={"variants": variants}))

    assert [trial.spec.variant for trial in done.run.trials] == ["base", "brief"]
    assert len({trial.session.agent_id for trial in done.run.trials}) == 2


def test_the_same_seed_gives_the_same_verdicts_and_costs(tmp_path: Path) -> None:
    grader = {"probes": "probes.py", "judged": {"R1": "met"}, "errors": {"R2": {"invents": 0.5}}}
    results = []
    for name in ("one", "two"):
        path = write_suite(tmp_path / name, session={"grader": grader}, suite={"defaults": {"trials": 6}})
        (path.parent / "tiny" / "probes.py").write_text("def R2(outputs, inputs):\n    return True, 'a and b'\n")
        done = run(path)
        results.append([(trial.verdict, len(trial.iterations), trial.cost.usd) for trial in done.run.trials])

    assert results[0] == results[1]
    assert len({iterations for _, iterations, _ in results[0]}) > 1


def test_a_run_read_again_is_the_same_run(tmp_path: Path) -> None:
    done = run(write_suite(tmp_path, suite={"defaults": {"trials": 3}}))

    assert load_run(done.folder) == done.run


def test_a_tool_that_asks_is_denied_with_a_reason(tmp_path: Path) -> None:
    path = write_suite(tmp_path)
    ask = {**TOOLSET, "default_config": {"permission_policy": {"type": "always_ask"}}}
    agent = path.parent / "tiny" / "agent.yaml"
    agent.write_text(f"name: writer\nmodel: claude-haiku-4-5\ntools: [{ask!r}]\n".replace("'", '"'))

    trial = run(path).trial

    assert trial.unanswered
    assert {item.tool for item in trial.unanswered} <= {"write", "read", "bash"}


def test_a_trial_over_its_time_is_interrupted_on_the_server_and_scored_as_a_limit(tmp_path: Path) -> None:
    path = write_suite(tmp_path, task={"timeout": "1s"}, session={"time_s": {"request": [60, 60], "grading": [60, 60]}})
    suite = load_suite(path)
    plans = plan_trials(suite, version="0", commit=None, scenario_hash="s")
    with Emulator(suite.scenario, time_scale=1.0) as server:
        target = Target(base_url=server.base_url, api_key=None)
        quick = replace(plans[0], task=replace(plans[0].task, timeout_s=0.2))
        folder = asyncio.run(run_suite(suite, [quick], settings_of(tmp_path), target))

    (trial,) = load_run(folder).trials

    assert (trial.end, trial.ok, trial.verdict) == (End.LIMIT, False, Verdict.INTERRUPTED)


def test_an_outcome_whose_answer_is_late_is_not_defined_again_when_the_stream_drops_meanwhile(tmp_path: Path) -> None:
    faults = [
        {"delay": {"on": "send_events", "seconds": 0.4}},
        {"drop_stream": {"after_event": 1, "reset": True}},
    ]

    done = run(write_suite(tmp_path, session={"faults": faults}))

    assert done.trial.ok is True
    assert done.requests["POST sessions/events"] == 1


def test_a_session_that_we_cannot_read_is_interrupted_before_it_is_left(tmp_path: Path) -> None:
    faults = [{"missing_fields": {"type": "span.model_request_end", "fields": ["model_usage"]}}]

    done = run(write_suite(tmp_path, session={"faults": faults}))

    assert done.trial.end is End.UNMEASURED
    assert done.trial.failure is not None
    assert done.trial.failure.cause == "malformed"
    assert done.requests["POST sessions"] == 1
    assert done.requests["POST sessions/events"] == 2, "the outcome, and the interrupt"


@pytest.mark.parametrize("status", ["terminated", "deleted"])
def test_a_session_that_ends_under_us_is_unmeasured_and_tried_again(tmp_path: Path, status: str) -> None:
    faults = [{"session_becomes": {"after_event": 6, "status": status}}]

    done = run(write_suite(tmp_path, session={"faults": faults}))

    assert (done.trial.end, done.trial.attempt, done.trial.ok) == (End.UNMEASURED, 3, None)


def test_a_verdict_in_an_unknown_word_is_neither_a_pass_nor_a_crash(tmp_path: Path) -> None:
    faults = [{"unknown_verdict": {"iteration": 0, "word": "splendid"}}]

    trial = run(write_suite(tmp_path, session={"faults": faults})).trial

    assert (trial.end, trial.ok) == (End.UNMEASURED, None)
    assert trial.failure is not None
    assert "'splendid'" in trial.failure.message
