"""The exchange on real sockets: what clients see, faults, stepped time, garbage, the end."""

from __future__ import annotations

import http.client
import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec
import pytest

from trader.clock import Clock, ScaledClock, SteppedClock
from trader.simulator.exchange.certificates import make_certificates
from trader.simulator.exchange.control import TOKEN_HEADER
from trader.simulator.exchange.embedded import EmbeddedExchange
from trader.simulator.exchange.faults import FaultError, FaultPlan, FaultRule
from trader.simulator.exchange.faults.plan import read_rules
from trader.simulator.exchange.testing import MARKET, QUOTES, MemoryFeed, defined, offers, traded
from trader.simulator.exchange.venue import Venue, VenueConfig
from trader.simulator.feeds import FeedEvent

KEY = "paper-app-key"
MOVES = [traded(at, offers(101, back=[[3.0, at / 100]])) for at in range(100, 2_000, 100)]
TIMEOUT_S = 20.0


@contextmanager
def exchange(
    *rules: FaultRule,
    clock: Clock | None = None,
    tls: ssl.SSLContext | None = None,
    events: list[FeedEvent] | None = None,
) -> Iterator[EmbeddedExchange]:
    """A running exchange, stepped unless it has a clock."""
    feed = MemoryFeed(events or [defined(0, image=True, rc=QUOTES), *MOVES])
    venue = Venue(VenueConfig(), feed)
    plan = FaultPlan(1, venue.now_ms, rules)
    chosen = clock if clock is not None else SteppedClock(venue.now_ms)
    with EmbeddedExchange(venue, chosen, plan=plan, tls=tls) as running:
        if clock is None:
            running.step(venue.now_ms)
        yield running


class Web:
    """One HTTP connection of a client that is logged in."""

    def __init__(self, running: EmbeddedExchange) -> None:
        self._connection = http.client.HTTPConnection(
            "127.0.0.1", running.ports.api, timeout=TIMEOUT_S
        )
        self.headers = {"X-Application": KEY}

    def login(self) -> str:
        body = "username=hotloop&password=paper-money"
        answer = msgspec.json.decode(self.send("/api/login", body.encode())[1])
        self.headers["X-Authentication"] = answer["token"]
        token: str = answer["token"]
        return token

    def send(self, path: str, body: bytes, method: str = "POST") -> tuple[int, bytes]:
        self._connection.request(method, path, body, self.headers)
        answer = self._connection.getresponse()
        return answer.status, answer.read()

    def begin(self, path: str, body: bytes) -> None:
        """A request whose answer is read later."""
        self._connection.request("POST", path, body, self.headers)

    def end(self) -> bytes:
        return self._connection.getresponse().read()

    def place(self, **more: Any) -> dict[str, Any]:
        answer: dict[str, Any] = msgspec.json.decode(self.send(*place_request(**more))[1])
        return answer

    def close(self) -> None:
        self._connection.close()


def place_request(**more: Any) -> tuple[str, bytes]:
    """(path, body) of a back of 5 at 3.3, which rests."""
    terms = {"size": 5, "price": 3.3, "persistenceType": "LAPSE"}
    instruction = {"orderType": "LIMIT", "selectionId": 101, "side": "BACK", "limitOrder": terms}
    params = {"marketId": MARKET, "instructions": [instruction]} | more
    call = {"jsonrpc": "2.0", "method": "SportsAPING/v1.0/placeOrders", "params": params, "id": 1}
    return "/exchange/betting/json-rpc/v1", msgspec.json.encode(call)


class Line:
    """One stream connection, read line by line."""

    def __init__(self, running: EmbeddedExchange, context: ssl.SSLContext | None = None) -> None:
        plain = socket.create_connection(("127.0.0.1", running.ports.stream), TIMEOUT_S)
        self.socket: socket.socket = plain
        if context is not None:
            self.socket = context.wrap_socket(plain, server_hostname="stream-api.betfair.com")
        self._file = self.socket.makefile("rb")
        self.connection_id: str = self.hear()["connectionId"]

    def hear(self) -> dict[str, Any]:
        line = self.raw()
        heard: dict[str, Any] = msgspec.json.decode(line)
        return heard

    def raw(self) -> bytes:
        return self._file.readline()

    def say(self, **request: Any) -> None:
        self.socket.sendall(msgspec.json.encode(request) + b"\r\n")

    def subscribe(self, token: str, op: str = "marketSubscription") -> None:
        """Authenticates and subscribes; the image is read."""
        self.say(op="authentication", id=1, appKey=KEY, session=token)
        assert self.hear()["statusCode"] == "SUCCESS"
        self.say(op=op, id=2)
        assert self.hear()["statusCode"] == "SUCCESS"
        assert self.hear()["ct"] == "SUB_IMAGE"

    def close(self) -> None:
        self._file.close()
        self.socket.close()


@contextmanager
def client(running: EmbeddedExchange) -> Iterator[Web]:
    web = Web(running)
    try:
        web.login()
        yield web
    finally:
        web.close()


