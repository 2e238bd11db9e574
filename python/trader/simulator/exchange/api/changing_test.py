"""cancelOrders, replaceOrders, updateOrders."""

from __future__ import annotations

from typing import Any

import pytest

from trader.simulator.exchange.api.testing import BETTING, Client, code, limit, result
from trader.simulator.exchange.testing import MARKET, QUOTES, change, defined, definition, event


def resting(client: Client, price: float = 3.3, size: float = 10, **more: Any) -> str:
    """The bet id of an order that rests."""
    (one,) = client.place(limit(price, size, **more))["instructionReports"]
    assert one["orderStatus"] == "EXECUTABLE"
    bet_id: str = one["betId"]
    return bet_id


def replace(client: Client, *instructions: dict[str, Any], **params: Any) -> Any:
    return client.call("replaceOrders", marketId=MARKET, instructions=list(instructions), **params)


def test_a_bet_is_cancelled_whole_or_in_part() -> None:
    client = Client()
    bet_id = resting(client)
    report = client.cancel({"betId": bet_id, "sizeReduction": 4}, customerRef="c")
    (one,) = report["instructionReports"]
    assert (one["sizeCancelled"], one["instruction"]["sizeReduction"]) == (4, 4)
    assert one["cancelledDate"] == "2023-11-14T22:13:20.000Z"
    (one,) = client.cancel({"betId": int(bet_id)})["instructionReports"]
    assert one["sizeCancelled"] == 6
    assert code(client.cancel({"betId": bet_id})) == "BET_TAKEN_OR_LAPSED"


def test_what_cannot_be_cancelled_says_why() -> None:
    client = Client(accounts=2)
    assert code(client.cancel({"betId": "1"})) == "INVALID_BET_ID"
    theirs = client.scene.bet("BACK", 3.3, 5, account="two")
    assert code(client.cancel({"betId": theirs.bet_id})) == "INVALID_BET_ID"
    bet_id = resting(client)
    assert code(client.cancel({"betId": bet_id, "sizeReduction": 0})) == "INVALID_BET_SIZE"
    twice = client.cancel({"betId": bet_id}, {"betId": bet_id})
    assert twice["errorCode"] == "DUPLICATE_BETIDS"
    some = client.cancel({"betId": bet_id}, {"betId": "1"})
    assert some["status"] == "PROCESSED_WITH_ERRORS"
    on_close = client.place(
        {
            "orderType": "MARKET_ON_CLOSE",
            "selectionId": 101,
            "side": "BACK",
            "marketOnCloseOrder": {"liability": 10},
        }
    )
    at_start = on_close["instructionReports"][0]["betId"]
    assert code(client.cancel({"betId": at_start})) == "BET_TAKEN_OR_LAPSED"
    assert code(replace(client, {"betId": at_start, "newPrice": 3.0})) == "BET_TAKEN_OR_LAPSED"
    instruction = {"betId": at_start, "newPersistenceType": "PERSIST"}
    told = client.call("updateOrders", marketId=MARKET, instructions=[instruction])
    assert code(told) == "BET_TAKEN_OR_LAPSED"


def test_everything_of_a_market_or_of_the_account_is_cancelled() -> None:
    other = "1.100000002"
    client = Client(
        event(
            0,
            change(QUOTES, definition(), image=True),
            change(QUOTES, definition(), market_id=other, image=True),
        )
    )
    here, there = (
        resting(client),
        client.call("placeOrders", marketId=other, instructions=[limit(3.3)])["instructionReports"][
            0
        ]["betId"],
    )
    report = client.call("cancelOrders", marketId=MARKET)
    assert [one["instruction"]["betId"] for one in report["instructionReports"]] == [here]
    again = resting(client)
    report = client.call("cancelOrders")
    cancelled = {one["instruction"]["betId"] for one in report["instructionReports"]}
    assert cancelled == {there, again}
    assert client.call("cancelOrders")["status"] == "SUCCESS"
    assert client.call("cancelOrders", marketId="1.7")["errorCode"] == "INVALID_MARKET_ID"


def test_a_suspended_market_cancels_nothing() -> None:
    client = Client(
        defined(0, image=True, rc=QUOTES), defined(1_000, status="SUSPENDED", version=2)
    )
    bet_id = resting(client)
    client.scene.to(1_000)
    report = client.cancel({"betId": bet_id})
    assert (report["status"], report["errorCode"]) == ("FAILURE", "MARKET_SUSPENDED")
    whole = client.call("cancelOrders", marketId=MARKET)
    assert (whole["status"], whole["errorCode"]) == ("FAILURE", "MARKET_SUSPENDED")
    assert client.call("cancelOrders")["instructionReports"] == []
    assert client.scene.venue.bets[bet_id].remaining_centi == 1_000


