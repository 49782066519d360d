"""The agent under test and its environment: the API's create bodies, as files."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from evalkit.checks.result import Json
from evalkit.suite.content_hash import hash_of
from evalkit.suite.model import Environment, Variant
from evalkit.suite.problems import Location, Rule
from evalkit.suite.schema import AgentDraft, AgentFileDraft, EnvironmentDraft, VariantDraft, read_draft
from evalkit.suite.sources import Sources
from evalkit.suite.values import MAX_SYSTEM_CHARS, to_json
from evalkit.suite.yaml_text import Document

_NOT_IN_AGENT_HASH = {"name", "metadata", "model"}
_NOT_IN_ENVIRONMENT_HASH = {"name", "metadata"}


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
    agent: Mapping[str, Json], drafts: Sequence[VariantDraft], document: Document, suite: Path, sources: Sources
) -> tuple[Variant, ...]:
    """One variant for each of `drafts`: a field that it gives replaces the agent's field whole, null removes it."""
    variants: list[Variant] = []
    for number, draft in enumerate(drafts):
        body = dict(agent)
        if draft.agent is not None:
            body |= _agent_fields(draft.agent, document, ("variants", number, "agent"), suite, sources)
        body = {key: value for key, value in body.items() if value is not None}
        if draft.name in {variant.name for variant in variants}:
            at = document.at("variants", number, "name")
            sources.findings.add(Rule.UNIQUE_VARIANT, at, f"variant {draft.name!r} is there twice; rename one")
        hashed = {key: value for key, value in body.items() if key not in _NOT_IN_AGENT_HASH}
        model = body.get("model")
        model_id = model.get("id") if isinstance(model, dict) else model
        variants.append(
            Variant(name=str(draft.name), agent_body=body, model=str(model_id), agent_hash=hash_of(hashed)),
        )
    return tuple(variants)


def _agent_fields(
    draft: AgentDraft, document: Document, path: tuple[str | int, ...], file: Path, sources: Sources
) -> dict[str, Json]:
    """What is written at `path` of `document`, with the text of `system_file` as `system`."""
    fields = {key: to_json(value) for key, value in document.mapping(*path).items() if key != "system_file"}
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


def _check_system(text: str, at: Location, sources: Sources) -> None:
    if not text.strip():
        sources.findings.add(Rule.EMPTY, at, "system_file: a file without text; write the prompt or remove the key")
    if len(text) > MAX_SYSTEM_CHARS:
        message = f"system_file: text of {len(text)} characters; the API takes at most {MAX_SYSTEM_CHARS}"
        sources.findings.add(Rule.TEXT_LENGTH, at, message)
