from trial_records import check, iteration, quickstart_run, run, trial

from evalkit.checks.result import Status
from evalkit.report.grader_tables import false_satisfied_table, grader_table
from evalkit.trial.metrics import summarise
from evalkit.trial.model import SinceGrading, Verdict

SATISFIED = iteration(0, Verdict.SATISFIED)
THEN_SATISFIED = [iteration(0, Verdict.NEEDS_REVISION), iteration(1, Verdict.SATISFIED)]
WRONG = check("sum", Status.FAILED)


def test_a_false_satisfied_is_counted_for_its_task_and_for_the_run() -> None:
    rows = grader_table(quickstart_run(), summarise(quickstart_run())).texts()

    assert [row[0] for row in rows if row[2] == "1"] == ["invoice-csv", "total"]


def test_files_changed_after_grading_are_counted_and_not_compared() -> None:
    two = run([trial("t", [SATISFIED], [WRONG], since_grading=since) for since in (SinceGrading.CHANGED, None)])
    table = grader_table(two, summarise(two))

    assert table.texts() == (("t", "0", "0", "0", "0", "1", "1", "0", "0"),)
    assert table.notes[0].startswith("measured 2 = 0 compared + 1 files changed + 1 files unknown")


def test_false_satisfied_is_told_by_the_number_of_iterations() -> None:
    three = run(
        [
            trial("t", [SATISFIED], [check("sum")]),
            trial("u", THEN_SATISFIED, [WRONG]),
            trial("v", THEN_SATISFIED, [check("sum")]),
        ]
    )

    assert false_satisfied_table(three).texts() == (("1", "0/1"), ("2", "1/2"))
