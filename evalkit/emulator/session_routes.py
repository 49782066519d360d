"""Routes of sessions, their events and their resources."""

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from evalkit.emulator.client_events import check_initial, read_client_events
from evalkit.emulator.clock import stamp, wall_time
from evalkit.emulator.connections import Connections
from evalkit.emulator.event_stream import EventStreams
from evalkit.emulator.faults import without_missing
from evalkit.emulator.fields import Fields, JsonObject
from evalkit.emulator.ids import new_id
from evalkit.emulator.paging import ASCENDING, DESCENDING, limit_of, order_of, page_of
from evalkit.emulator.problems import ApiProblem, conflict, refused
from evalkit.emulator.requests import answer, answer_page, read_object, values_of, whole_of
from evalkit.emulator.resources import grants_network, session_agent
from evalkit.emulator.roster import roster_of
from evalkit.emulator.session import LiveSession
from evalkit.emulator.sessions import (
    MAX_RESOURCES,
    STATUSES,
    check_not_running,
    is_wanted,
    is_within,
    session_created,
    session_patch,
    session_resource,
)
from evalkit.emulator.world import World


class SessionRoutes:
    """`/v1/sessions` and what lies below it."""

    def __init__(self, world: World, connections: Connections) -> None:
        self._world = world
        self._streams = EventStreams(world, connections)

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
            Route(f"{one}/events", self.send_events, methods=["POST"]),
            Route(f"{one}/events", self.list_events, methods=["GET"]),
            Route(f"{one}/events/stream", self.stream_events, methods=["GET"]),
        ]

    async def create(self, request: Request) -> Response:
        """A session, idle, or at work where it was created with events."""
        body = await read_object(request)
        agent = self._agent(body)
        environment = self._world.environments.usable(body.text("environment_id"))
        session = session_created(body, agent, str(environment["id"])) | {"has_network": grants_network(environment)}
        resources = body.items("resources", most=MAX_RESOURCES)
        initial = read_client_events(body, "initial_events", self._world.files.text_of)
        check_initial(initial)
        body.end()
        self._check_models(session)
        live = self._world.open_session(session, resources, initial)
        return answer(session_resource(live.recorder))

    async def retrieve(self, request: Request) -> Response:
        live = self._live(request)
        return answer(session_resource(live.recorder))

    async def update(self, request: Request) -> Response:
        """The session after the update, which is an event if something changed."""
        live = self._live(request)
        body = await read_object(request)
        if live.state.session["archived_at"] is not None:
            raise conflict(f"Session {live.id} is archived")
        patch = session_patch(body, live.state.session, live.recorder)
        if "budget" in patch or "agent" in patch:
            self._check_models(live.state.session | patch)
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
        live = self._live(request)
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
            if status not in STATUSES:
                raise refused(f"statuses: {status!r} is not one of {', '.join(STATUSES)}")
        if "agent_version" in query and "agent_id" not in query:
            raise refused("agent_version: only allowed with agent_id")
        whole_of(request, "agent_version")
        page = page_of(
            [row for row in self._world.cards() if is_wanted(row[1], query, statuses)],
            limit=limit_of(query, default=20, most=100),
            order=order_of(query, default=DESCENDING),
            cursor=query.get("page"),
        )
        shown = [session_resource(self._world.session(str(card["id"])).recorder) for card in page.rows]
        return answer({"data": shown, "next_page": page.next_page, "prev_page": page.prev_page})

    async def send_events(self, request: Request) -> Response:
        live = self._live(request)
        body = await read_object(request)
        events = read_client_events(body, "events", self._world.files.text_of)
        body.end()
        if not events:
            raise refused("events: at least one event is required")
        return answer({"data": live.accept(events)})

    async def list_events(self, request: Request) -> Response:
        query = request.query_params
        live = self._live(request)
        types = values_of(request, "types")
        faults = live.faults()
        rows = [
            (number, without_missing(event, faults))
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
        """Every event after this moment, as it comes."""
        live = self._live(request)
        return self._streams.open(request, live, live.thread(str(live.state.thread_id)))

    def _live(self, request: Request) -> LiveSession:
        return self._world.session(request.path_params["id"])

    def _agent(self, body: Fields) -> JsonObject:
        """The session's agent, from the three forms a request may give it in."""
        if isinstance(body.value("agent"), str):
            return session_agent(self._usable(self._world.agents.get(body.text("agent"))), None, self._world.agents.get)
        form = body.child("agent")
        if form is None:
            raise body.problem("agent", "field required")
        kind = form.choice("type", ("agent", "agent_with_overrides"))
        version = form.integer("version", low=1, high=2**31)
        agent = self._usable(self._world.agents.get(form.text("id"), version))
        resolved = session_agent(agent, form if kind == "agent_with_overrides" else None, self._world.agents.get)
        form.end()
        return resolved

    def _usable(self, agent: JsonObject) -> JsonObject:
        if self._world.agents.get(str(agent["id"]))["archived_at"] is not None:
            raise refused(f"Agent '{agent['id']}' is archived")
        return agent

    def _check_models(self, session: JsonObject) -> None:
        """Where there is a budget, every model that the session can run has a price.

        Raises:
            ApiProblem: 400.
        """
        if session["budget"] is None:
            return
        agent = session["agent"]
        for each in (agent, *roster_of(agent).values()):
            model = each["model"] if isinstance(each, dict) else None
            if isinstance(model, dict) and not self._world.setting.prices.has_price(model):
                raise ApiProblem(400, f"budget: model {model['id']!r} has no price", error_code="model_not_budgetable")
