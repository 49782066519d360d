"""What agents and environments look like once the server has resolved them.

Pure: a request's fields and the present resource in, the resource out. Shapes: SDK 2.12 types; defaults: recorded
(third-party recordings, protocol section 11) where a recording shows them.
"""

import re

from evalkit.emulator.fields import Fields, JsonObject, patched_metadata
from evalkit.emulator.ids import new_id
from evalkit.emulator.problems import ApiProblem, conflict, refused
from evalkit.emulator.roster import FindAgent, Owner, find_nobody, multiagent_resolved, session_multiagent

BUILTIN_TOOLS = ("bash", "read", "write", "edit", "glob", "grep", "web_fetch", "web_search")
_POLICIES = ("always_allow", "always_ask", "auto")
_EFFORTS = ("low", "medium", "high", "xhigh", "max")
_PACKAGES = ("apt", "cargo", "gem", "go", "npm", "pip")
_WEB_OPTIONS = ("allowed_domains", "blocked_domains", "max_content_tokens", "url_sources", "user_location")
_AGENT_SETTINGS = ("name", "model", "description", "system", "tools", "mcp_servers", "skills")


def agent_created(body: Fields, now: str, find: FindAgent = find_nobody) -> JsonObject:
    """Version 1 of an agent; `find` knows the others.

    Raises:
        ApiProblem: 400, by field.
    """
    settings: JsonObject = {"description": None, "system": None, "tools": [], "mcp_servers": [], "skills": []}
    for required in ("name", "model"):
        if body.value(required) is None:
            raise body.problem(required, "field required")
    settings |= agent_settings(body, settings)
    metadata = body.metadata()
    agent_id = new_id("agent")
    owner = Owner(agent_id=agent_id, version=1, name=str(settings["name"]))
    multiagent = multiagent_resolved(body, None, owner, find)
    body.end()
    return {
        "id": agent_id,
        "type": "agent",
        "version": 1,
        **settings,
        "metadata": metadata,
        "multiagent": multiagent,
        "execution_identity": {"type": "service_account"},
        "created_at": now,
        "updated_at": now,
        "archived_at": None,
    }


def agent_updated(agent: JsonObject, body: Fields, now: str, find: FindAgent = find_nobody) -> JsonObject:
    """The agent's next version, or `agent` itself where nothing would change.

    Raises:
        ApiProblem: 409 where a given `version` is not the current one, even if nothing would change; 400 by field.
    """
    version = body.integer("version", low=1, high=2**31)
    if version is not None and version != agent["version"]:
        raise conflict(
            f"Concurrent modification detected: version {version} was given, the current version is {agent['version']}"
        )
    if agent["archived_at"] is not None:
        raise refused(f"Agent {agent['id']} is archived and cannot be updated")
    settings = agent_settings(body, agent)
    current = agent["metadata"]
    metadata = patched_metadata(current if isinstance(current, dict) else {}, body)
    changed = agent | settings | {"metadata": metadata}
    number = agent["version"] if isinstance(agent["version"], int) else 0
    if body.has("multiagent"):
        # `self` stays at the version it had unless something changes: then it is the new one.
        owner = Owner(agent_id=str(agent["id"]), version=number, name=str(changed["name"]))
        changed["multiagent"] = multiagent_resolved(body, agent["multiagent"], owner, find)
    body.end()
    if changed == agent:
        return agent
    return changed | {"version": number + 1, "updated_at": now}


def agent_settings(body: Fields, base: JsonObject) -> JsonObject:
    """The settings that `body` gives, resolved; those it leaves out are not in the result.

    Raises:
        ApiProblem: 400, by field, and where MCP servers and MCP toolsets do not name each other.
    """
    if body.value("execution_identity") not in (None, {"type": "service_account"}):
        raise body.problem("execution_identity", "this emulator does not emulate it")
    settings: JsonObject = {}
    if body.has("name"):
        settings["name"] = body.text("name", longest=256)
    if body.has("model"):
        settings["model"] = model_resolved(body)
    for key, longest in (("description", 2048), ("system", 100_000)):
        if body.has(key):
            settings[key] = body.optional_text(key, longest=longest) or None
    if body.has("tools"):
        settings["tools"] = [_tool_resolved(tool) for tool in body.items("tools", most=256)]
    if body.has("mcp_servers"):
        settings["mcp_servers"] = [_mcp_server(server) for server in body.items("mcp_servers", most=20)]
    if body.has("skills"):
        settings["skills"] = [_skill(skill) for skill in body.items("skills", most=20)]
    _check_tools_fit(base | settings)
    return settings


