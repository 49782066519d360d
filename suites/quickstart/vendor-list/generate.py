"""Writes the inputs and the oracle of this task: `python generate.py FOLDER`. Both come from the true records below."""

import csv
import json
import sys
from pathlib import Path
from random import Random

HEADER = ["Vendor No", "Name", "Country", "Postcode", "VAT ID", "Payment Terms", "Last Order"]
NAMES = [
    "Möller Verpackung",
    "Société Lacroix",
    "Ferri Ricambi",
    "Otjiwa Minerals",
    "Quinta da Serra",
    "Nordhaus Logistik",
]
TOWNS = [("DE", "01067"), ("FR", "06000"), ("IT", "00184"), ("NA", "10005"), ("PT", "1100-148"), ("DE", "80331")]
TERMS = {14: ["14 Tage netto", "net 14"], 30: ["30 days net", "NET30"], 45: ["45 jours"], 60: ["60 gg", "net 60"]}


def main(folder: Path) -> None:
    draw = Random(20260331)
    vendors, export = [], []
    for number in range(36):
        country, postcode = TOWNS[number % 6]
        days = list(TERMS)[int(draw.random() * 4)]
        vendor = {
            "vendor_id": f"V-{1001 + number}",
            "name": f"{NAMES[number % 6]} {number // 6 + 1}",
            "country": country,
            "postcode": postcode,
            "vat_id": f"{country}{100_000_000 + int(draw.random() * 899_999_999)}",
            "terms_days": days,
            "last_order": f"2025-{1 + int(draw.random() * 9):02}-{1 + int(draw.random() * 28):02}",
        }
        vendors.append(vendor)
        export.append(row(vendor, draw))
    for double in (3, 8, 13, 21, 30):
        stale = dict(vendors[double], vendor_id=f"V-{900 + double}", last_order="2024-11-04", postcode="99999")
        stale["vat_id"] = stale["vat_id"][:2].lower() + " " + stale["vat_id"][2:]
        export.append(row(stale, draw))
    export.sort(key=lambda cells: cells[1] + cells[0])

    (folder / "inputs").mkdir(parents=True, exist_ok=True)
    with (folder / "inputs/vendors_export.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, delimiter=";", lineterminator="\r\n")
        writer.writerows([HEADER, *export])
    oracle = {"vendors": vendors, "count": len(vendors)}
    (folder / "expected.json").write_text(json.dumps(oracle, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def row(vendor: dict, draw: Random) -> list[str]:
    terms = TERMS[vendor["terms_days"]]
    year, month, day = vendor["last_order"].split("-")
    return [
        vendor["vendor_id"],
        vendor["name"] + " " * int(draw.random() * 3),
        vendor["country"],
        " " * int(draw.random() * 2) + vendor["postcode"],
        vendor["vat_id"],
        terms[int(draw.random() * len(terms))],
        f"{day}.{month}.{year}",
    ]


if __name__ == "__main__":
    main(Path(sys.argv[1]))
