"""YAML, read as the JSON it stands for: one document of plain mappings, lists and scalars, without anchors or tags.

Scalars are what YAML 1.2's core schema makes of them, so that `no` and `2026-01-01` are text, as their authors meant.
"""

import re

from yaml import MarkedYAMLError, SafeLoader, YAMLError, parse
from yaml.events import (
    AliasEvent,
    DocumentStartEvent,
    Event,
    MappingEndEvent,
    NodeEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
)

from evalkit.checks.evidence import one_line, quoted
from evalkit.checks.json_pointer import JsonNode
from evalkit.checks.problems import BadDeliverableError
from evalkit.checks.quantity import parse_plain
from evalkit.checks.read_text import decode_utf8
from evalkit.checks.result import Place

_CORE = {"null": None, "Null": None, "NULL": None, "~": None, "": None}
_TRUTH = {"true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False}
_INTEGER = re.compile(r"[-+]?[0-9]{1,400}")
_WANTED = "one YAML document without anchors, tags or repeated keys"


def parse_yaml(content: bytes, name: str) -> JsonNode:
    """The document that `content` holds.

    Raises:
        BadDeliverableError: not UTF-8, a syntax error, several documents, an anchor, alias or tag, a repeated key, a
            key that is no plain scalar, or nesting too deep to read.

    Source: YAML 1.2.2, section 10.3.
    """
    text = decode_utf8(content, name).removeprefix("\ufeff")
    try:
        reader = _Reader(name, list(parse(text, Loader=SafeLoader)))
        return reader.document()
    except MarkedYAMLError as error:
        line = None if error.problem_mark is None else error.problem_mark.line + 1
        found = f"broken YAML: {one_line(error.problem or str(error), 120)}"
        raise BadDeliverableError(found, wanted=_WANTED, at=Place(file=name, line=line)) from error
    except (YAMLError, RecursionError, ValueError) as error:
        found = f"broken YAML: {one_line(str(error), 120)}"
        raise BadDeliverableError(found, wanted=_WANTED, at=Place(file=name)) from error


class _Reader:
    """Goes through the events of one document. No object is made of anything but plain values."""

    def __init__(self, name: str, events: list[Event]) -> None:
        self._name = name
        self._events = events
        self._next = 0

    def document(self) -> JsonNode:
        starts = [event for event in self._events if isinstance(event, DocumentStartEvent)]
        if len(starts) != 1:
            raise self._refused(f"{len(starts)} documents", starts[-1] if starts else None)
        self._next = self._events.index(starts[0]) + 1
        return self._node()

    def _node(self) -> JsonNode:
        event = self._take()
        if isinstance(event, AliasEvent) or (isinstance(event, NodeEvent) and event.anchor is not None):
            raise self._refused(f"the anchor {quoted(event.anchor or '')}", event)
        tag = getattr(event, "tag", None)
        if tag is not None:
            raise self._refused(f"the tag {quoted(str(tag))}", event)
        if isinstance(event, ScalarEvent):
            return _scalar(event)
        if isinstance(event, SequenceStartEvent):
            elements: list[JsonNode] = []
            while not isinstance(self._events[self._next], SequenceEndEvent):
                elements.append(self._node())
            self._take()
            return elements
        return self._mapping()

    def _mapping(self) -> JsonNode:
        entries: dict[str, JsonNode] = {}
        while not isinstance(self._events[self._next], MappingEndEvent):
            key = self._events[self._next]
            self._node()  # an anchor or tag on a key is refused like any other
            if not isinstance(key, ScalarEvent):
                raise self._refused("a key that is no plain scalar", key)
            if key.value in entries:
                raise self._refused(f"the key {quoted(key.value)} twice in one mapping", key)
            entries[key.value] = self._node()
        self._take()
        return entries

    def _take(self) -> Event:
        event = self._events[self._next]
        self._next += 1
        return event

    def _refused(self, found: str, event: Event | None) -> BadDeliverableError:
        mark = None if event is None else event.start_mark
        at = Place(file=self._name, line=None if mark is None else mark.line + 1)
        return BadDeliverableError(found, wanted=_WANTED, at=at)


def _scalar(event: ScalarEvent) -> JsonNode:
    text: str = event.value
    if event.style is not None:
        return text
    if text in _CORE:
        return _CORE[text]
    if text in _TRUTH:
        return _TRUTH[text]
    if _INTEGER.fullmatch(text):
        return int(text)
    number = parse_plain(text)
    return text if number is None else number
