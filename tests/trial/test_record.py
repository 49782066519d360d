"""How a trial ended, and its three answers: the tables of ARCHITECTURE.md, Measurement."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest
from raw_events import RawSession, satisfied_session, write

from evalkit.artifact import Artifact
from evalkit.checks.result import CheckResult, CheckSpec, Status
from evalkit.errors import Boundary
from evalkit.rubric.contract import CriterionState
from evalkit.rubric.document import read_criteria
from evalkit.trial.model import End, Failure, Hashes, SessionRecord, SinceGrading, TrialRecord, TrialSpec, Verdict
from evalkit.trial.record import Attempt, Closing, Stop, build_record
from evalkit.trial.wire import parse_event

SPEC = TrialSpec(
    key="k",
    suite="s",
    task="t",
    variant="base",
    repeat=0,
    backend="emulator",
    simulated=True,
    model="claude-haiku-4-5",
    max_iterations=3,
    hashes=Hashes(),
    description="",
    rubric_text="",
    criteria=read_criteria("- Columns. The columns are a, b.\n- Rows. There are 3 rows.\n"),
)


def result(status: Status, *, required: bool = True) -> CheckResult:
    return CheckResult(id=status.value, check="any_file.safe", version=1, status=status, required=required)


def asked(*results: CheckResult) -> TrialSpec:
    """The spec of a trial whose task asks for these checks."""
    specs = tuple(CheckSpec(id=item.id, check=item.check, version=1, required=item.required) for item in results)
    return replace(SPEC, checks=specs)


def record_of(
    session: RawSession,
    *checks: CheckResult,
    spec: TrialSpec = SPEC,
    closing: Closing | None = Closing(),  # noqa: B008  # a frozen value
    files: tuple[str, ...] = ("report.csv",),
    regraded: Mapping[str, SinceGrading] | None = None,
) -> TrialRecord:
    attempt = Attempt(
        run="r",
        number=1,
        session=SessionRecord(id="sesn_1"),
        events=tuple(parse_event(raw) for raw in session.events),
        artifacts=tuple(Artifact(name=name, sha256="0" * 64, size_bytes=1, media_type=None) for name in files),
        regraded=regraded or {},
        checks=checks,
        closing=closing,
    )
    return build_record(spec, attempt)


def ended(verdict: str) -> RawSession:
    return RawSession().begin().work().grade(0, verdict).work().rest()


@pytest.mark.parametrize(
    ("verdict", "statuses", "answers"),
    [
        ("satisfied", [Status.PASSED], (True, True, True)),
        ("satisfied", [Status.PASSED, Status.FAILED], (True, False, False)),
        ("satisfied", [Status.FAILED, Status.ERRORED], (True, False, False)),
        ("satisfied", [Status.PASSED, Status.ERRORED], (True, None, None)),
        ("satisfied", [Status.PASSED, Status.SKIPPED], (True, True, True)),
        ("satisfied", [Status.SKIPPED], (True, None, True)),
        ("satisfied", [], (True, None, True)),
        ("max_iterations_reached", [Status.PASSED], (False, True, False)),
        ("max_iterations_reached", [Status.ERRORED], (False, None, False)),
        ("failed", [Status.PASSED], (False, True, False)),
    ],
)
def test_the_three_answers_follow_verdict_and_required_checks(
    verdict: str, statuses: list[Status], answers: tuple[bool | None, ...]
) -> None:
    results = [result(status) for status in statuses]

    record = record_of(ended(verdict), *results, spec=asked(*results))

    assert (record.satisfied, record.verified, record.ok) == answers
    assert record.end is End.VERDICT


@pytest.mark.parametrize(("verdict", "ok"), [("satisfied", None), ("max_iterations_reached", False)])
def test_a_required_check_without_a_result_is_unknown_and_never_passed(verdict: str, ok: bool | None) -> None:
    spec = asked(result(Status.PASSED), result(Status.FAILED))

    assert record_of(ended(verdict), spec=spec).ok is ok
    assert record_of(ended(verdict), spec=spec).verified is None
    assert record_of(ended(verdict), result(Status.PASSED), spec=spec).ok is ok


def test_a_file_of_tests_answers_for_its_check_with_a_result_each() -> None:
    tests = [replace(result(Status.PASSED), id=f"unit::test_{number}") for number in range(2)]
    spec = asked(replace(result(Status.PASSED), id="unit"))

    assert record_of(ended("satisfied"), *tests, spec=spec).ok is True


def test_an_advisory_check_decides_nothing() -> None:
    advisory = result(Status.FAILED, required=False)
    record = record_of(ended("satisfied"), advisory, spec=asked(advisory))

    assert (record.verified, record.ok) == (None, True)


@pytest.mark.parametrize(
    ("session", "cause"),
    [
        (RawSession().begin().work().rest("retries_exhausted"), "retries_exhausted"),
        (RawSession().begin().work().rest(), "no_verdict"),
        (RawSession().begin().work(), "cut_off"),
        (RawSession().begin().work().grade(0, "splendid").rest(), "unknown_verdict"),
        (RawSession().work().rest(), "no_outcome"),
        (RawSession(), "not_finished"),
    ],
)
def test_an_end_without_a_known_verdict_is_unmeasured_with_its_cause(session: RawSession, cause: str) -> None:
    record = record_of(session)

    assert record.end is End.UNMEASURED
    assert record.failure is not None
    assert record.failure.cause == cause
    assert (record.satisfied, record.ok) == (None, None)


def test_a_session_that_ends_between_verdict_and_idle_is_unmeasured_and_one_that_had_settled_is_not() -> None:
    early = RawSession().begin().work().grade(0, "satisfied")
    early.add("session.status_terminated")
    archived = satisfied_session()
    archived.add("session.status_terminated")

    assert record_of(early).end is End.UNMEASURED
    assert record_of(early).verdict is Verdict.SATISFIED
    assert record_of(archived).end is End.VERDICT


def test_a_platform_that_never_began_is_not_the_agents_time_limit() -> None:
    silent = record_of(RawSession(), closing=Closing(stop=Stop.TIME_LIMIT))
    strange = record_of(RawSession().begin().work().grade(0, "splendid"), closing=Closing(stop=Stop.TIME_LIMIT))

    assert [record.end for record in (silent, strange)] == [End.UNMEASURED, End.UNMEASURED]


def test_an_interrupt_before_grading_is_no_iteration_and_no_first_draft() -> None:
    session = RawSession().begin().work()
    session.add("span.outcome_evaluation_end", iteration=0, result="interrupted", outcome_id="o", explanation="")

    record = record_of(session.rest())

    assert (record.iterations, record.first_draft, record.verdict) == ((), None, Verdict.INTERRUPTED)


@pytest.mark.parametrize("kind", ["terminated", "deleted"])
def test_a_session_that_is_gone_before_a_verdict_is_unmeasured(kind: str) -> None:
    session = RawSession().begin().work()
    session.add("session.status_terminated" if kind == "terminated" else "session.deleted")

    record = record_of(session)

    assert record.end is End.UNMEASURED
    assert record.failure is not None
    assert (record.failure.cause, record.failure.boundary) == (kind, Boundary.PLATFORM)


@pytest.mark.parametrize(
    ("session", "closing", "end", "ok"),
    [
        (RawSession().begin().work().rest("refusal"), Closing(), End.REFUSED, False),
        (RawSession().begin().work().rest("budget_reached"), Closing(), End.LIMIT, False),
        (ended("interrupted"), Closing(stop=Stop.TIME_LIMIT), End.LIMIT, False),
        (ended("interrupted"), Closing(stop=Stop.INTERRUPTED), End.NOT_RUN, None),
        (ended("interrupted"), Closing(), End.NOT_RUN, None),
        (RawSession().begin().work(), None, End.NOT_RUN, None),
        (ended("satisfied"), Closing(stop=Stop.TIME_LIMIT), End.VERDICT, True),
    ],
)
def test_refusals_and_limits_are_scored_and_interruptions_are_not(
    session: RawSession, closing: Closing | None, end: End, ok: bool | None
) -> None:
    record = record_of(session, closing=closing)

    assert (record.end, record.ok) == (end, ok)


def test_a_download_that_failed_leaves_the_verdict_visible_and_the_trial_unmeasured() -> None:
    failure = Failure(cause="truncated", boundary=Boundary.PLATFORM, message="got 3 bytes of 9", may_retry=True)

    record = record_of(ended("satisfied"), closing=Closing(failure=failure))

    assert (record.end, record.failure, record.ok) == (End.UNMEASURED, failure, None)
    assert record.verdict is Verdict.SATISFIED


def test_first_draft_is_the_verdict_of_iteration_zero_alone() -> None:
    revised = RawSession().begin().work().grade(0, "needs_revision").work().grade(1, "satisfied").work().rest()

    assert record_of(satisfied_session()).first_draft is True
    assert record_of(revised).first_draft is False
    assert record_of(RawSession().begin().work().rest()).first_draft is None


def test_a_file_rewritten_by_the_extra_turn_is_changed_and_the_others_are_the_same() -> None:
    session = RawSession().begin().work(write("report.csv"), write("b.csv")).grade(0, "max_iterations_reached")
    session.work(write("report.csv")).rest()

    record = record_of(session, files=("b.csv", "report.csv"))

    assert [item.since_grading for item in record.artifacts] == [SinceGrading.SAME, SinceGrading.CHANGED]


def test_a_tool_that_does_not_say_what_it_changed_makes_files_unknown_unless_the_listing_knows() -> None:
    session = RawSession().begin().work().grade(0, "satisfied").work({"name": "bash", "input": {}}).rest()

    record = record_of(session, files=("a", "b"), regraded={"b": SinceGrading.CHANGED})

    assert [item.since_grading for item in record.artifacts] == [SinceGrading.UNKNOWN, SinceGrading.CHANGED]


def test_files_of_a_session_that_was_never_graded_are_unknown() -> None:
    record = record_of(RawSession().begin().work(write("report.csv")).rest("refusal"))

    assert record.artifacts[0].since_grading is SinceGrading.UNKNOWN


def test_the_graders_words_become_states_by_criterion() -> None:
    words = "An independent grader found the following criteria are not fully met:\n\n- Rows (not met): there are 2."
    session = RawSession().begin().work().grade(0, "needs_revision", words).work().grade(1, "satisfied").rest()

    first, second = record_of(session).iterations

    assert first.criteria == {"C1": CriterionState.NOT_LISTED, "C2": CriterionState.NOT_MET}
    assert second.explanation == "words"


def test_the_cost_of_one_iterations_grader_is_never_claimed() -> None:
    (iteration,) = record_of(satisfied_session()).iterations

    assert iteration.grader_usd is None
    assert iteration.agent_usd is not None


@pytest.mark.parametrize("field", ["satisfied", "verified", "ok", "first_draft"])
def test_nothing_is_claimed_of_a_trial_that_never_ran(field: str) -> None:
    record: Any = record_of(RawSession(), closing=None, files=())

    assert getattr(record, field) is None
    assert record.cost.usd is None
