"""A comparison of two runs as text and as Markdown: which two, then every table."""

from evalkit.report.comparison import Pair
from evalkit.report.headline import headline
from evalkit.report.markdown import literal, table_section
from evalkit.report.plain import plain, wrap
from evalkit.report.table import ROWS_TO_READ, Table
from evalkit.report.text_table import render_table
from evalkit.trial.metrics import summarise
from evalkit.trial.model import RunRecord


def render_comparison(pair: Pair, tables: tuple[Table, ...], width: int) -> str:
    """`tables` about `pair`, below a line for each side; `width` is at least 60."""
    heads = [part for line in _heads(pair) for part in wrap(plain(line), width)]
    blocks = [heads, *(render_table(table.first(ROWS_TO_READ), width) for table in tables)]
    return "\n\n".join("\n".join(block) for block in blocks)


def render_comparison_markdown(pair: Pair, tables: tuple[Table, ...]) -> str:
    """The same as GitHub Markdown."""
    heads = "\n".join(f"- {literal(line)}" for line in _heads(pair))
    return "\n\n".join(["# Comparison", heads, *(table_section(table.first(ROWS_TO_READ)) for table in tables)])


def _heads(pair: Pair) -> tuple[str, str]:
    return f"before: {_head(pair.before)}", f"after: {_head(pair.after)}"


def _head(run: RunRecord) -> str:
    return f"{headline(run, summarise(run))}; run {run.id}, backend: {run.backend_label}"
