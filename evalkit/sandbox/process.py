"""A foreign program, run with limits and without our environment.

What this gives: bounds on time, memory, file size and output, a clean environment (no key of ours reaches the program),
and no process left in its group. What it does not give: isolation. The program runs as the same user, sees the same
files and network, and a descendant that starts a session of its own outlives the call.
"""

import contextlib
import os
import selectors
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Final

OPEN_FILES: Final = 256
_CHUNK: Final = 1 << 16
_LOOK_EVERY_S: Final = 0.05
"""How long a program may be gone before it is noticed, if something else holds its output open."""

# Limits are set by the process that becomes the program: there is no moment in which it runs without them, and no code
# of ours runs between fork and exec of a process that has threads. Python ignores two signals and the program would
# inherit that, so both are put back.
_LAUNCHER: Final = """
import os, resource, signal, sys
for limit in sys.argv[1].split(","):
    name, wanted = limit.split("=")
    kind = getattr(resource, name)
    hard = resource.getrlimit(kind)[1]
    value = int(wanted) if hard == resource.RLIM_INFINITY else min(int(wanted), hard)
    resource.setrlimit(kind, (value, value))
signal.signal(signal.SIGPIPE, signal.SIG_DFL)
signal.signal(signal.SIGXFSZ, signal.SIG_DFL)
os.execv(sys.argv[2], sys.argv[2:])
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How much a program may take."""

    wall_s: float = 30.0
    cpu_s: int = 30
    memory_bytes: int = 2 << 30
    """Address space, which is more than what is resident."""
    file_bytes: int = 100 << 20
    """Of any one file it writes."""
    output_bytes: int = 1 << 20
    """Kept of stdout and of stderr, each; the rest is read and dropped."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finished:
    """How a program ended."""

    returncode: int | None
    """Negative: the signal that ended it. None: it was killed at the deadline."""
    stdout: bytes
    stderr: bytes
    timed_out: bool
    output_truncated: bool
    wall_s: float

    @property
    def ending(self) -> str:
        """How it ended, in one short line, with the last line of stderr where there is one."""
        if self.returncode is None:
            ending = f"killed after {self.wall_s:.1f} s"
        elif self.returncode < 0:
            ending = f"ended by signal {-self.returncode}"
        else:
            ending = f"ended with status {self.returncode}"
        lines = self.stderr.decode(errors="replace").split("\n")
        last = next((line.strip() for line in reversed(lines) if line.strip()), "")
        printable = "".join(sign if sign.isprintable() else "�" for sign in last[:300])
        return f"{ending}: {printable}" if printable else ending


class _Capture:
    """One output pipe: keeps the first bytes, drops the rest, so that the writer is never blocked."""

    def __init__(self, pipe: IO[bytes], keep: int) -> None:
        self.pipe = pipe
        self.kept = bytearray()
        self.truncated = False
        self._keep = keep

    def read(self) -> bool:
        """Take what is there; False when there is nothing more and never will be."""
        chunk = os.read(self.pipe.fileno(), _CHUNK)
        room = self._keep - len(self.kept)
        self.kept += chunk[:room]
        self.truncated = self.truncated or len(chunk) > room
        return bool(chunk)


def run_limited(
    argv: Sequence[str | Path],
    *,
    cwd: Path,
    limits: Limits,
    env: Mapping[str, str] | None = None,
    stdin: bytes = b"",
) -> Finished:
    """The program has ended or was killed, and every process left in its group was killed.

    It gets PATH, LANG, HOME (= `cwd`), what `env` adds, and nothing else. Blocks; call it from a thread. It returns
    soon after the program ends even if a process that it left behind holds the output open.

    Raises:
        FileNotFoundError: no such program, or no directory `cwd`.
    """
    path = os.pathsep.join([str(Path(sys.executable).parent), "/usr/local/bin", "/usr/bin", "/bin"])
    program = shutil.which(str(argv[0]), path=path)
    if program is None or not cwd.is_dir():
        missing = argv[0] if program is None else cwd
        raise FileNotFoundError(f"{str(missing)!r}: not there; a program and a directory are needed to run")
    environment = {"PATH": path, "LANG": "C.UTF-8", "HOME": str(cwd), **(env or {})}
    command = [sys.executable, "-I", "-S", "-c", _LAUNCHER, _resources(limits), program, *map(str, argv[1:])]
    started = time.monotonic()
    with tempfile.TemporaryFile() as source:
        source.write(stdin)
        source.seek(0)
        with subprocess.Popen(  # noqa: S603  # running foreign programs is what this module is for
            command,
            cwd=cwd,
            env=environment,
            stdin=source,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
        ) as child:
            assert child.stdout is not None
            assert child.stderr is not None
            captures = (_Capture(child.stdout, limits.output_bytes), _Capture(child.stderr, limits.output_bytes))
            try:
                timed_out = not _follow(child, captures, started + limits.wall_s)
            finally:
                _kill_group(child)
    return Finished(
        returncode=None if timed_out else child.returncode,
        stdout=bytes(captures[0].kept),
        stderr=bytes(captures[1].kept),
        timed_out=timed_out,
        output_truncated=any(capture.truncated for capture in captures),
        wall_s=time.monotonic() - started,
    )


def _resources(limits: Limits) -> str:
    wanted = {
        "RLIMIT_AS": limits.memory_bytes,
        "RLIMIT_CPU": limits.cpu_s,
        "RLIMIT_FSIZE": limits.file_bytes,
        "RLIMIT_NOFILE": OPEN_FILES,
        "RLIMIT_CORE": 0,
    }
    return ",".join(f"{name}={value}" for name, value in wanted.items())


def _follow(child: subprocess.Popen[bytes], captures: Sequence[_Capture], deadline: float) -> bool:
    """The program has ended and its output is taken: True; or the deadline has passed: False."""
    with selectors.DefaultSelector() as selector:
        for capture in captures:
            selector.register(capture.pipe, selectors.EVENT_READ, capture)
        while selector.get_map() and child.poll() is None:
            left = deadline - time.monotonic()
            if left <= 0:
                return False
            _read_ready(selector, min(left, _LOOK_EVERY_S))
        # The program is gone or has closed its output. One more look takes what it wrote last: a pipe holds one chunk.
        _read_ready(selector, 0)
    try:
        child.wait(max(0.0, deadline - time.monotonic()))
    except subprocess.TimeoutExpired:
        return False
    return True


def _read_ready(selector: selectors.BaseSelector, timeout_s: float) -> None:
    for key, _ in selector.select(timeout_s):
        if not key.data.read():
            selector.unregister(key.fileobj)


def _kill_group(child: subprocess.Popen[bytes]) -> None:
    """No process of the program's group is left, and the program is reaped."""
    # A group lives as long as any member: its number is not given to others while there is someone to kill.
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(child.pid, signal.SIGKILL)
    child.wait()
