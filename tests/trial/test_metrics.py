from dataclasses import fields, replace
from decimal import Decimal

import pytest
from hypothesis import given, settings
from trial_records import UNKNOWN_COST, check, cost, failure, iteration, quickstart_run, random_runs, run, trial

from evalkit.checks.result import CheckResult, Status
from evalkit.trial.metrics import (
    Agreement,
    Share,
    Standing,
    UsdSum,
    agreement_of,
    files_since_grading,
    standing_of,
    sum_costs,
    summarise,
)
from evalkit.trial.model import End, IterationRecord, RunRecord, SinceGrading, TrialRecord, Verdict

LAW = settings(max_examples=25, deadline=None)

SATISFIED = iteration(0, Verdict.SATISFIED)
REVISE = iteration(0, Verdict.NEEDS_REVISION)
MAXED = iteration(1, Verdict.MAX_ITERATIONS_REACHED)
PASSED = check("sum")
FAILED = check("sum", Status.FAILED)
ERRORED = check("sum", Status.ERRORED)


@LAW
@given(random_runs())
def test_every_trial_launched_stands_in_exactly_one_place(any_run: RunRecord) -> None:
    counts = summarise(any_run).total.counts

    assert counts.launched == len(any_run.trials)
    assert counts.launched == (counts.ok + counts.not_ok + counts.check_error + counts.unmeasured + counts.not_run)


@LAW
@given(random_runs())
def test_every_measured_trial_compares_with_the_checks_in_exactly_one_way(any_run: RunRecord) -> None:
    total = summarise(any_run).total

    assert total.agreement.measured == total.counts.measured


@LAW
@given(random_runs())
def test_counts_of_the_groups_add_up_to_the_total(any_run: RunRecord) -> None:
    summary = summarise(any_run)

    for name in (field.name for field in fields(summary.total.counts)):
        assert sum(getattr(group.counts, name) for group in summary.groups) == getattr(summary.total.counts, name)
    for name in (field.name for field in fields(summary.total.agreement)):
        assert sum(getattr(group.agreement, name) for group in summary.groups) == getattr(summary.total.agreement, name)
    for name in ("misfit", "refused", "limit", "earlier_attempts"):
        assert sum(getattr(group, name) for group in summary.groups) == getattr(summary.total, name)
    for name in ("ok", "satisfied", "verified", "first_draft"):
        shares = [getattr(group, name) for group in summary.groups]
        whole = Share(yes=sum(share.yes for share in shares), of=sum(share.of for share in shares))
        assert whole == getattr(summary.total, name)


@LAW
@given(random_runs())
def test_money_of_the_groups_adds_up_to_the_total_unknown_parts_included(any_run: RunRecord) -> None:
    summary = summarise(any_run)

    for name in (field.name for field in fields(summary.total.cost)):
        whole = UsdSum(usd=Decimal(0), known=0, unknown=0)
        for group in summary.groups:
            whole += getattr(group.whole_cost, name)
        assert whole == getattr(summary.total.whole_cost, name)


@LAW
@given(random_runs())
def test_a_sum_counts_every_session_as_known_or_unknown(any_run: RunRecord) -> None:
    cost_sums = summarise(any_run).total.cost
    sessions = cost_sums.usd.known + cost_sums.usd.unknown

    for name in (field.name for field in fields(cost_sums)):
        part = getattr(cost_sums, name)
        assert part.known + part.unknown == sessions


@LAW
@given(random_runs())
def test_no_share_counts_more_trials_than_were_measured(any_run: RunRecord) -> None:
    for group in summarise(any_run).with_total:
        for share in (group.ok, group.satisfied, group.verified, group.first_draft):
            assert 0 <= share.yes <= share.of <= group.counts.measured


@LAW
@given(random_runs())
def test_everything_is_measured_exactly_when_every_trial_has_a_known_ok(any_run: RunRecord) -> None:
    known = [record.end.is_measured and record.ok is not None for record in any_run.trials]

    assert summarise(any_run).everything_measured == (bool(known) and all(known))


@pytest.mark.parametrize(
    ("record", "standing"),
    [
        (trial("t", [SATISFIED], [PASSED]), Standing.OK),
        (trial("t", [SATISFIED]), Standing.OK),
        (trial("t", [SATISFIED], [FAILED]), Standing.NOT_OK),
        (trial("t", [REVISE, MAXED], [PASSED]), Standing.NOT_OK),
        (trial("t", [REVISE, MAXED], [ERRORED]), Standing.NOT_OK),
        (trial("t", [SATISFIED], [ERRORED]), Standing.CHECK_ERROR),
        (trial("t", [iteration(0, Verdict.FAILED)]), Standing.NOT_OK),
        (trial("t", end=End.REFUSED), Standing.NOT_OK),
        (trial("t", [REVISE], end=End.LIMIT), Standing.NOT_OK),
        (trial("t", [SATISFIED], [PASSED], end=End.UNMEASURED, why=failure()), Standing.UNMEASURED),
        (trial("t", [REVISE], end=End.NOT_RUN), Standing.NOT_RUN),
    ],
)
def test_a_trial_stands_where_its_end_and_its_answers_put_it(record: TrialRecord, standing: Standing) -> None:
    assert standing_of(record) is standing


