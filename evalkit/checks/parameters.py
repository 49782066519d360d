"""Binding what a suite writes under `with:` to the parameters of a check: the signature is the schema.

A parameter's annotation may be `str`, `int`, `Decimal`, `bool`, `re.Pattern[str]`, a `Literal`, `tuple[T, ...]`,
`Mapping[str, T]`, `Json` (anything), a union of these, a record (a keyword-only dataclass, written as a mapping of its
fields), or a class with a `from_text` method (written as a bare string). `Annotated[T, AtLeast(n)]` bounds a number, or
a text's or list's length.
"""

import inspect
import re
from collections.abc import Callable, Mapping
from dataclasses import is_dataclass
from decimal import Decimal
from types import NoneType, UnionType
from typing import Annotated, Literal, TypeAlias, Union, get_args, get_origin, get_type_hints

from evalkit.checks.evidence import one_line, suggestion
from evalkit.checks.problems import ParameterError
from evalkit.checks.quantity import AtLeast, decimal_of, parse_plain
from evalkit.checks.result import Json

Schema: TypeAlias = object
"""A type annotation at run time: a class, a union, a generic alias."""

_SIMPLE: Mapping[Schema, str] = {
    str: "text",
    int: "a whole number",
    Decimal: "a number",
    bool: "true or false",
    NoneType: "null",
    Json: "anything",
}


def bind_fields(target: Callable[..., object], raw: Mapping[str, Json]) -> dict[str, object]:
    """The keyword arguments for `target` that `raw` spells: each value read as its annotation says.

    Defaults are left for Python to fill in. Positional parameters of `target` are not for suites.

    Raises:
        ParameterError: with one line for every unknown, missing or mistyped parameter.
    """
    # Of a record, the hints of the class are those of its fields, and so of the parameters that make it.
    annotations = get_type_hints(target, include_extras=True)
    fields = fields_of(target)
    problems = [f"no parameter {name!r}{suggestion(name, fields)}" for name in raw if name not in fields]
    values: dict[str, object] = {}
    for name, parameter in fields.items():
        if name in raw:
            try:
                values[name] = _read(annotations[name], raw[name])
            except ParameterError as error:
                problems += [f"parameter {name!r}: {problem}" for problem in error.problems]
        elif parameter.default is inspect.Parameter.empty:
            problems.append(f"parameter {name!r} is missing; {describe(annotations[name])} is wanted")
    if problems:
        raise ParameterError(tuple(problems))
    return values


def fields_of(target: Callable[..., object]) -> dict[str, inspect.Parameter]:
    """The keyword-only parameters of `target`, in order: those that a suite may write."""
    return {
        name: parameter
        for name, parameter in inspect.signature(target).parameters.items()
        if parameter.kind is inspect.Parameter.KEYWORD_ONLY
    }


def explain_fields(target: Callable[..., object]) -> dict[str, str]:
    """What a suite may write for each parameter of `target`, and what holds where it writes nothing."""
    annotations = get_type_hints(target, include_extras=True)
    words: dict[str, str] = {}
    for name, parameter in fields_of(target).items():
        is_needed = parameter.default is inspect.Parameter.empty
        default = "" if is_needed else f"; {_shown_default(parameter.default)} unless told"
        words[name] = f"{describe(annotations[name])}{default}"
    return words


def describe(schema: Schema) -> str:
    """What may be written for a parameter annotated with `schema`, in words."""
    if schema in _SIMPLE:
        return _SIMPLE[schema]
    origin, arguments = get_origin(schema), get_args(schema)
    if origin is Annotated:
        return f"{describe(arguments[0])} ({', '.join(str(bound) for bound in arguments[1:])})"
    if origin in {Union, UnionType}:
        return " or ".join(describe(part) for part in arguments)
    if origin is Literal:
        return f"one of {', '.join(repr(choice) for choice in arguments)}"
    if origin is tuple:
        return f"a list ({describe(arguments[0])} each)"
    if origin is re.Pattern:
        return "a regular expression"
    if origin is not None:
        return f"a mapping (of {describe(arguments[1])} each)"
    return _describe_record(schema)


