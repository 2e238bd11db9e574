"""A stream connection over asyncio: lines in, lines out, CRLF between them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Final, cast

from trader.simulator.exchange.http import LINGER_S, no_delay
from trader.simulator.exchange.stream import StreamHub, StreamSession

WRITE_BYTES: Final = 1024 * 1024
"""So much may wait in the transport before lines wait in the session instead."""


class StreamProtocol(asyncio.Protocol):
    """One connection. `before_line` brings the venue up to now before a line is taken, `after_line`
    sends what followed from it; `ready` is told when there is something to send."""

    def __init__(
        self,
        hub: StreamHub,
        connections: set[StreamProtocol],
        before_line: Callable[[], None],
        after_line: Callable[[], None],
        ready: Callable[[StreamProtocol], None],
    ) -> None:
        self.closed: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._hub = hub
        self._connections = connections
        self._before_line = before_line
        self._after_line = after_line
        self._ready = ready
        self._session: StreamSession | None = None
        self._transport: asyncio.Transport | None = None
        self._buffer = b""
        self._is_paused = False
        self._end: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        self._transport.set_write_buffer_limits(high=WRITE_BYTES)
        no_delay(self._transport)
        self._connections.add(self)
        self._before_line()
        session = self._session = self._hub.connect()
        session.on_outgoing = lambda: self._ready(self)
        self.write()
        self._after_line()

    def connection_lost(self, exc: Exception | None) -> None:
        del exc
        self._connections.discard(self)
        self._transport = None
        if self._end is not None:
            self._end.cancel()
        if self._session is not None:
            self._session.on_outgoing = None
            self._session.disconnected()
        if not self.closed.done():
            self.closed.set_result(None)

    def data_received(self, data: bytes) -> None:
        session = self._session
        assert session is not None, "connected"
        if session.is_closed:
            return  # nothing it says now is heard
        *lines, self._buffer = (self._buffer + data).split(b"\n")
        self._before_line()
        for line in lines:
            if line.strip():
                session.receive(line.rstrip(b"\r"))
        if len(self._buffer) > self._hub.limits.line_bytes_max:
            session.refuse(None, "INVALID_INPUT", "the line is too long")
        self._after_line()

    def pause_writing(self) -> None:
        self._is_paused = True

    def resume_writing(self) -> None:
        self._is_paused = False
        self.write()

    def write(self) -> None:
        """Sends what is outgoing, unless the client has enough to read. The last of a session that
        is closed goes to the transport all the same, which gives it a while."""
        transport, session = self._transport, self._session
        if transport is None or session is None or (self._is_paused and not session.is_closed):
            return
        lines = session.take_outgoing()
        if lines:
            transport.write(b"".join(lines))
        if session.is_closed:
            self.close()

    def close(self) -> None:
        """Ends the connection when what was written is sent, or will not be read."""
        if self._transport is not None and not self._transport.is_closing():
            self._transport.close()
            self._end = asyncio.get_running_loop().call_later(LINGER_S, self.abort)

    def abort(self) -> None:
        """Ends the connection at once."""
        if self._transport is not None:
            self._transport.abort()
