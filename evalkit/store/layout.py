"""Where a run lies on disk, and how a person names it."""

import re
from datetime import datetime
from pathlib import Path
from secrets import token_hex

from evalkit.errors import RunNotFoundError

DATABASE = "run.sqlite"
ARTIFACTS = "artifacts"
LOCK = "run.lock"
_RUN_ID = re.compile(r"\d{8}T\d{6}Z-[a-z0-9-]+-[0-9a-f]{4}")


def new_run_id(suite: str, now: datetime) -> str:
    """A run id that sorts by time and names its suite, e.g. `20261122T101403Z-finance-4f2a`."""
    return f"{now:%Y%m%dT%H%M%SZ}-{suite}-{token_hex(2)}"


def run_folders(reports: Path) -> tuple[Path, ...]:
    """Every run below the run root, oldest first."""
    if not reports.is_dir():
        return ()
    found = (folder for folder in reports.iterdir() if _RUN_ID.fullmatch(folder.name))
    return tuple(sorted(folder for folder in found if (folder / DATABASE).is_file()))


def find_run(reports: Path, name: str) -> Path:
    """The folder of the run called `name`: its id, a part of it that only one run has, its folder, or `last`.

    Raises:
        RunNotFoundError: no run, or more than one, has that name.
    """
    direct = Path(name)
    if (direct / DATABASE).is_file():
        return direct
    folders = run_folders(reports)
    if not folders:
        raise RunNotFoundError(f"{reports}: no runs here; `evalkit run SUITE` makes one")
    if name == "last":
        return folders[-1]
    matches = [folder for folder in folders if name in folder.name]
    exact = [folder for folder in matches if folder.name == name]
    if len(exact or matches) == 1:
        return (exact or matches)[0]
    if not matches:
        raise RunNotFoundError(f"{reports}: no run called {name!r}; `evalkit list` shows {len(folders)}")
    raise RunNotFoundError(f"{reports}: {len(matches)} runs match {name!r}; {matches[-1].name!r} is the newest of them")
