"""HTTP as clients may speak it: ahead, slowly, half, too much; and certificates."""

from __future__ import annotations

import http.client
import ssl
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from trader.simulator.exchange import http as exchange_http
from trader.simulator.exchange.certificates import make_certificates
from trader.simulator.exchange.control import TOKEN_HEADER
from trader.simulator.exchange.http import BODY_BYTES_MAX, HEADERS_BYTES_MAX
from trader.simulator.exchange.sockets_for_tests import (
    KEY,
    TIMEOUT_S,
    client,
    exchange,
    place_request,
    raw_connection,
    rule,
    to_the_end,
    wait_parked,
)

FORM = b"username=hotloop&password=paper-money"


def spelled(path: str, body: bytes, *headers: str, method: str = "POST") -> bytes:
    """A request as it goes over the wire."""
    lines = [f"{method} {path} HTTP/1.1", "Host: here", f"Content-Length: {len(body)}", *headers]
    return "\r\n".join([*lines, "", ""]).encode() + body


def test_a_head_request_is_answered_without_a_body() -> None:
    with exchange() as running, client(running) as web:
        assert web.send("/exchange/betting/json-rpc/v1", b"", "HEAD") == (404, b"")
        assert web.place()["result"]["status"] == "SUCCESS"


def test_what_was_sent_ahead_is_answered_in_order() -> None:
    count = 3_000
    with exchange() as running, raw_connection(running.ports.api) as raw:
        asked = [spelled(f"/{number}", b"") for number in range(count)]
        raw.sendall(spelled("/api/keepAlive", b"") + b"".join(asked))
        raw.sendall(spelled("/last", b"", "Connection: close"))
        heard = to_the_end(raw)
    assert heard.startswith(b"HTTP/1.1 200 ")
    assert heard.count(b"HTTP/1.1 404 ") == count + 1


def test_what_is_sent_ahead_of_a_late_answer_waits_in_the_socket() -> None:
    with exchange(rule("delay_before", "login", ms=100)) as running:
        with raw_connection(running.ports.api) as raw:
            login = spelled("/api/login", FORM, f"X-Application: {KEY}")
            raw.sendall(login + spelled("/second", b"", "Connection: close"))
            wait_parked(running)
            running.step(running.venue.now_ms + 100)
            heard = to_the_end(raw)
        first, second = heard.split(b"HTTP/1.1 ")[1:]
        assert first.startswith(b"200 ")
        assert b"SUCCESS" in first
        assert second.startswith(b"404 ")


def test_a_client_that_does_not_read_is_not_answered_without_end(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(exchange_http, "WRITE_BYTES_MAX", 4_096)
    many = [rule("exception", after_calls=10**6)] * 1_000  # an answer of some 100 kB
    with exchange(*many) as running, raw_connection(running.ports.control) as raw:
        raw.settimeout(1.0)
        token = f"{TOKEN_HEADER}: {running.control_token}"
        with pytest.raises(TimeoutError):
            while True:  # until the server stops to read
                raw.sendall(spelled("/faults", b"", token, method="GET") * 500)
        with client(running) as web:  # others are served
            assert web.place()["result"]["status"] == "SUCCESS"
        raw.settimeout(TIMEOUT_S)
        assert raw.recv(4_096).startswith(b"HTTP/1.1 200 ")


def test_a_connection_without_a_request_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exchange_http, "IDLE_S", 0.05)
    with exchange() as running:
        with raw_connection(running.ports.api) as silent:
            assert to_the_end(silent) == b""
        with raw_connection(running.ports.api) as slow:
            slow.sendall(b"POST /api/login HTTP/1.1\r\nHost: he")
            assert to_the_end(slow) == b""


def test_a_request_that_waits_for_its_time_is_not_idle(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exchange_http, "IDLE_S", 0.05)
    with exchange(rule("delay_before", ms=10)) as running, client(running) as web:
        web.begin(*place_request())
        wait_parked(running)
        with raw_connection(running.ports.api) as other:
            assert to_the_end(other) == b"", "so long it is too long for others"
        running.step(running.venue.now_ms + 10)
        assert b"SUCCESS" in web.end()


def test_a_body_is_asked_for_where_the_client_waits_to_be_asked() -> None:
    with exchange() as running, raw_connection(running.ports.api) as raw:
        request = spelled("/api/login", FORM, f"X-Application: {KEY}", "Expect: 100-continue")
        head, body = request[: -len(FORM)], FORM
        raw.sendall(head)
        assert raw.recv(1_024).startswith(b"HTTP/1.1 100 ")
        raw.sendall(body)
        assert b"SUCCESS" in raw.recv(4_096)


@pytest.mark.parametrize(
    ("request_bytes", "status"),
    [
        (spelled("/api/login", b"x" * (BODY_BYTES_MAX + 1)), b"413"),
        (b"GET / HTTP/1.1\r\nX: " + b"y" * (HEADERS_BYTES_MAX + 1), b"431"),
        (b"nonsense\r\n\r\n", b"400"),
        (spelled("/x", b"", method="HEAD") + b"nonsense\r\n\r\n", b"404"),
    ],
    ids=["body", "headers", "nonsense", "nonsense after HEAD"],
)
def test_too_much_and_nonsense_are_refused_and_ended(request_bytes: bytes, status: bytes) -> None:
    with exchange() as running, raw_connection(running.ports.api) as raw:
        heard = b""
        try:
            raw.sendall(request_bytes)
            heard = raw.recv(4_096)
            to_the_end(raw)
        except ConnectionError:  # it may be ended while we still send
            pass
        assert heard.startswith(b"HTTP/1.1 " + status)
        with client(running) as web:
            assert web.place()["result"]["status"] == "SUCCESS"


def login(port: int, path: str, context: ssl.SSLContext | None) -> bytes:
    connection: Any
    if context is None:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=TIMEOUT_S)
    else:
        connection = http.client.HTTPSConnection(
            "localhost", port, timeout=TIMEOUT_S, context=context
        )
    with closing(connection):
        connection.request("POST", path, FORM, {"X-Application": KEY})
        body: bytes = connection.getresponse().read()
    return body


def test_a_log_in_by_certificate_needs_one_of_ours(tmp_path: Path) -> None:
    ours = make_certificates(tmp_path)
    (tmp_path / "other").mkdir()
    others = make_certificates(tmp_path / "other")
    bare = ssl.create_default_context(cafile=str(ours.ca_file))
    known = ssl.create_default_context(cafile=str(ours.ca_file))
    known.load_cert_chain(ours.client_cert_file, ours.client_key_file)
    strange = ssl.create_default_context(cafile=str(ours.ca_file))
    strange.load_cert_chain(others.client_cert_file, others.client_key_file)
    with exchange(tls=ours.server_context()) as running:
        port = running.ports.api
        for path in ("/api/certlogin", "/api/certlogin/", "/api/certlogin?x=/"):
            assert login(port, path, bare) == b'{"loginStatus":"CERT_AUTH_REQUIRED"}'
        assert b'"status":"SUCCESS"' in login(port, "/api/login", bare)
        assert b'"loginStatus":"SUCCESS"' in login(port, "/api/certlogin", known)
        with pytest.raises((OSError, http.client.HTTPException)):
            login(port, "/api/certlogin", strange)
    with exchange() as plain:  # without TLS nobody can show one
        assert b'"loginStatus":"SUCCESS"' in login(plain.ports.api, "/api/certlogin", None)
