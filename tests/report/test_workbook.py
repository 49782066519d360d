"""The workbook as written, and as LibreOffice calculates it."""

import shutil
import subprocess
from datetime import datetime
from decimal import Decimal
from io import BytesIO
from pathlib import Path

import pytest
from hypothesis import given, settings
from openpyxl import Workbook, load_workbook
from trial_records import hostile_run, quickstart_run, random_runs, run

from evalkit.report.workbook import render_workbook
from evalkit.trial.metrics import summarise
from evalkit.trial.model import RunRecord

SHEETS = ["Summary", "Tasks", "Trials", "Iterations", "Criteria", "Checks", "Files", "Costs", "Prices", "Grader"]
OURS = ("=SUM(", "=SUMPRODUCT(", "=IF(", "=IFERROR(", "=COUNT", "=ROWS(", "=HYPERLINK(")


def opened(record: RunRecord) -> Workbook:
    return load_workbook(BytesIO(render_workbook(record, lambda sha256: f"artifacts/{sha256[:2]}/{sha256}")))


def recalculated(record: RunRecord, folder: Path) -> Workbook:
    """The workbook after LibreOffice has calculated every formula anew."""
    if shutil.which("soffice") is None:
        pytest.skip("LibreOffice is not installed")
    source = folder / "report.xlsx"
    source.write_bytes(render_workbook(record, lambda sha256: f"artifacts/{sha256}"))
    profile = f"-env:UserInstallation=file://{folder}/profile"
    out = folder / "out"
    command = ["soffice", profile, "--headless", "--convert-to", "xlsx:Calc MS Excel 2007 XML", "--outdir", str(out)]
    subprocess.run([*command, str(source)], check=True, capture_output=True, timeout=120)
    return load_workbook(out / "report.xlsx", data_only=True)


def figures(book: Workbook) -> dict[str, object]:
    return {str(row[0]): row[1] for row in book["Summary"].iter_rows(min_row=5, max_col=2, values_only=True)}


def test_sheets_have_frozen_headers_filters_and_real_values() -> None:
    book = opened(quickstart_run())
    trials = book["Trials"]
    header = [cell.value for cell in trials[1]]
    first = dict(zip(header, [cell.value for cell in trials[2]], strict=True))

    assert book.sheetnames == SHEETS
    assert all(book[name].freeze_panes == "B2" and book[name].auto_filter.ref for name in SHEETS[1:])
    assert (first["usd"], first["ok"], first["iterations"]) == (0.04, True, 1)
    assert first["started_at"] == datetime(2026, 11, 22, 10, 14, 3)  # noqa: DTZ001  (a spreadsheet knows no zones)
    assert dict(zip(header, [cell.value for cell in trials[9]], strict=True))["usd"] is None


def test_files_link_to_where_they_lie() -> None:
    link = [cell.value for cell in opened(quickstart_run())["Files"][2]][-1]

    assert link == f'=HYPERLINK("artifacts/ab/{"ab" * 32}","open")'


@settings(max_examples=10, deadline=None)
@given(random_runs())
def test_no_text_from_outside_becomes_a_formula(any_run: RunRecord) -> None:
    for sheet in opened(any_run):
        for row in sheet.iter_rows():
            for cell in row:
                if cell.data_type == "f":
                    assert str(cell.value).startswith(OURS)


@pytest.mark.slow
@pytest.mark.parametrize("record", [quickstart_run(), hostile_run(), run([])], ids=["quickstart", "hostile", "empty"])
def test_what_libreoffice_calculates_equals_the_report_to_the_cent(record: RunRecord, tmp_path: Path) -> None:
    book = recalculated(record, tmp_path)
    total = summarise(record).total
    shown = figures(book)

    cost = total.whole_cost
    sums = {
        "USD spent, earlier attempts included": cost.usd,
        "USD billed": cost.billed,
        "USD computed": cost.computed,
        "USD agent": cost.agent,
        "USD grader": cost.grader,
    }
    for label, part in sums.items():
        assert abs(Decimal(str(shown[label])) - part.usd) < Decimal("0.005"), label
    counts = total.counts
    assert (shown["trials launched"], shown["ok"], shown["not ok"]) == (counts.launched, counts.ok, counts.not_ok)
    for flag, share in (("ok", total.ok), ("satisfied", total.satisfied), ("first draft", total.first_draft)):
        rate = shown[f"{flag}, of the measured whose answer is known"]
        assert rate == (pytest.approx(share.yes / share.of) if share.of else None)
    by_task = [row for row in book["Tasks"].iter_rows(min_row=2, values_only=True) if row[0]]
    assert sum(int(str(row[2])) for row in by_task) == counts.launched
    assert sum(Decimal(str(row[9])) for row in by_task) == pytest.approx(cost.usd.usd)
    errors = [cell for sheet in book for row in sheet.iter_rows() for cell in row if cell.data_type == "e"]
    assert errors == []
