"""Keys and tokens masked in everything a report can show.

A suite's files, a model's words and an error's text may hold a secret. What looks like one of the well-known kinds is
always masked; a project names its own patterns in `[tool.evalkit] redact`. What lies in the run's folder stays as it
is, and so do the delivered files: a preview of one is masked, the file is not.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import fields, is_dataclass, replace
from datetime import datetime
from decimal import Decimal
from enum import Enum
from functools import cache
from types import NoneType
from typing import TypeAlias, TypeVar, cast

from evalkit.trial.model import Cost, Durations, RunRecord, Tokens

MASK = "[masked]"

Secrets: TypeAlias = tuple[re.Pattern[str], ...]

_KINDS = (
    r"sk-ant-[A-Za-z0-9_-]{8,}",  # Anthropic keys
    r"sk-[A-Za-z0-9_-]{20,}",  # keys made in the same manner by others
    r"\b(?:ghp|gho|ghu|ghs|ghr)_[A-Za-z0-9]{20,}",  # GitHub tokens
    r"\bgithub_pat_[A-Za-z0-9_]{20,}",
    r"\b(?:AKIA|ASIA)[A-Z0-9]{16}\b",  # AWS access keys
    r"\bAIza[A-Za-z0-9_-]{35}",  # Google API keys
    r"\bxox[abprs]-[A-Za-z0-9-]{10,}",  # Slack tokens
    r"\beyJ[A-Za-z0-9_-]{10,}\.eyJ[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]+",  # JSON web tokens
    r"(?i:\bbearer)\s+[A-Za-z0-9._~+/-]{16,}=*",
    r"-----BEGIN [A-Z ]*PRIVATE KEY-----[\s\S]*?(?:-----END [A-Z ]*PRIVATE KEY-----|$)",
)

_KNOWN = re.compile("|".join(f"(?:{kind})" for kind in _KINDS))

_NO_TEXT = (NoneType, Enum, int, float, Decimal, datetime, Cost, Durations, Tokens)
"""What holds no text from outside; most values of a big run."""

T = TypeVar("T")


def secrets_of(patterns: Sequence[str] = ()) -> Secrets:
    """What to mask: the well-known kinds, then `patterns`, regular expressions that compile."""
    return (_KNOWN, *map(re.compile, patterns))


def masked_run(run: RunRecord, secrets: Secrets) -> RunRecord:
    """`run` with everything that `secrets` find in its texts masked."""
    return masked(run, secrets)


def masked_text(text: str, secrets: Secrets) -> str:
    """`text` with everything that `secrets` find masked; what they find empty stays."""
    for secret in secrets:
        if secret.search(text) is not None:
            text = secret.sub(lambda match: MASK if match[0] else "", text)
    return text


def masked(value: T, secrets: Secrets) -> T:
    """`value` itself where nothing in it is secret, else the same made again with masks."""
    made: object = value
    if isinstance(value, _NO_TEXT):
        return value
    if isinstance(value, str):
        made = masked_text(value, secrets)
    elif isinstance(value, tuple):
        parts = tuple([masked(part, secrets) for part in value])
        made = parts if any(new is not old for new, old in zip(parts, value, strict=True)) else value
    elif isinstance(value, Mapping):
        made = {masked(key, secrets): masked(part, secrets) for key, part in value.items()}
        made = value if made == value else made
    elif is_dataclass(value) and not isinstance(value, type):
        changes = {}
        for name in _names(type(value)):
            old = getattr(value, name)
            new = masked(old, secrets)
            if new is not old:
                changes[name] = new
        made = replace(value, **changes) if changes else value
    return cast("T", made)


@cache
def _names(kind: type) -> tuple[str, ...]:
    return tuple(field.name for field in fields(kind))