@contextmanager
def stream(running: EmbeddedExchange, token: str, op: str = "marketSubscription") -> Iterator[Line]:
    line = Line(running)
    try:
        line.subscribe(token, op)
        yield line
    finally:
        line.close()


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


# --- faults -------------------------------------------------------------------------------------


def rule(fault: str, operation: str = "placeOrders", **more: Any) -> FaultRule:
    return FaultRule(fault, operation, **more)


def bets(running: EmbeddedExchange) -> int:
    return running.call(lambda server: len(server.venue.bets))


@pytest.mark.parametrize(("fault", "placed"), [("reset_before", 0), ("reset_after", 1)])
def test_a_reset_may_come_before_or_after_the_bet(fault: str, placed: int) -> None:
    with (
        exchange(rule(fault)) as running,
        client(running) as web,
        pytest.raises((ConnectionResetError, http.client.RemoteDisconnected)),
    ):
        web.place()
        assert bets(running) == placed


def test_half_a_reply_is_no_reply() -> None:
    with (
        exchange(rule("half_reply")) as running,
        client(running) as web,
        pytest.raises(http.client.IncompleteRead),
    ):
        web.place()
        assert bets(running) == 1


@pytest.mark.parametrize("executed", [True, False])
def test_an_http_error_tells_nothing_of_the_bet(*, executed: bool) -> None:
    rules = (rule("http_error", status=502, executed=executed), rule("exception", "login"))
    with exchange(rules[0]) as running, client(running) as web:
        status, _ = web.send(*place_request())
        assert (status, bets(running)) == (502, int(executed))


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        ({"fault": "exception", "code": "TOO_MANY_REQUESTS", "executed": False}, 0),
        ({"fault": "exception", "code": "TIMEOUT_ERROR"}, 1),
    ],
)
def test_an_exception_comes_in_the_venues_words(more: dict[str, Any], expected: int) -> None:
    with exchange(rule(**more)) as running, client(running) as web:
        error = web.place()["error"]
        assert error["data"]["APINGException"]["errorCode"] == more["code"]
        assert bets(running) == expected


def test_bets_in_progress_and_broken_json_and_lost_sessions() -> None:
    rules = [
        rule("bet_in_progress", times=1),
        rule("malformed_json", times=1),
        rule("session_expiry", times=1),
    ]
    with exchange(*rules) as running, client(running) as web:
        report = web.place()["result"]
        assert report["instructionReports"][0]["errorCode"] == "BET_IN_PROGRESS"
        _, body = web.send(*place_request())
        with pytest.raises(msgspec.DecodeError):
            msgspec.json.decode(body)
        error = web.place()["error"]["data"]["APINGException"]
        assert error["errorCode"] == "INVALID_SESSION_INFORMATION"
        assert bets(running) == 2
        web.login()
        assert web.place()["result"]["status"] == "SUCCESS"


def test_a_timeout_is_told_after_five_seconds_and_the_bet_may_come_later() -> None:
    late = rule("timeout", times=1, late_ms=8_000)
    with exchange(late) as running, client(running) as web:
        began_ms = running.venue.now_ms
        web.begin(*place_request(customerRef="r"))
        wait_parked(running)
        running.step(began_ms + 5_000)
        report = msgspec.json.decode(web.end())["result"]
        assert (report["status"], report["customerRef"]) == ("TIMEOUT", "r")
        assert bets(running) == 0
        running.step(began_ms + 8_000)
        assert bets(running) == 1


def test_a_late_reply_comes_after_the_order_stream_and_an_early_one_before() -> None:
    delayed = [rule("delay_after", times=1, ms=500), rule("hold", "ocm", after_calls=1, ms=700)]
    with (
        exchange(*delayed[:1]) as running,
        client(running) as web,
        stream(running, web.headers["X-Authentication"], "orderSubscription") as mine,
    ):
        web.begin(*place_request())
        assert mine.hear()["oc"], "told before the reply"
        running.step(running.venue.now_ms + 500)
        assert msgspec.json.decode(web.end())["result"]["status"] == "SUCCESS"
    with (
        exchange(*delayed[1:]) as running,
        client(running) as web,
        stream(running, web.headers["X-Authentication"], "orderSubscription") as mine,
    ):
        assert web.place()["result"]["status"] == "SUCCESS"
        running.step(running.venue.now_ms + 700)
        assert mine.hear()["oc"]


def wait_parked(running: EmbeddedExchange) -> None:
    """Until the exchange has a request that waits for a later time."""
    while not running.call(lambda server: server.api.parked):
        pass


def test_streams_are_cut_and_doubled() -> None:
    rules = [rule("duplicate", "mcm", after_calls=1, times=1), rule("cut", "mcm", after_calls=2)]
    with (
        exchange(*rules) as running,
        client(running) as web,
        stream(running, web.headers["X-Authentication"]) as line,
    ):
        running.step(running.venue.now_ms + 100)
        assert line.raw() == line.raw()
        running.step(running.venue.now_ms + 200)
        assert line.raw() == b""


