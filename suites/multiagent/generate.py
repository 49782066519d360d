"""Writes the reports and the oracle: `python generate.py FOLDER`. Both come from the records below."""

import json
import sys
from decimal import Decimal
from pathlib import Path

CENT = Decimal("0.01")
RATES = {"EUR": Decimal(1), "GBP": Decimal("1.1432")}
BRANCHES = [
    {
        "branch": "Lisbon",
        "currency": "EUR",
        "revenue": Decimal("184230.50"),
        "costs": {"Rent": "12400.00", "Wages": "96210.75", "Goods": "41877.20", "Repairs of the cold room": "3915.00"},
        "staff": (31, 3, 1),
    },
    {
        "branch": "Leeds",
        "currency": "GBP",
        "revenue": Decimal("142905.10"),
        "costs": {
            "Rent": "15250.00",
            "Wages": "88140.40",
            "Goods": "36020.65",
            "Settlement with a supplier": "9100.00",
        },
        "staff": (27, 0, 4),
    },
]


def main(folder: Path) -> None:
    rows = [row_of(branch) for branch in BRANCHES]
    total = sum(Decimal(row["result_eur"]) for row in rows)
    oracle = {"branches": [as_numbers(row) for row in rows], "result_eur": float(total)}
    (folder / "inputs").mkdir(parents=True, exist_ok=True)
    for branch in BRANCHES:
        (folder / "inputs" / f"{branch['branch'].lower()}.md").write_text(report_of(branch), encoding="utf-8")
    (folder / "expected.json").write_text(json.dumps(oracle, indent=1) + "\n", encoding="utf-8")


def row_of(branch: dict) -> dict[str, str]:
    rate = RATES[branch["currency"]]
    cost = sum(Decimal(amount) for amount in branch["costs"].values())
    revenue_eur, cost_eur = (branch["revenue"] * rate).quantize(CENT), (cost * rate).quantize(CENT)
    before, came, left = branch["staff"]
    return {
        "branch": branch["branch"],
        "revenue_eur": str(revenue_eur),
        "cost_eur": str(cost_eur),
        "result_eur": str(revenue_eur - cost_eur),
        "staff": str(before + came - left),
    }


def as_numbers(row: dict[str, str]) -> dict:
    numbers = {key: float(row[key]) for key in ("revenue_eur", "cost_eur", "result_eur")}
    return {"branch": row["branch"], **numbers, "staff": int(row["staff"])}


def report_of(branch: dict) -> str:
    before, came, left = branch["staff"]
    lines = [f"# {branch['branch']}, October 2026 ({branch['currency']})", ""]
    lines += [f"We took {branch['revenue']:,.2f} this month.", "", "| cost | amount |", "|---|---|"]
    *usual, last = branch["costs"].items()
    lines += [f"| {name} | {Decimal(amount):,.2f} |" for name, amount in usual]
    lines += ["", f"{last[0]} cost another {Decimal(last[1]):,.2f}, which the table above does not have yet.", ""]
    lines += [f"At the beginning of the month {before} people worked here; {came} came and {left} left."]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    main(Path(sys.argv[1]))
