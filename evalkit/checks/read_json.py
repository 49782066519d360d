"""JSON, read strictly: what Python's parser lets through and other parsers refuse is a finding, not a crash."""

import json
from collections import Counter
from decimal import Decimal

from evalkit.checks.adapters import Table
from evalkit.checks.cell import Cell, NoValue
from evalkit.checks.cell import describe as cell_words
from evalkit.checks.evidence import quoted
from evalkit.checks.json_pointer import JsonNode, escaped_step
from evalkit.checks.problems import BadDeliverableError
from evalkit.checks.quantity import parse_plain
from evalkit.checks.read_text import decode_utf8
from evalkit.checks.result import Place
from evalkit.checks.rows import Rows


class _RefusedError(ValueError):
    """The text parses in Python and is not JSON that everyone reads alike."""


def parse_json(content: bytes, name: str) -> JsonNode:
    """The document that `content` holds.

    Raises:
        BadDeliverableError: not UTF-8, a byte order mark, a syntax error, text after the document, a duplicate key,
            NaN or Infinity, a number of absurd size, nesting too deep to read.
    """
    wanted = "strict JSON (RFC 8259)"
    text = decode_utf8(content, name)
    if text.startswith("\ufeff"):
        raise BadDeliverableError("a byte order mark at the beginning", wanted=wanted, at=Place(file=name))
    try:
        document: JsonNode = json.loads(
            text,
            object_pairs_hook=_object,
            parse_constant=_refuse_constant,
            parse_int=_whole,
            parse_float=_fraction,
        )
    except json.JSONDecodeError as error:
        found = f"{error.msg} in column {error.colno}"
        raise BadDeliverableError(found, wanted=wanted, at=Place(file=name, line=error.lineno)) from error
    except _RefusedError as error:
        raise BadDeliverableError(str(error), wanted=wanted, at=Place(file=name)) from error
    except RecursionError as error:
        raise BadDeliverableError("nested too deeply to read", wanted=wanted, at=Place(file=name)) from error
    return document


def parse_json_lines(content: bytes, name: str) -> JsonNode:
    """The array of the documents in `content`, one a line; an empty last line is none.

    Raises:
        BadDeliverableError: as `parse_json`, with the line, or a blank line between two documents.
    """
    lines = content.split(b"\n")
    if lines[-1].strip() == b"":
        del lines[-1]
    documents: list[JsonNode] = []
    for number, line in enumerate(lines, start=1):
        try:
            documents.append(parse_json(line.removesuffix(b"\r"), name))
        except BadDeliverableError as error:
            raise BadDeliverableError(error.found, wanted=error.wanted, at=Place(file=name, line=number)) from error
    return documents


def rows_of_array(node: JsonNode, table: Table) -> Rows:
    """The table that an array of objects is: columns are the keys in order of first appearance, a missing key is blank.

    Raises:
        BadDeliverableError: `node` is no array, or one of its elements is no object.
    """
    if not isinstance(node, list):
        found, at = cell_words(cell_of_node(node)), Place(file=table.name, cell=table.path.text or None)
        raise BadDeliverableError(found, wanted="an array of objects", at=at)
    objects: list[dict[str, JsonNode]] = []
    for position, element in enumerate(node):
        if not isinstance(element, dict):
            at = Place(file=table.name, cell=table.path.text + escaped_step(position))
            raise BadDeliverableError(cell_words(cell_of_node(element)), wanted="an object", at=at)
        objects.append(element)
    header = tuple(dict.fromkeys(key for element in objects for key in element))

    def place_of(row: int | None, column: str | None) -> Place:
        steps = [step for step in (row, column) if step is not None]
        return Place(file=table.name, cell=table.path.text + "".join(map(escaped_step, steps)) or None)

    rows = [tuple(cell_of_node(element.get(key)) for key in header) for element in objects]
    return Rows(header=header, rows=rows, untyped=False, place_of=place_of)


def cell_of_node(node: JsonNode) -> Cell:
    """`node` as a cell; arrays and objects have no value that could equal one."""
    if isinstance(node, int) and not isinstance(node, bool):
        return Decimal(node)
    if isinstance(node, list):
        return NoValue("an array")
    return NoValue("an object") if isinstance(node, dict) else node


def _object(pairs: list[tuple[str, JsonNode]]) -> JsonNode:
    result = dict(pairs)
    if len(result) < len(pairs):
        twice = next(key for key, count in Counter(key for key, _ in pairs).items() if count > 1)
        raise _RefusedError(f"the key {quoted(twice)} occurs twice in one object")
    return result


def _refuse_constant(word: str) -> JsonNode:
    raise _RefusedError(f"{word}, which is not JSON")


def _whole(text: str) -> int:
    if len(text) > 400:
        raise _RefusedError(f"a number of {len(text)} characters")
    return int(text)


def _fraction(text: str) -> Decimal:
    number = parse_plain(text)
    if number is None:
        raise _RefusedError(f"the number {quoted(text)}, beyond any quantity")
    return number
