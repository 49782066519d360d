"""Routes of agents, environments and files."""

from starlette.datastructures import UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser
from starlette.requests import Request
from starlette.responses import FileResponse, Response
from starlette.routing import Route

from evalkit.emulator.fields import JsonObject
from evalkit.emulator.files import StoredFile
from evalkit.emulator.paging import ASCENDING, DESCENDING, limit_of, page_of
from evalkit.emulator.problems import refused
from evalkit.emulator.requests import (
    MANAGED_AGENTS_BETA,
    OLD_FILES_BETA,
    answer,
    answer_page,
    betas_of,
    limited,
    read_object,
    values_of,
    whole_of,
)
from evalkit.emulator.sessions import is_within
from evalkit.emulator.world import World

MAX_UPLOAD = 500 * 1024 * 1024
_MULTIPART_OVERHEAD = 64 * 1024
_COPY_CHUNK = 1024 * 1024


class AgentRoutes:
    """`/v1/agents`."""

    def __init__(self, world: World) -> None:
        self._agents = world.agents

    def routes(self) -> list[Route]:
        """Path, method and handler of each call."""
        return [
            Route("/v1/agents", self.create, methods=["POST"]),
            Route("/v1/agents", self.list_all, methods=["GET"]),
            Route("/v1/agents/{id}", self.retrieve, methods=["GET"]),
            Route("/v1/agents/{id}", self.update, methods=["POST"]),
            Route("/v1/agents/{id}/archive", self.archive, methods=["POST"]),
            Route("/v1/agents/{id}/versions", self.versions, methods=["GET"]),
        ]

    async def create(self, request: Request) -> Response:
        return answer(self._agents.create(await read_object(request)))

    async def retrieve(self, request: Request) -> Response:
        return answer(self._agents.get(request.path_params["id"], whole_of(request, "version")))

    async def update(self, request: Request) -> Response:
        return answer(self._agents.update(request.path_params["id"], await read_object(request)))

    async def archive(self, request: Request) -> Response:
        return answer(self._agents.archive(request.path_params["id"]))

    async def list_all(self, request: Request) -> Response:
        return _listing(request, self._agents.listing())

    async def versions(self, request: Request) -> Response:
        query = request.query_params
        rows = self._agents.versions(request.path_params["id"])
        limit = limit_of(query, default=20, most=100)
        return answer_page(page_of(rows, limit=limit, order=DESCENDING, cursor=query.get("page")))


class EnvironmentRoutes:
    """`/v1/environments`."""

    def __init__(self, world: World) -> None:
        self._environments = world.environments

    def routes(self) -> list[Route]:
        """Path, method and handler of each call."""
        return [
            Route("/v1/environments", self.create, methods=["POST"]),
            Route("/v1/environments", self.list_all, methods=["GET"]),
            Route("/v1/environments/{id}", self.retrieve, methods=["GET"]),
            Route("/v1/environments/{id}", self.update, methods=["POST"]),
            Route("/v1/environments/{id}", self.delete, methods=["DELETE"]),
            Route("/v1/environments/{id}/archive", self.archive, methods=["POST"]),
        ]

    async def create(self, request: Request) -> Response:
        return answer(self._environments.create(await read_object(request)))

    async def retrieve(self, request: Request) -> Response:
        return answer(self._environments.get(request.path_params["id"]))

    async def update(self, request: Request) -> Response:
        return answer(self._environments.update(request.path_params["id"], await read_object(request)))

    async def archive(self, request: Request) -> Response:
        return answer(self._environments.archive(request.path_params["id"]))

    async def delete(self, request: Request) -> Response:
        environment_id = request.path_params["id"]
        self._environments.delete(environment_id)
        return answer({"id": environment_id, "type": "environment_deleted"})

    async def list_all(self, request: Request) -> Response:
        return _listing(request, self._environments.listing())


