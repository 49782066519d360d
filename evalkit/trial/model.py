"""What is known of a trial: before it starts (`TrialSpec`), and after it ended (`TrialRecord`).

What is known *while* it runs is `trial.fold.Progress`, a different type on purpose. The record is what
`evalkit show RUN TRIAL --json` prints; its words are those of the measurement page in ARCHITECTURE.md.
Unknown is None, never 0 and never an empty string.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum

from evalkit.checks.result import CheckResult, CheckSpec
from evalkit.errors import Boundary
from evalkit.rubric.contract import CriterionState
from evalkit.rubric.criterion import Criterion


class Verdict(StrEnum):
    """The grader's word for one iteration, spelled as on the wire."""

    SATISFIED = "satisfied"
    NEEDS_REVISION = "needs_revision"
    MAX_ITERATIONS_REACHED = "max_iterations_reached"
    FAILED = "failed"
    INTERRUPTED = "interrupted"

    @property
    def is_terminal(self) -> bool:
        return self is not Verdict.NEEDS_REVISION


class End(StrEnum):
    """How a trial ended. Only `verdict`, `refused` and `limit` are measurements."""

    VERDICT = "verdict"
    REFUSED = "refused"
    LIMIT = "limit"
    """The task's own budget or time limit, reached while the agent worked: scored, not an error."""
    NOT_RUN = "not_run"
    """Interrupted by the user or a run-level cap, or never launched."""
    UNMEASURED = "unmeasured"

    @property
    def is_measured(self) -> bool:
        return self in {End.VERDICT, End.REFUSED, End.LIMIT}


class SinceGrading(StrEnum):
    """Whether a final file is the one the grader saw."""

    SAME = "same"
    CHANGED = "changed"
    UNKNOWN = "unknown"


