"""The HTTP server of the metrics page: a bounded number of requests, each with a time limit.

prometheus-client's own server starts a thread for every connection and waits for ever for what it
asks; whoever connects could fill the trader's process.
"""

from __future__ import annotations

import logging
import socket
import threading
from socketserver import ThreadingMixIn
from typing import Any, Final
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer

from prometheus_client import CollectorRegistry, make_wsgi_app

log = logging.getLogger(__name__)

MAX_REQUESTS: Final = 16
_READ_TIMEOUT_S: Final = 5.0


class _Handler(WSGIRequestHandler):
    timeout = _READ_TIMEOUT_S

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  (named so by its base)
        """Says nothing: a scrape every few seconds is no news."""


class PageServer(ThreadingMixIn, WSGIServer):
    """Serves a registry on a thread of its own until `close`."""

    daemon_threads = True
    request_queue_size = 64

    def __init__(self, host: str, port: int, registry: CollectorRegistry) -> None:
        """Listens on `host` and `port` (0: a free one). Raises `OSError`, `OverflowError`."""
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
        self.address_family = found[0][0]
        self._room = threading.BoundedSemaphore(MAX_REQUESTS)
        super().__init__((str(found[0][4][0]), port), _Handler)
        self.set_app(make_wsgi_app(registry))
        self._thread = threading.Thread(target=self.serve_forever, name="metrics-page", daemon=True)
        self._thread.start()

    def close(self) -> None:
        self.shutdown()
        self._thread.join()
        self.server_close()

    def process_request(self, request: Any, client_address: Any) -> None:
        """Answers on a new thread; beyond the limit the connection is closed at once."""
        if self._room.acquire(blocking=False):
            super().process_request(request, client_address)
        else:
            self.shutdown_request(request)

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        try:
            super().process_request_thread(request, client_address)
        finally:
            self._room.release()

    def handle_error(self, request: Any, client_address: Any) -> None:  # noqa: ARG002
        """A scraper that goes away is no fault of ours: no traceback over the live view."""
        log.debug("a request to the metrics page failed", exc_info=True)
