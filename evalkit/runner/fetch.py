"""Sessions at the provider, read into files as if somebody had exported them: production traffic, for `ingest`."""

import asyncio
import json
from collections.abc import Sequence
from pathlib import Path

from evalkit.claude.client import AsyncAnthropic, Target, open_client
from evalkit.claude.export import ExportedSession, export_session
from evalkit.claude.files import download_outputs, list_outputs
from evalkit.claude.pace import Pace
from evalkit.errors import PlatformError
from evalkit.settings import Settings

_AT_ONCE = 4


async def fetch_sessions(session_ids: Sequence[str], target: Target, settings: Settings, folder: Path) -> str | None:
    """Below `folder` lie, for each session, its events as `<id>.jsonl` and its delivered files in `<id>/`.

    The API is only read. Returns the model of the sessions' agents, None where they have several.

    Raises:
        MeasurementError: a session is unknown, or could not be read to its end.
    """
    pace = None if target.is_emulator else Pace(settings.rate_share)
    places = asyncio.Semaphore(_AT_ONCE)
    async with open_client(target, strict=settings.strict_responses, pace=pace) as client:

        async def fetch(session_id: str) -> str | None:
            async with places:
                return await _fetch(client, session_id, folder)

        models = set(await asyncio.gather(*(fetch(session_id) for session_id in dict.fromkeys(session_ids))))
    return models.pop() if len(models) == 1 else None


async def _fetch(client: AsyncAnthropic, session_id: str, folder: Path) -> str | None:
    exported = await export_session(client, session_id)
    if not exported.events:
        raise PlatformError(f"session {session_id}: it has no events", cause="not_finished", may_retry=False)
    mounted = frozenset(item["file_id"] for item in exported.session["resources"] if "file_id" in item)
    outputs = await download_outputs(client, await list_outputs(client, session_id, mounted))
    lines = "".join(json.dumps(raw, ensure_ascii=False) + "\n" for raw in exported.events)
    (folder / f"{session_id}.jsonl").write_text(lines, encoding="utf-8")
    (folder / session_id).mkdir()
    for output in outputs:
        (folder / session_id / output.name).write_bytes(output.content)
    return _model(exported)


def _model(exported: ExportedSession) -> str | None:
    model = exported.session["agent"].get("model")
    found = model.get("id") if isinstance(model, dict) else model
    return found if isinstance(found, str) else None
