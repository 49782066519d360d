"""One YAML file read strictly: every wrong thing is kept with its line, and reading goes on to find the next.

A `Value` is a node that knows how to be read as something. Where it is something else it notes a problem and returns a
harmless value of the right type, so that a reader is a plain expression; whoever opened the document raises at the end
if any problem was noted. YAML is narrowed: no aliases, no duplicate keys, and a scalar is text only if YAML itself says
so (`yes`, `1:30` and `2026-01-01` without quotes are not).
"""

import difflib
import re
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypeAlias, TypeVar

import yaml

Json: TypeAlias = "bool | int | float | str | list[Json] | dict[str, Json] | None"
D = TypeVar("D")
T = TypeVar("T")
Number = TypeVar("Number", int, float)

MAX_BYTES: Final = 1_000_000
MAX_DEPTH: Final = 30
_WHOLE_NUMBER: Final = re.compile(r"-?(0|[1-9][0-9]{0,17})")
_DECIMAL: Final = re.compile(r"-?(0|[1-9][0-9]{0,17})(\.[0-9]{1,18})?")
_NAME: Final = re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,63}")
_TEXT_TAG: Final = "tag:yaml.org,2002:str"
_WORDS: Final = {"true": True, "false": False, "null": None}
_ROOT_MARKS: Final = (".git", "pyproject.toml", "rubrics")


@dataclass(frozen=True, slots=True, order=True)
class Problem:
    """One thing wrong in one file; its text is `file:line: what was found; what would do`."""

    file: str
    line: int
    """1-based; 0 when the problem belongs to the whole file."""
    message: str

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}" if self.line else self.file
        return f"{place}: {self.message}"


class Document:
    """One file being read."""

    def __init__(self, path: Path, content: bytes) -> None:
        self.path = path
        self.problems: list[Problem] = []
        """What was wrong so far."""
        self.named: list[Path] = []
        """Files that this one names, resolved, in the order they were read."""
        self.root = _compose(self, content)
        """The whole file as a value; None with a problem noted if it is not one plain YAML document."""

    def wrong(self, line: int, message: str) -> None:
        """Note a problem, once however often its node is read."""
        problem = Problem(str(self.path), line, message)
        if problem not in self.problems:
            self.problems.append(problem)


