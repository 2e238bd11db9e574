"""A connection in the making, on a thread of its own: names, TCP and TLS may take many seconds, in
which whoever wants the connection has orders to look after."""

from __future__ import annotations

import ipaddress
import socket
import ssl
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

CONNECT_TIMEOUT_S: Final = 10.0


class StreamError(Exception):
    """The venue refuses us for good, or the address is not one to talk to; one line."""


@dataclass(frozen=True, slots=True)
class StreamEndpoint:
    """Where the stream is. Raises `StreamError` for plain TCP to another machine."""

    host: str
    port: int
    tls: bool = True
    ca_file: str | None = None

    def __post_init__(self) -> None:
        if not self.tls and not is_loopback(self.host):
            raise StreamError(f"stream to {self.host} without TLS: only this machine may be plain")

    def tls_context(self) -> ssl.SSLContext | None:
        """What verifies the venue; None for plain TCP. Raises `StreamError`."""
        if not self.tls:
            return None
        try:
            context = ssl.create_default_context(cafile=self.ca_file)
        except OSError as error:
            raise StreamError(f"authorities of {self.ca_file}: {error.strerror}") from None
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        return context


class Dial:
    """Begins at once; `result` may be asked for again and again."""

    def __init__(
        self,
        endpoint: StreamEndpoint,
        context: ssl.SSLContext | None,
        before: Callable[[], object] | None = None,
    ) -> None:
        """`before` is done first, such as a log-in."""
        self._endpoint = endpoint
        self._context = context
        self._before = before
        self._socket: socket.socket | None = None
        self._error: Exception | None = None
        self._done = threading.Event()
        self._dropped = False
        self._lock = threading.Lock()
        threading.Thread(target=self._run, name="stream-dial", daemon=True).start()

    def result(self, timeout_s: float) -> socket.socket | None:
        """The connection; None while it is not there. Raises what it has failed with."""
        if not self._done.wait(max(timeout_s, 0.0)):
            return None
        if self._error is not None:
            raise self._error
        return self._socket

    def drop(self) -> None:
        """The connection is not wanted any more."""
        with self._lock:
            self._dropped = True
            if self._socket is not None:
                self._socket.close()

    def _run(self) -> None:
        try:
            if self._before is not None:
                self._before()
            made = self._connect()
        except Exception as error:
            self._error = error
        else:
            with self._lock:
                self._socket = made
                if self._dropped:
                    made.close()
        self._done.set()

    def _connect(self) -> socket.socket:
        endpoint = self._endpoint
        plain = socket.create_connection((endpoint.host, endpoint.port), CONNECT_TIMEOUT_S)
        plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if self._context is None:
            return plain
        try:
            return self._context.wrap_socket(plain, server_hostname=endpoint.host)
        except BaseException:
            plain.close()
            raise


def is_loopback(host: str) -> bool:
    """Whether a host is this machine."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
