"""The command line as a whole: light to start, one plain line for every deliberate error."""

import subprocess
import sys
from pathlib import Path

import pytest

from evalkit.cli import main

HEAVY = {"anthropic", "pandas", "numpy", "openpyxl", "pydantic", "starlette", "uvicorn", "yaml", "tabulate", "sqlite3"}
WITHOUT_SDK = [
    ["--help"],
    ["list"],
    ["show"],
    ["report", "nothing"],
    ["suite", "validate", "nowhere.yaml"],
    ["rubric", "show", "nowhere.md"],
    ["ingest", "nowhere.jsonl"],
    ["suite", "init", "first"],
    ["suite", "list"],
    ["suite", "schema"],
    ["doctor"],
]


def modules_after(arguments: list[str], folder: Path) -> set[str]:
    code = f"import sys; from evalkit.cli.main import run; run({arguments!r}); print('\\n', *sys.modules, sep='\\n')"
    done = subprocess.run([sys.executable, "-c", code], cwd=folder, capture_output=True, text=True, check=True)
    return {line.split(".")[0] for line in done.stdout.split("\n\n")[-1].splitlines()}


def test_help_loads_nothing_heavy(tmp_path: Path) -> None:
    assert modules_after(["--help"], tmp_path) & HEAVY == set()


@pytest.mark.parametrize("arguments", WITHOUT_SDK, ids=" ".join)
def test_commands_that_send_nothing_never_load_the_sdk(arguments: list[str], tmp_path: Path) -> None:
    assert "anthropic" not in modules_after(arguments, tmp_path)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["report", "nothing"], "no runs here"),
        (["ingest", "nowhere.jsonl"], "nowhere.jsonl: "),
        (["suite", "validate", "nowhere.yaml"], "nowhere.yaml"),
        (["rubric", "show", "nowhere.md"], "nowhere.md"),
        (["run", "nowhere.yaml"], "nowhere.yaml"),
        (["frobnicate"], "No such command"),
    ],
    ids=lambda value: value[0] if isinstance(value, list) else None,
)
def test_a_wrong_command_is_told_plainly_and_exits_2(
    arguments: list[str],
    words: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)

    code = main.run(arguments)

    told = capsys.readouterr().err
    assert code == 2
    assert words in told
    assert "Traceback" not in told


def test_a_package_that_is_missing_is_named_with_what_would_help(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(main._COMMANDS, "list", ("no_such_package", ""))

    assert main.run(["list"]) == 2
    told = capsys.readouterr().err
    assert told == "evalkit: found no package 'no_such_package'; `evalkit doctor` says what to install\n"


def test_an_error_that_quotes_a_key_does_not_show_it(capsys: pytest.CaptureFixture[str]) -> None:
    assert main.run(["suite", "validate", "sk-ant-api03-notarealkeybutlikeone.yaml"]) == 2
    assert capsys.readouterr().err.startswith("[masked].yaml: no file there")


def test_every_command_listed_is_there(capsys: pytest.CaptureFixture[str]) -> None:
    for name in main._COMMANDS:
        assert main.run([name, "--help"]) == 0

    assert "Usage: evalkit" in capsys.readouterr().out


def test_an_empty_run_root_is_not_an_error(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main.run(["list", "--reports", str(tmp_path)]) == 0
    assert "evalkit run SUITE" in capsys.readouterr().out


def test_a_fault_of_our_own_is_one_line_and_not_the_code_of_a_regression(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "20261122T000000Z-x-abcd"
    folder.mkdir()
    monkeypatch.setitem(main._COMMANDS, "list", ("evalkit.nowhere", ""))

    code = main.run(["list", "--reports", str(tmp_path)])

    told = capsys.readouterr().err
    assert code == 3
    assert "a fault of its own" in told
    assert len(told.splitlines()) == 1
