"""What a grader can see in invoices.json, one function a criterion: (outputs, inputs) -> (met, words)."""

import json
import re
from pathlib import Path

KEYS = {"number", "supplier", "kind", "issued", "currency", "net", "tax", "total"}


def R1(outputs: Path, inputs: Path) -> tuple[bool, str]:
    pages = _text(inputs).split("-" * 40)
    found = _invoices(outputs)
    missing = [
        page.split("\n")[0] for page in map(str.strip, pages) if not any(str(i.get("number")) in page for i in found)
    ]
    if missing:
        return False, f"invoices.json has {len(found)} objects for {len(pages)} documents; missing: {missing[0]}."
    return len(found) == len(pages), f"invoices.json has {len(found)} objects for {len(pages)} documents."


def R2(outputs: Path, inputs: Path) -> tuple[bool, str]:
    found = _invoices(outputs)
    odd = [str(i.get("number")) for i in found if set(i) != KEYS]
    return bool(found) and not odd, f"Objects with other keys than the eight: {', '.join(odd) or 'none'}."


def R3(outputs: Path, inputs: Path) -> tuple[bool, str]:
    found = _invoices(outputs)
    wrong = [
        str(i.get("issued")) for i in found if not re.fullmatch(r"\d{4}-(0[1-9]|1[0-2])-\d{2}", str(i.get("issued")))
    ]
    return bool(found) and not wrong, f"Values of issued that are no ISO date: {', '.join(wrong) or 'none'}."


def R4(outputs: Path, inputs: Path) -> tuple[bool, str]:
    found = _invoices(outputs)
    for invoice in found:
        net, tax, total = (_number(invoice.get(key)) for key in ("net", "tax", "total"))
        if abs(net + tax - total) >= 0.005:
            return False, f"{invoice.get('number')}: {net} + {tax} is not {total}."
    return bool(found), "net + tax = total in every object."


def R5(outputs: Path, inputs: Path) -> tuple[bool, str]:
    notes = [i for i in _invoices(outputs) if i.get("kind") == "credit_note"]
    wrong = [i for i in notes if not all(_number(i.get(key)) < 0 for key in ("net", "tax", "total"))]
    if wrong:
        return False, f"{wrong[0].get('number')} is a credit note and has total {wrong[0].get('total')}, not negative."
    return bool(notes), f"{len(notes)} credit note, its three amounts negative."


def R6(outputs: Path, inputs: Path) -> tuple[bool, str]:
    printed = re.findall(r"[\d.,]*\d[.,]\d{2}\b", _text(inputs))
    amounts = {re.sub(r"[.,]", "", amount) for amount in printed}
    for invoice in _invoices(outputs):
        for key in ("net", "tax", "total"):
            if f"{abs(_number(invoice.get(key))):.2f}".replace(".", "").lstrip("0") not in {
                a.lstrip("0") for a in amounts
            }:
                return False, f"{invoice.get('number')}: {key} {invoice.get(key)} is not printed in invoices.txt."
    return bool(_invoices(outputs)), "Every amount is printed in invoices.txt."


def _number(value: object) -> float:
    return value if isinstance(value, int | float) and not isinstance(value, bool) else float("nan")


def _invoices(outputs: Path) -> list[dict]:
    try:
        found = json.loads((outputs / "invoices.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return []
    return [invoice for invoice in found if isinstance(invoice, dict)] if isinstance(found, list) else []


def _text(inputs: Path) -> str:
    return (inputs / "invoices.txt").read_text(encoding="utf-8")
