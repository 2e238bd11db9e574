"""placeOrders in play: the bet delay, what happens meanwhile, and orders nobody waits for."""

from __future__ import annotations

from typing import Any

import msgspec

from trader.simulator.exchange.api.testing import (
    Client,
    code,
    exception,
    limit,
    result,
)
from trader.simulator.exchange.testing import MARKET, QUOTES, defined, runner, traded

IN_PLAY: dict[str, Any] = {"inPlay": True, "betDelay": 5}


def test_a_market_that_moves_past_the_version_in_the_delay_lapses_the_bet() -> None:
    client = Client(
        defined(0, image=True, rc=QUOTES, **IN_PLAY),
        defined(2_000, version=2, **IN_PLAY),
    )
    replies = client.later(
        "placeOrders", marketId=MARKET, instructions=[limit(3.3)], marketVersion={"version": 1}
    )
    client.scene.to(6_000)
    assert code(result(replies)) == "BET_TAKEN_OR_LAPSED"


def test_what_goes_wrong_after_the_delay_is_answered_and_the_venue_goes_on() -> None:
    client = Client(defined(0, image=True, rc=QUOTES, **IN_PLAY), traded(6_000), bets_max=1)
    body: dict[str, Any] = {"marketId": MARKET}
    first = client.later("placeOrders", **body, instructions=[limit(3.3)])
    second = client.later("placeOrders", **body, instructions=[limit(3.3)])
    client.scene.to(7_000)
    assert result(first)["status"] == "SUCCESS"
    (reply,) = second
    assert exception(msgspec.json.decode(reply.body)) == "UNEXPECTED_ERROR"
    assert (client.api.parked, client.scene.venue.events) == (0, 2)


def test_in_play_the_reply_comes_after_the_bet_delay() -> None:
    client = Client(defined(0, image=True, rc=QUOTES, **IN_PLAY))
    replies = client.later("placeOrders", marketId=MARKET, instructions=[limit(2.9, 5)])
    assert (replies, client.api.parked) == ([], 1)
    client.scene.to(4_999)
    assert not client.scene.venue.bets
    client.scene.to(5_000)
    report = result(replies)
    assert report["instructionReports"][0]["placedDate"] == "2023-11-14T22:13:25.000Z"
    assert report["instructionReports"][0]["sizeMatched"] == 5
    assert client.api.parked == 0


def test_a_market_suspended_in_the_delay_refuses() -> None:
    client = Client(
        defined(0, image=True, rc=QUOTES, **IN_PLAY),
        defined(3_000, status="SUSPENDED", version=2, **IN_PLAY),
    )
    replies = client.later("placeOrders", marketId=MARKET, instructions=[limit(2.9, 5)])
    client.scene.to(6_000)
    assert result(replies)["errorCode"] == "MARKET_SUSPENDED"
    assert not client.scene.venue.bets


def test_a_passive_order_skips_the_delay_where_the_market_lets_it() -> None:
    client = Client(
        defined(0, image=True, rc=QUOTES, betDelayModels=["PASSIVE"], **IN_PLAY),
    )
    assert client.place(limit(3.3, 5))["status"] == "SUCCESS"
    replies = client.later("placeOrders", marketId=MARKET, instructions=[limit(2.9, 5)])
    assert replies == []


def test_an_asynchronous_order_is_pending_and_then_on_its_way() -> None:
    client = Client(defined(0, image=True, rc=QUOTES, **IN_PLAY))
    report = client.place(limit(3.3, 5, customerOrderRef="later"), **{"async": True})
    (one,) = report["instructionReports"]
    assert (one["orderStatus"], one["status"]) == ("PENDING", "SUCCESS")
    assert "betId" not in one
    assert "placedDate" not in one
    client.scene.to(5_000)
    (bet,) = client.scene.venue.bets.values()
    assert bet.customer_order_ref == "later"


def test_a_runner_removed_in_the_delay_is_refused() -> None:
    gone = [runner(101, "REMOVED"), 102, 103, 104]
    client = Client(
        defined(0, image=True, rc=QUOTES, **IN_PLAY),
        defined(2_000, gone, version=2, **IN_PLAY),
        traded(2_500),
    )
    replies = client.later("placeOrders", marketId=MARKET, instructions=[limit(3.3, 5)])
    client.scene.to(6_000)
    assert code(result(replies)) == "RUNNER_REMOVED"


def test_a_request_that_no_longer_fits_places_none_of_its_orders() -> None:
    client = Client(defined(0, image=True, rc=QUOTES, **IN_PLAY), bets_max=2)
    body: dict[str, Any] = {"marketId": MARKET}
    client.later("placeOrders", **body, instructions=[limit(3.3)])
    later = client.later("placeOrders", **body, instructions=[limit(3.3), limit(3.35)])
    client.scene.to(7_000)
    assert exception(msgspec.json.decode(later[0].body)) == "UNEXPECTED_ERROR"
    assert len(client.scene.venue.bets) == 1


def test_a_request_that_was_answered_is_not_answered_again_when_it_goes_wrong() -> None:
    client = Client(bets_max=1)
    body: dict[str, Any] = {"marketId": MARKET, "instructions": [limit(3.3)], "async": True}
    first, second = (client.later("placeOrders", **body) for _ in range(2))
    client.scene.to(1)
    assert (len(first), len(second), client.api.parked) == (1, 1, 0)
    assert len(client.scene.venue.bets) == 1


def test_a_replacement_that_finds_no_room_is_answered_too() -> None:
    client = Client(defined(0, image=True, rc=QUOTES, **IN_PLAY), bets_max=2)
    bet = client.scene.bet("BACK", 3.3, 10)
    instruction = {"betId": bet.bet_id, "newPrice": 3.35}
    replies = client.later("replaceOrders", marketId=MARKET, instructions=[instruction])
    client.scene.bet("BACK", 3.3, 10)
    client.scene.to(7_000)
    assert exception(msgspec.json.decode(replies[0].body)) == "UNEXPECTED_ERROR"
    assert (bet.remaining_centi, client.api.parked) == (0, 0)


def test_what_places_nothing_does_not_wait() -> None:
    client = Client(defined(0, image=True, rc=QUOTES, **IN_PLAY))
    body: dict[str, Any] = {"marketId": MARKET}
    assert code(client.place(limit(3.31))) == "INVALID_ODDS"
    none = [{"betId": "1", "newPrice": 3.3}]
    assert code(client.call("replaceOrders", **body, instructions=none)) == "INVALID_BET_ID"
