"""What a grader can see in loan.xlsx, one function a criterion: (outputs, inputs) -> (met, words)."""

import functools
import json
from datetime import datetime, timedelta
from pathlib import Path
from zipfile import BadZipFile

from openpyxl import load_workbook
from openpyxl.utils.exceptions import InvalidFileException

HEADER = ["Period", "Date", "Opening", "Payment", "Interest", "Principal", "Extra", "Closing"]


def R1(outputs: Path, inputs: Path) -> tuple[bool, str]:
    book = _book(outputs)
    names = book.sheetnames if book else []
    return names == [
        "Assumptions",
        "Schedule",
    ], f"The sheets of loan.xlsx are: {', '.join(names) or 'none, it does not open'}."


def R2(outputs: Path, inputs: Path) -> tuple[bool, str]:
    loan = json.loads((inputs / "loan.json").read_text(encoding="utf-8"))
    values = [row[1] for row in _rows(outputs, "Assumptions") if len(row) > 1]
    shown = [value.date().isoformat() if isinstance(value, datetime) else value for value in values]
    missing = [key for key, value in loan.items() if value not in shown]
    return not missing, f"Terms without a cell on Assumptions: {', '.join(missing) or 'none'}."


def R3(outputs: Path, inputs: Path) -> tuple[bool, str]:
    header = list(next(iter(_rows(outputs, "Schedule")), []))
    return header == HEADER, f"Row 1 of Schedule is: {', '.join(map(str, header)) or 'missing'}."


def R4(outputs: Path, inputs: Path) -> tuple[bool, str]:
    rows = _schedule(outputs)
    months = set()
    for number, row in enumerate(rows, start=2):
        day = row["Date"]
        if not isinstance(day, datetime):
            return False, f"Schedule!B{number} is the text {day!r}, not a date."
        if (day + timedelta(days=1)).day != 1:
            return False, f"Schedule!B{number} is {day.date()}, not the last day of its month."
        months.add((day.year, day.month))
    return bool(rows) and len(months) == len(rows), f"{len(rows)} rows, {len(months)} different month ends."


def R5(outputs: Path, inputs: Path) -> tuple[bool, str]:
    rows = _schedule(outputs)
    opening = json.loads((inputs / "loan.json").read_text(encoding="utf-8"))["principal"]
    for number, row in enumerate(rows, start=2):
        if abs(row["Opening"] - opening) >= 0.01:
            return False, f"Schedule!C{number} is {row['Opening']}, the closing balance before it {opening}."
        if abs(row["Opening"] - row["Principal"] - row["Extra"] - row["Closing"]) >= 0.01:
            return False, f"Schedule row {number}: Opening - Principal - Extra is not Closing ({row['Closing']})."
        opening = row["Closing"]
    return bool(rows), f"The balances of all {len(rows)} rows follow from each other."


def R6(outputs: Path, inputs: Path) -> tuple[bool, str]:
    rows = _schedule(outputs)
    if not rows:
        return False, "Schedule has no rows."
    last, lowest = rows[-1]["Closing"], min(row["Closing"] for row in rows)
    return abs(last) < 0.005 and lowest > -0.005, f"The last Closing is {last:.2f}, the lowest {lowest:.2f}."


def R7(outputs: Path, inputs: Path) -> tuple[bool, str]:
    loan = json.loads((inputs / "loan.json").read_text(encoding="utf-8"))
    rate = loan["annual_rate"] / 12
    level = loan["principal"] * rate / (1 - (1 + rate) ** -loan["term_months"])
    rows = _schedule(outputs)
    paid = rows[0]["Payment"] if rows else float("nan")
    return abs(paid - level) < 0.01, f"Schedule!D2 is {paid}; the terms of loan.json give {level:.2f}."


def R8(outputs: Path, inputs: Path) -> tuple[bool, str]:
    loan = json.loads((inputs / "loan.json").read_text(encoding="utf-8"))
    made = {row["Period"]: row["Extra"] for row in _schedule(outputs) if row["Extra"]}
    return made == {loan["extra_in_month"]: loan["extra_payment"]}, f"Extra payments by period: {made or 'none'}."


def _schedule(outputs: Path) -> list[dict]:
    rows = [row for row in _rows(outputs, "Schedule") if len(row) == len(HEADER)]
    return [
        dict(zip(HEADER, row, strict=True))
        for row in rows[1:]
        if all(isinstance(value, int | float) for value in row[2:])
    ]


def _rows(outputs: Path, sheet: str) -> list[tuple]:
    book = _book(outputs)
    return list(book[sheet].iter_rows(values_only=True)) if book and sheet in book.sheetnames else []


@functools.cache
def _book(outputs: Path):
    try:
        return load_workbook(outputs / "loan.xlsx", data_only=True)
    except (OSError, KeyError, ValueError, BadZipFile, InvalidFileException):
        return None
