"""Whether a session's agent may use a tool, from its resolved toolsets."""

from enum import StrEnum

from evalkit.emulator.fields import JsonObject

_POLICY_ANSWERS = {"always_allow": "allow", "always_ask": "ask", "auto": "allow"}
"""`auto` is judged by the platform; here it allows (inferred: the tools of a scenario are harmless)."""


class Permission(StrEnum):
    """What stands in `evaluated_permission`."""

    ALLOW = "allow"
    ASK = "ask"
    DENY = "deny"


def permission_for(agent: JsonObject, tool: str) -> Permission:
    """The answer for one built-in tool; a tool that is not enabled, or in no toolset, is denied."""
    for toolset in _tools(agent):
        if toolset["type"] != "agent_toolset_20260401":
            continue
        configs = toolset["configs"]
        named = [config for config in configs if config["name"] == tool] if isinstance(configs, list) else []
        config = named[-1] if named else toolset["default_config"]
        if isinstance(config, dict) and config["enabled"]:
            return Permission(_POLICY_ANSWERS[str(config["permission_policy"]["type"])])
    return Permission.DENY


def has_custom_tool(agent: JsonObject, name: str) -> bool:
    """Whether the agent has a custom tool of that name."""
    return any(tool["type"] == "custom" and tool["name"] == name for tool in _tools(agent))


def _tools(agent: JsonObject) -> list[JsonObject]:
    tools = agent["tools"]
    return [tool for tool in tools if isinstance(tool, dict)] if isinstance(tools, list) else []
