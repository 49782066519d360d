"""What every route needs of a request, and how it answers."""

import json
from collections.abc import AsyncGenerator

from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from evalkit.emulator.fields import Fields, JsonObject
from evalkit.emulator.paging import Page
from evalkit.emulator.problems import ApiProblem, refused
from evalkit.emulator.sse import json_line

MAX_BODY = 32 * 1024 * 1024
"""Documented for creating sessions; taken for every JSON body."""
MANAGED_AGENTS_BETA = "managed-agents-2026-04-01"
OLD_FILES_BETA = "files-api-2025-04-14"


async def limited(request: Request, limit: int) -> AsyncGenerator[bytes, None]:
    """The body's chunks.

    Raises:
        ApiProblem: 413, more than `limit` bytes; 400, the client went away.
    """
    size = 0
    try:
        async for chunk in request.stream():
            size += len(chunk)
            if size > limit:
                raise ApiProblem(413, f"the request is larger than {limit} bytes")
            yield chunk
    except ClientDisconnect as error:
        raise refused("the client went away") from error


async def read_object(request: Request) -> Fields:
    """The JSON object of the body; an empty body is an empty object.

    Raises:
        ApiProblem: 400, not JSON, not text, or no object; 413, too large.
    """
    content = b"".join([chunk async for chunk in limited(request, MAX_BODY)])
    try:
        value = json.loads(content or b"{}", parse_constant=_refuse_constant)
        # What cannot be sent back is refused as it comes: lone surrogates, nesting deeper than the encoder goes.
        json_line(value).encode()
    except (ValueError, RecursionError) as error:
        raise refused("Failed to parse request: the body is not valid JSON") from error
    return Fields(value)


def answer(value: object) -> Response:
    """A 200 with JSON."""
    return Response(json_line(value), media_type="application/json")


def problem_response(problem: ApiProblem, request_id: str) -> Response:
    """The API's error envelope."""
    headers = {} if problem.retry_after_s is None else {"retry-after": f"{problem.retry_after_s:g}"}
    body = json_line(problem.body(request_id))
    return Response(body, status_code=problem.status, media_type="application/json", headers=headers)


def answer_page(page: Page[JsonObject], **more: object) -> Response:
    """A page in the managed-agents form: `data` and `next_page`."""
    return answer({"data": list(page.rows), "next_page": page.next_page, **more})


def betas_of(request: Request) -> frozenset[str]:
    """The beta names that the request carries, in one header or several."""
    joined = ",".join(request.headers.getlist("anthropic-beta"))
    return frozenset(name.strip() for name in joined.split(",") if name.strip())


def values_of(request: Request, key: str, *, most: int = 100) -> list[str]:
    """A repeated query parameter, `key[]=a&key[]=b`.

    Raises:
        ApiProblem: 400, more than `most` values.
    """
    values = request.query_params.getlist(f"{key}[]")
    if len(values) > most:
        raise refused(f"{key}: at most {most} values are allowed, found {len(values)}")
    return values


def whole_of(request: Request, key: str) -> int | None:
    """A query parameter that is a whole number above zero, or None when absent.

    Raises:
        ApiProblem: 400, something else.
    """
    text = request.query_params.get(key)
    if text is None:
        return None
    if not (text.isascii() and text.isdigit()) or len(text) > 9 or int(text) < 1:
        raise refused(f"{key}: {text!r} is no whole number above zero")
    return int(text)


def _refuse_constant(name: str) -> object:
    raise ValueError(name)
