"""Sessions: created and given their outcome exactly once, though a POST's answer may be lost."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from operator import itemgetter
from typing import Any, TypeVar

import anthropic
import httpx2

from evalkit.claude.client import as_dict, as_measurement_error
from evalkit.claude.paging import every
from evalkit.claude.provision import Provisioned
from evalkit.claude.stream import list_events
from evalkit.errors import EvalkitError, PlatformError
from evalkit.suite.model import SessionExtras
from evalkit.trial.events import OutcomeDefined
from evalkit.trial.wire import INTERRUPT, parse_event

_ValueT = TypeVar("_ValueT")
_TRIES = 6
_SURELY_REFUSED = {429, 503, 529}
"""Statuses after which the server has certainly not done what was asked."""
_LOOK_BACK = timedelta(minutes=5)
"""How much the server's clock may lag behind ours when a session is looked up by its metadata."""
_ARCHIVE_TRIES = 25
_ARCHIVE_PAUSE_S = 0.2


def with_files(extras: SessionExtras, files: Mapping[str, str]) -> SessionExtras:
    """`extras` with uploaded files mounted too; `files` maps mount paths to file ids."""
    mounts = ({"type": "file", "file_id": file_id, "mount_path": path} for path, file_id in files.items())
    return replace(extras, resources=(*mounts, *extras.resources))


async def open_session(  # noqa: PLR0913  # the parts of the create call
    client: anthropic.AsyncAnthropic,
    provisioned: Provisioned,
    *,
    title: str,
    metadata: Mapping[str, str],
    extras: SessionExtras,
    budget_cents: int | None,
    may_exist_since: datetime | None = None,
) -> Mapping[str, Any]:
    """The session object of a new, idle session. It costs nothing until it has an outcome.

    `extras` is passed on as it is. The outcome is not part of this call: a session orphaned between creation and its
    being recorded is then idle and free. With
    `may_exist_since` an earlier process may have created it then: it is looked for by its metadata first.

    Raises:
        MeasurementError: no session was made, as far as can be known.
    """
    body: dict[str, Any] = {
        "agent": provisioned.agent_reference,
        "environment_id": provisioned.environment_id,
        "title": title,
        "metadata": dict(metadata),
        "resources": list(extras.resources),
    }
    if extras.vault_ids:
        body["vault_ids"] = list(extras.vault_ids)
    if budget_cents is not None:
        body["budget"] = {"type": "limit", "max_list_cost": {"amount": str(budget_cents), "currency": "USD"}}
    since = (may_exist_since or datetime.now(UTC)) - _LOOK_BACK
    doing = "create session"

    async def create() -> Mapping[str, Any]:
        return as_dict(await client.with_options(max_retries=0).beta.sessions.create(**body))

    async def find() -> Mapping[str, Any] | None:
        listed = client.beta.sessions.list(agent_id=provisioned.agent_id, created_at_gte=since, limit=100)
        async for session in every(listed, as_dict, itemgetter("id"), doing):
            if session["metadata"] == dict(metadata):
                return session
        return None

    if may_exist_since is not None:
        found = await _look(find, doing)
        if found is not None:
            return found
    return await _exactly_once(create, find, doing)


async def retrieve_session(
    client: anthropic.AsyncAnthropic, session_id: str, metadata: Mapping[str, str]
) -> Mapping[str, Any]:
    """The session object of the session that was opened with `metadata`.

    Raises:
        MeasurementError: it is gone, which a fresh session mends, or could not be read.
    """
    gone = PlatformError(f"session {session_id} is not at the provider any more", cause="session_gone", may_retry=True)
    try:
        session = as_dict(await client.beta.sessions.retrieve(session_id))
    except anthropic.NotFoundError as error:
        raise gone from error
    except (anthropic.AnthropicError, httpx2.HTTPError) as error:
        raise as_measurement_error(error, f"session {session_id}") from error
    if session["metadata"] != dict(metadata):
        raise gone  # an emulator that began anew gives the same ids to other sessions
    return session


