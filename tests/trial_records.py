"""Makes trial and run records: single ones by name, the runs of the golden files, and random ones for laws.

Records are made as the fold makes them: the three answers follow from the verdict and the checks.
"""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from hypothesis import strategies as st

from evalkit.checks.result import CheckResult, CheckSpec, Place, Status
from evalkit.errors import Boundary
from evalkit.rubric.contract import CriterionState
from evalkit.trial.model import (
    ArtifactRecord,
    Cost,
    Durations,
    End,
    Failure,
    Hashes,
    IterationRecord,
    RunRecord,
    SessionRecord,
    SinceGrading,
    Source,
    Tokens,
    TrialRecord,
    TrialSpec,
    Verdict,
)

START = datetime(2026, 11, 22, 10, 14, 3, tzinfo=UTC)
RUN = "20261122T101403Z-quickstart-4f2a"
LABEL = "emulator (scripted agents, simulated prices)"

UNKNOWN_COST = Cost(
    usd=None,
    source=None,
    billed_usd=None,
    computed_usd=None,
    agent_usd=None,
    grader_usd=None,
    runtime_usd=None,
    web_search_usd=None,
    tokens=None,
    price_table=None,
)


def cost(billed: str | None, agent: str = "0.0210", grader: str = "0.0120") -> Cost:
    """A cost whose computed parts add up; `billed` None for a platform that did not say."""
    runtime = Decimal("0.0027")
    computed = Decimal(agent) + Decimal(grader) + runtime
    billed_usd = None if billed is None else Decimal(billed)
    return Cost(
        usd=computed if billed_usd is None else billed_usd,
        source=Source.COMPUTED if billed_usd is None else Source.LIST_COST,
        billed_usd=billed_usd,
        computed_usd=computed,
        agent_usd=Decimal(agent),
        grader_usd=Decimal(grader),
        runtime_usd=runtime,
        web_search_usd=Decimal(0),
        tokens=Tokens(input=120, output=3100, cache_read=88000, cache_write=9000),
        price_table="2026-11-22",
    )


def check(id_: str, status: Status = Status.PASSED, *, required: bool = True, **evidence: str) -> CheckResult:
    """A check result; `evidence` may hold `found`, `wanted` and `file`."""
    file = evidence.get("file")
    return CheckResult(
        id=id_,
        check="csv_table.equals",
        version=1,
        status=status,
        required=required,
        criterion=("R1",),
        found=evidence.get("found"),
        wanted=evidence.get("wanted"),
        at=None if file is None else Place(file=file, line=3),
    )


def iteration(
    index: int,
    verdict: Verdict | None,
    *,
    word: str | None = None,
    explanation: str | None = None,
    criteria: dict[str, CriterionState] | None = None,
    agent_usd: str | None = "0.0105",
) -> IterationRecord:
    """Iteration `index`: 20 s of work, 17 s of grading."""
    begun = START + timedelta(seconds=40 * index)
    return IterationRecord(
        iteration=index,
        verdict=verdict,
        verdict_word=word if word is not None else (verdict or ""),
        criteria=criteria or {},
        explanation=explanation,
        started_at=begun,
        graded_at=begun + timedelta(seconds=20),
        ended_at=begun + timedelta(seconds=37),
        agent_usd=None if agent_usd is None else Decimal(agent_usd),
        grader_usd=None,
        tokens=Tokens(input=33, output=1116, cache_read=44306, cache_write=5174),
    )


def failure(message: str = "the session ended with retries_exhausted; run it again") -> Failure:
    return Failure(cause="retries_exhausted", boundary=Boundary.PLATFORM, message=message, may_retry=True)


def trial(
    task: str,
    iterations: Sequence[IterationRecord] = (),
    checks: Sequence[CheckResult] = (),
    *,
    end: End = End.VERDICT,
    variant: str = "base",
    repeat: int = 0,
    attempt: int = 1,
    session: str | None = "sesn_01",
    since_grading: SinceGrading | None = SinceGrading.SAME,
    spent: Cost = UNKNOWN_COST,
    why: Failure | None = None,
) -> TrialRecord:
    """One attempt; `since_grading` None delivers no file."""
    last = iterations[-1].verdict if iterations else None
    verdict = last if last is not None and last.is_terminal else None
    satisfied = None if verdict in {None, Verdict.INTERRUPTED} else verdict is Verdict.SATISFIED
    first = iterations[0].verdict if iterations else None
    return TrialRecord(
        spec=_spec(task, variant, repeat, checks),
        run=RUN,
        attempt=attempt,
        session=SessionRecord(id=session),
        verdict=verdict,
        satisfied=satisfied,
        verified=_verified(checks),
        ok=_ok(end, satisfied, checks),
        first_draft=None if first is None else first is Verdict.SATISFIED,
        end=end,
        failure=why,
        iterations=tuple(iterations),
        checks=tuple(checks),
        artifacts=() if since_grading is None else (artifact(since_grading),),
        cost=spent,
        time_s=Durations(
            working=20.0 * len(iterations),
            grading=17.0 * len(iterations),
            waiting_on_us=0.0,
            total=37.4 * len(iterations),
        ),
        started_at=START,
        ended_at=START + timedelta(seconds=37.4 * len(iterations)),
    )


