"""The suite format as JSON Schema, for editors: made from the same drafts that read a suite, so that they agree.

An editor with a YAML language server checks and explains a suite whose first line is
`# yaml-language-server: $schema=suite.schema.json`. What only the loader can tell (files that are missing, names that
are taken, parameters of checks) `evalkit suite validate` tells.
"""

import inspect
import json
from collections.abc import Callable, Mapping
from typing import Any

from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue
from pydantic_core import core_schema

from evalkit.suite.schema import Draft, SuiteDraft

SCHEMA_FILE = "suite.schema.json"

_TEXT = {"type": "string", "minLength": 1}
_REMOTE_ID = {"type": "string", "pattern": "^[A-Za-z0-9_-]{1,128}$"}
_DURATION = {"type": "string", "pattern": "^[1-9][0-9]{0,5}[smh]$"}
_VERSION = {"type": "integer", "minimum": 1}
_HANDLER_FORMS: Mapping[str, JsonSchemaValue] = {
    "python": {"type": "string", "pattern": "^.+:[A-Za-z_][A-Za-z0-9_]*$"},
    "fixtures": _TEXT,
    "command": {"type": "array", "items": _TEXT, "minItems": 1},
}


def schema_text() -> str:
    """The JSON Schema of suite files, as the text of `suite.schema.json`."""
    schema = SuiteDraft.model_json_schema(by_alias=True, schema_generator=_Generator)
    schema = {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": "evalkit suite", **schema}
    return json.dumps(schema, indent=1, ensure_ascii=False) + "\n"


def _one_key(forms: Mapping[str, JsonSchemaValue], **more: JsonSchemaValue) -> list[JsonSchemaValue]:
    """Mappings with exactly one of `forms`, and perhaps `more`."""
    return [
        {"type": "object", "properties": {key: form, **more}, "required": [key], "additionalProperties": False}
        for key, form in forms.items()
    ]


def _whole(**properties: JsonSchemaValue) -> JsonSchemaValue:
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


_READERS: Mapping[str, Callable[[Mapping[str, Any]], JsonSchemaValue]] = {
    "parse_id": lambda _: {"pattern": "^[a-z0-9][a-z0-9-]{0,63}$"},
    "parse_flat_name": lambda _: {"pattern": r"^[^/\\]+$"},
    "parse_remote_id": lambda _: _REMOTE_ID,
    "parse_duration_s": lambda _: _DURATION,
    "parse_usd": lambda _: {"type": "number", "minimum": 0.01},
    "parse_names": lambda _: {"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}]},
    "parse_mapping": lambda _: {"type": "object"},
    "parse_matches": lambda _: {"type": "object", "additionalProperties": {"type": "string", "format": "regex"}},
    "parse_version": lambda _: _VERSION,
    "parse_model": lambda _: {
        "anyOf": [_TEXT, {"type": "object", "properties": {"id": _TEXT}, "required": ["id"]}],
    },
    "parse_agent": lambda _: {"anyOf": [_TEXT, _whole(id=_REMOTE_ID, version=_VERSION)]},
    "parse_environment": lambda _: {"anyOf": [_TEXT, _whole(id=_REMOTE_ID)]},
    "parse_handler": lambda _: {
        "anyOf": [_HANDLER_FORMS["python"], *_one_key(_HANDLER_FORMS, timeout=_DURATION)],
    },
    "source_reader": lambda given: {
        "anyOf": [_TEXT, *_one_key({form: _REMOTE_ID if form == "file_id" else _TEXT for form in given["forms"]})],
    },
    "in_range": lambda given: {"minimum": given["low"], "maximum": given["high"]},
    "at_most_chars": lambda given: {"minLength": 1, "maxLength": given["limit"]},
    "exactly": lambda given: {"const": given["word"]},
    "one_of": lambda given: {"enum": list(given["words"])},
    "not_empty": lambda _: {},
    "_tools": lambda _: {"items": {"type": "object", "required": ["type"]}},
    "_resources": lambda _: {"items": {"type": "object", "required": ["type"]}},
}
"""What each reader of `suite.values` takes, by its name; of one that was made by a call, from that call's arguments."""


class _Generator(GenerateJsonSchema):
    """Pydantic's generator, told what our readers take and which keys are required."""

    def model_schema(self, schema: core_schema.ModelSchema) -> JsonSchemaValue:
        made = super().model_schema(schema)
        draft: type[Draft] = schema["cls"]
        made.pop("title", None)
        made.pop("description", None)
        properties = made["properties"]
        for key, value in properties.items():
            if key in draft.REQUIRED:
                properties[key] = _without_null(value)
            words = _WORDS.get((draft.__name__, key)) or _WORDS.get(("", key))
            if words is not None:
                properties[key] = {"description": words, **properties[key]}
        if draft.REQUIRED:
            made["required"] = list(draft.REQUIRED)
        return made

    def default_schema(self, schema: core_schema.WithDefaultSchema) -> JsonSchemaValue:
        return self.generate_inner(schema["schema"])

    def field_title_should_be_set(self, schema: Any) -> bool:  # noqa: ARG002  # the signature is pydantic's
        return False

    def function_plain_schema(self, schema: core_schema.PlainValidatorFunctionSchema) -> JsonSchemaValue:
        return _taken_by(schema["function"]["function"])

    def function_after_schema(self, schema: core_schema.AfterValidatorFunctionSchema) -> JsonSchemaValue:
        inner = self.generate_inner(schema["schema"])
        function = schema["function"]["function"]
        if function.__name__ == "not_empty":
            return {**inner, "minItems" if inner.get("type") == "array" else "minLength": 1}
        return {**inner, **_taken_by(function)}


def _taken_by(function: Callable[..., Any]) -> JsonSchemaValue:
    made_by = function.__qualname__.split(".")[0]
    return dict(_READERS[made_by](inspect.getclosurevars(function).nonlocals))


def _without_null(value: JsonSchemaValue) -> JsonSchemaValue:
    """A required key's value. The drafts take nothing there, to report all problems at once; a suite may not."""
    options = [option for option in value.get("anyOf", ()) if option != {"type": "null"}]
    return options[0] if len(options) == 1 else {**value, "anyOf": options} if options else value


_WORDS: Mapping[tuple[str, str], str] = {
    ("SuiteDraft", "format"): "Always evalkit-suite/1.",
    ("SuiteDraft", "name"): "Equals the file's name without .yaml.",
    (
        "SuiteDraft",
        "backend",
    ): "Where trials run. Only this key and --backend choose it. anthropic needs a key and costs.",
    ("SuiteDraft", "scenario"): "What the emulator's agent and grader play; for backend emulator.",
    (
        "SuiteDraft",
        "agent",
    ): "The agent under test: a file with the API's create body, or a deployed agent's {id, version}.",
    ("SuiteDraft", "environment"): "The container: a file with the API's create body, or an environment's {id}.",
    ("SuiteDraft", "variants"): "Named changes to the agent, to compare; default: one called base.",
    ("SuiteDraft", "session"): "Passed on to every session as it is.",
    ("SuiteDraft", "defaults"): "For every task that does not say otherwise.",
    ("SuiteDraft", "tasks"): "The deliverables asked for.",
    ("SuiteDraft", "tools"): "Handlers of custom tools, by tool name.",
    (
        "",
        "permissions",
    ): "Answers to tool calls that ask; the first rule that matches wins, without one the call is denied.",
    ("", "max_iterations"): "Evaluations at most, 1 to 20; default 3.",
    ("", "trials"): "Sessions of the task and variant; default 1.",
    (
        "",
        "timeout",
    ): "Time limit of one trial, such as 90s, 30m or 2h; default 30m. Reached, the trial is scored as not ok.",
    ("", "budget_usd"): "Spend limit of one session, in whole cents; the platform holds it.",
    ("InputDraft", "path"): "A file beside the suite, relative to it.",
    ("InputDraft", "as"): "Its name in /mnt/session/uploads/; default: the file's own.",
    ("CheckDraft", "id"): "Unique in the task; default: the check's name.",
    ("CheckDraft", "check"): "module.function, such as csv_table.columns; local.… is a function of checks.py.",
    ("CheckDraft", "with"): "The check's parameters.",
    ("CheckDraft", "criterion"): "The rubric criterion, or criteria, that this check decides.",
    ("CheckDraft", "required"): "Whether it decides `verified` and `ok`; default true.",
    ("PermissionDraft", "tool"): "The tool's name, or * for all.",
    ("PermissionDraft", "matches"): "Input field to regular expression; all must match.",
    ("PermissionDraft", "answer"): "allow or deny.",
    ("PermissionDraft", "message"): "What the agent is told with a denial.",
    ("TaskDraft", "id"): "Unique in the suite: a–z, 0–9 and -.",
    ("TaskDraft", "description"): "What is asked of the agent: text, or {file: …}.",
    ("TaskDraft", "rubric"): "A name in rubrics/, {file: …}, {text: …} or {file_id: …}.",
    ("TaskDraft", "inputs"): "Files mounted in /mnt/session/uploads/.",
    ("TaskDraft", "deliverables"): "Plain names of the files that must be in /mnt/session/outputs/.",
    ("TaskDraft", "expected"): "A JSON file with the right answers; only checks read it.",
    ("TaskDraft", "checks"): "What a program can tell of the delivered files.",
    ("TaskDraft", "always"): "Checks that every task has unless this list leaves them out.",
    ("TaskDraft", "tools"): "Handlers of custom tools, in place of the suite's.",
    ("TaskDraft", "tags"): "Words to find tasks by.",
    ("VariantDraft", "name"): "Unique in the suite.",
    ("VariantDraft", "agent"): "Fields that take the place of the agent's, whole; null removes one.",
    ("SessionDraft", "vault_ids"): "Vaults with credentials for MCP servers.",
    ("SessionDraft", "resources"): "Repositories, memory stores, files, in the API's form.",
}
"""What an editor shows at a key: by draft and key, or by the key alone."""
