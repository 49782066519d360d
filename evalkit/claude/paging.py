"""Lists read to their end, though a server may never end one."""

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Protocol, Self, TypeVar

from evalkit.errors import PlatformError

_MOST_PAGES = 2000
_BARREN_PAGES = 3
"""Pages in a row that bring nothing new before the list is taken to run in a circle."""
_ItemT = TypeVar("_ItemT")
_ValueT = TypeVar("_ValueT")


class Page(Protocol[_ItemT]):
    """What the SDK's pages can do."""

    def _get_page_items(self) -> list[_ItemT]: ...

    def has_next_page(self) -> bool: ...

    async def get_next_page(self) -> Self: ...


async def every(
    first: Awaitable[Page[_ItemT]], read: Callable[[_ItemT], _ValueT], identity: Callable[[_ValueT], str], doing: str
) -> AsyncIterator[_ValueT]:
    """What `read` makes of every item of every page, in order; `identity` tells a new one from a repeated one.

    Raises:
        PlatformError: the pages run in a circle or do not end.
    """
    page = await first
    seen: set[str] = set()
    barren = 0
    for _ in range(_MOST_PAGES):
        known = len(seen)
        for item in page._get_page_items():  # noqa: SLF001  # the SDK's only way to a page of either list shape
            value = read(item)
            seen.add(identity(value))
            yield value
        if not page.has_next_page():
            return
        barren = 0 if len(seen) > known else barren + 1
        if barren >= _BARREN_PAGES:
            break
        page = await page.get_next_page()
    raise PlatformError(f"{doing}: the list does not end: {len(seen)} items", cause="endless_list", may_retry=True)
