import pytest
from hypothesis import given, settings
from trial_records import check, cost, failure, iteration, quickstart_run, random_runs, run, trial

from evalkit.checks.result import Status
from evalkit.report.cause_tables import cause_table, causes_of, changed_file_table, criterion_table
from evalkit.report.effort_tables import curve_table, model_table, spread_table
from evalkit.report.rates import rate_table, run_rates
from evalkit.report.table import Table
from evalkit.report.tables import verdict_table
from evalkit.trial.metrics import Standing, standing_of
from evalkit.trial.model import End, RunRecord, SinceGrading, TrialRecord, Verdict

LAW = settings(max_examples=25, deadline=None)


def column(table: Table, title: str) -> list[str]:
    at = table.headers.index(title)
    return [row[at] for row in table.texts()]


def answered(task: str, answers: str) -> list[TrialRecord]:
    """Trials of `task`, `y` ok and `n` not."""
    return [
        trial(task, [iteration(0, Verdict.SATISFIED if one == "y" else Verdict.MAX_ITERATIONS_REACHED)], repeat=at)
        for at, one in enumerate(answers)
    ]


def test_a_rate_is_the_mean_over_tasks_so_lost_trials_do_not_change_a_tasks_weight() -> None:
    lost = trial("a", end=End.UNMEASURED, why=failure(), repeat=9)
    (ok, *_) = run_rates(run([*answered("a", "yy"), lost, *answered("b", "nnnn")]))

    assert (ok.question, ok.rate.interval.estimate, ok.rate.tasks, ok.rate.trials) == ("ok", 0.5, 2, 6)


def test_pass_at_k_is_shown_for_as_many_trials_as_every_task_has() -> None:
    questions = [rate.question for rate in run_rates(run([*answered("a", "yyn"), *answered("b", "yyyyy")]))]

    assert [question for question in questions if "@" in question] == ["ok in at least one of 3 (pass@3)"]
    assert not any("@" in rate.question for rate in run_rates(run(answered("a", "y"))))


def test_variants_have_rates_of_their_own() -> None:
    two = [*answered("a", "y"), trial("a", [iteration(0, Verdict.MAX_ITERATIONS_REACHED)], variant="v2")]

    assert column(rate_table(run(two)), "variant")[0] == "base"
    assert [rate.rate.interval.estimate for rate in run_rates(run(two)) if rate.question == "ok"] == [1.0, 0.0]


@LAW
@given(random_runs())
def test_every_trial_that_is_not_ok_has_a_cause_and_no_other_has(any_run: RunRecord) -> None:
    for record in any_run.trials:
        assert bool(causes_of(record)) is (standing_of(record) is not Standing.OK)
    for table in (cause_table(any_run), criterion_table(any_run), model_table(any_run), spread_table(any_run)):
        assert all(len(row) == len(table.columns) for row in table.rows)


def test_causes_are_counted_and_the_most_frequent_comes_first() -> None:
    wrong = [check("sum", Status.FAILED, found="41", wanted="42", file="out.csv")]
    trials = [trial("a", [iteration(0, Verdict.SATISFIED)], wrong, repeat=at) for at in range(3)]
    table = cause_table(run([trial("z", end=End.NOT_RUN, session=None), *trials]))

    assert column(table, "cause") == ["sum failed", "not run"]
    assert column(table, "trials") == ["3", "1"]
    assert column(table, "there")[0] == "found 41, wanted 42, in out.csv:3"


def test_the_curve_says_what_a_smaller_max_iterations_would_have_given() -> None:
    table = curve_table(quickstart_run())

    assert column(table, "satisfied by now") == ["4/6", "5/6", "5/6"]
    assert column(table, "satisfied here") == ["4", "1", "0"]
    assert column(table, "of them ok") == ["2/6", "3/6", "3/6"]
    assert column(table, "per satisfied here") == ["0.0158", "0.0210", ""]


def test_a_criterion_that_never_was_a_gap_is_left_out_and_counted() -> None:
    table = criterion_table(quickstart_run())

    assert set(column(table, "criterion")) == {"R1", "R2"}
    assert "14 of 18 criteria" in table.notes[-1]


def test_quantiles_are_values_that_occurred() -> None:
    trials = [
        trial("a", [iteration(0, Verdict.SATISFIED)], repeat=at, spent=cost(f"0.{at + 1:02}")) for at in range(10)
    ]
    (row,) = spread_table(run(trials)).texts()

    assert row[2:5] == ("0.05", "0.09", "0.10")


@pytest.mark.parametrize("since", list(SinceGrading))
def test_files_changed_after_grading_are_named_on_the_first_table(since: SinceGrading) -> None:
    changed = run([trial("memo", [iteration(0, Verdict.SATISFIED)], since_grading=since)])
    is_changed = since is SinceGrading.CHANGED

    assert any("memo" in note for note in verdict_table(changed).notes) is is_changed
    assert bool(changed_file_table(changed).rows) is is_changed
