"""The shape of suite, agent and environment files: which keys there are, and what each may hold.

Every field is optional here, and `REQUIRED` names those that must be given. So a file with a wrong value can be read on
without that value, and all of its problems are reported at once.
"""

from collections.abc import Iterator
from decimal import Decimal
from typing import Annotated, Any, ClassVar, TypeAlias, TypeVar, get_args

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, PlainValidator, ValidationError
from pydantic_core import ErrorDetails

from evalkit.checks.result import Json
from evalkit.suite.problems import Findings, Rule, did_you_mean
from evalkit.suite.values import (
    MAX_ITERATIONS,
    MAX_SYSTEM_CHARS,
    MAX_TOOLS,
    MAX_TRIALS,
    HandlerForm,
    RefusedError,
    Remote,
    Source,
    at_most_chars,
    exactly,
    in_range,
    later_key,
    not_empty,
    one_of,
    parse_agent,
    parse_duration_s,
    parse_environment,
    parse_flat_name,
    parse_handler,
    parse_id,
    parse_mapping,
    parse_matches,
    parse_model,
    parse_names,
    parse_remote_id,
    parse_usd,
    parse_version,
    source_reader,
)
from evalkit.suite.yaml_text import Document, Steps, kind_of

DELIVERED = "any_file.delivered"
ALWAYS = (DELIVERED, "any_file.safe", "any_file.not_an_input")
"""Checks that every task has unless its `always:` says otherwise."""


def _tools(tools: list[Any]) -> list[Any]:
    if len(tools) > MAX_TOOLS:
        raise RefusedError(Rule.RANGE, f"{len(tools)} tools; the API takes at most {MAX_TOOLS}")
    return _typed(tools, Rule.TOOL_TYPE, "tool")


def _resources(resources: list[Any]) -> list[Any]:
    return _typed(resources, Rule.RESOURCE_TYPE, "resource")


def _typed(items: list[Any], rule: Rule, what: str) -> list[Any]:
    for item in items:
        if not isinstance(item, dict) or not isinstance(item.get("type"), str):
            found = "a mapping without 'type'" if isinstance(item, dict) else kind_of(item)
            raise RefusedError(rule, f"{found} in the list; every {what} is a mapping with a 'type'")
    return items


Id: TypeAlias = Annotated[str, AfterValidator(parse_id)]
FlatName: TypeAlias = Annotated[str, AfterValidator(parse_flat_name)]
Text: TypeAlias = Annotated[str, AfterValidator(not_empty)]
RemoteId: TypeAlias = Annotated[str, AfterValidator(parse_remote_id)]
Duration: TypeAlias = Annotated[float, PlainValidator(parse_duration_s)]
Usd: TypeAlias = Annotated[Decimal, PlainValidator(parse_usd)]
Names: TypeAlias = Annotated[tuple[str, ...], PlainValidator(parse_names)]
JsonMapping: TypeAlias = Annotated[dict[str, Json], PlainValidator(parse_mapping)]
Iterations: TypeAlias = Annotated[int, AfterValidator(in_range(1, MAX_ITERATIONS))]
Trials: TypeAlias = Annotated[int, AfterValidator(in_range(1, MAX_TRIALS))]
System: TypeAlias = Annotated[str, AfterValidator(at_most_chars(MAX_SYSTEM_CHARS))]
Name: TypeAlias = Annotated[str, AfterValidator(at_most_chars(256))]
Handler: TypeAlias = Annotated[HandlerForm, PlainValidator(parse_handler)]


