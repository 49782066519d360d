"""Whether a session's agent may use a tool, from its resolved toolsets."""

from enum import StrEnum

from evalkit.emulator.fields import JsonObject


class Permission(StrEnum):
    """What stands in `evaluated_permission`."""

    ALLOW = "allow"
    ASK = "ask"
    DENY = "deny"


_FIXED = {"always_allow": Permission.ALLOW, "always_ask": Permission.ASK}
_REASONS = {Permission.ASK: "indeterminate", Permission.DENY: "high_risk"}
"""Why `auto` does not allow (documented)."""


def permission_for(
    agent: JsonObject, tool: str, *, server: str | None = None, judged: Permission = Permission.ALLOW
) -> Permission:
    """The answer for one tool, of an MCP server if one is named; a tool not enabled, or in no toolset, is denied.

    `judged` is what the platform would make of it under `auto`.
    """
    policy = _policy_of(agent, tool, server)
    return Permission.DENY if policy is None else _FIXED.get(policy, judged)


def evaluation_of(
    agent: JsonObject, tool: str, *, server: str | None = None, judged: Permission = Permission.ALLOW
) -> JsonObject | None:
    """The event's `evaluation`: under `auto` alone, for recorded events of the fixed policies have none."""
    if _policy_of(agent, tool, server) != "auto":
        return None
    reason = {"reason_code": _REASONS[judged]} if judged in _REASONS else {}
    return {"type": "auto", "evaluated_permission": {"type": judged.value} | reason}


def has_custom_tool(agent: JsonObject, name: str) -> bool:
    """Whether the agent has a custom tool of that name."""
    return any(tool["type"] == "custom" and tool["name"] == name for tool in _tools(agent))


def has_mcp_server(agent: JsonObject, server: str) -> bool:
    """Whether the agent has a toolset of that MCP server."""
    return any(tool.get("mcp_server_name") == server for tool in _tools(agent))


def _policy_of(agent: JsonObject, tool: str, server: str | None) -> str | None:
    """The policy's name; None where the tool is not enabled, or in no toolset."""
    kind = "agent_toolset_20260401" if server is None else "mcp_toolset"
    for toolset in _tools(agent):
        if toolset["type"] != kind or toolset.get("mcp_server_name") != server:
            continue
        configs = toolset["configs"]
        named = [config for config in configs if config["name"] == tool] if isinstance(configs, list) else []
        config = named[-1] if named else toolset["default_config"]
        if isinstance(config, dict) and config["enabled"]:
            return str(config["permission_policy"]["type"])
    return None


def _tools(agent: JsonObject) -> list[JsonObject]:
    tools = agent["tools"]
    return [tool for tool in tools if isinstance(tool, dict)] if isinstance(tools, list) else []
