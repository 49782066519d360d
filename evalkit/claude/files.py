"""Files: inputs uploaded once a run, outputs fetched whole, with names that are safe to write."""

import asyncio
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from operator import itemgetter
from typing import Any

import anthropic
import httpx2

from evalkit.artifact import safe_names
from evalkit.claude.cleaning import upload_name
from evalkit.claude.client import as_dict, as_measurement_error
from evalkit.claude.paging import every
from evalkit.errors import PlatformError
from evalkit.suite.model import InputFile

_BETA = "managed-agents-2026-04-01"
_LARGEST_BYTES = 200_000_000
"""A larger output is not fetched: the trial is unmeasured, and says so."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ListingPatience:
    """How long to wait for outputs to appear: listings lag one to three seconds behind idle on the hosted API."""

    step_s: float
    cap_s: float
    """Given up after this; what never appeared was not delivered."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Output:
    """One delivered file, whole."""

    name: str
    """Sanitised: no folders, no control or invisible characters, unique among the session's outputs."""
    content: bytes
    media_type: str | None


class Uploads:
    """Inputs at the provider, uploaded once per content while this run lasts."""

    def __init__(self, client: anthropic.AsyncAnthropic) -> None:
        self._client = client
        self._ids: dict[tuple[str, str], asyncio.Task[str]] = {}

    async def ensure(self, inputs: Iterable[InputFile]) -> Mapping[str, str]:
        """Mount path to file id for every input.

        Raises:
            MeasurementError: an upload failed.
        """
        return {f"/mnt/session/uploads/{item.mount_as}": await self._ensure_one(item) for item in inputs}

    async def _ensure_one(self, item: InputFile) -> str:
        key = (item.sha256, item.mount_as)
        task = self._ids.get(key)
        if task is None or (task.done() and task.exception() is not None):
            task = self._ids[key] = asyncio.create_task(self._upload(item))
        return await asyncio.shield(task)

    async def _upload(self, item: InputFile) -> str:
        content = await asyncio.to_thread(item.path.read_bytes)
        try:
            return (await self._client.beta.files.upload(file=(upload_name(item.sha256, item.mount_as), content))).id
        except (anthropic.AnthropicError, httpx2.HTTPError) as error:
            raise as_measurement_error(error, f"upload {item.mount_as!r}") from error


async def list_outputs(
    client: anthropic.AsyncAnthropic, session_id: str, mounted: frozenset[str]
) -> tuple[Mapping[str, Any], ...]:
    """The Files API's metadata of what the session delivered, newest of each name, sorted by name.

    `mounted` are the session's copies of its inputs: the hosted API lists them too. The platform says nothing about a
    file written twice, so of several records with one name the newest counts.

    Raises:
        MeasurementError: the listing could not be read to its end.
    """
    newest: dict[str, dict[str, Any]] = {}
    try:
        listed = client.beta.files.list(scope_id=session_id, limit=1000, betas=[_BETA])
        async for raw in every(listed, as_dict, itemgetter("id"), f"files of {session_id}"):
            if raw["id"] in mounted or raw.get("downloadable") is False:
                continue
            before = newest.get(raw["filename"])
            if before is None or str(before["created_at"]) < str(raw["created_at"]):
                newest[raw["filename"]] = raw
    except (anthropic.AnthropicError, httpx2.HTTPError) as error:
        raise as_measurement_error(error, f"files of {session_id}") from error
    return tuple(newest[name] for name in sorted(newest))


async def settled_outputs(
    client: anthropic.AsyncAnthropic,
    session_id: str,
    mounted: frozenset[str],
    expected: Sequence[str],
    patience: ListingPatience,
) -> tuple[Mapping[str, Any], ...]:
    """The listing once it has every expected name and has stopped changing, or when patience is at its end."""
    deadline = time.monotonic() + patience.cap_s
    previous: tuple[Mapping[str, Any], ...] | None = None
    while True:
        listing = await list_outputs(client, session_id, mounted)
        is_whole = set(expected) <= {item["filename"] for item in listing}
        if (is_whole and listing == previous) or time.monotonic() >= deadline:
            return listing
        previous = listing
        await asyncio.sleep(patience.step_s)


async def download_outputs(
    client: anthropic.AsyncAnthropic, listing: Sequence[Mapping[str, Any]]
) -> tuple[Output, ...]:
    """Every file of the listing, whole.

    Raises:
        MeasurementError: one could not be fetched, came in another length than listed, or is too large.
    """
    names = safe_names([str(item["filename"]) for item in listing])
    return tuple([await _download(client, item, name) for item, name in zip(listing, names, strict=True)])


async def _download(client: anthropic.AsyncAnthropic, item: Mapping[str, Any], name: str) -> Output:
    doing = f"download {name!r}"
    size = item["size_bytes"]
    if size > _LARGEST_BYTES:
        raise PlatformError(
            f"{doing}: {size} bytes; at most {_LARGEST_BYTES} are fetched", cause="too_large", may_retry=False
        )
    content = b""
    try:
        # A connection that breaks within the body is not retried by the SDK; a truncated file must not be kept.
        for _ in range(3):
            content = await (await client.beta.files.download(item["id"])).read()
            if len(content) == size:
                return Output(name=name, content=content, media_type=item.get("mime_type"))
    except (anthropic.AnthropicError, httpx2.HTTPError) as error:
        raise as_measurement_error(error, doing) from error
    raise PlatformError(f"{doing}: got {len(content)} bytes of {size}", cause="truncated", may_retry=True)