def test_a_check_that_is_not_required_decides_nothing() -> None:
    record = trial("t", [SATISFIED], [check("style", Status.FAILED, required=False)])

    assert standing_of(record) is Standing.OK
    assert agreement_of(record) is Agreement.GRADER_ONLY


@pytest.mark.parametrize(
    ("since", "agreement"),
    [
        (SinceGrading.SAME, Agreement.FALSE_SATISFIED),
        (SinceGrading.CHANGED, Agreement.FILES_CHANGED),
        (SinceGrading.UNKNOWN, Agreement.FILES_UNKNOWN),
        (None, Agreement.FILES_UNKNOWN),
    ],
)
def test_only_the_graded_files_can_show_a_false_satisfied(since: SinceGrading | None, agreement: Agreement) -> None:
    assert agreement_of(trial("t", [SATISFIED], [FAILED], since_grading=since)) is agreement


@pytest.mark.parametrize(
    ("iterations", "result", "agreement"),
    [
        ([SATISFIED], PASSED, Agreement.BOTH_YES),
        ([REVISE, MAXED], PASSED, Agreement.CHECKS_ONLY),
        ([REVISE, MAXED], FAILED, Agreement.BOTH_NO),
        ([SATISFIED], ERRORED, Agreement.UNDECIDED),
        ([REVISE], PASSED, Agreement.UNDECIDED),
    ],
)
def test_grader_and_checks_are_compared_where_both_answered(
    iterations: list[IterationRecord], result: CheckResult, agreement: Agreement
) -> None:
    end = End.VERDICT if len(iterations) == 2 or iterations == [SATISFIED] else End.LIMIT

    assert agreement_of(trial("t", iterations, [result], end=end)) is agreement


def test_one_changed_file_outweighs_an_unknown_one() -> None:
    record = trial("t", [SATISFIED])
    states = (SinceGrading.SAME, SinceGrading.UNKNOWN, SinceGrading.CHANGED)
    mixed = replace(record, artifacts=tuple(replace(record.artifacts[0], since_grading=state) for state in states))

    assert files_since_grading(mixed) is SinceGrading.CHANGED


def test_the_quickstart_run_is_summed_up_as_a_person_would() -> None:
    total = summarise(quickstart_run()).total

    assert (total.ok, total.satisfied, total.verified, total.first_draft) == (
        Share(yes=3, of=5),
        Share(yes=5, of=6),
        Share(yes=3, of=4),
        Share(yes=4, of=6),
    )
    assert total.iterations == (1, 1, 1, 1, 2, 3)
    assert total.agreement.false_satisfied_share == Share(yes=1, of=3)
    assert total.whole_cost.billed == UsdSum(usd=Decimal("0.29"), known=6, unknown=2)


def test_misfit_refused_and_limit_are_listed_apart_and_not_ok() -> None:
    total = summarise(
        run(
            [
                trial("t", [iteration(0, Verdict.FAILED)]),
                trial("t", end=End.REFUSED, repeat=1),
                trial("t", [REVISE], end=End.LIMIT, repeat=2),
            ]
        )
    ).total

    assert (total.misfit, total.refused, total.limit, total.counts.not_ok) == (1, 1, 1, 3)


def test_a_trial_that_was_never_launched_is_no_part_of_any_sum() -> None:
    never = trial("t", end=End.NOT_RUN, session=None, since_grading=None)

    assert sum_costs([never]).usd == UsdSum(usd=Decimal(0), known=0, unknown=0)


def test_a_session_of_unknown_cost_makes_the_sum_inexact() -> None:
    usd = sum_costs([trial("t", [SATISFIED], spent=cost("0.04")), trial("t", [SATISFIED])]).usd

    assert usd == UsdSum(usd=Decimal("0.04"), known=1, unknown=1)
    assert usd.exact_usd is None


def test_the_difference_is_known_only_where_billed_and_computed_are() -> None:
    records = [trial("t", spent=cost("0.04")), trial("t", spent=cost(None)), trial("t", spent=UNKNOWN_COST)]

    assert sum_costs(records).difference == UsdSum(usd=Decimal("0.0043"), known=1, unknown=2)


def test_an_ok_deliverable_pays_for_the_trials_that_were_not_and_for_earlier_attempts() -> None:
    total = summarise(
        run(
            [trial("t", [SATISFIED], spent=cost("0.04")), trial("t", [REVISE, MAXED], spent=cost("0.10"), repeat=1)],
            [trial("t", end=End.UNMEASURED, why=failure(), spent=cost("0.02"))],
        )
    ).total

    assert total.usd_per_ok == Decimal("0.16")


@pytest.mark.parametrize(
    "records",
    [
        [trial("t", [REVISE, MAXED], spent=cost("0.10"))],
        [trial("t", [SATISFIED], spent=cost("0.04")), trial("t", [SATISFIED], repeat=1)],
    ],
    ids=["nothing is ok", "a cost is unknown"],
)
def test_the_cost_of_an_ok_deliverable_is_not_known_when(records: list[TrialRecord]) -> None:
    assert summarise(run(records)).total.usd_per_ok is None


def test_a_run_of_nothing_is_not_measured() -> None:
    assert not summarise(run([])).everything_measured


def test_a_run_whose_every_trial_is_known_is_measured_even_if_none_is_ok() -> None:
    assert summarise(run([trial("t", [REVISE, MAXED], [ERRORED])])).everything_measured
