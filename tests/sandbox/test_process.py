import os
import select
import sys
import threading
import time
from pathlib import Path

import pytest

from evalkit.sandbox.process import Finished, Limits, run_limited

LIMITS = Limits(wall_s=10, cpu_s=5, memory_bytes=1 << 30, file_bytes=1 << 20, output_bytes=10_000)
SOON = Limits(wall_s=0.3)


def run_python(code: str, cwd: Path, limits: Limits = LIMITS, **options: bytes) -> Finished:
    return run_limited(
        [sys.executable, "-I", "-S", "-c", code], cwd=cwd, limits=limits, stdin=options.get("stdin", b"")
    )


def is_ending(pid: int) -> bool:
    """Whether a process is gone or goes within five seconds. A signal is sent at once and death takes its moment."""
    try:
        process = os.pidfd_open(pid)
    except ProcessLookupError:
        return True
    ready, _, _ = select.select([process], [], [], 5)
    os.close(process)
    return bool(ready)


def test_a_program_gets_its_stdin_and_its_output_comes_back(tmp_path: Path) -> None:
    finished = run_python("import sys; print(sys.stdin.read()[::-1]); sys.exit(3)", tmp_path, stdin=b"abc")

    assert (finished.returncode, finished.stdout, finished.stderr, finished.timed_out) == (3, b"cba\n", b"", False)


def test_no_variable_of_ours_reaches_a_program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ANTHROPIC_API_KEY", "a-secret")
    finished = run_python("import os; print(sorted(os.environ), os.environ['HOME'])", tmp_path)

    assert finished.stdout.decode().strip() == f"['HOME', 'LANG', 'PATH'] {tmp_path}"


def test_named_variables_are_added(tmp_path: Path) -> None:
    argv = [sys.executable, "-c", "import os; print(os.environ['COLOUR'])"]
    finished = run_limited(argv, cwd=tmp_path, limits=LIMITS, env={"COLOUR": "red"})

    assert finished.stdout == b"red\n"


def test_a_program_is_killed_at_its_deadline(tmp_path: Path) -> None:
    finished = run_python("import time; time.sleep(60)", tmp_path, SOON)

    assert (finished.returncode, finished.timed_out) == (None, True)


def test_output_before_the_deadline_is_kept(tmp_path: Path) -> None:
    finished = run_python("import time; print('so far', flush=True); time.sleep(60)", tmp_path, SOON)

    assert finished.stdout == b"so far\n"


def test_closing_its_output_does_not_hide_a_program_from_its_deadline(tmp_path: Path) -> None:
    finished = run_python("import os, time; os.close(1); os.close(2); time.sleep(60)", tmp_path, SOON)

    assert finished.timed_out


def test_descendants_of_a_program_die_with_it(tmp_path: Path) -> None:
    finished = run_python("import os, time\npid = os.fork()\nif pid == 0:\n    time.sleep(60)\nprint(pid)", tmp_path)

    assert finished.returncode == 0
    assert is_ending(int(finished.stdout))


def test_many_descendants_that_ignore_signals_die_at_the_deadline(tmp_path: Path) -> None:
    code = (
        "import os, signal, time\n"
        "signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
        "for _ in range(5):\n    os.fork()\n"
        "print(os.getpid(), flush=True)\n"
        "time.sleep(60)"
    )
    finished = run_python(code, tmp_path, Limits(wall_s=1))

    assert finished.timed_out
    assert len(finished.stdout.split()) == 32
    assert all(is_ending(int(pid)) for pid in finished.stdout.split())


def test_a_descendant_that_left_the_group_and_holds_the_output_open_delays_nothing(tmp_path: Path) -> None:
    code = "import os, time\nif os.fork() == 0:\n    os.setsid()\n    time.sleep(2)\n    os._exit(0)\nprint('done')"
    finished = run_python(code, tmp_path)

    assert finished.stdout == b"done\n"
    assert finished.wall_s < 1.5


