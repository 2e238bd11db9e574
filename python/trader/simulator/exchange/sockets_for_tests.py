"""For tests: an exchange on sockets, with clients that see what is on the wire."""

from __future__ import annotations

import http.client
import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import msgspec

from trader.clock import Clock, SteppedClock
from trader.simulator.exchange.control import TOKEN_HEADER
from trader.simulator.exchange.embedded import EmbeddedExchange
from trader.simulator.exchange.faults import FaultPlan, FaultRule
from trader.simulator.exchange.stream import StreamLimits
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
    limits: StreamLimits | None = None,
) -> Iterator[EmbeddedExchange]:
    """A running exchange, stepped unless it has a clock."""
    feed = MemoryFeed(events or [defined(0, image=True, rc=QUOTES), *MOVES])
    venue = Venue(VenueConfig(), feed)
    plan = FaultPlan(1, venue.now_ms, rules)
    chosen = clock if clock is not None else SteppedClock(venue.now_ms)
    with EmbeddedExchange(venue, chosen, plan=plan, tls=tls, limits=limits) as running:
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
        """The answer to `place_request`."""
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


def control(running: EmbeddedExchange, method: str, path: str, body: Any = None) -> tuple[int, Any]:
    connection = http.client.HTTPConnection("127.0.0.1", running.ports.control, timeout=TIMEOUT_S)
    headers = {TOKEN_HEADER: running.control_token}
    raw = b"" if body is None else msgspec.json.encode(body)
    connection.request(method, path, raw, headers)
    answer = connection.getresponse()
    told = msgspec.json.decode(answer.read())
    connection.close()
    return answer.status, told


def rule(fault: str, operation: str = "placeOrders", **more: Any) -> FaultRule:
    return FaultRule(fault, operation, **more)


def bets(running: EmbeddedExchange) -> int:
    return running.call(lambda server: len(server.venue.bets))


def wait_parked(running: EmbeddedExchange) -> None:
    """Until the exchange has a request that waits for a later time."""
    while not running.call(lambda server: server.api.parked):
        pass


def raw_connection(port: int) -> socket.socket:
    return socket.create_connection(("127.0.0.1", port), TIMEOUT_S)


def to_the_end(connection: socket.socket) -> bytes:
    """All that still comes, until the other side ends it."""
    heard = b""
    while chunk := connection.recv(65_536):
        heard += chunk
    return heard
