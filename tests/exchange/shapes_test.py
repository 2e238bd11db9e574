"""Every real message of the reference data has a shape that the exchange produces or accepts.

Each file is listed by looking into the folder: a new one is held to this by itself. What is odd in
a file, and so not to be expected of a venue, is named here with its reason.
"""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any, Final

import msgspec
import pytest

from tests.exchange.shapes import Shape, shape_of, together
from tests.market_files import folder
from trader.simulator.exchange.api import Api, HttpReply, HttpRequest
from trader.simulator.exchange.faults.faulty_api import exception_reply
from trader.simulator.exchange.stream import StreamHub, StreamSession
from trader.simulator.exchange.stream.market_view import ALL_FIELDS
from trader.simulator.exchange.testing import (
    MARKET,
    QUOTES,
    MemoryFeed,
    Scene,
    change,
    defined,
    definition,
    event,
    whole_life,
)
from trader.simulator.exchange.venue import Venue, VenueConfig
from trader.simulator.feeds import FeedEvent

KEY: Final = "paper-app-key"
BETTING: Final = "/exchange/betting/json-rpc/v1"

ODD: Final[dict[str, dict[str, str]]] = {
    "betfair_parser__mcm_resub_delta.json": {
        "mc[].rc[].id": "runner ids are text in this file alone; the venue's are numbers",
        "mc[].marketDefinition.runners[].id": "as above",
    },
    "nautilus__betting_replace_orders_success_multi.json": {
        "": "an order stream message in the place of a result: it is compared as one",
    },
}
"""File → path → why it is not as the venue sends it."""


pytestmark = pytest.mark.skipif(
    not (folder().parent / "frames").is_dir(), reason="no reference data: HOTLOOP_DATA names none"
)


def data(kind: str) -> list[Path]:
    """The files of one kind; none where there are no reference data."""
    held = folder().parent / kind
    return sorted(held.glob("*.json")) if held.is_dir() else []


def messages(path: Path) -> list[dict[str, Any]]:
    """A file holds one message or a list of them."""
    text = path.read_text(encoding="utf-8")
    try:
        held = json.loads(text)
    except json.JSONDecodeError:  # one on each line, as they came
        return [json.loads(line) for line in text.splitlines() if line.strip()]
    return held if isinstance(held, list) else [held]


def files(kind: str) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("path", data(kind), ids=lambda path: path.name)


def missing(theirs: Shape, ours: Shape, name: str) -> set[tuple[str, str]]:
    """What a real message has and ours never do."""
    odd = ODD.get(name, {})
    return {pair for pair in theirs - ours if pair[0] not in odd}


# --- streams ------------------------------------------------------------------------------------


class Stream:
    """A session of a venue and all it was sent."""

    def __init__(self, venue: Venue, key: str = KEY) -> None:
        self.venue = venue
        self.hub = StreamHub(venue)
        self.session = self.hub.connect()
        account = next(iter(venue.accounts.values()))
        self._token = venue.sessions.open(account, venue.now_ms).token
        self.heard: list[dict[str, Any]] = []
        self.say(op="authentication", id=1, appKey=key, session=self._token)

    def say(self, **request: Any) -> None:
        self.session.receive(msgspec.json.encode(request))
        self.listen()

    def listen(self) -> None:
        self.heard += [msgspec.json.decode(line) for line in self.session.take_outgoing()]

    def again(self, session: StreamSession, **request: Any) -> None:
        """The same client on another connection."""
        self.session = session
        self.say(op="authentication", id=1, appKey=KEY, session=self._token)
        self.say(**request)

    def of(self, op: str) -> list[dict[str, Any]]:
        return [message for message in self.heard if message["op"] == op]


MARKETS: Final[dict[str, Any]] = {
    "op": "marketSubscription",
    "id": 2,
    "marketDataFilter": {"fields": sorted(ALL_FIELDS)},
}


