"""Pages of a list, by opaque cursors that stay right while rows are added.

A cursor names a row by number, whether it leads to the rows after or before it, and the order it was made for, so that
a row added between two pages is neither skipped nor shown twice. The last page has `next_page: null`: the SDKs follow
anything else for ever.
"""

import base64
import binascii
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Generic, TypeVar

from evalkit.emulator.problems import refused

T = TypeVar("T")

ASCENDING = "asc"
DESCENDING = "desc"
_AFTER = "after"
_BEFORE = "before"


@dataclass(frozen=True, slots=True, kw_only=True)
class Page(Generic[T]):
    """Some rows, and how to ask for those after them."""

    rows: tuple[T, ...]
    next_page: str | None
    prev_page: str | None
    """How to ask for those before them."""


def limit_of(query: Mapping[str, str], *, default: int, most: int) -> int:
    """The page size asked for.

    Raises:
        ApiProblem: 400, not a whole number from 1 to `most`.
    """
    text = query.get("limit")
    if text is None:
        return default
    if not text.isascii() or not text.isdigit() or not 1 <= int(text[:12]) <= most:
        raise refused(f"limit: 1 to {most} is allowed, found {text!r}")
    return int(text)


def order_of(query: Mapping[str, str], *, default: str) -> str:
    """`asc` or `desc`.

    Raises:
        ApiProblem: 400, another word.
    """
    order = query.get("order", default)
    if order not in (ASCENDING, DESCENDING):
        raise refused(f"order: {order!r} is not one of asc, desc")
    return order


def page_of(
    numbered: Iterable[tuple[int, T]], *, limit: int, order: str, cursor: str | None, prefix: str = ""
) -> Page[T]:
    """The rows that `cursor` leads to, at most `limit`; `numbered` has rising numbers and is read in `order`.

    Raises:
        ApiProblem: 400, a cursor that is not ours, or one made for the other order.
    """
    rows = list(numbered)
    if order == DESCENDING:
        rows.reverse()
    first, end = 0, limit
    if cursor:
        side, number = _read(cursor.removeprefix(prefix), order)
        if side == _AFTER:
            first = sum(not _is_behind(row[0], number, order) for row in rows)
            end = first + limit
        else:
            end = sum(_is_behind(number, row[0], order) for row in rows)
            first = max(0, end - limit)
    shown = rows[first:end]
    return Page(
        rows=tuple(row for _, row in shown),
        next_page=prefix + _cursor(_AFTER, shown[-1][0], order) if shown and len(rows) > end else None,
        prev_page=prefix + _cursor(_BEFORE, shown[0][0], order) if shown and first > 0 else None,
    )


def _is_behind(number: int, other: int, order: str) -> bool:
    """Whether a row comes after another one in this order."""
    return number > other if order == ASCENDING else number < other


def _cursor(side: str, number: int, order: str) -> str:
    return base64.urlsafe_b64encode(json.dumps([order, side, number]).encode()).decode().rstrip("=")


def _read(cursor: str, order: str) -> tuple[str, int]:
    try:
        made_for, side, number = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
    except (ValueError, TypeError, binascii.Error, RecursionError) as error:
        raise refused("invalid page cursor") from error
    if not isinstance(number, int) or isinstance(number, bool):
        raise refused("invalid page cursor")
    if made_for not in (ASCENDING, DESCENDING) or side not in (_AFTER, _BEFORE):
        raise refused("invalid page cursor")
    if made_for != order:
        raise refused("page token order does not match request")
    return side, number
