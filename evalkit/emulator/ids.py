"""Identifiers as the platform writes them: a prefix, `01`, and 22 base58 characters (recorded, 2026-08)."""

import secrets

_ALPHABET = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"


def new_id(prefix: str) -> str:
    """A fresh identifier such as `sevt_014KhFvHeDgm3G8WQiRuMXMf` for the prefix `sevt`."""
    # One call for all 22: identifiers are a good part of what an event costs.
    return f"{prefix}_01" + "".join(_ALPHABET[byte % len(_ALPHABET)] for byte in secrets.token_bytes(22))
