"""Leads this process's connections to the venue's hosts to an exchange on loopback.

Nothing of a client changes: it asks for api.betfair.com and verifies a certificate of that name,
as a name server and an authority of one's own would have it. requests learns of the authority, and
that no proxy stands between, from the environment.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Callable
from typing import Any, Final

API_HOSTS: Final = (
    "api.betfair.com",
    "identitysso.betfair.com",
    "identitysso-cert.betfair.com",
)
STREAM_HOST: Final = "stream-api.betfair.com"
LOOPBACK: Final = "127.0.0.1"


def redirect(api_port: int, stream_port: int, ca_file: str) -> Callable[[], None]:
    """From now on the venue's hosts are here, for the whole process; call what it returns and they
    are where they were."""
    environment = dict(os.environ)
    os.environ |= {"REQUESTS_CA_BUNDLE": ca_file, "NO_PROXY": "*", "no_proxy": "*"}
    ports = dict.fromkeys(API_HOSTS, api_port) | {STREAM_HOST: stream_port}
    real_resolve, real_connect = socket.getaddrinfo, socket.socket.connect

    def resolve(host: Any, port: Any, *rest: Any, **more: Any) -> Any:
        if host in ports:
            return real_resolve(LOOPBACK, ports[host], *rest, **more)
        return real_resolve(host, port, *rest, **more)

    def connect(self: socket.socket, address: Any) -> None:
        if isinstance(address, tuple) and address[0] in ports:
            address = (LOOPBACK, ports[address[0]])
        real_connect(self, address)

    def restore() -> None:
        socket.getaddrinfo = real_resolve
        socket.socket.connect = real_connect  # type: ignore[method-assign]
        for name in ("REQUESTS_CA_BUNDLE", "NO_PROXY", "no_proxy"):
            if name in environment:
                os.environ[name] = environment[name]
            else:
                del os.environ[name]

    socket.getaddrinfo = resolve
    socket.socket.connect = connect  # type: ignore[method-assign, assignment]
    return restore
