"""The SDK client: what it sends to whom, and how its errors are told."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import anthropic
import httpx2
import pytest

from evalkit.claude.client import HOSTED_URL, Target, as_measurement_error, hosted_target, open_client
from evalkit.errors import Boundary, NetworkError, PlatformError, SettingsError
from evalkit.settings import Secret, Settings, load_settings

SECRET = "sk-ant-a-real-one"
EMPTY_PAGE = b'{"data": [], "next_page": null}'
HALF_AN_AGENT = b'{"data": [{"id": "agent_1", "type": "agent"}], "next_page": null}'


@asynccontextmanager
async def server(body: bytes) -> AsyncIterator[tuple[str, list[bytes]]]:
    """A server that answers everything with `body` and keeps what it was sent."""
    seen: list[bytes] = []

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        seen.append(await reader.readuntil(b"\r\n\r\n"))
        head = f"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {len(body)}\r\n"
        writer.write(head.encode() + b"connection: close\r\n\r\n" + body)
        await writer.drain()
        writer.close()

    listener = await asyncio.start_server(answer, "127.0.0.1", 0)
    async with listener:
        host, port = listener.sockets[0].getsockname()
        yield f"http://{host}:{port}", seen


async def list_agents(target: Target, *, strict: bool = False) -> int:
    async with open_client(target, strict=strict) as client:
        return len([agent async for agent in client.beta.agents.list()])


def test_nothing_secret_of_the_environment_reaches_the_emulator(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ANTHROPIC_API_KEY", SECRET)
    monkeypatch.setenv("ANTHROPIC_AUTH_TOKEN", SECRET)
    monkeypatch.setenv(
        "ANTHROPIC_CUSTOM_HEADERS", f"x-api-key: {SECRET}\nauthorization: Bearer {SECRET}\nx-team: {SECRET}"
    )

    async def ask() -> list[bytes]:
        async with server(EMPTY_PAGE) as (url, seen):
            await list_agents(Target(base_url=url, api_key=None))
            return seen

    (request,) = asyncio.run(ask())

    assert SECRET.encode() not in request
    assert b"managed-agents-2026-04-01" in request


@pytest.mark.parametrize("variable", ["HTTP_PROXY", "http_proxy", "ALL_PROXY", "HTTPS_PROXY"])
def test_the_emulator_is_reached_without_the_environments_proxy(variable: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(variable, "http://127.0.0.1:9")

    async def ask() -> int:
        async with server(EMPTY_PAGE) as (url, _):
            return await list_agents(Target(base_url=url, api_key=None))

    assert asyncio.run(ask()) == 0


def test_the_hosted_target_gets_the_key_it_was_given() -> None:
    async def ask() -> list[bytes]:
        async with server(EMPTY_PAGE) as (url, seen):
            await list_agents(Target(base_url=url, api_key=Secret(SECRET)))
            return seen

    (request,) = asyncio.run(ask())

    assert SECRET.encode() in request


def test_strict_answers_must_have_every_required_field() -> None:
    async def ask(*, strict: bool) -> int:
        async with server(HALF_AN_AGENT) as (url, _):
            return await list_agents(Target(base_url=url, api_key=None), strict=strict)

    assert asyncio.run(ask(strict=False)) == 1
    with pytest.raises(anthropic.APIResponseValidationError):
        asyncio.run(ask(strict=True))


def settings(**variables: str) -> Settings:
    return load_settings(Path("/"), environ=variables)


def test_a_missing_key_is_one_sentence_that_says_what_would_do() -> None:
    with pytest.raises(SettingsError, match="ANTHROPIC_API_KEY is not set; set it, or use `--backend emulator`"):
        hosted_target(settings())


def test_the_label_is_the_host_and_never_the_key() -> None:
    target = hosted_target(settings(ANTHROPIC_API_KEY=SECRET))

    assert (target.base_url, target.label) == (HOSTED_URL, "api.anthropic.com")
    assert SECRET not in repr(target)
    proxy = Target(base_url="https://bob:s3cret@proxy.example:8443/x", api_key=Secret(SECRET))
    assert proxy.label == "proxy.example:8443"
    assert Target(base_url="http://127.0.0.1:1", api_key=None).label == "emulator (scripted agents, simulated prices)"


@pytest.mark.parametrize(
    ("status", "may_retry"),
    [(400, False), (401, False), (404, False), (409, True), (429, True), (500, True), (529, True)],
)
def test_an_answer_of_the_api_is_the_platforms_failure_and_says_whether_to_try_again(
    status: int, may_retry: bool
) -> None:
    request = httpx2.Request("POST", "http://127.0.0.1/v1/sessions")
    response = httpx2.Response(status, request=request, headers={"request-id": "req_7"})
    body = {"type": "error", "error": {"type": "x", "message": "bad\n thing"}}
    error = anthropic.APIStatusError("x", response=response, body=body)

    failure = as_measurement_error(error, "create session")

    assert isinstance(failure, PlatformError)
    assert failure.may_retry is may_retry
    assert str(failure) == f"create session: the API answered {status} bad thing (request req_7)"


def test_no_answer_is_the_networks_failure() -> None:
    failure = as_measurement_error(httpx2.ReadTimeout("slow"), "events")

    assert isinstance(failure, NetworkError)
    assert (failure.boundary, failure.may_retry) == (Boundary.NETWORK, True)
