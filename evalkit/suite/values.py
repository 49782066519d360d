"""The values that suite files may hold, one reader each: what was written becomes a value, or breaks a rule."""

import re
from collections.abc import Callable, Sized
from dataclasses import dataclass
from decimal import Decimal
from pathlib import PurePosixPath
from typing import Literal, TypeVar

from evalkit.checks.result import Json
from evalkit.suite.problems import Rule, did_you_mean
from evalkit.suite.yaml_text import Value, kind_of

MAX_SYSTEM_CHARS = 100_000
MAX_TOOLS = 256
MAX_ITERATIONS = 20
"""Of the API. Source: its reference for agents and `user.define_outcome`, read 2026-11."""
MAX_TRIALS = 1_000
"""Of one task and variant; more is a slip of the pen that costs thousands of dollars."""


class RefusedError(ValueError):
    """A value breaks `rule`; the text says what was found and what would do."""

    def __init__(self, rule: Rule, message: str) -> None:
        super().__init__(message)
        self.rule = rule


def to_json(value: Value) -> Json:
    """`value` as JSON has it: decimal numbers as floats."""
    if isinstance(value, Decimal):
        return float(value)
    if isinstance(value, list):
        return [to_json(element) for element in value]
    if isinstance(value, dict):
        return {key: to_json(element) for key, element in value.items()}
    return value


def exactly(word: str) -> Callable[[str], str]:
    def check(text: str) -> str:
        if text != word:
            raise RefusedError(Rule.FORMAT, f"{text!r}; this version reads {word!r}")
        return text

    return check


def one_of(*words: str) -> Callable[[str], str]:
    def check(text: str) -> str:
        if text not in words:
            raise RefusedError(Rule.CHOICE, f"{text!r}; {did_you_mean(text, words)}")
        return text

    return check


def in_range(low: int, high: int) -> Callable[[int], int]:
    def check(number: int) -> int:
        if not low <= number <= high:
            raise RefusedError(Rule.RANGE, f"{number}; write a whole number from {low} to {high}")
        return number

    return check


def at_most_chars(limit: int) -> Callable[[str], str]:
    def check(text: str) -> str:
        if len(text) > limit:
            raise RefusedError(Rule.TEXT_LENGTH, f"text of {len(text)} characters; the API takes at most {limit}")
        return not_empty(text)

    return check


_Sized = TypeVar("_Sized", bound=Sized)


def not_empty(value: _Sized) -> _Sized:
    if isinstance(value, str) and not value.strip():
        raise RefusedError(Rule.EMPTY, f"the text {value!r}; write something, or remove the key")
    if not value:
        raise RefusedError(Rule.EMPTY, "an empty list; give at least one entry")
    return value


def parse_id(text: str) -> str:
    if re.fullmatch(r"[a-z0-9][a-z0-9-]{0,63}", text) is None:
        raise RefusedError(Rule.ID, f"{text!r}; an id is up to 64 of a–z, 0–9 and '-', and does not begin with '-'")
    return text


def parse_flat_name(text: str) -> str:
    is_flat = (
        PurePosixPath(text).name == text
        and "\\" not in text
        and text == text.strip()
        and text.isprintable()
        and len(text.encode()) <= 255
    )
    if not is_flat or text in {"", ".."}:
        raise RefusedError(Rule.FLAT_NAME, f"{text!r}; write a plain file name, folders are flattened by the platform")
    return text


def parse_duration_s(value: Value) -> float:
    spelled = re.fullmatch(r"([1-9][0-9]{0,5})([smh])", value) if isinstance(value, str) else None
    if spelled is None:
        raise RefusedError(Rule.DURATION, f"{kind_of(value)}; write a duration such as 90s, 30m or 2h")
    return float(spelled[1]) * {"s": 1, "m": 60, "h": 3600}[spelled[2]]


def parse_usd(value: Value) -> Decimal:
    amount = Decimal(value) if isinstance(value, int | Decimal) and not isinstance(value, bool) else None
    if amount is None or not Decimal("0.01") <= amount < Decimal(10**9) or amount != round(amount, 2):
        raise RefusedError(Rule.MONEY, f"{kind_of(value)}; write dollars in whole cents, at least 0.01")
    return amount


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """A text and how it was given."""

    form: Literal["name", "text", "file", "file_id"]
    value: str


def source_reader(
    bare: Literal["name", "text"], *forms: Literal["text", "file", "file_id"]
) -> Callable[[Value], Source]:
    """Reads what is a bare string, or a mapping of one of `forms` to a string."""

    def read(value: Value) -> Source:
        if isinstance(value, str):
            return Source(form=bare, value=not_empty(value))
        for form in forms:
            if isinstance(value, dict) and list(value) == [form] and isinstance(text := value[form], str):
                return Source(form=form, value=parse_remote_id(text) if form == "file_id" else not_empty(text))
        found = (
            f"a mapping with {', '.join(map(repr, value)) or 'no key'}" if isinstance(value, dict) else kind_of(value)
        )
        wanted = " or ".join(f"{{{form}: …}}" for form in forms)
        raise RefusedError(Rule.ONE_FORM, f"{found}; write a {bare} or {wanted}")

    return read