def model_resolved(body: Fields) -> JsonObject:
    """The model as `{id, effort, speed}`, with its defaults."""
    given = body.value("model")
    if given is None:
        raise ApiProblem(400, f"{body.place('model')}: a model is required", error_code="agent_model_required")
    if isinstance(given, str):
        return {"id": body.text("model", longest=256), "effort": {"type": "high"}, "speed": "standard"}
    model = Fields(given, body.place("model"))
    effort = model.value("effort")
    if isinstance(effort, dict):
        word = Fields(effort, model.place("effort")).choice("type", _EFFORTS)
    else:
        word = model.choice("effort", _EFFORTS, default="high")
    resolved: JsonObject = {
        "id": model.text("id", longest=256),
        "effort": {"type": word},
        "speed": model.choice("speed", ("standard", "fast"), default="standard"),
    }
    geo = model.optional_text("inference_geo")
    if geo is not None:
        resolved["inference_geo"] = geo
    model.end()
    return resolved


def environment_created(body: Fields, now: str) -> JsonObject:
    """An environment with every key of its config resolved.

    Raises:
        ApiProblem: 400, by field.
    """
    environment: JsonObject = {
        "id": new_id("env"),
        "type": "environment",
        "name": body.text("name", longest=256),
        "description": body.optional_text("description") or None,
        "config": _config_resolved(body.child("config")),
        "metadata": body.metadata(),
        "scope": body.choice("scope", ("organization",), default="organization"),
        "created_at": now,
        "updated_at": now,
        "archived_at": None,
    }
    body.end()
    return environment


def environment_updated(environment: JsonObject, body: Fields, now: str) -> JsonObject:
    """The environment with the given fields replaced.

    Raises:
        ApiProblem: 400, by field, or because it is archived.
    """
    if environment["archived_at"] is not None:
        raise ApiProblem(400, f"Environment {environment['id']} is archived", error_code="environment_archived")
    current = environment["metadata"]
    changed = environment | {"metadata": patched_metadata(current if isinstance(current, dict) else {}, body)}
    if body.has("name"):
        changed["name"] = body.text("name", longest=256)
    if body.has("description"):
        changed["description"] = body.optional_text("description") or None
    if body.value("config") is not None:
        changed["config"] = _config_resolved(body.child("config"))
        before, after = environment["config"], changed["config"]
        if isinstance(before, dict) and isinstance(after, dict) and before["type"] != after["type"]:
            message = f"config.type: cannot change from {before['type']!r} to {after['type']!r}"
            raise ApiProblem(400, message, error_code="invalid_config_type_change")
    body.choice("scope", ("organization",), default="organization")
    body.end()
    return changed | {"updated_at": now}


def session_agent(agent: JsonObject, overrides: Fields | None, find: FindAgent = find_nobody) -> JsonObject:
    """The agent as a session keeps it: the version's settings, with the session's own in their place.

    Raises:
        ApiProblem: 400, by field.
    """
    settings: JsonObject = {key: agent[key] for key in _AGENT_SETTINGS}
    if overrides is not None:
        settings |= agent_settings(overrides, settings)
        if overrides.has("model"):
            # A model override brings its own default effort, whatever it asks for (documented).
            model = settings["model"]
            settings["model"] = (model if isinstance(model, dict) else {}) | {"effort": {"type": "high"}}
    identity: JsonObject = {"type": "agent", "id": agent["id"], "version": agent["version"]}
    snapshot = identity | settings | {"execution_identity": {"type": "service_account"}}
    return snapshot | {"multiagent": session_multiagent(agent["multiagent"], snapshot, find)}


def session_agent_updated(agent: JsonObject, body: Fields) -> JsonObject:
    """The session's agent with its tools and MCP servers replaced, each whole.

    Raises:
        ApiProblem: 400, by field, or another field.
    """
    settings = agent_settings(body, agent)
    body.end()
    other = sorted(settings.keys() - {"tools", "mcp_servers"})
    if other:
        raise body.problem(other[0], "only tools and mcp_servers of a session's agent can be changed")
    return agent | settings


def grants_network(environment: JsonObject) -> bool:
    """Whether commands in the environment reach every host; an environment with a list of hosts grants none here."""
    config = environment["config"]
    networking = config.get("networking") if isinstance(config, dict) else None
    return isinstance(networking, dict) and networking.get("type") == "unrestricted"


def _tool_resolved(tool: Fields) -> JsonObject:
    kind = tool.choice("type", ("agent_toolset_20260401", "mcp_toolset", "custom"))
    if kind == "custom":
        return _custom_tool(tool)
    default = _tool_defaults(tool.child("default_config"), "always_ask" if kind == "mcp_toolset" else "always_allow")
    resolved: JsonObject = {"type": kind, "default_config": default}
    if kind == "mcp_toolset":
        resolved["mcp_server_name"] = tool.text("mcp_server_name", longest=255)
    resolved["configs"] = [
        _tool_config(config, default, builtin=kind != "mcp_toolset") for config in tool.items("configs", most=256)
    ]
    tool.end()
    return resolved


