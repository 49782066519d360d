"""Makes triage.json: `python make.py INPUTS OUTPUTS [flaw …]`; without a flaw it is right.

believed        what a customer calls an outage is one, whatever the service's status says
plan_guessed    everyone with a company's address is taken for a team
local_time      reply times keep the ticket's own clock and call it UTC
ticket_lost     the last ticket is not there
queue_in_prose  queues are written as a person would say them
"""

import json
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

FLAWS = {"believed", "plan_guessed", "local_time", "ticket_lost", "queue_in_prose"}
HOURS = {"P1": 1, "P2": 4, "P3": 24}
SHARED = Path(__file__).parents[1]
"""Where the tools of this suite answer from: what an agent that asks them knows."""
ACCOUNTS = json.loads((SHARED / "accounts.json").read_text(encoding="utf-8"))
STATUS = [json.loads(call["text"]) for call in json.loads((SHARED / "service_status.json").read_text())["calls"]]
WORDS = {
    "access": ("locked out", "sign in", "code"),
    "billing": ("invoice", "refund", "billing"),
    "outage": ("down", "fail", "save", "sync", "import"),
}


def main(inputs: Path, outputs: Path, flaws: set[str]) -> None:
    if unknown := flaws - FLAWS:
        sys.exit(f"unknown flaws: {', '.join(sorted(unknown))}")
    tickets = json.loads((inputs / "tickets.json").read_text(encoding="utf-8"))
    decisions = [decide(ticket, flaws) for ticket in tickets]
    if "ticket_lost" in flaws:
        decisions.pop()
    (outputs / "triage.json").write_text(json.dumps(decisions, indent=1) + "\n", encoding="utf-8")


def decide(ticket: dict[str, str], flaws: set[str]) -> dict[str, str]:
    queue = queue_of(ticket, flaws)
    plan = ACCOUNTS[ticket["from"]]["plan"]
    if "plan_guessed" in flaws and plan != "free":
        plan = "team"
    received = datetime.fromisoformat(ticket["received_at"])
    if "local_time" in flaws:
        received = received.replace(tzinfo=UTC)
    priority = priority_of(queue, plan)
    reply_by = (received + timedelta(hours=HOURS[priority])).astimezone(UTC)
    shown = f"{queue} team" if "queue_in_prose" in flaws else queue
    return {
        "id": ticket["id"],
        "queue": shown,
        "plan": plan,
        "priority": priority,
        "reply_by": reply_by.strftime("%Y-%m-%dT%H:%M:%SZ"),
    }


def queue_of(ticket: dict[str, str], flaws: set[str]) -> str:
    text = f"{ticket['subject']} {ticket['body']}".lower()
    queue = next((queue for queue, words in WORDS.items() if any(word in text for word in words)), "how-to")
    if queue == "outage" and "believed" not in flaws and not was_down(text, ticket["received_at"]):
        return "how-to"
    return queue


def was_down(text: str, received_at: str) -> bool:
    """The service that a ticket is about was down on its day, in UTC."""
    service = "import" if "import" in text else "sync"
    day = datetime.fromisoformat(received_at).astimezone(UTC).date().isoformat()
    return {"service": service, "day": day, "status": "down"} in STATUS


def priority_of(queue: str, plan: str) -> str:
    if queue == "access" or (queue == "outage" and plan == "enterprise"):
        return "P1"
    return "P2" if queue == "outage" or (queue == "billing" and plan == "enterprise") else "P3"


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), set(sys.argv[3:]))
