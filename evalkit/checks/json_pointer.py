"""JSON Pointer (RFC 6901): the one way a place inside a JSON document is named, in suites and in evidence."""

from decimal import Decimal
from typing import TypeAlias, TypeVar

from evalkit.checks.result import Json
from evalkit.errors import EvalkitError

JsonNode: TypeAlias = "bool | int | Decimal | str | list[JsonNode] | dict[str, JsonNode] | None"
"""A delivered JSON value, read strictly: a number with a fraction or exponent is Decimal, one without is int."""

Node = TypeVar("Node", Json, JsonNode)


class PointerError(EvalkitError):
    """A pointer is malformed, or nothing is where it points; the text names the first step that fails."""


def find_at(document: Node, pointer: str) -> Node:
    """The value at `pointer` in `document`; the empty pointer is the whole document.

    Raises:
        PointerError: the pointer does not begin with a slash, or a step leads nowhere.

    Source: RFC 6901, sections 3 to 5.
    """
    here = document
    walked = ""
    for step in steps_of(pointer):
        if isinstance(here, dict) and step in here:
            here = here[step]
        elif isinstance(here, list) and step.isascii() and step.isdigit() and int(step) < len(here):
            here = here[int(step)]
        else:
            raise PointerError(f"nothing at {walked + '/' + step!r}; {_contents(here)}")
        walked += "/" + step
    return here


def steps_of(pointer: str) -> tuple[str, ...]:
    """The unescaped steps of `pointer`.

    Raises:
        PointerError: it is neither empty nor begins with a slash.
    """
    if not pointer:
        return ()
    if not pointer.startswith("/"):
        raise PointerError(f"{pointer!r} is no JSON Pointer; write '/' before each step, as in '/totals/0'")
    return tuple(step.replace("~1", "/").replace("~0", "~") for step in pointer[1:].split("/"))


def escaped_step(key: str | int) -> str:
    """`/key` as one step of a pointer."""
    return "/" + str(key).replace("~", "~0").replace("/", "~1")


def _contents(node: "Json | JsonNode") -> str:
    if isinstance(node, dict):
        return f"there are {len(node)} keys: {', '.join(repr(key) for key in list(node)[:8])}"
    if isinstance(node, list):
        return f"there are {len(node)} elements"
    return "the value before it has no parts"
