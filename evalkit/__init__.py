"""evalkit: outcomes evaluation for Claude Managed Agents.

run_suite, load_suite, load_run      see `evalkit.api`
Suite, RunRecord, TrialRecord        what they return: frozen values, documented field by field
frames                               a run as pandas frames, see `evalkit.report.frames`
EvalkitError                         everything raised on purpose; its text is one line for a person
check, Check, File, Finding          for a suite's own `checks.py`, see `evalkit.checks`
CheckResult                          what a Finding becomes in a record
ToolCall                             what a suite's tool handler is told of the call it answers

Nothing is imported before it is asked for.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from evalkit.api import load_run, load_suite, run_suite
    from evalkit.checks import Check, File, Finding, check
    from evalkit.checks.result import CheckResult
    from evalkit.errors import EvalkitError
    from evalkit.report import frames
    from evalkit.runner.handlers import ToolCall
    from evalkit.suite.model import Suite
    from evalkit.trial.model import RunRecord, TrialRecord

__version__ = "0.1.0"

__all__ = [
    "Check",
    "CheckResult",
    "EvalkitError",
    "File",
    "Finding",
    "RunRecord",
    "Suite",
    "ToolCall",
    "TrialRecord",
    "check",
    "frames",
    "load_run",
    "load_suite",
    "run_suite",
]

_HOMES = {
    "Check": "checks",
    "CheckResult": "checks.result",
    "EvalkitError": "errors",
    "File": "checks",
    "Finding": "checks",
    "RunRecord": "trial.model",
    "Suite": "suite.model",
    "ToolCall": "runner.handlers",
    "TrialRecord": "trial.model",
    "check": "checks",
}


if not TYPE_CHECKING:  # a type checker knows the names from above, and what is none of them is an error to it

    def __getattr__(name: str) -> object:
        """A public name, from its home."""
        if name == "frames":
            return import_module(f"{__name__}.report.frames")
        if name in __all__:
            return getattr(import_module(f"{__name__}.{_HOMES.get(name, 'api')}"), name)
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
