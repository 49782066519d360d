from decimal import Decimal

from hypothesis import given, settings
from trial_records import UNKNOWN_COST, cost, iteration, quickstart_run, random_runs, run, trial

from evalkit.report.cost_tables import cost_table, task_cost_table
from evalkit.trial.metrics import UsdSum, summarise
from evalkit.trial.model import RunRecord, Verdict

SATISFIED = iteration(0, Verdict.SATISFIED)


@settings(max_examples=25, deadline=None)
@given(random_runs())
def test_the_rows_of_every_money_column_add_up_to_the_total(any_run: RunRecord) -> None:
    rows = cost_table(any_run, summarise(any_run)).rows

    for column in list(zip(*rows, strict=True))[1:]:
        whole = UsdSum(usd=Decimal(0), known=0, unknown=0)
        for cell in column[:-1]:
            if isinstance(cell, UsdSum):
                whole += cell
            else:
                assert cell is None or isinstance(cell, Decimal)
                whole += UsdSum(usd=cell or Decimal(0), known=int(cell is not None), unknown=int(cell is None))
        assert whole == column[-1]


def test_billed_computed_and_difference_stand_side_by_side() -> None:
    one = run([trial("t", [SATISFIED], spent=cost("0.04"))])

    assert cost_table(one, summarise(one)).texts()[0][:4] == ("t", "0.04", "0.0357", "+0.0043")


def test_an_unknown_cost_is_a_question_mark_and_is_counted() -> None:
    two = run([trial("t", [SATISFIED], spent=cost("0.04")), trial("u", [SATISFIED], spent=UNKNOWN_COST)])
    table = cost_table(two, summarise(two))

    assert [row[1] for row in table.texts()] == ["0.04", "?", "0.04+?"]
    assert "not known, of 2 sessions: billed of 1, computed of 1" in table.notes[-1]


def test_the_price_table_is_named_by_its_date() -> None:
    table = cost_table(quickstart_run(), summarise(quickstart_run()))

    assert table.notes[0] == "computed from tokens with the price table of 2026-11-22"


def test_earlier_attempts_are_a_row_of_their_own() -> None:
    table = cost_table(quickstart_run(), summarise(quickstart_run()))

    assert table.texts()[-2][0] == "earlier attempts (1)"


def test_an_ok_deliverable_costs_what_all_its_trials_cost() -> None:
    three = run(
        [
            trial("t", [SATISFIED], spent=cost("0.04")),
            trial("t", [iteration(0, Verdict.FAILED)], spent=cost("0.05"), repeat=1),
        ]
    )

    assert task_cost_table(three, summarise(three)).texts() == (("t", "0.09", "0.00", "1", "0.0900"),)