class Draft(BaseModel):
    """A mapping as it was written: right in shape, not yet compared with anything else."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    REQUIRED: ClassVar[tuple[str, ...]] = ()
    LATER: ClassVar[tuple[str, ...]] = ()
    """Keys of the format that this version cannot honour: refused, because ignoring them would mislead."""


class LimitsDraft(Draft):
    """What `defaults:` gives and a task may override."""

    max_iterations: Iterations | None = None
    trials: Trials | None = None
    timeout: Duration | None = None
    budget_usd: Usd | None = None


class InputDraft(Draft):
    REQUIRED = ("path",)

    path: Text | None = None
    mount_as: FlatName | None = Field(default=None, alias="as")


class CheckDraft(Draft):
    REQUIRED = ("check",)
    LATER = ("equivalent", "when")

    id: Id | None = None
    check: Text | None = None
    parameters: JsonMapping = Field(default_factory=dict, alias="with")
    criterion: Names = ()
    required: bool = True


class PermissionDraft(Draft):
    REQUIRED = ("tool", "answer")

    tool: Text | None = None
    matches: Annotated[tuple[tuple[str, str], ...], PlainValidator(parse_matches)] = ()
    answer: Annotated[str, AfterValidator(one_of("allow", "deny"))] | None = None
    message: Text | None = None


class TaskDraft(LimitsDraft):
    REQUIRED = ("id", "description", "rubric", "deliverables")
    LATER = ("selftest",)

    id: Id | None = None
    description: Annotated[Source, PlainValidator(source_reader("text", "file"))] | None = None
    rubric: Annotated[Source, PlainValidator(source_reader("name", "file", "text", "file_id"))] | None = None
    inputs: list[InputDraft] = Field(default_factory=list)
    deliverables: Annotated[list[FlatName], AfterValidator(not_empty)] | None = None
    expected: Text | None = None
    checks: list[CheckDraft] = Field(default_factory=list)
    always: list[Annotated[str, AfterValidator(one_of(*ALWAYS))]] = list(ALWAYS)
    tools: dict[str, Handler] | None = None
    """In place of the suite's; likewise `permissions`."""
    permissions: list[PermissionDraft] | None = None
    tags: list[Id] = Field(default_factory=list)


class AgentDraft(Draft):
    """The API's create body in its `ant` form, or the part of it that a variant replaces."""

    name: Name | None = None
    model: Annotated[str, PlainValidator(parse_model)] | None = None
    description: str | None = None
    system: System | None = None
    system_file: Text | None = None
    tools: Annotated[list[Any], AfterValidator(_tools)] | None = None
    mcp_servers: list[Any] | None = None
    skills: list[Any] | None = None
    multiagent: JsonMapping | None = None
    callable_agents: list[Any] | None = None
    """The research preview's name for the agents of `multiagent`."""
    metadata: JsonMapping | None = None
    execution_identity: JsonMapping | None = None


class AgentFileDraft(AgentDraft):
    REQUIRED = ("name", "model")


class VariantAgentDraft(AgentDraft):
    """What one variant changes; of a deployed agent also the version."""

    version: Annotated[int, PlainValidator(parse_version)] | None = None


class EnvironmentDraft(Draft):
    REQUIRED = ("name",)

    name: Name | None = None
    config: JsonMapping | None = None
    description: str | None = None
    metadata: JsonMapping | None = None
    scope: str | None = None


class VariantDraft(Draft):
    REQUIRED = ("name",)

    name: Id | None = None
    agent: VariantAgentDraft | None = None


class SessionDraft(Draft):
    """What every session is opened with besides agent, environment and inputs."""

    vault_ids: list[RemoteId] = Field(default_factory=list)
    resources: Annotated[list[Any], AfterValidator(_resources)] = Field(default_factory=list)


class SuiteDraft(Draft):
    REQUIRED = ("format", "name", "agent", "environment", "tasks")
    LATER = ("isolation", "gate")

    format: Annotated[str, AfterValidator(exactly("evalkit-suite/1"))] | None = None
    name: Id | None = None
    backend: Annotated[str, AfterValidator(one_of("emulator", "anthropic"))] = "emulator"
    scenario: Text | None = None
    agent: Annotated[str | Remote, PlainValidator(parse_agent)] | None = None
    environment: Annotated[str | Remote, PlainValidator(parse_environment)] | None = None
    variants: Annotated[list[VariantDraft], AfterValidator(not_empty)] | None = None
    session: SessionDraft = SessionDraft()
    tools: dict[str, Handler] = Field(default_factory=dict)
    permissions: list[PermissionDraft] = Field(default_factory=list)
    defaults: LimitsDraft = LimitsDraft()
    tasks: Annotated[list[TaskDraft], AfterValidator(not_empty)] | None = None


