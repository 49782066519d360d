from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evalkit.checks.quantity import Bounds, NumberFormat, Tolerance, decimal_of, parse_plain, total

NUMBER = st.decimals(-(10**9), 10**9, places=3)


@pytest.mark.parametrize("text", ["1", "-1", "+1.50", ".5", "1.", "1e5", "1E-3", "007"])
def test_plain_numbers_are_read(text: str) -> None:
    assert parse_plain(text) == Decimal(text)


@pytest.mark.parametrize(
    "text",
    ["", " 1", "1 ", "1,5", "NaN", "inf", "-Infinity", "0x1", "1_000", "\u0661", "1e9999", "9" * 401, "1-", "--1"],
)
def test_what_is_no_plain_number_is_not_read_as_one(text: str) -> None:
    assert parse_plain(text) is None


@pytest.mark.parametrize(
    ("declared", "text", "number"),
    [
        (NumberFormat(thousands=","), "1,234.50", "1234.50"),
        (NumberFormat(thousands=","), "1234.50", "1234.50"),
        (NumberFormat(thousands=","), "12,34.50", None),
        (NumberFormat(thousands=","), "1,2345", None),
        (NumberFormat(decimal=",", thousands="."), "1.234,50", "1234.50"),
        (NumberFormat(decimal=","), "1234,5", "1234.5"),
        (NumberFormat(decimal=","), "1234.5", None),
        (NumberFormat(thousands=" "), "1\u202f234\u00a0567", "1234567"),
        (NumberFormat(thousands="'"), "-1'234", "-1234"),
        (NumberFormat(parentheses=True, thousands=","), "(1,234)", "-1234"),
        (NumberFormat(parentheses=True), "(-5)", None),
        (NumberFormat(), "(5)", None),
        (NumberFormat(percent="fraction"), "12 %", "0.12"),
        (NumberFormat(percent="points"), "12 %", "12"),
        (NumberFormat(), "12 %", None),
        (NumberFormat(currency="€"), "€ 5", "5"),
        (NumberFormat(currency="EUR"), "5 EUR", "5"),
        (NumberFormat(currency="€"), "$5", None),
        (NumberFormat(currency="$", parentheses=True), "($5.00)", "-5.00"),
        (NumberFormat(), "  5  ", "5"),
    ],
)
def test_a_number_is_read_in_the_declared_dress_and_in_no_other(
    declared: NumberFormat, text: str, number: str | None
) -> None:
    assert declared.parse(text) == (None if number is None else Decimal(number))


@given(NUMBER, st.sampled_from([",", ".", " ", "'"]))
def test_a_number_written_with_separators_is_read_back(number: Decimal, thousands: str) -> None:
    decimal = "," if thousands == "." else "."
    text = f"{number:,.3f}".replace(",", "T").replace(".", decimal).replace("T", thousands)
    declared = NumberFormat(thousands=thousands, decimal=decimal)  # type: ignore[arg-type]  # drawn from the literals

    assert declared.parse(text) == number


@pytest.mark.parametrize(
    ("found", "expected", "allowed"),
    [
        ("100.01", "100", True),
        ("100.011", "100", False),
        ("99.99", "100", True),
        ("0.01", "0", True),
    ],
)
def test_an_absolute_tolerance_includes_its_ends(found: str, expected: str, allowed: bool) -> None:
    assert Tolerance(abs_tol=Decimal("0.01")).allows(Decimal(found), Decimal(expected)) is allowed


def test_tolerances_add_up_and_are_relative_to_what_was_expected() -> None:
    tolerance = Tolerance(abs_tol=Decimal(1), rel_tol=Decimal("0.1"))

    assert tolerance.allows(Decimal(111), Decimal(100))
    assert not tolerance.allows(Decimal("111.1"), Decimal(100))
    assert not tolerance.allows(Decimal(100), Decimal(112 + 1))


def test_the_fifteen_digits_of_a_workbook_are_enough_for_fractions_and_not_for_whole_numbers() -> None:
    exact = Tolerance()

    assert exact.allows(Decimal("0.30000000000000004"), Decimal("0.3"))
    assert exact.allows(Decimal(3), Decimal("3.0000000000000004"))
    assert not exact.allows(Decimal("0.3000001"), Decimal("0.3"))
    assert not exact.allows(Decimal(10**15 + 1), Decimal(10**15))


def test_numbers_of_any_size_that_are_read_can_be_compared() -> None:
    assert not Tolerance().allows(Decimal("1e999"), Decimal(0))
    assert not Tolerance(abs_tol=Decimal(1)).allows(Decimal("9" * 400), Decimal("1e-999"))


@given(st.floats(allow_nan=False, allow_infinity=False, min_value=-1e300, max_value=1e300))
def test_a_float_is_taken_as_its_author_wrote_it(number: float) -> None:
    read = decimal_of(number)

    assert read is not None
    assert float(read) == number


@pytest.mark.parametrize("number", [float("nan"), float("inf")])
def test_a_float_that_is_no_quantity_is_none(number: float) -> None:
    assert decimal_of(number) is None


def test_cents_add_up_exactly() -> None:
    assert total([Decimal("0.1")] * 10) == 1


@pytest.mark.parametrize(
    ("bounds", "words"),
    [
        (Bounds(low=1, high=1), "exactly 1"),
        (Bounds(low=1), "at least 1"),
        (Bounds(high=2), "at most 2"),
        (Bounds(low=1, high=2), "between 1 and 2"),
        (Bounds(), "any number"),
    ],
)
def test_bounds_say_what_they_allow(bounds: Bounds, words: str) -> None:
    assert str(bounds) == words
    assert bounds.allows(1) or bounds == Bounds(low=2)
    assert bounds.allows(0) == (bounds.low is None)
    assert bounds.allows(3) == (bounds.high is None)