class Value:
    """One node of a document."""

    def __init__(self, document: Document, node: yaml.Node) -> None:
        self.document = document
        self._node = node

    def __str__(self) -> str:
        if isinstance(self._node, yaml.ScalarNode):
            shown = self._node.value if len(self._node.value) <= 60 else self._node.value[:59] + "…"
            return repr(shown)
        return "a mapping" if isinstance(self._node, yaml.MappingNode) else "a list"

    @property
    def is_list(self) -> bool:
        """Whether it is written as a list."""
        return isinstance(self._node, yaml.SequenceNode)

    def wrong(self, message: str) -> None:
        """Note a problem on this value's line."""
        self.document.wrong(self._node.start_mark.line + 1, message)

    def entries(self) -> "tuple[tuple[Value, Value], ...]":
        """Keys and values of a mapping in file order, later duplicates left out and noted."""
        if not isinstance(self._node, yaml.MappingNode):
            self.wrong(f"{self} where a mapping was expected; write 'key: value' lines")
            return ()
        found: dict[str, tuple[Value, Value]] = {}
        for key_node, value_node in self._node.value:
            key = Value(self.document, key_node)
            if isinstance(key_node, yaml.ScalarNode):
                # A key is what is written: `on:` is the word, whatever YAML 1.1 makes of it.
                key = Value(self.document, yaml.ScalarNode(_TEXT_TAG, key_node.value, key_node.start_mark))
            word = key.text()
            if word in found:
                key.wrong(f"key {word!r} a second time; keep one")
            else:
                found[word] = (key, Value(self.document, value_node))
        return tuple(found.values())

    def fields(self, known: Collection[str], *, needed: Collection[str] = ()) -> "Fields":
        """The values of a mapping by key; an unknown key and a missing needed one are problems."""
        values: dict[str, Value] = {}
        for key, value in self.entries():
            word = key.text()
            if word in known:
                values[word] = value
            else:
                key.wrong(f"unknown key {word!r}; {_nearest(word, known)}")
        for word in needed:
            if word not in values:
                self.wrong(f"no key {word!r}; add it")
        return Fields(values)

    def each(self, read: "Callable[[Value], T]") -> tuple[T, ...]:
        """What `read` makes of each item of a list."""
        if not isinstance(self._node, yaml.SequenceNode):
            self.wrong(f"{self} where a list was expected; write '[…]' or '- ' lines")
            return ()
        return tuple(read(Value(self.document, item)) for item in self._node.value)

    def text(self) -> str:
        if not isinstance(self._node, yaml.ScalarNode):
            self.wrong(f"{self} where text was expected; write one quoted value")
            return ""
        if self._node.tag != _TEXT_TAG:
            self.wrong(f"{self} is not text to YAML; put it in quotes")
        return str(self._node.value)

    def name(self, known: Collection[str] | None = None) -> str:
        """A word that a script can take as an argument: a letter, then letters, digits, `_` or `-`; one of `known`."""
        word = self.text()
        if not _NAME.fullmatch(word):
            self.wrong(f"{word!r} is not a name; start with a letter, then letters, digits, '_' or '-'")
        elif known is not None and word not in known:
            self.wrong(f"{word!r} is not known here; {_nearest(word, known)}")
        return word

    def pattern(self) -> re.Pattern[str]:
        source = self.text()
        try:
            return re.compile(source)
        except re.error as error:
            self.wrong(f"{source!r} is not a regular expression ({error}); correct it")
            return re.compile("")

    def choice(self, words: Sequence[str]) -> str:
        """One of `words`; the first of them where it is another."""
        word = self.text()
        if word in words:
            return word
        self.wrong(f"{word!r}; {_nearest(word, words)}")
        return words[0]

    def flag(self) -> bool:
        if self._bare() not in {"true", "false"}:
            self.wrong(f"{self}; write true or false")
        return self._bare() == "true"

    def whole(self, low: int, high: int) -> int:
        if _WHOLE_NUMBER.fullmatch(self._bare()):
            number = int(self._bare())
            if low <= number <= high:
                return number
        self.wrong(f"{self}; write a whole number from {low} to {high}")
        return low

    def number(self, low: float, high: float) -> float:
        if _DECIMAL.fullmatch(self._bare()):
            number = float(self._bare())
            if low <= number <= high:
                return number
        self.wrong(f"{self}; write a number from {low:g} to {high:g}")
        return low

    def whole_span(self, low: int, high: int) -> tuple[int, int]:
        """`[from, to]`, both from `low` to `high`, in order."""
        return self._ordered(self.each(lambda end: end.whole(low, high)), (low, low))

    def number_span(self, low: float, high: float) -> tuple[float, float]:
        """`[from, to]`, both from `low` to `high`, in order."""
        return self._ordered(self.each(lambda end: end.number(low, high)), (low, low))

    def _ordered(self, ends: tuple[Number, ...], otherwise: tuple[Number, Number]) -> tuple[Number, Number]:
        if len(ends) != 2 or ends[0] > ends[1]:
            self.wrong("not a range; write [from, to], the smaller first")
            return otherwise
        return ends[0], ends[1]

    def json(self) -> Json:
        """The value as plain data, nothing guessed: a scalar that is neither text nor a plain number is a problem."""
        if isinstance(self._node, yaml.MappingNode):
            return {key.text(): value.json() for key, value in self.entries()}
        if isinstance(self._node, yaml.SequenceNode):
            return list(self.each(Value.json))
        if self._node.tag == _TEXT_TAG:
            return str(self._node.value)
        if self._node.value in _WORDS:
            return _WORDS[self._node.value]
        if _WHOLE_NUMBER.fullmatch(self._node.value):
            return int(self._node.value)
        if _DECIMAL.fullmatch(self._node.value):
            return float(self._node.value)
        self.wrong(f"{self} is read differently by different tools; put it in quotes")
        return None

    def file(self) -> Path:
        """A file inside the project, resolved; it was there."""
        path = self._path()
        if path is None:
            return self.document.path
        if not path.is_file():
            self.wrong(f"no file {self}; paths are relative to {str(self.document.path.parent)!r}")
            return self.document.path
        self.document.named.append(path)
        return path

    def folder(self) -> Path:
        """A folder inside the project, resolved; it held at least one file, and all its files count as named."""
        path = self._path()
        if path is None:
            return self.document.path.parent
        files = sorted(p for p in path.rglob("*") if p.is_file()) if path.is_dir() else []
        if not files:
            self.wrong(f"no folder with files at {self}; paths are relative to {str(self.document.path.parent)!r}")
        self.document.named.extend(files)
        return path

    def _bare(self) -> str:
        """A scalar that is not text, as it is written; empty for anything else."""
        return str(self._node.value) if isinstance(self._node, yaml.ScalarNode) and self._node.tag != _TEXT_TAG else ""

    def _path(self) -> Path | None:
        written = self.text()
        if not written or "\0" in written:
            self.wrong(f"{written!r} is not a path; name a file relative to this one")
            return None
        root = project_root(self.document.path)
        path = (self.document.path.parent / written).resolve()
        if not path.is_relative_to(root):
            self.wrong(f"{written!r} lies outside the project {str(root)!r}; move it inside")
            return None
        return path


