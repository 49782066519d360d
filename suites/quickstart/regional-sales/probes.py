"""What a grader can see in sales_summary.xlsx, one function a criterion: (outputs, inputs) -> (met, words)."""

import csv
import functools
from pathlib import Path
from zipfile import BadZipFile

from openpyxl import load_workbook
from openpyxl.utils.exceptions import InvalidFileException

HEADER = ("Region", "Orders", "Units", "Revenue")


def R1(outputs: Path, inputs: Path) -> tuple[bool, str]:
    header = next(iter(_rows(outputs)), ())
    return header == HEADER, f"Row 1 of sheet Summary is: {', '.join(map(str, header)) or 'missing'}."


def R2(outputs: Path, inputs: Path) -> tuple[bool, str]:
    named = [row[0] for row in _rows(outputs)[1:]]
    wanted = [*sorted({order["region"] for order in _orders(inputs)}), "Total"]
    return named == wanted, f"Column Region of Summary is: {', '.join(map(str, named)) or 'empty'}."


def R3(outputs: Path, inputs: Path) -> tuple[bool, str]:
    *above, total = _figures(outputs) or [()]
    if not above:
        return False, "Summary has no rows of numbers above a total."
    for name, column in (("Orders", 0), ("Units", 1), ("Revenue", 2)):
        added = sum(row[column] for row in above)
        if abs(added - total[column]) >= 0.005:
            return False, f"Total {name} is {total[column]}, the rows above add up to {added:.2f}."
    return True, "Orders, Units and Revenue of Total are the sums of the rows above."


def R4(outputs: Path, inputs: Path) -> tuple[bool, str]:
    rows = _rows(outputs)[1:]
    text = [row[0] for row in rows if not all(isinstance(value, int | float) for value in row[1:])]
    return bool(
        rows
    ) and not text, f"Rows of Summary with figures that are not numbers: {', '.join(map(str, text)) or 'none'}."


def R5(outputs: Path, inputs: Path) -> tuple[bool, str]:
    shipped = [order for order in _orders(inputs) if order["status"] == "shipped"]
    units = sum(int(order["quantity"]) for order in shipped)
    figures = _figures(outputs)
    if not figures:
        return False, "Summary has no rows of numbers."
    counted, found = figures[-1][:2]
    return (counted, found) == (len(shipped), units), f"Total counts {counted} orders and {found} units."


def _figures(outputs: Path) -> list[tuple]:
    rows = _rows(outputs)[1:]
    return [row[1:] for row in rows if len(row) == 4 and all(isinstance(value, int | float) for value in row[1:])]


@functools.cache
def _rows(outputs: Path) -> list[tuple]:
    try:
        book = load_workbook(outputs / "sales_summary.xlsx", data_only=True)
    except (OSError, KeyError, ValueError, BadZipFile, InvalidFileException):
        return []
    return list(book["Summary"].iter_rows(values_only=True)) if "Summary" in book.sheetnames else []


def _orders(inputs: Path) -> list[dict[str, str]]:
    with (inputs / "orders.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))
