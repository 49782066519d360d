"""What a grader can see in vendors.csv, one function a criterion: (outputs, inputs) -> (met, words)."""

import csv
import re
from pathlib import Path

COLUMNS = ["vendor_id", "name", "country", "postcode", "vat_id", "terms_days", "last_order"]


def R1(outputs: Path, inputs: Path) -> tuple[bool, str]:
    header = list(_rows(outputs)[0]) if _rows(outputs) else []
    return header == COLUMNS, f"The header of vendors.csv is {','.join(header) or 'missing'}."


def R2(outputs: Path, inputs: Path) -> tuple[bool, str]:
    seen, twice = set(), []
    for row in _rows(outputs):
        vat_id = row.get("vat_id") or ""
        twice += [vat_id] if vat_id in seen else []
        seen.add(vat_id)
    return not twice and bool(
        seen
    ), f"{len(seen)} different vat_id values; more than once: {', '.join(twice) or 'none'}."


def R3(outputs: Path, inputs: Path) -> tuple[bool, str]:
    exported = {row["Vendor No"].strip(): row["Postcode"].strip() for row in _export(inputs)}
    rows = _rows(outputs)
    wrong = [r for r in rows if r.get("postcode") != exported.get(r.get("vendor_id") or "")]
    if not wrong:
        return bool(rows), f"All {len(rows)} postcodes stand in the export as they are."
    first = wrong[0]
    where = f"vendors.csv has {first.get('postcode')!r} for {first.get('vendor_id')}"
    return False, f"{where}, the export has {exported.get(first.get('vendor_id') or '')!r}; {len(wrong)} rows differ."


def R4(outputs: Path, inputs: Path) -> tuple[bool, str]:
    return _all_match(outputs, "last_order", r"\d{4}-\d{2}-\d{2}", "an ISO date")


def R5(outputs: Path, inputs: Path) -> tuple[bool, str]:
    return _all_match(outputs, "terms_days", r"14|30|45|60", "14, 30, 45 or 60")


def R6(outputs: Path, inputs: Path) -> tuple[bool, str]:
    orders: dict[str, list[str]] = {}
    for row in _export(inputs):
        date = "-".join(reversed(row["Last Order"].strip().split(".")))
        orders.setdefault(row["VAT ID"].replace(" ", "").upper(), []).append(date)
    rows = _rows(outputs)
    old = [r for r in rows if r.get("last_order") != max(orders.get(r.get("vat_id") or "", [""]))]
    if not old:
        return bool(rows), "Every row has the latest order date of its VAT ID."
    return (
        False,
        f"{old[0].get('vat_id')} has {old[0].get('last_order')}, not its latest order; {len(old)} rows in all.",
    )


def _all_match(outputs: Path, column: str, pattern: str, what: str) -> tuple[bool, str]:
    rows = _rows(outputs)
    wrong = [row.get(column) for row in rows if not re.fullmatch(pattern, row.get(column) or "")]
    if wrong:
        return False, f"{len(wrong)} of {len(rows)} values of {column} are not {what}, the first is {wrong[0]!r}."
    return bool(rows), f"All {len(rows)} values of {column} are {what}."


def _rows(outputs: Path) -> list[dict[str, str]]:
    try:
        with (outputs / "vendors.csv").open(encoding="utf-8", newline="") as file:
            return list(csv.DictReader(file))
    except (OSError, UnicodeDecodeError, csv.Error):
        return []


def _export(inputs: Path) -> list[dict[str, str]]:
    with (inputs / "vendors_export.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file, delimiter=";"))
