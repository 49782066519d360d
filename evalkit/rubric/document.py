"""A rubric file: Markdown to values and back, byte for byte.

(types first; the parser is being written)
"""

from dataclasses import dataclass
from enum import StrEnum


class Weight(StrEnum):
    """How a criterion counts. `should` items are never sent: the platform has one binary verdict."""

    MUST = "must"
    SHOULD = "should"
    PITFALL = "pitfall"


@dataclass(frozen=True, slots=True, kw_only=True)
class Criterion:
    """One line of a rubric that can be decided on its own."""

    id: str
    """`[R1]` in the file gives R1; lines without an id get C1…Cn in order."""
    name: str
    """The text before its first full stop: what the grader's words echo."""
    text: str
    """The whole criterion without id and comments, white space folded to single spaces."""
    weight: Weight = Weight.MUST
    check: str | None = None
    """Check id named in the annotation comment, a cross-reference only."""
    line: int = 0
    """1-based line in the rubric file."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rubric:
    """A rubric: the file's text, its criteria, and exactly what is sent."""

    name: str
    source: str
    """The file's text, LF line ends, byte for byte."""
    sent: str
    """What the grader gets: source − front matter − comments − `should` items + verdict contract if asked for."""
    sha256: str
    """Of `sent`, UTF-8, hex: the rubric hash."""
    criteria: tuple[Criterion, ...]
    contract: int | None = None
    """Version of the verdict contract appended, None for none."""
