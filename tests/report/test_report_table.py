from decimal import Decimal

import pytest

from evalkit.report.table import Cell, Column, Table, Unit, cell_text
from evalkit.trial.metrics import Share, UsdSum


def some(known: int, unknown: int) -> UsdSum:
    return UsdSum(usd=Decimal("0.1234"), known=known, unknown=unknown)


@pytest.mark.parametrize(
    ("cell", "unit", "text"),
    [
        (None, Unit.TEXT, "?"),
        ("", Unit.TEXT, ""),
        ("a\nb", Unit.TEXT, "a b"),
        (True, Unit.TEXT, "yes"),
        (False, Unit.TEXT, "no"),
        (0, Unit.COUNT, "0"),
        (50629, Unit.COUNT, "50,629"),
        (3.26, Unit.SECONDS, "3.3 s"),
        (1234.5, Unit.SECONDS, "1,234 s"),
        (Decimal("0.1"), Unit.BILLED, "0.10"),
        (Decimal("0.1234"), Unit.BILLED, "0.1234"),
        (Decimal("0.1"), Unit.USD, "0.1000"),
        (Decimal("0.0043"), Unit.DIFFERENCE, "+0.0043"),
        (Decimal("-0.0043"), Unit.DIFFERENCE, "-0.0043"),
        (Decimal("-0.00001"), Unit.DIFFERENCE, "+0.0000"),
        (some(3, 0), Unit.USD, "0.1234"),
        (some(3, 1), Unit.USD, "0.1234+?"),
        (some(0, 1), Unit.USD, "?"),
        (Share(yes=1, of=3), Unit.COUNT, "1/3"),
        (Share(yes=0, of=0), Unit.COUNT, ""),
    ],
)
def test_a_cell_reads_in_the_manner_of_its_column(cell: Cell, unit: Unit, text: str) -> None:
    assert cell_text(cell, unit) == text


def one_cell(cell: Cell) -> Table:
    return Table(title="t", columns=(Column(title="c", unit=Unit.USD),), rows=((cell,),), notes=("a note",))


@pytest.mark.parametrize(
    ("cell", "legend"),
    [
        (Decimal(1), ("a note",)),
        (None, ("a note", "? = not known")),
        (some(0, 2), ("a note", "? = not known")),
        (some(1, 2), ("a note", "+? = a part of the sum is not known")),
    ],
)
def test_a_question_mark_is_explained_where_one_stands(cell: Cell, legend: tuple[str, ...]) -> None:
    assert one_cell(cell).legend() == legend


def test_a_row_with_a_cell_too_few_is_refused() -> None:
    table = Table(title="t", columns=(Column(title="a"), Column(title="b")), rows=(("only",),))

    with pytest.raises(ValueError, match="argument 2 is longer"):
        table.texts()
