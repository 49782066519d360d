from typing import Any

import pytest
from anthropic import AsyncAnthropic, BadRequestError, ConflictError, NotFoundError
from stage import LOOKUP, with_client

from evalkit.emulator import Emulator


def test_an_agent_is_returned_with_every_default_resolved(emulator: Emulator) -> None:
    async def act(client: AsyncAnthropic) -> dict[str, Any]:
        tools: Any = [{"type": "agent_toolset_20260401", "configs": [{"name": "bash", "enabled": False}]}, LOOKUP]
        agent = await client.beta.agents.create(name="writer", model="claude-sonnet-5-5", tools=tools)
        return agent.to_dict(mode="json")

    agent = with_client(emulator, act)

    assert agent["version"] == 1
    assert agent["model"] == {"id": "claude-sonnet-5-5", "effort": {"type": "high"}, "speed": "standard"}
    assert agent["execution_identity"] == {"type": "service_account"}
    allow = {"type": "always_allow"}
    assert agent["tools"][0] == {
        "type": "agent_toolset_20260401",
        "default_config": {"enabled": True, "permission_policy": allow},
        "configs": [{"name": "bash", "type": "bash", "enabled": False, "permission_policy": allow}],
    }


def test_an_update_makes_a_version_only_if_something_changes(emulator: Emulator) -> None:
    async def act(client: AsyncAnthropic) -> tuple[int, int, int, str | None]:
        agent = await client.beta.agents.create(name="a", model="claude-sonnet-5-5", system="old")
        same = await client.beta.agents.update(agent.id, version=1, system="old")
        changed = await client.beta.agents.update(agent.id, version=1, system="new")
        first = await client.beta.agents.retrieve(agent.id, version=1)
        return same.version, changed.version, first.version, first.system

    assert with_client(emulator, act) == (1, 2, 1, "old")


def test_a_stale_version_is_a_conflict_even_if_nothing_would_change(emulator: Emulator) -> None:
    async def act(client: AsyncAnthropic) -> None:
        agent = await client.beta.agents.create(name="a", model="claude-sonnet-5-5", system="old")
        await client.beta.agents.update(agent.id, system="new")
        with pytest.raises(ConflictError, match="Concurrent modification"):
            await client.beta.agents.update(agent.id, version=1, system="new")

    with_client(emulator, act)


def test_lists_of_agents_and_versions_end_after_every_row_once(emulator: Emulator) -> None:
    async def act(client: AsyncAnthropic) -> tuple[list[str], list[str], list[int]]:
        made = [(await client.beta.agents.create(name=f"n{i}", model="claude-haiku-4-5")).id for i in range(5)]
        for word in ("one", "two"):
            await client.beta.agents.update(made[0], system=word)
        listed = [agent.id async for agent in client.beta.agents.list(limit=2)]
        versions = [agent.version async for agent in client.beta.agents.versions.list(made[0], limit=2)]
        return made, listed, versions

    made, listed, versions = with_client(emulator, act)

    assert [each for each in listed if each in made] == made
    assert len(listed) == len(set(listed))
    assert versions == [3, 2, 1]


def test_an_archived_agent_leaves_the_list_and_takes_no_update(emulator: Emulator) -> None:
    async def act(client: AsyncAnthropic) -> tuple[bool, bool]:
        agent = await client.beta.agents.create(name="a", model="claude-sonnet-5-5")
        archived = await client.beta.agents.archive(agent.id)
        with pytest.raises(BadRequestError, match="archived"):
            await client.beta.agents.update(agent.id, system="x")
        listed = {each.id async for each in client.beta.agents.list(limit=100)}
        with_archived = {each.id async for each in client.beta.agents.list(limit=100, include_archived=True)}
        return archived.archived_at is not None, agent.id in with_archived - listed

    assert with_client(emulator, act) == (True, True)


def test_an_agent_or_version_that_is_not_there_is_a_404(emulator: Emulator) -> None:
    async def act(client: AsyncAnthropic) -> None:
        agent = await client.beta.agents.create(name="a", model="claude-sonnet-5-5")
        with pytest.raises(NotFoundError, match=r"agent\.version: 999 not found"):
            await client.beta.agents.retrieve(agent.id, version=999)
        with pytest.raises(NotFoundError):
            await client.beta.agents.retrieve("agent_01none")

    with_client(emulator, act)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        (
            {"tools": [{"type": "agent_toolset_20260401", "configs": [{"name": "curl"}]}]},
            r"tools\[0\].configs\[0\].name",
        ),
        ({"tools": [{**LOOKUP, "name": "no spaces"}]}, r"tools\[0\].name"),
        ({"tools": [{**LOOKUP, "input_schema": {"type": "array"}}]}, r"tools\[0\].input_schema.type"),
        ({"mcp_servers": [{"type": "url", "name": "s", "url": "https://x.example"}]}, "not referenced"),
        ({"metadata": {f"k{i}": "v" for i in range(17)}}, "at most 16"),
        ({"extra_body": {"callable_agents": []}}, "callable_agents: extra inputs are not permitted"),
        ({"name": ""}, "name: 1 to 256"),
    ],
)
def test_a_wrong_field_is_named(emulator: Emulator, settings: dict[str, Any], message: str) -> None:
    async def act(client: AsyncAnthropic) -> None:
        with pytest.raises(BadRequestError, match=message):
            await client.beta.agents.create(**{"name": "a", "model": "claude-sonnet-5-5", **settings})

    with_client(emulator, act)
