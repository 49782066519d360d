"""The agent under test and its environment: the API's create bodies, as files."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from evalkit.checks.result import Json
from evalkit.errors import UnknownModelError
from evalkit.suite.content_hash import hash_of
from evalkit.suite.model import DeployedAgent, Environment, Variant
from evalkit.suite.problems import Location, Rule, did_you_mean
from evalkit.suite.schema import AgentDraft, AgentFileDraft, EnvironmentDraft, VariantDraft, read_draft
from evalkit.suite.sources import Sources
from evalkit.suite.values import MAX_SYSTEM_CHARS, to_json
from evalkit.suite.yaml_text import Document, Steps
from evalkit.trial.prices import price_table

_NOT_IN_AGENT_HASH = {"name", "metadata", "model"}
_NOT_IN_ENVIRONMENT_HASH = {"name", "metadata"}
_LISTS = ("tools", "mcp_servers", "skills")
_OVERRIDABLE = ("model", "system", *_LISTS)
"""What `agent_with_overrides` takes. Source: SDK 2.12, `BetaManagedAgentsAgentWithOverridesParams`."""


def read_agent(path: Path, sources: Sources) -> Mapping[str, Json] | None:
    """The create body in the file at `path`, `system_file` read in; None, with findings, where it cannot be used."""
    document = sources.yaml(path)
    draft = read_draft(AgentFileDraft, document, sources.findings) if document is not None else None
    if document is None or draft is None:
        return None
    return {key: value for key, value in _agent_fields(draft, document, (), path, sources).items() if value is not None}


def read_environment(path: Path, sources: Sources) -> Environment | None:
    """The create body in the file at `path`; None, with findings, where it cannot be used."""
    document = sources.yaml(path)
    draft = read_draft(EnvironmentDraft, document, sources.findings) if document is not None else None
    if document is None or draft is None:
        return None
    body = {key: to_json(value) for key, value in document.mapping().items() if value is not None}
    hashed = {key: value for key, value in body.items() if key not in _NOT_IN_ENVIRONMENT_HASH}
    return Environment(body=body, sha256=hash_of(hashed))


def make_variants(
    agent: Mapping[str, Json] | DeployedAgent,
    drafts: Sequence[VariantDraft],
    document: Document,
    suite: Path,
    sources: Sources,
) -> tuple[Variant, ...]:
    """One variant for each of `drafts`: a field that it gives replaces the agent's field whole, null removes it."""
    variants: list[Variant] = []
    for number, draft in enumerate(drafts):
        path: Steps = ("variants", number, "agent")
        changes = _agent_fields(draft.agent, document, path, suite, sources) if draft.agent is not None else {}
        version = draft.agent.version if draft.agent is not None else None
        if draft.name in {variant.name for variant in variants}:
            at = document.at("variants", number, "name")
            sources.findings.add(Rule.UNIQUE_VARIANT, at, f"variant {draft.name!r} is there twice; rename one")
        if isinstance(agent, DeployedAgent):
            _refuse_no_override(changes, document, path, sources)
            on = replace(agent, version=version or agent.version)
            variants.append(_variant_of_deployed(str(draft.name), on, changes))
            continue
        if version is not None:
            message = "'version' of an agent that the suite describes, whose content decides it; remove it"
            sources.findings.add(Rule.OVERRIDE, document.at(*path, "version"), message)
        body = {key: value for key, value in {**agent, **changes}.items() if value is not None}
        variants.append(_variant_of_file(str(draft.name), body))
    return tuple(variants)


def with_model(variant: Variant, model: str) -> Variant:
    """The variant on another model; what else its agent file says of the model (effort, speed) stays."""
    current = variant.agent_body.get("model")
    changed: Json = {**current, "id": model} if isinstance(current, dict) else model
    # The agent hash leaves the model out, so it stays what it was.
    return replace(variant, agent_body={**variant.agent_body, "model": changed}, model=model)


def unpriced(model: str) -> str | None:
    """What to tell of a model without a price, which may be a new one or a slip of the pen; None where it has one."""
    try:
        price_table().price_of(model, None)
    except UnknownModelError:
        known = [name for name in price_table().models if " " not in name]  # "… fast" is a price and no model
        return f"no price for model {model!r}, so that its cost will be unknown; {did_you_mean(model, known)}"
    return None


