import os
import socket
import time
from pathlib import Path

import pytest

from evalkit.sandbox.bubblewrap import MAX_PROCESSES, Mount, run_sandboxed, why_unavailable
from evalkit.sandbox.process import Finished, Limits

needs_bubblewrap = pytest.mark.skipif(why_unavailable() is not None, reason=str(why_unavailable()))
pytestmark = needs_bubblewrap


def run(folder: Path, command: str, *, network: bool = False, limits: Limits | None = None) -> Finished:
    mounts = [Mount(real=folder, inside="/inside", writable=True)]
    limits = limits or Limits(wall_s=20)
    return run_sandboxed(["bash", "-c", command], mounts=mounts, cwd="/inside", limits=limits, network=network)


def test_a_program_works_on_what_is_mounted_for_it(tmp_path: Path) -> None:
    (tmp_path / "in").write_text("input")

    finished = run(tmp_path, "pwd; cat in; cat in > out; echo $HOME; exit 3")

    assert (finished.returncode, finished.stdout) == (3, b"/inside\ninput/inside\n")
    assert (tmp_path / "out").read_text() == "input"


def test_a_read_only_mount_cannot_be_written(tmp_path: Path) -> None:
    mounts = [Mount(real=tmp_path, inside="/given")]

    finished = run_sandboxed(["touch", "/given/x"], mounts=mounts, cwd="/tmp", limits=Limits())

    assert finished.returncode != 0
    assert b"Read-only" in finished.stderr
    assert list(tmp_path.iterdir()) == []


def test_nothing_else_of_the_machine_is_there(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("key")
    inside = tmp_path / "inside"
    inside.mkdir()

    finished = run(inside, f"cat {secret}; ls /home /etc/passwd; ls /tmp; ls /proc | grep -c '^[0-9]'; touch /usr/x")

    assert b"key" not in finished.stdout + finished.stderr
    assert int(finished.stdout.split()[-1]) < 10
    assert finished.returncode != 0


def test_there_is_no_network_unless_it_is_given(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        ask = f"exec 3<>/dev/tcp/127.0.0.1/{port} && echo connected"

        without, given = run(tmp_path, ask), run(tmp_path, ask, network=True)

    assert (without.stdout, given.stdout) == (b"", b"connected\n")


def test_python_is_the_one_that_runs_evalkit(tmp_path: Path) -> None:
    finished = run(tmp_path, "python -c 'import evalkit.sandbox, sys; print(sys.version_info[:2] >= (3, 11))'")

    # The packages are those of this Python; this project itself may lie in a folder that is not mounted.
    assert finished.stdout == b"True\n" or b"No module named 'evalkit'" in finished.stderr


def test_limits_hold_inside(tmp_path: Path) -> None:
    large = run(tmp_path, "head -c 3000000 /dev/zero > big", limits=Limits(wall_s=20, file_bytes=1_000_000))
    memory = run(tmp_path, "python -c 'bytearray(900_000_000)'", limits=Limits(wall_s=20, memory_bytes=500 << 20))
    long = run(tmp_path, "sleep 60", limits=Limits(wall_s=0.4))

    assert large.returncode == 128 + 25
    assert (tmp_path / "big").stat().st_size == 1_000_000
    assert b"MemoryError" in memory.stderr
    assert long.timed_out


def test_what_a_program_leaves_behind_is_killed_even_in_a_session_of_its_own(tmp_path: Path) -> None:
    started = time.monotonic()
    finished = run(tmp_path, "setsid bash -c 'while :; do date +%N > beat; sleep 0.02; done' & sleep 0.2; echo gone")
    assert finished.stdout == b"gone\n"
    assert time.monotonic() - started < 10

    deadline = time.monotonic() + 5
    while time.monotonic() < deadline:
        before = (tmp_path / "beat").stat().st_mtime_ns
        time.sleep(0.1)
        if (tmp_path / "beat").stat().st_mtime_ns == before:
            return
    pytest.fail("it still beats")


@pytest.mark.skipif(os.getuid() == 0, reason="the system does not hold root to a number of processes")
def test_a_fork_bomb_runs_into_the_limit_of_processes(tmp_path: Path) -> None:
    finished = run(tmp_path, f"for i in $(seq {MAX_PROCESSES + 50}); do sleep 5 & done; wait", limits=Limits(wall_s=3))

    assert b"fork" in finished.stderr
