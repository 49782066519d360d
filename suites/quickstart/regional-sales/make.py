"""Makes sales_summary.xlsx: `python make.py INPUTS OUTPUTS [flaw …]`; without a flaw it is right.

cancelled_counted   cancelled orders are counted like shipped ones
total_stale         the last region was added after the total was taken
unsorted            regions stand in the order in which they occur in the input
as_text             revenue is text
"""

import csv
import io
import re
import sys
from decimal import Decimal
from pathlib import Path
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

from openpyxl import Workbook
from openpyxl.writer.excel import ExcelWriter

FLAWS = {"cancelled_counted", "total_stale", "unsorted", "as_text"}


def main(inputs: Path, outputs: Path, flaws: set[str]) -> None:
    if unknown := flaws - FLAWS:
        sys.exit(f"unknown flaws: {', '.join(sorted(unknown))}")
    with (inputs / "orders.csv").open(encoding="utf-8", newline="") as file:
        orders = [o for o in csv.DictReader(file) if o["status"] == "shipped" or "cancelled_counted" in flaws]
    regions = list(dict.fromkeys(order["region"] for order in orders))
    if "unsorted" not in flaws:
        regions.sort()
    rows = [[region, *figures([o for o in orders if o["region"] == region])] for region in regions]
    counted = rows[:-1] if "total_stale" in flaws else rows
    rows.append(["Total", *(sum(row[column] for row in counted) for column in (1, 2, 3))])

    book = Workbook()
    sheet = book.active
    sheet.title = "Summary"
    sheet.append(["Region", "Orders", "Units", "Revenue"])
    for region, count, units, revenue in rows:
        sheet.append([region, count, units, f"{revenue:.2f}" if "as_text" in flaws else float(revenue)])
        sheet.cell(sheet.max_row, 4).number_format = "#,##0.00"
    save(book, outputs / "sales_summary.xlsx")


def figures(orders: list[dict[str, str]]) -> tuple[int, int, Decimal]:
    units = sum(int(order["quantity"]) for order in orders)
    revenue = sum((Decimal(order["unit_price"]) * int(order["quantity"]) for order in orders), Decimal(0))
    return len(orders), units, revenue


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