class Source(StrEnum):
    """Where a cost comes from."""

    LIST_COST = "list_cost"
    """As billed, whole cents."""
    COMPUTED = "computed"
    """From token totals and the dated price table."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Hashes:
    """SHA-256 of canonical content, hex. None where the part is unknown (an ingested session)."""

    agent: str | None = None
    task: str | None = None
    rubric: str | None = None
    checks: str | None = None
    scenario: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TrialSpec:
    """What a trial is, before anything is sent. Everything a report needs without the suite's files."""

    key: str
    """Content-derived; the same work has the same key in every run."""
    suite: str
    task: str
    variant: str
    repeat: int
    backend: str
    """`emulator`, `anthropic` or `ingest`."""
    simulated: bool
    """True when agents are scripted and prices pretended."""
    model: str | None
    max_iterations: int | None
    hashes: Hashes
    description: str
    rubric_text: str | None
    """What the grader gets, to the byte; None when a session had no outcome."""
    criteria: tuple[Criterion, ...] = ()
    deliverables: tuple[str, ...] = ()
    inputs: tuple[str, ...] = ()
    """Names under which inputs are mounted in `/mnt/session/uploads/`."""
    checks: tuple[CheckSpec, ...] = ()
    tags: tuple[str, ...] = ()
    timeout_s: float | None = None
    budget_usd: Decimal | None = None
    evalkit: str = ""
    """evalkit's version."""
    commit: str | None = None
    """Git commit of the suite's project, when it has one."""
    terms: str = ""
    """What makes the model cost other than its list price: `fast`, `us`, `fast us`."""

    @property
    def priced_as(self) -> str | None:
        """The row of the price table: terms that no row states make a cost unknown."""
        return f"{self.model} {self.terms}" if self.model is not None and self.terms else self.model


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """Why a trial could not be measured, and which boundary broke. Never a score."""

    cause: str
    boundary: Boundary
    message: str
    may_retry: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Tokens:
    """Token counts; `input` excludes cached tokens."""

    input: int = 0
    output: int = 0
    cache_read: int = 0
    cache_write: int = 0

    def __add__(self, other: "Tokens") -> "Tokens":
        return Tokens(
            input=self.input + other.input,
            output=self.output + other.output,
            cache_read=self.cache_read + other.cache_read,
            cache_write=self.cache_write + other.cache_write,
        )

    def __sub__(self, other: "Tokens") -> "Tokens":
        return Tokens(
            input=self.input - other.input,
            output=self.output - other.output,
            cache_read=self.cache_read - other.cache_read,
            cache_write=self.cache_write - other.cache_write,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class IterationRecord:
    """One evaluation cycle: the work before it and the verdict that ended it."""

    iteration: int
    """0-based, as on the wire."""
    verdict: Verdict | None
    """None while the cycle was cut off, or when the word was unknown."""
    verdict_word: str
    """The word as it came; "" when none came."""
    criteria: Mapping[str, CriterionState]
    explanation: str | None
    started_at: datetime | None
    """When the agent began to work towards this evaluation."""
    graded_at: datetime | None
    """When the evaluation began."""
    ended_at: datetime | None
    agent_usd: Decimal | None
    """The agent's own requests before this evaluation; None when the model has no price."""
    grader_usd: Decimal | None
    """Always None on the hosted API: only the trial's total is measured."""
    tokens: Tokens
    """The agent's own requests before this evaluation."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ArtifactRecord:
    """One delivered file and whether it is the graded one."""

    name: str
    sha256: str
    size_bytes: int
    media_type: str | None
    since_grading: SinceGrading
    rebuilt: bool = False
    """Made again from a recorded session's write and edit events, not downloaded."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """US dollars. `usd` is as billed where the platform said so, else computed; None when unknown."""

    usd: Decimal | None
    source: Source | None
    billed_usd: Decimal | None
    """`list_cost` of the last snapshot before idle, as the platform rounded it."""
    computed_usd: Decimal | None
    """Session token totals × price table + running time + web searches, not rounded."""
    agent_usd: Decimal | None
    """The requests of the agent's threads, at list price."""
    grader_usd: Decimal | None
    """Session token totals − the agent's requests, at list price."""
    runtime_usd: Decimal | None
    web_search_usd: Decimal | None
    tokens: Tokens | None
    """Session totals, grader included."""
    price_table: str | None
    """Date of the price table used."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Durations:
    """Seconds. None where the events do not say."""

    working: float | None
    grading: float | None
    waiting_on_us: float | None
    """Idle with a request that only the client could answer."""
    total: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionRecord:
    """Ids at the provider; each None until known."""

    id: str | None = None
    agent_id: str | None = None
    agent_version: int | None = None
    environment_id: str | None = None
    outcome_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Unanswered:
    """A request of the agent that nobody could answer, and what was answered instead."""

    tool: str
    answer: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ThreadRecord:
    """Another agent's work in the session, given to it by the agent under test."""

    id: str
    agent: str | None
    """Its name; None when the provider did not say."""
    model: str | None
    requests: int
    """Model requests, unmetered ones included."""
    tokens: Tokens | None
    """Of its own requests; None when one was not metered."""
    usd: Decimal | None
    """Its own requests at list price, not rounded; None when that is not known."""
    billed_usd: Decimal | None
    """As the platform rounded it, to cents."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TrialRecord:
    """What is known of one attempt at a trial after it ended."""

    spec: TrialSpec
    run: str
    attempt: int
    """1-based; the last attempt is the trial's."""
    session: SessionRecord
    verdict: Verdict | None
    """The last terminal verdict; None when none came."""
    satisfied: bool | None
    verified: bool | None
    ok: bool | None
    first_draft: bool | None
    """The verdict of iteration 0 was `satisfied`; None when there is no iteration 0."""
    end: End
    failure: Failure | None
    iterations: tuple[IterationRecord, ...]
    checks: tuple[CheckResult, ...]
    artifacts: tuple[ArtifactRecord, ...]
    cost: Cost
    time_s: Durations
    started_at: datetime | None
    ended_at: datetime | None
    unanswered: tuple[Unanswered, ...] = ()
    """Custom tool calls and permission requests for which the suite had no answer."""
    threads: tuple[ThreadRecord, ...] = ()
    """Child threads whose events were kept, in order of creation; empty for an agent that works alone."""

    @property
    def is_grader_only(self) -> bool:
        """True when no required check stands behind `ok`: the grader's word alone."""
        return not any(check.required for check in self.spec.checks)


@dataclass(frozen=True, slots=True, kw_only=True)
class RunRecord:
    """One run: every trial planned, in plan order, with its last attempt's record."""

    id: str
    suite: str
    backend: str
    backend_label: str
    """What the first line of every report says, e.g. `emulator (scripted agents, simulated prices)`."""
    started_at: datetime
    ended_at: datetime | None
    """None while it runs, or when it was cut off."""
    trials: tuple[TrialRecord, ...]
    earlier_attempts: tuple[TrialRecord, ...] = ()
    """Attempts before a trial's last: their cost is real, their verdicts do not count."""
