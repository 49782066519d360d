from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hosted import hosted, run_there
from tiny_suite import write_suite

import evalkit
from evalkit.api import plan_suite
from evalkit.cli import main
from evalkit.emulator import Emulator
from evalkit.runner.estimate import RunEstimate, earlier_runs, estimate_run


def estimate(path: Path, **options: Any) -> RunEstimate:
    suite = evalkit.load_suite(path)
    earlier = earlier_runs(path.parents[1] / "reports", suite.name, suite.backend.value)
    return estimate_run(plan_suite(suite), earlier, **options)


def test_a_dry_run_sends_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    path = write_suite(tmp_path)
    with hosted(monkeypatch) as server:
        code = main.run(["run", str(path), "--backend", "anthropic", "--dry-run"])
        seen = server.requests

    assert (code, seen) == (0, ())
    assert "nothing was sent" in capsys.readouterr().out
    assert not (tmp_path / "reports").exists()


def test_a_dry_run_needs_no_key(tmp_path: Path) -> None:
    assert main.run(["run", str(write_suite(tmp_path)), "--backend", "anthropic", "--dry-run"]) == 0


def test_a_wrong_suite_is_refused_by_a_dry_run_too(tmp_path: Path) -> None:
    path = write_suite(tmp_path, session={"grader": {"judged": {"R1": "met"}}})

    assert main.run(["run", str(path), "--dry-run"]) == 2


def test_without_history_dollars_are_bounds_that_grow_with_max_iterations(tmp_path: Path) -> None:
    (one,) = estimate(write_suite(tmp_path / "one", task={"max_iterations": 1})).trials
    (five,) = estimate(write_suite(tmp_path / "five", task={"max_iterations": 5})).trials

    assert one.dollars.most is not None
    assert one.dollars.least is not None
    assert five.dollars.most == 5 * one.dollars.most
    assert five.dollars.least == one.dollars.least < one.dollars.most
    assert (five.dollars.expected, five.basis) == (None, "bounds: 1 to 5 iterations of recorded size")
    assert five.why == "no earlier run has measured it"


def test_a_budget_bounds_what_a_trial_can_cost(tmp_path: Path) -> None:
    (trial,) = estimate(write_suite(tmp_path, task={"max_iterations": 20, "budget_usd": 0.05})).trials

    assert trial.dollars.most == Decimal("0.05")


def test_a_model_without_a_price_is_unknown_and_not_free(tmp_path: Path) -> None:
    path = write_suite(tmp_path)
    (path.parent / "tiny" / "agent.yaml").write_text("name: writer\nmodel: claude-nobody-1\n")

    total = estimate(path).dollars

    assert (total.least, total.most) == (None, None)


def test_with_history_dollars_are_what_the_same_task_cost(tmp_path: Path) -> None:
    path = write_suite(tmp_path, suite={"defaults": {"max_iterations": 2, "trials": 3}})
    run = evalkit.run_suite(path)
    costs = [trial.cost.usd for trial in run.trials if trial.cost.usd is not None]

    first = estimate(path).trials[0]

    assert (first.dollars.least, first.dollars.most) == (min(costs), max(costs))
    assert first.basis == "3 earlier sessions of it"
    assert first.why == f"measured in {run.id}; a new run measures it again"


def test_a_changed_task_has_no_history(tmp_path: Path) -> None:
    path = write_suite(tmp_path)
    evalkit.run_suite(path)
    path.write_text(path.read_text().replace("three rows", "three whole rows"))

    assert estimate(path).trials[0].basis.startswith("bounds: ")


def test_a_run_sends_no_fewer_requests_than_its_estimate(tmp_path: Path) -> None:
    path = write_suite(
        tmp_path,
        task={"inputs": [{"path": "tiny/in.csv", "as": "in.csv"}]},
        suite={"defaults": {"max_iterations": 2, "trials": 2}},
    )
    (path.parent / "tiny" / "in.csv").write_text("a,b\n")
    least = estimate(path).requests
    suite = evalkit.load_suite(path)
    assert suite.scenario is not None
    with Emulator(suite.scenario) as server:
        run_there(server, path)
        seen = len(server.requests)

    assert least <= seen <= 2 * least


def two_tasks(folder: Path) -> Path:
    """A suite with the tasks `report` and `other`, the second with the tag `big`."""
    path = write_suite(folder, suite={"defaults": {"trials": 4}})
    text = path.read_text()
    path.write_text(text + text[text.index("- id: report") :].replace("id: report", "id: other\n  tags: [big]"))
    scenario = path.parent / "tiny" / "scenario.yaml"
    text = scenario.read_text()
    scenario.write_text(text + text[text.index("- match") :].replace("evalkit_task: report", "evalkit_task: other"))
    return path


@pytest.mark.parametrize(
    ("options", "sessions", "told"),
    [
        (["--task", "report"], 4, ["skipped: task other, 4 trials: not named by --task"]),
        (["--tag", "big"], 4, ["skipped: task report, 4 trials: without a tag of --tag"]),
        ([], 8, []),
    ],
    ids=["task", "tag", "all"],
)
def test_what_would_not_run_is_said_with_the_reason(
    options: list[str], sessions: int, told: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    main.run(["run", str(two_tasks(tmp_path)), "--dry-run", *options])

    shown = capsys.readouterr().out.splitlines()
    assert [line for line in shown if line.startswith("skipped")] == told
    assert any(line.startswith(f"sessions: {sessions};") for line in shown)


def test_the_parts_of_a_shard_together_are_the_run(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = two_tasks(tmp_path)
    sessions = []
    for shard in ("1/2", "2/2"):
        main.run(["run", str(path), "--dry-run", "--shard", shard])
        shown = capsys.readouterr().out
        sessions.append(int(shown.split("sessions: ")[1].split(";")[0]))
        assert f"in another part than --shard {shard}" in shown

    assert sum(sessions) == 8


def test_what_was_measured_is_left_out_when_only_changes_are_asked_for(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = write_suite(tmp_path)
    evalkit.run_suite(path)

    main.run(["run", str(path), "--dry-run", "--only-changed"])

    shown = capsys.readouterr().out
    assert "skipped: task report, 1 trials: measured as it is now" in shown
    assert "sessions: 0;" in shown
