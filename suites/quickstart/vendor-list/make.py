"""Makes vendors.csv: `python make.py INPUTS OUTPUTS [flaw …]`; without a flaw it is right.

zeros_lost        postcodes were read as numbers
older_kept        of two rows with one VAT ID, the one with the older order is kept
days_first        dates stay as they are in the export
duplicates_kept   rows with one VAT ID are not merged
"""

import csv
import sys
from pathlib import Path

COLUMNS = ["vendor_id", "name", "country", "postcode", "vat_id", "terms_days", "last_order"]
FLAWS = {"zeros_lost", "older_kept", "days_first", "duplicates_kept"}


def main(inputs: Path, outputs: Path, flaws: set[str]) -> None:
    if unknown := flaws - FLAWS:
        sys.exit(f"unknown flaws: {', '.join(sorted(unknown))}")
    with (inputs / "vendors_export.csv").open(encoding="utf-8", newline="") as file:
        vendors = [clean(row, flaws) for row in csv.DictReader(file, delimiter=";")]
    if "duplicates_kept" not in flaws:
        vendors.sort(key=lambda vendor: iso(vendor["last_order"]), reverse="older_kept" in flaws)
        vendors = list({vendor["vat_id"]: vendor for vendor in vendors}.values())
    vendors.sort(key=lambda vendor: vendor["vendor_id"])
    with (outputs / "vendors.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS, lineterminator="\n")
        writer.writeheader()
        writer.writerows(vendors)


def clean(row: dict[str, str], flaws: set[str]) -> dict[str, str]:
    postcode = row["Postcode"].strip()
    last_order = row["Last Order"].strip()
    return {
        "vendor_id": row["Vendor No"].strip(),
        "name": row["Name"].strip(),
        "country": row["Country"].strip(),
        "postcode": postcode.lstrip("0") if "zeros_lost" in flaws else postcode,
        "vat_id": row["VAT ID"].replace(" ", "").upper(),
        "terms_days": "".join(sign for sign in row["Payment Terms"] if sign.isdigit()),
        "last_order": last_order if "days_first" in flaws else iso(last_order),
    }


def iso(date: str) -> str:
    return "-".join(reversed(date.split("."))) if "." in date else date


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), set(sys.argv[3:]))
