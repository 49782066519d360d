import json
import subprocess
import sys
from importlib import import_module
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path
from typing import Any

import pytest
import yaml
from hosted import hosted
from tiny_suite import write_suite

from evalkit.claude.questions import QUESTIONS
from evalkit.cli import main
from evalkit.cli.machine import State, look_at_machine
from evalkit.emulator import Emulator

MAKE = """\
import pathlib, sys
outputs = pathlib.Path(sys.argv[2])
(outputs / "deep").mkdir(exist_ok=True)
(outputs / "deep" / "nested.txt").write_text("nested\\n")
(outputs / "twice.txt").write_text("two\\n")
"""


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "rubrics").mkdir()
    monkeypatch.chdir(tmp_path)
    return tmp_path


def questioned(folder: Path) -> Path:
    """A scenario whose agent does what the questions ask it to do."""
    (folder / "make.py").write_text(MAKE)
    session: dict[str, Any] = {
        "match": {"description": "^evalkit doctor"},
        "deliver": {"make": "make.py"},
        "grader": {"judged": {"R1": "met"}},
    }
    path = folder / "scenario.yaml"
    path.write_text(yaml.safe_dump({"format": "evalkit-scenario/1", "seed": 1, "sessions": [session]}))
    return path


def nothing(_: str) -> None:
    return None


def not_installed(name: str) -> str:
    raise PackageNotFoundError(name)


def test_a_machine_with_nothing_installed_is_told_what_is_missing_and_what_for() -> None:
    machine = look_at_machine(
        find_program=nothing, find_version=not_installed, why_no_sandbox=lambda: "bubblewrap: no program bwrap"
    )
    found = {finding.what: finding for finding in machine}

    assert found["anthropic"].state is State.WRONG
    assert "pip install 'anthropic>=" in found["anthropic"].words
    assert {name for name, finding in found.items() if finding.state is State.ABSENT} == {
        "bubblewrap",
        "LibreOffice",
        "Chromium",
    }


def test_a_machine_with_click_alone_still_gets_the_whole_list(project: Path) -> None:
    """Nothing but click and evalkit itself can be imported, no program can be found, no variable is set."""
    for name in ("click", "evalkit"):
        package = distribution(name)
        (project / f"{name}-0.dist-info").mkdir()
        (project / f"{name}-0.dist-info" / "METADATA").write_text(package.read_text("METADATA") or "")
        (project / name).symlink_to(Path(import_module(name).__file__ or "").parent)
    code = (
        f"import sys; sys.path.insert(0, {str(project)!r}); from evalkit.cli.main import run; sys.exit(run(['doctor']))"
    )
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-B", "-c", code],
        cwd=project,
        env={"PATH": ""},
        capture_output=True,
        text=True,
        check=False,
    )

    assert (done.returncode, done.stderr) == (2, "")
    lines = done.stdout.splitlines()
    assert {line.split()[1].rstrip(":") for line in lines if line.startswith("!!")} >= {"anthropic", "pydantic", "rich"}
    assert any(line.startswith("--  LibreOffice: not found") for line in lines)
    assert lines[-1] == "--  key and prices: not looked at before what is wrong above is put right"


def test_a_source_that_was_never_installed_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("evalkit.cli.machine.requires", not_installed)

    found = {finding.what: finding for finding in look_at_machine()}

    assert found["evalkit"].state is State.WRONG
    assert "pip install -e ." in found["evalkit"].words


def test_an_old_python_and_an_old_package_are_wrong() -> None:
    found = look_at_machine(python=(3, 10, 4), find_program=nothing, find_version=lambda _: "0.0.1")

    assert {finding.what for finding in found if finding.state is State.WRONG} >= {"Python", "anthropic", "click"}


def test_a_machine_with_everything_has_nothing_to_complain_about() -> None:
    found = look_at_machine(
        find_program=lambda name: f"/usr/bin/{name}", find_version=lambda _: "999.0", why_no_sandbox=lambda: None
    )

    assert {finding.state for finding in found} == {State.GOOD}


def test_without_a_key_all_is_well_and_the_key_is_named(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main.run(["doctor"]) == 0
    assert "--  key: ANTHROPIC_API_KEY is not set" in capsys.readouterr().out


def test_a_key_is_tried_with_one_request_that_changes_nothing(
    project: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with hosted(monkeypatch) as server:
        code = main.run(["doctor"])
        seen = [(request.method, request.path) for request in server.requests]

    shown = capsys.readouterr().out
    assert (code, seen) == (0, [("GET", "/v1/agents")])
    assert "ok  Managed Agents: this key may use them" in shown
    assert "any-text-will-do" not in shown


def test_a_server_that_does_not_answer_is_wrong(
    project: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with Emulator() as emulator:
        gone = emulator.base_url
    monkeypatch.setenv("ANTHROPIC_BASE_URL", gone)
    monkeypatch.setenv("ANTHROPIC_API_KEY", "any-text-will-do")

    assert main.run(["doctor"]) == 2
    assert "!!  127.0.0.1:" in capsys.readouterr().out


def test_prices_of_a_suites_models_are_looked_up(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = write_suite(project / "there")
    main.run(["doctor", str(path)])
    known = capsys.readouterr().out
    (path.parent / "tiny" / "agent.yaml").write_text("name: writer\nmodel: claude-nobody-1\n")
    main.run(["doctor", str(path)])

    assert "prices of claude-haiku-4-5 are known" in known
    assert "no price for model 'claude-nobody-1'" in capsys.readouterr().out


def test_a_wrong_suite_makes_the_doctor_unhappy(project: Path) -> None:
    (project / "broken.yaml").write_text("format: evalkit-suite/1\n")

    assert main.run(["doctor", "broken.yaml"]) == 2


def test_without_a_key_the_questions_are_listed_and_none_is_asked(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main.run(["doctor", "--live"]) == 3
    shown = capsys.readouterr().out
    assert all(question in shown for question in QUESTIONS.values())


@pytest.mark.parametrize("budget", ["0", "-1", "1.005", "nan", "much", "0.19"])
def test_a_budget_that_cannot_be_kept_is_refused_before_anything_is_sent(
    budget: str, project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with hosted(monkeypatch) as server:
        assert main.run(["doctor", "--live", "--budget-usd", budget]) == 2
        assert server.requests == ()


def test_every_question_is_answered_and_written_down_and_nothing_is_left(
    project: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with hosted(monkeypatch, questioned(project)) as server:
        code = main.run(["doctor", "--live"])
        told = capsys.readouterr()
        main.run(["clean", "--older-than", "0h"])
        left = capsys.readouterr().out
        seen = {(request.method, request.status) for request in server.requests}

    (facts,) = (project / "reports").glob("facts-*.json")
    written = json.loads(facts.read_text(encoding="utf-8"))
    answers = {name: item["answer"] for name, item in written["answers"].items()}
    assert (code, told.err) == (0, "")
    assert answers.keys() == QUESTIONS.keys()
    assert answers["create_status"] == "200"
    assert answers["nested_outputs"] == "nested.txt"
    assert "max_iterations" in answers["iterations_range"]
    assert answers["interrupted_end"].startswith("interrupted at iteration 0")
    assert answers["billed"].startswith("billed 0.")
    assert written["spent_usd"] is not None
    assert "0 to remove" in left
    assert ("DELETE", 200) in seen
