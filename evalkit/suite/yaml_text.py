"""YAML as suites may use it: a strict, small part of YAML 1.2, every value with its line.

    text, true, false, null, whole and decimal numbers, lists, mappings with text keys; comments

Refused, because people read them one way and parsers another, or because they make a small file huge: anchors and
aliases, tags, merge keys, duplicate keys, several documents, and unquoted text that some YAML reads as something else
(`no`, `0755`, `1:30`, `2026-01-01`). Decimal numbers stay `Decimal`, so that money is read from what was written.

PyYAML splits the text into events, which is where the difficult grammar lives; values are built here.
"""

import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import TypeAlias

import yaml
from typing_extensions import TypeAliasType

from evalkit.suite.problems import Findings, Location, Rule

Value = TypeAliasType("Value", "bool | int | Decimal | str | list[Value] | dict[str, Value] | None")
"""What a document holds. `None` is what `null`, or nothing after a colon, means."""
Steps: TypeAlias = tuple[str | int, ...]

MAX_DEPTH = 32
"""Nesting; the deepest shape evalkit knows, a tool's input schema, seldom passes 12."""
MAX_NUMBER_CHARS = 30
"""Python refuses to read whole numbers of more than 4,300 digits; nothing measured here has more than 30."""

_INT = re.compile(r"[-+]?(0|[1-9][0-9]*)")
_DECIMAL = re.compile(r"[-+]?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][-+]?[0-9]{1,3})?")
_AMBIGUOUS = re.compile(
    r"yes|no|on|off|y|n"
    r"|[-+]?[0-9][0-9_]*(\.[0-9_]*)?([eE][-+]?[0-9]+)?"  # 0755, 1_000, 1.
    r"|[-+]?\.[0-9][0-9_]*([eE][-+]?[0-9]+)?"  # .5
    r"|[-+]?0[box][0-9a-f_]+"
    r"|[-+]?[0-9][0-9_]*(:[0-5]?[0-9])+(\.[0-9_]*)?"  # 1:30 is 90 in YAML 1.1
    r"|[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}([Tt \t].*)?"
    r"|[-+]?\.(inf|nan)"
    r"|[=<]{1,2}",  # the "value" and "merge" scalars of YAML 1.1
    re.IGNORECASE,
)
_CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f\x85\u2028\u2029\ud800-\udfff\ufeff]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """One YAML file, read."""

    file: str
    """As a person would type it."""
    value: Value
    lines: Mapping[Steps, int]
    """The line of every value: of its key in a mapping, of its first character in a list."""

    def mapping(self, *path: str | int) -> Mapping[str, Value]:
        """The mapping at `path`; empty where something else, or nothing, stands."""
        value = self.value
        for step in path:
            if isinstance(value, dict) and isinstance(step, str):
                value = value.get(step)
            else:
                value = value[step] if isinstance(value, list) and isinstance(step, int) else None
        return value if isinstance(value, dict) else {}

    def at(self, *path: str | int) -> Location:
        """Where the value at `path` stands; of the nearest value around it where it does not."""
        while path and path not in self.lines:
            path = path[:-1]
        return Location(self.file, self.lines.get(path, 0))


def read_yaml(text: str, file: str, findings: Findings) -> Document | None:
    """The document in `text`, or None where nothing of it can be read. Every problem goes to `findings`."""
    builder = _Builder(file, findings)
    try:
        value = builder.document(yaml.parse(text, Loader=yaml.SafeLoader))
    except yaml.reader.ReaderError as error:
        at = Location(file, text.count("\n", 0, error.position) + 1)
        findings.add(Rule.CHARACTER, at, f"character {chr(error.character)!r}; write text without control characters")
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 0
        words = " ".join(str(error.problem or error.context).split())
        findings.add(Rule.SYNTAX, Location(file, line), f"no YAML: {words}; correct the line or quote the text")
    except (ValueError, OverflowError):
        # PyYAML lets these through for an escape beyond Unicode or a version of 5,000 digits.
        message = "no YAML: an escape or directive with an impossible number; remove it"
        findings.add(Rule.SYNTAX, Location(file, 0), message)
    except _TooDeepError as error:
        message = f"nested more than {MAX_DEPTH} deep; a suite is flatter"
        findings.add(Rule.DEPTH, Location(file, error.line), message)
    else:
        return Document(file=file, value=value, lines=builder.lines)
    return None


def kind_of(value: object) -> str:
    """What a value is, in a suite author's words."""
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return f"the truth value {str(value).lower()}"
    if isinstance(value, int | Decimal):
        return f"the number {value}"
    if isinstance(value, str):
        return f"the text {value[:60]!r}"
    return "a list" if isinstance(value, list) else "a mapping"


class _TooDeepError(Exception):
    """Nesting beyond MAX_DEPTH; what follows is not looked at."""

    def __init__(self, line: int) -> None:
        super().__init__(line)
        self.line = line


