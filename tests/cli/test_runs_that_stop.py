"""A run that is interrupted or out of money says so, says how it goes on, and goes on."""

import asyncio
import os
import signal
from pathlib import Path

import pytest
from tiny_suite import write_suite

from evalkit.cli import main
from evalkit.cli.driving import drive
from evalkit.runner.observer import Observer
from evalkit.runner.work import Control, Stopped
from evalkit.settings import load_settings
from evalkit.store.history import load_run
from evalkit.store.layout import run_folders
from evalkit.trial.model import End

COSTLY = {
    "cost": {"requests": [2, 2], "input_tokens": [9, 9], "output_tokens": [9, 9], "grader_tokens": [40000, 40000]}
}


def test_a_run_out_of_money_exits_4_and_goes_on_with_more(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    defaults = {"defaults": {"trials": 4, "max_iterations": 2, "budget_usd": 0.12}}
    path = write_suite(tmp_path, session=COSTLY, suite=defaults)
    reports = ["--reports", str(tmp_path / "reports")]

    code = main.run(["run", str(path), "--budget-usd", "0.20", "--concurrency", "1", *reports])
    said = capsys.readouterr().err
    more = main.run(["resume", "last", "--budget-usd", "9", *reports])

    assert code == 4
    assert "the run's money is spent; `" in said
    assert "resume " in said
    assert more == 0
    (folder,) = run_folders(tmp_path / "reports")
    assert [trial.end for trial in load_run(folder).trials] == [End.VERDICT] * 4


@pytest.mark.parametrize("amount", ["0", "-1", "1.234", "ten", "1e3", "NaN"])
def test_money_that_is_no_amount_of_dollars_is_refused(
    tmp_path: Path, amount: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main.run(["run", str(write_suite(tmp_path)), f"--budget-usd={amount}"]) == 2
    assert "no amount of dollars" in capsys.readouterr().err


def test_a_cap_without_caps_of_the_tasks_exits_2(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    reports = tmp_path / "reports"

    assert main.run(["run", str(write_suite(tmp_path)), "--budget-usd", "5", "--reports", str(reports)]) == 2
    assert "task 'report' has no budget_usd of its own" in capsys.readouterr().err
    assert run_folders(reports) == ()


def test_a_run_finds_its_suite_again_when_the_whole_project_has_moved(tmp_path: Path) -> None:
    before, after = tmp_path / "before", tmp_path / "after"
    path = write_suite(before)
    assert main.run(["run", str(path), "--reports", str(before / "reports")]) == 0
    before.rename(after)

    assert main.run(["resume", "last", "--reports", str(after / "reports")]) == 0


def test_a_suite_that_is_gone_is_asked_for(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = write_suite(tmp_path)
    reports = ["--reports", str(tmp_path / "reports")]
    assert main.run(["run", str(path), *reports]) == 0
    elsewhere = path.rename(path.with_name("tiny2.yaml"))
    elsewhere.write_text(elsewhere.read_text().replace("name: tiny", "name: tiny2"))

    assert main.run(["resume", "last", *reports]) == 2
    assert "give its file with --suite" in capsys.readouterr().err


def test_a_shard_with_nothing_in_it_is_nothing_to_run(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = write_suite(tmp_path)
    reports = ["--reports", str(tmp_path / "reports")]
    codes = [main.run(["run", str(path), "--shard", f"{index}/2", *reports]) for index in (1, 2)]

    assert codes == [0, 0]
    assert len(run_folders(tmp_path / "reports")) == 1
    assert "nothing to run" in capsys.readouterr().err


def test_only_changed_runs_nothing_twice(tmp_path: Path) -> None:
    path = write_suite(tmp_path)
    again = ["run", str(path), "--only-changed", "--reports", str(tmp_path / "reports")]

    assert [main.run(again), main.run(again)] == [0, 0]
    assert len(run_folders(tmp_path / "reports")) == 1


def test_the_first_interrupt_lets_trials_end_and_the_second_leaves(capsys: pytest.CaptureFixture[str]) -> None:
    seen: list[str] = []

    async def work(observer: Observer, control: Control) -> None:
        os.kill(os.getpid(), signal.SIGINT)
        while control.stopped is None:  # noqa: ASYNC110  # a signal handler of the loop sets it
            await asyncio.sleep(0)
        seen.append("still working")
        os.kill(os.getpid(), signal.SIGINT)
        try:
            await asyncio.Event().wait()
        finally:
            seen.append("cancelled")

    control = drive(work, 1, load_settings(Path.cwd(), environ={}))

    assert seen == ["still working", "cancelled"]
    assert control.stopped is Stopped.INTERRUPTED
    said = capsys.readouterr().err
    assert "no further trial is begun" in said
    assert "interrupted at the platform and archived" in said


def test_sigterm_stops_the_sessions_at_once() -> None:
    async def work(observer: Observer, control: Control) -> None:
        os.kill(os.getpid(), signal.SIGTERM)
        await asyncio.Event().wait()

    assert drive(work, 1, load_settings(Path.cwd(), environ={})).stopped is Stopped.INTERRUPTED
