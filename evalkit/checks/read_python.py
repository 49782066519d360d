"""Delivered Python: one .py file, or a tree of them in a .zip. Parsed here, run only in the sandbox."""

import ast
import sys
import warnings
import xml.etree.ElementTree as ET
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory

from evalkit.checks.evidence import quoted
from evalkit.checks.inspection import inspect_zip
from evalkit.checks.problems import BadDeliverableError, NotMeasuredError
from evalkit.checks.result import Place
from evalkit.sandbox.bubblewrap import Mount, SandboxUnavailableError, run_sandboxed
from evalkit.sandbox.process import Finished, Limits

_CODE, _TESTS, _REPORT, _WORK = (f"/sandbox/{name}" for name in ("code", "tests", "report", "work"))
_REPORT_BYTES = 5_000_000

_RUN_PYTEST = "import sys; sys.path.append('/sandbox/code'); import pytest; sys.exit(pytest.main(sys.argv[1:]))"
"""The delivered code comes last on the path, so that its own `pytest.py` or `json.py` is not taken for the real one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceTree:
    """The files of the delivered code by their paths, and the syntax trees of those that are Python."""

    name: str
    files: Mapping[str, bytes]
    modules: Mapping[str, ast.Module]

    def place(self, path: str, line: int | None = None) -> Place:
        return Place(file=self.name, cell=None if path == self.name else path, line=line)


def parse_python(content: bytes, name: str) -> SourceTree:
    """The delivered code; every .py file of it parses as this Python's syntax.

    Raises:
        BadDeliverableError: a file does not parse, there is none, or the archive is unsafe.
    """
    files = _unpacked(content, name) if content.startswith(b"PK") else {name: content}
    modules: dict[str, ast.Module] = {}
    for path, source in files.items():
        if not path.endswith(".py"):
            continue
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                modules[path] = ast.parse(source)
        # Python says MemoryError of source that is nested too deeply for its parser.
        except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
            line = error.lineno if isinstance(error, SyntaxError) else None
            version = f"{sys.version_info.major}.{sys.version_info.minor}"
            at = Place(file=name, cell=None if path == name else path, line=line)
            raise BadDeliverableError(
                quoted(str(error) or "nested too deeply"), wanted=f"Python {version}", at=at
            ) from error
    if not modules:
        raise BadDeliverableError("no .py file", wanted="Python source", at=Place(file=name))
    return SourceTree(name=name, files=files, modules=modules)


def run_python(tree: SourceTree, path: str, arguments: Sequence[str], stdin: str, files: Mapping[str, str]) -> Finished:
    """The delivered program at `path` has ended, in the sandbox and in a folder of its own with `files` in it.

    Raises:
        NotMeasuredError: the machine has no sandbox.
    """
    with TemporaryDirectory(prefix="evalkit-code-") as name:
        folder = Path(name)
        _write(folder / "code", tree.files)
        _write(folder / "work", {key: text.encode() for key, text in files.items()})
        mounts = (Mount(real=folder / "code", inside=_CODE), Mount(real=folder / "work", inside=_WORK, writable=True))
        return _sandboxed([f"{_CODE}/{path}", *arguments], mounts, cwd=_WORK, stdin=stdin.encode())


def passed_tests(tree: SourceTree, tests: Mapping[str, bytes]) -> tuple[dict[str, str], Finished]:
    """How each of `tests` ended on the delivered code, by `file::name`: `passed`, `failed` or `skipped`; and the run.

    Counted is what pytest's report says, not its exit code: a deliverable that exits with 0 on import passes nothing.
    Its conftest files and plug-ins are not loaded.

    Raises:
        NotMeasuredError: the machine has no sandbox, or no pytest.
    """
    with TemporaryDirectory(prefix="evalkit-code-") as name:
        folder = Path(name)
        _write(folder / "code", tree.files)
        _write(folder / "tests", tests)
        (folder / "report").mkdir()
        mounts = (
            Mount(real=folder / "code", inside=_CODE),
            Mount(real=folder / "tests", inside=_TESTS),
            Mount(real=folder / "report", inside=_REPORT, writable=True),
        )
        options = ["-q", "--noconftest", "-c", "/dev/null", "--rootdir", _TESTS, "-p", "no:cacheprovider"]
        options += ["--import-mode=importlib", f"--junitxml={_REPORT}/report.xml", "-o", "junit_family=xunit1", _TESTS]
        finished = _sandboxed(["-c", _RUN_PYTEST, *options], mounts, cwd=_TESTS, stdin=b"")
        if b"No module named 'pytest'" in finished.stderr:
            raise NotMeasuredError("pytest is not installed beside evalkit; install it to run tests")
        report = folder / "report" / "report.xml"
        is_there = report.is_file() and not report.is_symlink() and report.stat().st_size <= _REPORT_BYTES
        return dict(_endings(report.read_bytes())) if is_there else {}, finished


def _sandboxed(arguments: Sequence[str], mounts: Sequence[Mount], *, cwd: str, stdin: bytes) -> Finished:
    environment = {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "PYTHONDONTWRITEBYTECODE": "1"}
    try:
        return run_sandboxed(
            [sys.executable, "-I", *arguments],
            mounts=mounts,
            cwd=cwd,
            limits=Limits(wall_s=20.0, cpu_s=20, memory_bytes=1 << 30),
            env=environment,
            stdin=stdin,
        )
    except SandboxUnavailableError as error:
        raise NotMeasuredError(f"delivered code runs only in a sandbox: {error}") from error


def _endings(report: bytes) -> Iterator[tuple[str, str]]:
    # The report may have been written by the delivered code: it must not make our parser expand entities.
    if b"<!DOCTYPE" in report or b"<!ENTITY" in report:
        return
    try:
        cases = list(ET.fromstring(report).iter("testcase"))  # noqa: S314 - entities were refused above
    except ET.ParseError:
        return
    for case in cases:
        kinds = {child.tag for child in case}
        ending = "failed" if kinds & {"failure", "error"} else "skipped" if "skipped" in kinds else "passed"
        yield f"{case.get('file', '')}::{case.get('name', '')}", ending


def _unpacked(content: bytes, name: str) -> dict[str, bytes]:
    inspect_zip(content, name)
    with zipfile.ZipFile(BytesIO(content)) as archive:
        members = [member for member in archive.infolist() if not member.is_dir()]
        return {str(PurePosixPath(member.filename)): archive.read(member) for member in members}


def _write(folder: Path, files: Mapping[str, bytes]) -> None:
    folder.mkdir()
    for name, content in files.items():
        path = folder / name
        if not path.resolve().is_relative_to(folder.resolve()):
            raise NotMeasuredError(f"{name!r} would be written elsewhere")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
