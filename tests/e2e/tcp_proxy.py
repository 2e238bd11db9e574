"""A TCP proxy for tests that ends connections after so many bytes, or on command."""

from __future__ import annotations

import socket
import threading
from collections.abc import Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class ByteLimit:
    """How many bytes of one connection go through towards the server and back.

    With `half` the way back stays open when the way up ends: the server can still answer.
    """

    up: int
    down: int
    half: bool = False


@dataclass(slots=True)
class Stream:
    """The bytes of one direction of a connection: those that went through, and those that had come
    when its limit was reached."""

    passed: bytearray = field(default_factory=bytearray)
    held: bytearray = field(default_factory=bytearray)


class TcpProxy:
    """`with TcpProxy(host, port) as proxy:` listens on `proxy.port` of loopback.

    `limits[n]` bounds the n-th connection; later ones are not bounded. Bytes up to the limit do
    arrive, then both sides are closed (but see `ByteLimit.half`). `streams[n]` is what went up and
    what came down its n-th connection.
    """

    def __init__(self, host: str, port: int, limits: Sequence[ByteLimit] = ()) -> None:
        self._server = (host, port)
        self._limits = limits
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self.connections = 0
        self.streams: list[tuple[Stream, Stream]] = []
        self._pairs: list[tuple[socket.socket, socket.socket]] = []
        self._pumps: list[threading.Thread] = []
        self._acceptor = threading.Thread(target=self._accept, daemon=True)

    def __enter__(self) -> TcpProxy:
        self._acceptor.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._acceptor.join()
        self._listener.close()
        self.cut()
        for pump in self._pumps:
            pump.join()
        for pair in self._pairs:
            for end in pair:
                end.close()

    def cut(self) -> None:
        """Ends all connections there are."""
        for pair in list(self._pairs):
            _end(*pair)

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            try:
                server = socket.create_connection(self._server)
            except OSError:
                # Nobody listens there any more.
                client.close()
                continue
            for end in (client, server):
                end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            number, self.connections = self.connections, self.connections + 1
            limit = self._limits[number] if number < len(self._limits) else None
            self._pairs.append((client, server))
            up, down = Stream(), Stream()
            self.streams.append((up, down))
            half = limit is not None and limit.half
            self._start(client, server, up, limit.up if limit else None, half)
            self._start(server, client, down, limit.down if limit else None, False)

    def _start(
        self,
        source: socket.socket,
        sink: socket.socket,
        stream: Stream,
        limit: int | None,
        half: bool,
    ) -> None:
        arguments = (source, sink, stream, limit, half)
        pump = threading.Thread(target=_pump, args=arguments, daemon=True)
        self._pumps.append(pump)
        pump.start()


def _pump(
    source: socket.socket, sink: socket.socket, stream: Stream, limit: int | None, half: bool
) -> None:
    left = limit
    try:
        while data := source.recv(1 << 16):
            piece = data if left is None else data[:left]
            stream.passed += piece
            stream.held += data[len(piece) :]
            sink.sendall(piece)
            if left is not None:
                left -= len(piece)
                if left == 0:
                    if half:
                        sink.shutdown(socket.SHUT_WR)
                        _swallow(source)
                    break
    except OSError:
        # The other direction has ended the connection.
        pass
    finally:
        _end(source, sink)


def _swallow(source: socket.socket) -> None:
    while source.recv(1 << 16):
        pass


def _end(*ends: socket.socket) -> None:
    for end in ends:
        try:
            end.shutdown(socket.SHUT_RDWR)
        except OSError:
            # Already ended.
            continue
