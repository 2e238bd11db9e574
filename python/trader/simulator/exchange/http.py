"""HTTP/1.1 over asyncio, by h11: one protocol for each connection, one request at a time.

The handler is given whole requests and answers each once, now or later. An answer may be `Broken`:
then the connection is reset, or closed in the middle of the reply. What a client sends ahead waits
until it was answered, and until it has read its answers.
"""

from __future__ import annotations

import asyncio
import socket
import struct
from collections.abc import Callable, Collection
from typing import Final, TypeAlias, cast

import h11

from trader.simulator.exchange.api import HttpReply, HttpRequest
from trader.simulator.exchange.faults.faulty_api import Answer, AnswerTo, Broken

BODY_BYTES_MAX: Final = 2 * 1024 * 1024
HEADERS_BYTES_MAX: Final = 64 * 1024
WRITE_BYTES_MAX: Final = 1024 * 1024
"""So much may wait to be read by a client before it is answered on."""
IDLE_S: Final = 120.0
LINGER_S: Final = 5.0
"""So long a connection that ends may take to send its last bytes."""

Handler: TypeAlias = Callable[[HttpRequest, AnswerTo], None]


class HttpProtocol(asyncio.Protocol):
    """One connection. `connections` holds the open ones; beyond `connections_max` new ones are
    closed at once. `certified`: paths that over TLS are only for clients with a certificate.
    `keeps_query`: whether the path of a request keeps what stands behind its `?`."""

    def __init__(
        self,
        handler: Handler,
        connections: set[HttpProtocol],
        connections_max: int,
        *,
        certified: Collection[str] = (),
        keeps_query: bool = False,
    ) -> None:
        self.closed: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._handler = handler
        self._connections = connections
        self._connections_max = connections_max
        self._certified = certified
        self._keeps_query = keeps_query
        self._http = h11.Connection(h11.SERVER, max_incomplete_event_size=HEADERS_BYTES_MAX)
        self._transport: asyncio.Transport | None = None
        self._request: h11.Request | None = None
        self._body = bytearray()
        self._idle: asyncio.TimerHandle | None = None
        self._is_reading = False
        self._is_full = False

    # --- asyncio ---------------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        if len(self._connections) >= self._connections_max:
            self._transport.abort()
            return
        self._connections.add(self)
        self._transport.set_write_buffer_limits(high=WRITE_BYTES_MAX)
        no_delay(self._transport)
        self._give_up_in(IDLE_S)

    def connection_lost(self, exc: Exception | None) -> None:
        del exc
        self._connections.discard(self)
        self._transport = None
        self._stop_waiting()
        if not self.closed.done():
            self.closed.set_result(None)

    def data_received(self, data: bytes) -> None:
        self._http.receive_data(data)
        self._read()

    def eof_received(self) -> bool:
        self._http.receive_data(b"")
        self._read()
        return False

    def pause_writing(self) -> None:
        self._is_full = True
        self._hold_reading()

    def resume_writing(self) -> None:
        self._is_full = False
        self._go_on()

    def close(self) -> None:
        """Ends the connection when what was answered is sent, or will not be read."""
        if self._transport is not None and not self._transport.is_closing():
            self._transport.close()
            self._give_up_in(LINGER_S)

    def abort(self) -> None:
        """Ends the connection at once."""
        if self._transport is not None:
            self._transport.abort()

    # --- requests --------------------------------------------------------------------------------

    def _read(self) -> None:
        """Deals with what came, as far as there are whole requests and room for their answers."""
        if self._is_reading:
            return  # an answer that was given at once: whoever asked for it reads on
        self._is_reading = True
        try:
            while self._transport is not None and not self._is_full and self._take_event():
                pass
        except h11.RemoteProtocolError as error:
            self._reply(HttpReply(error.error_status_hint, b'{"faultstring":"not HTTP"}'))
            self.close()
        finally:
            self._is_reading = False

    def _take_event(self) -> bool:
        """Deals with one thing the client sent; whether there may be another."""
        event = self._http.next_event()
        if isinstance(event, h11.Request):
            self._begin(event)
        elif isinstance(event, h11.Data):
            self._body += event.data
            if len(self._body) > BODY_BYTES_MAX:
                self._reply(HttpReply(413, b'{"faultstring":"the request is too large"}'))
                return False
        elif isinstance(event, h11.EndOfMessage):
            self._serve()
        elif event is h11.PAUSED:
            self._hold_reading()  # the reply comes first
            return False
        elif isinstance(event, h11.ConnectionClosed):
            self.close()
            return False
        else:
            return False  # more is to come
        return True

    def _begin(self, request: h11.Request) -> None:
        self._request = request
        self._body.clear()
        if self._http.they_are_waiting_for_100_continue and self._transport is not None:
            go_on = self._http.send(h11.InformationalResponse(status_code=100, headers=[]))
            self._transport.write(go_on or b"")

    def _serve(self) -> None:
        request = self._request
        assert request is not None, "its end comes after its beginning"
        headers = {
            name.decode("latin-1"): value.decode("latin-1") for name, value in request.headers
        }
        path = request.target.decode("latin-1")
        if not self._keeps_query:
            path = path.split("?", 1)[0]
        self._stop_waiting()
        if path.rstrip("/") in self._certified and self._lacks_certificate():
            self._reply(HttpReply(200, b'{"loginStatus":"CERT_AUTH_REQUIRED"}'))
            return
        method = request.method.decode("latin-1")
        self._handler(HttpRequest(method, path, headers, bytes(self._body)), self._answer)

    def _lacks_certificate(self) -> bool:
        """Whether the client could have shown a certificate and did not. One that is not of our
        authority ends the connection before anything is asked on it."""
        assert self._transport is not None, "a request came over it"
        is_tls = self._transport.get_extra_info("ssl_object") is not None
        return is_tls and not self._transport.get_extra_info("peercert")

    # --- answers ---------------------------------------------------------------------------------

    def _answer(self, answer: Answer) -> None:
        if self._transport is None:
            return  # whoever asked is gone
        if isinstance(answer, HttpReply):
            self._reply(answer)
            self._go_on()
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
            self._request = None
            self._give_up_in(IDLE_S)
        else:
            self.close()  # asked to, or replied before all of the request was read

    def _half(self, broken: Broken) -> None:
        """The head and half of the body of a reply."""
        assert self._transport is not None, "answered on an open connection"
        reply = broken.reply or HttpReply(200, b"{}")
        length = ("content-length", str(len(reply.body)))
        response = h11.Response(status_code=reply.status, headers=[*reply.headers, length])
        head = self._http.send(response) or b""
        self._transport.write(head + reply.body[: len(reply.body) // 2])
        self.close()

    # --- pace ------------------------------------------------------------------------------------

    def _hold_reading(self) -> None:
        """What the client sends stays in its socket for now."""
        if self._transport is not None:
            self._transport.pause_reading()

    def _go_on(self) -> None:
        if self._transport is not None and not self._is_full:
            self._transport.resume_reading()
            self._read()

    def _give_up_in(self, seconds: float) -> None:
        """The connection ends when nothing else happens for so long."""
        self._stop_waiting()
        self._idle = asyncio.get_running_loop().call_later(seconds, self.abort)

    def _stop_waiting(self) -> None:
        if self._idle is not None:
            self._idle.cancel()
            self._idle = None


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
