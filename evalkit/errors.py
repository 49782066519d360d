"""Every exception evalkit raises on purpose, one tree.

    EvalkitError
    ├── UsageError                 2  suite    a command was asked for something that cannot be
    │   ├── SettingsError          2  suite    a flag, a variable, a key
    │   ├── SuiteError             2  suite    suite, agent, rubric or scenario text; carries every problem of the file
    │   ├── ParameterError         2  suite    what a task gives a check does not fit it (checks.problems)
    │   ├── UnknownCheckError      2  suite    no check has that name (checks.registry)
    │   └── RunNotFoundError       2  suite
    ├── StoreError                 3  evalkit  a write to the run's directory failed, or the directory is not a run
    ├── UnknownModelError          3  evalkit  no price for a model; never priced as zero
    ├── BadDeliverableError        3  agent    a deliverable is missing or malformed: the check fails (checks.problems)
    ├── NotMeasuredError           3  evalkit  a check cannot tell: it is errored (checks.problems)
    └── MeasurementError           3           the trial could not be measured
        ├── PlatformError          3  platform the API answered, and the answer ends the trial
        ├── NetworkError           3  network  no answer came, or not in time
        └── EmulatorError          3  evalkit  the local server did not start

A message is one plain line, `where: what was found; what would do`. Each class knows the boundary that broke, the
exit code it means for the command, and whether the same trial may be tried again with a fresh session.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import ClassVar


class Boundary(StrEnum):
    """Which side broke when a trial could not be measured."""

    PLATFORM = "platform"
    NETWORK = "network"
    EVALKIT = "evalkit"
    SUITE = "suite"
    AGENT = "agent"


class EvalkitError(Exception):
    """Raised on purpose; its text is one line for a person."""

    boundary: ClassVar[Boundary] = Boundary.EVALKIT
    exit_code: ClassVar[int] = 3
    cause: str = "evalkit"
    may_retry: bool = False


class UsageError(EvalkitError):
    """What was asked for cannot be done as asked; nothing was sent, nothing was spent."""

    boundary = Boundary.SUITE
    exit_code = 2
    cause = "usage"


class SettingsError(UsageError):
    """A setting, variable or key is missing or wrong."""


@dataclass(frozen=True, slots=True, order=True)
class Problem:
    """One thing wrong in one file."""

    file: str
    """Path as a person would type it: relative to the working directory where possible."""
    line: int
    """1-based; 0 when the problem belongs to the whole file."""
    message: str
    """`what was found; what would do`."""

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}" if self.line else self.file
        return f"{place}: {self.message}"


class SuiteError(UsageError):
    """A suite, or a file it names, is wrong. All problems found are carried, in file and line order."""

    def __init__(self, problems: "tuple[Problem, ...]") -> None:
        self.problems = tuple(sorted(problems))
        super().__init__("\n".join(str(problem) for problem in self.problems))


class RunNotFoundError(UsageError):
    """No run of that name lies in the run root."""


class StoreError(EvalkitError):
    """A run directory could not be read or written. New trials are not started after it."""

    cause = "store"


class UnknownModelError(EvalkitError):
    """The price table has no row for a model. A missing price is not zero."""

    cause = "unknown_model"


class MeasurementError(EvalkitError):
    """A trial could not be measured. Never a score.

    `cause` is the machine-readable word of `failure.cause` in the trial record.
    """

    def __init__(self, message: str, *, cause: str, may_retry: bool) -> None:
        super().__init__(message)
        self.cause = cause
        self.may_retry = may_retry


class PlatformError(MeasurementError):
    """The API answered, and the answer means that this trial cannot be measured."""

    boundary = Boundary.PLATFORM


class NetworkError(MeasurementError):
    """No answer, or none in time."""

    boundary = Boundary.NETWORK


class EmulatorError(EvalkitError):
    """The local server did not start or did not stay up."""

    cause = "emulator"
