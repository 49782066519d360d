"""Routes of what is mounted into a session: files alone, on this server."""

from contextlib import suppress
from pathlib import PurePosixPath

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from evalkit.emulator.fields import JsonObject
from evalkit.emulator.hands import UPLOADS
from evalkit.emulator.paging import ASCENDING, limit_of, page_of
from evalkit.emulator.problems import ApiProblem, conflict, missing, refused
from evalkit.emulator.requests import answer, answer_page, read_object
from evalkit.emulator.session import LiveSession
from evalkit.emulator.world import World


class SessionResourceRoutes:
    """`/v1/sessions/{id}/resources`."""

    def __init__(self, world: World) -> None:
        self._world = world

    def routes(self) -> list[Route]:
        """Path, method and handler of each call."""
        every = "/v1/sessions/{id}/resources"
        one = f"{every}/{{resource_id}}"
        return [
            Route(every, self.add, methods=["POST"]),
            Route(every, self.list_all, methods=["GET"]),
            Route(one, self.retrieve, methods=["GET"]),
            Route(one, self.update, methods=["POST"]),
            Route(one, self.delete, methods=["DELETE"]),
        ]

    async def add(self, request: Request) -> Response:
        live = self._open(request)
        return answer(self._world.mount(live, await read_object(request)))

    async def list_all(self, request: Request) -> Response:
        query = request.query_params
        rows = list(enumerate(_resources(self._live(request))))
        limit = limit_of(query, default=1000, most=1000)
        return answer_page(page_of(rows, limit=limit, order=ASCENDING, cursor=query.get("page")))

    async def retrieve(self, request: Request) -> Response:
        return answer(self._found(request, self._live(request)))

    async def update(self, request: Request) -> Response:
        """Refused: only a repository has something to update, its token."""
        live = self._open(request)
        resource = self._found(request, live)
        body = await read_object(request)
        body.text("authorization_token")
        body.end()
        raise refused(f"Resource '{resource['id']}' is a {resource['type']}; only a github_repository can be updated")

    async def delete(self, request: Request) -> Response:
        """The file is gone from the session's directory and from the Files API; the upload stays."""
        live = self._open(request)
        resource = self._found(request, live)
        kept = [other for other in _resources(live) if other["id"] != resource["id"]]
        live.journal.append("patched", {"resources": kept})
        below = PurePosixPath(str(resource["mount_path"])).relative_to(UPLOADS)
        (live.hands.uploads / below).unlink(missing_ok=True)
        # A client may have deleted the copy itself.
        with suppress(ApiProblem):
            self._world.files.delete(str(resource["file_id"]))
        return answer({"id": resource["id"], "type": "session_resource_deleted"})

    def _live(self, request: Request) -> LiveSession:
        return self._world.session(request.path_params["id"])

    def _open(self, request: Request) -> LiveSession:
        live = self._live(request)
        if live.state.is_over:
            raise conflict(f"Session {live.id} is archived or terminated")
        return live

    def _found(self, request: Request, live: LiveSession) -> JsonObject:
        wanted = request.path_params["resource_id"]
        for resource in _resources(live):
            if resource["id"] == wanted:
                return resource
        raise missing(f"Resource '{wanted}'")


def _resources(live: LiveSession) -> list[JsonObject]:
    resources = live.state.session["resources"]
    return [resource for resource in resources if isinstance(resource, dict)] if isinstance(resources, list) else []
