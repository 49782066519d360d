"""Rows of a table set beside the rows that were expected, by a key or one after the other."""

from collections.abc import Mapping, Sequence
from datetime import date, time
from decimal import Decimal
from typing import NamedTuple, TypeAlias

from evalkit.checks.cell import Cell, Reading, Scalar, computed, describe, iso_forms
from evalkit.checks.evidence import listed, quoted
from evalkit.checks.problems import NotMeasuredError
from evalkit.checks.result import Place
from evalkit.checks.rows import Rows


class Difference(NamedTuple):
    """One thing in a table that is not as expected."""

    found: str
    wanted: str
    at: Place


def refuse_incomplete(expected: Sequence[Mapping[str, Scalar]], names: Sequence[str]) -> None:
    """Every expected row has all of `names`.

    Raises:
        NotMeasuredError: one lacks some: the oracle is wrong, and not the deliverable.
    """
    for position, row in enumerate(expected):
        missing = [name for name in names if name not in row]
        if missing:
            raise NotMeasuredError(f"the expected row {position + 1} has no {listed(missing)}; correct the oracle")


Paired: TypeAlias = tuple[list[tuple[int, Mapping[str, Scalar]]], list[Difference]]
"""Positions of rows with the expected row of each, and the rows that found no partner."""


def pair_in_order(rows: Rows, expected: Sequence[Mapping[str, Scalar]]) -> Paired:
    """Each row with the expected row in its position; another number of rows is a difference."""
    differences = []
    if len(rows.rows) != len(expected):
        wanted = f"{len(expected)} rows"
        differences.append(Difference(f"{len(rows.rows)} rows", wanted, rows.place_of(None, None)))
    return list(zip(range(len(rows.rows)), expected, strict=False)), differences


def pair_by_key(rows: Rows, expected: Sequence[Mapping[str, Scalar]], key: tuple[str, ...], reading: Reading) -> Paired:
    """Each expected row with the row that has its key; missing, further and repeated rows are differences.

    Raises:
        NotMeasuredError: two expected rows have the same key.
    """
    numeric = [all(isinstance(row[name], Decimal) for row in expected) for name in key]
    wanted: dict[_Key, Mapping[str, Scalar]] = {}
    oracle = Reading(untyped=False)
    for row in expected:
        parts = tuple(key_part(row[name], oracle, numeric=n) for name, n in zip(key, numeric, strict=True))
        if parts in wanted:
            raise NotMeasuredError(f"two expected rows have the key {_words(parts)}; correct the oracle")
        wanted[parts] = row
    differences: list[Difference] = []
    found: dict[_Key, int] = {}
    positions = [rows.index_of(name) for name in key]
    for position, cells in enumerate(rows.rows):
        parts = tuple(key_part(cells[i], reading, numeric=n) for i, n in zip(positions, numeric, strict=True))
        at = rows.place_of(position, key[0])
        if parts in found:
            differences.append(Difference(f"{_words(parts)} twice", f"distinct {listed(key)}", at))
        elif parts not in wanted:
            differences.append(Difference(f"a row {_words(parts)}", "no such row", at))
        found.setdefault(parts, position)
    missing = [parts for parts in wanted if parts not in found]
    header = rows.place_of(None, key[0])
    differences += [Difference("no such row", f"a row {_words(parts)}", header) for parts in missing]
    return [(found[parts], row) for parts, row in wanted.items() if parts in found], differences


_Key: TypeAlias = tuple[Decimal | str, ...]


def key_part(cell: Cell, reading: Reading, *, numeric: bool) -> Decimal | str:
    """What identifies a row, the same for a cell and for the expected value that it should hold."""
    cell = computed(cell)
    number = reading.number(cell) if numeric else None
    if number is not None:
        return number
    if isinstance(cell, date | time):
        return iso_forms(cell)[-1]
    if isinstance(cell, bool):
        return str(cell)
    return cell if isinstance(cell, str) and cell else describe(cell)


def _words(parts: _Key) -> str:
    return ", ".join(quoted(part) if isinstance(part, str) else str(part) for part in parts)
