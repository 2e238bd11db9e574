"""The exchange on real sockets: what clients see, stepped time, garbage, the end."""

from __future__ import annotations

import http.client
import socket
import ssl
import threading
from pathlib import Path

import msgspec
import pytest

from trader.clock import ScaledClock, SteppedClock
from trader.simulator.exchange.certificates import make_certificates
from trader.simulator.exchange.embedded import EmbeddedExchange
from trader.simulator.exchange.faults import FaultPlan
from trader.simulator.exchange.sockets_for_tests import (
    KEY,
    MOVES,
    TIMEOUT_S,
    Line,
    Web,
    client,
    control,
    exchange,
    place_request,
    rule,
    stream,
    to_the_end,
)
from trader.simulator.exchange.testing import MARKET, QUOTES, MemoryFeed, defined
from trader.simulator.exchange.venue import Venue, VenueConfig
from trader.simulator.feeds import FeedEvent


def test_orders_and_streams_over_sockets() -> None:
    with exchange() as running, client(running) as web:
        token = web.headers["X-Authentication"]
        with stream(running, token) as markets, stream(running, token, "orderSubscription") as mine:
            report = web.place()["result"]
            assert report["status"] == "SUCCESS"
            bet_id = report["instructionReports"][0]["betId"]
            assert mine.hear()["oc"][0]["orc"][0]["uo"][0]["id"] == bet_id
            assert markets.hear()["mc"][0]["rc"][0]["atl"] == [[3.3, 5]]
            running.step(running.venue.now_ms + 100)
            assert markets.hear()["mc"][0]["rc"][0]["atb"] == [[3, 1]]


def test_over_tls_the_certificate_is_the_venues(tmp_path: Path) -> None:
    certificates = make_certificates(tmp_path)
    assert {path.name: path.stat().st_mode & 0o777 for path in tmp_path.iterdir()} == {
        "ca.pem": 0o644,
        "server.pem": 0o600,
        "client.crt": 0o644,
        "client.key": 0o600,
    }
    trusting = ssl.create_default_context(cafile=str(certificates.ca_file))
    with exchange(tls=certificates.server_context()) as running:
        line = Line(running, trusting)
        assert line.connection_id
        line.close()
        strange = ssl.create_default_context()
        with pytest.raises(ssl.SSLCertVerificationError):
            Line(running, strange)
        with pytest.raises((OSError, http.client.HTTPException)):
            Web(running).send("/api/login", b"")


def test_garbage_ends_a_connection_and_nothing_else() -> None:
    garbage = (b"\x00\xff\x16\x03", b"GET", b"POST / HTTP/9.9\r\n\r\n", b"{" * 70_000 + b"\r\n")
    with exchange() as running:
        for port in (running.ports.stream, running.ports.api, running.ports.control):
            for junk in garbage:
                with socket.create_connection(("127.0.0.1", port), TIMEOUT_S) as raw:
                    raw.sendall(junk)
                    raw.shutdown(socket.SHUT_WR)
                    while raw.recv(65_536):
                        pass
        with client(running) as web:
            assert web.place()["result"]["status"] == "SUCCESS"


def test_the_wall_goes_by_itself() -> None:
    feed = MemoryFeed([defined(0, image=True, rc=QUOTES), *MOVES])
    clock = ScaledClock(feed.first_pt_ms, 20.0)
    with (
        exchange(clock=clock) as running,
        client(running) as web,
        stream(running, web.headers["X-Authentication"]) as line,
    ):
        while line.hear()["mc"][0]["rc"][0]["atb"] != [[3, 19]]:
            pass
        assert running.call(lambda server: server.is_finished)
        assert running.server.lag_ms_max < 10_000


def transcript(seed: int) -> list[bytes]:
    """All bytes of every connection through a script of requests, steered over the control port;
    faults and broken replies among them."""
    rules = [
        rule("exception", probability=0.2, code="UNEXPECTED_ERROR"),
        rule("http_error", probability=0.2, executed=True),
        rule("duplicate", "mcm", after_calls=1, probability=0.3),
        rule("reorder", "ocm", after_calls=1, probability=0.2),
        rule("half_reply", "cancelOrders", probability=0.3),
    ]
    venue = Venue(VenueConfig(seed=seed), MemoryFeed([defined(0, image=True, rc=QUOTES), *MOVES]))
    plan = FaultPlan(seed, venue.now_ms, rules)
    clock = SteppedClock(venue.now_ms)
    with EmbeddedExchange(venue, clock, plan=plan) as running, client(running) as web:
        token = web.headers["X-Authentication"]
        with stream(running, token) as one, stream(running, token, "orderSubscription") as two:
            heard = [token.encode()]
            taken = {one: 4, two: 4}  # connection, two statuses, the image
            for number in range(20):
                heard.append(web.send(*place_request(customerRef=f"r{number}"))[1])
                heard.append(cancel_all(running, token))
                _, told = control(running, "POST", "/advance", {"by_ms": 60})
                for line in (one, two):
                    while taken[line] < told["streams"][line.connection_id]:
                        heard.append(line.raw())
                        taken[line] += 1
            heard.append(msgspec.json.encode(control(running, "GET", "/ledger")[1]))
            heard.append(msgspec.json.encode(control(running, "GET", "/faults/log")[1]))
    return heard


