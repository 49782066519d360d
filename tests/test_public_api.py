"""What `import evalkit` gives: few names, each documented, and nothing heavy before it is asked for."""

import asyncio
import inspect
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from tiny_suite import write_suite

import evalkit
from evalkit.errors import RunNotFoundError, SuiteError, UsageError

MEANT = {
    "Check",
    "CheckResult",
    "EvalkitError",
    "File",
    "Finding",
    "RunRecord",
    "Suite",
    "ToolCall",
    "TrialRecord",
    "check",
    "frames",
    "load_run",
    "load_suite",
    "run_suite",
}


def test_the_public_names_are_the_ones_meant() -> None:
    assert set(evalkit.__all__) == MEANT


@pytest.mark.parametrize("name", sorted(MEANT))
def test_every_public_name_is_there_and_documented(name: str) -> None:
    assert inspect.getdoc(getattr(evalkit, name))


def test_a_name_that_is_not_public_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'run_suites'"):
        _ = evalkit.run_suites  # type: ignore[attr-defined]  # that it is missing is the claim


def test_importing_evalkit_or_its_plug_in_imports_nothing_else() -> None:
    code = "import evalkit, evalkit.pytest_plugin, sys; print(*sys.modules, sep='\\n')"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = done.stdout.splitlines()

    assert [name for name in loaded if name.startswith("evalkit")] == ["evalkit", "evalkit.pytest_plugin"]
    assert {"anthropic", "pydantic", "starlette", "yaml"}.isdisjoint(loaded)


def test_a_run_is_returned_and_found_again(tmp_path: Path) -> None:
    run = evalkit.run_suite(write_suite(tmp_path))

    assert [trial.ok for trial in run.trials] == [True]
    assert evalkit.load_run(reports=tmp_path / "reports") == run
    assert evalkit.load_run(run.id, reports=tmp_path / "reports") == run
    assert evalkit.load_run(tmp_path / "reports" / run.id) == run


def test_a_loaded_suite_runs_as_its_path_does(tmp_path: Path) -> None:
    suite = evalkit.load_suite(write_suite(tmp_path))

    first, second = evalkit.run_suite(suite), evalkit.run_suite(str(suite.path))

    assert [trial.spec for trial in first.trials] == [trial.spec for trial in second.trials]


def test_within_an_event_loop_a_thread_does(tmp_path: Path) -> None:
    path = write_suite(tmp_path)

    async def within() -> evalkit.RunRecord:
        return await asyncio.to_thread(evalkit.run_suite, path)

    assert asyncio.run(within()).trials[0].ok is True


def test_a_wrong_suite_brings_every_problem(tmp_path: Path) -> None:
    path = write_suite(tmp_path, task={"deliverables": [], "trials": 0})

    with pytest.raises(SuiteError) as caught:
        evalkit.load_suite(path)

    assert len(caught.value.problems) >= 2


def test_what_cannot_be_asked_for_is_refused_in_one_line(tmp_path: Path) -> None:
    path = write_suite(tmp_path)
    loaded = evalkit.load_suite(path)

    asks: tuple[Callable[[], evalkit.RunRecord], ...] = (
        lambda: evalkit.run_suite(path, backend="moon"),
        lambda: evalkit.run_suite(path, backend="anthropic"),
        lambda: evalkit.run_suite(loaded, backend="anthropic"),
        lambda: evalkit.run_suite(path, tasks=["nothing"]),
    )
    for ask in asks:
        with pytest.raises(UsageError) as caught:
            ask()
        assert "\n" not in str(caught.value)
    with pytest.raises(RunNotFoundError):
        evalkit.load_run(reports=tmp_path / "nowhere")
