"""The hands of one session: a real directory that stands for the container, and the tools that work on it.

    <root>/mnt/session/uploads/    inputs, mounted before the first turn
    <root>/mnt/session/outputs/    what is delivered
    <root>/workspace/              where relative paths start

Scripts of a scenario are its author's and are run with limits alone; commands run in a sandbox, see `shell`.
Texts of results as recorded on the hosted platform (`File created: …`, numbered lines, the words of `awk` for a file
that is not there); those of glob and grep are not recorded.
"""

import asyncio
import hashlib
import json
import os
import shutil
import stat
import sys
import tempfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Final

from evalkit.emulator.script import Deliver, Make
from evalkit.emulator.shell import WORKSPACE, run_command
from evalkit.sandbox.bubblewrap import why_unavailable
from evalkit.sandbox.process import Limits, run_limited

UPLOADS: Final = "/mnt/session/uploads"
OUTPUTS: Final = "/mnt/session/outputs"

SCRIPT_ENV: Final = {"PYTHONHASHSEED": "0"}
"""Of a scenario's scripts: the same draft gives the same bytes, even where it depends on the order of a set."""

_MAKE_LIMITS: Final = Limits(wall_s=60, cpu_s=60)
_SEARCH_LIMITS: Final = Limits(wall_s=5, cpu_s=5, memory_bytes=1 << 30)
_MAX_TEXT: Final = 100_000
"""Characters of a tool result; the hosted platform puts longer ones into a file (documented)."""

# A pattern of a model can take for ever to match, so it is matched in a process that can be killed.
_SEARCH: Final = """
import json, pathlib, re, sys
pattern, files = json.load(sys.stdin)
wanted = re.compile(pattern)
for shown, path in files:
    try:
        text = pathlib.Path(path).read_text("utf-8")
    except (OSError, UnicodeDecodeError):
        continue
    for number, line in enumerate(text.splitlines(), start=1):
        if wanted.search(line):
            print(f"{shown}:{number}:{line}")
"""


class HandsError(Exception):
    """A tool cannot do what it was asked; the text is what the agent is told."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveredFile:
    """A file as it was just written below the outputs."""

    path: str
    """Absolute, in the container: `/mnt/session/outputs/…`."""
    content: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """What one draft wrote."""

    files: tuple[DeliveredFile, ...]
    """In path order; empty where `failed`."""
    failed: str | None
    """Why the scenario's script made no draft, in one line: the scenario is at fault. The outputs are as before."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolOutcome:
    """What a tool answers."""

    text: str
    is_error: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class OutputFile:
    """A regular file below the outputs, as it is now."""

    name: str
    """Last part of the path: the platform flattens folders (recorded)."""
    path: str
    """Absolute, in the container."""
    sha256: str
    size_bytes: int
    modified_ns: int