def played(message: dict[str, Any]) -> Shape:
    """What the exchange sends of a market message that is played on it: image, resumed, conflated,
    silent, unreliable."""
    changes = json.loads(json.dumps(message.get("mc", [])))
    for entry in changes:
        runners = entry.get("marketDefinition", {}).get("runners", [])
        for runner in [*entry.get("rc", ()), *runners]:
            runner["id"] = int(runner["id"])
    first_ms = message.get("pt", 1_000)
    twice = [FeedEvent(first_ms + at_ms, tuple(changes)) for at_ms in (100, 200)]
    feed = MemoryFeed([FeedEvent(first_ms, ()), *twice])
    venue = Venue(VenueConfig(), feed)
    stream = Stream(venue)
    venue.advance(first_ms)
    stream.say(**MARKETS)
    venue.advance(first_ms + 200)
    stream.listen()
    start = stream.of("mcm")[0]
    place = {"initialClk": start["initialClk"], "clk": start["clk"]}
    stream.again(stream.hub.connect(), **MARKETS, **place)
    stream.session.unreliable(60_000)
    venue.advance(first_ms + 20_000)
    stream.listen()
    late = Stream(Venue(VenueConfig(), feed))
    late.say(**MARKETS, conflateMs=50)
    late.venue.advance(first_ms + 1_000)
    late.listen()
    late.say(**MARKETS)
    return together(stream.of("mcm") + late.of("mcm"))


@files("frames")
def test_every_frame_is_one_the_exchange_sends(path: Path) -> None:
    for message in messages(path):
        is_market = message["op"] == "mcm"
        ours = played(message) | PLACEHOLDERS if is_market else statuses()
        assert not missing(shape_of(message), ours, path.name)


PLACEHOLDERS: Final[Shape] = frozenset({("mc[].img", "flag")})
"""An `img` that is false is as good as none."""


@cache
def statuses() -> Shape:
    """Connections and statuses, good and bad."""
    scene = Scene(defined(0, image=True, rc=QUOTES))
    good = Stream(scene.venue)
    good.say(op="heartbeat", id=2)
    good.say(op="heartbeat")
    good.say(op="authentication", id=0, appKey=KEY, session="again")
    idle = Stream(scene.venue)
    scene.to(20_000)
    idle.listen()
    return together(good.heard + idle.heard)


@cache
def order_messages() -> Shape:
    """All an order stream can say, through the whole lives of many bets."""
    handicap = definition(
        [{"id": 101, "hc": 1.5, "status": "ACTIVE"}, 102], bettingType="ASIAN_HANDICAP_SINGLE_LINE"
    )
    other = event(50, change([], handicap, market_id="1.200000001", image=True))
    scene = Scene(*sorted([*whole_life(), other], key=lambda one: one.pt_ms), accounts=2)
    stream = Stream(scene.venue)
    every = {"partitionMatchedByStrategyRef": True}
    stream.say(op="orderSubscription", id=2, orderFilter=every)
    scene.to(100)
    refs: dict[str, Any] = {"customer_order_ref": "o", "customer_strategy_ref": "s"}
    for side, price in (("BACK", 3.0), ("LAY", 3.1), ("BACK", 3.3), ("LAY", 2.9)):
        scene.bet("BACK" if side == "BACK" else "LAY", price, 5, **refs)
    scene.bet("BACK", 4.0, 3, 104, **refs)
    scene.bet("BACK", 2.0, 3, 101, market_id="1.200000001", handicap=1.5, **refs)
    scene.bet("LAY", 2.0, 3, 101, market_id="1.200000001", handicap=1.5, account="two")
    gone = scene.bet("BACK", 3.35, 5, persistence="PERSIST", **refs)
    scene.venue.cancel(gone)
    scene.venue.flush()
    scene.bet("BACK", 0, 10, order_type="MARKET_ON_CLOSE", **refs)
    stream.listen()
    stream.say(op="orderSubscription", id=3, orderFilter=every)
    scene.to(1_000)
    stream.session.unreliable(10_000)
    scene.to(9_000)
    stream.listen()
    stream.say(op="orderSubscription", id=4)
    return together(stream.of("ocm"))


NOT_TOLD: Final = {
    ("oc[].accountId", "number"): "the venue names the account; a stream here has one only",
}


