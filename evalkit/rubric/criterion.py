"""One line of a rubric that can be decided on its own."""

from dataclasses import dataclass
from enum import StrEnum

CRITERION_ID = r"[A-Za-z][A-Za-z0-9_-]{0,31}"
"""What an id looks like, as a regular expression to be matched whole."""


class Weight(StrEnum):
    """How a criterion counts. `should` items are never sent: the platform has one binary verdict."""

    MUST = "must"
    SHOULD = "should"
    PITFALL = "pitfall"


@dataclass(frozen=True, slots=True, kw_only=True)
class Criterion:
    """One line of a rubric that can be decided on its own."""

    id: str
    """`[R1]` in the file gives R1; the n-th criterion, when it has no id, gets Cn."""
    name: str
    """The text before its first full stop: what the grader's words echo."""
    text: str
    """The whole criterion without id and comments, white space folded to single spaces."""
    weight: Weight = Weight.MUST
    check: str | None = None
    """Check id named in the annotation comment, a cross-reference only."""
    line: int = 0
    """1-based line in the rubric file."""

    @property
    def is_sent(self) -> bool:
        """True when the grader reads it."""
        return self.weight is not Weight.SHOULD
