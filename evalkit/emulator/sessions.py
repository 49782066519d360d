"""Creating and changing sessions: the request's fields in, the session's own fields out; and how a session is shown."""

import operator
from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import PurePosixPath

from evalkit.emulator.clock import parse_stamp, stamp, wall_time
from evalkit.emulator.fields import Fields, JsonObject, patched_metadata
from evalkit.emulator.files import FileTable
from evalkit.emulator.hands import UPLOADS
from evalkit.emulator.ids import new_id
from evalkit.emulator.problems import ApiProblem, refused
from evalkit.emulator.recorder import Recorder
from evalkit.emulator.resources import session_agent_updated

MAX_RESOURCES = 500
STATUSES = ("rescheduling", "running", "idle", "terminated")
"""Of a session, and of a thread."""
_BOUNDS: dict[str, Callable[[datetime, datetime], bool]] = {
    "gt": operator.gt,
    "gte": operator.ge,
    "lt": operator.lt,
    "lte": operator.le,
}
_SHOWN = (
    "id",
    "type",
    "agent",
    "environment_id",
    "title",
    "metadata",
    "resources",
    "vault_ids",
    "budget",
    "deployment_id",
    "created_at",
    "updated_at",
    "archived_at",
)


def session_created(body: Fields, agent: JsonObject, environment_id: str) -> JsonObject:
    """A session's own fields, without its resources; `thread_id` is not shown.

    Raises:
        ApiProblem: 400, by field.
    """
    now = stamp(wall_time())
    return {
        "id": new_id("sesn"),
        "type": "session",
        "thread_id": new_id("sthr"),
        "agent": agent,
        "environment_id": environment_id,
        "title": body.optional_text("title", longest=1024),
        "metadata": body.metadata(),
        "resources": [],
        "vault_ids": body.texts("vault_ids", most=50),
        "budget": budget_of(body.child("budget"), "budget"),
        "deployment_id": None,
        "created_at": now,
        "updated_at": now,
        "archived_at": None,
    }


def session_patch(body: Fields, session: JsonObject, recorder: Recorder) -> JsonObject:
    """The fields of a session that an update changes; empty where nothing would change.

    Raises:
        ApiProblem: 400, by field, or a budget that cannot be set.
    """
    patch: JsonObject = {}
    if body.has("title"):
        patch["title"] = body.optional_text("title", longest=1024)
    if body.value("metadata") is not None:
        current = session["metadata"]
        patch["metadata"] = patched_metadata(current if isinstance(current, dict) else {}, body)
    if body.has("budget"):
        patch["budget"] = _changed_budget(body.child("budget"), session, recorder)
    if body.value("vault_ids") is not None:
        raise body.problem("vault_ids", "cannot be changed yet")
    agent = body.child("agent")
    if agent is not None:
        if recorder.state.status == "running":
            raise agent.problem("tools", "cannot be changed while the session is running")
        current_agent = session["agent"]
        patch["agent"] = session_agent_updated(current_agent if isinstance(current_agent, dict) else {}, agent)
    body.end()
    return {key: value for key, value in patch.items() if session[key] != value}


def budget_of(budget: Fields | None, at: str) -> JsonObject | None:
    """A budget in whole US cents, as sent.

    Raises:
        ApiProblem: 400, another currency, or an amount that is no whole number of cents above zero.
    """
    if budget is None:
        return None
    budget.choice("type", ("limit",))
    cost = budget.child("max_list_cost")
    if cost is None:
        raise budget.problem("max_list_cost", "field required")
    currency = cost.choice("currency", ("USD",))
    amount = cost.text("amount", longest=12)
    if not (amount.isascii() and amount.isdigit()) or amount.startswith("0"):
        raise refused(f"{at}.max_list_cost.amount: {amount!r} is no whole number of cents above zero")
    cost.end()
    budget.end()
    return {"type": "limit", "max_list_cost": {"amount": amount, "currency": currency}}


