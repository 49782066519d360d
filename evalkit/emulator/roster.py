"""Whom an agent may call: the `multiagent` of an agent, resolved to versions, and of a session, to whole definitions.

Source: SDK 2.12 types and their docstrings; one level of delegation is enforced, not flattened (documented).
"""

from collections.abc import Callable
from dataclasses import dataclass

from evalkit.emulator.fields import Fields, JsonObject
from evalkit.emulator.problems import missing, refused

FindAgent = Callable[[str, int | None], JsonObject]
"""An agent by id and version, the newest where none is given; raises ApiProblem where there is none."""

_MAX_AGENTS = 20
_ENABLED = ("enabled", "disabled")
_MEMBERS = ("subagents", "workflows")


def find_nobody(agent_id: str, version: int | None) -> JsonObject:
    """No agent but the one in question is known.

    Raises:
        ApiProblem: 404, always.
    """
    raise missing(f"Agent '{agent_id}'" if version is None else f"agent.version: {version}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Owner:
    """The agent that the configuration belongs to."""

    agent_id: str
    version: int
    name: str


def multiagent_resolved(body: Fields, stored: object, owner: Owner, find: FindAgent) -> JsonObject | None:
    """The `multiagent` that an agent has after a request with this field; null clears it.

    Raises:
        ApiProblem: 400, by field, or an agent that cannot be on a roster; 404, no such agent.
    """
    given = body.child("multiagent")
    if given is None:
        return None
    kind = given.choice("type", ("coordinator", "multiagent_20261001"))
    if kind == "coordinator":
        entries, advisor = _roster(given, "agents", owner, find, advisors=True)
        if not entries and advisor is None:
            raise given.problem("agents", f"1 to {_MAX_AGENTS} entries are required")
        given.end()
        return {"type": kind, "agents": entries if advisor is None else [*entries, advisor]}
    before = stored if isinstance(stored, dict) and stored["type"] == kind else {}
    resolved: JsonObject = {"type": kind}
    for member in _MEMBERS:
        resolved[member] = _member(given, member, before.get(member), owner, find)
    resolved["advisor"] = _advisor(given, before.get("advisor"))
    given.end()
    return resolved


def session_multiagent(multiagent: object, coordinator: JsonObject, find: FindAgent) -> JsonObject | None:
    """The same with whole definitions in the place of references; `self` is the session's own agent, overrides and all.

    Raises:
        ApiProblem: 404, an agent is no longer there.
    """
    if not isinstance(multiagent, dict):
        return None

    def whole(entry: JsonObject) -> JsonObject:
        if entry["type"] != "agent":
            return entry
        if entry["id"] == coordinator["id"]:
            return thread_agent(coordinator)
        version = entry["version"]
        return thread_agent(find(str(entry["id"]), version if isinstance(version, int) else None))

    if multiagent["type"] == "coordinator":
        return multiagent | {"agents": [whole(entry) for entry in multiagent["agents"]]}
    resolved = dict(multiagent)
    for member in _MEMBERS:
        if resolved[member]["type"] == "enabled":
            agents = [whole(entry) for entry in resolved[member]["predefined_agents"]]
            resolved[member] = resolved[member] | {"predefined_agents": agents}
    return resolved


def roster_of(agent: object) -> dict[str, JsonObject]:
    """The definitions that a session's agent may run in threads, by name."""
    multiagent = agent.get("multiagent") if isinstance(agent, dict) else None
    if not isinstance(multiagent, dict):
        return {}
    entries = multiagent.get("agents") or multiagent.get("subagents", {}).get("predefined_agents", [])
    return {str(entry["name"]): entry for entry in entries if entry["type"] == "agent"}


def thread_agent(agent: JsonObject) -> JsonObject:
    """The agent as a thread shows it: its definition without a roster."""
    shown = ("id", "version", "name", "description", "system", "model", "tools", "mcp_servers", "skills")
    return {"type": "agent", "execution_identity": agent["execution_identity"], **{key: agent[key] for key in shown}}


def _member(given: Fields, member: str, before: object, owner: Owner, find: FindAgent) -> JsonObject:
    """Subagents or workflows: enabled unless they are disabled; what is not sent stays as it was."""
    stored = before if isinstance(before, dict) else None
    if not given.has(member) and stored is not None:
        return stored
    sent = given.child(member)
    kind = "enabled" if sent is None else sent.choice("type", _ENABLED)
    if kind == "disabled":
        if sent is not None:
            sent.end()
        return {"type": kind}
    if stored is None or stored["type"] != kind or sent is None:
        stored = {"type": kind, "inline_agents": {"type": "enabled"}, "predefined_agents": []}
    resolved = dict(stored)
    if sent is not None and sent.has("inline_agents"):
        inline = sent.child("inline_agents")
        resolved["inline_agents"] = {"type": "enabled" if inline is None else inline.choice("type", _ENABLED)}
        if inline is not None:
            inline.end()
    if sent is not None and sent.has("predefined_agents"):
        resolved["predefined_agents"], _ = _roster(sent, "predefined_agents", owner, find, advisors=False)
    if sent is not None:
        sent.end()
    if resolved["inline_agents"] == {"type": "disabled"} and not resolved["predefined_agents"]:
        raise given.problem(f"{member}.predefined_agents", "needs an agent where inline_agents is disabled")
    return resolved


def _advisor(given: Fields, before: object) -> JsonObject:
    if not given.has("advisor") and isinstance(before, dict):
        return before
    sent = given.child("advisor")
    if sent is None:
        return {"type": "disabled"}
    resolved: JsonObject = {"type": sent.choice("type", _ENABLED)}
    if resolved["type"] == "enabled":
        resolved["model"] = sent.text("model", longest=256)
    sent.end()
    return resolved


def _roster(
    given: Fields, key: str, owner: Owner, find: FindAgent, *, advisors: bool
) -> tuple[list[JsonObject], JsonObject | None]:
    """References to distinct agents with distinct names, and the advisor where one stands among them."""
    raw = given.value(key)
    entries: list[JsonObject] = []
    names: list[str] = []
    advisor: JsonObject | None = None
    for index, item in enumerate(raw if isinstance(raw, list) else []):
        entry = Fields({"type": "agent", "id": item} if isinstance(item, str) else item, f"{given.place(key)}[{index}]")
        kind = entry.choice("type", ("agent", "self", "advisor") if advisors else ("agent", "self"))
        if kind == "advisor":
            if advisor is not None:
                raise given.problem(key, "at most one advisor is allowed")
            advisor = {"type": kind, "model": entry.text("model", longest=256)}
        else:
            reference, name = _reference(entry, kind, owner, find)
            entries.append(reference)
            names.append(name)
        entry.end()
    if raw is not None and not isinstance(raw, list):
        raise given.problem(key, "a list is required")
    if len(entries) + (advisor is not None) > _MAX_AGENTS:
        raise given.problem(key, f"at most {_MAX_AGENTS} entries are allowed")
    if len({str(entry["id"]) for entry in entries}) < len(entries) or len(set(names)) < len(names):
        raise given.problem(key, "entries must be distinct agents with distinct names")
    return entries, advisor


def _reference(entry: Fields, kind: str, owner: Owner, find: FindAgent) -> tuple[JsonObject, str]:
    if kind == "self":
        return {"type": "agent", "id": owner.agent_id, "version": owner.version}, owner.name
    agent_id = entry.text("id")
    agent = find(agent_id, entry.integer("version", low=1, high=2**31))
    if agent_id == owner.agent_id:
        raise refused(f"{entry.place('id')}: name the agent itself as {{'type': 'self'}}")
    if find(agent_id, None)["archived_at"] is not None:
        raise refused(f"{entry.place('id')}: agent {agent_id!r} is archived")
    if agent["multiagent"] is not None:
        raise refused(f"{entry.place('id')}: agent {agent_id!r} has a multiagent of its own; one level is allowed")
    return {"type": "agent", "id": agent_id, "version": agent["version"]}, str(agent["name"])
