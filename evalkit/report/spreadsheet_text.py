"""Text that a spreadsheet program shows and does not run: for CSV files and workbooks.

A cell that begins with `=`, `+`, `-` or `@` may be taken for a formula, and in CSV also one that begins with a tab or a
carriage return (OWASP, CSV injection). Such text gets an apostrophe in front, which spreadsheet programs do not show.
"""

from evalkit.report.plain import plain

LONGEST_CELL = 32_767
"""Characters an Excel cell can hold."""

_STARTS_FORMULA = ("=", "+", "-", "@")


def inert(text: str) -> str:
    """Plain `text` that no spreadsheet program takes for a formula, short enough for a cell."""
    shown = plain(text)
    if shown.startswith(_STARTS_FORMULA):
        shown = f"'{shown}"
    return shown if len(shown) <= LONGEST_CELL else shown[: LONGEST_CELL - 1] + "…"
