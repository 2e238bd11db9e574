"""HTTP/1.1 over asyncio, by h11: one protocol for each connection, one request at a time.

The handler is given whole requests and answers each once, now or later. An answer may be `Broken`:
then the connection is reset, or closed in the middle of the reply.
"""

from __future__ import annotations

import asyncio
import socket
import struct
from collections.abc import Callable
from typing import Final, TypeAlias, cast

import h11

from trader.simulator.exchange.api import HttpReply, HttpRequest
from trader.simulator.exchange.faults.faulty_api import Answer, AnswerTo, Broken

BODY_BYTES_MAX: Final = 2 * 1024 * 1024
HEADERS_BYTES_MAX: Final = 64 * 1024
IDLE_S: Final = 120.0

Handler: TypeAlias = Callable[[HttpRequest, AnswerTo], None]


class HttpProtocol(asyncio.Protocol):
    """One connection. `connections` holds the open ones; beyond `connections_max` new ones are
    closed at once."""

    def __init__(
        self, handler: Handler, connections: set[HttpProtocol], connections_max: int
    ) -> None:
        self._handler = handler
        self._connections = connections
        self._connections_max = connections_max
        self._http = h11.Connection(h11.SERVER, max_incomplete_event_size=HEADERS_BYTES_MAX)
        self._transport: asyncio.Transport | None = None
        self._request: h11.Request | None = None
        self._body = bytearray()
        self._idle: asyncio.TimerHandle | None = None

    # --- asyncio ---------------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        if len(self._connections) >= self._connections_max:
            self._transport.abort()
            return
        self._connections.add(self)
        no_delay(self._transport)
        self._await_request()

    def connection_lost(self, exc: Exception | None) -> None:
        del exc
        self._connections.discard(self)
        self._transport = None
        if self._idle is not None:
            self._idle.cancel()

    def data_received(self, data: bytes) -> None:
        self._http.receive_data(data)
        self._events()

    def eof_received(self) -> bool:
        self._http.receive_data(b"")
        self._events()
        return False

    def close(self) -> None:
        """Ends the connection."""
        if self._transport is not None:
            self._transport.close()

    # --- requests --------------------------------------------------------------------------------

    def _events(self) -> None:
        try:
            while self._transport is not None:
                event = self._http.next_event()
                if isinstance(event, h11.Request):
                    self._request = event
                    self._body.clear()
                elif isinstance(event, h11.Data):
                    self._body += event.data
                    if len(self._body) > BODY_BYTES_MAX:
                        self._reply(HttpReply(413, b'{"faultstring":"the request is too large"}'))
                        return
                elif isinstance(event, h11.EndOfMessage):
                    self._serve()
                elif isinstance(event, h11.ConnectionClosed):
                    self.close()
                    return
                else:
                    return  # more is to come, or the reply of this one first
        except h11.RemoteProtocolError as error:
            if self._http.states[h11.SERVER] in (h11.IDLE, h11.SEND_RESPONSE):
                self._reply(HttpReply(error.error_status_hint, b'{"faultstring":"not HTTP"}'))
            self.close()

    def _serve(self) -> None:
        request = self._request
        assert request is not None, "its end comes after its beginning"
        headers = {
            name.decode("latin-1"): value.decode("latin-1") for name, value in request.headers
        }
        whole = HttpRequest(
            request.method.decode("latin-1"),
            request.target.decode("latin-1").split("?", 1)[0],
            headers,
            bytes(self._body),
        )
        if self._idle is not None:
            self._idle.cancel()
        self._handler(whole, self._answer)

    def _answer(self, answer: Answer) -> None:
        if self._transport is None:
            return  # whoever asked is gone
        if isinstance(answer, HttpReply):
            self._reply(answer)
            self._events()
        elif answer.how == "reset":
            reset(self._transport)
        else:
            self._half(answer)

    def _reply(self, reply: HttpReply) -> None:
        transport, http = self._transport, self._http
        if transport is None or http.states[h11.SERVER] not in (h11.IDLE, h11.SEND_RESPONSE):
            return
        length = ("content-length", str(len(reply.body)))
        response = h11.Response(status_code=reply.status, headers=[*reply.headers, length])
        parts = [http.send(response)]
        if self._request is None or self._request.method != b"HEAD":
            parts.append(http.send(h11.Data(data=reply.body)))
        parts.append(http.send(h11.EndOfMessage()))
        transport.write(b"".join(part for part in parts if part))
        if set(http.states.values()) == {h11.DONE}:
            http.start_next_cycle()
            self._await_request()
        else:
            transport.close()  # asked to, or replied before all of the request was read

    def _half(self, broken: Broken) -> None:
        """The head and half of the body of a reply."""
        assert self._transport is not None, "answered on an open connection"
        reply = broken.reply or HttpReply(200, b"{}")
        length = ("content-length", str(len(reply.body)))
        response = h11.Response(status_code=reply.status, headers=[*reply.headers, length])
        head = self._http.send(response) or b""
        self._transport.write(head + reply.body[: len(reply.body) // 2])
        self._transport.close()

    def _await_request(self) -> None:
        if self._idle is not None:
            self._idle.cancel()
        self._idle = asyncio.get_running_loop().call_later(IDLE_S, self.close)


def no_delay(transport: asyncio.Transport) -> None:
    """Small messages go at once."""
    raw = transport.get_extra_info("socket")
    if raw is not None:
        raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)


def reset(transport: asyncio.Transport) -> None:
    """Ends a connection with a reset, as a crashed peer or a broken path does."""
    raw = transport.get_extra_info("socket")
    if raw is not None:
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    transport.abort()
