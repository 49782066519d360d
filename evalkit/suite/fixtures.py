"""Recorded answers of custom tools: a JSON file of calls and what they were answered.

    {"format": "evalkit-fixtures/1",
     "calls": [{"tool": "lookup_rate", "input": {"code": "EUR"}, "text": "1.0842"},
               {"tool": "lookup_rate", "input": {"code": "XXX"}, "text": "no such currency", "is_error": true}]}

One file may hold the calls of several tools. A call is answered by the first entry with its tool and an equal input.
"""

import json
from collections.abc import Iterable, Mapping

from evalkit.checks.result import Json
from evalkit.suite.content_hash import hash_of
from evalkit.suite.model import RecordedAnswer
from evalkit.trial.events import Answered, Event, ToolKind, ToolUsed
from evalkit.trial.wire import NO_ANSWER

FORMAT = "evalkit-fixtures/1"
_KEYS = {"tool": str, "input": dict, "text": str, "is_error": bool}
_OPTIONAL = {"is_error"}


def parse_fixtures(text: str) -> tuple[RecordedAnswer, ...]:
    """The answers in the text of a fixture file, in file order.

    Raises:
        ValueError: one line: what was found; what would do.
    """
    try:
        document = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ValueError(f"no JSON ({error}); correct it, or record it again") from error
    match document:
        case {"format": str(word), "calls": list(calls), **others} if word == FORMAT and not others:
            return tuple(_answer(number, call) for number, call in enumerate(calls))
    raise ValueError(f'no fixture file; write {{"format": "{FORMAT}", "calls": […]}}')


def find_answer(answers: Iterable[RecordedAnswer], tool: str, given: Mapping[str, Json]) -> RecordedAnswer | None:
    """The first of `answers` that is of this tool and this input; None where there is none."""
    wanted = hash_of(dict(given))
    matching = (item for item in answers if item.tool == tool and hash_of(dict(item.input)) == wanted)
    return next(matching, None)


def recorded_answers(events: Iterable[Event]) -> tuple[RecordedAnswer, ...]:
    """What the custom tools of one session were answered, in order of the calls; of equal calls the first.

    Calls that nobody answered, or that evalkit had no answer for, are left out.
    """
    calls: dict[str, ToolUsed] = {}
    answers: dict[tuple[str, str], RecordedAnswer] = {}
    for event in events:
        if isinstance(event, ToolUsed) and event.kind is ToolKind.CUSTOM:
            calls[event.id] = event
        elif isinstance(event, Answered) and event.use_id in calls and not event.text.startswith(NO_ANSWER):
            call = calls[event.use_id]
            answer = RecordedAnswer(tool=call.name, input=call.input, text=event.text, is_error=event.is_error)
            answers.setdefault((call.name, hash_of(dict(call.input))), answer)
    return tuple(answers.values())


def render_fixtures(answers: Iterable[RecordedAnswer]) -> str:
    """The text of a fixture file that `parse_fixtures` reads as `answers`."""
    calls = [_shown(answer) for answer in answers]
    return json.dumps({"format": FORMAT, "calls": calls}, indent=1, ensure_ascii=False) + "\n"


def _shown(answer: RecordedAnswer) -> dict[str, Json]:
    shown: dict[str, Json] = {"tool": answer.tool, "input": dict(answer.input), "text": answer.text}
    return {**shown, "is_error": True} if answer.is_error else shown


def _answer(number: int, call: Json) -> RecordedAnswer:
    if not isinstance(call, dict) or not set(call) <= set(_KEYS) or not set(_KEYS) - set(call) <= _OPTIONAL:
        raise ValueError(f"call {number} has other keys than tool, input, text and is_error; correct it")
    wrong = next((key for key, value in call.items() if not isinstance(value, _KEYS[key])), None)
    if wrong is not None:
        raise ValueError(f"call {number}: {wrong!r} is no {_KEYS[wrong].__name__}; correct it")
    try:
        hash_of(call)
    except ValueError as error:
        raise ValueError(f"call {number} holds half a character or an infinite number; correct it") from error
    tool, given, text = call["tool"], call["input"], call["text"]
    assert isinstance(tool, str)
    assert isinstance(given, dict)
    assert isinstance(text, str)
    return RecordedAnswer(tool=tool, input=given, text=text, is_error=call.get("is_error") is True)
