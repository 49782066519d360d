"""Makes invoices.json: `python make.py INPUTS OUTPUTS [flaw …]`; without a flaw it is right.

credit_positive   the credit note adds to the total instead of reducing it
decimal_comma     `1.240,00` is read as 1.24
days_swapped      day and month of the English dates are swapped where that gives a date
invoice_lost      the last invoice is missing
"""

import json
import re
import sys
from decimal import Decimal
from pathlib import Path

FLAWS = {"credit_positive", "decimal_comma", "days_swapped", "invoice_lost"}
NUMBER = re.compile(r"(?:Rechnung|FACTURE|no\.) (\S+)")
DATE = re.compile(r"(?i)dat(?:um|e):? (\S+)")
AMOUNTS = {
    "net": re.compile(r"(?:Nettobetrag|Total HT|Net amount:) +(?:GBP )?([\d.,]+)"),
    "tax": re.compile(r"(?:Umsatzsteuer|TVA|VAT:) +(?:GBP )?([\d.,]+)"),
    "total": re.compile(r"(?:Gesamtbetrag|Total TTC|Total [a-z ]+:) +(?:GBP )?([\d.,]+)"),
}


def main(inputs: Path, outputs: Path, flaws: set[str]) -> None:
    if unknown := flaws - FLAWS:
        sys.exit(f"unknown flaws: {', '.join(sorted(unknown))}")
    pages = (inputs / "invoices.txt").read_text(encoding="utf-8").split("-" * 40)
    invoices = [read(page.strip(), flaws) for page in pages]
    if "invoice_lost" in flaws:
        del invoices[-1]
    text = json.dumps(invoices, indent=2, ensure_ascii=False) + "\n"
    (outputs / "invoices.json").write_text(text, encoding="utf-8")


def read(page: str, flaws: set[str]) -> dict:
    is_german = page.startswith("Rechnung")
    is_credit = page.startswith("CREDIT NOTE")
    number = NUMBER.search(page)[1]
    supplier = page.split(" / ")[1].splitlines()[0] if " / " in page else page.splitlines()[1]
    sign = -1 if is_credit and "credit_positive" not in flaws else 1
    amounts = {
        key: float(sign * amount(pattern.search(page)[1], as_german=is_german and "decimal_comma" not in flaws))
        for key, pattern in AMOUNTS.items()
    }
    return {
        "number": number,
        "supplier": supplier.strip(),
        "kind": "credit_note" if is_credit else "invoice",
        "issued": iso(DATE.search(page)[1], swapped="days_swapped" in flaws),
        "currency": "EUR" if "EUR" in page else "GBP",
        **amounts,
    }


def amount(printed: str, *, as_german: bool) -> Decimal:
    """`1.240,00` as a German reads it; otherwise as a program does that knows the English way only."""
    if as_german:
        return Decimal(printed.replace(".", "").replace(",", "."))
    if printed.rfind(",") > printed.rfind("."):
        printed, _ = printed.split(",")
    return Decimal(printed.replace(",", ""))


def iso(date: str, *, swapped: bool) -> str:
    if "-" in date:
        return date
    day, month, year = re.split(r"[./]", date)
    if swapped and "/" in date and int(day) <= 12:
        day, month = month, day
    return f"{year}-{month}-{day}"


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), set(sys.argv[3:]))