async def define_outcome(client: anthropic.AsyncAnthropic, session_id: str, event: Mapping[str, Any]) -> None:
    """The session has its outcome; one already there is not defined again.

    Raises:
        MeasurementError: it has none, as far as can be known.
    """

    async def send() -> bool:
        await client.with_options(max_retries=0).beta.sessions.events.send(session_id, events=_params([event]))
        return True

    async def find() -> bool | None:
        async for raw in list_events(client, session_id):
            if isinstance(parse_event(raw), OutcomeDefined):
                return True
        return None

    await _exactly_once(send, find, f"define outcome in {session_id}")


async def send_answer(client: anthropic.AsyncAnthropic, session_id: str, event: Mapping[str, Any]) -> None:
    """The agent's request is answered. An answer that arrives twice is harmless (recorded: it is accepted and unused).

    Raises:
        MeasurementError: the answer did not reach the session.
    """
    try:
        await client.beta.sessions.events.send(session_id, events=_params([event]))
    except (anthropic.AnthropicError, httpx2.HTTPError) as error:
        raise as_measurement_error(error, f"answer in {session_id}") from error


async def interrupt_session(client: anthropic.AsyncAnthropic, session_id: str) -> None:
    """The session has been told to stop; it stops a little later. Raises MeasurementError if it was not told."""
    await send_answer(client, session_id, INTERRUPT)


async def archive_session(client: anthropic.AsyncAnthropic, session_id: str) -> bool:
    """True once the session is archived; False if the API would not, which changes nothing about the measurement.

    The idle event arrives a little before the session object says idle, and until then archiving is refused.
    """
    for _ in range(_ARCHIVE_TRIES):
        try:
            await client.beta.sessions.archive(session_id)
        except anthropic.BadRequestError:
            await asyncio.sleep(_ARCHIVE_PAUSE_S)
        except (anthropic.AnthropicError, httpx2.HTTPError):
            return False
        else:
            return True
    return False


async def _exactly_once(
    do: Callable[[], Awaitable[_ValueT]], find: Callable[[], Awaitable[_ValueT | None]], doing: str
) -> _ValueT:
    """What `do` returns, done once: after an answer that may have been lost, `find` decides whether it was done."""
    pause_s = 0.5
    for attempt in range(1, _TRIES + 1):
        try:
            return await do()
        except (anthropic.AnthropicError, httpx2.HTTPError) as error:
            failure = as_measurement_error(error, doing)
            if attempt > 1 and not failure.may_retry:
                # Refused because an earlier try, whose answer was lost, was heard after all?
                found = await _look(find, doing)
                if found is not None:
                    return found
            if not failure.may_retry or attempt == _TRIES:
                raise failure from error
            status = error.status_code if isinstance(error, anthropic.APIStatusError) else None
            wait_s = _retry_after(error) or pause_s
        await asyncio.sleep(wait_s)
        pause_s = min(8.0, pause_s * 2)
        if status not in _SURELY_REFUSED:
            found = await _look(find, doing)
            if found is not None:
                return found
    raise EvalkitError(f"{doing}: no attempt was made")


async def _look(find: Callable[[], Awaitable[_ValueT | None]], doing: str) -> _ValueT | None:
    try:
        return await find()
    except (anthropic.AnthropicError, httpx2.HTTPError) as error:
        raise as_measurement_error(error, f"{doing}, looking whether it was done") from error


def _retry_after(error: Exception) -> float | None:
    """Seconds the server asked for; None when it did not."""
    if not isinstance(error, anthropic.APIStatusError):
        return None
    try:
        return min(60.0, max(0.0, float(error.response.headers["retry-after"])))
    except (KeyError, ValueError):
        return None


def _params(events: Sequence[Mapping[str, Any]]) -> Any:
    """Events as the SDK's parameter type: they are made in trial/wire.py as the plain dicts that go on the wire."""
    return [dict(event) for event in events]
