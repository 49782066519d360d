"""The three ways a check ends early: its parameters do not fit, the deliverable is bad, or we cannot tell."""

from evalkit.checks.result import Place
from evalkit.errors import EvalkitError, UsageError


class ParameterError(UsageError):
    """Values that a suite wrote do not fit a check's parameters. All problems are carried, in reading order."""

    def __init__(self, problems: tuple[str, ...]) -> None:
        self.problems = problems
        super().__init__("\n".join(problems))


class BadDeliverableError(EvalkitError):
    """The deliverable itself is missing, unreadable, malformed or unsafe: the check that met it is *failed*."""

    def __init__(self, found: str, *, wanted: str, at: Place | None = None) -> None:
        super().__init__(f"{at}: {found}; {wanted}" if at is not None else f"{found}; {wanted}")
        self.found = found
        self.wanted = wanted
        self.at = at


class NotMeasuredError(EvalkitError):
    """We could not tell, and it is not the deliverable's fault: the check is *errored*, never passed or failed."""

    cause = "check"
