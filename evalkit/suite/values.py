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

    form: Literal["name", "text", "file"]
    value: str


def source_reader(bare: Literal["name", "text"], *forms: Literal["text", "file"]) -> Callable[[Value], Source]:
    """Reads what is a bare string, or a mapping of one of `forms` to a string."""

    def read(value: Value) -> Source:
        if isinstance(value, str):
            return Source(form=bare, value=not_empty(value))
        if isinstance(value, dict) and "file_id" in value:
            raise later_key("file_id")
        for form in forms:
            if isinstance(value, dict) and list(value) == [form] and isinstance(text := value[form], str):
                return Source(form=form, value=not_empty(text))
        found = (
            f"a mapping with {', '.join(map(repr, value)) or 'no key'}" if isinstance(value, dict) else kind_of(value)
        )
        wanted = " or ".join(f"{{{form}: …}}" for form in forms)
        raise RefusedError(Rule.ONE_FORM, f"{found}; write a {bare} or {wanted}")

    return read


def parse_path(value: Value) -> str:
    if isinstance(value, dict) and "id" in value:
        raise later_key("id")
    if not isinstance(value, str):
        raise RefusedError(Rule.TYPE, f"{kind_of(value)}; write the path of a file")
    return not_empty(value)


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