@dataclass(slots=True)
class _Builder:
    """Turns PyYAML's events into values."""

    file: str
    findings: Findings
    lines: dict[Steps, int] = field(default_factory=dict)

    def document(self, events: Iterator[yaml.Event]) -> Value:
        value: Value = None
        documents = 0
        for event in events:
            if isinstance(event, yaml.DocumentStartEvent):
                documents += 1
                if documents > 1:
                    self._add(Rule.ONE_DOCUMENT, event, "a second document; keep one, remove the '---' before it")
                    break
            elif isinstance(event, yaml.NodeEvent):
                self.lines[()] = _line(event)
                value = self._value(event, events, ())
        return value

    def _value(self, event: yaml.NodeEvent, events: Iterator[yaml.Event], path: Steps) -> Value:
        if isinstance(event, yaml.AliasEvent):
            self._add(Rule.ALIAS, event, f"alias '*{event.anchor}'; write the value again")
            return None
        if event.anchor is not None:
            self._add(Rule.ANCHOR, event, f"anchor '&{event.anchor}'; remove it, aliases are not supported")
        assert isinstance(event, yaml.ScalarEvent | yaml.CollectionStartEvent)
        if event.tag is not None:
            self._add(Rule.TAG, event, f"tag {event.tag!r}; remove it, tags are not supported")
        if isinstance(event, yaml.ScalarEvent):
            return self._scalar(event)
        if len(path) >= MAX_DEPTH:
            raise _TooDeepError(_line(event))
        if isinstance(event, yaml.SequenceStartEvent):
            return self._list(events, path)
        return self._mapping(events, path)

    def _list(self, events: Iterator[yaml.Event], path: Steps) -> list[Value]:
        values: list[Value] = []
        while isinstance(event := next(events), yaml.NodeEvent):
            element = (*path, len(values))
            self.lines[element] = _line(event)
            values.append(self._value(event, events, element))
        return values

    def _mapping(self, events: Iterator[yaml.Event], path: Steps) -> dict[str, Value]:
        values: dict[str, Value] = {}
        while isinstance(event := next(events), yaml.NodeEvent):
            line = _line(event)
            key = self._key(event, events, path)
            if key in values:
                first_line = self.lines[*path, key]
                self._add(Rule.DUPLICATE_KEY, event, f"key {key!r} is in line {first_line} already; remove one")
                key = None
            # What belongs to an unusable key is read too, for the problems in it, and belongs to no path.
            entry = (*path, key if key is not None else f"line {line}")
            self.lines[entry] = line
            value_event = next(events)
            assert isinstance(value_event, yaml.NodeEvent)
            value = self._value(value_event, events, entry)
            if key is not None:
                values[key] = value
        return values

    def _key(self, event: yaml.NodeEvent, events: Iterator[yaml.Event], path: Steps) -> str | None:
        """The text of a key; None, after a problem was noted, for anything else."""
        if isinstance(event, yaml.ScalarEvent) and event.value == "<<" and event.style is None:
            self._add(Rule.MERGE_KEY, event, "merge key '<<'; write the keys out, merging is not supported")
            return None
        before = len(self.findings.problems)
        value = self._value(event, events, path)
        if isinstance(value, str):
            return value
        if len(self.findings.problems) == before:
            kind = kind_of(value)
            self._add(Rule.KEY_TYPE, event, f"a key that is {kind}; quote it, keys are text")
        return None

    def _scalar(self, event: yaml.ScalarEvent) -> Value:
        text = event.value
        if (control := _CONTROL.search(text)) is not None:
            self._add(Rule.CHARACTER, event, f"character {control.group()!r}; write text without control characters")
            text = _CONTROL.sub("?", text)
        if event.style is not None:
            return text
        if text in {"", "~", "null", "Null", "NULL"}:
            return None
        if text in {"true", "True", "TRUE"}:
            return True
        if text in {"false", "False", "FALSE"}:
            return False
        if _DECIMAL.fullmatch(text):
            return self._number(event)
        if _AMBIGUOUS.fullmatch(text):
            self._add(Rule.AMBIGUOUS, event, f"unquoted {text}, which YAML readers take differently; {_instead(text)}")
        return text

    def _number(self, event: yaml.ScalarEvent) -> int | Decimal:
        text = event.value
        if len(text) > MAX_NUMBER_CHARS or not math.isfinite(float(text)):
            message = f"number {text[:MAX_NUMBER_CHARS]} is too long or too large; quote it if it is text"
            self._add(Rule.NUMBER_RANGE, event, message)
            return 0
        return int(text) if _INT.fullmatch(text) else Decimal(text)

    def _add(self, rule: Rule, event: yaml.Event, message: str) -> None:
        self.findings.add(rule, Location(self.file, _line(event)), message)


def _instead(text: str) -> str:
    """What to write for an ambiguous scalar."""
    truth = {"yes": "true", "on": "true", "y": "true", "no": "false", "off": "false", "n": "false"}
    quoted = f"quote it if it is text: {text!r}"
    return f"write {truth[text.lower()]}, or {quoted}" if text.lower() in truth else quoted


def _line(event: yaml.Event) -> int:
    """The 1-based line an event begins in."""
    assert event.start_mark is not None  # PyYAML's parser marks every event it makes
    return event.start_mark.line + 1
