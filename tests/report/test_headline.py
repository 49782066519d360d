from trial_records import check, cost, failure, iteration, quickstart_run, run, trial

from evalkit.checks.result import Status
from evalkit.report.headline import counts_lines, headline
from evalkit.trial.metrics import summarise
from evalkit.trial.model import End, RunRecord, Verdict

SATISFIED = [iteration(0, Verdict.SATISFIED)]


def head(one: RunRecord) -> str:
    return headline(one, summarise(one))


def counts(one: RunRecord) -> str:
    return "\n".join(counts_lines(summarise(one)))


def test_the_headline_names_what_is_missing_and_what_disagrees() -> None:
    assert head(quickstart_run()) == (
        "quickstart: 3/5 ok (1 grader only), 1 check error, 1 unmeasured, 1 not run,"
        " 1 satisfied although a required check failed"
    )


def test_a_run_of_nothing_says_so() -> None:
    assert head(run([])) == "quickstart: nothing ran"


def test_a_rate_behind_which_only_the_grader_stands_is_marked() -> None:
    assert head(run([trial("t", SATISFIED)])) == "quickstart: 1/1 ok (grader only)"


def test_the_counts_state_every_part_of_what_was_launched() -> None:
    line = "launched 8 = 3 ok + 2 not ok + 1 check error + 1 unmeasured + 1 not run"

    assert counts(quickstart_run()).startswith(line)


def test_a_run_with_a_check_error_is_incomplete() -> None:
    assert "incomplete" in counts(run([trial("t", SATISFIED, [check("sum", Status.ERRORED)])]))


def test_a_measured_run_is_not_called_incomplete() -> None:
    assert "incomplete" not in counts(run([trial("t", SATISFIED, [check("sum", Status.FAILED)])]))


def test_the_cost_of_earlier_attempts_is_part_of_the_whole_and_told_apart() -> None:
    retried = run(
        [trial("t", SATISFIED, spent=cost("0.04"), attempt=2)],
        [trial("t", end=End.UNMEASURED, why=failure(), spent=cost("0.02"))],
    )

    assert (
        "cost: billed 0.06 USD, computed 0.0714 USD, earlier attempts (1) 0.02 USD, per ok deliverable 0.0600 USD"
        in (counts(retried))
    )


def test_a_cost_that_is_not_known_is_not_zero() -> None:
    assert "cost: billed not known, computed not known, per ok deliverable not known" in counts(
        run([trial("t", SATISFIED)])
    )