def test_output_beyond_the_limit_is_dropped_and_said_to_be(tmp_path: Path) -> None:
    finished = run_python("print('x' * 1_000_000)", tmp_path)

    assert (finished.returncode, finished.stdout, finished.output_truncated) == (0, b"x" * 10_000, True)


def test_output_up_to_the_limit_is_whole(tmp_path: Path) -> None:
    finished = run_python("import sys; sys.stderr.write('x' * 10_000)", tmp_path)

    assert (finished.stderr, finished.output_truncated) == (b"x" * 10_000, False)


def test_the_last_words_of_a_program_that_fills_the_pipe_are_not_lost(tmp_path: Path) -> None:
    limits = Limits(output_bytes=1 << 20)
    finished = run_python("import os; os.write(1, b'x' * 65_000 + b'end')", tmp_path, limits)

    assert finished.stdout.endswith(b"end")


@pytest.mark.parametrize(
    ("code", "trace"),
    [
        ("bytearray(2 << 30)", b"MemoryError"),
        ("open('big', 'wb').write(b'x' * (2 << 20))", b"File too large"),
        ("[open('/dev/null') for _ in range(500)]", b"Too many open files"),
    ],
)
def test_a_limit_stops_the_program_that_runs_into_it(tmp_path: Path, code: str, trace: bytes) -> None:
    finished = run_python(code, tmp_path)

    assert finished.returncode == 1
    assert trace in finished.stderr


def test_a_program_that_computes_for_ever_is_stopped_by_its_processor_time(tmp_path: Path) -> None:
    finished = run_python("while True: pass", tmp_path, Limits(cpu_s=1))

    assert finished.returncode is not None
    assert finished.returncode < 0


def test_a_broken_pipe_ends_a_program_as_it_would_in_a_shell(tmp_path: Path) -> None:
    finished = run_limited(["sh", "-c", "yes | head -n 1"], cwd=tmp_path, limits=LIMITS)

    assert (finished.returncode, finished.stdout, finished.stderr) == (0, b"y\n", b"")


@pytest.mark.parametrize("argv", [["no-such-program-here"], ["/no/such/program"]])
def test_a_program_that_does_not_exist_is_said_before_anything_runs(tmp_path: Path, argv: list[str]) -> None:
    with pytest.raises(FileNotFoundError, match=r"no.such.program.*: not there"):
        run_limited(argv, cwd=tmp_path, limits=LIMITS)


def test_a_missing_directory_is_not_blamed_on_the_program(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="gone"):
        run_limited(["true"], cwd=tmp_path / "gone", limits=LIMITS)


def test_programs_run_side_by_side_in_threads(tmp_path: Path) -> None:
    ended: list[int | None] = []
    threads = [
        threading.Thread(target=lambda: ended.append(run_python("import time; time.sleep(0.2)", tmp_path).returncode))
        for _ in range(4)
    ]
    started = time.monotonic()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert ended == [0, 0, 0, 0]
    assert time.monotonic() - started < 0.75


def test_nothing_is_left_unreaped(tmp_path: Path) -> None:
    run_python("import time; time.sleep(60)", tmp_path, SOON)

    with pytest.raises(ChildProcessError):
        os.waitpid(-1, os.WNOHANG)


@pytest.mark.parametrize(
    ("code", "limits", "words"),
    [
        ("import sys; sys.exit('no input')", LIMITS, "ended with status 1: no input"),
        ("import os, signal; os.kill(os.getpid(), signal.SIGKILL)", LIMITS, "ended by signal 9"),
        ("import time; time.sleep(60)", SOON, "killed after 0.3 s"),
        ("import sys; sys.exit('a\\x1b[31mb')", LIMITS, "ended with status 1: a�[31mb"),
    ],
)
def test_an_ending_is_told_in_one_printable_line(tmp_path: Path, code: str, limits: Limits, words: str) -> None:
    assert run_python(code, tmp_path, limits).ending == words
