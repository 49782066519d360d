import pytest
from hypothesis import given, settings
from trial_records import check, failure, iteration, quickstart_run, random_runs, run, trial

from evalkit.report.table import Table
from evalkit.report.tables import (
    check_table,
    failure_table,
    iteration_table,
    report_tables,
    task_table,
    verdict_sequence,
    verdict_table,
)
from evalkit.trial.metrics import summarise
from evalkit.trial.model import End, IterationRecord, RunRecord, Verdict

LAW = settings(max_examples=25, deadline=None)


def column(table: Table, title: str) -> list[str]:
    at = table.headers.index(title)
    return [row[at] for row in table.texts()]


def revise(index: int) -> IterationRecord:
    return iteration(index, Verdict.NEEDS_REVISION)


@pytest.mark.parametrize(
    ("iterations", "words"),
    [
        ([], ""),
        ([iteration(0, Verdict.SATISFIED)], "satisfied"),
        ([revise(0), iteration(1, Verdict.SATISFIED)], "revise → satisfied"),
        ([revise(0), revise(1), iteration(2, Verdict.MAX_ITERATIONS_REACHED)], "revise ×2 → max reached"),
        ([iteration(0, Verdict.FAILED)], "failed"),
        ([revise(0), iteration(1, Verdict.INTERRUPTED)], "revise → interrupted"),
        ([iteration(0, None, word="splendid")], "'splendid'"),
        ([revise(0), iteration(1, None)], "revise → cut off"),
    ],
)
def test_a_verdict_sequence_tells_every_iteration(iterations: list[IterationRecord], words: str) -> None:
    assert verdict_sequence(trial("t", iterations)) == words


def test_trials_that_are_not_ok_come_first_and_the_rest_in_plan_order() -> None:
    assert column(verdict_table(quickstart_run()), "trial") == [
        "budget-xlsx",
        "invoice-csv",
        "slow-csv",
        "report-csv",
        "later-csv",
        "orders-csv",
        "summary-json",
        "letter-md",
    ]


def test_a_trial_without_required_checks_is_marked_where_its_answer_stands() -> None:
    table = verdict_table(run([trial("t", [iteration(0, Verdict.SATISFIED)])]))

    assert (column(table, "verified"), column(table, "ok")) == (["no checks"], ["yes"])


def test_a_trial_that_was_not_measured_has_no_answers() -> None:
    satisfied = [iteration(0, Verdict.SATISFIED)]
    table = verdict_table(run([trial("t", satisfied, [check("sum")], end=End.UNMEASURED, why=failure())]))

    assert [column(table, title) for title in ("satisfied", "verified", "ok")] == [[""], [""], [""]]


@LAW
@given(random_runs())
def test_every_trial_has_one_row_and_every_iteration_too(any_run: RunRecord) -> None:
    assert len(verdict_table(any_run).rows) == len(any_run.trials)
    assert len(iteration_table(any_run).rows) == sum(len(record.iterations) for record in any_run.trials)


@LAW
@given(random_runs())
def test_every_cell_of_every_table_is_one_plain_line(any_run: RunRecord) -> None:
    for table in report_tables(any_run, summarise(any_run)):
        assert all(text.isprintable() for row in table.texts() for text in row)


def test_a_run_of_nothing_has_no_tables() -> None:
    assert report_tables(run([]), summarise(run([]))) == ()


def test_rates_name_their_denominator() -> None:
    table = task_table(quickstart_run(), summarise(quickstart_run()))

    assert column(table, "ok")[-1] == "3/5"
    assert column(table, "satisfied")[-1] == "5/6"


def test_a_task_that_was_not_measured_has_no_rate_instead_of_zero() -> None:
    only = run([trial("t", end=End.UNMEASURED, why=failure())])

    assert column(task_table(only, summarise(only)), "ok") == [""]


def test_one_task_alone_needs_no_total() -> None:
    only = run([trial("t", [iteration(0, Verdict.SATISFIED)])])

    assert column(task_table(only, summarise(only)), "task") == ["t"]


def test_the_iteration_table_quotes_the_list_items_of_the_grader() -> None:
    words = column(iteration_table(quickstart_run()), "gaps, in the grader's words")[1]

    assert words.startswith("R1 not met, R2 partly met: The sum is right (not met): The last row says 41")
    assert "An independent grader" not in words


def test_words_without_list_items_are_quoted_from_their_beginning() -> None:
    said = iteration(0, Verdict.NEEDS_REVISION, explanation="The sum is wrong.\nRepair it.")

    assert column(iteration_table(run([trial("t", [said])])), "gaps, in the grader's words") == [
        "The sum is wrong. Repair it."
    ]


def test_very_long_words_are_cut_before_they_are_set() -> None:
    said = iteration(0, Verdict.NEEDS_REVISION, explanation="x" * 100_000)
    words = column(iteration_table(run([trial("t", [said])])), "gaps, in the grader's words")[0]

    assert len(words) == 601
    assert words.endswith("…")


def test_the_check_table_lists_what_failed_or_errored_and_nothing_else() -> None:
    table = check_table(quickstart_run())

    assert list(zip(column(table, "trial"), column(table, "status"), strict=True)) == [
        ("invoice-csv", "failed"),
        ("invoice-csv", "failed, not required"),
        ("slow-csv", "errored"),
    ]


def test_a_failed_earlier_attempt_is_listed_with_its_number() -> None:
    table = failure_table(quickstart_run())

    assert list(zip(column(table, "trial"), column(table, "attempt"), strict=True)) == [
        ("report-csv", "1"),
        ("report-csv", "2"),
        ("later-csv", "1"),
    ]
