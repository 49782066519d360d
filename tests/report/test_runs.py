from hypothesis import given, settings
from hypothesis import strategies as st
from trial_records import check, cost, iteration, random_runs, run, trial

from evalkit.report.plain import columns
from evalkit.report.runs import render_runs, run_table
from evalkit.trial.model import RunRecord, Verdict

SATISFIED = [iteration(0, Verdict.SATISFIED)]


def test_a_run_in_the_list_counts_its_trials_and_its_money() -> None:
    one = run([trial("t", SATISFIED, [check("sum")], spent=cost("0.04"))])

    assert run_table([one]).texts() == (("20261122T101403Z-quickstart-4f2a", "emulator", "1", "1/1", "", "0.04"),)


@settings(max_examples=25, deadline=None)
@given(st.lists(random_runs(), max_size=3), st.integers(min_value=60, max_value=140))
def test_no_line_of_the_list_is_wider_than_asked(runs: list[RunRecord], width: int) -> None:
    for line in render_runs(runs, width).split("\n"):
        assert columns(line) <= width
        assert line.isprintable()
