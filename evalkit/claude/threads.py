"""The threads of a session's other agents, read once they have come to rest."""

from collections.abc import Mapping
from typing import Any

import anthropic
import httpx2

from evalkit.claude.client import as_dict, as_measurement_error


async def read_child_threads(
    client: anthropic.AsyncAnthropic, session_id: str
) -> tuple[tuple[Mapping[str, Any], tuple[Mapping[str, Any], ...]], ...]:
    """Every thread but the primary one, with its whole event list, in the order of the API's list.

    The primary thread's events are the session's own. Of a child's, the session's stream shows only its status and
    what it asks of the client.

    Raises:
        MeasurementError: they could not be read to their end.
    """
    found: list[tuple[Mapping[str, Any], tuple[Mapping[str, Any], ...]]] = []
    try:
        async for thread in client.beta.sessions.threads.list(session_id):
            if thread.parent_thread_id is None:
                continue
            listed = client.beta.sessions.threads.events.list(thread.id, session_id=session_id)
            found.append((as_dict(thread), tuple([as_dict(event) async for event in listed])))
    except (anthropic.AnthropicError, httpx2.HTTPError) as error:
        raise as_measurement_error(error, f"threads of {session_id}") from error
    return tuple(found)
