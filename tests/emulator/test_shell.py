import asyncio
import socket
from pathlib import Path

import pytest

from evalkit.emulator.hands import Hands
from evalkit.emulator.shell import run_command
from evalkit.sandbox.bubblewrap import why_unavailable

REFUSED = "bubblewrap: no program bwrap; install it"
COMMAND = "pwd; cat /mnt/session/uploads/in.txt; echo made > /mnt/session/outputs/out.txt; echo wrong >&2"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    Hands(tmp_path / "session").mount("/mnt/session/uploads/in.txt", b"input\n")
    return tmp_path / "session"


@pytest.fixture
def unavailable() -> None:
    if why_unavailable() is not None:
        pytest.skip(str(why_unavailable()))


def bash(root: Path, command: str, *, is_trusted: bool, without: str | None = None) -> tuple[str, bool]:
    return run_command(command, root, unavailable=without, has_network=False, is_trusted=is_trusted)


def test_the_paths_of_the_container_are_real_in_the_sandbox(root: Path, unavailable: None) -> None:
    assert bash(root, COMMAND, is_trusted=False) == ("/workspace\ninput\nwrong\n", False)
    assert (root / "mnt/session/outputs/out.txt").read_text() == "made\n"


def test_a_command_of_a_scenario_runs_the_same_without_a_sandbox(root: Path) -> None:
    assert bash(root, COMMAND, is_trusted=True, without=REFUSED) == ("/workspace\ninput\nwrong\n", False)
    assert (root / "mnt/session/outputs/out.txt").read_text() == "made\n"


def test_a_command_of_a_model_is_never_run_without_a_sandbox(root: Path) -> None:
    text, failed = bash(root, COMMAND, is_trusted=False, without=REFUSED)

    assert failed
    assert REFUSED in text
    assert list((root / "mnt/session/outputs").iterdir()) == []


@pytest.mark.parametrize("without", [None, REFUSED])
def test_a_command_that_fails_says_how(root: Path, without: str | None) -> None:
    if without is None and why_unavailable() is not None:
        pytest.skip(str(why_unavailable()))

    assert bash(root, "echo half; exit 3", is_trusted=True, without=without) == ("half\nended with status 3", True)


def test_a_command_reaches_the_network_only_where_the_environment_grants_it(root: Path, unavailable: None) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        command = {"command": f"exec 3<>/dev/tcp/127.0.0.1/{server.getsockname()[1]} && echo reached"}
        told = [asyncio.run(Hands(root, has_network=each).call("bash", command)) for each in (False, True)]

    assert [(each.is_error, "reached" in each.text) for each in told] == [(True, False), (False, True)]
