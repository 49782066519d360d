"""Values to JSON text and back, exactly: Decimal as text, times as RFC 3339, unknown as null."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, TypeVar

from pydantic import TypeAdapter, ValidationError

from evalkit.errors import StoreError

_ValueT = TypeVar("_ValueT")


@dataclass(frozen=True, slots=True, kw_only=True)
class RunSpec:
    """What a run is, beside its trials."""

    suite: str
    backend: str
    backend_label: str
    """What the first line of every report says."""
    evalkit: str
    suite_path: str | None = None
    """Of the suite's file: relative to the run's folder where both lie in one project, else absolute."""
    model: str | None = None
    """That took the place of the suite's, when asked for."""
    trials: int | None = None
    """Of every task, in place of the suite's number, when asked for."""
    budget_usd: Decimal | None = None
    """What the whole run may spend, when a cap was given."""


_ADAPTERS: dict[type, TypeAdapter[Any]] = {}


def _adapter(kind: type) -> TypeAdapter[Any]:
    """The adapter of a type; making one takes milliseconds, so each is made once."""
    if kind not in _ADAPTERS:
        _ADAPTERS[kind] = TypeAdapter(kind)
    return _ADAPTERS[kind]


def encode(value: object) -> str:
    """JSON text of one of our frozen values."""
    return _adapter(type(value)).dump_json(value).decode()


def decode(kind: type[_ValueT], text: str) -> _ValueT:
    """The value of type `kind` that `text` is.

    Raises:
        StoreError: the text was not written by `encode` of that type.
    """
    try:
        value: _ValueT = _adapter(kind).validate_json(text)
    except ValidationError as error:
        where = ".".join(str(part) for part in error.errors()[0]["loc"])
        raise StoreError(f"{kind.__name__}: stored text does not fit at {where!r}; the run was damaged") from error
    return value


def encode_raw(raw: Mapping[str, Any]) -> str:
    """An event as the API sent it, keys sorted, so that the same event is the same text.

    ASCII alone: JSON may hold half a surrogate pair, which no other encoding could store.
    """
    return json.dumps(raw, sort_keys=True, separators=(",", ":"))


def event_id(raw: Mapping[str, Any], text: str) -> str:
    """The event's own id, or a digest of its text where it has none, so that a replay is still a no-op."""
    found = raw.get("id")
    return found if isinstance(found, str) and found else "sha256:" + hashlib.sha256(text.encode()).hexdigest()
