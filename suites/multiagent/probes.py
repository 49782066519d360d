"""What a grader can see in brief.json, one function a criterion: (outputs, inputs) -> (met, words).

It does not know the group's rate: whether pounds were converted, only a check can tell.
"""

import json
import re
from pathlib import Path

KEYS = {"branch", "revenue_eur", "cost_eur", "result_eur", "staff"}


def R1(outputs: Path, inputs: Path) -> tuple[bool, str]:
    branches = _branches(outputs)
    names = [branch.get("branch") for branch in branches]
    right = names == ["Lisbon", "Leeds"] and all(set(branch) == KEYS for branch in branches)
    return right, f"brief.json has {len(branches)} branches: {', '.join(map(str, names)) or 'none'}."


def R2(outputs: Path, inputs: Path) -> tuple[bool, str]:
    for branch in _branches(outputs):
        report = _report(inputs, str(branch.get("branch")).lower())
        found = re.findall(r"month (\d+) people worked here; (\d+) came and (\d+) left", report)
        before, came, left = map(int, found[0]) if found else (0, 0, 0)
        if branch.get("staff") != before + came - left:
            return (
                False,
                f"{branch.get('branch')} has staff {branch.get('staff')}, its report gives {before + came - left}.",
            )
    return bool(_branches(outputs)), "Staff of both branches follows from their reports."


def R3(outputs: Path, inputs: Path) -> tuple[bool, str]:
    report = _report(inputs, "lisbon")
    revenue = sum(_amounts(r"We took ([\d,.]+\d)", report))
    cost = sum(_amounts(r"^\|.*\| ([\d,.]+) \|$", report)) + sum(_amounts(r"cost another ([\d,.]+\d)", report))
    for branch in _branches(outputs):
        if branch.get("branch") == "Lisbon":
            right = _near(branch.get("revenue_eur"), revenue) and _near(branch.get("cost_eur"), cost)
            return right, f"Lisbon has cost {branch.get('cost_eur')}; lisbon.md adds up to {cost:.2f}."
    return False, "brief.json has no branch Lisbon."


def R4(outputs: Path, inputs: Path) -> tuple[bool, str]:
    branches = _branches(outputs)
    results = [_number(branch.get("revenue_eur")) - _number(branch.get("cost_eur")) for branch in branches]
    each = all(_near(branch.get("result_eur"), result) for branch, result in zip(branches, results, strict=True))
    top = _brief(outputs).get("result_eur")
    return bool(branches) and each and _near(
        top, sum(results)
    ), f"The sum at the top is {top}; the branches' is {sum(results):.2f}."


def _brief(outputs: Path) -> dict[str, object]:
    try:
        brief = json.loads((outputs / "brief.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return brief if isinstance(brief, dict) else {}


def _branches(outputs: Path) -> list[dict[str, object]]:
    branches = _brief(outputs).get("branches")
    return [branch for branch in branches if isinstance(branch, dict)] if isinstance(branches, list) else []


def _report(inputs: Path, name: str) -> str:
    path = inputs / f"{name}.md"
    return path.read_text(encoding="utf-8") if path.is_file() else ""


def _amounts(pattern: str, report: str) -> list[float]:
    return [float(text.replace(",", "")) for text in re.findall(pattern, report, re.MULTILINE)]


def _number(value: object) -> float:
    return float(value) if isinstance(value, int | float) else 0.0


def _near(value: object, wanted: float) -> bool:
    return isinstance(value, int | float) and abs(value - wanted) < 0.006