def artifact(since_grading: SinceGrading = SinceGrading.SAME, name: str = "out.csv") -> ArtifactRecord:
    return ArtifactRecord(
        name=name, sha256="ab" * 32, size_bytes=1234, media_type="text/csv", since_grading=since_grading
    )


def run(
    trials: Sequence[TrialRecord], earlier: Sequence[TrialRecord] = (), *, label: str = LABEL, suite: str = "quickstart"
) -> RunRecord:
    return RunRecord(
        id=RUN,
        suite=suite,
        backend="emulator",
        backend_label=label,
        started_at=START,
        ended_at=START + timedelta(minutes=3),
        trials=tuple(trials),
        earlier_attempts=tuple(earlier),
    )


def _spec(task: str, variant: str, repeat: int, checks: Sequence[CheckResult]) -> TrialSpec:
    return TrialSpec(
        key="9f3c1a5d9f3c1a5d",
        suite="quickstart",
        task=task,
        variant=variant,
        repeat=repeat,
        backend="emulator",
        simulated=True,
        model="claude-sonnet-5-5",
        max_iterations=3,
        hashes=Hashes(agent="aa", task="bb", rubric="cc", checks="dd"),
        description="Make out.csv.",
        rubric_text="- [R1] The sum is right.",
        checks=tuple(
            CheckSpec(id=result.id, check=result.check, version=result.version, required=result.required)
            for result in checks
        ),
        evalkit="0.1.0",
    )


def _verified(checks: Sequence[CheckResult]) -> bool | None:
    statuses = {result.status for result in checks if result.required}
    if Status.FAILED in statuses:
        return False
    return None if Status.ERRORED in statuses or Status.PASSED not in statuses else True


def _ok(end: End, satisfied: bool | None, checks: Sequence[CheckResult]) -> bool | None:
    if not end.is_measured:
        return None
    statuses = {result.status for result in checks if result.required}
    if end is not End.VERDICT or satisfied is False or Status.FAILED in statuses:
        return False
    return None if satisfied is None or Status.ERRORED in statuses else True


GAPS = """An independent grader found the following criteria are not fully met:

- The sum is right (not met): The last row says 41, the rows add up to 42. The cell holds a typed number.
- Two decimals (partially met): Column B has one decimal in rows 3 and 4.

Please revise your work to address these gaps."""

FIRST = {"R1": CriterionState.NOT_MET, "R2": CriterionState.PARTLY, "R3": CriterionState.NOT_LISTED}
ALL_MET = dict.fromkeys(("R1", "R2", "R3"), CriterionState.MET)


def quickstart_run() -> RunRecord:
    """One trial of each kind that a report must tell apart."""
    revise = iteration(0, Verdict.NEEDS_REVISION, explanation=GAPS, criteria=FIRST)
    again = iteration(1, Verdict.NEEDS_REVISION, explanation=GAPS, criteria=FIRST)
    satisfied = iteration(0, Verdict.SATISFIED, explanation="All criteria are met.", criteria=ALL_MET)
    then_satisfied = iteration(1, Verdict.SATISFIED, explanation="All criteria are met.", criteria=ALL_MET)
    last = iteration(
        2, Verdict.MAX_ITERATIONS_REACHED, explanation="Reached 3 revision cycles.\n\n" + GAPS, criteria=FIRST
    )
    wrong = check("sum", Status.FAILED, found="41", wanted="42", file="out.csv")
    crashed = check("totals", Status.ERRORED, found="the worker was killed after 10 s")
    passed = check("sum")
    return run(
        [
            trial("orders-csv", [satisfied], [passed], spent=cost("0.04")),
            trial("summary-json", [revise, then_satisfied], [passed], spent=cost("0.06", "0.0410", "0.0190")),
            trial("budget-xlsx", [revise, again, last], [passed], spent=cost("0.10", "0.0700", "0.0300")),
            trial(
                "invoice-csv", [satisfied], [wrong, check("style", Status.FAILED, required=False)], spent=cost("0.04")
            ),
            trial("slow-csv", [satisfied], [crashed], spent=cost("0.03")),
            trial("letter-md", [satisfied], [], spent=cost("0.02", "0.0100", "0.0080")),
            trial("report-csv", end=End.UNMEASURED, why=failure(), attempt=2, since_grading=None, spent=cost(None)),
            trial("later-csv", end=End.NOT_RUN, session=None, since_grading=None),
        ],
        [trial("report-csv", end=End.UNMEASURED, why=failure(), since_grading=None, spent=UNKNOWN_COST)],
    )


