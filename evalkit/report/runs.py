"""The runs on this machine: what `evalkit list` prints."""

from collections.abc import Sequence

from evalkit.report.table import Column, Table, Unit
from evalkit.report.tables import listed_apart
from evalkit.report.text_table import render_table
from evalkit.trial.metrics import summarise
from evalkit.trial.model import RunRecord


def render_runs(runs: Sequence[RunRecord], width: int) -> str:
    """One row a run, in the order given. `width` is at least 60."""
    return "\n".join(render_table(run_table(runs), width))


def run_table(runs: Sequence[RunRecord]) -> Table:
    """Which runs there are, in the order given."""
    return Table(
        title="Runs",
        columns=(
            Column(title="run"),
            Column(title="backend"),
            Column(title="launched", unit=Unit.COUNT),
            Column(title="ok", unit=Unit.COUNT),
            Column(title="apart"),
            Column(title="USD", unit=Unit.BILLED),
        ),
        rows=tuple(
            (
                run.id,
                run.backend,
                summary.total.counts.launched,
                summary.total.ok,
                listed_apart(summary.total),
                summary.total.whole_cost.usd,
            )
            for run, summary in ((run, summarise(run)) for run in runs)
        ),
        notes=("ok n/m: n of the m trials whose answer is known",),
    )
