"""Stream connections: who does not read, who sends too much, who goes."""

from __future__ import annotations

import asyncio
import socket

import pytest

from trader.clock import ScaledClock
from trader.simulator.exchange import stream_transport
from trader.simulator.exchange.embedded import EmbeddedExchange
from trader.simulator.exchange.sockets_for_tests import (
    KEY,
    Line,
    client,
    exchange,
    raw_connection,
    stream,
    to_the_end,
)
from trader.simulator.exchange.stream import StreamLimits
from trader.simulator.exchange.testing import QUOTES, RUNNERS, defined, offers, traded


def rows(at: int) -> list[list[float]]:
    return [[1.01 + row / 100, at + row] for row in range(99)]


BIG = [
    traded(at, *(offers(number, back=rows(at), lay=rows(at)) for number in RUNNERS))
    for at in range(100, 3_100, 20)
]
"""Messages of some 10 kB."""


@pytest.fixture
def narrow(monkeypatch: pytest.MonkeyPatch) -> None:
    """Little room on the way to a client."""

    def little(transport: asyncio.Transport) -> None:
        raw = transport.get_extra_info("socket")
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 10_000)

    monkeypatch.setattr(stream_transport, "no_delay", little)
    monkeypatch.setattr(stream_transport, "WRITE_BYTES", 10_000)


def sessions(running: EmbeddedExchange) -> int:
    return running.call(lambda server: len(server.hub.sessions))


def connections(running: EmbeddedExchange) -> int:
    count: int = running.call(lambda server: server.status()["connections"]["stream"])
    return count


@pytest.mark.usefixtures("narrow")
def test_a_client_that_does_not_read_is_cut_off_and_others_are_not(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(stream_transport, "LINGER_S", 0.05)
    limits = StreamLimits(outgoing_bytes_max=100_000)
    events = [defined(0, image=True, rc=QUOTES), *BIG]
    with exchange(events=events, limits=limits) as running, client(running) as web:
        token = web.headers["X-Authentication"]
        with stream(running, token) as reader, stream(running, token) as sleeper:
            sleeper.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
            running.step(BIG[0].pt_ms)
            while sessions(running) == 2:
                assert reader.hear()["pt"] == running.venue.now_ms
                running.step(running.venue.now_ms + 20)
            while connections(running) == 2:  # though its client never took the last bytes
                pass
            refused = running.call(lambda server: dict(server.hub.refused))
            assert refused == {"SLOW_CONSUMER": 1}
            assert reader.hear()["pt"] == running.venue.now_ms


@pytest.mark.usefixtures("narrow")
def test_a_client_that_reads_late_misses_nothing() -> None:
    events = [defined(0, image=True, rc=QUOTES), *BIG]
    with (
        exchange(events=events) as running,
        client(running) as web,
        stream(running, web.headers["X-Authentication"]) as line,
    ):
        running.step(BIG[-1].pt_ms)
        heard = [line.hear() for _ in BIG]
        assert [one["pt"] for one in heard] == [event.pt_ms for event in BIG]


def test_clients_that_go_are_forgotten() -> None:
    with exchange() as running, client(running) as web:
        token = web.headers["X-Authentication"]
        lines = [Line(running) for _ in range(8)]
        for line in lines:
            line.subscribe(token)
        for number, line in enumerate(lines):
            if number % 2:
                line.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0" + bytes(4))
            line.close()
        while connections(running):
            pass
        assert sessions(running) == 0
        running.step(running.venue.now_ms + 1_000)
        with stream(running, token) as again:
            running.step(running.venue.now_ms + 100)
            assert again.hear()["mc"]


def test_lines_come_in_any_pieces() -> None:
    with exchange() as running, client(running) as web:
        line = Line(running)
        token = web.headers["X-Authentication"]
        said = (
            f'{{"op":"authentication","id":1,"appKey":"{KEY}","session":"{token}"}}\r\n\r\n'
            '{"op":"heartbeat","id":2}\n{"op":"heartbeat","id":3}\r\n'
        )
        for byte in said.encode():
            line.socket.sendall(bytes([byte]))
        assert [line.hear()["id"] for _ in range(3)] == [1, 2, 3]
        line.close()


def test_a_line_without_end_is_refused_and_nothing_more_is_heard() -> None:
    limits = StreamLimits(line_bytes_max=1_000)
    with exchange(limits=limits) as running, raw_connection(running.ports.stream) as raw:
        raw.sendall(b"{" * 1_001)
        heard = to_the_end(raw)
        assert heard.count(b"INVALID_INPUT") == 1
        assert heard.endswith(b"\r\n")
        assert sessions(running) == 0


def test_a_venue_that_is_full_closes_at_once() -> None:
    limits = StreamLimits(connections_total_max=1)
    with exchange(limits=limits) as running:
        first = Line(running)
        with raw_connection(running.ports.stream) as raw:
            assert b"MAX_CONNECTION_LIMIT_EXCEEDED" in to_the_end(raw)
        first.close()


def test_a_connection_without_a_subscription_ends_though_nothing_else_happens() -> None:
    events = [defined(0, image=True, rc=QUOTES)]
    clock = ScaledClock(events[0].pt_ms, 1.0)
    limits = StreamLimits(idle_ms=50)
    with exchange(events=events, clock=clock, limits=limits) as running:
        while not running.call(lambda server: server.venue.feed_ended):
            pass
        with raw_connection(running.ports.stream) as raw:
            assert b'"errorCode":"TIMEOUT"' in to_the_end(raw)
