"""Agents and environments: created once, found again by content, given a new version when their content changes."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import anthropic
import httpx2

from evalkit.claude.client import as_dict, as_measurement_error
from evalkit.errors import PlatformError
from evalkit.suite.content_hash import hash_of
from evalkit.suite.model import Environment, Variant

_HASH = "evalkit_hash"
_CLEARED: Mapping[str, Any] = {
    "description": None,
    "system": None,
    "tools": [],
    "mcp_servers": [],
    "skills": [],
    "multiagent": None,
}
"""In an update an absent field is kept, so a field that the new body lacks is cleared by name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Provisioned:
    """Where one variant's sessions run."""

    agent_id: str
    agent_version: int
    environment_id: str
    model: str | None = None
    """That its sessions run on; None where nobody said."""
    overrides: Mapping[str, Any] = field(default_factory=dict)
    """Fields of a deployed agent that its sessions replace, in the API's form; empty for every other agent."""

    @property
    def agent_reference(self) -> dict[str, Any]:
        """The `agent` of a session's create call."""
        kind = "agent_with_overrides" if self.overrides else "agent"
        return {"type": kind, "id": self.agent_id, "version": self.agent_version, **self.overrides}


async def provision(
    client: anthropic.AsyncAnthropic, suite: str, variant: Variant, environment: Environment
) -> Provisioned:
    """The agent version and the environment that hold exactly this content, or those that the suite names by id.

    Ours are named `evalkit/<suite>/<variant>` and carry their content's hash; nothing else is ever changed. An agent
    gets a new version, an environment (which has none) a new name, so that what an earlier run used stays as it was.
    What is named by id is read, so that a mistake costs no session, and never written.

    Raises:
        MeasurementError: the API refused, or could not be reached, or what is named by id is archived.
    """
    doing = f"set up variant {variant.name!r}"
    model, overrides = variant.model, {}
    try:
        if variant.deployed is None:
            agent_id, version = await _ensure_agent(client, f"evalkit/{suite}/{variant.name}", variant.agent_body)
        else:
            agent = await client.beta.agents.retrieve(variant.deployed.id, version=variant.deployed.version)
            agent_id, version = agent.id, agent.version
            model, overrides = variant.model or agent.model.id, dict(variant.agent_body)
            _refuse_archived(agent.archived_at, f"{doing}: agent {agent_id!r}")
        if environment.id is None:
            environment_id = await _ensure_environment(client, f"evalkit/{suite}", environment)
        else:
            found = await client.beta.environments.retrieve(environment.id)
            environment_id = found.id
            _refuse_archived(found.archived_at, f"{doing}: environment {environment_id!r}")
    except (anthropic.AnthropicError, httpx2.HTTPError) as error:
        raise as_measurement_error(error, doing) from error
    return Provisioned(
        agent_id=agent_id, agent_version=version, environment_id=environment_id, model=model, overrides=overrides
    )


def _refuse_archived(archived_at: object, what: str) -> None:
    if archived_at is not None:
        message = f"{what} is archived and takes no sessions; name one that is not"
        raise PlatformError(message, cause="archived", may_retry=False)


async def _ensure_agent(client: anthropic.AsyncAnthropic, name: str, body: Mapping[str, Any]) -> tuple[str, int]:
    digest = hash_of({key: value for key, value in body.items() if key not in {"name", "metadata"}})
    wanted = {**body, "name": name, "metadata": {**body.get("metadata", {}), _HASH: digest}}
    found = await _find_agent(client, name)
    if found is None:
        made = as_dict(await client.beta.agents.create(**wanted))
        return made["id"], made["version"]
    if found["metadata"].get(_HASH) == digest:
        return found["id"], found["version"]
    async for version in client.beta.agents.versions.list(found["id"], limit=100):
        if version.metadata.get(_HASH) == digest:
            return version.id, version.version
    made = as_dict(await client.beta.agents.update(found["id"], **{**_CLEARED, **wanted}))
    return made["id"], made["version"]


async def _find_agent(client: anthropic.AsyncAnthropic, name: str) -> dict[str, Any] | None:
    async for agent in client.beta.agents.list(limit=100):
        if agent.name == name and _HASH in agent.metadata:
            return as_dict(agent)
    return None


async def _ensure_environment(client: anthropic.AsyncAnthropic, name: str, environment: Environment) -> str:
    named = f"{name}/{environment.sha256[:12]}"
    found = await _find_environment(client, named)
    if found is not None:
        return found
    metadata = {**_text_map(environment.body.get("metadata")), _HASH: environment.sha256}
    wanted: dict[str, Any] = {**environment.body, "name": named, "metadata": metadata}
    try:
        return (await client.beta.environments.create(**wanted)).id
    except anthropic.ConflictError:
        # Another run made it between our look and our create.
        found = await _find_environment(client, named)
        if found is None:
            raise
        return found


async def _find_environment(client: anthropic.AsyncAnthropic, name: str) -> str | None:
    async for environment in client.beta.environments.list(limit=100):
        if environment.name == name:
            return environment.id
    return None


def _text_map(value: object) -> dict[str, str]:
    return {str(key): str(item) for key, item in value.items()} if isinstance(value, Mapping) else {}
