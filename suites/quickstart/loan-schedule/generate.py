"""Writes the inputs and the oracle of this task: `python generate.py FOLDER`. All figures come from the terms below.

The oracle counts in exact decimal cents; make.py works in binary floats, as most agents do.
"""

import json
import sys
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path

TERMS = {
    "principal": 250000,
    "annual_rate": 0.0575,
    "term_months": 24,
    "first_payment": "2026-01-31",
    "extra_payment": 5000,
    "extra_in_month": 13,
}
CENT = Decimal("0.01")


def main(folder: Path) -> None:
    (folder / "inputs").mkdir(parents=True, exist_ok=True)
    (folder / "inputs/loan.json").write_text(json.dumps(TERMS, indent=2) + "\n", encoding="utf-8")
    (folder / "expected.json").write_text(json.dumps(oracle(), indent=1) + "\n", encoding="utf-8")


def oracle() -> dict:
    rate = Decimal(str(TERMS["annual_rate"])) / 12
    balance = Decimal(TERMS["principal"])
    growth = (1 + rate) ** TERMS["term_months"]
    payment = cents(balance * rate * growth / (growth - 1))
    rows = []
    while balance:
        period = len(rows) + 1
        interest = cents(balance * rate)
        extra = Decimal(TERMS["extra_payment"]) if period == TERMS["extra_in_month"] else Decimal(0)
        paid = min(payment, balance + interest)
        closing = balance - (paid - interest) - extra
        rows.append(
            {
                "Period": period,
                # With its time, so that only a date cell equals it: the text "2026-01-31" does not.
                "Date": f"{month_end(2026, period)}T00:00:00",
                "Opening": float(balance),
                "Payment": float(paid),
                "Interest": float(interest),
                "Principal": float(paid - interest),
                "Extra": float(extra),
                "Closing": float(closing),
            }
        )
        balance = closing
    total = sum(Decimal(str(row["Interest"])) for row in rows)
    return {"schedule": rows, "payment": float(payment), "total_interest": float(total), "months": len(rows)}


def cents(amount: Decimal) -> Decimal:
    return amount.quantize(CENT, ROUND_HALF_UP)


def month_end(year: int, month: int) -> date:
    return date(year + month // 12, month % 12 + 1, 1) - timedelta(days=1)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
