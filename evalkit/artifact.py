"""One file the agent delivered, known by its content."""

from dataclasses import dataclass


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