def mounted(body: Fields, session: JsonObject, files: FileTable) -> JsonObject:
    """A file resource: the session's own copy of an upload, at its place below the uploads.

    Raises:
        ApiProblem: 400, another kind of resource, or a path that escapes or is taken; 404, no such file.
    """
    body.choice("type", ("file",))
    file_id = body.text("file_id")
    path = mount_path(body.optional_text("mount_path") or file_id)
    body.end()
    resources = session["resources"]
    for other in resources if isinstance(resources, list) else []:
        taken = PurePosixPath(str(other["mount_path"]))
        if PurePosixPath(path) == taken or _is_inside(path, taken) or _is_inside(str(taken), PurePosixPath(path)):
            raise refused(f"Invalid file resource: mount_path {path!r} overlaps another resource")
    copy = files.add_mounted(file_id, str(session["id"]))
    return {
        "id": new_id("sesrsc"),
        "type": "file",
        "file_id": copy.file_id,
        "mount_path": path,
        "created_at": copy.created_at,
        "updated_at": copy.created_at,
    }


def mount_path(asked: str) -> str:
    """The absolute place for `asked`: everything is rooted in the uploads (recorded), what is there already stays.

    Raises:
        ApiProblem: 400, the path leads out of the uploads, or names nothing.
    """
    inside = PurePosixPath(asked)
    below = inside.relative_to(UPLOADS) if _is_inside(asked, PurePosixPath(UPLOADS)) else inside
    parts = [part for part in below.parts if part.strip("/")]
    if ".." in parts or "\0" in asked:
        raise refused(f'Invalid file resource: mount path "{asked}" escapes /uploads/')
    if not parts or len(asked) > 1024 or any(len(part.encode()) > 255 for part in parts):
        raise refused(f'Invalid file resource: mount path "{asked}" names no file')
    return str(PurePosixPath(UPLOADS, *parts))


def session_resource(recorder: Recorder) -> JsonObject:
    """The session as a client sees it now."""
    state = recorder.journal.state
    session = state.session
    shown: JsonObject = {key: session[key] for key in _SHOWN}
    shown["status"] = "terminated" if session["archived_at"] is not None else state.status
    shown["outcome_evaluations"] = [outcome.as_resource() for outcome in state.outcomes]
    shown["usage"] = recorder.usage()
    shown["stats"] = {
        "active_seconds": round(state.running_s(recorder.clock.now), 3),
        "duration_seconds": round(_age_s(recorder, parse_stamp(str(session["created_at"]))), 3),
    }
    return shown


def is_wanted(resource: Mapping[str, object], query: Mapping[str, str], statuses: list[str]) -> bool:
    """Whether a session belongs in a list with these filters.

    Raises:
        ApiProblem: 400, a bound that is no time.
    """
    agent = resource["agent"]
    if isinstance(agent, dict):
        if "agent_id" in query and agent["id"] != query["agent_id"]:
            return False
        if "agent_version" in query and str(agent["version"]) != query["agent_version"]:
            return False
    if resource["archived_at"] is not None and query.get("include_archived") != "true":
        return False
    if statuses and resource["status"] not in statuses:
        return False
    if "deployment_id" in query or "memory_store_id" in query:
        return False
    return is_within(str(resource["created_at"]), query)


def is_within(moment: str, query: Mapping[str, str]) -> bool:
    """Whether `moment` is inside the `created_at[…]` bounds of a query.

    Raises:
        ApiProblem: 400, a bound that is no time.
    """
    at = parse_stamp(moment)
    for word, holds in _BOUNDS.items():
        text = query.get(f"created_at[{word}]")
        if text is not None and not holds(at, _bound(text, word)):
            return False
    return True


def check_not_running(status: object, message: str) -> None:
    """The session is not at work.

    Raises:
        ApiProblem: 400 with `message`.
    """
    if status == "running":
        raise refused(message)


def _bound(text: str, word: str) -> datetime:
    try:
        return parse_stamp(text)
    except ValueError as error:
        raise refused(f"created_at[{word}]: {text!r} is no RFC 3339 time") from error


def _changed_budget(budget: Fields | None, session: JsonObject, recorder: Recorder) -> JsonObject | None:
    if budget is None:
        return None
    if session["budget"] is None:
        raise ApiProblem(400, "budget: can only be set when the session is created", error_code="budget_create_only")
    changed = budget_of(budget, "budget")
    if changed is not None and recorder.is_spent(changed):
        message = "budget.max_list_cost must be greater than the session's consumed list cost"
        raise ApiProblem(400, message, error_code="budget_not_raised")
    return changed


def _age_s(recorder: Recorder, created_at: datetime) -> float:
    return max(0.0, (max(recorder.clock.now, wall_time()) - created_at).total_seconds())


def _is_inside(path: str, folder: PurePosixPath) -> bool:
    place = PurePosixPath(path)
    return place != folder and place.is_relative_to(folder)
