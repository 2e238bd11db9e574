"""The control port: what it tells, how it steers, what it refuses."""

from __future__ import annotations

import http.client
from typing import Any

import pytest

from trader.simulator.exchange.control import BETS_MAX, STEP_MS_MAX, TOKEN_HEADER
from trader.simulator.exchange.oracle import ledger
from trader.simulator.exchange.sockets_for_tests import (
    MOVES,
    TIMEOUT_S,
    client,
    control,
    exchange,
    stream,
)
from trader.simulator.exchange.testing import MARKET, QUOTES, defined
from trader.simulator.feeds import FeedEvent


def test_the_control_port_steers_and_tells() -> None:
    with exchange() as running, client(running) as web:
        web.place()
        status, told = control(running, "GET", "/status")
        assert (status, told["bets"], told["clock"]) == (200, 1, "SteppedClock")
        _, told = control(running, "POST", "/advance", {"by_ms": 250})
        assert told["events"] == 3
        status, told = control(running, "POST", "/advance", {"to_ms": 5})
        assert (status, "does not go back" in told["error"]) == (400, True)
        _, ledger = control(running, "GET", "/ledger")
        assert ledger["accounts"]["hotloop"]["bets"][0]["remaining_centi"] == 500
        assert control(running, "GET", "/markets")[1] == {MARKET: "OPEN"}
        assert control(running, "GET", f"/books/{MARKET}")[1]["runners"][0]["atl"][1] == [330, 500]
        _, rules = control(running, "POST", "/faults", [{"fault": "reset_before", "times": 1}])
        assert [one["fault"] for one in rules] == ["reset_before"]
        with pytest.raises(ConnectionResetError):
            web.place()
        assert control(running, "GET", "/faults/log")[1][0]["operation"] == "placeOrders"
        assert control(running, "DELETE", "/faults")[1] == []
        assert control(running, "POST", "/sessions/expire")[1] == {"ended": 1}
        for method, path, body in (
            ("GET", "/nothing", None),
            ("POST", "/streams/x/cut", {}),
            ("GET", "/books/1.7", None),
        ):
            assert control(running, method, path, body)[0] == 404
        assert control(running, "POST", "/faults", [{"fault": "x"}])[0] == 400


def test_a_stream_is_harmed_from_the_control_port() -> None:
    with (
        exchange() as running,
        client(running) as web,
        stream(running, web.headers["X-Authentication"]) as line,
    ):
        path = f"/streams/{line.connection_id}/status_503"
        assert control(running, "POST", path, {"ms": 1_000}) == (200, {})
        running.step(running.venue.now_ms + 100)
        assert line.hear()["status"] == 503
        control(running, "POST", f"/streams/{line.connection_id}/cut", {})
        assert line.raw() == b""


def test_the_control_port_wants_its_token() -> None:
    with exchange() as running:
        connection = http.client.HTTPConnection(
            "127.0.0.1", running.ports.control, timeout=TIMEOUT_S
        )
        for headers in ({}, {TOKEN_HEADER: "0" * 32}):
            connection.request("GET", "/ledger", headers=headers)
            answer = connection.getresponse()
            assert (answer.status, b"bets" in answer.read()) == (401, False)
        connection.close()


def test_an_advance_tells_what_a_driver_has_to_read() -> None:
    with (
        exchange() as running,
        client(running) as web,
        stream(running, web.headers["X-Authentication"]) as line,
    ):
        lines_before = running.lines_sent(line.connection_id)
        _, told = control(running, "POST", "/advance", {"by_ms": 300})
        assert told["streams"] == {line.connection_id: lines_before + 3}
        assert [line.hear()["mc"][0]["rc"][0]["atb"] for _ in range(3)] == [
            [[3, 1]],
            [[3, 2]],
            [[3, 3]],
        ]
        assert told["connections"] == {"stream": 1, "api": 1, "control": 1}


