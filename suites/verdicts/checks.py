"""A check that cannot do its work: what it looks at says nothing of the deliverable."""

from evalkit.checks.deliverables import Check
from evalkit.checks.registry import check
from evalkit.checks.result import Finding


@check(version=1)
def broken(on: Check) -> Finding:
    """Nothing: it raises, as a check with a mistake in it does."""
    _ = on
    raise ZeroDivisionError("no row to divide by")
