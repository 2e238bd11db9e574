"""A stream connection: who may, what is refused and how, heartbeats, images, resuming."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trader.betfair.book_builder import BookBuilder
from trader.simulator.exchange.oracle import book
from trader.simulator.exchange.stream import StreamHub, StreamLimits, StreamSession
from trader.simulator.exchange.stream.market_view import ALL_FIELDS, best_levels
from trader.simulator.exchange.testing import (
    MARKET,
    QUOTES,
    Scene,
    change,
    defined,
    definition,
    event,
    offers,
    placed_bets,
    traded,
    whole_life,
)
from trader.simulator.feeds import FeedEvent

KEY = "paper-app-key"
FULL = ("EX_ALL_OFFERS", "EX_TRADED", "EX_TRADED_VOL", "EX_LTP", "EX_MARKET_DEF")


class Rig:
    """A scene with a hub, and clients of it."""

    def __init__(
        self, *events: FeedEvent, limits: StreamLimits | None = None, **config: Any
    ) -> None:
        quoted = events or (defined(0, image=True, rc=QUOTES),)
        self.scene = Scene(*quoted, **config)
        self.hub = StreamHub(self.scene.venue, limits)

    def connect(self) -> StreamSession:
        session = self.hub.connect()
        assert heard(session)[0]["op"] == "connection"
        return session

    def client(self, account: str = "one", key: str = KEY) -> StreamSession:
        """An authenticated connection."""
        session = self.connect()
        (status,) = say(session, op="authentication", appKey=key, session=self.token(account))
        assert status["statusCode"] == "SUCCESS", status
        return session

    def token(self, account: str = "one") -> str:
        venue = self.scene.venue
        return venue.sessions.open(venue.accounts[account], venue.now_ms).token


def say(session: StreamSession, /, **request: Any) -> list[dict[str, Any]]:
    """What a request is answered with at once."""
    session.receive(msgspec.json.encode({"id": 7, **request}))
    return heard(session)


def heard(session: StreamSession) -> list[dict[str, Any]]:
    lines = session.take_outgoing()
    assert all(line.endswith(b"\r\n") for line in lines)
    return [msgspec.json.decode(line) for line in lines]


def markets(session: StreamSession, *fields: str, **request: Any) -> list[dict[str, Any]]:
    """Subscribes to all markets; the status and what follows it."""
    data = {"fields": list(fields or FULL)} | request.pop("data", {})
    return say(session, op="marketSubscription", marketDataFilter=data, **request)


def orders(session: StreamSession, **order_filter: Any) -> list[dict[str, Any]]:
    return say(session, op="orderSubscription", orderFilter=order_filter)


# --- who may ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("request_", "code"),
    [
        ({"op": "authentication", "session": "x"}, "NO_APP_KEY"),
        ({"op": "authentication", "appKey": KEY}, "NO_SESSION"),
        ({"op": "authentication", "appKey": KEY, "session": "x"}, "INVALID_SESSION_INFORMATION"),
        ({"op": "marketSubscription"}, "NO_SESSION"),
        ({"op": "orderSubscription"}, "NO_SESSION"),
        ({"op": "heartbeat"}, "NO_SESSION"),
        ({"op": "telepathy"}, "INVALID_INPUT"),
        ({"op": 5}, "INVALID_INPUT"),
    ],
)
def test_a_refusal_names_its_code_and_closes(request_: dict[str, Any], code: str) -> None:
    session = Rig().connect()
    (status,) = say(session, **request_)
    assert (status["op"], status["statusCode"], status["errorCode"]) == ("status", "FAILURE", code)
    assert status["connectionClosed"] is True
    assert status["connectionId"] == session.connection_id
    assert session.is_closed


def test_a_wrong_key_is_refused() -> None:
    rig = Rig()
    (status,) = say(rig.connect(), op="authentication", appKey="other", session=rig.token())
    assert status["errorCode"] == "INVALID_APP_KEY"


def test_what_is_no_json_is_invalid_input() -> None:
    for line in (b"{", b"[]", b"\xff", b"null", b'{"op":"heartbeat","id":"x"}'):
        session = Rig().connect()
        session.receive(line)
        assert heard(session)[0]["errorCode"] == "INVALID_INPUT"
        assert session.is_closed


def test_one_authenticates_once() -> None:
    rig = Rig()
    session = rig.client()
    (status,) = say(session, op="authentication", appKey=KEY, session=rig.token())
    assert status["errorCode"] == "INVALID_REQUEST"


def test_an_account_has_so_many_connections() -> None:
    rig = Rig(limits=StreamLimits(connections_max=2))
    first, _ = rig.client(), rig.client()
    (status,) = say(rig.connect(), op="authentication", appKey=KEY, session=rig.token())
    assert status["errorCode"] == "MAX_CONNECTION_LIMIT_EXCEEDED"
    first.disconnected()
    rig.client()


def test_who_does_not_subscribe_is_cut_off() -> None:
    rig = Rig()
    idle, busy = rig.client(), rig.client()
    markets(busy)
    rig.scene.to(15_000)
    (status,) = heard(idle)
    assert status["errorCode"] == "TIMEOUT"
    assert status["errorMessage"] == "Connection is not subscribed and is idle: 15000 ms"
    assert not busy.is_closed


def test_a_request_to_beat_is_answered() -> None:
    assert say(Rig().client(), op="heartbeat")[0]["statusCode"] == "SUCCESS"


def test_too_many_subscriptions_a_second_are_refused() -> None:
    session = Rig(limits=StreamLimits(subscriptions_a_second_max=2)).client()
    markets(session)
    markets(session)
    assert markets(session)[0]["errorCode"] == "TOO_MANY_REQUESTS"


def test_more_markets_than_allowed_are_refused_and_the_connection_stays() -> None:
    session = Rig(limits=StreamLimits(markets_max=2)).client()
    (status,) = markets(session, marketFilter={"marketIds": ["1.1", "1.2", "1.3"]})
    assert (status["errorCode"], status["connectionClosed"]) == (
        "SUBSCRIPTION_LIMIT_EXCEEDED",
        False,
    )
    assert markets(session)[0]["statusCode"] == "SUCCESS"


# --- markets ------------------------------------------------------------------------------------


def test_the_image_has_what_was_asked_for() -> None:
    status, image = markets(Rig().client(), heartbeatMs=100, conflateMs=0)
    assert status == {"op": "status", "id": 7, "statusCode": "SUCCESS", "connectionClosed": False}
    assert {key: image[key] for key in ("op", "id", "ct", "heartbeatMs", "conflateMs")} == {
        "op": "mcm",
        "id": 7,
        "ct": "SUB_IMAGE",
        "heartbeatMs": 500,
        "conflateMs": 0,
    }
    (market,) = image["mc"]
    assert (market["id"], market["img"]) == (MARKET, True)
    assert market["marketDefinition"]["marketType"] == "WIN"
    first = next(runner for runner in market["rc"] if runner["id"] == 101)
    assert (first["atb"], first["atl"]) == ([[3, 100]], [[3.2, 100]])


def test_an_update_has_what_changed_and_a_place() -> None:
    rig = Rig(defined(0, image=True, rc=QUOTES), traded(50, offers(101, back=[[3.0, 20.5]])))
    session = rig.client()
    markets(session)
    rig.scene.to(50)
    (update,) = heard(session)
    assert set(update) == {"op", "id", "pt", "clk", "mc"}
    assert update["mc"] == [{"id": MARKET, "rc": [{"atb": [[3, 20.5]], "id": 101}]}]


def test_our_own_orders_stand_in_the_book_of_everybody() -> None:
    rig = Rig(accounts=2)
    session = rig.client("two")
    markets(session)
    rig.scene.bet("BACK", 3.2, 5)
    rig.scene.bet("BACK", 3.0, 30)
    resting, taken = heard(session)
    assert resting["mc"][0]["rc"] == [{"atl": [[3.2, 105]], "id": 101}]
    (row,) = taken["mc"][0]["rc"]
    assert (row["atb"], row["trd"], row["ltp"], row["tv"]) == ([[3, 70]], [[3, 60]], 3, 60)
    assert taken["mc"][0]["tv"] == 60


def test_silence_is_filled_with_heartbeats() -> None:
    rig = Rig()
    session = rig.client()
    markets(session, heartbeatMs=1_000)
    rig.scene.to(3_500)
    beats = heard(session)
    assert [beat["ct"] for beat in beats] == ["HEARTBEAT"] * 3
    assert set(beats[0]) == {"op", "id", "clk", "pt", "ct"}


def test_the_filter_lets_through_what_it_names() -> None:
    other = definition(eventTypeId="1", marketType="MATCH_ODDS", countryCode="GB", bspMarket=False)
    both = event(
        0, change(QUOTES, definition(), image=True), change((), other, market_id="1.2", image=True)
    )
    rig = Rig(both)
    for wanted, ids in (
        ({}, {MARKET, "1.2"}),
        ({"marketIds": [MARKET]}, {MARKET}),
        ({"eventTypeIds": ["1"]}, {"1.2"}),
        ({"marketTypes": ["WIN"], "eventTypeIds": ["1"]}, set()),
        ({"countryCodes": ["GB"]}, {"1.2"}),
        ({"bspMarket": True}, {MARKET}),
        ({"bettingTypes": ["ODDS"]}, {MARKET, "1.2"}),
        ({"venues": ["Nowhere"]}, set()),
    ):
        _, image = markets(rig.client(), marketFilter=wanted)
        assert {market["id"] for market in image["mc"]} == ids, wanted
        rig.hub.sessions[next(reversed(rig.hub.sessions))].disconnected()


def test_a_market_that_comes_later_comes_as_an_image() -> None:
    late = event(100, change(QUOTES, definition(), market_id="1.2", image=True))
    rig = Rig(defined(0, image=True, rc=QUOTES), late)
    session = rig.client()
    markets(session)
    rig.scene.to(100)
    (update,) = heard(session)
    assert [(market["id"], market["img"]) for market in update["mc"]] == [("1.2", True)]


def test_unknown_fields_are_refused() -> None:
    assert markets(Rig().client(), "EX_SECRETS")[0]["errorCode"] == "INVALID_INPUT"


def test_best_offers_come_by_level_and_only_those_that_changed() -> None:
    rows = [offers(101, back=[[3.0, 10], [2.9, 20], [2.8, 30], [2.7, 40]])]
    rig = Rig(
        defined(0, image=True, rc=rows),
        traded(50, offers(101, back=[[2.9, 25]])),
        traded(60, offers(101, back=[[3.0, 0]])),
        traded(70, offers(101, back=[[2.7, 41]])),
    )
    session = rig.client()
    _, image = markets(session, "EX_BEST_OFFERS", data={"ladderLevels": 2})
    assert image["mc"][0]["rc"][0]["batb"] == [[0, 3, 10], [1, 2.9, 20]]
    rig.scene.to(100)
    levels = [update["mc"][0]["rc"][0]["batb"] for update in heard(session)]
    assert levels == [[[1, 2.9, 25]], [[0, 2.9, 25], [1, 2.8, 30]]]


def test_small_stakes_are_rolled_up_into_the_next_price() -> None:
    ladder = [(300, 50), (298, 40), (296, 30), (294, 500), (292, 10)]
    assert best_levels(ladder, 3) == [(296, 120), (294, 500)]


def test_conflated_changes_come_together_and_say_so() -> None:
    moves = [traded(at, offers(101, back=[[3.0, at]])) for at in (10, 20, 30, 700)]
    rig = Rig(defined(0, image=True, rc=QUOTES), *moves)
    session = rig.client()
    markets(session, conflateMs=500)
    rig.scene.to(2_000)
    updates = [message for message in heard(session) if "mc" in message]
    rows = [update["mc"][0]["rc"][0]["atb"] for update in updates]
    assert rows == [[[3, 30]], [[3, 700]]]
    assert all(update["mc"][0]["con"] for update in updates)


def test_a_delayed_key_is_conflated_for_three_minutes() -> None:
    rig = Rig(defined(0, image=True, rc=QUOTES), traded(10, offers(101, back=[[3.0, 1]])))
    session = rig.client(key="paper-app-key-delayed")
    _, image = markets(session, conflateMs=0)
    assert image["conflateMs"] == 180_000
    rig.scene.to(179_999)
    assert all(message.get("ct") == "HEARTBEAT" for message in heard(session))
    rig.scene.to(180_000)
    assert [m["mc"][0]["con"] for m in heard(session) if "mc" in m] == [True]


def test_large_images_come_in_segments_to_whom_takes_them() -> None:
    many = event(
        0,
        *(change(QUOTES, definition(), market_id=f"1.{n}", image=True) for n in range(10)),
    )
    rig = Rig(many, limits=StreamLimits(segment_bytes=4_000))
    _, whole = markets(rig.client())
    assert "segmentType" not in whole
    _, *segments = markets(rig.client(), segmentationEnabled=True)
    kinds = [segment["segmentType"] for segment in segments]
    assert kinds[0] == "SEG_START"
    assert kinds[-1] == "SEG_END"
    assert set(kinds[1:-1]) <= {"SEG"}
    assert ["clk" in segment for segment in segments] == [False] * (len(kinds) - 1) + [True]
    ids = [market["id"] for segment in segments for market in segment["mc"]]
    assert ids == [f"1.{n}" for n in range(10)]


def test_a_client_that_does_not_read_is_cut_off() -> None:
    moves = [traded(at, offers(101, back=[[3.0, at]])) for at in range(1, 300)]
    limits = StreamLimits(outgoing_bytes_max=20_000)
    rig = Rig(defined(0, image=True, rc=QUOTES), *moves, limits=limits)
    session = rig.client()
    markets(session)
    rig.scene.to(400)
    assert session.is_closed
    assert rig.hub.refused["SLOW_CONSUMER"] == 1


# --- orders -------------------------------------------------------------------------------------


def test_a_bets_life_on_the_order_stream() -> None:
    rig = Rig()
    session = rig.client()
    _, image = orders(session)
    assert (image["op"], image["ct"], image["oc"]) == ("ocm", "SUB_IMAGE", [])
    bet = rig.scene.bet(
        "BACK",
        3.0,
        130,
        customer_order_ref="mine",
        customer_strategy_ref="s",
        persistence="PERSIST",
    )
    (update,) = heard(session)
    (market,) = update["oc"]
    (runner,) = market["orc"]
    assert (market["id"], runner["id"], runner["fullImage"]) == (MARKET, 101, True)
    assert runner["mb"] == [[3, 100]]
    (told,) = runner["uo"]
    assert told == {
        "id": bet.bet_id,
        "p": 3,
        "s": 130,
        "side": "B",
        "status": "E",
        "pt": "P",
        "ot": "L",
        "pd": bet.placed_ms,
        "md": bet.placed_ms,
        "avp": 3.0,
        "sm": 100,
        "sr": 30,
        "sl": 0,
        "sc": 0,
        "sv": 0,
        "rac": "",
        "rc": "REG_GGC",
        "rfo": "mine",
        "rfs": "s",
    }
    rig.scene.venue.cancel(bet)
    rig.scene.venue.flush()
    (update,) = heard(session)
    (told,) = update["oc"][0]["orc"][0]["uo"]
    assert (told["status"], told["sc"], told["sr"]) == ("EC", 30, 0)
    assert "fullImage" not in update["oc"][0]["orc"][0]


def test_an_image_leaves_out_what_is_complete_but_not_what_it_came_to() -> None:
    rig = Rig()
    rig.scene.bet("BACK", 3.0, 20)
    resting = rig.scene.bet("BACK", 3.3, 7)
    _, image = orders(rig.client())
    (runner,) = image["oc"][0]["orc"]
    assert [order["id"] for order in runner["uo"]] == [resting.bet_id]
    assert runner["mb"] == [[3, 20]]
    assert image["oc"][0]["fullImage"] is True


def test_strategies_filter_orders_and_part_positions() -> None:
    rig = Rig()
    session = rig.client()
    orders(
        session,
        customerStrategyRefs=["a"],
        includeOverallPosition=False,
        partitionMatchedByStrategyRef=True,
    )
    rig.scene.bet("BACK", 3.0, 20, customer_strategy_ref="b")
    assert heard(session) == []
    rig.scene.bet("BACK", 3.0, 5, customer_strategy_ref="a")
    (update,) = heard(session)
    (runner,) = update["oc"][0]["orc"]
    assert runner["smc"] == {"a": {"mb": [[3, 5]]}}
    assert "mb" not in runner


def test_other_accounts_orders_are_not_told() -> None:
    rig = Rig(accounts=2)
    session = rig.client("two")
    orders(session)
    rig.scene.bet("BACK", 3.0, 20)
    assert heard(session) == []


def test_a_market_that_closes_is_told_to_whom_has_bets_on_it() -> None:
    rig = Rig(*whole_life(), accounts=2)
    one, two = rig.client("one"), rig.client("two")
    orders(one)
    orders(two)
    rig.scene.bet("BACK", 3.0, 5, account="one")
    rig.scene.to(6_000)
    closed = [m["id"] for u in heard(one) for m in u.get("oc", ()) if m.get("closed")]
    assert closed == [MARKET]
    assert not [u for u in heard(two) if u.get("oc")]


def test_a_bet_for_the_starting_price_has_a_liability_until_it_is_known() -> None:
    rig = Rig(*whole_life())
    session = rig.client()
    orders(session)
    rig.scene.bet("BACK", 0, 10, order_type="MARKET_ON_CLOSE")
    (update,) = heard(session)
    (told,) = update["oc"][0]["orc"][0]["uo"]
    assert (told["ot"], told["bsp"], told["s"], told["sr"], told["status"]) == (
        "MOC",
        10,
        0,
        0,
        "EC",
    )
    rig.scene.to(3_200)
    told = next(
        order
        for update in heard(session)
        for market in update.get("oc", ())
        for runner in market["orc"]
        for order in runner["uo"]
    )
    assert (told["s"], told["sm"], told["avp"]) == (10, 10, 3.3)


# --- resuming -----------------------------------------------------------------------------------


def test_a_place_of_another_subscription_or_of_the_future_is_not_known() -> None:
    rig = Rig()
    _, image = markets(rig.client())
    for place in (
        {"initialClk": image["initialClk"], "clk": "AP////8B"},
        {"initialClk": "elsewhere", "clk": image["clk"]},
        {"initialClk": image["initialClk"], "clk": "?"},
    ):
        session = rig.client()
        assert markets(session, **place)[0]["errorCode"] == "INVALID_CLOCK"
        assert session.is_closed
    session = rig.client()
    other = markets(session, "EX_LTP", initialClk=image["initialClk"], clk=image["clk"])
    assert other[0]["errorCode"] == "INVALID_CLOCK", "other fields are another subscription"


FIELD_SETS = st.sampled_from([FULL, ("EX_ALL_OFFERS", "EX_TRADED"), tuple(sorted(ALL_FIELDS))])


@given(
    bets=placed_bets(),
    cuts=st.lists(st.integers(0, 6_000), max_size=3),
    conflate_ms=st.sampled_from([0, 0, 300]),
    fields=FIELD_SETS,
)
@settings(deadline=None, max_examples=60)
def test_a_client_that_is_cut_off_and_resumes_has_the_venues_books(
    bets: list[Any], cuts: list[int], conflate_ms: int, fields: tuple[str, ...]
) -> None:
    rig = Rig(*whole_life(), accounts=2)
    builder = BookBuilder()
    session = rig.client()
    place: dict[str, Any] = {}
    subscribe = {"conflateMs": conflate_ms, "segmentationEnabled": True}

    def take(lines: Iterable[dict[str, Any]]) -> None:
        for line in lines:
            assert line.get("statusCode") != "FAILURE", line
            builder.apply_delta(line)
            for key in ("initialClk", "clk"):
                if line.get(key):
                    place[key] = line[key]

    take(markets(session, *fields, **subscribe))
    steps = [(bet.at_ms, bet) for bet in bets] + [(at_ms, None) for at_ms in cuts]
    for at_ms, bet in sorted(steps, key=lambda step: step[0]):
        rig.scene.to(at_ms)
        if bet is not None:
            rig.scene.place(bet)
            continue
        lost = at_ms % 2 == 0
        if not lost:
            take(heard(session))
        session.disconnected()  # what was outgoing is lost
        session = rig.client()
        take(markets(session, *fields, **subscribe, **place))
    rig.scene.to(12_000)
    take(heard(session))
    market = builder.market(MARKET)
    assert market is not None
    for shown in book(rig.scene.market)["runners"]:
        built = market.runners[shown["selection_id"], shown["handicap_centi"]]
        assert built.ladder("BACK", "full") == shown["atb"]
        assert built.ladder("LAY", "full") == shown["atl"]
        assert [row for row in sorted(built.prices["trd"].items()) if row[1]] == shown["trd"]
    if "EX_MARKET_DEF" in fields:
        assert market.definition is not None
        assert market.definition.status == "CLOSED"


# --- faults -------------------------------------------------------------------------------------


def test_faults_act_on_what_is_sent() -> None:
    moves = [traded(at, offers(101, back=[[3.0, at]])) for at in range(10, 90, 10)]
    rig = Rig(defined(0, image=True, rc=QUOTES), *moves)
    session = rig.client()
    markets(session)

    def sizes() -> list[float]:
        return [m["mc"][0]["rc"][0]["atb"][0][1] for m in heard(session)]

    session.duplicate_next("mcm")
    rig.scene.to(20)
    assert sizes() == [10, 10, 20]
    session.swap_next("mcm")
    rig.scene.to(40)
    assert sizes() == [40, 30]
    session.hold(15)
    rig.scene.to(54)
    assert session.take_outgoing() == []
    rig.scene.to(55)
    assert sizes() == [50]
    session.unreliable(10)
    rig.scene.to(60)
    assert [message["status"] for message in heard(session)] == [503]
    rig.scene.to(70)
    assert "status" not in heard(session)[0]
    session.malform_next()
    rig.scene.to(80)
    (line,) = session.take_outgoing()
    with pytest.raises(msgspec.DecodeError):
        msgspec.json.decode(line)
    session.cut()
    assert session.is_closed
    assert session.connection_id not in rig.hub.sessions
