"""What a scenario says of one kind of session: the parts that its agent and its grader play.

Values only; `scenario.py` reads them from YAML and says how they are written.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Final, TypeAlias

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


Call: TypeAlias = ToolCall | CustomCall


class Judgement(StrEnum):
    """The grader's answer on one criterion."""

    MET = "met"
    NOT_MET = "not_met"


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
    judged: Mapping[str, Judgement]
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


@dataclass(frozen=True, slots=True, kw_only=True)
class DropStream:
    """A stream connection is cut, once, after so many events."""

    after_event: int
    partial_frame: bool
    """Cut in the middle of the next frame, not between two."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StatusFault:
    """A request is answered with an error status a number of times before it is served."""

    status: int
    on: str
    """Name of the operation; one of `OPERATIONS`."""
    times: int
    retry_after_s: float | None
    """`retry-after` header; None sends none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OutputsListedAfter:
    """Delivered files are missing from the first listings of the session's files."""

    listings: int


Fault: TypeAlias = DropStream | StatusFault | OutputsListedAfter

TOOLS: Final = ("bash", "read", "write", "edit", "glob", "grep", "web_fetch", "web_search")
OPERATIONS: Final = (
    "create_session",
    "retrieve_session",
    "archive_session",
    "send_events",
    "list_events",
    "stream_events",
    "upload_file",
    "list_files",
    "download_file",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionScript:
    """What the agent and the grader of one kind of session do."""

    match: Match
    deliver: Deliver
    flaws: tuple[Flaw, ...]
    after_verdict: AfterVerdict
    calls: tuple[Call, ...]
    """Made in the first turn, before the first draft is written."""
    grader: GraderScript
    cost: CostRanges
    time_s: TimeRanges
    faults: tuple[Fault, ...]
