"""Writes tickets, oracle, accounts and service status of this task: `python generate.py FOLDER`, the task's own.

All of it comes from the records below; accounts and status go one folder up, to the tools that answer from them.
"""

import json
import sys
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

ACCOUNTS = {
    "ida@kestrel-freight.example": ("Kestrel Freight", "enterprise"),
    "ops@kestrel-freight.example": ("Kestrel Freight", "enterprise"),
    "bo@lumen-dental.example": ("Lumen Dental", "team"),
    "mara.vogel@web.example": ("Mara Vogel", "free"),
    "finance@northgate.example": ("Northgate Schools", "enterprise"),
    "teo@pinecone-games.example": ("Pinecone Games", "team"),
}
DOWN = {("sync", "2026-03-02"), ("import", "2026-03-03")}
SERVICES = ("sync", "import", "sign-in")
HOURS = {"P1": 1, "P2": 4, "P3": 24}
# address, queue, hours from UTC, received (local), subject, body
TICKETS = [
    (
        "ida@kestrel-freight.example",
        "outage",
        1,
        "2026-03-02T09:12",
        "Nothing saves",
        "Since eight nobody's sheets save.",
    ),
    ("bo@lumen-dental.example", "outage", -5, "2026-03-02T06:40", "Sync is stuck", "The circle turns and turns."),
    (
        "mara.vogel@web.example",
        "how-to",
        1,
        "2026-03-02T10:05",
        "Is the import down?",
        "My file with 80 columns fails.",
    ),
    ("finance@northgate.example", "billing", 0, "2026-03-02T11:30", "Invoice 2281", "It shows 40 seats, we have 36."),
    ("teo@pinecone-games.example", "access", 2, "2026-03-02T23:50", "Who is this?", "A person we let go can sign in."),
    ("mara.vogel@web.example", "billing", 1, "2026-03-03T08:02", "Refund", "I paid twice for March."),
    ("ops@kestrel-freight.example", "how-to", 1, "2026-03-03T08:15", "Freezing rows", "How do I freeze two rows?"),
    ("bo@lumen-dental.example", "outage", -5, "2026-03-03T04:33", "Import fails", "Every import ends with error 500."),
    ("ida@kestrel-freight.example", "access", 1, "2026-03-03T12:20", "Locked out", "My code is never accepted."),
    ("finance@northgate.example", "outage", 0, "2026-03-03T13:00", "Imports", "Forty teachers cannot import today."),
    ("teo@pinecone-games.example", "billing", 2, "2026-03-04T01:10", "Yearly plan", "Can we change to yearly billing?"),
    ("mara.vogel@web.example", "how-to", 1, "2026-03-04T09:45", "Sync again", "Is it down again? One sheet is old."),
]


def main(folder: Path) -> None:
    tickets, decisions = [], []
    for number, (address, queue, offset, local, subject, body) in enumerate(TICKETS):
        received = datetime.fromisoformat(local).replace(tzinfo=timezone(timedelta(hours=offset)))
        plan = ACCOUNTS[address][1]
        priority = priority_of(queue, plan)
        ticket = {"id": f"T-{4101 + number}", "from": address, "received_at": received.isoformat()}
        tickets.append({**ticket, "subject": subject, "body": body})
        reply_by = (received + timedelta(hours=HOURS[priority])).astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        decisions.append({"id": ticket["id"], "queue": queue, "plan": plan, "priority": priority, "reply_by": reply_by})
    queues = [{"id": decision["id"], "queue": decision["queue"]} for decision in decisions]
    write(folder / "inputs/tickets.json", tickets)
    write(folder / "expected.json", {"count": len(tickets), "queues": queues, "decisions": decisions})
    write(folder / "../accounts.json", {key: {"name": name, "plan": plan} for key, (name, plan) in ACCOUNTS.items()})
    calls = [status(service, day) for day in ("2026-03-02", "2026-03-03", "2026-03-04") for service in SERVICES]
    write(folder / "../service_status.json", {"format": "evalkit-fixtures/1", "calls": calls})


def priority_of(queue: str, plan: str) -> str:
    if queue == "access" or (queue == "outage" and plan == "enterprise"):
        return "P1"
    return "P2" if queue == "outage" or (queue == "billing" and plan == "enterprise") else "P3"


def status(service: str, day: str) -> dict:
    answer = {"service": service, "day": day, "status": "down" if (service, day) in DOWN else "up"}
    return {"tool": "service_status", "input": {"service": service, "day": day}, "text": json.dumps(answer)}


def write(path: Path, value: object) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(value, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
