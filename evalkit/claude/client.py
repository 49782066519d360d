"""The SDK client, made for one of two targets, and its errors attributed once at this boundary."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import anthropic
import httpx2

from evalkit.claude.pace import Pace
from evalkit.errors import MeasurementError, NetworkError, PlatformError, SettingsError
from evalkit.settings import Secret, Settings

AsyncAnthropic = anthropic.AsyncAnthropic
"""The SDK's client, for the signatures of rooms that must not import anthropic themselves."""
HOSTED_URL = "https://api.anthropic.com"
_NO_CREDENTIAL = "no-credential-the-emulator-needs-none"
_SENT_TO_EMULATOR = frozenset(
    {
        "accept",
        "accept-encoding",
        "anthropic-beta",
        "anthropic-version",
        "connection",
        "content-length",
        "content-type",
        "host",
        "transfer-encoding",
        "user-agent",
    }
)
"""Headers that reach the emulator. ANTHROPIC_CUSTOM_HEADERS may carry a real credential; it stays here."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """A server that speaks the Managed Agents API."""

    base_url: str
    api_key: Secret | None
    """None for the emulator on the loopback interface."""

    @property
    def is_emulator(self) -> bool:
        return self.api_key is None

    @property
    def label(self) -> str:
        """What the first line of every report says."""
        if self.is_emulator:
            return "emulator (scripted agents, simulated prices)"
        address = urlsplit(self.base_url)
        # Not the whole authority: it may hold a password.
        return f"{address.hostname}:{address.port}" if address.port is not None else str(address.hostname)


def hosted_target(settings: Settings) -> Target:
    """The hosted API, or the server that ANTHROPIC_BASE_URL names.

    Raises:
        SettingsError: there is no key.
    """
    if settings.api_key is None:
        raise SettingsError(
            "backend 'anthropic': ANTHROPIC_API_KEY is not set; set it, or use `--backend emulator`, which needs no key"
        )
    return Target(base_url=settings.base_url or HOSTED_URL, api_key=settings.api_key)


@asynccontextmanager
async def open_client(
    target: Target, *, strict: bool, pace: Pace | None = None
) -> AsyncIterator[anthropic.AsyncAnthropic]:
    """A client for `target`; its connections are closed on leaving.

    The emulator's client sends no credential and uses no proxy, whatever the environment says. With `strict` an
    answer or stream frame that lacks a required field raises instead of passing as a half-empty object. `pace` keeps
    the client to the API's limits.
    """
    if target.api_key is None:
        http_client = httpx2.AsyncClient(
            trust_env=False, timeout=anthropic.DEFAULT_TIMEOUT, limits=anthropic.DEFAULT_CONNECTION_LIMITS
        )
        http_client.event_hooks = {"request": [_keep_credentials_home]}
    else:
        http_client = anthropic.DefaultAsyncHttpxClient()
    if pace is not None:
        hooks = http_client.event_hooks
        http_client.event_hooks = {"request": [*hooks["request"], pace.before], "response": [pace.after]}
    async with anthropic.AsyncAnthropic(
        api_key=target.api_key.reveal if target.api_key is not None else _NO_CREDENTIAL,
        base_url=target.base_url,
        http_client=http_client,
        _strict_response_validation=strict,
    ) as client:
        yield client


async def _keep_credentials_home(request: httpx2.Request) -> None:
    for name in [name for name in request.headers if name not in _SENT_TO_EMULATOR and "stainless" not in name]:
        del request.headers[name]
    request.headers["authorization"] = f"Bearer {_NO_CREDENTIAL}"


def as_measurement_error(error: anthropic.AnthropicError | httpx2.HTTPError, doing: str) -> MeasurementError:
    """The one place where an error of the SDK becomes one of ours; `doing` says what was tried."""
    if isinstance(error, anthropic.APIStatusError):
        if error.status_code < 400:
            # An `event: error` frame: the SDK gives it the status of the stream that it ended.
            return PlatformError(f"{doing}: {_words(error.body)}", cause="stream_error", may_retry=True)
        retry = error.status_code in _TRANSIENT or error.status_code >= 500
        request = f" (request {error.request_id})" if error.request_id else ""
        found = f"the API answered {error.status_code} {_words(error.body)}{request}"
        return PlatformError(f"{doing}: {found}", cause=f"http_{error.status_code}", may_retry=retry)
    if isinstance(error, anthropic.APIResponseValidationError):
        return PlatformError(
            f"{doing}: the API's answer does not fit its own types", cause="malformed", may_retry=False
        )
    return NetworkError(f"{doing}: {type(error).__name__}: {error}", cause="network", may_retry=True)


_TRANSIENT = {408, 409, 429}


def _words(body: object) -> str:
    """The API's own message, one line."""
    message: object = body
    if isinstance(body, Mapping):
        inner = body.get("error")
        message = inner.get("message") if isinstance(inner, Mapping) else inner
    return " ".join(str(message).split())[:300]


def as_dict(model: anthropic.BaseModel) -> dict[str, Any]:
    """What the API sent, as a plain dict: fields it did not send are absent, fields the SDK does not know are kept."""
    return model.to_dict(mode="json", warnings=False)