def _variant_of_file(name: str, body: Mapping[str, Json]) -> Variant:
    hashed = {key: value for key, value in body.items() if key not in _NOT_IN_AGENT_HASH}
    return Variant(name=name, agent_body=body, model=str(_model_id(body)), agent_hash=hash_of(hashed))


def _variant_of_deployed(name: str, agent: DeployedAgent, changes: Mapping[str, Json]) -> Variant:
    # An override of null clears the prompt; a list is cleared by an empty one.
    overrides = {key: [] if value is None and key in _LISTS else value for key, value in changes.items()}
    hashed = {key: value for key, value in overrides.items() if key != "model"}
    digest = hash_of({"id": agent.id, "version": agent.version, "overrides": hashed})
    return Variant(name=name, agent_body=overrides, model=_model_id(overrides), agent_hash=digest, deployed=agent)


def _model_id(body: Mapping[str, Json]) -> str | None:
    model = body.get("model")
    found = model.get("id") if isinstance(model, dict) else model
    return found if isinstance(found, str) else None


def _refuse_no_override(changes: Mapping[str, Json], document: Document, path: Steps, sources: Sources) -> None:
    """Findings for what a session cannot change of a deployed agent, and for what the platform would ignore."""
    for key in changes:
        if key not in _OVERRIDABLE:
            message = f"{key!r} of a deployed agent; sessions change {', '.join(_OVERRIDABLE)} or version"
            sources.findings.add(Rule.OVERRIDE, document.at(*path, key), message)
    model = changes.get("model", "")
    if model is None:
        message = "model: nothing, and every session has one; name a model, or remove the key"
        sources.findings.add(Rule.OVERRIDE, document.at(*path, "model"), message)
    elif isinstance(model, dict) and "effort" in model:
        message = "effort of a deployed agent's other model, which the platform ignores; remove it"
        sources.findings.add(Rule.OVERRIDE, document.at(*path, "model"), message)


def _agent_fields(draft: AgentDraft, document: Document, path: Steps, file: Path, sources: Sources) -> dict[str, Json]:
    """What is written at `path` of `document`, with the text of `system_file` as `system`, in the API's words."""
    written = document.mapping(*path).items()
    fields = {key: to_json(value) for key, value in written if key not in {"system_file", "version"}}
    _translate_roster(fields, document, path, sources)
    if (model := _model_id(fields)) is not None and (words := unpriced(model)) is not None:
        sources.findings.note(document.at(*path, "model"), words)
    if draft.system_file is None:
        return fields
    at = document.at(*path, "system_file")
    if draft.system is not None:
        sources.findings.add(Rule.SYSTEM_TWICE, at, "'system' and 'system_file'; keep one of them")
    found = sources.find(draft.system_file, file, at)
    text = sources.text(found) if found is not None else None
    if text is not None:
        _check_system(text, at, sources)
        fields["system"] = text
    return fields


def _translate_roster(fields: dict[str, Json], document: Document, path: Steps, sources: Sources) -> None:
    """`callable_agents`, which the API took in its research preview, is `multiagent` in `fields`."""
    if "callable_agents" not in fields:
        return
    at = document.at(*path, "callable_agents")
    if "multiagent" in fields:
        sources.findings.add(Rule.ROSTER_TWICE, at, "'callable_agents' and 'multiagent'; keep 'multiagent'")
    agents = fields.pop("callable_agents")
    fields["multiagent"] = {"type": "coordinator", "agents": agents} if agents is not None else None
    sources.findings.note(at, "'callable_agents' is now 'multiagent: {type: coordinator, agents: […]}'; sent as that")


def _check_system(text: str, at: Location, sources: Sources) -> None:
    if not text.strip():
        sources.findings.add(Rule.EMPTY, at, "system_file: a file without text; write the prompt or remove the key")
    if len(text) > MAX_SYSTEM_CHARS:
        message = f"system_file: text of {len(text)} characters; the API takes at most {MAX_SYSTEM_CHARS}"
        sources.findings.add(Rule.TEXT_LENGTH, at, message)