@files("ocm")
def test_every_order_message_is_one_the_exchange_sends(path: Path) -> None:
    for message in messages(path):
        left = missing(shape_of(message), order_messages(), path.name)
        assert not left - set(NOT_TOLD)


# --- requests and replies -----------------------------------------------------------------------


class Client:
    """Calls and what they were answered."""

    def __init__(self, *events: FeedEvent, **config: Any) -> None:
        self.scene = Scene(*events, **config)
        self.api = Api(self.scene.venue)
        account = next(iter(self.scene.venue.accounts.values()))
        token = self.scene.venue.sessions.open(account, self.scene.venue.now_ms).token
        self._headers = {"x-application": KEY, "x-authentication": token}
        self.answers: list[Any] = []

    def send(self, body: bytes) -> Any:
        replies: list[HttpReply] = []
        self.api.handle(HttpRequest("POST", BETTING, self._headers, body), replies.append)
        answer = msgspec.json.decode(replies[0].body)
        self.answers.append(answer)
        return answer

    def call(self, method: str, **params: Any) -> Any:
        body = {"jsonrpc": "2.0", "method": f"SportsAPING/v1.0/{method}", "params": params, "id": 1}
        return self.send(msgspec.json.encode(body))


@cache
def replies() -> Shape:
    """Answers to placing, cancelling and replacing, good, bad and mixed."""
    client = Client(defined(0, image=True, rc=QUOTES), best_execution=False)
    terms = {"size": 10, "price": 3.3, "persistenceType": "PERSIST"}
    kill = {"size": 2, "price": 3.0, "timeInForce": "FILL_OR_KILL"}
    base = {"orderType": "LIMIT", "selectionId": 101, "side": "BACK", "handicap": 0}
    good = base | {"limitOrder": terms, "customerOrderRef": "o"}
    bad = good | {"limitOrder": terms | {"price": 3.31}}
    for instructions in ([good], [good, bad], [bad], [base | {"limitOrder": kill}]):
        client.call("placeOrders", marketId=MARKET, instructions=instructions, customerRef="r")
        client.scene.to(client.scene.venue.now_ms - 1_700_000_000_000 + 61_000)
    client.call("placeOrders", marketId="1.7", instructions=[good], customerRef="r")
    ids = list(client.scene.market.live)
    for cancelled in ([{"betId": ids[0], "sizeReduction": 1}], [{"betId": "1"}, {"betId": ids[0]}]):
        client.call("cancelOrders", marketId=MARKET, instructions=cancelled, customerRef="r")
    client.call("cancelOrders", marketId="1.7", instructions=[{"betId": "1"}], customerRef="r")
    moved = [{"betId": ids[1], "newPrice": 3.35}]
    client.call("replaceOrders", marketId=MARKET, instructions=moved, customerRef="m")
    return together(client.answers)


@files("rest")
def test_every_request_is_taken_and_every_reply_is_one_the_exchange_gives(path: Path) -> None:
    (message,) = messages(path)
    if "method" in message:
        market_id = message["params"]["marketId"]
        client = Client(event(0, change([], definition(), market_id=market_id, image=True)))
        answer = client.send(path.read_bytes())
        assert answer["id"] == message["id"]
        assert answer["result"]["marketId"] == market_id
    elif "oc" in message["result"]:
        assert path.name in ODD
        assert not missing(shape_of(message["result"]), order_messages(), path.name)
    else:
        assert not missing(shape_of(message), replies(), path.name)


def test_nothing_is_called_odd_that_is_not_there() -> None:
    names = {path.name for kind in ("frames", "ocm", "rest") for path in data(kind)}
    assert set(ODD) <= names
    assert [len(data(kind)) for kind in ("frames", "ocm", "rest")] == [15, 28, 28]


def test_an_exception_has_the_form_of_its_request() -> None:
    rpc = HttpRequest("POST", BETTING, {}, b'{"id":5,"method":"x"}')
    error = msgspec.json.decode(exception_reply(rpc, "NO_SESSION").body)
    assert (error["id"], error["error"]["message"]) == (5, "ANGX-0005")
