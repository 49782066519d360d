"""Writes the inputs and the oracle of this task: `python generate.py FOLDER`. Both come from the true records below."""

import json
import sys
from decimal import Decimal
from pathlib import Path
from typing import NamedTuple

NORDHAUS, LACROIX, HARROW = "Nordhaus Logistik GmbH", "Société Lacroix", "Harrow & Pine Ltd"


class Invoice(NamedTuple):
    number: str
    supplier: str
    kind: str
    issued: str
    currency: str
    net: Decimal
    tax: Decimal
    layout: str


INVOICES = [
    Invoice("RE-2026-0117", NORDHAUS, "invoice", "2026-02-03", "EUR", Decimal("1240.00"), Decimal("235.60"), "german"),
    Invoice("F26-0418", LACROIX, "invoice", "2026-02-11", "EUR", Decimal("312.50"), Decimal("62.50"), "plain"),
    Invoice("HP/5521", HARROW, "invoice", "2026-02-09", "GBP", Decimal("4899.95"), Decimal("979.99"), "english"),
    Invoice(
        "RE-2026-0131", NORDHAUS, "invoice", "2026-02-20", "EUR", Decimal("18750.40"), Decimal("3562.58"), "german"
    ),
    Invoice("CN/5530", HARROW, "credit_note", "2026-02-24", "GBP", Decimal("-410.00"), Decimal("-82.00"), "english"),
    Invoice("F26-0455", LACROIX, "invoice", "2026-02-27", "EUR", Decimal("95.83"), Decimal("19.17"), "plain"),
]

GERMAN = """Rechnung {number}
{supplier}
Datum: {day}.{month}.{year}
Nettobetrag     {net} EUR
Umsatzsteuer    {tax} EUR
Gesamtbetrag    {total} EUR
"""
PLAIN = """FACTURE {number} / {supplier}
Date {year}-{month}-{day}
Total HT {net} EUR
TVA {tax} EUR
Total TTC {total} EUR
"""
ENGLISH = """{title} no. {number}
{supplier}
Date: {day}/{month}/{year}
Net amount: GBP {net}
VAT: GBP {tax}
Total {owed}: GBP {total}
"""


def main(folder: Path) -> None:
    (folder / "inputs").mkdir(parents=True, exist_ok=True)
    text = f"\n{'-' * 40}\n\n".join(page(invoice) for invoice in INVOICES)
    (folder / "inputs/invoices.txt").write_text(text, encoding="utf-8")
    oracle = {"invoices": [record(invoice) for invoice in INVOICES], "count": len(INVOICES)}
    (folder / "expected.json").write_text(json.dumps(oracle, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def page(invoice: Invoice) -> str:
    year, month, day = invoice.issued.split("-")
    net, tax, total = (amount(abs(a), invoice.layout) for a in (invoice.net, invoice.tax, invoice.net + invoice.tax))
    is_credit = invoice.kind == "credit_note"
    return {"german": GERMAN, "plain": PLAIN, "english": ENGLISH}[invoice.layout].format(
        number=invoice.number,
        supplier=invoice.supplier,
        title="CREDIT NOTE" if is_credit else "INVOICE",
        owed="credited to you" if is_credit else "due",
        year=year,
        month=month,
        day=day,
        net=net,
        tax=tax,
        total=total,
    )


def amount(value: Decimal, layout: str) -> str:
    if layout == "german":
        return f"{value:,.2f}".translate(str.maketrans(",.", ".,"))
    return f"{value:,.2f}" if layout == "english" else f"{value:.2f}"


def record(invoice: Invoice) -> dict:
    amounts = {"net": float(invoice.net), "tax": float(invoice.tax), "total": float(invoice.net + invoice.tax)}
    return {
        "number": invoice.number,
        "supplier": invoice.supplier,
        "kind": invoice.kind,
        "issued": invoice.issued,
        "currency": invoice.currency,
        **amounts,
    }


if __name__ == "__main__":
    main(Path(sys.argv[1]))
