"""`evalkit emulator serve` as a program of its own."""

import json
import os
import re
import signal
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

PROGRAM = "from evalkit.cli.main import main; main()"
HEADERS = {"x-api-key": "k", "anthropic-version": "2023-06-01", "anthropic-beta": "managed-agents-2026-04-01"}


@contextmanager
def serving(*options: str) -> Iterator[tuple["subprocess.Popen[str]", str]]:
    """The running program, and the address that it printed."""
    command = [sys.executable, "-c", PROGRAM, "emulator", "serve", *options]
    environment = {**os.environ, "PYTHONUNBUFFERED": "1"}
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment
    ) as program:
        assert program.stdout is not None
        address = re.fullmatch(r"export ANTHROPIC_BASE_URL=(http://127\.0\.0\.1:[0-9]+)\n", program.stdout.readline())
        assert address is not None
        assert program.stdout.readline() == "export ANTHROPIC_API_KEY=any-text-will-do\n"
        try:
            yield program, address[1]
        finally:
            if program.poll() is None:
                program.kill()


def call(address: str, path: str, body: dict[str, object] | None = None) -> dict[str, object]:
    content = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(address + path, data=content, headers=HEADERS)
    with urllib.request.urlopen(request, timeout=10) as answer:
        value: dict[str, object] = json.loads(answer.read())
        return value


@pytest.mark.slow
def test_a_server_that_is_killed_has_everything_when_it_is_started_again(tmp_path: Path) -> None:
    journal = ("--journal", str(tmp_path / "j.sqlite"))
    with serving(*journal) as (program, address):
        made = call(address, "/v1/agents", {"name": "a", "model": "claude-sonnet-5-5"})
        program.send_signal(signal.SIGKILL)
        program.wait(10)
    with serving(*journal, "--rate-limit", "1/600", "--fault", "{status: 529, on: list_sessions}") as (
        program,
        address,
    ):
        assert call(address, f"/v1/agents/{made['id']}") == made
        with pytest.raises(urllib.error.HTTPError, match="529"):
            call(address, "/v1/sessions")
        assert call(address, "/v1/sessions")["data"] == []
        call(address, "/v1/environments", {"name": "one"})
        with pytest.raises(urllib.error.HTTPError, match="429"):
            call(address, "/v1/environments", {"name": "two"})
        program.send_signal(signal.SIGINT)
        assert program.wait(10) == 0
        assert program.stderr is not None
        assert program.stderr.read() == "stopped\n"


@pytest.mark.parametrize(
    ("options", "found"),
    [
        (("--rate-limit", "many"), "--rate-limit: 'many'; write creates/others a minute"),
        (("--fault", "{explode: 1}"), "unknown key 'explode'"),
        (("--scenario", "nowhere.yaml"), "cannot be read"),
        (("--time-scale", "1001"), "time_scale is 1001.0; give a number from 0 to 1000"),
        (("--port", "65536"), "is not in the range"),
    ],
)
def test_a_wrong_option_is_said_plainly_as_one_of_usage(options: tuple[str, ...], found: str) -> None:
    command = [sys.executable, "-c", PROGRAM, "emulator", "serve", *options]
    finished = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)

    assert finished.returncode == 2
    assert found in finished.stderr
    assert "Traceback" not in finished.stderr


def test_a_journal_that_is_none_is_no_wrong_option_but_a_server_that_cannot_start(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("no journal, and longer than the header of a database would be " * 20)
    command = [sys.executable, "-c", PROGRAM, "emulator", "serve", "--journal", str(tmp_path / "notes.txt")]
    finished = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)

    assert (finished.returncode, finished.stdout) == (3, "")
    assert finished.stderr.startswith("emulator: cannot be opened as a journal")
