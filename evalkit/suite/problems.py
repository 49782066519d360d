"""What can be wrong with a suite: one rule for each, and the collector that reports all of them at once.

A rule is not part of a message. It is there so that a test can show, for every rule, an example that this rule and no
other refuses.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from enum import StrEnum, auto

from evalkit.errors import Problem, SuiteError


class Rule(StrEnum):
    """One thing that a suite, or a file it names, must not do."""

    # the text of a file
    FILE_SIZE = auto()
    ENCODING = auto()
    SYNTAX = auto()
    DEPTH = auto()
    ONE_DOCUMENT = auto()
    ANCHOR = auto()
    ALIAS = auto()
    TAG = auto()
    MERGE_KEY = auto()
    DUPLICATE_KEY = auto()
    KEY_TYPE = auto()
    AMBIGUOUS = auto()
    NUMBER_RANGE = auto()
    CHARACTER = auto()
    # the shape of what it says
    TYPE = auto()
    MISSING_KEY = auto()
    UNKNOWN_KEY = auto()
    LATER_KEY = auto()
    ONE_FORM = auto()
    FORMAT = auto()
    CHOICE = auto()
    ID = auto()
    RANGE = auto()
    TEXT_LENGTH = auto()
    DURATION = auto()
    MONEY = auto()
    EMPTY = auto()
    FLAT_NAME = auto()
    TOOL_TYPE = auto()
    RESOURCE_TYPE = auto()
    REMOTE_ID = auto()
    PATTERN = auto()
    # what it says, taken together
    ROOT = auto()
    SUITE_NAME = auto()
    SCENARIO = auto()
    ABSOLUTE_PATH = auto()
    OUTSIDE_ROOT = auto()
    NO_FILE = auto()
    UNREADABLE = auto()
    UNIQUE_TASK = auto()
    UNIQUE_VARIANT = auto()
    UNIQUE_CHECK = auto()
    UNIQUE_DELIVERABLE = auto()
    UNIQUE_INPUT = auto()
    NO_RUBRIC = auto()
    RUBRIC = auto()
    SYSTEM_TWICE = auto()
    ROSTER_TWICE = auto()
    HOSTED = auto()
    OVERRIDE = auto()
    HANDLER = auto()
    FIXTURES = auto()
    NO_TOOL = auto()
    DENIAL = auto()
    EXPECTED = auto()
    REFERENCE = auto()
    INPUT_NAME = auto()
    NO_CHECK = auto()
    PARAMETER = auto()
    CRITERION = auto()


@dataclass(frozen=True, slots=True, order=True)
class Location:
    """A line of a file."""

    file: str
    """As a person would type it."""
    line: int
    """1-based; 0 for the whole file."""


@dataclass(slots=True)
class Findings:
    """The problems of one suite, collected while it is read."""

    without: frozenset[Rule] = frozenset()
    """Rules that are not held. Empty outside of tests."""
    problems: list[tuple[Rule, Problem]] = field(default_factory=list)
    notices: list[Problem] = field(default_factory=list)
    """What was read in another way than it is written; it keeps nothing from running."""

    def add(self, rule: Rule, at: Location, message: str) -> None:
        """`message` is one line: what was found; what would do."""
        if rule not in self.without:
            self.problems.append((rule, Problem(at.file, at.line, message)))

    def note(self, at: Location, message: str) -> None:
        """`message` is one line: what was found; how it is taken."""
        self.notices.append(Problem(at.file, at.line, message))

    def raise_if_any(self) -> None:
        """Raises SuiteError with every problem, each once: a file that two tasks name is read twice."""
        if self.problems:
            raise SuiteError(tuple({problem for _, problem in self.problems}))


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """`did you mean 'x'?`, or the list of what is known where nothing is close."""
    names: Sequence[str] = sorted(known)
    close = get_close_matches(word, names, n=1)
    if close:
        return f"did you mean {close[0]!r}?"
    return f"known are {', '.join(names)}" if names else "none is known"
