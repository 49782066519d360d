from typing import Any

import pytest

from evalkit.emulator.fields import Fields
from evalkit.emulator.permissions import Permission, has_custom_tool, permission_for
from evalkit.emulator.resources import agent_created

CUSTOM = {"type": "custom", "name": "lookup", "description": "d", "input_schema": {"type": "object"}}


def toolset(**fields: Any) -> dict[str, Any]:
    return {"type": "agent_toolset_20260401", **fields}


@pytest.mark.parametrize(
    ("tools", "expected"),
    [
        ([], Permission.DENY),
        ([CUSTOM], Permission.DENY),
        ([toolset()], Permission.ALLOW),
        ([toolset(default_config={"enabled": False})], Permission.DENY),
        ([toolset(default_config={"enabled": False}, configs=[{"name": "write", "enabled": True}])], Permission.ALLOW),
        ([toolset(configs=[{"name": "write", "enabled": False}])], Permission.DENY),
        ([toolset(configs=[{"name": "write", "permission_policy": {"type": "always_ask"}}])], Permission.ASK),
        ([toolset(default_config={"permission_policy": {"type": "always_ask"}})], Permission.ASK),
        ([toolset(configs=[{"name": "read", "enabled": False}])], Permission.ALLOW),
    ],
)
def test_a_tool_is_allowed_asked_about_or_denied_as_configured(tools: list[Any], expected: Permission) -> None:
    agent = agent_created(Fields({"name": "a", "model": "m", "tools": tools}), "now")

    assert permission_for(agent, "write") is expected


def test_a_custom_tool_is_known_by_its_name() -> None:
    agent = agent_created(Fields({"name": "a", "model": "m", "tools": [CUSTOM]}), "now")

    assert has_custom_tool(agent, "lookup")
    assert not has_custom_tool(agent, "write")
