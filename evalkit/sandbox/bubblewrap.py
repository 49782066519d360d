"""A foreign program in a bubblewrap sandbox: its own processes, no network, and of the files only what it is given.

What this adds to `process`: the program sees the system's programs read-only, the directories mounted for it, and
nothing else of this machine; it has no capabilities, cannot see or signal other processes, and none of its own outlives
the call. What it does not give: a bound on all its memory together (each process has one), and for a caller who is root
a bound on the number of its processes. Some machines refuse bubblewrap (Ubuntu 23.10 and later unless told otherwise,
many containers); `why_unavailable` says so, and nothing here runs a program outside it instead.
"""

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

from evalkit.sandbox.process import Finished, Limits, run_limited

MAX_PROCESSES: Final = 128
_SYSTEM: Final = ("/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64")
_SETTINGS: Final = ("/etc/alternatives", "/etc/ld.so.cache", "/etc/localtime", "/etc/ssl", "/etc/ca-certificates")
_NAMES: Final = ("/etc/resolv.conf", "/etc/hosts", "/etc/nsswitch.conf")
"""What a program needs to find other machines."""
_PROBE_LIMITS: Final = Limits(wall_s=10, cpu_s=5)
_LIMIT_PROCESSES: Final = 'ulimit -u "$1" || exit 126; shift; exec "$@"'


@dataclass(frozen=True, slots=True, kw_only=True)
class Mount:
    """A real directory or file at a place in the sandbox."""

    real: Path
    inside: str
    """Absolute."""
    writable: bool = False


class SandboxUnavailableError(Exception):
    """Bubblewrap does not work on this machine; the text is one plain line."""


@cache
def why_unavailable() -> str | None:
    """Why bubblewrap does not work on this machine, in one plain line; None where it does. Tried once."""
    try:
        finished = run_limited(
            [*_command((), "/", network=False), "/usr/bin/env", "true"], cwd=Path("/"), limits=_PROBE_LIMITS
        )
    except FileNotFoundError:
        return "bubblewrap: no program bwrap; install the package bubblewrap"
    if finished.returncode == 0:
        return None
    return f"bubblewrap: {finished.ending}; allow unprivileged user namespaces"


def run_sandboxed(  # noqa: PLR0913 - what a program is given, by name
    argv: Sequence[str | Path],
    *,
    mounts: Sequence[Mount],
    cwd: str,
    limits: Limits,
    network: bool = False,
    env: Mapping[str, str] | None = None,
    stdin: bytes = b"",
) -> Finished:
    """The program has ended or was killed, and every process that it started is gone.

    `cwd` is a place inside. `/tmp` is empty, writable and forgotten; `python` is the one that runs evalkit. A program
    that is ended by signal n has the return code 128 + n. Blocks; call it from a thread.

    Raises:
        SandboxUnavailableError: nothing was run.
    """
    reason = why_unavailable()
    if reason is not None:
        raise SandboxUnavailableError(reason)
    limited = ["/bin/bash", "-c", _LIMIT_PROCESSES, "bash", str(MAX_PROCESSES), *map(str, argv)]
    command = [*_command(mounts, cwd, network=network), *limited]
    # The launcher of the sandbox maps little memory itself; what it may take is what the program may.
    return run_limited(command, cwd=Path("/"), limits=limits, env={"HOME": cwd, **(env or {})}, stdin=stdin)


def _command(mounts: Sequence[Mount], cwd: str, *, network: bool) -> list[str]:
    command = ["bwrap", "--unshare-all", "--die-with-parent", "--cap-drop", "ALL"]
    # First, because what is bound later may lie below: an environment in /tmp would else be hidden.
    command += ["--proc", "/proc", "--dev", "/dev", "--tmpfs", "/tmp"]  # noqa: S108 - the sandbox's own
    read_only = [*_SYSTEM, *_SETTINGS, *_python_folders()]
    if network:
        command.append("--share-net")
        read_only += _NAMES
    for place in read_only:
        command += ["--ro-bind-try", place, place]
    for mount in mounts:
        command += ["--bind" if mount.writable else "--ro-bind", str(mount.real), mount.inside]
    return [*command, "--chdir", cwd]


def _python_folders() -> list[str]:
    """Where the running Python and its packages lie, unless that is a system folder anyway."""
    folders = {sys.prefix, sys.base_prefix}
    return sorted(folder for folder in folders if not folder.startswith("/usr"))
