import shlex

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from trial_records import NASTY, failure, hostile_run, iteration, quickstart_run, random_runs, run, trial

from evalkit.report.plain import columns
from evalkit.report.text import command_lines, render_report, render_run
from evalkit.trial.model import End, RunRecord, Verdict

SATISFIED = [iteration(0, Verdict.SATISFIED)]


@settings(max_examples=25, deadline=None)
@given(random_runs(), st.integers(min_value=60, max_value=140))
def test_no_line_is_wider_than_asked_and_nothing_in_it_acts(any_run: RunRecord, width: int) -> None:
    for text in (render_run(any_run, width), render_report(any_run, width)):
        for line in text.split("\n"):
            assert columns(line) <= width
            assert line == line.rstrip()
            assert line.isprintable()


def test_the_first_line_names_the_backend() -> None:
    for text in (render_run(quickstart_run(), 80), render_report(quickstart_run(), 80)):
        assert text.splitlines()[0] == "backend: emulator (scripted agents, simulated prices)"


def test_after_a_run_there_is_one_table() -> None:
    rules = [line for line in render_run(quickstart_run(), 80).splitlines() if line.startswith("---")]

    assert len(rules) == 1


def test_every_trial_that_is_not_ok_comes_with_the_command_that_shows_it() -> None:
    text = render_run(quickstart_run(), 80)

    for name in ("budget-xlsx", "invoice-csv", "slow-csv", "report-csv", "later-csv"):
        assert f"    evalkit show 20261122T101403Z-quickstart-4f2a {name}\n" in text


def test_reasons_come_in_the_order_of_the_table() -> None:
    text = render_run(run([trial("a", end=End.NOT_RUN, session=None), trial("b", end=End.REFUSED)]), 80)

    assert text.index("  b: the model refused") < text.index("  a: not run")


def test_a_run_in_which_all_is_well_gives_no_reasons() -> None:
    assert "Why not ok" not in render_run(run([trial("t", SATISFIED)]), 80)


def test_a_long_run_shows_the_failing_trials_and_says_what_it_left_out() -> None:
    trials = [trial("t", SATISFIED, repeat=index) for index in range(99)]
    text = render_run(run([*trials, trial("t", end=End.UNMEASURED, why=failure(), repeat=99)]), 80)

    assert "\nt#99" in text
    assert "\nt#98" not in text
    assert "40 of 100 trials shown, failing first" in text


def test_many_reasons_are_counted_instead_of_printed() -> None:
    trials = [trial("t", end=End.REFUSED, repeat=index) for index in range(10)]

    assert "  and 2 more\n" in render_run(run(trials), 80)


@pytest.mark.parametrize("width", [60, 77, 200])
@pytest.mark.parametrize("name", ["t", "w" * 70, "a" * 40 + "/" + "b" * 40])
def test_a_command_broken_over_lines_is_still_the_same_command(name: str, width: int) -> None:
    arguments = ("evalkit", "show", "20261122T101403Z-quickstart-4f2a", name)
    lines = command_lines(arguments, width)

    assert shlex.split("\n".join(lines).replace("\\\n", "")) == list(arguments)
    assert all(len(line) <= width for line in lines)


def test_hostile_text_cannot_become_a_second_command() -> None:
    assert shlex.split(command_lines(("evalkit", "show", "run", "x; rm -rf ~"), 200)[0])[3] == "x; rm -rf ~"


def test_what_is_hostile_shows_as_text() -> None:
    assert NASTY not in render_report(hostile_run(), 200)
    assert "�[31mred�[0m �gnp.exe�" in render_report(hostile_run(), 200)
