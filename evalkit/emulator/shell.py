"""The command of a `bash` tool use, run on the hands' directory.

In bubblewrap the container's paths are real paths, and there is no network unless the environment grants it. Where
bubblewrap does not work, a command of a scenario is its author's and is run all the same, held by limits alone, with
the container's paths replaced by the real ones; a command of a model is refused. No state but the files is kept from
one command to the next.
"""

from pathlib import Path
from typing import Final

from evalkit.sandbox.bubblewrap import Mount, run_sandboxed
from evalkit.sandbox.process import Finished, Limits, run_limited

SESSION: Final = "/mnt/session"
WORKSPACE: Final = "/workspace"
LIMITS: Final = Limits(wall_s=120, cpu_s=120)


def run_command(
    command: str, root: Path, *, unavailable: str | None, has_network: bool, is_trusted: bool
) -> tuple[str, bool]:
    """What the command printed on both outputs, and whether it failed; `unavailable`: why there is no sandbox."""
    # One output, in the order in which it was written.
    argv = ["bash", "-c", f"exec 2>&1\n{command}"]
    if unavailable is None:
        mounts = [Mount(real=root / place[1:], inside=place, writable=True) for place in (SESSION, WORKSPACE)]
        finished = run_sandboxed(argv, mounts=mounts, cwd=WORKSPACE, limits=LIMITS, network=has_network)
        return _told(finished, finished.stdout)
    if not is_trusted:
        return f"bash: not run ({unavailable}); commands of a model are run in a sandbox only", True
    for place in (SESSION, WORKSPACE):
        argv[2] = argv[2].replace(place, str(root / place[1:]))
    finished = run_limited(argv, cwd=root / WORKSPACE[1:], limits=LIMITS)
    return _told(finished, finished.stdout.replace(str(root).encode(), b""))


def _told(finished: Finished, printed: bytes) -> tuple[str, bool]:
    text = printed.decode("utf-8", errors="replace")
    if finished.returncode == 0:
        return text, False
    return f"{text}{finished.ending}", True