NASTY = (
    "<script>alert(1)</script> | `tick` \\| \x1b[31mred\x1b[0m \u202egnp.exe\u202c"
    " [x](https://e.vil) @team #1\r\n=cmd()\x07 日本語"
)


def hostile_run() -> RunRecord:
    """Every text that comes from outside holds what would break a terminal or a Markdown page."""
    states = {"R1": CriterionState.NOT_MET, NASTY: CriterionState.NOT_MET}
    explanation = f"- R1 (not met): {NASTY}\n- {'w' * 300}\n- {NASTY}"
    revise = iteration(0, Verdict.NEEDS_REVISION, explanation=explanation, criteria=states)
    unknown = iteration(1, None, word=NASTY, explanation=NASTY)
    satisfied = iteration(1, Verdict.SATISFIED)
    wrong = check(NASTY, Status.FAILED, found=NASTY, wanted=NASTY, file=NASTY)
    return run(
        [
            trial(NASTY, [revise, satisfied], [wrong], spent=cost("0.04")),
            trial("日本語の課題", [revise, unknown], [wrong], end=End.UNMEASURED, why=failure(NASTY)),
        ],
        label=NASTY,
        suite=NASTY,
    )


def random_runs() -> st.SearchStrategy[RunRecord]:
    """Runs of up to a dozen trials in every state, with unknown costs, repeats, variants and earlier attempts."""
    return st.builds(run, st.lists(_trials(), max_size=12), st.lists(_trials(), max_size=4), label=_words, suite=_words)


_words = st.text(max_size=40) | st.sampled_from((NASTY, "w" * 90, "日本語" * 20))
_usd = st.none() | st.decimals(min_value=0, max_value=100, places=6)
_states = st.dictionaries(_words, st.sampled_from(CriterionState), max_size=3)


@st.composite
def _iterations(draw: st.DrawFn) -> list[IterationRecord]:
    verdicts = draw(st.lists(st.none() | st.sampled_from(Verdict), max_size=4))
    return [
        iteration(
            index,
            verdict,
            word=None if verdict else draw(_words),
            explanation=draw(st.none() | _words),
            criteria=draw(_states),
            agent_usd=draw(st.none() | st.just("0.0105")),
        )
        for index, verdict in enumerate(verdicts)
    ]


@st.composite
def _checks(draw: st.DrawFn) -> list[CheckResult]:
    statuses = draw(st.lists(st.tuples(st.sampled_from(Status), st.booleans()), max_size=3))
    return [
        check(draw(_words), status, required=required, found=draw(_words), wanted=draw(_words))
        for status, required in statuses
    ]


@st.composite
def _trials(draw: st.DrawFn) -> TrialRecord:
    end = draw(st.sampled_from(End))
    return trial(
        draw(st.sampled_from(("loan", "memo")) | _words),
        draw(_iterations()),
        draw(_checks()),
        end=end,
        variant=draw(st.sampled_from(("base", "v2"))),
        repeat=draw(st.integers(min_value=0, max_value=3)),
        session=draw(st.sampled_from(("sesn_01", None))),
        since_grading=draw(st.none() | st.sampled_from(SinceGrading)),
        spent=draw(_costs()),
        why=failure(draw(_words)) if not end.is_measured else None,
    )


@st.composite
def _costs(draw: st.DrawFn) -> Cost:
    billed, computed = draw(_usd), draw(_usd)
    known = billed if billed is not None else computed
    return Cost(
        usd=known,
        source=None if known is None else Source.LIST_COST if billed is not None else Source.COMPUTED,
        billed_usd=billed,
        computed_usd=computed,
        agent_usd=draw(_usd),
        grader_usd=draw(_usd),
        runtime_usd=draw(_usd),
        web_search_usd=draw(_usd),
        tokens=None,
        price_table=draw(st.none() | st.just("2026-11-22")),
    )
