"""A session at the provider, read whole: what it was, what happened in it, what it was given."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import anthropic
import httpx2

from evalkit.claude.client import as_dict, as_measurement_error
from evalkit.claude.files import list_outputs
from evalkit.claude.stream import list_events

_UPLOADS = "/mnt/session/uploads/"
_NOT_TO_BE_READ = (anthropic.BadRequestError, anthropic.PermissionDeniedError, anthropic.NotFoundError)


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportedSession:
    """One session, as the API shows it."""

    session: Mapping[str, Any]
    environment: Mapping[str, Any]
    events: tuple[Mapping[str, Any], ...]
    inputs: Mapping[str, bytes]
    """By name below `/mnt/session/uploads/`; only files that the API gives back."""
    outputs: tuple[str, ...]
    """Names of the delivered files, sorted."""


async def export_session(client: anthropic.AsyncAnthropic, session_id: str) -> ExportedSession:
    """Everything readable about the session. Nothing is changed.

    Raises:
        MeasurementError: the API refused, or could not be reached.
    """
    try:
        session = as_dict(await client.beta.sessions.retrieve(session_id))
        environment = as_dict(await client.beta.environments.retrieve(session["environment_id"]))
        inputs: dict[str, bytes] = {}
        for resource in session["resources"]:
            if resource["type"] == "file":
                content = await _content(client, resource["file_id"])
                if content is not None:
                    inputs[str(resource["mount_path"]).removeprefix(_UPLOADS)] = content
    except (anthropic.AnthropicError, httpx2.HTTPError) as error:
        raise as_measurement_error(error, f"session {session_id}") from error
    mounted = frozenset(item["file_id"] for item in session["resources"] if "file_id" in item)
    outputs = await list_outputs(client, session_id, mounted)
    return ExportedSession(
        session=session,
        environment=environment,
        events=tuple([raw async for raw in list_events(client, session_id)]),
        inputs=inputs,
        outputs=tuple(item["filename"] for item in outputs),
    )


async def _content(client: anthropic.AsyncAnthropic, file_id: str) -> bytes | None:
    """The file's bytes; None where the API does not give them back: what was uploaded need not be downloadable."""
    try:
        return await (await client.beta.files.download(file_id)).read()
    except _NOT_TO_BE_READ:
        return None
