"""What an exit code means, in one place."""

from enum import IntEnum


class ExitCode(IntEnum):
    """The codes that evalkit's commands return."""

    MEASURED = 0
    """Everything asked for was measured."""
    REGRESSED = 1
    """The gate found a regression, or a rate that was asked for was missed."""
    USAGE = 2
    """A command, suite, rubric or setting is wrong: nothing trustworthy was measured."""
    INCOMPLETE = 3
    """Too little was measured, or nothing ran."""
    SPENT = 4
    """A spend cap stopped the run."""
    INTERRUPTED = 130
