"""JSON Schema, applied with the `jsonschema` package and without ever fetching anything."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import cast

from evalkit.checks.evidence import and_more, one_line
from evalkit.checks.json_pointer import JsonNode, escaped_step
from evalkit.checks.problems import NotMeasuredError
from evalkit.checks.result import Json


@dataclass(frozen=True, slots=True, kw_only=True)
class Violation:
    """The first place that does not fit."""

    pointer: str
    found: str
    wanted: str


def first_violation(document: Json, schema: Json) -> Violation | None:
    """Where, in order of place, `document` first breaks `schema`; None where it fits.

    Raises:
        NotMeasuredError: the schema is none, or refers to another document.
    """
    from jsonschema import Draft202012Validator, SchemaError, validators  # noqa: PLC0415 - only checks of this format should pay for it
    from referencing import Registry  # noqa: PLC0415 - only checks of this format should pay for it
    from referencing.exceptions import Unresolvable  # noqa: PLC0415 - only checks of this format should pay for it

    if not isinstance(schema, Mapping):
        raise NotMeasuredError("the schema is no object; correct it")
    kind = validators.validator_for(schema, default=Draft202012Validator)
    try:
        kind.check_schema(schema)
        # The empty registry keeps `jsonschema` from fetching what a `$ref` names.
        validator = kind(schema, registry=Registry(), format_checker=kind.FORMAT_CHECKER)
        problems = sorted(validator.iter_errors(document), key=lambda problem: [str(step) for step in problem.path])
    except SchemaError as error:
        raise NotMeasuredError(f"the schema is none: {one_line(error.message, 150)}; correct it") from error
    except Unresolvable as error:
        raise NotMeasuredError(f"the schema refers to {error.ref!r}; write everything into one document") from error
    if not problems:
        return None
    first = problems[0]
    return Violation(
        pointer="".join(escaped_step(step) for step in first.path),
        found=and_more(one_line(first.message, 150), len(problems)),
        wanted=f"{first.validator}: {one_line(str(first.validator_value), 120)}",
    )


def plain_json(node: JsonNode) -> Json:
    """`node` with its fractions as floats, as validators know them."""
    if isinstance(node, Decimal):
        return float(node)
    if isinstance(node, list):
        return [plain_json(element) for element in node]
    if isinstance(node, dict):
        return {key: plain_json(element) for key, element in node.items()}
    return cast("Json", node)
