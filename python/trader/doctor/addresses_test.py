"""Addresses of the venue: plain ones are refused, and a first contact says what is in the way."""

from __future__ import annotations

import email.utils
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from trader.doctor import addresses
from trader.doctor.addresses import encrypted, reached
from trader.doctor.findings import Finding, Mark
from trader.doctor.subject import Subject
from trader.doctor.testing import only, subject_of
from trader.doctor.venue import clock

PLAIN = "betfair.stream.tls=false"


def test_the_venues_own_addresses_are_all_verified() -> None:
    found = only(encrypted(subject_of()))
    assert found.mark is Mark.OK
    assert "all 3 addresses, by the system's authorities" in found.found


@pytest.mark.parametrize(
    ("overrides", "shown"),
    [
        ((PLAIN,), "stream stream-api.betfair.com:443"),
        (("betfair.api_url=http://api.betfair.com",), "api api.betfair.com:80"),
        (("betfair.identity_url=http://a.example:81",), "identity a.example:81"),
    ],
)
def test_a_plain_address_on_another_machine_fails(overrides: tuple[str, ...], shown: str) -> None:
    found = only(encrypted(subject_of(*overrides)))
    assert found.mark is Mark.FAIL
    assert f"{shown} would be plain" in found.found


def test_a_plain_address_on_this_machine_is_warned_of() -> None:
    found = only(encrypted(subject_of(PLAIN, "betfair.stream.host=127.0.0.1")))
    assert found.mark is Mark.WARN


def test_what_is_no_url_fails() -> None:
    found = only(encrypted(subject_of("betfair.api_url=api.betfair.com")))
    assert found.mark is Mark.FAIL
    assert "is not a URL" in found.found


def test_an_address_with_a_path_is_found_before_the_sidecar_refuses_it() -> None:
    assert only(encrypted(subject_of("betfair.api_url=https://api.betfair.com/"))).mark is Mark.OK
    for more in ("/exchange", "/?a=1"):
        found = only(encrypted(subject_of(f"betfair.api_url=https://api.betfair.com{more}")))
        assert (found.mark, "more than a host and a port" in found.found) == (Mark.FAIL, True)


@contextmanager
def answering(reply: bytes | None) -> Iterator[int]:
    """Somebody at a port who answers each connection's first words; None: never."""
    listener = socket.create_server(("127.0.0.1", 0))
    kept: list[socket.socket] = []

    def serve() -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            kept.append(connection)
            if reply is not None:
                connection.recv(4096)
                connection.sendall(reply)
                connection.close()

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        yield listener.getsockname()[1]
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        thread.join()
        listener.close()
        for connection in kept:
            connection.close()


def at(port: int, scheme: str = "http") -> Subject:
    """Everything at one port of this machine."""
    url = f"{scheme}://127.0.0.1:{port}"
    return subject_of(
        f"betfair.api_url={url}",
        f"betfair.identity_url={url}",
        PLAIN,
        "betfair.stream.host=127.0.0.1",
        f"betfair.stream.port={port}",
    )


def dated(ahead_s: float) -> bytes:
    date = email.utils.formatdate(time.time() + ahead_s, usegmt=True)
    return f"HTTP/1.1 404 Not Found\r\nDate: {date}\r\n\r\n".encode()


@pytest.mark.parametrize(
    ("ahead_s", "mark", "words"),
    [
        (0.0, Mark.OK, "of ours, by"),
        (-4.0, Mark.WARN, "s behind of ours, by api's Date"),
        (180.0, Mark.FAIL, "s ahead of ours, by api's Date"),
        (-180.0, Mark.FAIL, "s behind of ours"),
    ],
)
def test_the_venues_date_tells_how_our_clock_stands(ahead_s: float, mark: Mark, words: str) -> None:
    with answering(dated(ahead_s)) as port:
        subject = at(port)
        found = reached(subject)
    assert [one.mark for one in found] == [Mark.OK] * 3
    told = only(clock(subject))
    # Which of the two addresses told it better is chance.
    assert told.found.replace("identity's", "api's").find(words) >= 0, told
    assert told.mark is mark


@pytest.mark.parametrize("reply", [b"HTTP/1.1 200 OK\r\n\r\n", b"hello", b"X: y\r\nDate: soon\r\n"])
def test_whoever_tells_no_time_tells_none(reply: bytes) -> None:
    with answering(reply) as port:
        subject = at(port)
        reached(subject)
    assert subject.visit.clock_ahead_ms == {}
    assert only(clock(subject)).mark is Mark.WARN


def first(subject: Subject) -> Finding:
    found = reached(subject)[0]
    assert found.mark is Mark.FAIL
    return found


def test_a_name_that_nobody_knows_fails() -> None:
    found = first(subject_of("betfair.api_url=https://nowhere.invalid"))
    assert "api nowhere.invalid:443: " in found.found
    assert "name server" in found.advice


def test_a_port_that_nobody_listens_on_fails() -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    assert "Connection refused" in first(at(port)).found


def test_somebody_who_does_not_speak_tls_fails() -> None:
    with answering(b"hello, this is no TLS\r\n") as port:
        assert "no TLS" in first(at(port, "https")).found


def test_somebody_who_says_nothing_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(addresses, "CONNECT_S", 0.05)
    with answering(None) as port:
        assert "no connection within 0.05 s" in first(at(port, "https")).found
