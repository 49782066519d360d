"""What a formula is made of, how a format shows a number, and how a cell is called in a suite."""

import re
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from io import BytesIO

from evalkit.checks.adapters import Address, column_letters
from evalkit.checks.foreign import reading_as
from evalkit.checks.problems import NotMeasuredError, ParameterError
from evalkit.checks.quantity import parse_plain
from evalkit.checks.read_workbook import Workbook, labelled_cell

_SHEET_IN_REFERENCE = re.compile(r"'((?:[^']|'')+)'!|([\w.]+)!")
_NOT_SHOWN = re.compile(r'"[^"]*"|\\.|_.|\*.|\[[^\]]*\]')
_DATE_SIGNS = re.compile(r"[ymdhsYMDHS]")


@dataclass(frozen=True, slots=True, kw_only=True)
class NumberShown:
    """How a number format shows a number."""

    kind: str
    """`number`, `percent`, `date`, `text` or `general`."""
    decimals: int | None
    """None for what shows no fixed number of them."""


def numbers_in(formula: str) -> set[Decimal]:
    """The numbers typed into `formula`, without their sign; those in text and in references do not count."""
    return {number for text in _operands(formula, "NUMBER") if (number := parse_plain(text)) is not None}


def sheets_in(formula: str) -> set[str]:
    """The sheets that `formula` names in its references."""
    return {
        (quoted_name or plain).replace("''", "'")
        for text in _operands(formula, "RANGE")
        for quoted_name, plain in _SHEET_IN_REFERENCE.findall(text)
    }


def describe_format(code: str) -> NumberShown:
    """How the number format `code` shows a positive number.

    Source: ECMA-376 part 1, 18.8.31; sections of a format are parted by semicolons, the first is for positive numbers.
    """
    if code == "General":
        return NumberShown(kind="general", decimals=None)
    shown = _NOT_SHOWN.sub("", code).partition(";")[0]
    if shown.strip() == "@":
        return NumberShown(kind="text", decimals=None)
    if _DATE_SIGNS.search(shown) and "0" not in shown.replace("00", "") and "#" not in shown:
        return NumberShown(kind="date", decimals=None)
    fraction = re.search(r"\.([0#?]+)", shown)
    decimals = len(fraction[1]) if fraction else 0
    return NumberShown(kind="percent" if "%" in shown else "number", decimals=decimals)


def cell_called(workbook: Workbook, name: str) -> tuple[str, tuple[int, int]]:
    """The sheet and place that `Sheet!B2`, or `Sheet!<Label>` for the value beside a label, names.

    Raises:
        BadDeliverableError: the workbook has no such sheet or label.
        NotMeasuredError: `name` has neither form.
    """
    sheet_name, _, rest = name.rpartition("!")
    sheet = workbook.sheet(sheet_name.strip("'")) if sheet_name else None
    if sheet is not None and rest.startswith("<") and rest.endswith(">"):
        return sheet.name, labelled_cell(workbook, sheet.name, rest[1:-1])[1]
    try:
        address = Address.from_text(rest)
    except ParameterError as error:
        raise NotMeasuredError(f"{name!r} names no cell; write 'Sheet!B2' or 'Sheet!<Label>'") from error
    if sheet is None:
        raise NotMeasuredError(f"{name!r} names no sheet; write 'Sheet!B2' or 'Sheet!<Label>'")
    return sheet.name, (address.row, address.column)


def rewritten(content: bytes, name: str, numbers: Mapping[tuple[str, tuple[int, int]], Decimal]) -> bytes:
    """The workbook with `numbers` in their cells, as openpyxl writes it: without stored values of formulas.

    Raises:
        BadDeliverableError: openpyxl cannot read it.
    """
    from openpyxl import load_workbook  # noqa: PLC0415 - only checks of this format should pay for it

    with warnings.catch_warnings(), reading_as("an .xlsx workbook", name):
        warnings.simplefilter("ignore")
        book = load_workbook(BytesIO(content), keep_links=False)
        for (sheet, (row, column)), number in numbers.items():
            book[sheet][f"{column_letters(column)}{row}"] = number
        stream = BytesIO()
        book.save(stream)
        return stream.getvalue()


def _operands(formula: str, kind: str) -> list[str]:
    from openpyxl.formula import Tokenizer  # noqa: PLC0415 - only checks of this format should pay for it
    from openpyxl.formula.tokenizer import TokenizerError  # noqa: PLC0415 - only checks of this format should pay for it

    try:
        tokens = Tokenizer(formula).items
    except TokenizerError:
        return []  # what no program reads as a formula has no parts
    return [token.value for token in tokens if token.type == "OPERAND" and token.subtype == kind]
