r"""A run as Markdown for GitHub: a job summary, a pull request comment, a file in git.

Text is shown as it is only where Markdown can make nothing of it; everything else stands in a code span, where no
markup, link, mention or HTML is live. The order is that of the records, so two reports can be compared line by line.
"""

import re

from tabulate import tabulate

from evalkit.report.headline import counts_lines, headline
from evalkit.report.plain import cut, plain
from evalkit.report.table import ROWS_TO_READ, Table
from evalkit.report.tables import report_tables
from evalkit.trial.metrics import summarise
from evalkit.trial.model import RunRecord

CELL_WIDTH = 160
"""A longer cell ends in `…`: GitHub cuts a comment at 65,536 characters."""


def render_markdown(run: RunRecord) -> str:
    """Every table of `run` as GitHub Markdown, below one heading that says how it went."""
    summary = summarise(run)
    blocks = [f"# {literal(headline(run, summary))}", f"backend: {literal(run.backend_label)}, run {literal(run.id)}"]
    if not summary.everything_measured:
        blocks.append("> [!WARNING]\n> Incomplete: not every trial asked for was measured.")
    blocks += [table_section(table.first(ROWS_TO_READ)) for table in report_tables(run, summary)]
    blocks.append("\n".join(f"- {literal(line)}" for line in counts_lines(summary)))
    return "\n\n".join(blocks)


def literal(text: str) -> str:
    """`text` as Markdown that shows exactly its plain form, also inside a table cell."""
    text = plain(text)
    if not text or _HARMLESS.fullmatch(text):
        return text
    longest_run = max((len(run) for run in re.findall("`+", text)), default=0)
    fence = "`" * (longest_run + 1)
    pad = " " if text[0] == "`" or text[-1] == "`" else ""
    # A table splits at a bare pipe even inside a code span. Backslashes before it are doubled, or they would free it.
    return fence + pad + re.sub(r"(\\*)\|", r"\1\1\\|", text) + pad + fence


_HARMLESS = re.compile(
    r"(?!.*(?:www\.|://|:[a-z0-9+-]+:|gh-[0-9]))"  # what GitHub turns into links and pictures
    r"[a-z0-9 .,;:/+()?=×→–−'…-]*",
    re.IGNORECASE,
)


def table_section(table: Table) -> str:
    """`table` below a heading of its own, its notes as a list."""
    grid = tabulate(
        [[literal(cut(cell, CELL_WIDTH)) for cell in row] for row in table.texts()],
        headers=[literal(header) for header in table.headers],
        tablefmt="pipe",
        colalign=["left" if column.is_text else "right" for column in table.columns],
        disable_numparse=True,
    )
    notes = "\n".join(f"- {literal(note)}" for note in table.legend())
    return "\n\n".join(part for part in (f"## {literal(table.title)}", grid, notes) if part)