def test_a_replacement_has_what_remained_at_the_new_price() -> None:
    client = Client()
    bet_id = resting(client, customerOrderRef="mine", persistenceType="PERSIST")
    client.cancel({"betId": bet_id, "sizeReduction": 3})
    report = replace(client, {"betId": bet_id, "newPrice": 3.35}, customerRef="r")
    (one,) = report["instructionReports"]
    assert (report["status"], one["status"]) == ("SUCCESS", "SUCCESS")
    assert one["cancelInstructionReport"]["sizeCancelled"] == 7
    placed = one["placeInstructionReport"]
    assert placed["instruction"]["limitOrder"] == {
        "size": 7,
        "price": 3.35,
        "persistenceType": "PERSIST",
    }
    new = client.scene.venue.bets[placed["betId"]]
    assert (new.price_centi, new.remaining_centi, new.customer_order_ref) == (335, 700, "mine")
    assert client.scene.venue.bets[bet_id].status == "EXECUTION_COMPLETE"


def test_a_replacement_that_crosses_is_matched() -> None:
    client = Client()
    bet_id = resting(client)
    (one,) = replace(client, {"betId": bet_id, "newPrice": 2.9})["instructionReports"]
    assert one["placeInstructionReport"]["sizeMatched"] == 10


def test_what_cannot_be_replaced_rests_on() -> None:
    client = Client()
    bet_id = resting(client)
    for price, expected in ((3.3, "NO_ACTION_REQUIRED"), (3.31, "INVALID_ODDS")):
        report = replace(client, {"betId": bet_id, "newPrice": price})
        assert code(report) == expected
    assert code(replace(client, {"betId": "1", "newPrice": 3.35})) == "INVALID_BET_ID"
    assert client.scene.venue.bets[bet_id].remaining_centi == 1_000


@pytest.mark.parametrize(("side", "worse", "better"), [("BACK", 3.1, 2.9), ("LAY", 2.9, 3.1)])
def test_the_limit_of_a_bet_for_the_starting_price_is_only_widened(
    side: str, worse: float, better: float
) -> None:
    client = Client()
    at_start = {
        "orderType": "LIMIT_ON_CLOSE",
        "selectionId": 101,
        "side": side,
        "limitOnCloseOrder": {"liability": 10, "price": 3.0},
    }
    bet_id = client.place(at_start)["instructionReports"][0]["betId"]
    assert code(replace(client, {"betId": bet_id, "newPrice": worse})) == "INVALID_PRICE_EDIT"
    (one,) = replace(client, {"betId": bet_id, "newPrice": better})["instructionReports"]
    placed = one["placeInstructionReport"]
    assert placed["instruction"]["limitOnCloseOrder"] == {"liability": 10, "price": better}
    new = client.scene.venue.bets[placed["betId"]]
    assert (new.order_type, new.liability_centi) == ("LIMIT_ON_CLOSE", 1_000)
    assert client.scene.venue.bets[bet_id].status == "EXECUTION_COMPLETE"


def test_the_old_bet_is_gone_where_the_new_one_is_not_placed() -> None:
    client = Client(deposit_e4=1_000_000)
    bet_id = resting(client, 3.2, 40, side="LAY", selection_id=102)
    report = replace(client, {"betId": bet_id, "newPrice": 3.9})
    assert report["status"] == "FAILURE"
    (one,) = report["instructionReports"]
    assert one["errorCode"] == "CANCELLED_NOT_PLACED"
    assert one["placeInstructionReport"]["errorCode"] == "INSUFFICIENT_FUNDS"
    assert one["cancelInstructionReport"]["status"] == "SUCCESS"
    assert client.scene.venue.bets[bet_id].cancelled_centi == 4_000


def test_a_repeated_replacement_does_nothing() -> None:
    client = Client()
    bet_id = resting(client)
    replace(client, {"betId": bet_id, "newPrice": 3.35}, customerRef="r")
    again = replace(client, {"betId": bet_id, "newPrice": 3.4}, customerRef="r")
    assert again["errorCode"] == "DUPLICATE_TRANSACTION"


def test_in_play_the_new_bet_waits_for_the_delay_and_the_old_one_does_not() -> None:
    in_play: dict[str, Any] = {"inPlay": True, "betDelay": 2}
    client = Client(defined(0, image=True, rc=QUOTES, **in_play))
    bet = client.scene.bet("BACK", 3.3, 10)
    replies = client.later(
        "replaceOrders", marketId=MARKET, instructions=[{"betId": bet.bet_id, "newPrice": 3.35}]
    )
    assert (bet.remaining_centi, replies) == (0, [])
    client.scene.to(2_000)
    assert result(replies)["status"] == "SUCCESS"


