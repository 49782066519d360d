import asyncio
import io
import sys
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest
from rich.console import Console
from tiny_suite import write_suite

import evalkit
from evalkit.api import open_target, plan_suite
from evalkit.cli import main
from evalkit.cli.live import Lines, Screen, watched
from evalkit.errors import Boundary
from evalkit.report.redact import secrets_of
from evalkit.runner.spend import Purse
from evalkit.runner.suite import Terms, run_suite
from evalkit.runner.work import Control
from evalkit.settings import load_settings
from evalkit.store.history import load_events
from evalkit.store.layout import find_run
from evalkit.suite.model import TrialPlan
from evalkit.trial.fold import Progress, advance
from evalkit.trial.model import End, Failure
from evalkit.trial.wire import parse_event

KEY = "sk-ant-api03-not-a-real-key-but-like-one"
VALUE = {"value": {"file": "report.csv", "column": "a", "row": 1}, "expected": "other"}


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> tuple[TrialPlan, tuple[Progress, ...]]:
    """A trial of two iterations, and its progress after each of its events."""
    folder = tmp_path_factory.mktemp("played")
    path = write_suite(folder, session={"grader": {"judged": {"R1": "met", "R2": "not_met"}}})
    run = evalkit.run_suite(path)
    (plan,) = plan_suite(evalkit.load_suite(path))
    progress, seen = Progress(), []
    for raw in load_events(find_run(folder / "reports", run.id), plan.spec.key, 1):
        progress = advance(progress, parse_event(raw))
        seen.append(progress)
    return plan, tuple(seen)


class Terminal:
    """A screen whose text can be read, and whose clock stands where it is put."""

    def __init__(self, total: int = 1) -> None:
        self.now = 100.0
        self._file = io.StringIO()
        self._console = Console(file=self._file, width=120, highlight=False)
        self.control = Control()
        self.screen = Screen(total, self.control, secrets_of(), self._console, clock=lambda: self.now)

    def lines(self) -> list[str]:
        """What the screen shows now."""
        self.printed()
        self._console.print(self.screen.picture())
        return [line.rstrip() for line in self.printed().splitlines() if line.strip()]

    def printed(self) -> str:
        """What scrolled away above since the last look."""
        text = self._file.getvalue()
        self._file.seek(0)
        self._file.truncate()
        return text


def rows(played: tuple[TrialPlan, tuple[Progress, ...]]) -> Iterator[tuple[str, ...]]:
    """(iteration, phase, cost) as the row shows them after each event."""
    plan, seen = played
    terminal = Terminal()
    for progress in seen:
        terminal.screen.trial_moved(plan, 1, progress)
        words = terminal.lines()[1].split()
        assert words[:3] == ["report", "base", "0"]
        yield " ".join(words[3:6]), words[6], " ".join(words[9:])


def test_a_row_says_which_iteration_and_phase_a_trial_is_in(
    played: tuple[TrialPlan, tuple[Progress, ...]],
) -> None:
    steps = list(dict.fromkeys((iteration, phase) for iteration, phase, _ in rows(played)))

    assert [step for step in steps if step[1] in {"working", "grading"}] == [
        ("1 of 2", "working"),
        ("1 of 2", "grading"),
        ("2 of 2", "working"),
        ("2 of 2", "grading"),
    ]
    assert steps[-1] == ("2 of 2", "idle")


def test_a_cost_is_a_lower_bound_until_the_session_rests(
    played: tuple[TrialPlan, tuple[Progress, ...]],
) -> None:
    costs = [cost for _, _, cost in rows(played)]

    assert {cost[0] for cost in costs[:-1]} == {"≥"}
    assert costs[-1].startswith("$0.")


def test_time_counts_from_the_beginning_of_the_attempt(played: tuple[TrialPlan, tuple[Progress, ...]]) -> None:
    plan, seen = played
    terminal = Terminal()
    terminal.screen.trial_moved(plan, 1, seen[0])
    terminal.now += 61
    terminal.screen.trial_moved(plan, 1, seen[1])
    assert " 61 s " in terminal.lines()[1]
    terminal.screen.trial_moved(plan, 2, seen[0])
    assert " 0 s " in terminal.lines()[1]
    assert "attempt 2" in terminal.lines()[1]


def test_a_trial_that_ended_leaves_the_screen_a_line_and_its_cost(
    played: tuple[TrialPlan, tuple[Progress, ...]],
) -> None:
    plan, seen = played
    terminal = Terminal(total=3)
    terminal.screen.trial_moved(plan, 1, seen[-1])
    terminal.printed()
    terminal.screen.attempt_ended(plan, 1, seen[-1], End.VERDICT, None)
    line = terminal.printed()

    assert line == "report base #0: max_iterations_reached after 2 evaluations\n"
    assert "1 of 3 trials ended, 0 running" in terminal.lines()[-1]
    assert "$0.00" not in terminal.lines()[-1]


