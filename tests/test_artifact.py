"""Names that are safe to write."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evalkit.artifact import safe_names


@pytest.mark.parametrize("name", ["report.csv", "Q3 summary (final).xlsx", ".gitignore", "résumé.md", "数据.json"])
def test_a_plain_name_stays_as_it_is(name: str) -> None:
    assert safe_names([name]) == (name,)


@pytest.mark.parametrize(
    ("name", "safe"),
    [
        ("../../etc/passwd", "passwd"),
        ("/abs/x.csv", "x.csv"),
        ("C:\\temp\\x.csv", "x.csv"),
        ("a\x1b[31m.csv", "a_[31m.csv"),
        ("a\u202egpj.exe", "a_gpj.exe"),
        ("a\nb", "a_b"),
        ("..", "unnamed"),
        ("", "unnamed"),
        ("nul\x00", "nul_"),
        ("数" * 120 + ".csv", "数" * 65 + ".csv"),
    ],
)
def test_folders_and_invisible_characters_are_taken_out(name: str, safe: str) -> None:
    assert safe_names([name]) == (safe,)


def test_names_that_would_overwrite_each_other_are_told_apart_even_where_case_is_ignored() -> None:
    assert safe_names(["a.csv", "A.csv", "x/a.csv"]) == ("a.csv", "2~A.csv", "3~a.csv")


@given(st.lists(st.text(max_size=300), max_size=6))
def test_safe_names_are_flat_unique_bounded_and_as_many(names: list[str]) -> None:
    safe = safe_names(names)

    assert len(safe) == len(names)
    assert len({name.casefold() for name in safe}) == len(names)
    for name in safe:
        assert name not in {"", ".", ".."}
        assert not set(name) & set("/\\\0")
        assert len(name.encode()) <= 240
