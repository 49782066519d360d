"""The recorded production sessions, read into a run. Expected values come from the recordings, not our code."""

import json
from collections.abc import Mapping, Sequence
from decimal import ROUND_CEILING, Decimal
from pathlib import Path
from typing import Any

import pytest

from evalkit.rubric.contract import CriterionState
from evalkit.runner.ingest import Context, ingest, read_recordings
from evalkit.store.history import load_events, load_run
from evalkit.trial.model import End, RunRecord, SinceGrading, TrialRecord

MODEL = "claude-haiku-4-5"
"""As the recordings' README says; event lists do not name the model."""

_WORDS = {"met": CriterionState.MET, "partially met": CriterionState.PARTLY, "not met": CriterionState.NOT_MET}


@pytest.fixture
def run(traces: Path, tmp_path: Path) -> RunRecord:
    return load_run(ingest(read_recordings([traces]), Context(model=MODEL), tmp_path))


def recorded(traces: Path, task: str) -> list[Mapping[str, Any]]:
    return [json.loads(line) for line in (traces / f"{task}.jsonl").read_text(encoding="utf-8").splitlines()]


def of_type(events: Sequence[Mapping[str, Any]], kind: str) -> list[Mapping[str, Any]]:
    return [event for event in events if event["type"] == kind]


def with_outcome(run: RunRecord) -> list[TrialRecord]:
    return [trial for trial in run.trials if trial.spec.rubric_text is not None]


def test_all_recordings_are_read_and_none_is_skipped(run: RunRecord, traces: Path) -> None:
    assert [trial.spec.task for trial in run.trials] == sorted(path.stem for path in traces.glob("*.jsonl"))
    assert len(run.trials) == 25
    assert len(with_outcome(run)) == 15


def test_every_event_comes_back_as_it_was_recorded(run: RunRecord, traces: Path, tmp_path: Path) -> None:
    for trial in run.trials:
        stored = load_events(tmp_path / run.id, trial.spec.key, 1)

        assert list(stored) == recorded(traces, trial.spec.task)


def test_verdicts_and_iterations_are_those_of_the_recording(run: RunRecord, traces: Path) -> None:
    for trial in with_outcome(run):
        ends = of_type(recorded(traces, trial.spec.task), "span.outcome_evaluation_end")

        assert [(item.iteration, item.verdict_word) for item in trial.iterations] == [
            (end["iteration"], end["result"]) for end in ends
        ]
        assert trial.end is End.VERDICT
        assert trial.verdict is not None
        assert trial.verdict.value == ends[-1]["result"]


def test_the_computed_cost_rounded_up_is_the_recorded_cost_to_the_cent(run: RunRecord, traces: Path) -> None:
    for trial in run.trials:
        amount = of_type(recorded(traces, trial.spec.task), "session.usage")[-1]["usage"]["list_cost"]["amount"]
        cents = Decimal(amount) * 100 if "." in amount else Decimal(amount)

        assert trial.cost.computed_usd is not None
        assert (trial.cost.computed_usd * 100).to_integral_value(ROUND_CEILING) == cents
        assert trial.cost.billed_usd == cents / 100


def test_the_grader_costs_something_exactly_where_there_was_one(run: RunRecord) -> None:
    for trial in run.trials:
        assert trial.cost.grader_usd is not None
        assert (trial.cost.grader_usd > 0) == (trial.spec.rubric_text is not None)


def test_criteria_named_in_the_explanation_have_the_state_it_gives_them(run: RunRecord) -> None:
    for trial in with_outcome(run):
        for iteration in trial.iterations:
            bullets = [line[2:] for line in (iteration.explanation or "").splitlines() if line.startswith("- ")]
            said = {}
            for bullet in bullets:
                for words, state in _WORDS.items():
                    name, found, _ = bullet.partition(f" ({words}): ")
                    if found and len(name) < 200:
                        said[_criterion(trial, name)] = state
            unsaid = set(iteration.criteria) - set(said)

            assert len(said) == len(bullets)
            assert {key: iteration.criteria[key] for key in said} == said
            assert {iteration.criteria[key] for key in unsaid} <= {CriterionState.NOT_LISTED}


def _criterion(trial: TrialRecord, name: str) -> str:
    """The criterion whose text begins with what the grader called it, white space and points apart."""
    first = name.split(". ", maxsplit=1)[0].rstrip(".")
    (found,) = [item.id for item in trial.spec.criteria if " ".join(item.text.split()).startswith(first)]
    return found


def test_sessions_without_an_outcome_are_unmeasured_and_their_cost_is_kept(run: RunRecord) -> None:
    plain = [trial for trial in run.trials if trial.spec.rubric_text is None]

    assert len(plain) == 10
    for trial in plain:
        assert trial.end is End.UNMEASURED
        assert trial.failure is not None
        assert trial.failure.cause == "no_outcome"
        assert trial.cost.billed_usd == Decimal("0.02")


def test_exactly_two_sessions_show_a_file_changed_after_grading(run: RunRecord) -> None:
    changed = {
        trial.spec.task: [item.name for item in trial.artifacts if item.since_grading is SinceGrading.CHANGED]
        for trial in run.trials
    }

    assert {task: names for task, names in changed.items() if names} == {
        "phase-6-T-002": ["T-002.json"],
        "phase-6-T-003": ["T-003.json"],
    }


def test_delivered_files_are_rebuilt_from_the_sessions_own_writes(run: RunRecord) -> None:
    for trial in with_outcome(run):
        assert [item.rebuilt for item in trial.artifacts] == [True]


def test_waiting_for_the_client_is_time_apart(run: RunRecord) -> None:
    (trial,) = [trial for trial in run.trials if trial.spec.task == "phase-6-T-001"]

    assert trial.time_s.grading == pytest.approx(24.710566)
    assert trial.time_s.waiting_on_us == pytest.approx(1.012446)
