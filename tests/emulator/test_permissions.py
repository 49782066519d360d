from typing import Any

import pytest

from evalkit.emulator.fields import Fields
from evalkit.emulator.permissions import Permission, evaluation_of, has_custom_tool, has_mcp_server, permission_for
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


def crm(policy: str) -> dict[str, Any]:
    toolset = {"type": "mcp_toolset", "mcp_server_name": "crm"}
    tools = [toolset | {"default_config": {"permission_policy": {"type": policy}}}]
    servers = [{"type": "url", "name": "crm", "url": "https://example.invalid"}]
    return agent_created(Fields({"name": "a", "model": "m", "tools": tools, "mcp_servers": servers}), "now")


def test_an_mcp_tool_is_judged_by_the_toolset_of_its_own_server() -> None:
    agent = crm("always_allow")

    assert permission_for(agent, "find", server="crm") is Permission.ALLOW
    assert permission_for(agent, "find", server="other") is Permission.DENY
    assert permission_for(agent, "find") is Permission.DENY
    assert (has_mcp_server(agent, "crm"), has_mcp_server(agent, "other")) == (True, False)


@pytest.mark.parametrize(
    ("judged", "evaluated"),
    [
        (Permission.ALLOW, {"type": "allow"}),
        (Permission.ASK, {"type": "ask", "reason_code": "indeterminate"}),
        (Permission.DENY, {"type": "deny", "reason_code": "high_risk"}),
    ],
)
def test_auto_says_what_the_platform_made_of_the_use(judged: Permission, evaluated: dict[str, str]) -> None:
    agent = crm("auto")

    assert permission_for(agent, "find", server="crm", judged=judged) is judged
    assert evaluation_of(agent, "find", server="crm", judged=judged) == {
        "type": "auto",
        "evaluated_permission": evaluated,
    }


def test_a_fixed_policy_has_its_own_answer_and_no_evaluation() -> None:
    agent = crm("always_ask")

    assert permission_for(agent, "find", server="crm", judged=Permission.DENY) is Permission.ASK
    assert evaluation_of(agent, "find", server="crm", judged=Permission.DENY) is None
