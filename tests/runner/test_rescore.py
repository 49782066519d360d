from datetime import UTC, datetime
from pathlib import Path

import yaml
from test_run_suite import run
from tiny_suite import TASK, write_suite

from evalkit.checks.result import Status
from evalkit.runner.rescore import keep_rescored, rescore
from evalkit.store.history import load_run
from evalkit.suite.load import load_suite


def want_rows(suite: Path, rows: int) -> None:
    """The suite's check of the delivered table asks for so many rows from now on."""
    whole = yaml.safe_load(suite.read_text(encoding="utf-8"))
    whole["tasks"][0]["checks"][0]["with"]["equals"] = rows
    suite.write_text(yaml.safe_dump(whole), encoding="utf-8")


def test_todays_checks_judge_what_was_delivered_then_and_the_run_keeps_its_own(tmp_path: Path) -> None:
    suite = write_suite(tmp_path)
    done = run(suite)
    want_rows(suite, 4)

    (item,) = rescore(done.run, done.folder, {task.id: task for task in load_suite(suite).tasks})

    ((then, now),) = item.changes
    assert then is not None
    assert now is not None
    assert (then.id, then.status, now.status) == ("rows", Status.PASSED, Status.FAILED)
    assert load_run(done.folder) == done.run


def test_checks_that_decide_the_same_change_nothing(tmp_path: Path) -> None:
    suite = write_suite(tmp_path)
    done = run(suite)

    (item,) = rescore(done.run, done.folder, {TASK["id"]: load_suite(suite).tasks[0]})

    assert item.changes == ()


def test_a_task_that_is_not_in_the_suite_is_left_out(tmp_path: Path) -> None:
    done = run(write_suite(tmp_path))

    assert rescore(done.run, done.folder, {}) == ()


def test_new_results_are_kept_beside_the_run(tmp_path: Path) -> None:
    suite = write_suite(tmp_path)
    done = run(suite)
    rescored = rescore(done.run, done.folder, {TASK["id"]: load_suite(suite).tasks[0]})

    path = keep_rescored(done.folder, rescored, datetime(2026, 11, 22, 10, 0, tzinfo=UTC))

    assert path == done.folder / "rescored-20261122T100000Z.json"
    assert '"status": "passed"' in path.read_text(encoding="utf-8")
