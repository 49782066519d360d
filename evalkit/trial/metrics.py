"""What a run amounts to: counts, shares, sums of cost, and where the grader and the checks disagree.

Pure. Every trial stands in exactly one place, so parts add up to wholes:

    launched = ok + not ok + check error + unmeasured + not run
    measured = ok + not ok + check error
             = compared with the checks (four cells) + files changed + files unknown + undecided + grader only

Shares count measured trials only, and of those only the ones whose answer is known; a sum of money with an unknown
part carries the number of unknown parts. Nothing unknown is ever counted as 0.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import assert_never

from evalkit.trial.model import Cost, End, RunRecord, SinceGrading, TrialRecord, Verdict


class Standing(StrEnum):
    """Where a trial counts. Every trial has exactly one."""

    OK = "ok"
    NOT_OK = "not ok"
    CHECK_ERROR = "check error"
    """Measured, and `ok` is still not known: a required check errored and nothing else decided."""
    UNMEASURED = "unmeasured"
    NOT_RUN = "not run"


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """Trials by standing."""

    ok: int
    not_ok: int
    check_error: int
    unmeasured: int
    not_run: int

    @property
    def launched(self) -> int:
        """Every trial asked for."""
        return self.measured + self.unmeasured + self.not_run

    @property
    def measured(self) -> int:
        return self.ok + self.not_ok + self.check_error


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """`yes` of `of`; `of` counts the trials whose answer is known."""

    yes: int
    of: int

    def __str__(self) -> str:
        return f"{self.yes}/{self.of}"


@dataclass(frozen=True, slots=True, kw_only=True)
class UsdSum:
    """The dollars of the parts that are known, and how many parts are."""

    usd: Decimal
    known: int
    unknown: int

    @property
    def exact_usd(self) -> Decimal | None:
        """The whole sum; None when a part is unknown."""
        return None if self.unknown else self.usd

    def __add__(self, other: "UsdSum") -> "UsdSum":
        return UsdSum(usd=self.usd + other.usd, known=self.known + other.known, unknown=self.unknown + other.unknown)


@dataclass(frozen=True, slots=True, kw_only=True)
class CostSums:
    """Cost of several sessions, part by part. A session that was never opened is no part of any sum."""

    usd: UsdSum
    """As billed where the platform said so, else computed."""
    billed: UsdSum
    computed: UsdSum
    difference: UsdSum
    """billed − computed, over the sessions where both are known."""
    agent: UsdSum
    grader: UsdSum
    runtime: UsdSum
    web_search: UsdSum

    def __add__(self, other: "CostSums") -> "CostSums":
        return CostSums(
            usd=self.usd + other.usd,
            billed=self.billed + other.billed,
            computed=self.computed + other.computed,
            difference=self.difference + other.difference,
            agent=self.agent + other.agent,
            grader=self.grader + other.grader,
            runtime=self.runtime + other.runtime,
            web_search=self.web_search + other.web_search,
        )


class Agreement(StrEnum):
    """How the grader's answer on one measured trial compares with the required checks'."""

    BOTH_YES = "both yes"
    FALSE_SATISFIED = "false satisfied"
    """The grader was satisfied with the very files on which a required check failed."""
    CHECKS_ONLY = "checks only"
    """The checks passed and the grader was not satisfied. No mistake by itself: passing checks are not sufficient."""
    BOTH_NO = "both no"
    FILES_CHANGED = "files changed"
    """The checks saw other files than the grader: not compared."""
    FILES_UNKNOWN = "files unknown"
    """Nobody can say whether they saw the same files, or nothing was delivered: not compared."""
    UNDECIDED = "undecided"
    """No terminal verdict, or a required check errored and none failed: not compared."""
    GRADER_ONLY = "grader only"
    """No required check: nothing to compare with."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AgreementCounts:
    """Measured trials by `Agreement`."""

    both_yes: int
    false_satisfied: int
    checks_only: int
    both_no: int
    files_changed: int
    files_unknown: int
    undecided: int
    grader_only: int

    @property
    def compared(self) -> int:
        return self.both_yes + self.false_satisfied + self.checks_only + self.both_no

    @property
    def measured(self) -> int:
        left_out = self.files_changed + self.files_unknown + self.undecided + self.grader_only
        return self.compared + left_out

    @property
    def false_satisfied_share(self) -> Share:
        """False satisfied of the compared trials with which the grader was satisfied."""
        return Share(yes=self.false_satisfied, of=self.both_yes + self.false_satisfied)


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """Several trials together: those of one task and variant, or a whole run."""

    task: str | None
    """None for a whole run."""
    variant: str | None
    """None for a whole run."""
    counts: Counts
    ok: Share
    satisfied: Share
    verified: Share
    first_draft: Share
    iterations: tuple[int, ...]
    """Evaluations seen, one number for each measured trial, ascending."""
    misfit: int
    """Not ok with the verdict `failed`: rubric and task do not fit."""
    refused: int
    limit: int
    agreement: AgreementCounts
    cost: CostSums
    """Of each trial's last attempt."""
    earlier_attempts: int
    earlier_cost: CostSums

    @property
    def is_grader_only(self) -> bool:
        """True when no measured trial has a required check: the rates are the grader's word alone."""
        return self.counts.measured > 0 and self.agreement.grader_only == self.counts.measured

    @property
    def whole_cost(self) -> CostSums:
        """Everything spent, earlier attempts included."""
        return self.cost + self.earlier_cost

    @property
    def usd_per_ok(self) -> Decimal | None:
        """Everything spent ÷ ok trials; None when nothing is ok or a part of the cost is unknown."""
        spent = self.whole_cost.usd.exact_usd
        return None if spent is None or self.counts.ok == 0 else spent / self.counts.ok


