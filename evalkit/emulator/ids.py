"""Identifiers as the platform writes them: a prefix, `01`, and 22 base58 characters (recorded, 2026-08)."""

import secrets

_ALPHABET = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"


def new_id(prefix: str) -> str:
    """A fresh identifier such as `sevt_014KhFvHeDgm3G8WQiRuMXMf` for the prefix `sevt`."""
    return f"{prefix}_01" + "".join(secrets.choice(_ALPHABET) for _ in range(22))
