"""The company behind the inbox, as far as the agent may ask it."""

import json
from pathlib import Path

ACCOUNTS = json.loads((Path(__file__).parent / "accounts.json").read_text(encoding="utf-8"))


def lookup_account(given, call):
    """Name and plan of the account with this address; a LookupError is what the agent sees for any other."""
    email = str(given.get("email", "")).strip().lower()
    if email not in ACCOUNTS:
        raise LookupError(f"no account has the address {email!r}")
    return json.dumps(ACCOUNTS[email])