class Fields:
    """The values of one mapping, each to be taken by its key."""

    def __init__(self, values: dict[str, Value]) -> None:
        self._values = values

    def __len__(self) -> int:
        return len(self._values)

    def __contains__(self, key: str) -> bool:
        return key in self._values

    def take(self, key: str, default: D, read: Callable[[Value], T]) -> D | T:
        """What `read` makes of the value at `key`, or `default` where the file has no such key."""
        return read(self._values[key]) if key in self._values else default

    def each(self, key: str, read: Callable[[Value], T]) -> tuple[T, ...]:
        """What `read` makes of each item of the list at `key`; nothing where the file has no such key."""
        return self._values[key].each(read) if key in self._values else ()

    def entries(self, key: str) -> tuple[tuple[Value, Value], ...]:
        """Keys and values of the mapping at `key`; nothing where the file has no such key."""
        return self._values[key].entries() if key in self._values else ()


def project_root(path: Path) -> Path:
    """The nearest folder above `path` with `.git`, `pyproject.toml` or `rubrics/`; its own folder if there is none."""
    folder = path.resolve().parent
    marked = (up for up in (folder, *folder.parents) if any((up / mark).exists() for mark in _ROOT_MARKS))
    return next(marked, folder)


def _compose(document: Document, content: bytes) -> Value | None:
    if len(content) > MAX_BYTES:
        document.wrong(0, f"{len(content)} bytes; at most {MAX_BYTES} are read")
        return None
    try:
        text = content.decode("utf-8")
        node = yaml.compose(text, yaml.SafeLoader) if _is_plain(document, text) else None
    except UnicodeDecodeError as error:
        document.wrong(0, f"byte {error.start} is not UTF-8; save the file as UTF-8")
        return None
    except yaml.MarkedYAMLError as error:
        line = 0 if error.problem_mark is None else error.problem_mark.line + 1
        document.wrong(line, f"not YAML ({error.problem}); correct the syntax")
        return None
    except yaml.YAMLError as error:
        document.wrong(0, f"not YAML ({str(error).splitlines()[0]}); correct the syntax")
        return None
    if node is None and not document.problems:
        document.wrong(0, "nothing in it; write 'key: value' lines")
    return None if node is None else Value(document, node)


def _is_plain(document: Document, text: str) -> bool:
    """There are no aliases and nothing is nested too deeply; otherwise problems are noted.

    Events come as the text is read, so what lies deeper costs nothing: composing it would take time that grows with the
    square of the depth.
    """
    depth = 0
    for event in yaml.parse(text, yaml.SafeLoader):
        line = 0 if event.start_mark is None else event.start_mark.line + 1
        if isinstance(event, yaml.AliasEvent):
            document.wrong(line, f"alias '*{event.anchor}'; write the value out")
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if depth > MAX_DEPTH:
            document.wrong(line, f"nested deeper than {MAX_DEPTH} levels; a few are enough")
            break
    return not document.problems


def _nearest(word: str, known: Collection[str]) -> str:
    close = difflib.get_close_matches(word, known, n=1)
    return f"did you mean {close[0]!r}?" if close else f"use one of: {', '.join(known) or '(none)'}"
