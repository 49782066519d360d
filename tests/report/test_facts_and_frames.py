from decimal import Decimal

import pandas as pd
from hypothesis import given, settings
from trial_records import quickstart_run, random_runs, run

from evalkit.report import frames
from evalkit.report.facts import Facts, Kind, run_facts
from evalkit.trial.metrics import summarise
from evalkit.trial.model import RunRecord

LAW = settings(max_examples=25, deadline=None)


def values(table: Facts, name: str) -> list[object]:
    at = table.headers.index(name)
    return [row[at] for row in table.rows]


@LAW
@given(random_runs())
def test_every_record_has_one_row_and_parts_add_up_to_the_summary(any_run: RunRecord) -> None:
    trials, attempts, iterations, criteria, checks, files = run_facts(any_run)
    summary = summarise(any_run).total

    assert values(trials, "standing").count("ok") == summary.counts.ok
    assert len(trials.rows) == summary.counts.launched
    assert len(iterations.rows) == sum(len(record.iterations) for record in any_run.trials)
    assert len(criteria.rows) == sum(len(item.criteria) for record in any_run.trials for item in record.iterations)
    assert len(checks.rows) == sum(len(record.checks) for record in any_run.trials)
    assert len(files.rows) == sum(len(record.artifacts) for record in any_run.trials)
    spent = [usd for table in (trials, attempts) for usd in values(table, "usd") if isinstance(usd, Decimal)]
    assert sum(spent, Decimal(0)) == summary.whole_cost.usd.usd


@LAW
@given(random_runs())
def test_a_value_is_of_its_columns_kind_or_not_known(any_run: RunRecord) -> None:
    types = {
        Kind.TEXT: str,
        Kind.FLAG: bool,
        Kind.COUNT: int,
        Kind.NUMBER: float,
        Kind.SECONDS: float,
        Kind.USD: Decimal,
    }
    for table in run_facts(any_run):
        for row in table.rows:
            for value, field in zip(row, table.fields, strict=True):
                assert value is None or field.kind is Kind.TIME or isinstance(value, types[field.kind])


def test_no_mean_counts_what_is_not_known() -> None:
    trials = frames.trials(quickstart_run())

    assert trials["ok"].mean() == 3 / 5
    assert trials["usd"].dropna().sum() == Decimal("0.3257")
    assert str(trials["started_at"].dtype) == "datetime64[ns, UTC]"


def test_columns_have_the_same_types_when_there_is_no_row() -> None:
    for frame in (frames.trials, frames.attempts, frames.iterations, frames.criteria, frames.checks, frames.files):
        full, empty = frame(quickstart_run()), frame(run([]))

        assert list(empty.dtypes) == list(full.dtypes)
        assert len(empty) == 0


def test_every_column_of_every_frame_says_what_it_means() -> None:
    columns = frames.columns(quickstart_run())

    assert isinstance(columns, pd.DataFrame)
    assert set(columns["frame"]) == {"trials", "attempts", "iterations", "criteria", "checks", "files"}
    assert (columns["meaning"].str.len() > 5).all()
