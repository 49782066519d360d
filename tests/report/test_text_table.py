from hypothesis import given, settings
from hypothesis import strategies as st

from evalkit.report.plain import columns
from evalkit.report.table import Column, Table, Unit
from evalkit.report.text_table import render_table


def table(*rows: tuple[str, int], title: str = "Title") -> Table:
    return Table(title=title, columns=(Column(title="name"), Column(title="count", unit=Unit.COUNT)), rows=rows)


def test_text_stands_left_and_numbers_right() -> None:
    assert render_table(table(("a", 1), ("longer", 100)), 60) == [
        "Title",
        "name    count",
        "------  -----",
        "a           1",
        "longer    100",
    ]


def test_a_text_column_wraps_so_that_the_numbers_stay_whole() -> None:
    assert render_table(table(("one two three four five", 1_000_000)), 25)[3:] == [
        "one two three  1,000,000",
        "four five",
    ]


def test_a_cell_of_many_lines_ends_in_an_ellipsis() -> None:
    lines = render_table(table(("word " * 100, 1)), 30)

    assert len(lines) == 9
    assert lines[-1].endswith("…")


def test_wide_characters_keep_the_columns_straight() -> None:
    assert render_table(table(("日本語", 1), ("abcdef", 2)), 60)[3:] == ["日本語      1", "abcdef      2"]


def test_numbers_that_do_not_fit_side_by_side_are_listed_in_blocks() -> None:
    numbers = tuple(Column(title=f"n{index}", unit=Unit.COUNT) for index in range(6))
    wide = Table(title="Wide", columns=numbers, rows=((10**12,) * 6, (2,) * 6))

    assert render_table(wide, 60)[:9] == [
        "Wide",
        *(f"n{index}  1,000,000,000,000" for index in range(6)),
        "",
        "n0  2",
    ]


def test_a_table_without_rows_is_its_title_and_notes() -> None:
    assert render_table(Table(title="None", columns=(Column(title="a"),), rows=(), notes=("why",)), 60) == [
        "None",
        "why",
    ]


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.tuples(st.text(max_size=60), st.integers()), max_size=5),
    st.text(max_size=100),
    st.integers(min_value=60, max_value=130),
)
def test_no_line_of_any_table_is_wider_than_asked(rows: list[tuple[str, int]], title: str, width: int) -> None:
    for line in render_table(table(*rows, title=title), width):
        assert columns(line) <= width
        assert line == line.rstrip()
        assert line.isprintable()
