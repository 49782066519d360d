"""Routes of the models: those that the dated price table has. Any other name can be given to an agent all the same.

What the table does not say (release, context, capabilities) is null, or the epoch where a time is required (documented
for unknown release dates). The newest is first: the table is in that order.
"""

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from evalkit.emulator.fields import JsonObject
from evalkit.emulator.paging import limit_of
from evalkit.emulator.problems import missing, refused
from evalkit.emulator.requests import answer
from evalkit.emulator.usage import PriceTable


class ModelRoutes:
    """`/v1/models`: no beta header is needed."""

    def __init__(self, prices: PriceTable) -> None:
        self._models = [_resource(name) for name in prices.models()]

    def routes(self) -> list[Route]:
        """Path, method and handler of each call."""
        return [
            Route("/v1/models", self.list_all, methods=["GET"]),
            Route("/v1/models/{id}", self.retrieve, methods=["GET"]),
        ]

    async def list_all(self, request: Request) -> Response:
        """`after_id` goes on to older models, `before_id` back to newer ones."""
        query = request.query_params
        limit = limit_of(query, default=20, most=1000)
        after, before = query.get("after_id"), query.get("before_id")
        if before is not None:
            newer = self._models[: self._place(before)]
            shown, has_more = newer[-limit:], len(newer) > limit
        else:
            older = self._models if after is None else self._models[self._place(after) + 1 :]
            shown, has_more = older[:limit], len(older) > limit
        ends = (shown[0]["id"], shown[-1]["id"]) if shown else (None, None)
        return answer({"data": shown, "has_more": has_more, "first_id": ends[0], "last_id": ends[1]})

    async def retrieve(self, request: Request) -> Response:
        wanted = request.path_params["id"]
        found = next((model for model in self._models if model["id"] == wanted), None)
        if found is None:
            raise missing(f"model: {wanted}")
        return answer(found)

    def _place(self, model_id: str) -> int:
        for place, model in enumerate(self._models):
            if model["id"] == model_id:
                return place
        raise refused(f"{model_id!r} is no model of this list")


def _resource(name: str) -> JsonObject:
    words = name.split("-")
    numbers = [word for word in words if word.isdigit()]
    title = " ".join(word.capitalize() for word in words if not word.isdigit())
    return {
        "id": name,
        "type": "model",
        "display_name": f"{title} {'.'.join(numbers)}".strip(),
        "created_at": "1970-01-01T00:00:00Z",
        "lifecycle": "active",
        "line": words[1] if len(words) > 1 else None,
        "deprecated_at": None,
        "retires_at": None,
        "max_input_tokens": None,
        "max_tokens": None,
        "capabilities": None,
        "allowed_fallback_models": None,
    }
