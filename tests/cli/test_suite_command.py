import json
from pathlib import Path
from typing import Any

import pytest
from hosted import hosted, run_there
from tiny_suite import RUBRIC, TASK, write_suite

import evalkit
from evalkit.cli import main
from evalkit.store.history import load_events
from evalkit.store.layout import find_run
from evalkit.suite.load import load_suite
from evalkit.trial.model import Verdict


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project without suites, which is the working directory."""
    (tmp_path / "rubrics").mkdir()
    monkeypatch.chdir(tmp_path)
    return tmp_path


def recorded(folder: Path, **changes: Any) -> tuple[Path, str]:
    """The exported event list of a session of the tiny suite, and its id."""
    run = evalkit.run_suite(write_suite(folder, **changes))
    (trial,) = run.trials
    events = load_events(find_run(folder / "reports", run.id), trial.spec.key, trial.attempt)
    path = folder / "session.jsonl"
    path.write_text("".join(json.dumps(raw) + "\n" for raw in events), encoding="utf-8")
    assert trial.session.id is not None
    return path, trial.session.id


def test_a_new_suite_runs_at_once_and_shows_what_a_check_is_for(project: Path) -> None:
    assert main.run(["suite", "init", "first"]) == 0

    trials = evalkit.run_suite("suites/first.yaml").trials

    assert {trial.verdict for trial in trials} == {Verdict.SATISFIED}
    assert [trial.ok for trial in trials] == [True, True, False]
    assert [check.id for check in trials[2].checks if check.status.value == "failed"] == ["totals"]


def test_a_new_suite_fits_its_schema_and_lies_beside_it(project: Path) -> None:
    main.run(["suite", "init", "first"])

    assert main.run(["suite", "validate", "suites/first.yaml"]) == 0
    assert (project / "suites" / "suite.schema.json").is_file()


def test_a_scenario_that_is_wrong_makes_its_suite_wrong(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    main.run(["suite", "init", "first"])
    scenario = project / "suites" / "first" / "scenario.yaml"
    scenario.write_text(scenario.read_text().replace("seed: 13", "sede: 13"))
    capsys.readouterr()

    assert main.run(["suite", "validate", "suites/first.yaml"]) == 2
    assert "suites/first/scenario.yaml:4: unknown key 'sede'; did you mean 'seed'?\n" in capsys.readouterr().err
    assert main.run(["suite", "list"]) == 2
    assert capsys.readouterr().out.splitlines()[3].split() == ["suites/first.yaml", "?", "?", "?", "?", "2"]


def test_two_new_suites_live_in_one_project(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    main.run(["suite", "init", "first"])

    assert main.run(["suite", "init", "second"]) == 0
    assert main.run(["suite", "list"]) == 0
    assert "suites/second.yaml" in capsys.readouterr().out


def test_nothing_is_overwritten(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    kept = project / "rubrics" / "first-totals.md"
    kept.write_text("mine\n")

    assert main.run(["suite", "init", "first"]) == 2
    assert "first-totals.md: is there already" in capsys.readouterr().err
    assert kept.read_text() == "mine\n"
    assert not (project / "suites").exists()


@pytest.mark.parametrize("name", ["Upper", "../out", "a b", ""])
def test_a_name_that_no_suite_can_have_is_refused(name: str, project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main.run(["suite", "init", name]) == 2
    assert "suite name: found" in capsys.readouterr().err


def test_options_about_a_session_without_a_session_are_refused(project: Path) -> None:
    assert main.run(["suite", "init", "first", "--model", "claude-haiku-4-5"]) == 2


def test_a_recorded_session_becomes_a_task_with_its_own_words(project: Path) -> None:
    path, _ = recorded(project / "elsewhere")

    assert main.run(["suite", "init", "again", "--from-session", str(path)]) == 0

    (task,) = load_suite(Path("suites/again.yaml")).tasks
    assert (task.description, task.rubric.sent) == (TASK["description"], RUBRIC)
    assert (task.deliverables, task.max_iterations) == (("report.csv",), 2)


def test_inputs_that_a_session_used_are_named_and_taken_where_they_are_given(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = "Read /mnt/session/uploads/in.csv and also /mnt/session/uploads/more.csv. " + TASK["description"]
    path, _ = recorded(project / "elsewhere", task={"description": words})
    given = project / "given"
    given.mkdir()
    (given / "in.csv").write_text("a,b\n")

    main.run(["suite", "init", "again", "--from-session", str(path), "--inputs", str(given)])

    (task,) = load_suite(Path("suites/again.yaml")).tasks
    assert [item.mount_as for item in task.inputs] == ["in.csv"]
    assert "missing: suites/again/inputs/more.csv" in capsys.readouterr().out


def test_a_session_by_its_id_brings_agent_inputs_and_deliverables(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write_suite(project / "there", task={"inputs": [{"path": "tiny/in.csv", "as": "in.csv"}]})
    (path.parent / "tiny" / "in.csv").write_text("a,b\n")
    with hosted(monkeypatch, path.parent / "tiny" / "scenario.yaml") as server:
        (trial,) = run_there(server, path).trials
        assert main.run(["suite", "init", "again", "--from-session", trial.session.id or ""]) == 0

    suite = load_suite(Path("suites/again.yaml"))
    (task,) = suite.tasks
    assert suite.variants[0].model == "claude-haiku-4-5"
    assert task.deliverables == ("report.csv",)
    assert json.loads((project / "suites/again/session.jsonl").read_text().splitlines()[0])["type"]


def test_half_a_character_in_an_event_list_does_no_harm(project: Path) -> None:
    path, _ = recorded(project / "elsewhere")
    path.write_text(path.read_text().replace("three rows", "three \\ud800 rows"))

    assert main.run(["suite", "init", "again", "--from-session", str(path)]) == 0
    assert "three ? rows" in load_suite(Path("suites/again.yaml")).tasks[0].description


def test_a_session_that_shows_no_deliverable_needs_one_named(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    outcome = {
        "id": "sevt_1",
        "type": "user.define_outcome",
        "outcome_id": "outc_1",
        "description": "Do it.",
        "rubric": {"type": "text", "content": "- [R1] Done."},
        "max_iterations": 2,
    }
    Path("bare.jsonl").write_text(json.dumps(outcome) + "\n")

    assert main.run(["suite", "init", "again", "--from-session", "bare.jsonl"]) == 2
    assert "--deliverable names one" in capsys.readouterr().err
    assert main.run(["suite", "init", "again", "--from-session", "bare.jsonl", "--deliverable", "a b.csv"]) == 0
    assert load_suite(Path("suites/again.yaml")).tasks[0].deliverables == ("a b.csv",)
    assert main.run(["suite", "init", "more", "--from-session", "bare.jsonl", "--deliverable", "../a.csv"]) == 2


def test_a_session_without_an_outcome_is_refused_by_name(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Path("talk.jsonl").write_text('{"id": "sevt_1", "type": "session.status_running"}\n')

    assert main.run(["suite", "init", "again", "--from-session", "talk.jsonl"]) == 2
    assert "talk.jsonl: the session defined no outcome" in capsys.readouterr().err


def test_recorded_production_sessions_become_suites_that_load(project: Path, traces: Path) -> None:
    for path in sorted(traces.glob("phase-6-T-*.jsonl")):
        name = path.stem.lower()
        assert main.run(["suite", "init", name, "--from-session", str(path)]) == 0
        (task,) = load_suite(Path(f"suites/{name}.yaml")).tasks
        assert task.deliverables == (f"{path.stem.removeprefix('phase-6-')}.json",)


def test_a_wrong_suite_is_listed_with_its_problems(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    main.run(["suite", "init", "first"])
    Path("suites/broken.yaml").write_text("format: evalkit-suite/1\n")
    capsys.readouterr()

    assert main.run(["suite", "list"]) == 2

    lines = capsys.readouterr().out.splitlines()
    assert next(line for line in lines if "broken" in line).split()[-1] == "5"


def test_the_schema_is_printed_as_it_lies_beside_the_suites(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    main.run(["suite", "init", "first"])
    capsys.readouterr()
    main.run(["suite", "schema"])

    assert capsys.readouterr().out == (project / "suites" / "suite.schema.json").read_text(encoding="utf-8")
