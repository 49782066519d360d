"""Numbers as people write them, when two of them agree, and bounds on them.

Numbers are compared as `Decimal`, never as text and never as binary floats. How a text becomes a number is declared by
the check (`NumberFormat`) and never guessed; without a declaration only the plain form `-1234.5` (or `1.2e3`) is one.
"""

import re
from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Context, Decimal
from typing import Literal

from evalkit.checks.problems import ParameterError

_PLAIN = re.compile(r"[+-]?(?:[0-9]{1,400}(?:\.[0-9]{0,400})?|\.[0-9]{1,400})(?:[eE][+-]?[0-9]{1,3})?")
"""Bounded on purpose: a number of a million digits, or 1e999999999, is an attack and not a quantity."""

# Wide enough that no sum or difference of numbers that `_PLAIN` lets through is rounded to zero or overflows.
_WIDE = Context(prec=60, rounding=ROUND_HALF_EVEN, Emax=999_999, Emin=-999_999)

_FLOAT_NOISE = Decimal("1e-12")
"""Relative. Workbooks keep 15 digits, so 0.1+0.2 comes back as 0.3: no check can tell these apart, and none should."""


@dataclass(frozen=True, slots=True)
class AtLeast:
    """A bound on a parameter: the number, or the length of the text or list, is `least` or more."""

    least: int

    def allows(self, size: int | Decimal) -> bool:
        return size >= self.least

    def __str__(self) -> str:
        return f"{self.least} or more"


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """An interval with its ends; an end that is None is open."""

    low: Decimal | int | None = None
    high: Decimal | int | None = None

    def allows(self, number: Decimal | int) -> bool:
        return (self.low is None or number >= self.low) and (self.high is None or number <= self.high)

    def __str__(self) -> str:
        if self.low == self.high:
            return f"exactly {self.low}" if self.low is not None else "any number"
        if self.high is None:
            return f"at least {self.low}"
        return f"at most {self.high}" if self.low is None else f"between {self.low} and {self.high}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Tolerance:
    """How far from the expected number is still right: `|found - expected| <= abs_tol + rel_tol * |expected|`.

    Two whole numbers agree only within that; otherwise a relative difference of 1e-12 is always forgiven.
    """

    abs_tol: Decimal = Decimal(0)
    rel_tol: Decimal = Decimal(0)

    def allows(self, found: Decimal, expected: Decimal) -> bool:
        size = abs(expected)
        margin = _WIDE.add(self.abs_tol, _WIDE.multiply(self.rel_tol, size))
        if not (_is_whole(found) and _is_whole(expected)):
            margin = max(margin, _WIDE.multiply(_FLOAT_NOISE, size))
        return abs(_WIDE.subtract(found, expected)) <= margin

    def __str__(self) -> str:
        parts = [f" ± {self.abs_tol}" if self.abs_tol else "", f" ± {self.rel_tol} of it" if self.rel_tol else ""]
        return "".join(parts)


@dataclass(frozen=True, slots=True, kw_only=True)
class NumberFormat:
    """How a column or cell writes its numbers. What is declared, and space around it, is removed before reading."""

    decimal: Literal[".", ","] = "."
    thousands: Literal["", ",", ".", " ", "'"] = ""
    """Groups must be of three digits, or absent. A space stands for any of the spaces that typesetters use."""
    currency: str = ""
    """A sign or code before or behind the number, as in `€` or `USD`."""
    parentheses: bool = False
    """`(12.50)` is -12.50."""
    percent: Literal["", "fraction", "points"] = ""
    """`60%` is 0.6 (fraction) or 60 (points); undeclared, it is not a number."""

    def __post_init__(self) -> None:
        if self.thousands == self.decimal:
            raise ParameterError((f"{self.decimal!r} cannot part both thousands and decimals; change one of them",))

    def parse(self, text: str) -> Decimal | None:
        """The number that `text` writes in this format; None where it writes none."""
        body = re.sub("[\u00a0\u2009\u202f]", " ", text).strip()
        negative = self.parentheses and body.startswith("(") and body.endswith(")")
        if negative:
            body = body[1:-1].strip()
        if self.currency:
            body = body.removeprefix(self.currency).removesuffix(self.currency).strip()
        divisor = 1
        if self.percent and body.endswith("%"):
            body = body[:-1].rstrip()
            divisor = 100 if self.percent == "fraction" else 1
        number = parse_plain(self._ungrouped(body))
        if number is None or (negative and body.startswith(("+", "-"))):
            return None
        return _WIDE.divide(-number if negative else number, divisor)

    def _ungrouped(self, body: str) -> str:
        if self.thousands:
            whole, mark, fraction = body.partition(self.decimal)
            if re.fullmatch(rf"[+-]?[0-9]{{1,3}}(?:{re.escape(self.thousands)}[0-9]{{3}})+", whole):
                body = whole.replace(self.thousands, "") + mark + fraction
        if self.decimal == ",":
            # A point is no decimal mark here, so text that still has one must not be read as if it were.
            return body.replace(",", ".") if "." not in body else ""
        return body


def parse_plain(text: str) -> Decimal | None:
    """The number that `text` writes in plain form; None for anything else, `NaN`, `inf` and `1,234` included."""
    return Decimal(text) if _PLAIN.fullmatch(text) else None


def decimal_of(number: float) -> Decimal | None:
    """`number` as its author wrote it: the shortest text that reads back the same; None for NaN and infinity."""
    return parse_plain(repr(number))


def rounds_to(exact: Decimal, shown: Decimal) -> bool:
    """Whether `exact`, rounded to as many decimals as `shown` has, is `shown`; a tie may be rounded either way."""
    exponent = shown.as_tuple().exponent
    unit = Decimal(1).scaleb(exponent if isinstance(exponent, int) and exponent < 0 else 0)
    return abs(_WIDE.subtract(exact, shown)) * 2 <= unit


def total(numbers: list[Decimal]) -> Decimal:
    """The sum of `numbers`, exact to 60 digits."""
    result = Decimal(0)
    for number in numbers:
        result = _WIDE.add(result, number)
    return result


def _is_whole(number: Decimal) -> bool:
    return number == number.to_integral_value()
