from typing import Any

import pytest
from anthropic import AsyncAnthropic, BadRequestError, ConflictError, NotFoundError
from stage import with_client

from evalkit.emulator import Emulator


def test_an_environment_is_returned_with_its_config_resolved(emulator: Emulator) -> None:
    async def act(client: AsyncAnthropic) -> dict[str, Any]:
        environment = await client.beta.environments.create(
            name="limited",
            config={"type": "cloud", "networking": {"type": "limited", "allowed_hosts": ["pypi.org"]}},
        )
        return (await client.beta.environments.retrieve(environment.id)).to_dict(mode="json")

    environment = with_client(emulator, act)

    assert environment["config"]["networking"] == {
        "type": "limited",
        "allowed_hosts": ["pypi.org"],
        "allow_mcp_servers": False,
        "allow_package_managers": False,
    }
    assert environment["config"]["packages"]["pip"] == []


def test_a_name_belongs_to_one_environment(emulator: Emulator) -> None:
    async def act(client: AsyncAnthropic) -> None:
        await client.beta.environments.create(name="taken")
        with pytest.raises(ConflictError, match="taken"):
            await client.beta.environments.create(name="taken")

    with_client(emulator, act)


def test_an_update_keeps_what_it_does_not_name(emulator: Emulator) -> None:
    async def act(client: AsyncAnthropic) -> tuple[str, str | None, dict[str, str]]:
        environment = await client.beta.environments.create(name="kept", metadata={"a": "1", "b": "2"})
        changed = await client.beta.environments.update(environment.id, description="d", metadata={"a": None})
        return changed.name, changed.description, changed.metadata

    assert with_client(emulator, act) == ("kept", "d", {"b": "2"})


def test_an_archived_environment_takes_neither_updates_nor_sessions(emulator: Emulator) -> None:
    async def act(client: AsyncAnthropic) -> None:
        agent = await client.beta.agents.create(name="a", model="claude-sonnet-5-5")
        environment = await client.beta.environments.create(name="old")
        await client.beta.environments.archive(environment.id)
        with pytest.raises(BadRequestError) as refused:
            await client.beta.environments.update(environment.id, description="d")
        assert refused.value.body["error"]["details"] == {"error_code": "environment_archived"}  # type: ignore[index] # the SDK types an error's body as object
        with pytest.raises(BadRequestError, match="archived"):
            await client.beta.sessions.create(agent=agent.id, environment_id=environment.id)

    with_client(emulator, act)


def test_a_deleted_environment_is_gone_from_lookup_and_list(emulator: Emulator) -> None:
    async def act(client: AsyncAnthropic) -> tuple[str, bool]:
        environment = await client.beta.environments.create(name="gone")
        deleted = await client.beta.environments.delete(environment.id)
        with pytest.raises(NotFoundError):
            await client.beta.environments.retrieve(environment.id)
        return deleted.type, environment.id in [each.id async for each in client.beta.environments.list(limit=1)]

    assert with_client(emulator, act) == ("environment_deleted", False)


def test_packages_under_limited_networking_need_the_package_managers(emulator: Emulator) -> None:
    async def act(client: AsyncAnthropic) -> None:
        with pytest.raises(BadRequestError, match="allow_package_managers"):
            await client.beta.environments.create(
                name="p", config={"type": "cloud", "networking": {"type": "limited"}, "packages": {"pip": ["pandas"]}}
            )

    with_client(emulator, act)
