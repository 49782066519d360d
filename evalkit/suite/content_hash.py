"""The hash of a value's content: what makes two trials the same trial."""

import json
from hashlib import sha256

from evalkit.checks.result import Json


def hash_of(value: Json) -> str:
    """SHA-256, hex, of `value` as canonical JSON: sorted keys, no spaces, UTF-8."""
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    return sha256(text.encode()).hexdigest()
