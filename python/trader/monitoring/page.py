"""The HTTP server of the trader's pages: a bounded number of requests, each with a time limit.

prometheus-client's own server starts a thread for every connection and waits for ever for what it
asks; whoever connects could fill the trader's process. Here a request has so long to be whole, and
each part of an answer so long to be taken.
"""

from __future__ import annotations

import io
import logging
import socket
import threading
from contextlib import suppress
from socketserver import ThreadingMixIn
from time import monotonic
from typing import TYPE_CHECKING, Any, Final, cast
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer

if TYPE_CHECKING:
    from wsgiref.types import WSGIApplication

log = logging.getLogger(__name__)

MAX_REQUESTS: Final = 16
_READ_TIMEOUT_S: Final = 5.0


class _Handler(WSGIRequestHandler):
    timeout = _READ_TIMEOUT_S

    def parse_request(self) -> bool:
        is_read = super().parse_request()
        cast(PageServer, self.server).request_is_read(self.connection)
        return is_read

    def get_stderr(self) -> io.StringIO:
        """Nowhere: a reader who takes nothing more is no fault of ours, and a traceback would be
        over the live view."""
        return io.StringIO()

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  (named so by its base)
        """Says nothing: a scrape every few seconds is no news, and a path may hold a secret."""


class PageServer(ThreadingMixIn, WSGIServer):
    """Serves an application on a thread of its own until `close`."""

    daemon_threads = True
    request_queue_size = 64

    def __init__(self, host: str, port: int, app: WSGIApplication, name: str) -> None:
        """Listens on `host` and `port` (0: a free one); `name` is the thread's. Raises `OSError`,
        `OverflowError`."""
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
        self.address_family = found[0][0]
        self._room = threading.BoundedSemaphore(MAX_REQUESTS)
        self._unread: dict[socket.socket, float] = {}  # requests that are not whole, since when
        self._name = name
        super().__init__((str(found[0][4][0]), port), _Handler)
        self.set_app(app)
        self._thread = threading.Thread(target=self.serve_forever, name=name, daemon=True)
        self._thread.start()

    def close(self) -> None:
        self.shutdown()
        self._thread.join()
        self.server_close()

    def process_request(self, request: Any, client_address: Any) -> None:
        """Answers on a new thread; beyond the limit the connection is closed at once."""
        if self._room.acquire(blocking=False):
            self._unread[request] = monotonic()
            try:
                super().process_request(request, client_address)
            except BaseException:  # no thread can be started: its place must not be gone for ever
                self.request_is_read(request)
                self._room.release()
                raise
        else:
            self.shutdown_request(request)

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        try:
            super().process_request_thread(request, client_address)
        finally:
            self.request_is_read(request)
            self._room.release()

    def request_is_read(self, request: socket.socket) -> None:
        """Its head has come whole, or it has ended."""
        self._unread.pop(request, None)

    def service_actions(self) -> None:
        """Twice a second: whoever sends his request a byte at a time is let go."""
        for request, since_s in self._unread.copy().items():
            if monotonic() - since_s > _READ_TIMEOUT_S:
                with suppress(OSError):  # it has just ended
                    request.shutdown(socket.SHUT_RDWR)

    def handle_error(self, request: Any, client_address: Any) -> None:  # noqa: ARG002
        """A reader who goes away is no fault of ours: no traceback over the live view."""
        log.debug("a request to the %s failed", self._name, exc_info=True)
