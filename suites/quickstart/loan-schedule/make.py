"""Makes loan.xlsx: `python make.py INPUTS OUTPUTS [flaw …]`; without a flaw it is right.

text_dates         dates are text
day_31_lost        30 days are added instead of a month, so dates leave the month ends
residual_left      the last payment is the level one, so the last balance is not zero
extra_ignored      the extra payment is not made
rate_per_12_plus   the monthly rate is (1 + annual rate) ** (1 / 12) - 1 instead of a twelfth
"""

import calendar
import io
import json
import re
import sys
from datetime import date, timedelta
from pathlib import Path
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

from openpyxl import Workbook
from openpyxl.writer.excel import ExcelWriter

FLAWS = {"text_dates", "day_31_lost", "residual_left", "extra_ignored", "rate_per_12_plus"}
HEADER = ["Period", "Date", "Opening", "Payment", "Interest", "Principal", "Extra", "Closing"]


def main(inputs: Path, outputs: Path, flaws: set[str]) -> None:
    if unknown := flaws - FLAWS:
        sys.exit(f"unknown flaws: {', '.join(sorted(unknown))}")
    loan = json.loads((inputs / "loan.json").read_text(encoding="utf-8"))
    book = Workbook()
    assumptions = book.active
    assumptions.title = "Assumptions"
    for label, value in (
        ("Principal", loan["principal"]),
        ("Annual rate", loan["annual_rate"]),
        ("Term (months)", loan["term_months"]),
        ("First payment", date.fromisoformat(loan["first_payment"])),
        ("Extra payment", loan["extra_payment"]),
        ("Extra payment in month", loan["extra_in_month"]),
    ):
        assumptions.append([label, value])
    schedule = book.create_sheet("Schedule")
    schedule.append(HEADER)
    for row in rows(loan, flaws):
        schedule.append(row)
        schedule.cell(schedule.max_row, 2).number_format = "yyyy-mm-dd"
        for column in range(3, 9):
            schedule.cell(schedule.max_row, column).number_format = "#,##0.00"
    save(book, outputs / "loan.xlsx")


def rows(loan: dict, flaws: set[str]) -> list[list]:
    rate = loan["annual_rate"] / 12
    if "rate_per_12_plus" in flaws:
        rate = (1 + loan["annual_rate"]) ** (1 / 12) - 1
    balance = float(loan["principal"])
    payment = round(balance * rate / (1 - (1 + rate) ** -loan["term_months"]), 2)
    day = date.fromisoformat(loan["first_payment"])
    made = []
    for period in range(1, loan["term_months"] + 1):
        interest = round(balance * rate, 2)
        extra = loan["extra_payment"] if period == loan["extra_in_month"] and "extra_ignored" not in flaws else 0
        is_last = balance + interest <= payment or period == loan["term_months"]
        paid = round(balance + interest, 2) if is_last and "residual_left" not in flaws else payment
        closing = round(balance - (paid - interest) - extra, 2)
        shown = day.isoformat() if "text_dates" in flaws else day
        made.append([period, shown, balance, paid, interest, round(paid - interest, 2), extra, closing])
        balance = closing
        day = day + timedelta(days=30) if "day_31_lost" in flaws else next_month_end(day)
        if closing == 0:
            break
    return made


def next_month_end(day: date) -> date:
    first = day + timedelta(days=1)
    return first.replace(day=calendar.monthrange(first.year, first.month)[1])


def save(book: Workbook, path: Path) -> None:
    """The same workbook is the same bytes: no time of writing is kept."""
    written = io.BytesIO()
    ExcelWriter(book, ZipFile(written, "w", ZIP_DEFLATED)).save()
    with ZipFile(written) as source, ZipFile(path, "w", ZIP_DEFLATED) as target:
        for name in source.namelist():
            content = source.read(name)
            if name == "docProps/core.xml":
                content = re.sub(rb"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", b"2026-01-01T00:00:00Z", content)
            target.writestr(ZipInfo(name), content, ZIP_DEFLATED)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), set(sys.argv[3:]))