def _shown_default(default: object) -> str:
    if default is None or default == ():
        return "nothing"
    if isinstance(default, bool):
        return str(default).lower()
    return str(default) if isinstance(default, str | int | Decimal | tuple) else "as described"


def _describe_record(schema: Schema) -> str:
    assert isinstance(schema, type), schema
    text = getattr(schema, "TEXT_FORM", "")
    fields = fields_of(schema) if is_dataclass(schema) else {}
    mapping = f"{{{', '.join(fields)}}}" if fields else ""
    return " or ".join(form for form in (text, mapping) if form)


def _read(schema: Schema, raw: Json) -> object:
    """`raw` as a value of `schema`, or `ParameterError`."""
    origin, arguments = get_origin(schema), get_args(schema)
    if origin is Annotated:
        return _read_bounded(schema, arguments, raw)
    if origin in {Union, UnionType}:
        return _read_union(schema, arguments, raw)
    if origin is Literal:
        return _accept(raw in arguments and not isinstance(raw, bool), raw, schema, raw)
    if origin is tuple:
        elements = _accept(isinstance(raw, list), raw, schema, raw)
        assert isinstance(elements, list)
        return tuple(_read(arguments[0], element) for element in elements)
    if origin is re.Pattern:
        return _read_pattern(raw)
    if origin is not None:
        entries = _accept(isinstance(raw, dict), raw, schema, raw)
        assert isinstance(entries, dict)
        return {key: _read(arguments[1], element) for key, element in entries.items()}
    if schema in _SIMPLE:
        return _read_simple(schema, raw)
    assert isinstance(schema, type), f"no rule reads a parameter annotated {schema!r}"
    return _read_record(schema, raw)


def _read_simple(schema: Schema, raw: Json) -> object:
    if schema is Json:
        return raw
    if schema is Decimal:
        number: Decimal | None = None
        if isinstance(raw, str):
            number = parse_plain(raw)
        elif isinstance(raw, int | float) and not isinstance(raw, bool):
            number = decimal_of(raw)
        return _accept(number is not None, raw, schema, number)
    assert isinstance(schema, type), "every other simple schema is a class"
    # bool is a subclass of int, and yet `true` is not a number.
    return _accept(isinstance(raw, schema) and (schema is bool or not isinstance(raw, bool)), raw, schema, raw)


def _read_bounded(schema: Schema, arguments: tuple[object, ...], raw: Json) -> object:
    value = _read(arguments[0], raw)
    size = value if isinstance(value, int | Decimal) else len(value) if isinstance(value, str | tuple | dict) else 0
    return _accept(all(bound.allows(size) for bound in arguments[1:] if isinstance(bound, AtLeast)), raw, schema, value)


def _read_union(schema: Schema, arguments: tuple[object, ...], raw: Json) -> object:
    detailed: list[ParameterError] = []
    for part in arguments:
        try:
            return _read(part, raw)
        except ParameterError as error:
            # A part that says more than "not this" was meant: `Table | None`, given a mapping with a misspelt key.
            if error.problems != _mismatch(raw, part).problems:
                detailed.append(error)
    raise detailed[0] if len(detailed) == 1 else _mismatch(raw, schema)


def _read_pattern(raw: Json) -> re.Pattern[str]:
    if not isinstance(raw, str):
        raise _mismatch(raw, re.Pattern[str])
    try:
        return re.compile(raw)
    except re.error as error:
        raise ParameterError((f"{_short(raw)} is no regular expression: {error}; see Python's `re`",)) from error


def _read_record(schema: type, raw: Json) -> object:
    if isinstance(raw, str) and hasattr(schema, "from_text"):
        return schema.from_text(raw)
    if isinstance(raw, dict) and is_dataclass(schema) and fields_of(schema):
        return schema(**bind_fields(schema, raw))
    raise _mismatch(raw, schema)


def _accept(fits: bool, raw: Json, schema: Schema, value: object) -> object:  # noqa: FBT001 - read as a sentence
    if not fits:
        raise _mismatch(raw, schema)
    return value


def _mismatch(raw: Json, schema: Schema) -> ParameterError:
    return ParameterError((f"{_short(raw)} found; {describe(schema)} is wanted",))


def _short(raw: Json) -> str:
    return one_line(repr(raw), 60)
