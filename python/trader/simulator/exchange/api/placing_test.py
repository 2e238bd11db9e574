"""placeOrders: what is taken, what is refused and how, delays, references."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from trader.simulator.exchange.api.testing import (
    BETTING,
    Client,
    code,
    exception,
    limit,
    rpc,
)
from trader.simulator.exchange.testing import MARKET, QUOTES, defined, offers, runner


def test_an_order_that_crosses_is_matched_at_the_offer_and_told() -> None:
    client = Client()
    report = client.place(limit(2.9, 30, customerOrderRef="mine"), customerRef="r-1")
    assert (report["status"], report["marketId"], report["customerRef"]) == (
        "SUCCESS",
        MARKET,
        "r-1",
    )
    (one,) = report["instructionReports"]
    assert one["orderStatus"] == "EXECUTION_COMPLETE"
    assert (one["averagePriceMatched"], one["sizeMatched"]) == (3.0, 30)
    assert one["placedDate"] == "2023-11-14T22:13:20.000Z"
    assert one["instruction"]["customerOrderRef"] == "mine"
    assert client.scene.venue.bets[one["betId"]].customer_order_ref == "mine"


def test_an_order_that_does_not_cross_rests() -> None:
    client = Client()
    (one,) = client.place(limit(3.3, 30))["instructionReports"]
    assert (one["orderStatus"], one["sizeMatched"], one["averagePriceMatched"]) == (
        "EXECUTABLE",
        0,
        0.0,
    )


def test_numbers_may_be_strings_as_the_venue_takes_them() -> None:
    client = Client()
    report = client.place(limit("3.30", "2.00", "101", handicap="0.0"))
    assert report["status"] == "SUCCESS"
    assert report["instructionReports"][0]["instruction"]["limitOrder"]["price"] == 3.3


@pytest.mark.parametrize(
    ("instruction", "expected"),
    [
        (limit(3.21), "INVALID_ODDS"),
        (limit(0.5), "INVALID_ODDS"),
        (limit(1001), "INVALID_ODDS"),
        (limit(size=0.5), "INVALID_BET_SIZE"),
        (limit(size=0), "INVALID_BET_SIZE"),
        (limit(size=-2), "INVALID_BET_SIZE"),
        (limit(size=2.005), "INVALID_BET_SIZE"),
        (limit(size=None), "INVALID_BET_SIZE"),
        (limit(selection_id=999), "INVALID_RUNNER"),
        (limit(selection_id=104), "RUNNER_REMOVED"),
        (limit(side="BOTH"), "INVALID_BID_TYPE"),
        (limit(orderType="MARKET"), "INVALID_ORDER_TYPE"),
        (limit(persistenceType="FOREVER"), "INVALID_PERSISTENCE_TYPE"),
        (limit(minFillSize=5), "UNEXPECTED_MIN_FILL_SIZE"),
        (
            limit(persistenceType=None, timeInForce="FILL_OR_KILL", minFillSize=50),
            "INVALID_MIN_FILL_SIZE",
        ),
        (limit(timeInForce="FILL_OR_KILL"), None),  # LAPSE says nothing, and is not heeded
        (
            limit(timeInForce="FILL_OR_KILL", persistenceType="PERSIST"),
            "UNEXPECTED_PERSISTENCE_TYPE",
        ),
        (limit(handicap="nan"), "INVALID_RUNNER"),
        (limit(handicap="inf"), "INVALID_RUNNER"),
        (limit(price="nan"), "INVALID_ODDS"),
        (limit(size="inf"), "INVALID_BET_SIZE"),
        (
            limit(persistenceType=None, timeInForce="FILL_OR_KILL", minFillSize="nan"),
            "INVALID_MIN_FILL_SIZE",
        ),
        (
            limit(persistenceType=None, timeInForce="FILL_OR_KILL", minFillSize=0.5),
            "INVALID_MIN_FILL_SIZE",
        ),
        (limit(customerOrderRef=""), None),
        (limit(customerOrderRef="with a blank"), "INVALID_CUSTOMER_ORDER_REF"),
        (limit(customerOrderRef="x" * 33), "INVALID_CUSTOMER_ORDER_REF"),
        (limit(1.01, 1_001), None),
        (limit(1000, 0.01), None),
    ],
)
def test_each_instruction_is_checked(instruction: dict[str, Any], expected: str | None) -> None:
    gone = [101, 102, 103, runner(104, "REMOVED")]
    client = Client(defined(0, gone, image=True, rc=QUOTES))
    report = client.place(instruction)
    assert code(report) == expected
    assert report["status"] == ("FAILURE" if expected else "SUCCESS")
    assert report.get("errorCode") == ("BET_ACTION_ERROR" if expected else None)
    assert len(client.scene.venue.bets) == (0 if expected else 1)


def test_a_bet_whose_rounding_gives_too_much_or_too_little_is_refused() -> None:
    client = Client()
    (one,) = client.place(limit(1.04, 2, 103, side="LAY"))["instructionReports"]
    # 0.10 at 1.04 wins 0.004, which is nothing; 0.30 wins 0.012, which is 0.01: a sixth less.
    left = [client.cancel({"betId": one["betId"], "sizeReduction": by}) for by in (1.9, 1.7)]
    assert [code(report) for report in left] == ["INVALID_PROFIT_RATIO", None]
    (tiny,) = client.place(limit(1000, 0.01, 103))["instructionReports"]
    assert tiny["status"] == "SUCCESS"


def test_one_bad_instruction_fails_them_all() -> None:
    client = Client()
    report = client.place(limit(), limit(3.21), limit(3.3))
    assert (report["status"], report["errorCode"]) == ("FAILURE", "BET_ACTION_ERROR")
    assert [code(report, i) for i in range(3)] == [
        "ERROR_IN_ORDER",
        "INVALID_ODDS",
        "ERROR_IN_ORDER",
    ]
    assert not client.scene.venue.bets


def test_without_best_execution_each_stands_for_itself() -> None:
    client = Client(best_execution=False)
    report = client.place(limit(), limit(3.21), limit(3.3))
    assert report["status"] == report["errorCode"] == "PROCESSED_WITH_ERRORS"
    assert [code(report, i) for i in range(3)] == [None, "INVALID_ODDS", None]
    assert len(client.scene.venue.bets) == 2


def test_without_best_execution_what_there_is_money_for_is_placed() -> None:
    client = Client(best_execution=False, deposit_e4=100 * 10_000)
    report = client.place(limit(3.3, 60), limit(3.35, 50), limit(3.4, 30))
    assert [code(report, i) for i in range(3)] == [None, "INSUFFICIENT_FUNDS", None]
    placed = [(bet.price_centi, bet.size_centi) for bet in client.scene.venue.bets.values()]
    assert placed == [(330, 6_000), (340, 3_000)]


def test_a_request_that_would_match_itself_is_refused() -> None:
    client = Client()
    report = client.place(limit(3.1), limit(3.15, side="LAY"))
    assert code(report) == code(report, 1) == "INVALID_BACK_LAY_COMBINATION"
    fine = client.place(limit(3.15), limit(3.1, side="LAY"))
    assert fine["status"] == "SUCCESS"


def test_the_market_must_take_bets() -> None:
    client = Client(
        defined(0, image=True, rc=QUOTES),
        defined(1_000, status="SUSPENDED", version=2),
        defined(2_000, [runner(101, "WINNER"), runner(102, "LOSER")], status="CLOSED", version=3),
    )
    assert client.call("placeOrders", marketId="1.9", instructions=[limit()])["errorCode"] == (
        "INVALID_MARKET_ID"
    )
    client.scene.to(1_000)
    report = client.place(limit())
    assert (report["errorCode"], code(report)) == ("MARKET_SUSPENDED", "ERROR_IN_ORDER")
    client.scene.to(2_000)
    assert client.place(limit())["errorCode"] == "MARKET_NOT_OPEN_FOR_BETTING"


def test_a_market_that_has_moved_past_the_version_lapses_the_bet() -> None:
    client = Client(defined(0, image=True, rc=QUOTES, version=7))
    assert code(client.place(limit(), marketVersion={"version": 6})) == "BET_TAKEN_OR_LAPSED"
    assert client.place(limit(), marketVersion={"version": 7})["status"] == "SUCCESS"


def test_nobody_bets_more_than_there_is() -> None:
    client = Client(deposit_e4=100 * 10_000)
    assert client.place(limit(3.3, 60))["status"] == "SUCCESS"
    report = client.place(limit(3.3, 41))
    assert (report["status"], code(report)) == ("FAILURE", "INSUFFICIENT_FUNDS")
    other = client.place(limit(4.2, 60, 102, side="LAY"))
    assert code(other) == "INSUFFICIENT_FUNDS", "192 at risk if 102 wins"
    assert client.place(limit(3.3, 40))["status"] == "SUCCESS"


def test_a_repeated_customer_ref_places_nothing_for_a_minute() -> None:
    client = Client()
    assert client.place(limit(3.3), customerRef="once")["status"] == "SUCCESS"
    client.scene.to(59_999)
    again = client.place(limit(3.3), customerRef="once")
    assert (again["status"], again["errorCode"]) == ("FAILURE", "DUPLICATE_TRANSACTION")
    assert len(client.scene.venue.bets) == 1
    client.scene.to(60_000)
    assert client.place(limit(3.3), customerRef="once")["status"] == "SUCCESS"


def test_a_time_in_force_of_the_request_is_that_of_its_orders() -> None:
    client = Client()
    dead, whole = client.place(limit(3.3, 5), limit(3.0, 5), timeInForce="FILL_OR_KILL")[
        "instructionReports"
    ]
    assert (dead["orderStatus"], whole["orderStatus"]) == ("EXPIRED", "EXECUTION_COMPLETE")
    assert not client.scene.market.live


def test_a_fill_or_kill_order_is_given_back_without_its_persistence() -> None:
    client = Client()
    (one,) = client.place(limit(3.0, 5, timeInForce="FILL_OR_KILL"))["instructionReports"]
    assert one["instruction"]["limitOrder"] == {
        "size": 5,
        "price": 3.0,
        "timeInForce": "FILL_OR_KILL",
    }


def test_a_bet_that_risks_nothing_more_is_taken_from_who_has_nothing_left() -> None:
    client = Client(deposit_e4=100 * 10_000)
    client.place(limit(3.0, 100))
    assert client.place(limit(3.0, 100, side="LAY"))["status"] == "SUCCESS"
    client.scene.account().balance_e4 = 0
    assert client.place(limit(3.1, 1, side="LAY"))["status"] == "SUCCESS", "the back wins 200"
    assert code(client.place(limit(3.0, 1, 102))) == "INSUFFICIENT_FUNDS"


def test_no_bets_are_placed_with_the_key_for_delayed_data() -> None:
    client = Client()
    params = {"marketId": MARKET, "instructions": [limit()]}
    body = rpc(BETTING, "placeOrders", params)
    answer = client.post(BETTING, body, x_application="paper-app-key-delayed")
    assert answer["result"]["errorCode"] == "PERMISSION_DENIED"
    assert code(answer["result"]) == "ERROR_IN_ORDER"
    assert not client.scene.venue.bets


def test_a_venue_without_room_refuses_before_anything_is_placed() -> None:
    client = Client(bets_max=2)
    body: dict[str, Any] = {"marketId": MARKET, "instructions": [limit()] * 3}
    assert exception(client.ask(BETTING, "placeOrders", **body)) == "UNEXPECTED_ERROR"
    assert client.place(*[limit()] * 2)["status"] == "SUCCESS"


@pytest.mark.parametrize("ref", ["", "x" * 33, "blank here", "ümlaut"])
def test_a_customer_ref_has_its_letters_and_its_length(ref: str) -> None:
    client = Client()
    answer = client.ask(
        BETTING, "placeOrders", marketId=MARKET, instructions=[limit()], customerRef=ref
    )
    assert exception(answer) == "INVALID_INPUT_DATA"


def test_strategy_refs_are_fifteen_letters() -> None:
    client = Client()
    report = client.place(limit(), customerStrategyRef="x" * 16)
    assert code(report) == "INVALID_CUSTOMER_STRATEGY_REF"
    assert client.place(limit(), customerStrategyRef="x" * 15)["status"] == "SUCCESS"
    (one,) = client.place(limit(3.3), customerStrategyRef="")["instructionReports"]
    assert client.scene.venue.bets[one["betId"]].customer_strategy_ref is None, "none is none"


@pytest.mark.parametrize("count", [0, 201])
def test_a_request_has_one_to_two_hundred_instructions(count: int) -> None:
    client = Client()
    answer = client.ask(
        BETTING, "placeOrders", marketId=MARKET, instructions=[limit(1000, 0.01)] * count
    )
    assert exception(answer) == "INVALID_INPUT_DATA"


def test_more_than_a_thousand_instructions_in_a_second_are_too_many() -> None:
    client = Client()
    many = [limit(1000, 0.01)] * 200
    for _ in range(5):
        assert client.place(*many)["status"] == "SUCCESS"
    answer = client.ask(BETTING, "placeOrders", marketId=MARKET, instructions=[limit()])
    assert exception(answer) == "TOO_MANY_REQUESTS"
    client.scene.to(1_000)
    assert client.place(limit())["status"] == "SUCCESS"


def test_fill_or_kill_rests_nothing() -> None:
    client = Client()
    kill = {"persistenceType": None, "timeInForce": "FILL_OR_KILL"}
    (dead,) = client.place(limit(3.0, 101, **kill))["instructionReports"]
    assert (dead["orderStatus"], dead["sizeMatched"]) == ("EXPIRED", 0)
    (part,) = client.place(limit(3.0, 101, minFillSize=50, **kill))["instructionReports"]
    assert (part["orderStatus"], part["sizeMatched"]) == ("EXPIRED", 100)
    (whole,) = client.place(limit(4.0, 100, 102, **kill))["instructionReports"]
    assert whole["orderStatus"] == "EXECUTION_COMPLETE"


def test_on_close_orders_wait_for_the_starting_price() -> None:
    client = Client()
    market = {
        "orderType": "MARKET_ON_CLOSE",
        "selectionId": 101,
        "side": "LAY",
        "marketOnCloseOrder": {"liability": 10},
    }
    with_limit = {
        "orderType": "LIMIT_ON_CLOSE",
        "selectionId": 101,
        "side": "BACK",
        "limitOnCloseOrder": {"liability": 2, "price": 3.0},
    }
    report = client.place(market, with_limit)
    assert report["status"] == "SUCCESS"
    small = client.place(market | {"marketOnCloseOrder": {"liability": 9.99}})
    assert code(small) == "INVALID_BET_SIZE"
    odd = client.place(with_limit | {"limitOnCloseOrder": {"liability": 2, "price": 3.01}})
    assert code(odd) == "INVALID_ODDS"
    without = Client(defined(0, image=True, rc=QUOTES, bspMarket=False))
    assert code(without.place(market)) == "MARKET_NOT_OPEN_FOR_BSP_BETTING"
    assert code(without.place(limit(persistenceType="MARKET_ON_CLOSE"))) == (
        "INVALID_PERSISTENCE_TYPE"
    )


def test_prices_of_other_ladders() -> None:
    finest: dict[str, Any] = {"priceLadderDefinition": {"type": "FINEST"}}
    client = Client(defined(0, image=True, rc=QUOTES, **finest))
    assert client.place(limit(3.21))["status"] == "SUCCESS"
    line: dict[str, Any] = {
        "priceLadderDefinition": {"type": "LINE_RANGE"},
        "lineMinUnit": 0.5,
        "lineMaxUnit": 10.5,
        "lineInterval": 1.0,
    }
    client = Client(defined(0, image=True, rc=[offers(101)], bettingType="LINE", **line))
    assert client.place(limit(2.5))["status"] == "SUCCESS"
    assert code(client.place(limit(2.0))) == "INVALID_ODDS"


def test_a_batch_is_answered_in_its_order() -> None:
    client = Client()
    body = [
        msgspec.json.decode(rpc(BETTING, "placeOrders", {"marketId": MARKET, "instructions": [i]}))
        for i in (limit(3.3), limit(3.21))
    ]
    answers = client.post(BETTING, msgspec.json.encode(body))
    assert [answer["result"]["status"] for answer in answers] == ["SUCCESS", "FAILURE"]
