"""Checks of one value: a cell, an entry of a column, a place in a JSON document."""

import re
from decimal import Decimal

from evalkit.checks.adapters import Value
from evalkit.checks.cell import Expected, Scalar, computed, describe
from evalkit.checks.deliverables import Check
from evalkit.checks.problems import NotMeasuredError
from evalkit.checks.quantity import Bounds, NumberFormat, Tolerance, rounds_to
from evalkit.checks.registry import check
from evalkit.checks.result import Finding
from evalkit.checks.table import Amount

_ZERO = Decimal(0)


@check(version=1)
def equals(
    on: Check,
    *,
    value: Value,
    expected: Scalar,
    abs_tol: Amount = _ZERO,
    rel_tol: Amount = _ZERO,
    numbers: NumberFormat | None = None,
) -> Finding:
    """The value is `expected`: a number within `abs_tol + rel_tol × |expected|`, the same text, truth value or blank.

    A date cell is compared with ISO text. `numbers` declares how text writes numbers.

    {check: value.equals, with: {value: {file: a.xlsx, sheet: Plan, column: Due, row: 1}, expected: 9.5, abs_tol: 0.01}}
    """
    return judge_value(on, value, expected, Tolerance(abs_tol=abs_tol, rel_tol=rel_tol), numbers)


@check(version=1)
def between(
    on: Check,
    *,
    value: Value,
    low: Decimal | None = None,
    high: Decimal | None = None,
    numbers: NumberFormat | None = None,
) -> Finding:
    """The value is a number of at least `low` and at most `high`, ends included; one of them must be given.

    `numbers` declares how text writes numbers.

    {check: value.between, with: {value: {file: report.json, path: /totals/rate}, low: 0, high: 1}}
    """
    if low is None and high is None:
        raise NotMeasuredError("no bound is asked for; write 'low', 'high' or both")
    cell, at = on.value(value)
    bounds = Bounds(low=low, high=high)
    number = on.reading(value, numbers).number(cell)
    if number is None or not bounds.allows(number):
        return on.failed(describe(cell), wanted=f"a number {bounds}", at=at)
    return on.passed(str(number))


@check(version=1)
def matches(on: Check, *, value: Value, pattern: re.Pattern[str]) -> Finding:
    """The value is text, and the whole of it matches the regular expression `pattern`.

    {check: value.matches, with: {value: {file: report.json, path: /id}, pattern: "INV-[0-9]{6}"}}
    """
    cell, at = on.value(value)
    text = computed(cell)
    if not isinstance(text, str) or pattern.fullmatch(text) is None:
        return on.failed(describe(cell), wanted=f"text like {pattern.pattern}", at=at)
    return on.passed(describe(cell))


@check(version=1)
def agrees(  # noqa: PLR0913 - the signature is the schema of `with:`
    on: Check,
    *,
    value: Value,
    other: Value,
    abs_tol: Amount = _ZERO,
    rel_tol: Amount = _ZERO,
    rounded: bool = False,
    numbers: NumberFormat | None = None,
    other_numbers: NumberFormat | None = None,
) -> Finding:
    """The number at `value` is the one at `other`, elsewhere in the deliverables: in the memo, and in the workbook.

    Off by `abs_tol + rel_tol × |other|` is right; with `rounded`, so is `other` rounded to the digits `value` shows.
    `numbers` and `other_numbers` declare how text writes them.

    {check: value.agrees, with: {value: {file: a.md, regex: "NPV: (.+)"}, other: {file: a.xlsx, label: NPV}}}
    """
    (cell, at), (other_cell, other_at) = on.value(value), on.value(other)
    number, wanted = on.reading(value, numbers).number(cell), on.reading(other, other_numbers).number(other_cell)
    words = f"{describe(other_cell)} of {other_at}"
    if number is None or wanted is None:
        return on.failed(f"{describe(cell)} and {words}", wanted="two numbers", at=at if number is None else other_at)
    agree = Tolerance(abs_tol=abs_tol, rel_tol=rel_tol).allows(number, wanted)
    if agree or (rounded and rounds_to(wanted, number)):
        return on.passed(f"{number} and {wanted}")
    how = ", rounded as shown" if rounded else str(Tolerance(abs_tol=abs_tol, rel_tol=rel_tol))
    return on.failed(describe(cell), wanted=f"{words}{how}", at=at)


def judge_value(
    on: Check, value: Value, expected: Scalar, tolerance: Tolerance, numbers: NumberFormat | None
) -> Finding:
    """Whether the value is the one expected."""
    cell, at = on.value(value)
    wanted = Expected(value=expected, tolerance=tolerance)
    if wanted.accepts(cell, on.reading(value, numbers)):
        return on.passed(describe(cell))
    # The difference between 5 and "5" does not show otherwise.
    is_text_for_number = isinstance(expected, Decimal) and isinstance(cell, str) and cell
    return on.failed(f"the text {describe(cell)}" if is_text_for_number else describe(cell), wanted=str(wanted), at=at)
