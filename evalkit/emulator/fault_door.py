"""The faults of single requests, between the door and the routes: limits, statuses, delays, answers that get lost."""

import asyncio
import json
import math
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, TypeVar

from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from evalkit.emulator.connections import Client, Connections, client_of
from evalkit.emulator.faults import Delay, Fault, LostResponse, RateLimit, StatusFault, TruncatedDownload, of_kind
from evalkit.emulator.problems import ApiProblem
from evalkit.emulator.requests import MAX_BODY, problem_response
from evalkit.emulator.world import World

F = TypeVar("F", StatusFault, Delay, LostResponse, TruncatedDownload)
_ONE: Final = r"/([^/]+)"
_OPERATIONS: Final = tuple(
    (method, re.compile(path), name)
    for method, path, name in (
        ("POST", "/v1/agents", "create_agent"),
        ("POST", "/v1/environments", "create_environment"),
        ("POST", "/v1/sessions", "create_session"),
        ("GET", "/v1/sessions", "list_sessions"),
        ("GET", f"/v1/sessions{_ONE}", "retrieve_session"),
        ("POST", f"/v1/sessions{_ONE}", "update_session"),
        ("DELETE", f"/v1/sessions{_ONE}", "delete_session"),
        ("POST", f"/v1/sessions{_ONE}/archive", "archive_session"),
        ("POST", f"/v1/sessions{_ONE}/events", "send_events"),
        ("GET", f"/v1/sessions{_ONE}/events", "list_events"),
        ("GET", f"/v1/sessions{_ONE}/events/stream", "stream_events"),
        ("POST", "/v1/files", "upload_file"),
        ("GET", "/v1/files", "list_files"),
        ("GET", f"/v1/files{_ONE}", "retrieve_file"),
        ("DELETE", f"/v1/files{_ONE}", "delete_file"),
        ("GET", f"/v1/files{_ONE}/content", "download_file"),
    )
)
_CREATES: Final = ("create_agent", "create_environment", "create_session")
_MINUTE_S: Final = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One request, as faults see it."""

    operation: str
    """One of `faults.OPERATIONS`; empty for any other request."""
    whose: str
    """What counts its faults: the session's id, or for a session to be created its metadata; empty for the server."""
    faults: tuple[Fault, ...]
    client: Client

    def on(self, kind: type[F]) -> tuple[F, ...]:
        """The faults of a kind that are meant for this operation."""
        return tuple(fault for fault in of_kind(self.faults, kind) if fault.on == self.operation)


class Bucket:
    """So many requests a minute: a full bucket at first, refilled evenly."""

    def __init__(self, per_minute: int, clock: Callable[[], float]) -> None:
        self._most = float(per_minute)
        self._left = self._most
        self._clock = clock
        self._looked = clock()

    def wait_s(self) -> float:
        """0, and one request is taken; or how long it is until one can be, and none is."""
        now = self._clock()
        self._left = min(self._most, self._left + (now - self._looked) * self._most / _MINUTE_S)
        self._looked = now
        if self._left >= 1:
            self._left -= 1
            return 0.0
        return (1 - self._left) * _MINUTE_S / self._most


class FaultDoor:
    """Every request suffers what the scenario has for it, and is served otherwise."""

    def __init__(self, app: ASGIApp, world: World, connections: Connections) -> None:
        self._app = app
        self._world = world
        self._connections = connections
        clock = asyncio.get_running_loop().time
        self._buckets = [
            (Bucket(limit.creates, clock), Bucket(limit.others, clock))
            for limit in of_kind(world.setting.faults, RateLimit)
        ]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """The request is answered, or its connection is broken."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        call, receive = await self._call_of(Request(scope, receive), receive)
        counts = self._world.fault_counts
        problem = self._limited(call) or _problem_of(counts.take(call.on(StatusFault), call.whose), call)
        if problem is not None:
            await problem_response(problem, scope["state"]["request_id"])(scope, receive, send)
            return
        delay = counts.take(call.on(Delay), call.whose)
        if delay is not None:
            await asyncio.sleep(delay.seconds)
        if counts.take(call.on(LostResponse), call.whose) is not None:
            await self._app(scope, receive, _swallow)
            await self._connections.reset(call.client)
            return
        cut = counts.take(call.on(TruncatedDownload), call.whose)
        await self._app(scope, receive, send if cut is None else self._short(send, cut.after_bytes, call.client))

    def _limited(self, call: Call) -> ApiProblem | None:
        for creates, others in self._buckets:
            wait_s = (creates if call.operation in _CREATES else others).wait_s()
            if wait_s > 0:
                message = "This request would exceed the rate limit of your organization"
                return ApiProblem(429, message, retry_after_s=math.ceil(wait_s))
        return None

    async def _call_of(self, request: Request, receive: Receive) -> tuple[Call, Receive]:
        operation, key = _operation_of(request)
        whose, faults = "", self._world.setting.faults
        if operation == "create_session" and self._world.has_faults:
            body, receive = await _read_ahead(receive)
            whose, faults = self._world.faults_of_new(body)
        elif (session_id := self._session_of(request, operation, key)) is not None:
            whose, faults = session_id, self._world.session(session_id).faults()
        return Call(operation=operation, whose=whose, faults=faults, client=client_of(request)), receive

    def _session_of(self, request: Request, operation: str, key: str) -> str | None:
        try:
            if operation.endswith("_file"):
                session_id = self._world.files.get(key).session_id if key else None
            else:
                session_id = request.query_params.get("scope_id") if operation == "list_files" else key
            return self._world.session(session_id).id if session_id else None
        except ApiProblem:
            # There is none; the route says so.
            return None

    def _short(self, send: Send, after_bytes: int, client: Client) -> Send:
        left = after_bytes

        async def send_short(message: Message) -> None:
            nonlocal left
            if message["type"] != "http.response.body" or left < 0:
                await send(message)
                return
            body = message.get("body", b"")
            if len(body) < left or (len(body) == left and not message.get("more_body")):
                left -= len(body)
                await send(message)
                return
            await send({"type": "http.response.body", "body": body[:left], "more_body": True})
            left = -1
            await self._connections.close(client)

        return send_short


def _operation_of(request: Request) -> tuple[str, str]:
    """The operation's name and the id in its path; empty texts for what has none."""
    for method, path, name in _OPERATIONS:
        found = path.fullmatch(request.url.path)
        if found is not None and method == request.method:
            return name, found[1] if found.groups() else ""
    return "", ""


def _problem_of(fault: StatusFault | None, call: Call) -> ApiProblem | None:
    if fault is None:
        return None
    message = f"the scenario answers {call.operation} with {fault.status}"
    return ApiProblem(fault.status, message, retry_after_s=fault.retry_after_s)


async def _swallow(_: Message) -> None:
    """The answer is lost."""


async def _read_ahead(receive: Receive) -> tuple[dict[str, object], Receive]:
    """The JSON object of a body, empty where it is none, and a `receive` that gives the body once more."""
    messages: list[Message] = []
    size = 0
    while size <= MAX_BODY:
        message = await receive()
        messages.append(message)
        size += len(message.get("body", b""))
        if not message.get("more_body"):
            break
    waiting = iter(messages)

    async def receive_again() -> Message:
        message = next(waiting, None)
        return await receive() if message is None else message

    try:
        value = json.loads(b"".join(message.get("body", b"") for message in messages))
    except (ValueError, RecursionError):
        value = None
    return value if isinstance(value, dict) else {}, receive_again
