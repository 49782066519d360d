import asyncio
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path

import anthropic
import pytest
from hosted import hosted, run_there
from tiny_suite import write_suite

import evalkit
from evalkit.claude.cleaning import Kind, Leftover
from evalkit.cli import main
from evalkit.cli.clean import _age
from evalkit.emulator import Emulator
from evalkit.runner.retention import old_leftovers
from evalkit.settings import load_settings
from evalkit.store.database import create_database
from evalkit.store.layout import find_run, run_folders
from evalkit.store.lock import RunLock
from evalkit.trial.model import RunRecord

NOW = datetime(2026, 11, 22, tzinfo=UTC)


def left(server: Emulator) -> Counter[str]:
    """How many things of each kind there are at the provider, whoever made them."""

    async def count() -> Counter[str]:
        async with anthropic.AsyncAnthropic(base_url=server.base_url, api_key="any") as client:
            beta = client.beta
            return Counter(
                {
                    "sessions": len([item async for item in beta.sessions.list(include_archived=True)]),
                    "files": len([item async for item in beta.files.list()]),
                    "environments": len([item async for item in beta.environments.list()]),
                    "agents": len([item async for item in beta.agents.list()]),
                }
            )

    return asyncio.run(count())


def make_strangers(server: Emulator) -> None:
    """One thing of each kind that somebody else made, as like ours as it may be without our mark."""
    client = anthropic.Anthropic(base_url=server.base_url, api_key="any")
    agent = client.beta.agents.create(name="evalkit/mine/base", model="claude-haiku-4-5", metadata={"team": "x"})
    environment = client.beta.environments.create(name="evalkit/mine")
    client.beta.sessions.create(agent=agent.id, environment_id=environment.id, metadata={"run": "evalkit_run"})
    client.beta.files.upload(file=("evalkit-report.csv", b"a,b\n"))
    client.close()


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = write_suite(tmp_path, task={"inputs": [{"path": "tiny/in.csv", "as": "in.csv"}]})
    (path.parent / "tiny" / "in.csv").write_text("a,b\n")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def scenario(project: Path) -> Path:
    return project / "suites" / "tiny" / "scenario.yaml"


def run(server: Emulator, project: Path) -> RunRecord:
    return run_there(server, project / "suites" / "tiny.yaml")


def test_without_yes_everything_is_listed_and_nothing_removed(
    project: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with hosted(monkeypatch, scenario(project)) as server:
        run(server, project)
        before = left(server)
        assert main.run(["clean", "--older-than", "0h"]) == 0
        after = left(server)

    shown = capsys.readouterr().out
    assert before == after
    assert [line.split()[0] for line in shown.splitlines()] == ["run", "session", "file", "environment", "agent", "5"]
    assert len(run_folders(project / "reports")) == 1


def test_exactly_what_carries_our_mark_is_removed(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with hosted(monkeypatch, scenario(project)) as server:
        make_strangers(server)
        strangers = left(server)
        run(server, project)
        assert left(server) > strangers
        assert main.run(["clean", "--older-than", "0h", "--yes"]) == 0
        assert left(server) == strangers

    assert run_folders(project / "reports") == ()


def test_what_is_younger_stays(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with hosted(monkeypatch, scenario(project)) as server:
        run(server, project)
        before = left(server)
        assert main.run(["clean", "--yes"]) == 0
        assert left(server) == before


def test_a_run_after_cleaning_finds_everything_it_needs(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with hosted(monkeypatch, scenario(project)) as server:
        run(server, project)
        main.run(["clean", "--older-than", "0h", "--yes"])
        (trial,) = run(server, project).trials

    assert trial.ok is True


def test_failed_trials_and_their_sessions_are_kept_when_asked(
    project: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    draft = project / "suites" / "tiny" / "drafts" / "report.csv"
    with hosted(monkeypatch, scenario(project)) as server:
        run(server, project)
        draft.write_text("a,b\n1,2\n")
        run(server, project)
        assert main.run(["clean", "--older-than", "0h", "--keep-failed", "--yes"]) == 0
        kept = left(server)

    told = capsys.readouterr().err
    assert (kept["sessions"], kept["agents"], kept["environments"]) == (1, 1, 1)
    assert len(run_folders(project / "reports")) == 1
    assert "1 trials were not ok" in told
    assert "no run here knows that its trial was ok" in told
    assert "a session that stays uses it" in told


def test_without_a_key_only_run_folders_are_looked_at(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    evalkit.run_suite(project / "suites" / "tiny.yaml")

    assert main.run(["clean", "--older-than", "0h", "--yes"]) == 0
    assert "the provider was not looked at" in capsys.readouterr().err
    assert run_folders(project / "reports") == ()
    assert main.run(["clean", "--only", "provider"]) == 2


def test_a_run_that_is_being_written_stays(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    evalkit.run_suite(project / "suites" / "tiny.yaml")
    folder = find_run(project / "reports", "last")
    lock = RunLock(folder)
    try:
        main.run(["clean", "--older-than", "0h", "--yes"])
    finally:
        lock.release()

    assert run_folders(project / "reports") == (folder,)
    assert "another evalkit is running this run" in capsys.readouterr().err


def test_a_folder_that_cannot_be_read_stays(project: Path) -> None:
    folder = project / "reports" / "20200101T000000Z-old-0000"
    create_database(folder).close()

    main.run(["clean", "--yes"])

    assert folder.is_dir()


@pytest.mark.parametrize("age", ["soon", "3w", "-1d", ""])
def test_an_age_that_is_none_is_refused(age: str, project: Path) -> None:
    assert main.run(["clean", "--older-than", age]) == 2


@pytest.mark.parametrize("days", ["0", "-1", "true", "'30d'", "1.5", "3651"])
def test_a_retention_that_is_none_is_refused(days: str, project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (project / "pyproject.toml").write_text(f"[tool.evalkit]\nretention_days = {days}\n")

    assert main.run(["clean"]) == 2
    assert "[tool.evalkit] retention_days: found" in capsys.readouterr().err


def test_how_long_things_are_kept_is_a_setting(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text("[tool.evalkit]\nretention_days = 7\n")

    assert load_settings(tmp_path, environ={}).retention_days == 7
    assert _age(None, load_settings(tmp_path, environ={})) == timedelta(days=7)
    assert _age("12h", load_settings(tmp_path, environ={})) == timedelta(hours=12)


def leftover(kind: Kind, name: str, *, days: int, uses: str = "", is_busy: bool = False) -> Leftover:
    at = NOW - timedelta(days=days)
    return Leftover(kind=kind, id=name, name=name, at=at, uses=frozenset(uses.split()), is_busy=is_busy)


def test_an_old_agent_that_a_young_or_busy_session_uses_stays() -> None:
    found = (
        leftover(Kind.AGENT, "young's", days=90),
        leftover(Kind.AGENT, "busy's", days=90),
        leftover(Kind.AGENT, "nobody's", days=90),
        leftover(Kind.SESSION, "young", days=1, uses="young's"),
        leftover(Kind.SESSION, "busy", days=60, uses="busy's", is_busy=True),
        leftover(Kind.SESSION, "old", days=60, uses="nobody's"),
    )

    old = old_leftovers(found, NOW - timedelta(days=30), only=None)

    assert {item.id for item in old.remove} == {"nobody's", "old"}
    assert len(old.keep) == 3
