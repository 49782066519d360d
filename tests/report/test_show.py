from dataclasses import replace
from decimal import Decimal

from hypothesis import given, settings
from hypothesis import strategies as st
from trial_records import START, check, cost, failure, iteration, quickstart_run, random_runs, trial

from evalkit.checks.result import Status
from evalkit.report.plain import columns
from evalkit.report.show import render_trial
from evalkit.trial.model import End, RunRecord, ThreadRecord, Tokens, TrialRecord, Unanswered, Verdict
from evalkit.trial.transcript import Line

SATISFIED = [iteration(0, Verdict.SATISFIED)]


def show(record: TrialRecord) -> str:
    return render_trial(record, width=100, transcript=None)


@settings(max_examples=25, deadline=None)
@given(random_runs(), st.text(max_size=200), st.integers(min_value=60, max_value=140))
def test_no_line_is_wider_than_asked_and_nothing_in_it_acts(any_run: RunRecord, said: str, width: int) -> None:
    for record in any_run.trials:
        text = render_trial(record, width=width, transcript=[Line(at=START, who="agent", text=said)])
        for line in text.split("\n"):
            assert columns(line) <= width
            assert line == line.rstrip()
            assert line.isprintable()


def test_the_three_answers_stand_side_by_side() -> None:
    record = trial("t", SATISFIED, [check("sum", Status.FAILED)])

    assert "\nsatisfied yes, verified no, ok no\n" in show(record)


def test_a_grader_only_trial_says_so() -> None:
    assert "\nsatisfied yes, verified no required checks, ok yes\n" in show(trial("t", SATISFIED))


def test_the_grader_is_quoted_whole_and_line_by_line() -> None:
    text = show(quickstart_run().trials[1])

    assert "Iteration 0: needs_revision\n  not met: R1\n  partly met: R2\n  not listed: R3\n" in text
    assert "\n  | - Two decimals (partially met): Column B has one decimal in rows 3 and 4.\n" in text
    assert "\n  | Please revise your work to address these gaps.\n" in text


def test_checks_that_failed_come_first() -> None:
    checks = [check("a"), check("b", Status.SKIPPED), check("c", Status.ERRORED), check("d", Status.FAILED)]
    lines = show(trial("t", SATISFIED, checks)).splitlines()

    at = lines.index("Checks") + 3
    assert [line.split()[0] for line in lines[at : at + 4]] == ["failed", "errored", "skipped", "passed"]


def test_an_artifact_shows_its_size_and_whether_it_is_the_graded_one() -> None:
    assert "out.csv  1,234  abababababab  same" in show(trial("t", SATISFIED))


def test_cost_shows_billed_computed_and_difference() -> None:
    lines = show(trial("t", SATISFIED, spent=cost("0.04"))).splitlines()

    amounts = lines[lines.index("Cost in USD") + 4].split()
    assert amounts == ["0.04", "0.0357", "+0.0043", "0.0210", "0.0120", "0.0027", "0.0000"]


def test_each_thread_shows_its_own_requests_tokens_and_cost() -> None:
    tokens = Tokens(input=17, output=1170, cache_read=1103, cache_write=3096)
    known = ThreadRecord(
        id="sthr_1", agent="reader", model="m-1", requests=2, tokens=tokens, usd=Decimal("0.0196"), billed_usd=None
    )
    unknown = replace(known, agent=None, tokens=None, usd=None)
    lines = show(replace(trial("t", SATISFIED), threads=(known, unknown))).splitlines()

    at = next(number for number, line in enumerate(lines) if line.startswith("Threads of other agents"))
    read = [line.split() for line in lines[at : at + 8]]
    assert ["reader", "m-1", "2", "17", "1,170", "1,103", "3,096", "?", "0.0196"] in read
    assert ["?", "m-1", "2", "?", "?", "?", "?", "?", "?"] in read


def test_an_agent_that_works_alone_has_no_table_of_threads() -> None:
    assert "Threads" not in show(trial("t", SATISFIED))


def test_a_failure_names_the_boundary_that_broke() -> None:
    text = show(trial("t", end=End.UNMEASURED, why=failure("gone; run it again")))

    assert "unmeasured: platform (retries_exhausted): gone; run it again" in text


def test_requests_nobody_could_answer_are_listed() -> None:
    record = replace(trial("t", SATISFIED), unanswered=(Unanswered(tool="lookup_rate", answer="no handler"),))

    assert "lookup_rate  no handler" in show(record)


def test_a_transcript_keeps_the_lines_and_their_indentation() -> None:
    said = [Line(at=START, who="agent", text="def f():\n    return 1"), Line(at=None, who="bash", text="ok")]

    text = render_trial(trial("t"), width=80, transcript=said)

    assert text.endswith("Transcript\n10:14:03 agent\n  | def f():\n  |     return 1\nbash\n  | ok")
