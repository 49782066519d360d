"""Our own deterministic look at delivered files. A check is a program that knows; the grader is a model that reads.

    from evalkit.checks import Check, File, Finding, Value, check

    @check(version=1)
    def memo_agrees(on: Check, *, memo: File, total: Value) -> Finding:
        value, place = on.value(total)
        ...
        return on.failed(found="4,920.87", wanted="4,804.19", at=on.place(memo, line=7))

A deliverable that is missing, unreadable or unsafe makes a check *failed*; our own trouble makes it *errored*. Checks
run in a limited child process (`execute`), because whatever an agent delivers is hostile until shown otherwise.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from evalkit.checks.adapters import File, Files, Table, Text, Value
    from evalkit.checks.deliverables import Check
    from evalkit.checks.registry import check
    from evalkit.checks.result import Finding

__all__ = ["Check", "File", "Files", "Finding", "Table", "Text", "Value", "check"]

_HOMES = {"Check": "deliverables", "Finding": "result", "check": "registry"}


def __getattr__(name: str) -> object:
    """A public name, imported when first asked for: who needs `checks.result` alone does not pay for the rest."""
    if name in __all__:
        return getattr(import_module(f"{__name__}.{_HOMES.get(name, 'adapters')}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