def test_words_from_outside_can_neither_draw_nor_mark_up_nor_show_a_key(
    played: tuple[TrialPlan, tuple[Progress, ...]], capsys: pytest.CaptureFixture[str]
) -> None:
    plan, _ = played
    why = Failure(cause="x", boundary=Boundary.PLATFORM, message="[red]\x1b[2Jgone\nnext " + KEY, may_retry=False)
    terminal = Terminal()
    terminal.screen.attempt_ended(plan, 1, Progress(), End.UNMEASURED, why)
    Lines(secrets_of()).attempt_ended(plan, 1, Progress(), End.UNMEASURED, why)

    wanted = "report base #0: unmeasured after 0 evaluations: [red]�[2Jgone next [masked]\n"
    assert terminal.printed() == wanted
    assert capsys.readouterr().err == wanted


def test_away_from_a_terminal_there_are_plain_lines() -> None:
    with watched(3, Control(), load_settings(Path.cwd(), environ={})) as observer:
        assert isinstance(observer, Lines)


@pytest.mark.parametrize(("variables", "kind"), [({}, Screen), ({"CI": "true"}, Lines)])
def test_a_terminal_shows_a_screen_and_in_ci_plain_lines_all_the_same(
    variables: dict[str, str], kind: type, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TERM", "xterm")
    with (tmp_path / "terminal").open("w") as file:
        file.isatty = lambda: True  # type: ignore[method-assign]  # a file that says it is a terminal
        monkeypatch.setattr(sys, "stderr", file)
        with watched(3, Control(), load_settings(tmp_path, environ=variables)) as observer:
            assert isinstance(observer, kind)


def test_a_run_with_a_cap_shows_what_is_spent_and_at_risk_of_it(
    played: tuple[TrialPlan, tuple[Progress, ...]],
) -> None:
    plan, seen = played
    terminal = Terminal(total=3)
    terminal.control.purse = Purse(Decimal(5), spent=Decimal("1.25"))
    terminal.control.purse.commit(Decimal(2))
    terminal.screen.trial_moved(plan, 1, seen[0])

    assert terminal.lines()[-1] == "0 of 3 trials ended, 1 running, $1.25 spent and $2.00 at risk of $5.00"


def test_the_screen_sees_the_purse_of_the_run_it_shows(tmp_path: Path) -> None:
    control = Control()
    path = write_suite(tmp_path, task={"budget_usd": 1.0})
    suite = evalkit.load_suite(path)
    settings = load_settings(tmp_path, reports=tmp_path / "reports")
    with open_target(suite, settings) as target:
        asyncio.run(
            run_suite(suite, plan_suite(suite), settings, target, terms=Terms(budget_usd=Decimal(5)), control=control)
        )

    assert control.purse is not None
    assert (control.purse.cap, control.purse.at_risk) == (Decimal(5), Decimal(0))
    assert control.purse.spent > 0


def test_a_trial_is_followed_from_the_command_line_to_its_end(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = write_suite(tmp_path)
    evalkit.run_suite(path)

    assert main.run(["show", "last", "report", "--follow", "--reports", str(tmp_path / "reports")]) == 0
    shown = capsys.readouterr().out
    assert "grader\n  | satisfied: " in shown
    assert shown.rstrip().endswith("idle: end_turn")


def test_no_key_that_an_agent_read_aloud_is_shown_by_run_or_follow(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = write_suite(
        tmp_path,
        session={"calls": [{"tool": "bash", "input": {"command": f"echo {KEY}"}}]},
        report=f"a,b\n{KEY},2\n",
        task={"checks": [{"id": "value", "check": "value.equals", "with": VALUE}]},
    )
    reports = ["--reports", str(tmp_path / "reports")]
    main.run(["run", str(path), *reports])
    told = capsys.readouterr()
    main.run(["show", "last", "report", "--follow", *reports])
    followed = capsys.readouterr().out

    assert "check value failed: found '[masked]'" in told.out
    assert "echo [masked]" in followed
    assert KEY not in told.out + told.err + followed


def test_following_needs_a_trial(tmp_path: Path) -> None:
    evalkit.run_suite(write_suite(tmp_path))

    assert main.run(["show", "last", "--follow", "--reports", str(tmp_path / "reports")]) == 2