class Hands:
    """One session's files below `root`, a directory of its own."""

    def __init__(self, root: Path, *, has_network: bool = False) -> None:
        self._root = root.resolve()
        self._has_network = has_network
        self.uploads = self._root / UPLOADS[1:]
        """The real directory of the mounted inputs."""
        for folder in (UPLOADS, OUTPUTS, WORKSPACE):
            (self._root / folder[1:]).mkdir(parents=True, exist_ok=True)

    def mount(self, path: str, content: bytes) -> None:
        """`content` is the file at the container's absolute `path`.

        Raises:
            HandsError: the path is relative or leads out of the container.
        """
        if not path.startswith("/"):
            raise HandsError(f"{path!r}: a relative path; mount at an absolute one")
        self._write(path, content)

    def outputs(self) -> tuple[OutputFile, ...]:
        """The regular files below the outputs in path order; links and devices are nobody's deliverables."""
        return tuple(self._describe(path) for path in _regular_files(self._root / OUTPUTS[1:]))

    def copy_outputs(self, folder: Path) -> None:
        """`folder`, new or empty, has the regular files of the outputs as they are now."""
        for path in _regular_files(self._root / OUTPUTS[1:]):
            target = folder / path.relative_to(self._root / OUTPUTS[1:])
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, target)

    def copy_output(self, file: OutputFile, target: Path) -> None:
        """`target` has the bytes of one of the outputs as they are now."""
        shutil.copyfile(self._root / file.path[1:], target, follow_symlinks=False)

    async def deliver(self, deliver: Deliver, *, flaws: frozenset[str]) -> Delivery:
        """The outputs are the script's draft with these flaws, and nothing else.

        The script runs as `python make.py INPUTS OUTPUTS [flaw …]`, flaws in alphabetical order, OUTPUTS empty.
        """
        return await asyncio.to_thread(self._deliver, deliver, flaws)

    async def call(self, tool: str, tool_input: Mapping[str, object], *, is_trusted: bool = False) -> ToolOutcome:
        """What the tool answers. Nothing is raised: a mistake of the agent is an answer to the agent.

        `is_trusted`: the call is the scenario author's and not a model's.
        """
        try:
            if tool == "bash":
                return await asyncio.to_thread(self._bash, tool_input, is_trusted=is_trusted)
            return ToolOutcome(text=await asyncio.to_thread(self._call, tool, tool_input), is_error=False)
        except HandsError as error:
            return ToolOutcome(text=str(error), is_error=True)
        except OSError as error:
            return ToolOutcome(text=f"{tool}: {error.strerror}", is_error=True)
        except ValueError as error:
            return ToolOutcome(text=f"{tool}: {error}", is_error=True)

    def close(self) -> None:
        """The directory is gone."""
        shutil.rmtree(self._root, ignore_errors=True)

    def _deliver(self, deliver: Deliver, flaws: frozenset[str]) -> Delivery:
        with tempfile.TemporaryDirectory() as scratch:
            if isinstance(deliver, Make):
                draft = Path(scratch)
                failed = self._make(deliver.script, draft, sorted(flaws))
                if failed is not None:
                    return Delivery(files=(), failed=failed)
            else:
                draft = deliver.folder
            files = tuple(
                DeliveredFile(path=str(PurePosixPath(OUTPUTS) / path.relative_to(draft)), content=path.read_bytes())
                for path in _regular_files(draft)
            )
        shutil.rmtree(self._root / OUTPUTS[1:])
        (self._root / OUTPUTS[1:]).mkdir()
        for file in files:
            self._write(file.path, file.content)
        return Delivery(files=files, failed=None)

    def _make(self, script: Path, draft: Path, flaws: Iterable[str]) -> str | None:
        argv: list[str | Path] = [sys.executable, "-B", script, self.uploads, draft, *flaws]
        finished = run_limited(argv, cwd=draft, limits=_MAKE_LIMITS, env=SCRIPT_ENV)
        if finished.returncode == 0:
            return None
        return f"{script}: {' '.join(['make', *flaws])} {finished.ending}; correct the script"

    def _bash(self, tool_input: Mapping[str, object], *, is_trusted: bool) -> ToolOutcome:
        command = _text(tool_input, "command")
        text, failed = run_command(
            command,
            self._root,
            unavailable=why_unavailable(),
            has_network=self._has_network,
            is_trusted=is_trusted,
        )
        return ToolOutcome(text=text[:_MAX_TEXT], is_error=failed)

    def _call(self, tool: str, tool_input: Mapping[str, object]) -> str:
        tools = {"read": self._read, "write": self._create, "edit": self._edit, "glob": self._glob, "grep": self._grep}
        if tool not in tools:
            raise HandsError(f"{tool}: not available here")
        return tools[tool](tool_input)[:_MAX_TEXT]

    def _read(self, tool_input: Mapping[str, object]) -> str:
        path = _text(tool_input, "file_path")
        real = self._real(path)
        if real.is_dir():
            raise HandsError("awk: read error (Is a directory)\n")
        if not real.is_file():
            raise HandsError(f'awk: cannot open "{path}" (No such file or directory)\n')
        try:
            lines = real.read_text("utf-8").splitlines()
        except UnicodeDecodeError as error:
            raise HandsError(f"{path}: byte {error.start} is not UTF-8, the file is not text") from None
        numbered = [f"{number}\t{line}\n" for number, line in enumerate(lines, start=1)]
        first, last = _view_range(tool_input, len(numbered))
        return "".join(numbered[first - 1 : last])

    def _create(self, tool_input: Mapping[str, object]) -> str:
        path = _text(tool_input, "file_path")
        self._write(path, _text(tool_input, "content").encode("utf-8"))
        return f"File created: {path}"

    def _edit(self, tool_input: Mapping[str, object]) -> str:
        path, old = _text(tool_input, "file_path"), _text(tool_input, "old_string")
        text = self._real(path).read_text("utf-8")
        places = text.count(old) if old else 0
        if places == 0 or (places > 1 and tool_input.get("replace_all") is not True):
            raise HandsError(f"{path}: old_string stands there {places} times, once was expected")
        self._write(path, text.replace(old, _text(tool_input, "new_string")).encode("utf-8"))
        return f"File updated: {path}"

    def _glob(self, tool_input: Mapping[str, object]) -> str:
        pattern = PurePosixPath(_text(tool_input, "pattern"))
        # `..` in a pattern would search the real file system before anything could refuse it.
        if pattern.is_absolute() or ".." in pattern.parts or not pattern.parts:
            raise HandsError(f"{str(pattern)!r}: not a pattern below path")
        folder = self._real(_text(tool_input, "path", WORKSPACE))
        found = sorted(path for path in folder.glob(str(pattern)) if path.is_file())
        return "\n".join(self._shown(path) for path in found) or "No files found"

    def _grep(self, tool_input: Mapping[str, object]) -> str:
        place = self._real(_text(tool_input, "path", WORKSPACE))
        files = [(self._shown(path), str(path)) for path in ([place] if place.is_file() else _regular_files(place))]
        request = json.dumps([_text(tool_input, "pattern"), files]).encode()
        argv = [sys.executable, "-I", "-S", "-c", _SEARCH]
        finished = run_limited(argv, cwd=self._root, limits=_SEARCH_LIMITS, stdin=request)
        if finished.returncode != 0:
            raise HandsError(f"grep: {finished.ending}")
        return finished.stdout.decode("utf-8", errors="replace") or "No matches found"

    def _write(self, path: str, content: bytes) -> None:
        real = self._real(path)
        real.parent.mkdir(parents=True, exist_ok=True)
        real.write_bytes(content)

    def _real(self, path: str) -> Path:
        """Where the container's `path` really is; links and `..` are followed first, then the place is judged."""
        inside = str(PurePosixPath(WORKSPACE) / path)
        real = Path(os.path.realpath(self._root / inside.lstrip("/")))
        if not real.is_relative_to(self._root):
            raise HandsError(f"{path!r}: leads out of the container")
        return real

    def _shown(self, real: Path) -> str:
        return "/" + str(real.relative_to(self._root))

    def _describe(self, path: Path) -> OutputFile:
        content = path.read_bytes()
        return OutputFile(
            name=path.name,
            path=self._shown(path),
            sha256=hashlib.sha256(content).hexdigest(),
            size_bytes=len(content),
            modified_ns=path.stat().st_mtime_ns,
        )


def _regular_files(folder: Path) -> tuple[Path, ...]:
    return tuple(sorted(path for path in folder.rglob("*") if stat.S_ISREG(path.lstat().st_mode)))


def _text(tool_input: Mapping[str, object], key: str, default: str | None = None) -> str:
    value = tool_input.get(key, default)
    if not isinstance(value, str) or "\0" in value:
        raise HandsError(f"{key}: text was expected")
    return value


def _view_range(tool_input: Mapping[str, object], lines: int) -> tuple[int, int]:
    match tool_input.get("view_range"):
        case None:
            return 1, lines
        case [int(first), int(last)] if first >= 1:
            return first, lines if last == -1 else last
    raise HandsError("view_range: [first line, last line] was expected, from 1")
