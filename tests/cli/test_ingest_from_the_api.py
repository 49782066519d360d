"""Sessions that nobody here started, read from the API as exported lists are read from files."""

import asyncio
from pathlib import Path

import pytest
from tiny_suite import write_suite

from evalkit.claude.client import Target
from evalkit.cli import main
from evalkit.emulator import Emulator
from evalkit.runner.suite import run_suite
from evalkit.settings import load_settings
from evalkit.store.history import load_run
from evalkit.store.layout import run_folders
from evalkit.suite.load import load_suite
from evalkit.suite.plan import plan_trials


def test_a_session_is_read_with_its_files_and_nothing_is_changed_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write_suite(tmp_path)
    suite = load_suite(path)
    plans = plan_trials(suite, version="0", commit=None, scenario_hash="s")
    with Emulator(suite.scenario) as server:
        target = Target(base_url=server.base_url, api_key=None)
        settings = load_settings(tmp_path, reports=tmp_path / "first")
        (before,) = load_run(asyncio.run(run_suite(suite, plans, settings, target))).trials
        asked = len(server.requests)
        monkeypatch.setenv("ANTHROPIC_BASE_URL", server.base_url)
        monkeypatch.setenv("ANTHROPIC_API_KEY", "a key that opens this door")
        task = ["--suite", str(path), "--task", "report"]

        code = main.run(["ingest", "--session", str(before.session.id), *task, "--reports", str(tmp_path / "second")])

        methods = {seen.method for seen in server.requests[asked:]}
    (folder,) = run_folders(tmp_path / "second")
    (after,) = load_run(folder).trials
    assert code == 0
    assert methods == {"GET"}
    assert (after.verdict, after.ok, after.cost) == (before.verdict, before.ok, before.cost)
    assert [(item.name, item.sha256, item.rebuilt) for item in after.artifacts] == [
        (item.name, item.sha256, False) for item in before.artifacts
    ]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ([], "give event lists, or sessions with --session, and not both"),
        (["a.jsonl", "--session", "sesn_1"], "and not both"),
        (["--session", "../etc"], "the id of a session would do"),
        (["--session", "sesn_1", "--outputs", "."], "the files are read from the API"),
        (["--session", "sesn_1"], "ANTHROPIC_API_KEY is not set"),
    ],
)
def test_what_cannot_be_read_is_told_plainly(
    arguments: list[str], words: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main.run(["ingest", *arguments, "--reports", str(tmp_path)]) == 2
    assert words in capsys.readouterr().err
