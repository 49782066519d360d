"""Checks of JSON files, read strictly: `read_json` says what is refused. Single values are for `value.*`.

YAML is read as the JSON it stands for, JSON lines as an array.
"""

from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal
from typing import Annotated, Literal

from evalkit.checks.adapters import JsonFile, Pointer
from evalkit.checks.deliverables import Check
from evalkit.checks.evidence import and_more, listed, quoted
from evalkit.checks.json_pointer import JsonNode, escaped_step
from evalkit.checks.json_schema import first_violation, plain_json
from evalkit.checks.problems import NotMeasuredError
from evalkit.checks.quantity import AtLeast
from evalkit.checks.registry import check
from evalkit.checks.result import Finding, Json, Place
from evalkit.checks.rows import near_miss

_TYPES: dict[type, str] = {
    type(None): "null",
    bool: "boolean",
    int: "integer",
    Decimal: "number",
    str: "string",
    list: "array",
    dict: "object",
}


@check(version=1)
def well_formed(on: Check, *, file: JsonFile) -> Finding:
    """The file is strict JSON: UTF-8, no duplicate keys, no NaN, nothing after the document, no absurd depth.

    {check: json_document.well_formed, with: {file: report.json}}
    """
    return on.passed(_TYPES[type(on.json(file))])


@check(version=1)
def keys(
    on: Check,
    *,
    file: JsonFile,
    types: Annotated[
        Mapping[str, Literal["string", "integer", "number", "boolean", "array", "object", "null", "any"]], AtLeast(1)
    ],
    path: Pointer = Pointer(),  # noqa: B008 - a frozen value
    exact: bool = False,
) -> Finding:
    """The object at `path`, or every object of the array there, has each key with its type; with `exact`, no others.

    An integer is written without fraction and exponent, and is also a number. An empty array does not pass.

    {check: json_document.keys, with: {file: out.json, path: /rows, types: {id: integer, name: string, total: number}}}
    """
    node = on.node(file, path.text)
    objects = [(path.text, node)]
    if isinstance(node, list):
        objects = [(path.text + escaped_step(position), element) for position, element in enumerate(node)]
    if not objects:
        return on.failed("an empty array", wanted="objects", at=on.place(file, cell=path.text or None))
    problems = [
        problem
        for place, element in objects
        for problem in _problems(on, on.place(file, cell=place or None), element, types, exact=exact)
    ]
    if problems:
        first = problems[0]
        return on.failed(and_more(first.found or "", len(problems)), wanted=first.wanted or "", at=first.at)
    return on.passed(f"{len(objects)} objects" if isinstance(node, list) else "one object")


@check(version=1)
def schema(
    on: Check,
    *,
    file: JsonFile,
    schema: Mapping[str, Json] | JsonFile,
    path: Pointer = Pointer(),  # noqa: B008 - a frozen value
) -> Finding:
    """What stands at `path` fits the JSON Schema, written in the suite or in `expected.json`, or given as an input.

    Draft 2020-12 unless the schema names another; formats are checked. A `$ref` to another document is refused, never
    fetched.

    {check: json_document.schema, with: {file: out.json, schema: {type: array, minItems: 1, items: {required: [id]}}}}
    """
    if isinstance(schema, JsonFile):
        if schema.input is None:
            raise NotMeasuredError("a schema that was delivered proves nothing; name an input")
        rules = plain_json(on.json(schema))
    else:
        rules = dict(schema)
    problem = first_violation(plain_json(on.node(file, path.text)), rules)
    if problem is not None:
        at = on.place(file, cell=path.text + problem.pointer or None)
        return on.failed(problem.found, wanted=problem.wanted, at=at)
    return on.passed()


def _problems(on: Check, at: Place, node: JsonNode, types: Mapping[str, str], *, exact: bool) -> list[Finding]:
    """Everything that keeps the node at `at` from being the object wanted."""
    if not isinstance(node, dict):
        return [on.failed(_TYPES[type(node)], wanted="object", at=at)]
    problems: list[Finding] = []
    for key, kind in types.items():
        place = replace(at, cell=(at.cell or "") + escaped_step(key))
        if key not in node:
            found = f"no key {quoted(key)}" + near_miss(key, tuple(node))
            problems.append(on.failed(found, wanted=f"{quoted(key)}: {kind}", at=place))
        elif not _has_type(node[key], kind):
            problems.append(on.failed(_TYPES[type(node[key])], wanted=f"{quoted(key)}: {kind}", at=place))
    extra = [key for key in node if key not in types]
    if exact and extra:
        problems.append(on.failed(f"also {listed(extra)}", wanted=f"only {listed(types, 20)}", at=at))
    return problems


def _has_type(node: JsonNode, kind: str) -> bool:
    found = _TYPES[type(node)]
    return kind in {"any", found} or (kind == "number" and found == "integer")
