"""What a grader can see in triage.json, one function a criterion: (outputs, inputs) -> (met, words).

It sees the tickets, but no account and no service: a wrong plan that fits its own priority looks right to it.
"""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

KEYS = {"id", "queue", "plan", "priority", "reply_by"}
QUEUES = {"outage", "access", "billing", "how-to"}
PLANS = {"free", "team", "enterprise"}
HOURS = {"P1": 1, "P2": 4, "P3": 24}


def R1(outputs: Path, inputs: Path) -> tuple[bool, str]:
    asked = [ticket["id"] for ticket in _tickets(inputs)]
    found = [row.get("id") for row in _rows(outputs)]
    missing = [ticket for ticket in asked if ticket not in found]
    return found == asked, f"{len(found)} objects for {len(asked)} tickets; missing: {', '.join(missing) or 'none'}."


def R2(outputs: Path, inputs: Path) -> tuple[bool, str]:
    rows = _rows(outputs)
    wrong = [row for row in rows if set(row) != KEYS]
    return bool(rows) and not wrong, f"{len(wrong)} of {len(rows)} objects have other keys than the five asked for."


def R3(outputs: Path, inputs: Path) -> tuple[bool, str]:
    return _all_in(outputs, "queue", QUEUES)


def R4(outputs: Path, inputs: Path) -> tuple[bool, str]:
    return _all_in(outputs, "plan", PLANS)


def R5(outputs: Path, inputs: Path) -> tuple[bool, str]:
    rows = _rows(outputs)
    wrong = [row for row in rows if row.get("priority") != _priority(row)]
    if wrong:
        return (
            False,
            f"{wrong[0].get('id')} is {wrong[0].get('priority')}, its queue and plan make it {_priority(wrong[0])}.",
        )
    return bool(rows), f"All {len(rows)} priorities follow from queue and plan."


def R6(outputs: Path, inputs: Path) -> tuple[bool, str]:
    received = {ticket["id"]: ticket["received_at"] for ticket in _tickets(inputs)}
    rows = _rows(outputs)
    for row in rows:
        hours = HOURS.get(str(row.get("priority")), 0)
        came = received.get(str(row.get("id")), "1970-01-01T00:00:00+00:00")
        wanted = (datetime.fromisoformat(came) + timedelta(hours=hours)).astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        if row.get("reply_by") != wanted:
            return False, f"{row.get('id')} came at {came}; its reply is due {wanted}, not {row.get('reply_by')}."
    return bool(rows), f"All {len(rows)} reply times follow from ticket and priority."


def _priority(row: dict[str, object]) -> str:
    # A queue that is worded otherwise is R3's to name.
    queue, plan = str(row.get("queue")).removesuffix(" team"), row.get("plan")
    if queue == "access" or (queue == "outage" and plan == "enterprise"):
        return "P1"
    return "P2" if queue == "outage" or (queue == "billing" and plan == "enterprise") else "P3"


def _all_in(outputs: Path, key: str, known: set[str]) -> tuple[bool, str]:
    rows = _rows(outputs)
    wrong = [row.get(key) for row in rows if row.get(key) not in known]
    if wrong:
        return (
            False,
            f"{len(wrong)} of {len(rows)} values of {key} are none of those asked for, the first is {wrong[0]!r}.",
        )
    return bool(rows), f"All {len(rows)} values of {key} are among those asked for."


def _rows(outputs: Path) -> list[dict[str, object]]:
    try:
        rows = json.loads((outputs / "triage.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return []
    return [row for row in rows if isinstance(row, dict)] if isinstance(rows, list) else []


def _tickets(inputs: Path) -> list[dict[str, str]]:
    return json.loads((inputs / "tickets.json").read_text(encoding="utf-8"))