@pytest.mark.parametrize(
    ("path", "body", "why"),
    [
        ("/advance", {}, "one of them"),
        ("/advance", {"to_ms": 1, "by_ms": 1}, "one of them"),
        ("/advance", {"by": 5}, "unknown field `by`"),
        ("/advance", {"by_ms": -1}, "does not go back"),
        ("/advance", {"by_ms": STEP_MS_MAX + 1}, "at most in one step"),
        ("/advance", [], "Expected `object`"),
        ("/advance", {"by_ms": "soon"}, "Expected `int"),
        ("/faults", {"faults": 3}, "a list of rules"),
        ("/faults", [{"fault": "hold"}], "hold lasts for ms"),
    ],
)
def test_a_request_that_cannot_be_changes_nothing(path: str, body: Any, why: str) -> None:
    with exchange() as running:
        before = running.call(lambda server: (server.status(), list(server.plan.rules)))
        status, told = control(running, "POST", path, body)
        assert (status, why in told["error"]) == (400, True), told
        after = running.call(lambda server: (server.status(), list(server.plan.rules)))
        assert after[1] == before[1]
        assert after[0]["now_ms"] == before[0]["now_ms"]


@pytest.mark.parametrize(
    ("fault", "body", "status"),
    [
        ("hold", {}, 400),
        ("hold", {"ms": -5}, 400),
        ("duplicate", {"operation": "placeOrders"}, 400),
        ("duplicate", [], 400),
        ("duplicate", {"op": "mcm"}, 400),
        ("timeout", {}, 404),
        ("cut", {}, 200),
    ],
)
def test_what_is_done_to_a_stream_is_checked(fault: str, body: Any, status: int) -> None:
    with (
        exchange() as running,
        client(running) as web,
        stream(running, web.headers["X-Authentication"]) as line,
    ):
        path = f"/streams/{line.connection_id}/{fault}"
        assert control(running, "POST", path, body)[0] == status


def test_a_long_ledger_comes_in_parts_that_are_the_whole() -> None:
    with exchange() as running, client(running) as web:
        for _ in range(5):
            web.place()
        whole = running.call(lambda server: ledger(server.venue))["accounts"]["hotloop"]
        assert control(running, "GET", "/ledger")[1]["accounts"]["hotloop"] == whole
        parts = [
            control(running, "GET", f"/ledger?first={first}&count=2")[1]["accounts"]["hotloop"]
            for first in (0, 2, 4, 6)
        ]
        assert [len(part["bets"]) for part in parts] == [2, 2, 1, 0]
        assert [bet for part in parts for bet in part["bets"]] == whole["bets"]
        assert {part["bets_total"] for part in parts} == {5}
        too_many = f"/ledger?count={BETS_MAX * 2}"
        assert control(running, "GET", too_many)[0] == 200
        for query in ("first=x", "count=-1", "page=2", "first=", f"first={'9' * 30}"):
            assert control(running, "GET", f"/ledger?{query}")[0] == 400


def test_clients_of_the_venue_cannot_use_up_the_control_port(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("trader.simulator.exchange.server.CONNECTIONS_MAX", 1)
    with exchange() as running, client(running):
        with (
            pytest.raises((ConnectionError, http.client.HTTPException)),
            client(running),
        ):
            pass
        assert control(running, "GET", "/status")[1]["connections"]["api"] == 1


def test_a_venue_that_cannot_go_on_says_so_at_every_step() -> None:
    broken = FeedEvent(MOVES[0].pt_ms, ({"id": MARKET, "rc": [{"id": 101, "atb": [["x", 1]]}]},))
    with exchange(events=[defined(0, image=True, rc=QUOTES), broken, *MOVES[1:]]) as running:
        for _ in range(2):
            status, told = control(running, "POST", "/advance", {"by_ms": 500})
            assert (status, "is not a number" in told["error"]) == (409, True)
        status, told = control(running, "GET", "/status")
        assert (status, told["now_ms"], told["events"]) == (200, MOVES[0].pt_ms, 2)
        assert "is not a number" in told["failure"]
