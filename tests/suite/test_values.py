from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evalkit.suite.values import RefusedError, parse_duration_s, parse_flat_name, parse_usd, to_json
from evalkit.suite.yaml_text import Value


@pytest.mark.parametrize(("text", "seconds"), [("90s", 90.0), ("30m", 1800.0), ("2h", 7200.0)])
def test_a_duration_is_in_seconds(text: str, seconds: float) -> None:
    assert parse_duration_s(text) == seconds


@pytest.mark.parametrize("value", ["90", "1.5h", "0s", "-1m", "1d", " 1m", "1m\n", "", 90, None, True, ["1m"]])
def test_what_is_no_duration_is_refused(value: Value) -> None:
    with pytest.raises(RefusedError):
        parse_duration_s(value)


@given(st.integers(1, 10**10))
def test_every_whole_number_of_cents_is_money_to_the_cent(cents: int) -> None:
    amount = Decimal(cents) / 100

    assert parse_usd(amount) == amount


@pytest.mark.parametrize("value", [0, -1, Decimal("0.009"), Decimal("1.001"), Decimal("1E+9"), True, "1.50", None])
def test_what_is_no_money_is_refused(value: Value) -> None:
    with pytest.raises(RefusedError):
        parse_usd(value)


@pytest.mark.parametrize("name", ["a/b", "/a", "a\\b", "..", ".", "", " a", "a ", "a/", "a\nb", "é" * 128])
def test_a_name_that_is_not_one_plain_file_name_is_refused(name: str) -> None:
    with pytest.raises(RefusedError):
        parse_flat_name(name)


@pytest.mark.parametrize("name", ["loan.xlsx", ".hidden", "a b.csv", "...", "Übersicht.md"])
def test_a_plain_file_name_is_kept(name: str) -> None:
    assert parse_flat_name(name) == name


def test_decimal_numbers_become_floats_at_every_depth() -> None:
    assert to_json({"a": [Decimal("0.10"), {"b": Decimal(2)}], "c": True}) == {"a": [0.1, {"b": 2.0}], "c": True}
