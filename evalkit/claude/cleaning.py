"""What runs left at the provider, found by the marks that only evalkit sets, and removed.

session      metadata `evalkit_run` (or `evalkit_doctor`)
agent        metadata `evalkit_hash` (or `evalkit_doctor`), name `evalkit/…`
environment  the same
file         name `evalkit-<16 hex digits>-…`: the Files API keeps no metadata

A thing without its mark is never touched, whatever its name. Sessions at work are left alone.
"""

import re
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

import anthropic
import httpx2

from evalkit.claude.client import as_measurement_error

_OURS = ("evalkit_hash", "evalkit_doctor")
_RUN = "evalkit_run"
_UPLOAD = re.compile(r"evalkit-[0-9a-f]{16}-.+")


class Kind(StrEnum):
    """What can be left at the provider, in the order in which it is removed."""

    SESSION = "session"
    FILE = "file"
    ENVIRONMENT = "environment"
    AGENT = "agent"


@dataclass(frozen=True, slots=True, kw_only=True)
class Leftover:
    """One thing at the provider that carries our mark."""

    kind: Kind
    id: str
    name: str
    at: datetime
    """When it last changed; for a file, when it was made."""
    uses: frozenset[str] = frozenset()
    """Of a session: ids of its agent and environment."""
    is_busy: bool = False
    """A session that is not at rest."""


def upload_name(sha256: str, name: str) -> str:
    """The name under which an input is uploaded: it carries our mark, and the agent sees the mount path alone."""
    return f"evalkit-{sha256[:16]}-{name}"


async def find_leftovers(client: anthropic.AsyncAnthropic) -> tuple[Leftover, ...]:
    """Everything at the provider that carries our mark, by kind.

    Raises:
        MeasurementError: a list could not be read to its end; then nothing is known of what is missing in it.
    """
    found: list[Leftover] = []
    try:
        for find in (_sessions, _files, _environments, _agents):
            found += [item async for item in find(client)]
    except (anthropic.AnthropicError, httpx2.HTTPError) as error:
        raise as_measurement_error(error, "look for what runs left") from error
    return tuple(found)


async def remove(client: anthropic.AsyncAnthropic, leftovers: Sequence[Leftover]) -> Mapping[str, str]:
    """Id to what the API said, for each that could not be removed; the others are gone. An agent is archived.

    A session's own files go with it.
    """
    beta = client.beta
    removers: Mapping[Kind, Callable[[str], Awaitable[object]]] = {
        Kind.SESSION: beta.sessions.delete,
        Kind.FILE: beta.files.delete,
        Kind.ENVIRONMENT: beta.environments.delete,
        Kind.AGENT: beta.agents.archive,
    }
    refused: dict[str, str] = {}
    for item in sorted(leftovers, key=lambda item: list(Kind).index(item.kind)):
        try:
            await removers[item.kind](item.id)
        except anthropic.NotFoundError:
            continue  # somebody else was faster
        except (anthropic.AnthropicError, httpx2.HTTPError) as error:
            refused[item.id] = str(as_measurement_error(error, f"remove {item.kind.value} {item.id}"))
    return refused


async def _sessions(client: anthropic.AsyncAnthropic) -> AsyncIterator[Leftover]:
    async for session in client.beta.sessions.list(limit=100, include_archived=True):
        if _RUN in session.metadata or "evalkit_doctor" in session.metadata:
            yield Leftover(
                kind=Kind.SESSION,
                id=session.id,
                name=session.title or "",
                at=session.updated_at,
                uses=frozenset({session.agent.id, session.environment_id}),
                is_busy=session.status in {"running", "rescheduling"},
            )


async def _files(client: anthropic.AsyncAnthropic) -> AsyncIterator[Leftover]:
    async for file in client.beta.files.list(limit=1000):
        # What belongs to a session goes with it; a copy of an input has the original's name.
        if _UPLOAD.fullmatch(file.filename) and file.scope is None:
            yield Leftover(kind=Kind.FILE, id=file.id, name=file.filename, at=file.created_at)


async def _environments(client: anthropic.AsyncAnthropic) -> AsyncIterator[Leftover]:
    async for environment in client.beta.environments.list(limit=100):
        if _is_ours(environment.name, environment.metadata):
            yield Leftover(
                kind=Kind.ENVIRONMENT,
                id=environment.id,
                name=environment.name,
                at=_time(environment.updated_at),
            )


async def _agents(client: anthropic.AsyncAnthropic) -> AsyncIterator[Leftover]:
    async for agent in client.beta.agents.list(limit=100):
        if _is_ours(agent.name, agent.metadata):
            yield Leftover(kind=Kind.AGENT, id=agent.id, name=agent.name, at=agent.updated_at)


def _is_ours(name: str, metadata: Mapping[str, str]) -> bool:
    return name.startswith("evalkit/") and any(mark in metadata for mark in _OURS)


def _time(value: datetime | str) -> datetime:
    return value if isinstance(value, datetime) else datetime.fromisoformat(value)
