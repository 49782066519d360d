"""Routes of a session's threads. The primary thread's events are the session's own."""

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from evalkit.emulator.clock import parse_stamp, wall_time
from evalkit.emulator.connections import Connections
from evalkit.emulator.event_stream import EventStreams
from evalkit.emulator.faults import without_missing
from evalkit.emulator.fields import JsonObject
from evalkit.emulator.paging import ASCENDING, limit_of, page_of
from evalkit.emulator.problems import refused
from evalkit.emulator.requests import answer, answer_page, values_of
from evalkit.emulator.roster import thread_agent
from evalkit.emulator.session import LiveSession
from evalkit.emulator.sessions import STATUSES
from evalkit.emulator.thread import LiveThread
from evalkit.emulator.world import World


class ThreadRoutes:
    """`/v1/sessions/{id}/threads`."""

    def __init__(self, world: World, connections: Connections) -> None:
        self._world = world
        self._streams = EventStreams(world, connections)

    def routes(self) -> list[Route]:
        """Path, method and handler of each call."""
        every = "/v1/sessions/{id}/threads"
        one = f"{every}/{{thread_id}}"
        return [
            Route(every, self.list_all, methods=["GET"]),
            Route(one, self.retrieve, methods=["GET"]),
            Route(f"{one}/archive", self.archive, methods=["POST"]),
            Route(f"{one}/events", self.list_events, methods=["GET"]),
            # Not `/events/stream`, as the session's own is called.
            Route(f"{one}/stream", self.stream_events, methods=["GET"]),
        ]

    async def list_all(self, request: Request) -> Response:
        """The primary thread first, then the subagents' in order of creation."""
        query = request.query_params
        statuses = values_of(request, "statuses")
        for status in statuses:
            if status not in STATUSES:
                raise refused(f"statuses: {status!r} is not one of {', '.join(STATUSES)}")
        live = self._live(request)
        shown = [thread_resource(live, thread) for thread in live.threads()]
        rows = [row for row in enumerate(shown) if not statuses or row[1]["status"] in statuses]
        limit = limit_of(query, default=1000, most=1000)
        return answer_page(page_of(rows, limit=limit, order=ASCENDING, cursor=query.get("page")))

    async def retrieve(self, request: Request) -> Response:
        live, thread = self._found(request)
        return answer(thread_resource(live, thread))

    async def archive(self, request: Request) -> Response:
        """The thread, archived; one that waits for the client counts as idle (documented)."""
        live, thread = self._found(request)
        thread_id = str(thread.state.thread_id)
        if not thread.recorder.is_subagent:
            raise refused(f"Thread '{thread_id}' is the session's primary thread; archive the session")
        if thread.state.session["archived_at"] is None:
            if thread.state.thread_status != "idle" or thread.state.queued:
                raise refused(f"Thread '{thread_id}' cannot be archived while it is running; interrupt it first")
            live.archive_thread(thread_id)
        return answer(thread_resource(live, thread))

    async def list_events(self, request: Request) -> Response:
        query = request.query_params
        live, thread = self._found(request)
        faults = live.faults()
        rows = [(number, without_missing(event, faults)) for number, event in enumerate(thread.state.events)]
        limit = limit_of(query, default=1000, most=1000)
        return answer_page(page_of(rows, limit=limit, order=ASCENDING, cursor=query.get("page")))

    async def stream_events(self, request: Request) -> Response:
        """Every event of the thread after this moment."""
        live, thread = self._found(request)
        return self._streams.open(request, live, thread)

    def _live(self, request: Request) -> LiveSession:
        return self._world.session(request.path_params["id"])

    def _found(self, request: Request) -> tuple[LiveSession, LiveThread]:
        live = self._live(request)
        return live, live.thread(request.path_params["thread_id"])


def thread_resource(live: LiveSession, thread: LiveThread) -> JsonObject:
    """The thread as a client sees it now; what it has used is null until it first went idle (documented)."""
    state = thread.state
    session = state.session
    agent = session["agent"]
    active_s = round(state.thread_active.read(live.clock.now), 3)
    begun = any(event["type"] == "session.thread_status_running" for event in state.events)
    rested = state.thread_active.stopped_s > 0
    is_archived = session["archived_at"] is not None
    created_at = str(session["created_at"])
    ended_at = parse_stamp(str(session["archived_at"])) if is_archived else max(live.clock.now, wall_time())
    age_s = max(0.0, (ended_at - parse_stamp(created_at)).total_seconds())
    stats = {"active_seconds": active_s, "duration_seconds": round(age_s, 3), "startup_seconds": 0.0}
    return {
        "id": state.thread_id,
        "type": "session_thread",
        "session_id": live.id,
        "agent": thread_agent(agent if isinstance(agent, dict) else {}),
        "parent_thread_id": session.get("parent_thread_id"),
        "status": "terminated" if is_archived else state.thread_status,
        "stats": stats if begun else None,
        "usage": thread.recorder.thread_usage() if rested else None,
        "workflow_run_id": None,
        "created_at": created_at,
        "updated_at": str(state.events[-1]["processed_at"]) if state.events else session["updated_at"],
        "archived_at": session["archived_at"],
    }