def test_in_play_a_passive_replacement_does_not_wait_where_the_market_lets_it() -> None:
    in_play: dict[str, Any] = {"inPlay": True, "betDelay": 2, "betDelayModels": ["PASSIVE"]}
    client = Client(defined(0, image=True, rc=QUOTES, **in_play))
    bet = client.scene.bet("BACK", 3.3, 10)
    (one,) = replace(client, {"betId": bet.bet_id, "newPrice": 3.35})["instructionReports"]
    new = one["placeInstructionReport"]["betId"]
    taking = [{"betId": new, "newPrice": 2.9}]
    assert client.later("replaceOrders", marketId=MARKET, instructions=taking) == []


def test_an_asynchronous_replacement_is_cancelled_now_and_placed_on_its_way() -> None:
    client = Client()
    bet_id = resting(client, customerOrderRef="mine")
    report = replace(client, {"betId": bet_id, "newPrice": 3.35}, **{"async": True})
    (one,) = report["instructionReports"]
    assert one["cancelInstructionReport"]["sizeCancelled"] == 10
    placed = one["placeInstructionReport"]
    assert (placed["status"], placed["orderStatus"]) == ("SUCCESS", "PENDING")
    assert "betId" not in placed
    assert not client.scene.market.live
    client.scene.to(1)
    (bet,) = client.scene.market.live.values()
    assert (bet.customer_order_ref, bet.price_centi) == ("mine", 335)


def test_a_market_that_closes_in_the_delay_leaves_the_bet_cancelled() -> None:
    in_play: dict[str, Any] = {"inPlay": True, "betDelay": 2}
    client = Client(
        defined(0, image=True, rc=QUOTES, **in_play),
        defined(1_000, status="SUSPENDED", version=2, **in_play),
    )
    bet = client.scene.bet("BACK", 3.3, 10)
    replies = client.later(
        "replaceOrders", marketId=MARKET, instructions=[{"betId": bet.bet_id, "newPrice": 3.35}]
    )
    client.scene.to(2_000)
    (one,) = result(replies)["instructionReports"]
    assert one["errorCode"] == "CANCELLED_NOT_PLACED"
    assert one["placeInstructionReport"]["errorCode"] == "MARKET_SUSPENDED"


def test_a_replacement_is_for_the_version_of_the_market_that_was_seen() -> None:
    in_play: dict[str, Any] = {"inPlay": True, "betDelay": 2}
    client = Client(
        defined(0, image=True, rc=QUOTES, version=5, **in_play),
        defined(1_000, version=6, **in_play),
    )
    bet = client.scene.bet("BACK", 3.3, 10)
    body: dict[str, Any] = {
        "marketId": MARKET,
        "instructions": [{"betId": bet.bet_id, "newPrice": 3.35}],
    }
    old = client.call("replaceOrders", **body, marketVersion={"version": 4})
    assert (code(old), bet.remaining_centi) == ("BET_TAKEN_OR_LAPSED", 1_000)
    replies = client.later("replaceOrders", **body, marketVersion={"version": 5})
    client.scene.to(2_000)
    (one,) = result(replies)["instructionReports"]
    assert one["errorCode"] == "CANCELLED_NOT_PLACED"
    assert one["placeInstructionReport"]["errorCode"] == "BET_TAKEN_OR_LAPSED"


def test_a_persistence_is_updated() -> None:
    client = Client()
    bet_id = resting(client)

    def update(to: str, bet: str = bet_id) -> Any:
        instruction = {"betId": bet, "newPersistenceType": to}
        return client.call("updateOrders", marketId=MARKET, instructions=[instruction])

    assert update("PERSIST")["status"] == "SUCCESS"
    assert client.scene.venue.bets[bet_id].persistence == "PERSIST"
    assert code(update("PERSIST")) == "NO_ACTION_REQUIRED"
    assert code(update("FOREVER")) == "INVALID_PERSISTENCE_TYPE"
    assert code(update("LAPSE", "1")) == "INVALID_BET_ID"


def test_a_request_changes_one_to_sixty_bets() -> None:
    client = Client()
    for method, extra in (
        ("cancelOrders", {}),
        ("replaceOrders", {"newPrice": 2}),
        ("updateOrders", {"newPersistenceType": "LAPSE"}),
    ):
        many = [{"betId": str(number), **extra} for number in range(61)]
        answer = client.ask(BETTING, method, marketId=MARKET, instructions=many)
        exception = answer["error"]["data"]["APINGException"]
        assert exception["errorCode"] == "INVALID_INPUT_DATA", method
