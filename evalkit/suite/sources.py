"""The files a suite names: found inside the project root, read as text, or hashed."""

import hashlib
import os
import stat
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from evalkit.suite.problems import Findings, Location, Rule
from evalkit.suite.yaml_text import Document, read_yaml

MAX_TEXT_BYTES = 1_000_000

_ROOT_MARKS = (".git", "pyproject.toml", "rubrics")


def project_root(suite: Path) -> Path | None:
    """The nearest folder around the resolved path `suite` that has `.git`, `pyproject.toml` or `rubrics/`."""
    marked = (folder for folder in suite.parents if any((folder / mark).exists() for mark in _ROOT_MARKS))
    return next(marked, None)


def shown(path: Path) -> str:
    """`path` as a person would type it: relative to the working directory where it lies below it."""
    try:
        return str(path.relative_to(Path.cwd()))
    except ValueError:
        return str(path)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sources:
    """The files below one project root. What is wrong with a file goes to `findings`, and its value is then None."""

    root: Path
    findings: Findings

    def find(self, name: str, named_by: Path, at: Location) -> Path | None:
        """The regular file that `name`, written in the file `named_by`, means; links resolved."""
        if PurePosixPath(name).is_absolute() or name.startswith("~"):
            self.findings.add(Rule.ABSOLUTE_PATH, at, f"path {name!r}; write it relative to {shown(named_by)}")
            return None
        try:
            path = (named_by.parent / name).resolve()
            mode = path.stat().st_mode if path.exists() else 0
        except (OSError, RuntimeError) as error:
            # RuntimeError is what Python 3.11 and 3.12 make of a link that leads to itself.
            reason = error.strerror if isinstance(error, OSError) else "a link leads to itself"
            self.findings.add(Rule.UNREADABLE, at, f"path {name!r}: {reason}; name a file that can be read")
            return None
        if not path.is_relative_to(self.root):
            message = f"{name!r} is {str(path)!r}, outside the project root {str(self.root)!r}; move it inside"
            self.findings.add(Rule.OUTSIDE_ROOT, at, message)
            return None
        if not stat.S_ISREG(mode):
            found = "no file" if mode == 0 else "a folder, or no plain file,"
            self.findings.add(Rule.NO_FILE, at, f"{found} at {name!r}, looked for as {shown(path)!r}; correct the path")
            return None
        return path

    def text(self, path: Path) -> str | None:
        """The UTF-8 text of `path`, without byte order mark, line ends as LF."""
        at = Location(shown(path), 0)
        content = self._bytes(path, at)
        if content is None:
            return None
        try:
            text = content.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            line = content.count(b"\n", 0, error.start) + 1
            message = f"byte {content[error.start]:#04x} is not UTF-8; save the file as UTF-8"
            self.findings.add(Rule.ENCODING, Location(at.file, line), message)
            return None
        return text.replace("\r\n", "\n").replace("\r", "\n")

    def yaml(self, path: Path) -> Document | None:
        text = self.text(path)
        return None if text is None else read_yaml(text, shown(path), self.findings)

    def sha256(self, path: Path, at: Location) -> str | None:
        """Of the file's bytes, hex. The file may be large."""
        try:
            with path.open("rb") as file:
                return hashlib.file_digest(file, "sha256").hexdigest()
        except OSError as error:
            self.findings.add(
                Rule.UNREADABLE, at, f"path {str(path)!r}: {error.strerror}; name a file that can be read"
            )
            return None

    def _bytes(self, path: Path, at: Location) -> bytes | None:
        try:
            with path.open("rb") as file:
                content = file.read(MAX_TEXT_BYTES + 1)
                size = os.fstat(file.fileno()).st_size
        except OSError as error:
            self.findings.add(Rule.UNREADABLE, at, f"{error.strerror}; name a file that can be read")
            return None
        if len(content) > MAX_TEXT_BYTES:
            message = f"{size} bytes; a text file of a suite has at most {MAX_TEXT_BYTES}"
            self.findings.add(Rule.FILE_SIZE, at, message)
            return None
        return content
