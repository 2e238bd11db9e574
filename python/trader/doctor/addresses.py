"""The venue's addresses: that TLS is asked for, and what an address answers to a first contact."""

from __future__ import annotations

import email.utils
import socket
import ssl
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlsplit

from trader.betfair.dial import StreamError, is_loopback
from trader.doctor.findings import Finding, fail, ok, warn
from trader.doctor.subject import Subject
from trader.execution.executor_py.from_document import stream_endpoint
from trader.execution.interfaces.executor import ExecutorStartError

TLS: Final = "TLS"
REACHED: Final = "venue reached"
CONNECT_S: Final = 5.0
_DATE_HALF_MS: Final = 500.0
"""A Date header is in whole seconds: on average it is half of one behind."""
_HEAD_BYTES_MAX: Final = 16_384


@dataclass(frozen=True, slots=True)
class Address:
    """One to talk to. `is_http`: one that answers HTTP, and so may tell its time."""

    what: str
    host: str
    port: int
    tls: bool
    is_http: bool

    @property
    def shown(self) -> str:
        return f"{self.what} {self.host}:{self.port}"


def addresses(subject: Subject) -> list[Address]:
    """Of API, identity service and stream. Raises `ValueError` for what is no URL."""
    betfair = subject.config.betfair
    found = []
    named = [("api", betfair.api_url), ("identity", betfair.identity_url)]
    if betfair.session.cert_file:
        named.append(("certlogin", betfair.certlogin_url))
    for what, url in named:
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ValueError(f"betfair.{what}_url {url} is not a URL of http or https")
        if parts.path not in ("", "/") or parts.query:
            raise ValueError(f"betfair.{what}_url {url} has more than a host and a port")
        tls = parts.scheme == "https"
        port = parts.port or (443 if tls else 80)
        found.append(Address(what, parts.hostname, port, tls, is_http=True))
    stream = betfair.stream
    found.append(Address("stream", stream.host, stream.port, stream.tls, is_http=False))
    return found


def encrypted(subject: Subject) -> list[Finding]:
    """Whether every address but those of this machine is reached by TLS."""
    try:
        found = addresses(subject)
    except ValueError as error:
        return [fail(TLS, str(error), "write it as https://host")]
    plain = [one for one in found if not one.tls]
    away = [one for one in plain if not is_loopback(one.host)]
    if away:
        keys = {"stream": "betfair.stream.tls: true"}
        return [
            fail(
                TLS,
                f"{one.shown} would be plain: passwords, orders and prices for all to read",
                f"set {keys.get(one.what, f'betfair.{one.what}_url to https://…')}",
            )
            for one in away
        ]
    trusted = subject.config.betfair.ca_file or "the system's authorities"
    if plain:
        names = ", ".join(one.shown for one in plain)
        return [
            warn(TLS, f"{names}: plain, on this machine", "right for a simulated exchange only")
        ]
    return [ok(TLS, f"verified at all {len(found)} addresses, by {trusted}")]


def reached(subject: Subject) -> list[Finding]:
    """Name, TCP and verified TLS of every address, with what each took."""
    return [_reach(subject, one) for one in addresses(subject)]


def _reach(subject: Subject, address: Address) -> Finding:
    started = time.monotonic()
    try:
        context = _context(subject, address)
        found = socket.getaddrinfo(address.host, address.port, type=socket.SOCK_STREAM)
        named_ms = _since_ms(started)
        with _connected(address, context) as (connection, how):
            took_ms = _since_ms(started)
            if address.is_http and (ahead := _clock_ahead_ms(connection, address)) is not None:
                subject.visit.clock_ahead_ms[f"{address.what}'s Date"] = ahead
    except (OSError, StreamError, ExecutorStartError) as error:
        return fail(REACHED, f"{address.shown}: {_why(error)}", _what_to_do(error))
    where = found[0][4][0]
    return ok(
        REACHED,
        f"{address.shown} ({where}): name {named_ms:.0f} ms, connected {took_ms:.0f} ms, {how}",
    )


def _context(subject: Subject, address: Address) -> ssl.SSLContext | None:
    """What verifies an address. Our own certificate is for the log-in."""
    section: dict[str, Any] = {"stream": {"host": address.host, "tls": address.tls}}
    if ca_file := subject.config.betfair.ca_file:
        section["ca_file"] = ca_file
    return stream_endpoint(section).tls_context()


@contextmanager
def _connected(
    address: Address, context: ssl.SSLContext | None
) -> Iterator[tuple[socket.socket, str]]:
    with closing(socket.create_connection((address.host, address.port), CONNECT_S)) as plain:
        if context is None:
            yield plain, "plain"
            return
        with context.wrap_socket(plain, server_hostname=address.host) as secure:
            yield secure, f"{secure.version()}, certificate verified"


def _clock_ahead_ms(connection: socket.socket, address: Address) -> float | None:
    """By how much the venue's Date is ahead of our clock; None where it tells none."""
    request = f"GET / HTTP/1.1\r\nHost: {address.host}\r\nConnection: close\r\n\r\n"
    before_s = time.time()
    connection.sendall(request.encode())
    head = b""
    while b"\r\n\r\n" not in head and len(head) < _HEAD_BYTES_MAX:
        if not (more := connection.recv(4096)):
            break
        head += more
    ours_ms = (before_s + time.time()) / 2 * 1000
    for line in head.decode("latin-1").split("\r\n"):
        name, _, value = line.partition(":")
        if name.lower() == "date":
            try:
                told = email.utils.parsedate_to_datetime(value.strip())
            except ValueError:
                return None
            return told.timestamp() * 1000 + _DATE_HALF_MS - ours_ms
    return None


def _since_ms(started: float) -> float:
    return (time.monotonic() - started) * 1000


def _why(error: Exception) -> str:
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"its certificate is not good: {error.verify_message}"
    if isinstance(error, TimeoutError):
        return f"no connection within {CONNECT_S:g} s"
    if isinstance(error, ssl.SSLError):
        return f"no TLS: {error.reason or error}"
    return str(getattr(error, "strerror", None) or error)


def _what_to_do(error: Exception) -> str:
    if isinstance(error, socket.gaierror):
        return "see the network and the name server, and that the host is spelt right"
    if isinstance(error, ssl.SSLError):
        return "see betfair.ca_file, this machine's clock and authorities, and who is in between"
    return "see the network, the firewall, and that host and port are right"
