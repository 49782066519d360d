"""Writes the inputs and the oracle of this task: `python generate.py FOLDER`. Both come from the orders drawn below."""

import csv
import json
import sys
from decimal import Decimal
from pathlib import Path
from random import Random

HEADER = ["order_id", "date", "region", "product", "quantity", "unit_price", "status"]
REGIONS = ["North", "South", "East", "West"]
PRODUCTS = [("Carton 40", "1.85"), ("Carton 60", "2.40"), ("Pallet wrap", "14.90"), ("Tape 50 mm", "3.15")]


def main(folder: Path) -> None:
    draw = Random(20260101)
    orders = []
    for number in range(120):
        product, price = PRODUCTS[int(draw.random() * 4)]
        orders.append(
            {
                "order_id": f"SO-{40001 + number}",
                "date": f"2026-{1 + number // 40:02}-{1 + number % 28:02}",
                "region": REGIONS[int(draw.random() * 4)],
                "product": product,
                "quantity": 10 + int(draw.random() * 190),
                "unit_price": price,
                "status": "cancelled" if draw.random() < 0.12 else "shipped",
            }
        )
    (folder / "inputs").mkdir(parents=True, exist_ok=True)
    with (folder / "inputs/orders.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, HEADER, lineterminator="\n")
        writer.writeheader()
        writer.writerows(orders)
    (folder / "expected.json").write_text(json.dumps(oracle(orders), indent=1) + "\n", encoding="utf-8")


def oracle(orders: list[dict]) -> dict:
    shipped = [order for order in orders if order["status"] == "shipped"]
    regions = [summary(name, [o for o in shipped if o["region"] == name]) for name in sorted(REGIONS)]
    total = summary("Total", shipped)
    return {"summary": [*regions, total], "revenue": total["Revenue"], "regions": [row["Region"] for row in regions]}


def summary(name: str, orders: list[dict]) -> dict:
    revenue = sum((Decimal(order["unit_price"]) * order["quantity"] for order in orders), Decimal(0))
    units = sum(order["quantity"] for order in orders)
    return {"Region": name, "Orders": len(orders), "Units": units, "Revenue": float(revenue)}


if __name__ == "__main__":
    main(Path(sys.argv[1]))
