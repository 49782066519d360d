from dataclasses import replace

import pytest
from hypothesis import given, settings
from trial_records import cost, iteration, quickstart_run, random_runs, run, trial

from evalkit.errors import UsageError
from evalkit.report.comparison import Pair, comparison_tables, only_variant, ruler_table, task_change_table
from evalkit.report.comparison_text import render_comparison, render_comparison_markdown
from evalkit.report.csv_text import render_tables
from evalkit.report.run_json import comparison_to_json
from evalkit.report.table import Table
from evalkit.trial.model import RunRecord, TrialRecord, Verdict


def answered(task: str, answers: str, usd: str = "0.04", variant: str = "base") -> list[TrialRecord]:
    words = {"y": Verdict.SATISFIED, "n": Verdict.MAX_ITERATIONS_REACHED}
    return [
        trial(task, [iteration(0, words[one])], repeat=at, spent=cost(usd), variant=variant)
        for at, one in enumerate(answers)
    ]


def column(table: Table, title: str) -> list[str]:
    at = table.headers.index(title)
    return [row[at] for row in table.texts()]


BEFORE = run([*answered("a", "yyyyy"), *answered("b", "yyyyy"), *answered("gone", "y")])
AFTER = run([*answered("a", "yyyyy"), *answered("b", "nnnnn", "0.08"), *answered("new", "y")])


def test_the_largest_drop_comes_first_and_tasks_of_one_side_have_no_change() -> None:
    table = task_change_table(Pair(before=BEFORE, after=AFTER))

    assert column(table, "task")[0] == "b"
    assert dict(zip(column(table, "task"), column(table, "change"), strict=True)) == {
        "b": "-100.0 pt",
        "a": "+0.0 pt",
        "gone": "",
        "new": "",
    }
    assert float(column(table, "p lower")[0]) == pytest.approx(2 / 252, abs=0.001)


def test_means_are_over_tasks_that_both_sides_measured() -> None:
    change = comparison_tables(Pair(before=BEFORE, after=AFTER))[0]

    assert change.texts()[0][:4] == ("ok", "100.0 %", "50.0 %", "-50.0 pt")
    assert change.texts()[0][-1] == "2"


def test_what_differs_besides_chance_is_named() -> None:
    other = [replace(one, spec=replace(one.spec, hashes=replace(one.spec.hashes, rubric="xx"))) for one in AFTER.trials]
    table = ruler_table(Pair(before=BEFORE, after=run(other)))

    assert {task: differs for task, differs in table.texts()} == {  # noqa: C416  (mypy reads dict() otherwise)
        "a": "rubric",
        "b": "rubric",
        "gone": "only before",
        "new": "only after",
    }
    assert ruler_table(Pair(before=BEFORE, after=BEFORE)).rows == ()


def test_two_variants_of_one_run_are_two_sides_and_must_be_named() -> None:
    both = run([*answered("a", "yy"), *answered("a", "nn", variant="v2")])

    assert [record.ok for record in only_variant(both, "v2").trials] == [False, False]
    with pytest.raises(UsageError, match="name one as"):
        only_variant(both, None)
    with pytest.raises(UsageError, match="it has base, v2"):
        only_variant(both, "v3")


@settings(max_examples=20, deadline=None)
@given(random_runs(), random_runs())
def test_any_two_runs_can_be_compared_in_every_format(before: RunRecord, after: RunRecord) -> None:
    pair = Pair(before=before, after=after)
    tables = comparison_tables(pair)

    assert render_comparison(pair, tables, 80).startswith("before:")
    assert render_comparison_markdown(pair, tables).startswith("# Comparison")
    assert len(comparison_to_json(pair, tables)["tables"]) == len(tables)  # type: ignore[arg-type]
    assert render_tables(tables).count("\r\n") >= len(tables)


def test_a_run_compared_with_itself_has_not_changed() -> None:
    pair = Pair(before=quickstart_run(), after=quickstart_run())

    assert set(column(comparison_tables(pair)[0], "change")) == {"+0.0 pt"}
