"""Routes of sessions, their events and their resources."""

import asyncio
from collections.abc import AsyncIterator

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from evalkit.emulator.client_events import check_initial, read_client_events
from evalkit.emulator.clock import stamp, wall_time
from evalkit.emulator.fields import Fields, JsonObject
from evalkit.emulator.ids import new_id
from evalkit.emulator.paging import ASCENDING, DESCENDING, limit_of, order_of, page_of
from evalkit.emulator.problems import ApiProblem, conflict, missing, refused
from evalkit.emulator.requests import answer, answer_page, read_object, values_of, whole_of
from evalkit.emulator.resources import session_agent
from evalkit.emulator.session import LiveSession
from evalkit.emulator.sessions import (
    MAX_RESOURCES,
    check_not_running,
    is_wanted,
    is_within,
    session_created,
    session_patch,
    session_resource,
)
from evalkit.emulator.sse import HEARTBEAT_S, PING, frame
from evalkit.emulator.world import World

_STATUSES = ("rescheduling", "running", "idle", "terminated")
_PREVIEWS = ("agent.message", "agent.thinking")


class SessionRoutes:
    """`/v1/sessions` and what lies below it."""

    def __init__(self, world: World) -> None:
        self._world = world

    def routes(self) -> list[Route]:
        """Path, method and handler of each call."""
        one = "/v1/sessions/{id}"
        return [
            Route("/v1/sessions", self.create, methods=["POST"]),
            Route("/v1/sessions", self.list_all, methods=["GET"]),
            Route(one, self.retrieve, methods=["GET"]),
            Route(one, self.update, methods=["POST"]),
            Route(one, self.delete, methods=["DELETE"]),
            Route(f"{one}/archive", self.archive, methods=["POST"]),
            Route(f"{one}/resources", self.add_resource, methods=["POST"]),
            Route(f"{one}/resources", self.list_resources, methods=["GET"]),
            Route(f"{one}/resources/{{resource_id}}", self.retrieve_resource, methods=["GET"]),
            Route(f"{one}/events", self.send_events, methods=["POST"]),
            Route(f"{one}/events", self.list_events, methods=["GET"]),
            Route(f"{one}/events/stream", self.stream_events, methods=["GET"]),
        ]

    async def create(self, request: Request) -> Response:
        """A session, idle, or at work where it was created with events."""
        body = await read_object(request)
        agent = self._agent(body)
        environment = self._world.environments.usable(body.text("environment_id"))
        session = session_created(body, agent, str(environment["id"]))
        resources = body.items("resources", most=MAX_RESOURCES)
        initial = read_client_events(body, "initial_events", self._world.files.text_of)
        check_initial(initial)
        body.end()
        self._check_model(session)
        self._check_create_fault(session)
        live = self._world.open_session(session, resources)
        if initial:
            live.accept(initial)
        return answer(session_resource(live.recorder))

    async def retrieve(self, request: Request) -> Response:
        live = self._live(request, "retrieve_session")
        return answer(session_resource(live.recorder))

    async def update(self, request: Request) -> Response:
        """The session after the update, which is an event if something changed."""
        live = self._live(request)
        body = await read_object(request)
        if live.state.session["archived_at"] is not None:
            raise conflict(f"Session {live.id} is archived")
        patch = session_patch(body, live.state.session, live.recorder)
        if patch:
            live.journal.append("patched", patch | {"updated_at": stamp(wall_time())})
            live.recorder.show({"id": new_id("sevt"), "type": "session.updated"} | patch)
            live.wake()
        return answer(session_resource(live.recorder))

    async def delete(self, request: Request) -> Response:
        live = self._live(request)
        check_not_running(
            live.state.status,
            "Cannot delete session while it is running. Send an interrupt event or wait for the session to complete.",
        )
        await self._world.delete_session(live)
        return answer({"id": live.id, "type": "session_deleted"})

    async def archive(self, request: Request) -> Response:
        """The session, archived: it takes no more events and its directory is gone; its files stay."""
        live = self._live(request, "archive_session")
        check_not_running(
            live.state.status,
            f'Session {live.id} cannot be archived while its status is "running". '
            "Only pending or idle sessions may be archived.",
        )
        if live.state.session["archived_at"] is None:
            now = stamp(wall_time())
            live.journal.append("patched", {"archived_at": now, "updated_at": now})
            await live.close()
        return answer(session_resource(live.recorder))

    async def list_all(self, request: Request) -> Response:
        query = request.query_params
        statuses = values_of(request, "statuses")
        for status in statuses:
            if status not in _STATUSES:
                raise refused(f"statuses: {status!r} is not one of {', '.join(_STATUSES)}")
        if "agent_version" in query and "agent_id" not in query:
            raise refused("agent_version: only allowed with agent_id")
        whole_of(request, "agent_version")
        rows = [(number, session_resource(live.recorder)) for number, live in self._world.sessions()]
        page = page_of(
            [row for row in rows if is_wanted(row[1], query, statuses)],
            limit=limit_of(query, default=20, most=100),
            order=order_of(query, default=DESCENDING),
            cursor=query.get("page"),
        )
        return answer_page(page, prev_page=None)

    async def add_resource(self, request: Request) -> Response:
        live = self._live(request)
        body = await read_object(request)
        if live.state.is_over:
            raise conflict(f"Session {live.id} is archived or terminated")
        return answer(self._world.mount(live, body))

    async def list_resources(self, request: Request) -> Response:
        query = request.query_params
        rows = list(enumerate(_resources(self._live(request))))
        limit = limit_of(query, default=1000, most=1000)
        return answer_page(page_of(rows, limit=limit, order=ASCENDING, cursor=query.get("page")))

    async def retrieve_resource(self, request: Request) -> Response:
        wanted = request.path_params["resource_id"]
        for resource in _resources(self._live(request)):
            if resource["id"] == wanted:
                return answer(resource)
        raise missing(f"Resource '{wanted}'")

    async def send_events(self, request: Request) -> Response:
        live = self._live(request, "send_events")
        body = await read_object(request)
        events = read_client_events(body, "events", self._world.files.text_of)
        body.end()
        if not events:
            raise refused("events: at least one event is required")
        return answer({"data": live.accept(events)})

    async def list_events(self, request: Request) -> Response:
        query = request.query_params
        live = self._live(request, "list_events")
        types = values_of(request, "types")
        rows = [
            (number, event)
            for number, event in enumerate(live.state.events)
            if (not types or event["type"] in types) and is_within(str(event["processed_at"]), query)
        ]
        page = page_of(
            rows,
            limit=limit_of(query, default=1000, most=1000),
            order=order_of(query, default=ASCENDING),
            cursor=query.get("page"),
        )
        return answer_page(page)

    async def stream_events(self, request: Request) -> Response:
        """Every event after this moment, as it comes; the moment is before the first byte of the answer."""
        live = self._live(request, "stream_events")
        for preview in values_of(request, "event_deltas"):
            if preview not in _PREVIEWS:
                raise refused(f"event_deltas: {preview!r} is not one of {', '.join(_PREVIEWS)}")
        frames = self._frames(live, len(live.state.events))
        return StreamingResponse(frames, media_type="text/event-stream", headers={"cache-control": "no-cache"})

    async def _frames(self, live: LiveSession, start: int) -> AsyncIterator[bytes]:
        drop = live.take_stream_drop()
        place = start
        while True:
            growth = live.journal.growth()
            while place < len(live.state.events):
                event = live.state.events[place]
                if drop is not None and place - start >= drop.after_event:
                    if drop.partial_frame:
                        yield frame(event)[:40]
                    return
                yield frame(event)
                place += 1
            if live.state.is_deleted or self._world.is_closing:
                return
            try:
                await asyncio.wait_for(growth.wait(), HEARTBEAT_S)
            except TimeoutError:
                yield PING

    def _live(self, request: Request, operation: str = "") -> LiveSession:
        live = self._world.session(request.path_params["id"])
        self._world.check_status_fault(operation, live.faults(), live.id)
        return live

    def _agent(self, body: Fields) -> JsonObject:
        """The session's agent, from the three forms a request may give it in."""
        if isinstance(body.value("agent"), str):
            return session_agent(self._usable(self._world.agents.get(body.text("agent"))), None)
        form = body.child("agent")
        if form is None:
            raise body.problem("agent", "field required")
        kind = form.choice("type", ("agent", "agent_with_overrides"))
        version = form.integer("version", low=1, high=2**31)
        agent = self._usable(self._world.agents.get(form.text("id"), version))
        resolved = session_agent(agent, form if kind == "agent_with_overrides" else None)
        form.end()
        return resolved

    def _usable(self, agent: JsonObject) -> JsonObject:
        if self._world.agents.get(str(agent["id"]))["archived_at"] is not None:
            raise refused(f"Agent '{agent['id']}' is archived")
        return agent

    def _check_model(self, session: JsonObject) -> None:
        agent = session["agent"]
        model = agent["model"] if isinstance(agent, dict) else {}
        if session["budget"] is not None and not self._world.setting.prices.has_price(model):
            raise ApiProblem(400, f"budget: model {model['id']!r} has no price", error_code="model_not_budgetable")

    def _check_create_fault(self, session: JsonObject) -> None:
        scenario = self._world.setting.scenario
        metadata = session["metadata"]
        if scenario is None or not isinstance(metadata, dict):
            return
        script = scenario.match(metadata, "")
        if script is not None:
            self._world.check_status_fault("create_session", script.faults, str(sorted(metadata.items())))


def _resources(live: LiveSession) -> list[JsonObject]:
    resources = live.state.session["resources"]
    return [resource for resource in resources if isinstance(resource, dict)] if isinstance(resources, list) else []