def _tool_defaults(config: Fields | None, policy: str) -> JsonObject:
    if config is None:
        return {"enabled": True, "permission_policy": {"type": policy}}
    resolved: JsonObject = {
        "enabled": config.flag("enabled", default=True),
        "permission_policy": _policy(config, {"type": policy}),
    }
    config.end()
    return resolved


def _tool_config(config: Fields, default: JsonObject, *, builtin: bool) -> JsonObject:
    name = config.choice("name", BUILTIN_TOOLS) if builtin else config.text("name", longest=255)
    resolved: JsonObject = {
        "name": name,
        "enabled": config.flag("enabled", default=bool(default["enabled"])),
        "permission_policy": _policy(config, default["permission_policy"]),
    }
    if builtin:
        resolved["type"] = config.choice("type", (name,), default=name)
    if name.startswith("web_"):
        resolved |= {option: config.value(option) for option in _WEB_OPTIONS if config.has(option)}
    config.end()
    return resolved


def _policy(config: Fields, default: object) -> object:
    policy = config.child("permission_policy")
    if policy is None:
        return default
    resolved = {"type": policy.choice("type", _POLICIES)}
    policy.end()
    return resolved


def _custom_tool(tool: Fields) -> JsonObject:
    name = tool.text("name", longest=128)
    if not re.fullmatch(r"[A-Za-z0-9_-]+", name):
        raise tool.problem("name", f"{name!r} may hold letters, digits, '_' and '-'")
    schema = tool.child("input_schema")
    if schema is None:
        raise tool.problem("input_schema", "field required")
    schema.choice("type", ("object",))
    schema.texts("required")
    schema.child("properties")
    raw = tool.value("input_schema")
    description = tool.text("description", longest=100_000)
    tool.end()
    return {"type": "custom", "name": name, "description": description, "input_schema": raw}


def _mcp_server(server: Fields) -> JsonObject:
    resolved: JsonObject = {
        "type": server.choice("type", ("url",)),
        "name": server.text("name", longest=255),
        "url": server.text("url", longest=2048),
    }
    server.end()
    return resolved


def _skill(skill: Fields) -> JsonObject:
    resolved: JsonObject = {
        "type": skill.choice("type", ("anthropic", "custom")),
        "skill_id": skill.text("skill_id", longest=256),
        "version": skill.optional_text("version", longest=64) or "latest",
    }
    skill.end()
    return resolved


def _check_tools_fit(settings: JsonObject) -> None:
    tools = _objects(settings.get("tools"))
    names = [str(server["name"]) for server in _objects(settings.get("mcp_servers"))]
    used = {str(tool["mcp_server_name"]) for tool in tools if tool["type"] == "mcp_toolset"}
    if len(set(names)) < len(names):
        raise refused("mcp_servers: names must be unique")
    for name in names:
        if name not in used:
            raise refused(f"mcp_servers: {name!r} is not referenced by an mcp_toolset")
    for name in sorted(used - set(names)):
        raise refused(f"tools: mcp_toolset names the unknown server {name!r}")
    custom = [str(tool["name"]) for tool in tools if tool["type"] == "custom"]
    if len(set(custom)) < len(custom):
        raise refused("tools: names of custom tools must be unique")
    if not tools and settings.get("skills"):
        raise refused("tools: cannot be empty while skills are configured")


def _objects(value: object) -> list[JsonObject]:
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def _config_resolved(config: Fields | None) -> JsonObject:
    if config is None:
        config = Fields({"type": "cloud"}, "config")
    kind = config.choice("type", ("cloud", "self_hosted"))
    if kind == "self_hosted":
        config.end()
        return {"type": "self_hosted"}
    networking = _networking(config.child("networking"))
    packages = _packages(config.child("packages"))
    config.end()
    wanted = any(packages[name] for name in _PACKAGES)
    if wanted and networking["type"] == "limited" and not networking["allow_package_managers"]:
        raise refused("config.packages: limited networking needs allow_package_managers")
    return {"type": "cloud", "networking": networking, "packages": packages}


def _networking(networking: Fields | None) -> JsonObject:
    if networking is None:
        return {"type": "unrestricted"}
    resolved: JsonObject = {"type": networking.choice("type", ("unrestricted", "limited"))}
    if resolved["type"] == "limited":
        resolved["allowed_hosts"] = networking.texts("allowed_hosts")
        for key in ("allow_mcp_servers", "allow_package_managers"):
            resolved[key] = networking.flag(key, default=False)
    networking.end()
    return resolved


def _packages(packages: Fields | None) -> JsonObject:
    resolved: JsonObject = {"type": "packages"}
    if packages is None:
        return resolved | {name: [] for name in _PACKAGES}
    packages.choice("type", ("packages",), default="packages")
    resolved |= {name: packages.texts(name) for name in _PACKAGES}
    packages.end()
    return resolved
