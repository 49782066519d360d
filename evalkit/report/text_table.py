"""A table as text of a given width, for a terminal or a log.

Text columns are narrowed and their cells wrapped; a number is never cut. Where even that does not fit, every row
becomes a block of `column  value` lines.
"""

from tabulate import tabulate

from evalkit.report.plain import columns, fitting, plain, wrap
from evalkit.report.table import Table

LINES_A_CELL = 6
"""A cell longer than this ends in `…`; the whole text is in `evalkit show`."""

_GAP = 2
"""Columns that tabulate's `plain` format leaves between two columns."""

_WIDE = "\N{WORD JOINER}"
"""Follows each character that takes two columns: tabulate then counts two, whether or not `wcwidth` is installed."""


def render_table(table: Table, width: int) -> list[str]:
    """The lines of `table`, at most `width` columns each: title, rows, notes."""
    texts = table.texts()
    lines = wrap(plain(table.title), width)
    if texts:
        widths = _fit(table, texts, width)
        lines += _render_blocks(table, texts, width) if widths is None else _render_grid(table, texts, widths)
    for note in table.legend():
        lines += wrap(note, width)
    return lines


def _fit(table: Table, texts: tuple[tuple[str, ...], ...], width: int) -> list[int] | None:
    """The width of each column so that all fit into `width`; None when they cannot."""
    available = width - _GAP * (len(table.columns) - 1)
    cells = list(zip(*texts, strict=True))
    titles = [_longest_word((column.title,)) for column in table.columns]
    natural = [min(width, max(title, *map(columns, column))) for title, column in zip(titles, cells, strict=True)]
    for longest in (16, 8):
        floors = [
            max(title, min(full, longest, _longest_word(column))) if spec.is_text else full
            for title, full, column, spec in zip(titles, natural, cells, table.columns, strict=True)
        ]
        if sum(floors) <= available:
            return _narrow(natural, floors, available)
    return None


def _narrow(widths: list[int], floors: list[int], available: int) -> list[int]:
    """`widths` reduced to a sum of at most `available`, the widest first, none below its floor."""
    widths = list(widths)
    while sum(widths) > available:
        _, widest = max((width, index) for index, width in enumerate(widths) if width > floors[index])
        widths[widest] -= 1
    return widths


def _longest_word(texts: tuple[str, ...]) -> int:
    return max(columns(word) for text in texts for word in text.split() or [""])


def _render_grid(table: Table, texts: tuple[tuple[str, ...], ...], widths: list[int]) -> list[str]:
    # The header is a row like any other: as `headers`, tabulate would widen each column by two.
    rows = [[_cell(text, width) for text, width in zip(row, widths, strict=True)] for row in (table.headers, *texts)]
    rule = ["-" * max(len(line) for cell in column for line in cell.split("\n")) for column in zip(*rows, strict=True)]
    grid = tabulate(
        [rows[0], rule, *rows[1:]],
        tablefmt="plain",
        colalign=["left" if column.is_text else "right" for column in table.columns],
        disable_numparse=True,
    )
    return _lines(grid)


def _cell(text: str, width: int) -> str:
    lines = wrap(text, max(width, 2))
    if len(lines) > LINES_A_CELL:
        last = fitting(lines[LINES_A_CELL - 1], width - 1).rstrip() + "…"
        lines = [*lines[: LINES_A_CELL - 1], last]
    return "\n".join(line if line.isascii() else _mark_wide(line) for line in lines)


def _mark_wide(text: str) -> str:
    return "".join(char + _WIDE if columns(char) == 2 else char for char in text)


def _render_blocks(table: Table, texts: tuple[tuple[str, ...], ...], width: int) -> list[str]:
    """Each row as a block of lines, a blank line between two rows; empty cells are left out."""
    title_width = min(width // 3, max(map(columns, table.headers)))
    lines: list[list[str]] = []
    for row in texts:
        lines += [
            [_cell(title, title_width), _cell(cell, width - title_width - _GAP)]
            for title, cell in zip(table.headers, row, strict=True)
            if cell
        ]
        lines.append(["", ""])
    return _lines(tabulate(lines[:-1], tablefmt="plain", disable_numparse=True))


def _lines(drawn: str) -> list[str]:
    return [line.rstrip() for line in drawn.replace(_WIDE, "").split("\n")]
