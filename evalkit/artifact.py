"""One file the agent delivered, known by its content."""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

_LONGEST_NAME = 200
"""Bytes of UTF-8: file systems stop at 255, and a number may be put before it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Artifact:
    """A delivered file. Two artifacts with one `sha256` are the same bytes."""

    name: str
    """Flat, sanitised file name: what the person and the checks call it."""
    sha256: str
    """Lower-case hex of the whole content, 64 characters."""
    size_bytes: int
    media_type: str | None
    """As the Files API states it; None where nobody stated one."""
    rebuilt: bool = False
    """Made again from a recorded session's write and edit events, not downloaded."""


def safe_names(names: Sequence[str]) -> tuple[str, ...]:
    """One flat, visible, unique file name for each of `names`, in order; a plain name stays as it is."""
    taken: set[str] = set()
    safe = []
    for name in names:
        flat = re.split(r"[/\\]", unicodedata.normalize("NFC", name))[-1]
        visible = "".join("_" if unicodedata.category(char)[0] in "CZ" and char != " " else char for char in flat)
        base = visible.strip().encode("utf-8", "replace")[-_LONGEST_NAME:].decode("utf-8", "ignore")
        if base in {"", ".", ".."}:
            base = "unnamed"
        unique, count = base, 1
        while unique.casefold() in taken:
            count += 1
            unique = f"{count}~{base}"
        taken.add(unique.casefold())
        safe.append(unique)
    return tuple(safe)
