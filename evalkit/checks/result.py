"""What a check says, and what a suite asks of it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from dataclasses import fields as dataclass_fields
from enum import StrEnum
from typing import TypeVar

from typing_extensions import TypeAliasType

from evalkit.errors import EvalkitError

Json = TypeAliasType("Json", "bool | int | float | str | list[Json] | dict[str, Json] | None")


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


class UnreadableResultError(EvalkitError):
    """A stored or received check result does not have the shape of one."""

    cause = "check"


def result_to_json(result: CheckResult) -> dict[str, Json]:
    """`result` as it stands in a trial record and in the store; `result_from_json` gives it back whole."""
    at = result.at
    return {
        "id": result.id,
        "check": result.check,
        "version": result.version,
        "status": result.status.value,
        "required": result.required,
        "criterion": list(result.criterion),
        "found": result.found,
        "wanted": result.wanted,
        "at": None if at is None else {"file": at.file, "sheet": at.sheet, "cell": at.cell, "line": at.line},
        "score": result.score,
        "engine": result.engine,
    }


def result_from_json(raw: Json) -> CheckResult:
    """The result that `result_to_json` wrote.

    Raises:
        UnreadableResultError: a field is missing, unknown or has another type; the first one is named.
    """
    fields = _Fields(raw, {field.name for field in dataclass_fields(CheckResult)})
    place = fields.raw["at"]
    at: Place | None = None
    if place is not None:
        parts = _Fields(place, {field.name for field in dataclass_fields(Place)})
        at = Place(
            file=parts.take("file", str),
            sheet=parts.take_or_none("sheet", str),
            cell=parts.take_or_none("cell", str),
            line=parts.take_or_none("line", int),
        )
    criterion = fields.take("criterion", list)
    status = fields.take("status", str)
    if not all(isinstance(name, str) for name in criterion) or status not in set(Status):
        raise UnreadableResultError(f"check result: criterion {criterion!r}, status {status!r}; is the file damaged?")
    return CheckResult(
        id=fields.take("id", str),
        check=fields.take("check", str),
        version=fields.take("version", int),
        status=Status(status),
        required=fields.take("required", bool),
        criterion=tuple(criterion),
        found=fields.take_or_none("found", str),
        wanted=fields.take_or_none("wanted", str),
        at=at,
        score=fields.take_or_none("score", float),
        engine=fields.take_or_none("engine", str),
    )


_Kind = TypeVar("_Kind")


class _Fields:
    """The fields of a JSON object, all of them known and none missing."""

    def __init__(self, raw: Json, names: set[str]) -> None:
        if not isinstance(raw, dict) or set(raw) != names:
            raise UnreadableResultError(
                f"check result: {str(raw)[:80]!r} found; an object with {sorted(names)} is wanted"
            )
        self.raw = raw

    def take(self, name: str, kind: type[_Kind]) -> _Kind:
        value = self.raw[name]
        if kind is float and isinstance(value, int) and not isinstance(value, bool):
            value = float(value)  # JSON does not tell 1.0 from 1
        if not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool):
            raise UnreadableResultError(f"check result: {name} is {str(value)[:80]!r}; a {kind.__name__} is wanted")
        return value

    def take_or_none(self, name: str, kind: type[_Kind]) -> _Kind | None:
        return None if self.raw[name] is None else self.take(name, kind)