def cancel_all(running: EmbeddedExchange, token: str) -> bytes:
    """The bytes of the reply, on a connection of its own, to where it ends."""
    call = {"method": "SportsAPING/v1.0/cancelOrders", "params": {"marketId": MARKET}, "id": 1}
    body = msgspec.json.encode(call)
    head = (
        f"POST /exchange/betting/json-rpc/v1 HTTP/1.1\r\nHost: here\r\nConnection: close\r\n"
        f"X-Application: {KEY}\r\nX-Authentication: {token}\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    with socket.create_connection(("127.0.0.1", running.ports.api), TIMEOUT_S) as raw:
        raw.sendall(head.encode() + body)
        return to_the_end(raw)


def test_stepped_time_and_a_seed_give_the_same_bytes_on_every_connection() -> None:
    first = transcript(7)
    assert first == transcript(7)
    assert first != transcript(8)
    assert len(first) > 80
    assert any(b"UNEXPECTED_ERROR" in one for one in first)
    assert any(b"half_reply" in one for one in first)


def test_a_port_that_is_taken_is_told_at_once() -> None:
    with exchange() as running:
        venue = Venue(VenueConfig(), MemoryFeed([defined(0, image=True)]))
        other = EmbeddedExchange(venue, SteppedClock(venue.now_ms), api_port=running.ports.api)
        with pytest.raises(OSError, match="in use"), other:
            pass


def test_bad_data_stops_time_and_says_so() -> None:
    broken = FeedEvent(MOVES[0].pt_ms, ({"id": MARKET, "rc": [{"id": 101, "atb": [["x", 1]]}]},))
    events = [defined(0, image=True, rc=QUOTES), broken]
    feed = MemoryFeed(events)
    clock = ScaledClock(feed.first_pt_ms, 50.0)
    with exchange(clock=clock, events=events) as running:
        while running.server.failure is None:
            pass
        assert "is not a number" in str(running.server.failure)
        stopped_ms = running.venue.now_ms
        with client(running) as web:  # clients are not cut off, and time stands
            assert web.place()["result"]["status"] == "SUCCESS"
        assert running.venue.now_ms == stopped_ms == MOVES[0].pt_ms
        assert control(running, "GET", "/status")[1]["failure"] == (
            f"{type(running.server.failure).__name__}: {running.server.failure}"
        )


def test_what_a_request_makes_due_at_once_happens_with_it() -> None:
    with exchange(rule("timeout", times=1, late_ms=0)) as running, client(running) as web:
        token = web.headers["X-Authentication"]
        with stream(running, token, "orderSubscription") as mine:
            web.begin(*place_request())
            assert mine.hear()["oc"], "though no time has passed, and nothing else came"
            running.step(running.venue.now_ms + 5_000)
            assert msgspec.json.decode(web.end())["result"]["status"] == "TIMEOUT"


def test_how_late_anything_happened_is_told() -> None:
    feed = MemoryFeed([defined(0, image=True, rc=QUOTES), *MOVES])
    venue = Venue(VenueConfig(), feed)
    began = ScaledClock(venue.now_ms - 60_000, 1_000_000.0)  # far ahead as soon as it is looked at
    with EmbeddedExchange(venue, began) as running:
        while not running.call(lambda server: server.is_finished):
            pass
        told = running.call(lambda server: server.status())
        assert told["lag_ms_max"] > 0
        assert told["events"] == len(MOVES) + 1


def test_stop_ends_every_connection_whatever_its_client_does() -> None:
    clock = ScaledClock(MOVES[0].pt_ms, 1.0)
    with exchange(rule("delay_before", ms=10**9), clock=clock) as running, client(running) as web:
        token = web.headers["X-Authentication"]
        lines = [Line(running) for _ in range(5)]
        for line in lines:
            line.subscribe(token)
        half = socket.create_connection(("127.0.0.1", running.ports.api), TIMEOUT_S)
        half.sendall(b"POST /exchange/betting")
        waits = Web(running)
        waits.headers = web.headers
        waits.begin(*place_request())
        workers = [threading.Thread(target=busy, args=(running, token)) for _ in range(3)]
        for worker in workers:
            worker.start()
        running.__exit__()
        for worker in workers:
            worker.join()
        for connection in (*(line.socket for line in lines), half):
            to_the_end(connection)
            connection.close()
        with pytest.raises((http.client.HTTPException, OSError)):
            waits.end()
        waits.close()
        with pytest.raises(ConnectionRefusedError):
            Line(running)
        running.__exit__()  # twice does no harm


def busy(running: EmbeddedExchange, token: str) -> None:
    """Asks until nobody answers."""
    web = Web(running)
    web.headers["X-Authentication"] = token
    try:
        while True:
            web.send("/exchange/account/rest/v1.0/getAccountFunds/", b"{}")
    except (http.client.HTTPException, OSError):
        web.close()
