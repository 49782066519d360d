"""A run as pandas frames, for one's own analyses: `evalkit.frames`.

    run = evalkit.load_run("last")
    evalkit.frames.trials(run).groupby("task")["ok"].mean()

`columns(run)` says what every column means. Flags are `boolean`, counts `Int64`, seconds `Float64`, text `string`, and
times `datetime64[ns, UTC]`: each knows "not known" as `pd.NA` or `NaT`, which no mean counts. Money is Decimal in a
column of objects, None where it is not known; `dropna().sum()` is exact.
"""

from typing import TypeAlias

import pandas as pd

from evalkit.report import facts
from evalkit.report.facts import Facts, Kind
from evalkit.trial.model import RunRecord

Frame: TypeAlias = pd.DataFrame

_DTYPES = {
    Kind.TEXT: "string",
    Kind.FLAG: "boolean",
    Kind.COUNT: "Int64",
    Kind.NUMBER: "Float64",
    Kind.SECONDS: "Float64",
    Kind.USD: "object",
    Kind.TIME: "datetime64[ns, UTC]",
}


def trials(run: RunRecord) -> Frame:
    """One row a trial, in plan order: its last attempt."""
    return frame(facts.trial_facts(run))


def attempts(run: RunRecord) -> Frame:
    """One row an earlier attempt, with the columns of `trials`: its cost is real, its verdict does not count."""
    return frame(facts.attempt_facts(run))


def iterations(run: RunRecord) -> Frame:
    """One row an evaluation."""
    return frame(facts.iteration_facts(run))


def criteria(run: RunRecord) -> Frame:
    """One row a criterion at an iteration, in the grader's words."""
    return frame(facts.criterion_facts(run))


def checks(run: RunRecord) -> Frame:
    """One row a check result."""
    return frame(facts.check_facts(run))


def files(run: RunRecord) -> Frame:
    """One row a delivered file."""
    return frame(facts.file_facts(run))


def columns(run: RunRecord) -> Frame:
    """What every column of every frame means: `frame`, `column`, `kind`, `meaning`."""
    rows = [
        (table.name, field.name, field.kind.value, field.meaning)
        for table in facts.run_facts(run)
        for field in table.fields
    ]
    return pd.DataFrame(rows, columns=["frame", "column", "kind", "meaning"], dtype="string")


def frame(table: Facts) -> Frame:
    """`table` as a frame: its columns in order, each of the type of its kind, however few rows there are."""
    values = list(zip(*table.rows, strict=True)) if table.rows else [()] * len(table.fields)
    return pd.DataFrame(
        {
            field.name: pd.Series(list(column), dtype=_DTYPES[field.kind])
            for field, column in zip(table.fields, values, strict=True)
        }
    )
