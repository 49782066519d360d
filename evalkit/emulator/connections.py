"""The open connections of a server, so that one can be broken the way networks break them."""

import asyncio
import socket
import struct
from typing import Final, TypeAlias

from starlette.requests import Request
from uvicorn.protocols.http.h11_impl import H11Protocol

Client: TypeAlias = tuple[str, int]
"""Address and port of the other side: one connection, while it is open."""
_NO_LINGER: Final = struct.pack("ii", 1, 0)


def client_of(request: Request) -> Client:
    """The other side of a request's connection."""
    return ("", 0) if request.client is None else (request.client.host, request.client.port)


class Connections:
    """Every open connection by its client."""

    def __init__(self) -> None:
        self._open: dict[Client, asyncio.Transport] = {}

    def protocol(self) -> type[H11Protocol]:
        """The server's protocol, which keeps this table as connections come and go."""
        table = self._open

        class _Listed(H11Protocol):
            def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn
                super().connection_made(transport)
                if self.client is not None:
                    table[self.client] = transport

            def connection_lost(self, exc: Exception | None) -> None:
                if self.client is not None:
                    table.pop(self.client, None)
                super().connection_lost(exc)

        return _Listed

    async def reset(self, client: Client) -> None:
        """The connection is gone as if the machine had died: what was not yet sent is lost, and a reset says so."""
        transport = self._open.get(client)
        if transport is not None:
            transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _NO_LINGER)
            transport.abort()
            await self._gone(client)

    async def close(self, client: Client) -> None:
        """The connection ends after what was written, wherever in an answer that is."""
        transport = self._open.get(client)
        if transport is not None:
            transport.close()
            await self._gone(client)

    async def _gone(self, client: Client) -> None:
        # A handler that returned before the server has noticed would be reported as one that answered too little.
        while client in self._open:  # noqa: ASYNC110 - it takes a turn of the loop or two, and nobody would set an event
            await asyncio.sleep(0)
