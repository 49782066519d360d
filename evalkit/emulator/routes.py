"""The HTTP application: every route, the door that each request passes, and the form of every error."""

import threading
from collections import deque
from collections.abc import MutableMapping
from dataclasses import dataclass, field

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from evalkit.emulator.connections import Connections
from evalkit.emulator.fault_door import FaultDoor
from evalkit.emulator.ids import new_id
from evalkit.emulator.model_routes import ModelRoutes
from evalkit.emulator.problems import ApiProblem
from evalkit.emulator.requests import MANAGED_AGENTS_BETA, betas_of, problem_response
from evalkit.emulator.resource_routes import AgentRoutes, EnvironmentRoutes, FileRoutes
from evalkit.emulator.session_resource_routes import SessionResourceRoutes
from evalkit.emulator.session_routes import SessionRoutes
from evalkit.emulator.thread_routes import ThreadRoutes
from evalkit.emulator.world import World

_REMEMBERED = 2_000
"""A server may run for weeks; whoever looks at its requests looks soon."""
_MANAGED = ("/v1/agents", "/v1/environments", "/v1/sessions")


@dataclass(frozen=True, slots=True, kw_only=True)
class SeenRequest:
    """One request that the server has answered: a witness for tests."""

    method: str
    path: str
    query: str
    status: int
    credential: str = field(repr=False)
    """What the client sent as its key, from either header."""


class RequestLog:
    """The newest requests; written by the server's thread, read by any."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._seen: deque[SeenRequest] = deque(maxlen=_REMEMBERED)

    def add(self, seen: SeenRequest) -> None:
        with self._lock:
            self._seen.append(seen)

    def all(self) -> tuple[SeenRequest, ...]:
        """In the order in which they were answered."""
        with self._lock:
            return tuple(self._seen)


def build_app(world: World, log: RequestLog, connections: Connections) -> ASGIApp:
    """The application over one world."""
    sections = (
        AgentRoutes(world),
        EnvironmentRoutes(world),
        FileRoutes(world),
        SessionRoutes(world, connections),
        ThreadRoutes(world, connections),
        SessionResourceRoutes(world),
        ModelRoutes(world.setting.prices),
    )
    app = Starlette(
        routes=[route for section in sections for route in section.routes()],
        exception_handlers={ApiProblem: _problem, HTTPException: _unrouted, Exception: _fault},
    )
    # `/v1/agents/` is another path than `/v1/agents`: a redirect would lose a client's body.
    app.router.redirect_slashes = False
    return Door(FaultDoor(app, world, connections), log)


class Door:
    """Every request has an id, a key, a version, and for managed agents the beta header, before a route sees it."""

    def __init__(self, app: ASGIApp, log: RequestLog) -> None:
        self._app = app
        self._log = log

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """The request is answered, and noted."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request = Request(scope)
        request_id = new_id("req")
        scope.setdefault("state", {})["request_id"] = request_id

        async def noted_send(message: Message) -> None:
            if message["type"] == "http.response.start":
                _add_header(message, b"request-id", request_id.encode())
                self._log.add(_seen(request, message["status"]))
            await send(message)

        problem = _refusal(request)
        if problem is not None:
            await problem_response(problem, request_id)(scope, receive, noted_send)
            return
        await self._app(scope, receive, noted_send)


def _refusal(request: Request) -> ApiProblem | None:
    """Why the request may not pass; None if it may."""
    if not _credential(request):
        return ApiProblem(401, "x-api-key or authorization header is required")
    if "anthropic-version" not in request.headers:
        return ApiProblem(400, "anthropic-version: header is required")
    path = request.url.path
    is_managed = any(path == root or path.startswith(f"{root}/") for root in _MANAGED)
    if is_managed and MANAGED_AGENTS_BETA not in betas_of(request):
        return ApiProblem(404, "not found")
    return None


def _credential(request: Request) -> str:
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer" and token.strip():
        return token.strip()
    return request.headers.get("x-api-key", "").strip()


def _seen(request: Request, status: int) -> SeenRequest:
    return SeenRequest(
        method=request.method,
        path=request.url.path,
        query=request.url.query,
        status=status,
        credential=_credential(request),
    )


def _add_header(message: MutableMapping[str, object], name: bytes, value: bytes) -> None:
    headers = message["headers"]
    message["headers"] = [*(headers if isinstance(headers, list) else []), (name, value)]


async def _problem(request: Request, error: Exception) -> Response:
    problem = error if isinstance(error, ApiProblem) else ApiProblem(500, "Internal server error")
    return problem_response(problem, request.state.request_id)


async def _unrouted(request: Request, error: Exception) -> Response:
    status = error.status_code if isinstance(error, HTTPException) else 500
    words = {404: "not found", 405: f"{request.method} is not allowed here"}
    problem = ApiProblem(status, words.get(status, "the request cannot be read"))
    return problem_response(problem, request.state.request_id)


async def _fault(request: Request, _: Exception) -> Response:
    return problem_response(ApiProblem(500, "Internal server error"), request.state.request_id)