def test_chance_is_the_same_for_a_seed() -> None:
    def drawn(seed: int) -> list[bool]:
        plan = FaultPlan(seed, 0, [rule("exception", probability=0.3)])
        return [plan.choose("placeOrders", now) is not None for now in range(200)]

    assert drawn(1) == drawn(1) != drawn(2)
    assert 30 < sum(drawn(1)) < 90


def test_a_rule_has_its_time_and_its_count() -> None:
    plan = FaultPlan(
        1, 1_000, [rule("exception", after_calls=1, times=2, from_ms=10, until_ms=100)]
    )
    chosen = [plan.choose("placeOrders", at) is not None for at in (1_000, 1_005, 1_020, 1_030)]
    assert chosen == [False, False, True, True]
    assert plan.choose("placeOrders", 1_040) is None, "twice is enough"
    assert plan.choose("cancelOrders", 1_040) is None
    assert [(done.at_ms, done.fault) for done in plan.log] == [
        (1_020, "exception"),
        (1_030, "exception"),
    ]


@pytest.mark.parametrize(
    ("raw", "why"),
    [
        (5, "a list of rules"),
        ([{"fault": "teleport"}], "no fault 'teleport'"),
        ([{"fault": "timeout", "operation": "mcm"}], "no fault of a stream"),
        ([{"fault": "cut", "operation": "placeOrders"}], "happens to mcm or ocm"),
        ([{"fault": "timeout", "probability": 2}], "probability"),
        ([{"fault": "timeout", "ms": -1}], "not below 0"),
        ([{"fault": "http_error", "status": 200}], "400 to 599"),
        ([{"fault": "timeout", "when": "now"}], "unknown field"),
        ([{"fault": "cut"}, {"operation": "x"}], r"faults\[1\]"),
    ],
)
def test_a_rule_that_cannot_be_says_why(raw: Any, why: str) -> None:
    with pytest.raises(FaultError, match=why):
        read_rules(raw)


# --- the control port, and stepped time ---------------------------------------------------------


def control(running: EmbeddedExchange, method: str, path: str, body: Any = None) -> tuple[int, Any]:
    connection = http.client.HTTPConnection("127.0.0.1", running.ports.control, timeout=TIMEOUT_S)
    headers = {TOKEN_HEADER: running.control_token}
    raw = b"" if body is None else msgspec.json.encode(body)
    connection.request(method, path, raw, headers)
    answer = connection.getresponse()
    told = msgspec.json.decode(answer.read())
    connection.close()
    return answer.status, told


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
        with pytest.raises((ConnectionResetError, http.client.RemoteDisconnected)):
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


def test_a_head_request_is_answered_without_a_body() -> None:
    with exchange() as running, client(running) as web:
        assert web.send("/exchange/betting/json-rpc/v1", b"", "HEAD") == (404, b"")
        assert web.place()["result"]["status"] == "SUCCESS"


def test_the_control_port_wants_its_token() -> None:
    with exchange() as running:
        connection = http.client.HTTPConnection("127.0.0.1", running.ports.control)
        for headers in ({}, {TOKEN_HEADER: "0" * 32}):
            connection.request("GET", "/ledger", headers=headers)
            answer = connection.getresponse()
            assert (answer.status, b"bets" in answer.read()) == (401, False)
        connection.close()


def transcript(seed: int) -> list[bytes]:
    """All bytes of every connection through a script of requests, faults among them."""
    heard: list[bytes] = []
    rules = [
        rule("exception", probability=0.3, code="UNEXPECTED_ERROR"),
        rule("duplicate", "mcm", after_calls=1, probability=0.3),
        rule("reorder", "ocm", after_calls=1, probability=0.2),
    ]
    feed = MemoryFeed([defined(0, image=True, rc=QUOTES), *MOVES])
    venue = Venue(VenueConfig(seed=seed), feed)
    plan = FaultPlan(seed, venue.now_ms, rules)
    with EmbeddedExchange(venue, SteppedClock(venue.now_ms), plan=plan) as running:
        running.step(venue.now_ms)
        with client(running) as web:
            token = web.headers["X-Authentication"]
            heard.append(token.encode())
            with stream(running, token) as one, stream(running, token, "orderSubscription") as two:
                taken = {one: 4, two: 4}  # connection, two statuses, the image
                for number in range(20):
                    heard.append(web.send(*place_request(customerRef=f"r{number}"))[1])
                    running.step(running.venue.now_ms + 60)
                    for line in (one, two):
                        while taken[line] < running.lines_sent(line.connection_id):
                            heard.append(line.raw())
                            taken[line] += 1
    return heard


def test_stepped_time_and_a_seed_give_the_same_bytes_on_every_connection() -> None:
    first = transcript(7)
    assert first == transcript(7)
    assert first != transcript(8)
    assert len(first) > 50


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
