"""What a scenario says of one kind of session: the parts that its agent and its grader play.

Values only; `scenario.py` reads them from YAML and says how they are written.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Final, TypeAlias

from evalkit.emulator.faults import Fault
from evalkit.emulator.permissions import Permission
from evalkit.emulator.strict_yaml import Json


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """Which sessions a script is for: all that is given must hold."""

    metadata: Mapping[str, str]
    """Keys and values that the session's metadata has, among others."""
    description: re.Pattern[str] | None
    """Found anywhere in the outcome's description; None where the description does not matter."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Make:
    """Deliverables are made by `python make.py INPUTS OUTPUTS [flaw …]`."""

    script: Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Files:
    """Deliverables are the files below a folder."""

    folder: Path


Deliver: TypeAlias = Make | Files


@dataclass(frozen=True, slots=True, kw_only=True)
class Flaw:
    """One way a draft can be wrong: an argument that `make.py` understands."""

    name: str
    first_draft: float
    """Probability that the first draft has it."""
    repaired: float
    """Probability that a revision removes it, once the grader named a criterion that it breaks."""
    breaks: tuple[str, ...]
    """Criterion ids; empty for a flaw no feedback leads to."""
    when_system: tuple[tuple[re.Pattern[str], float], ...]
    """In file order; the first pattern found in the agent's system prompt replaces `first_draft`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AfterVerdict:
    """What the extra turn after a terminal verdict does to the files."""

    rewrites: float = 0.0
    """Probability that it writes the deliverables once more."""
    flaws: tuple[str, ...] = ()
    """Flaws those files have on top of the graded ones; none: the same bytes are written again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolCall:
    """A call of a built-in tool, really carried out by the hands."""

    tool: str
    tool_input: Mapping[str, Json]


@dataclass(frozen=True, slots=True, kw_only=True)
class CustomCall:
    """A call of a custom tool: the session waits for the client's answer."""

    name: str
    tool_input: Mapping[str, Json]


@dataclass(frozen=True, slots=True, kw_only=True)
class McpCall:
    """A call of a tool of an MCP server: nobody is asked, the scenario has the answer."""

    server: str
    tool: str
    tool_input: Mapping[str, Json]
    answer: str
    is_error: bool


Call: TypeAlias = ToolCall | CustomCall | McpCall


@dataclass(frozen=True, slots=True, kw_only=True)
class ScriptedRequest:
    """One model request of a turn that a scenario writes out."""

    says: str | None
    thinks: bool
    calls: tuple[Call, ...]
    takes_s: float | None
    """None: drawn, as are the others."""
    thinks_after_s: float | None
    usage_after_s: float | None
    """When the snapshot comes that an evaluation owes; after the request's end: at the next idle."""


Turn: TypeAlias = tuple[ScriptedRequest, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Subagent:
    """A task that the coordinator gives to an agent on its roster, in the session's first turn."""

    agent: str
    """Its name."""
    task: str
    calls: tuple[Call, ...]
    report: str


class Judgement(StrEnum):
    """The grader's answer on one criterion."""

    MET = "met"
    NOT_MET = "not_met"


Judgements: TypeAlias = Judgement | tuple[Judgement, ...]
"""The same at every look, or one a look; the last one for those that follow."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GraderErrors:
    """How often the grader is wrong about one criterion."""

    misses: float = 0.0
    """Probability that it calls met what is not."""
    invents: float = 0.0
    """Probability that it calls not met what is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GraderScript:
    """All that the grader may know besides the rubric and the files."""

    probes: Path | None
    """`probes.py`: one function `(outputs, inputs) -> (met, words)` a criterion, named as its id."""
    judged: Mapping[str, Judgements]
    """Fixed answers, for criteria no probe can decide."""
    errors: Mapping[str, GraderErrors]


@dataclass(frozen=True, slots=True, kw_only=True)
class CostRanges:
    """Lowest and highest, both included."""

    requests: tuple[int, int] = (2, 5)
    """Model requests of one turn."""
    input_tokens: tuple[int, int] = (800, 3000)
    """New prompt tokens of one request."""
    output_tokens: tuple[int, int] = (200, 900)
    """Of one request."""
    grader_tokens: tuple[int, int] = (4000, 9000)
    """Of one evaluation."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TimeRanges:
    """Seconds, lowest and highest, both included."""

    request: tuple[float, float] = (2.0, 6.0)
    grading: tuple[float, float] = (17.0, 60.0)
    gradings: tuple[float, ...] = ()
    """One an evaluation of an outcome, the last one for those that follow; empty: drawn from `grading`."""


TOOLS: Final = ("bash", "read", "write", "edit", "glob", "grep", "web_fetch", "web_search")


REFUSAL_CATEGORIES: Final = ("cyber", "bio", "frontier_llm", "reasoning_extraction", "general_harms")
"""As the types of the official SDK 2.12 name them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """One model request of the session's primary thread that is refused."""

    request: int
    """Which one, counted from 1."""
    category: str | None
    """None: no named one."""
    explanation: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionScript:
    """What the agent and the grader of one kind of session do."""

    match: Match
    deliver: Deliver | None
    """None: what the turns write is all there is."""
    flaws: tuple[Flaw, ...]
    after_verdict: AfterVerdict
    calls: tuple[Call, ...]
    """Made in the first turn, before the first draft is written."""
    grader: GraderScript
    cost: CostRanges
    time_s: TimeRanges
    faults: tuple[Fault, ...]
    turns: tuple[Turn, ...] = ()
    """The agent's turns, written out: played instead of drawn ones."""
    subagents: tuple[Subagent, ...] = ()
    auto: Mapping[str, Permission] = field(default_factory=dict)
    """What the platform makes of a tool under the `auto` policy; any other is allowed."""
    compacts_after: int | None = None
    """Model requests of a thread after which its context is compacted."""
    refuses: Refusal | None = None