@dataclass(frozen=True, slots=True, kw_only=True)
class RunSummary:
    """A run, task by task and as a whole."""

    groups: tuple[Summary, ...]
    """One for each task and variant, in plan order. Their counts and sums add up to the total's."""
    total: Summary

    @property
    def with_total(self) -> tuple[Summary, ...]:
        """The groups, then the total where it says something new."""
        return (*self.groups, self.total) if len(self.groups) > 1 else self.groups

    @property
    def everything_measured(self) -> bool:
        """True when every trial asked for has a known `ok`: exit code 0, else 3. False when there was none."""
        counts = self.total.counts
        return counts.launched > 0 and counts.launched == counts.ok + counts.not_ok


def summarise(run: RunRecord) -> RunSummary:
    """The counts, shares and sums of `run`."""
    last: dict[tuple[str, str], list[TrialRecord]] = {}
    earlier: dict[tuple[str, str], list[TrialRecord]] = {}
    for record in run.trials:
        last.setdefault(_group_of(record), []).append(record)
    for record in run.earlier_attempts:
        last.setdefault(_group_of(record), [])
        earlier.setdefault(_group_of(record), []).append(record)
    return RunSummary(
        groups=tuple(
            _summarise(records, earlier.get(group, []), task=group[0], variant=group[1])
            for group, records in last.items()
        ),
        total=_summarise(run.trials, run.earlier_attempts, task=None, variant=None),
    )


def standing_of(record: TrialRecord) -> Standing:
    """Where `record` counts."""
    match record.end:
        case End.NOT_RUN:
            return Standing.NOT_RUN
        case End.UNMEASURED:
            return Standing.UNMEASURED
        case End.VERDICT | End.REFUSED | End.LIMIT:
            if record.ok is None:
                return Standing.CHECK_ERROR
            return Standing.OK if record.ok else Standing.NOT_OK
        case _:
            assert_never(record.end)


def files_since_grading(record: TrialRecord) -> SinceGrading:
    """Whether the final files are the graded ones, all of them together.

    `changed` if one changed, else `unknown` if one is unknown. `unknown` when nothing was delivered: no file is there
    to show that the grader saw nothing too.
    """
    states = {artifact.since_grading for artifact in record.artifacts}
    if SinceGrading.CHANGED in states:
        return SinceGrading.CHANGED
    return SinceGrading.SAME if states == {SinceGrading.SAME} else SinceGrading.UNKNOWN


