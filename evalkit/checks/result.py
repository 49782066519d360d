"""What a check says, and what a suite asks of it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TypeAlias

Json: TypeAlias = "None | bool | int | float | str | list[Json] | dict[str, Json]"


class Status(StrEnum):
    """How one check ended."""

    PASSED = "passed"
    FAILED = "failed"
    """The deliverable is wrong: missing, unreadable, malformed, or not what was asked."""
    ERRORED = "errored"
    """We could not tell: a crash, a limit, a missing engine. Never counted as passed or failed."""
    SKIPPED = "skipped"
    """A precondition the suite declared does not hold. Never for a missing engine."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where in the deliverables a finding is. Unknown parts are None."""

    file: str
    sheet: str | None = None
    cell: str | None = None
    line: int | None = None

    def __str__(self) -> str:
        where = self.file
        if self.sheet is not None:
            where += f" {self.sheet}!{self.cell or ''}".rstrip("!")
        elif self.cell is not None:
            where += f" {self.cell}"
        if self.line is not None:
            where += f":{self.line}"
        return where


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What a check function returns: the status and its evidence, not yet tied to a suite's check id."""

    status: Status
    found: str | None = None
    """What was there, in one short line."""
    wanted: str | None = None
    """What would have passed, in one short line; made from the same predicate as the status."""
    at: Place | None = None
    score: float | None = None
    """Optional share in [0, 1]; never decides `ok`."""
    engine: str | None = None
    """Name and version of an outside engine the answer rests on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckSpec:
    """One check as a task asks for it, parameters bound and type-checked when the suite was loaded."""

    id: str
    """Unique in its task."""
    check: str
    """Registered name, `module.function`."""
    version: int
    """Of the check's code; part of the checks hash."""
    parameters: Mapping[str, Json] = field(default_factory=dict)
    """As written in the suite's `with:`, references to `expected.json` already replaced by their values."""
    criterion: tuple[str, ...] = ()
    """Ids of the rubric criteria this check stands for."""
    required: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckResult:
    """One check's answer for one trial. Every declared check has exactly one."""

    id: str
    check: str
    version: int
    status: Status
    required: bool
    criterion: tuple[str, ...] = ()
    found: str | None = None
    wanted: str | None = None
    at: Place | None = None
    score: float | None = None
    engine: str | None = None