class FileRoutes:
    """`/v1/files`: no beta header is needed, and the header chooses the shape of the list."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._files = world.files

    def routes(self) -> list[Route]:
        """Path, method and handler of each call."""
        return [
            Route("/v1/files", self.upload, methods=["POST"]),
            Route("/v1/files", self.list_all, methods=["GET"]),
            Route("/v1/files/{id}", self.metadata, methods=["GET"]),
            Route("/v1/files/{id}", self.delete, methods=["DELETE"]),
            Route("/v1/files/{id}/content", self.content, methods=["GET"]),
        ]

    async def upload(self, request: Request) -> Response:
        """The file's record; the bytes went through a spooled file on disk, never through memory as a whole."""
        if not request.headers.get("content-type", "").startswith("multipart/form-data"):
            raise refused("file: a multipart/form-data body is required")
        parser = MultiPartParser(
            request.headers, limited(request, MAX_UPLOAD + _MULTIPART_OVERHEAD), max_files=1, max_fields=10
        )
        try:
            form = await parser.parse()
        except (MultiPartException, KeyError, UnicodeDecodeError, LookupError) as error:
            raise refused("file: the multipart body cannot be read") from error
        try:
            part = form.get("file")
            if not isinstance(part, UploadFile):
                raise refused("file: field required")
            expires_in_s = _expiry(form.get("expires_in_seconds"))
            path = self._files.new_path()
            with path.open("wb") as stored:
                while chunk := await part.read(_COPY_CHUNK):
                    stored.write(chunk)
            record = self._files.add_upload(part.filename or "", part.content_type, path, expires_in_s)
        finally:
            await form.close()
        return answer(self._shown(request, record))

    async def list_all(self, request: Request) -> Response:
        """Newest first (recorded); by `ids[]`, by session, or all."""
        query = request.query_params
        is_old = OLD_FILES_BETA in betas_of(request)
        ids = values_of(request, "ids")
        if ids:
            if {"page", "limit"} & query.keys():
                raise refused("ids: cannot be combined with page or limit")
            known = dict(self._by_id())
            found = [self._shown(request, known[each]) for each in ids if each in known]
            return answer({"data": found, "next_page": None})
        rows = self._rows(request)
        limit = limit_of(query, default=20, most=1000)
        if is_old:
            return self._old_page(request, rows, limit)
        page = page_of(rows, limit=limit, order=DESCENDING, cursor=query.get("page"), prefix="page_")
        return answer({"data": [self._shown(request, row) for row in page.rows], "next_page": page.next_page})

    async def metadata(self, request: Request) -> Response:
        return answer(self._shown(request, self._files.get(request.path_params["id"])))

    async def content(self, request: Request) -> Response:
        record = self._files.get(request.path_params["id"])
        return FileResponse(self._files.content_of(record.file_id), media_type=record.mime_type)

    async def delete(self, request: Request) -> Response:
        file_id = request.path_params["id"]
        self._files.delete(file_id)
        return answer({"id": file_id, "type": "file_deleted"})

    def _by_id(self) -> list[tuple[str, StoredFile]]:
        return [(record.file_id, record) for _, record in self._files.listing(None)]

    def _rows(self, request: Request) -> list[tuple[int, StoredFile]]:
        scope_id = request.query_params.get("scope_id")
        if scope_id is None:
            return self._files.listing(None)
        if MANAGED_AGENTS_BETA not in betas_of(request):
            raise refused(f"scope_id: needs the beta header {MANAGED_AGENTS_BETA}")
        live = self._world.session(scope_id)
        rows = self._files.listing(scope_id)
        is_running = live.state.status == "running"
        are_late = self._world.fault_counts.hides_outputs(live.faults(), live.id, is_running=is_running)
        return [row for row in rows if not row[1].is_output] if are_late else rows

    def _old_page(self, request: Request, rows: list[tuple[int, StoredFile]], limit: int) -> Response:
        """`after_id` goes on to older files, `before_id` back to newer ones."""
        newest_first = [record for _, record in reversed(rows)]
        places = {record.file_id: place for place, record in enumerate(newest_first)}
        after, before = request.query_params.get("after_id"), request.query_params.get("before_id")
        for given in (after, before):
            if given is not None and given not in places:
                raise refused(f"{given!r} is no file of this list")
        if before is not None:
            newer = newest_first[: places[before]]
            shown, has_more = newer[-limit:], len(newer) > limit
        else:
            older = newest_first if after is None else newest_first[places[after] + 1 :]
            shown, has_more = older[:limit], len(older) > limit
        ends = (shown[0].file_id, shown[-1].file_id) if shown else (None, None)
        data = [self._shown(request, record) for record in shown]
        return answer({"data": data, "has_more": has_more, "first_id": ends[0], "last_id": ends[1]})

    def _shown(self, request: Request, record: StoredFile) -> JsonObject:
        return record.as_resource(old_shape=OLD_FILES_BETA in betas_of(request))


def _listing(request: Request, rows: list[tuple[int, JsonObject]]) -> Response:
    query = request.query_params
    wanted = [
        row
        for row in rows
        if (row[1]["archived_at"] is None or query.get("include_archived") == "true")
        and is_within(str(row[1]["created_at"]), query)
    ]
    limit = limit_of(query, default=20, most=100)
    return answer_page(page_of(wanted, limit=limit, order=ASCENDING, cursor=query.get("page")))


def _expiry(value: object) -> int | None:
    if value is None:
        return None
    if not isinstance(value, str) or not (value.isascii() and value.isdigit()) or not 3600 <= int(value[:9]) <= 7776000:
        raise refused("expires_in_seconds: 3600 to 7776000 is allowed")
    return int(value)