def parse_remote_id(text: str) -> str:
    """An id that the provider gave: it becomes part of an address, so nothing else may stand in it."""
    if re.fullmatch(r"[A-Za-z0-9_-]{1,128}", text) is None:
        raise RefusedError(Rule.REMOTE_ID, f"{text!r}; an id of the platform is made of letters, digits, '_' and '-'")
    return text


@dataclass(frozen=True, slots=True, kw_only=True)
class Remote:
    """Something that is at the provider already."""

    id: str
    version: int | None = None
    """Of an agent; None for what has no versions."""


def parse_agent(value: Value) -> str | Remote:
    """The path of an agent file, or a deployed agent.

    The version is not optional: "the latest" would be another agent tomorrow, under the same key.
    """
    return _path_or_remote(value, ("id", "version"))


def parse_environment(value: Value) -> str | Remote:
    """The path of an environment file, or an environment at the provider."""
    return _path_or_remote(value, ("id",))


def _path_or_remote(value: Value, keys: tuple[str, ...]) -> str | Remote:
    if isinstance(value, str):
        return not_empty(value)
    shape = ", ".join(f"{key}: …" for key in keys)
    if not isinstance(value, dict) or set(value) != set(keys) or not isinstance(remote_id := value["id"], str):
        found = f"a mapping with {', '.join(map(repr, value)) or 'no key'}" if isinstance(value, dict) else None
        raise RefusedError(Rule.ONE_FORM, f"{found or kind_of(value)}; write the path of a file or {{{shape}}}")
    version = parse_version(value["version"]) if "version" in keys else None
    return Remote(id=parse_remote_id(remote_id), version=version)


def parse_version(value: Value) -> int:
    if not isinstance(value, int) or isinstance(value, bool):
        raise RefusedError(Rule.TYPE, f"{kind_of(value)}; write a version, a whole number")
    return in_range(1, 2**31 - 1)(value)


@dataclass(frozen=True, slots=True, kw_only=True)
class HandlerForm:
    """How a custom tool's handler was given."""

    form: Literal["python", "fixtures", "command"]
    words: tuple[str, ...]
    """Path and function; or the path; or the program and its arguments."""
    timeout_s: float | None


def parse_handler(value: Value) -> HandlerForm:
    """`file.py:function`, or a mapping of `python`, `fixtures` or `command`, and perhaps a `timeout`."""
    given: dict[str, Value] = {"python": value} if isinstance(value, str) else {}
    if isinstance(value, dict):
        given = dict(value)
    timeout = given.pop("timeout", None)
    timeout_s = parse_duration_s(timeout) if timeout is not None else None
    match given:
        case {"python": str(words), **others} if not others:
            path, colon, function = words.rpartition(":")
            if not (colon and path and function.isidentifier()):
                raise RefusedError(Rule.ONE_FORM, f"{words!r}; write file.py:function")
            return HandlerForm(form="python", words=(path, function), timeout_s=timeout_s)
        case {"fixtures": str(path), **others} if not others:
            return HandlerForm(form="fixtures", words=(not_empty(path),), timeout_s=timeout_s)
        case {"command": list(words), **others} if not others:
            argv = tuple(not_empty(word) for word in parse_names(words))
            return HandlerForm(form="command", words=not_empty(argv), timeout_s=timeout_s)
    found = f"a mapping with {', '.join(map(repr, value)) or 'no key'}" if isinstance(value, dict) else kind_of(value)
    forms = "file.py:function, {python: file.py:function}, {fixtures: file.json} or {command: [program, argument]}"
    raise RefusedError(Rule.ONE_FORM, f"{found}; write {forms}")


def parse_matches(value: Value) -> tuple[tuple[str, str], ...]:
    """Input field to regular expression."""
    if not isinstance(value, dict) or not all(isinstance(pattern, str) for pattern in value.values()):
        raise RefusedError(Rule.TYPE, f"{kind_of(value)}; write {{field: regular expression}}")
    matches = tuple((field, str(pattern)) for field, pattern in value.items())
    for field, pattern in matches:
        try:
            re.compile(pattern)
        except (re.error, OverflowError, RecursionError) as error:
            message = f"{field}: {pattern[:60]!r} is no regular expression ({error}); correct it"
            raise RefusedError(Rule.PATTERN, message) from error
    return matches


def parse_names(value: Value) -> tuple[str, ...]:
    """One name, or a list of them."""
    names = value if isinstance(value, list) else [value]
    texts = tuple(name for name in names if isinstance(name, str))
    if len(texts) != len(names):
        raise RefusedError(Rule.TYPE, f"{kind_of(value)}; write text, or a list of texts")
    return texts


def parse_mapping(value: Value) -> dict[str, Json]:
    if not isinstance(value, dict):
        raise RefusedError(Rule.TYPE, f"{kind_of(value)}; write a mapping")
    return {key: to_json(element) for key, element in value.items()}


def parse_model(value: Value) -> str:
    """The model's id; its other settings stay in the body."""
    model_id = value.get("id") if isinstance(value, dict) else value
    if not isinstance(model_id, str) or not model_id:
        raise RefusedError(Rule.TYPE, f"{kind_of(value)}; write a model's name, or {{id: …, effort: …}}")
    return model_id


def later_key(key: str) -> RefusedError:
    return RefusedError(Rule.LATER_KEY, f"key {key!r} is not supported by this version; remove it")
