"""Killed at any write and resumed, a run is the run it would have been, and the server saw nothing twice."""

import json
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import pytest
from tiny_suite import write_suite

from evalkit.emulator import Emulator
from evalkit.errors import EvalkitError
from evalkit.store.history import load_events, load_run
from evalkit.store.layout import run_folders
from evalkit.suite.load import load_suite

HERE = Path(__file__).parent
TAKES_IDS_OR_TIMES = {
    "run",
    "commit",
    "session",
    "started_at",
    "ended_at",
    "graded_at",
    "time_s",
}


class Zygote:
    """Forks runs that may die."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, str(HERE / "zygote.py")],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONPATH": str(HERE.parents[1]), "EVALKIT_STRICT_RESPONSES": "1"},
        )

    def work(self, **order: Any) -> dict[str, Any]:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(order) + "\n")
        self._process.stdin.flush()
        answer: dict[str, Any] = json.loads(self._process.stdout.readline())
        return answer

    def close(self) -> None:
        with self._process as process:
            assert process.stdin is not None
            process.stdin.close()


@pytest.fixture(scope="module")
def zygote() -> Iterator[Zygote]:
    process = Zygote()
    yield process
    process.close()


@dataclass(frozen=True)
class Outcome:
    """What a run came to, without ids and times, and what the server was asked to do."""

    records: Any
    creations: Counter[str]
    outcomes_of_each_session: list[int]
    statements: int
    died: bool


def whole_suite(folder: Path) -> Path:
    """Two trials of two iterations, with an input to upload."""
    session = {"grader": {"judged": {"R1": "met", "R2": "not_met"}}}
    path = write_suite(
        folder,
        session=session,
        task={"inputs": [{"path": "tiny/in.csv", "as": "in.csv"}]},
        suite={"defaults": {"trials": 2, "max_iterations": 2}},
    )
    (path.parent / "tiny" / "in.csv").write_text("a,b\n")
    return path


def run_and_die(folder: Path, zygote: Zygote, *die_at: int | None) -> Outcome:
    """The run that died at each of these statements, resumed each time, and at last let live."""
    path = whole_suite(folder)
    reports = folder / "reports"
    with Emulator(load_suite(path).scenario) as server:
        died, statements = False, 0
        for at in die_at:
            begun = [run for run in run_folders(reports) if is_planned(run)]
            resume = str(begun[0]) if begun else None
            said = zygote.work(
                base_url=server.base_url, suite=str(path), reports=str(reports), resume=resume, die_at=at
            )
            died = died or said["died"]
            statements = said["statements"] or 0
        (run_folder,) = [run for run in run_folders(reports) if is_planned(run)]
        created = Counter(
            request.path.split("?")[0].removeprefix("/v1/")
            for request in server.requests
            if request.method == "POST" and request.path.split("?")[0].count("/") == 2
        )
    run = load_run(run_folder)
    outcomes = [
        sum(raw["type"] == "user.define_outcome" for raw in load_events(run_folder, trial.spec.key, trial.attempt))
        for trial in (*run.trials, *run.earlier_attempts)
    ]
    records = [without_ids_and_times(asdict(trial)) for trial in (*run.trials, *run.earlier_attempts)]
    return Outcome(records, created, outcomes, statements, died)


def is_planned(folder: Path) -> bool:
    """Whether the run got as far as its plan: before that nothing was asked of the API in its name."""
    try:
        return bool(load_run(folder).trials)
    except EvalkitError:
        return False


def without_ids_and_times(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: without_ids_and_times(item) for key, item in value.items() if key not in TAKES_IDS_OR_TIMES}
    if isinstance(value, (list, tuple)):
        return [without_ids_and_times(item) for item in value]
    return value


@pytest.fixture(scope="module")
def undisturbed(zygote: Zygote, tmp_path_factory: pytest.TempPathFactory) -> Outcome:
    return run_and_die(tmp_path_factory.mktemp("undisturbed"), zygote, None)


def assert_same(found: Outcome, undisturbed: Outcome) -> None:
    assert found.records == undisturbed.records
    assert found.creations["sessions"] == undisturbed.creations["sessions"] == 2
    assert found.creations["agents"] == undisturbed.creations["agents"] == 1
    assert found.outcomes_of_each_session == undisturbed.outcomes_of_each_session == [1, 1]


def test_an_undisturbed_run_measures_both_trials(undisturbed: Outcome) -> None:
    assert [record["end"] for record in undisturbed.records] == ["verdict", "verdict"]
    assert undisturbed.statements > 100


@pytest.mark.parametrize("part", [0.15, 0.25, 0.45, 0.6, 0.9])
def test_a_run_that_died_and_was_resumed_is_the_same_run(
    tmp_path: Path, zygote: Zygote, undisturbed: Outcome, part: float
) -> None:
    found = run_and_die(tmp_path, zygote, round(undisturbed.statements * part), None)

    assert found.died
    assert_same(found, undisturbed)


@pytest.mark.slow
@pytest.mark.parametrize("part", range(8))
def test_a_run_may_die_at_every_single_write(tmp_path: Path, zygote: Zygote, undisturbed: Outcome, part: int) -> None:
    for statement in range(1 + part, undisturbed.statements + 1, 8):
        found = run_and_die(tmp_path / str(statement), zygote, statement, None)

        assert found.died, statement
        assert_same(found, undisturbed)


@pytest.mark.slow
@pytest.mark.parametrize("every", [7, 23, 40])
def test_a_run_may_die_again_and_again(tmp_path: Path, zygote: Zygote, undisturbed: Outcome, every: int) -> None:
    found = run_and_die(tmp_path, zygote, *[30 + every * turn for turn in range(5)], None)

    assert found.died
    assert_same(found, undisturbed)
