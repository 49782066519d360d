"""What this machine has: Python, packages, and the programs that some features need."""

import re
import shutil
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from importlib.metadata import PackageNotFoundError, requires, version

from evalkit.sandbox.bubblewrap import why_unavailable

_PYTHON = (3, 11)
_PROGRAMS = (
    (
        "LibreOffice",
        ("soffice", "libreoffice"),
        "without it checks that recalculate a workbook are errored; apt-get install libreoffice",
    ),
    (
        "Chromium",
        ("chromium", "chromium-browser", "google-chrome"),
        "without it tests of the HTML report are skipped; apt-get install chromium",
    ),
)
"""Name, the commands it may be called by, and what is missing without it."""


class State(StrEnum):
    """How a finding looks."""

    GOOD = "ok"
    ABSENT = "--"
    """Not there, and only some features need it."""
    WRONG = "!!"
    """Not there or not right, and evalkit needs it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing that was looked at."""

    state: State
    what: str
    words: str


def look_at_machine(
    *,
    python: tuple[int, ...] = sys.version_info[:3],
    find_program: Callable[[str], str | None] = shutil.which,
    find_version: Callable[[str], str] = version,
    why_no_sandbox: Callable[[], str | None] = why_unavailable,
) -> Iterator[Finding]:
    """Everything evalkit needs or can use on this machine. The arguments stand in for the machine."""
    spelled = ".".join(map(str, python))
    if python[:2] >= _PYTHON:
        yield Finding(state=State.GOOD, what="Python", words=spelled)
    else:
        yield Finding(state=State.WRONG, what="Python", words=f"{spelled}; 3.11 or newer would do")
    try:
        required = list(_required_packages())
    except PackageNotFoundError:
        words = "runs from its source and is not installed, so that nobody knows what it needs; pip install -e ."
        yield Finding(state=State.WRONG, what="evalkit", words=words)
        required = []
    for name, least in required:
        yield _package(name, least, find_version)
    why = why_no_sandbox()
    if why is None:
        yield Finding(state=State.GOOD, what="bubblewrap", words="it works")
    else:
        words = f"{why.removeprefix('bubblewrap: ')}; without it neither a model's command nor delivered code is run"
        yield Finding(state=State.ABSENT, what="bubblewrap", words=words)
    for name, commands, without in _PROGRAMS:
        path = next((found for command in commands if (found := find_program(command)) is not None), None)
        if path is None:
            yield Finding(state=State.ABSENT, what=name, words=f"not found; {without}")
        else:
            yield Finding(state=State.GOOD, what=name, words=path)


def _required_packages() -> Iterator[tuple[str, str]]:
    """Name and least version of each package that evalkit's own metadata asks for, extras left out."""
    for line in requires("evalkit") or ():
        found = re.match(r"([A-Za-z0-9._-]+)\s*(?:>=\s*([0-9.]+))?", line)
        if found is not None and "extra ==" not in line:
            yield found[1], found[2] or "0"


def _package(name: str, least: str, find_version: Callable[[str], str]) -> Finding:
    install = f"pip install '{name}>={least}'"
    try:
        found = find_version(name)
    except PackageNotFoundError:
        return Finding(state=State.WRONG, what=name, words=f"not installed; {install}")
    if _numbers(found) < _numbers(least):
        return Finding(state=State.WRONG, what=name, words=f"{found} is too old; {install}")
    return Finding(state=State.GOOD, what=name, words=found)


def _numbers(text: str) -> tuple[int, ...]:
    return tuple(int(part) for part in re.findall(r"\d+", text)[:3])