_Draft = TypeVar("_Draft", bound=Draft)


def read_draft(kind: type[_Draft], document: Document, findings: Findings) -> _Draft | None:
    """`document` as a `kind` without the values that are wrong: those are in `findings`. None where nothing is left."""
    value = document.value
    if not isinstance(value, dict):
        findings.add(Rule.TYPE, document.at(), f"{kind_of(value)}; the file is a mapping of keys")
        return None
    while True:
        try:
            draft = kind.model_validate(value)
        except ValidationError as error:
            for detail in error.errors(include_url=False):
                location = tuple(detail["loc"])
                rule, message = _explain(kind, location, detail)
                findings.add(rule, document.at(*location), message)
                value = _pruned(value, location)
        else:
            break
    for path, missing in _missing(draft, ()):
        if _is_nothing(document.value, (*path, missing)):
            findings.add(Rule.MISSING_KEY, document.at(*path), f"key {missing!r} is missing; add it")
    return draft


_WANTED = {
    "string_type": "text, in quotes",
    "int_type": "a whole number",
    "bool_type": "true or false",
    "list_type": "a list",
    "dict_type": "a mapping",
    "model_type": "a mapping",
}
"""What pydantic's own complaints ask for; all that the drafts above can cause."""


def _explain(kind: type[Draft], path: Steps, detail: ErrorDetails) -> tuple[Rule, str]:
    """Rule and message of one of pydantic's complaints."""
    key = next(str(step) for step in reversed(path) if isinstance(step, str))
    if detail["type"] == "extra_forbidden":
        owner = _draft_at(kind, path[:-1])
        if key in owner.LATER:
            return Rule.LATER_KEY, str(later_key(key))
        return Rule.UNKNOWN_KEY, f"unknown key {key!r}; {did_you_mean(key, _keys(owner))}"
    if detail["type"] == "value_error":
        refused = detail["ctx"]["error"]
        assert isinstance(refused, RefusedError)
        return refused.rule, f"{key}: {refused}"
    return Rule.TYPE, f"{key}: {kind_of(detail['input'])}; write {_WANTED[detail['type']]}"


def _keys(kind: type[Draft]) -> dict[str, Any]:
    """The keys that a draft is written with, and the type of each."""
    return {field.alias or name: field.annotation for name, field in kind.model_fields.items()}


def _draft_at(kind: type[Draft], path: Steps) -> type[Draft]:
    """The kind of draft that stands at `path` in a `kind`."""
    for step in path:
        if isinstance(step, str):
            kind = next(found for found in _drafts_in(_keys(kind)[step]))
    return kind


def _drafts_in(annotation: Any) -> Iterator[type[Draft]]:
    if isinstance(annotation, type) and issubclass(annotation, Draft):
        yield annotation
    for argument in get_args(annotation):
        yield from _drafts_in(argument)


def _pruned(value: Any, path: Steps) -> Any:
    """`value` without the nearest key around `path`; list elements stay, so that their neighbours keep their places."""
    while isinstance(path[-1], int):
        path = path[:-1]
    step, rest = path[0], path[1:]
    if isinstance(value, list):
        return [_pruned(element, rest) if number == step else element for number, element in enumerate(value)]
    if not rest or step not in value:
        return {key: element for key, element in value.items() if key != step}
    return value | {step: _pruned(value[step], rest)}


def _missing(draft: Draft, path: Steps) -> Iterator[tuple[Steps, str]]:
    """Place and key of everything required that is not in `draft`."""
    yield from ((path, key) for key in draft.REQUIRED if getattr(draft, key) is None)
    for name, field in type(draft).model_fields.items():
        entry = (*path, field.alias or name)
        value = getattr(draft, name)
        if isinstance(value, Draft):
            yield from _missing(value, entry)
        elif isinstance(value, list):
            for number, element in enumerate(value):
                if isinstance(element, Draft):
                    yield from _missing(element, (*entry, number))


def _is_nothing(value: Any, path: Steps) -> bool:
    """True when nothing was written at `path`; a wrong value was, and is reported as such."""
    for step in path:
        if isinstance(value, dict) and step not in value:
            return True
        value = value[step]
    return value is None