def agreement_of(record: TrialRecord) -> Agreement:
    """How grader and required checks compare on `record`, which must be measured."""
    if record.is_grader_only:
        return Agreement.GRADER_ONLY
    if record.satisfied is None or record.verified is None:
        return Agreement.UNDECIDED
    match files_since_grading(record):
        case SinceGrading.CHANGED:
            return Agreement.FILES_CHANGED
        case SinceGrading.UNKNOWN:
            return Agreement.FILES_UNKNOWN
        case SinceGrading.SAME:
            if record.satisfied:
                return Agreement.BOTH_YES if record.verified else Agreement.FALSE_SATISFIED
            return Agreement.CHECKS_ONLY if record.verified else Agreement.BOTH_NO


def count_agreement(records: Iterable[TrialRecord]) -> AgreementCounts:
    """The measured trials of `records` by agreement; the others are left out."""
    found = [agreement_of(record) for record in records if record.end.is_measured]
    return AgreementCounts(
        both_yes=found.count(Agreement.BOTH_YES),
        false_satisfied=found.count(Agreement.FALSE_SATISFIED),
        checks_only=found.count(Agreement.CHECKS_ONLY),
        both_no=found.count(Agreement.BOTH_NO),
        files_changed=found.count(Agreement.FILES_CHANGED),
        files_unknown=found.count(Agreement.FILES_UNKNOWN),
        undecided=found.count(Agreement.UNDECIDED),
        grader_only=found.count(Agreement.GRADER_ONLY),
    )


def sum_costs(records: Iterable[TrialRecord]) -> CostSums:
    """The cost of the sessions of `records`; records without a session add nothing."""
    costs = [record.cost for record in records if had_session(record)]

    def total(part: Callable[[Cost], Decimal | None]) -> UsdSum:
        known = [usd for usd in map(part, costs) if usd is not None]
        return UsdSum(usd=sum(known, Decimal(0)), known=len(known), unknown=len(costs) - len(known))

    return CostSums(
        usd=total(lambda cost: cost.usd),
        billed=total(lambda cost: cost.billed_usd),
        computed=total(lambda cost: cost.computed_usd),
        difference=total(billed_minus_computed),
        agent=total(lambda cost: cost.agent_usd),
        grader=total(lambda cost: cost.grader_usd),
        runtime=total(lambda cost: cost.runtime_usd),
        web_search=total(lambda cost: cost.web_search_usd),
    )


def billed_minus_computed(cost: Cost) -> Decimal | None:
    """What was billed − what was computed; None when either is unknown."""
    if cost.billed_usd is None or cost.computed_usd is None:
        return None
    return cost.billed_usd - cost.computed_usd


def had_session(record: TrialRecord) -> bool:
    """True when something may have been spent.

    The outcome is sent only after the session's id is on disk, and a session without an outcome costs nothing; an
    ingested session may lack an id and still show evaluations or a cost.
    """
    return record.session.id is not None or bool(record.iterations) or record.cost.usd is not None


def _group_of(record: TrialRecord) -> tuple[str, str]:
    return record.spec.task, record.spec.variant


def _summarise(
    records: Sequence[TrialRecord], earlier: Sequence[TrialRecord], *, task: str | None, variant: str | None
) -> Summary:
    measured = [record for record in records if record.end.is_measured]
    return Summary(
        task=task,
        variant=variant,
        counts=_count(records),
        ok=_share(record.ok for record in measured),
        satisfied=_share(record.satisfied for record in measured),
        verified=_share(record.verified for record in measured),
        first_draft=_share(record.first_draft for record in measured),
        iterations=tuple(sorted(len(record.iterations) for record in measured)),
        misfit=sum(record.end is End.VERDICT and record.verdict is Verdict.FAILED for record in measured),
        refused=sum(record.end is End.REFUSED for record in measured),
        limit=sum(record.end is End.LIMIT for record in measured),
        agreement=count_agreement(records),
        cost=sum_costs(records),
        earlier_attempts=len(earlier),
        earlier_cost=sum_costs(earlier),
    )


def _count(records: Iterable[TrialRecord]) -> Counts:
    standings = [standing_of(record) for record in records]
    return Counts(
        ok=standings.count(Standing.OK),
        not_ok=standings.count(Standing.NOT_OK),
        check_error=standings.count(Standing.CHECK_ERROR),
        unmeasured=standings.count(Standing.UNMEASURED),
        not_run=standings.count(Standing.NOT_RUN),
    )


def _share(answers: Iterable[bool | None]) -> Share:
    known = [answer for answer in answers if answer is not None]
    return Share(yes=sum(known), of=len(known))
