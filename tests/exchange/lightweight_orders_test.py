"""Every sort of order and every answer to one, as betfairlightweight reads them.

Its resources are strict: a key too many or too few in an answer is an error to it.
"""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest
from betfairlightweight import filters

from tests.exchange.lightweight import (
    FAR,
    FARTHER,
    TIMEOUT_S,
    Trading,
    equal_orders,
    equal_sizes,
    logged_in,
)
from trader.simulator.feeds import GeneratedFeed
from trader.simulator.generator import RaceShape

SHAPE: Final = RaceShape(runners=5, pre_off_s=30.0, in_play_s=10.0, messages_per_s=10.0, bsp=True)

# The stream of betfairlightweight asks for whatever TLS there is, and for nobody's certificate.
pytestmark = pytest.mark.filterwarnings("ignore:ssl.PROTOCOL_TLS:DeprecationWarning")


@pytest.fixture
def trading(tmp_path: Path) -> Iterator[Trading]:
    with logged_in(tmp_path, GeneratedFeed(11, shape=SHAPE)) as found:
        found.step(5_000)
        yield found


def place_on_close(trading: Trading, side: str, **terms: float) -> str:
    """An order for the starting price (with a `price`: a limit on it); its bet id."""
    kind, make = ("LIMIT_ON_CLOSE", filters.limit_on_close_order)
    if "price" not in terms:
        kind, make = ("MARKET_ON_CLOSE", filters.market_on_close_order)
    name = "limit_on_close_order" if "price" in terms else "market_on_close_order"
    instruction = filters.place_instruction(
        order_type=kind,
        selection_id=trading.prices()[0],
        side=side,
        customer_order_ref=kind.lower(),
        **{name: make(**terms)},
    )
    answer = trading.client.betting.place_orders(trading.market_id, [instruction])
    (report,) = answer.place_instruction_reports
    assert (report.status, report.order_status) == ("SUCCESS", "EXECUTABLE")
    assert report.instruction.order_type == kind
    bet_id: str = report.bet_id
    return bet_id


def suspend_at_the_off(trading: Trading) -> None:
    """Time goes on to the suspension before the market turns in-play."""
    market = trading.rig.venue.markets[trading.market_id]
    while market.status == "OPEN":
        trading.step(100)
    assert market.status == "SUSPENDED"


def test_orders_for_the_starting_price_are_struck_at_it(trading: Trading) -> None:
    stream = trading.stream_orders()
    market = place_on_close(trading, "BACK", liability=20.0)
    limit = place_on_close(trading, "LAY", liability=30.0, price=1000.0)
    trading.caught_up(stream)
    (cache,) = stream.listener.snap()
    waiting = {order.bet_id: order for order in cache.orders}
    assert {bet_id: order.order_type for bet_id, order in waiting.items()} == {
        market: "MARKET_ON_CLOSE",
        limit: "LIMIT_ON_CLOSE",
    }
    assert [waiting[bet_id].bsp_liability for bet_id in (market, limit)] == [20.0, 30.0]
    listed = trading.client.betting.list_current_orders(bet_ids=[market, limit]).orders
    assert {order.bet_id: order.bsp_liability for order in listed} == {market: 20.0, limit: 30.0}
    trading.play_out()
    trading.caught_up(stream)
    (cache,) = stream.listener.snap()
    for order in cache.orders:
        ours = trading.bet(order.bet_id)
        assert ours["matched_centi"] > 0
        assert round(order.size_matched * 100) == ours["matched_centi"]
        assert round(order.average_price_matched * 100) == ours["matches"][0]["price_centi"]
    stream.stop()


def test_fill_or_kill_fills_or_ends(trading: Trading) -> None:
    stream = trading.stream_orders()
    _, back, _ = trading.prices()
    filled = trading.place("BACK", back, 2.0, time_in_force="FILL_OR_KILL", persistence_type=None)
    killed = trading.place("BACK", FAR, 2.0, time_in_force="FILL_OR_KILL", persistence_type=None)
    statuses = [r.place_instruction_reports[0].order_status for r in (filled, killed)]
    assert statuses == ["EXECUTION_COMPLETE", "EXPIRED"]
    partly = trading.place(
        "BACK",
        back,
        5_000.0,
        time_in_force="FILL_OR_KILL",
        persistence_type=None,
        min_fill_size=2.0,
    )
    report = partly.place_instruction_reports[0]
    assert report.instruction.limit_order.min_fill_size == 2.0
    assert 2.0 <= report.size_matched < 5_000.0
    equal_orders(trading, stream)
    stream.stop()


def test_an_asynchronous_order_is_told_of_by_the_stream(trading: Trading) -> None:
    stream = trading.stream_orders()
    answer = trading.place("BACK", FAR, 2.0, async_=True, order_ref="later")
    report = answer.place_instruction_reports[0]
    assert (report.status, report.order_status, report.bet_id) == ("SUCCESS", "PENDING", None)
    trading.step(100)
    equal_orders(trading, stream)
    (cache,) = stream.listener.snap()
    (order,) = cache.orders
    assert (order.customer_order_ref, order.status) == ("later", "EXECUTABLE")
    stream.stop()


def test_an_order_for_an_older_market_lapses(trading: Trading) -> None:
    version = trading.rig.venue.markets[trading.market_id].version
    old = trading.place("BACK", FAR, 2.0, market_version={"version": version - 1})
    new = trading.place("BACK", FAR, 2.0, market_version={"version": version})
    assert old.place_instruction_reports[0].error_code == "BET_TAKEN_OR_LAPSED"
    assert new.status == "SUCCESS"


def test_pages_of_current_orders_are_all_of_them(trading: Trading) -> None:
    for size in (2.0, 3.0, 4.0, 5.0, 6.0):
        trading.place("BACK", FAR, size)
    found: list[Any] = []
    more = True
    while more:
        page = trading.client.betting.list_current_orders(from_record=len(found), record_count=2)
        found += page.orders
        more = page.more_available
    assert [order.price_size.size for order in found] == [2.0, 3.0, 4.0, 5.0, 6.0]
    for order in found:
        equal_sizes(order, trading.bet(order.bet_id))


def test_a_requested_book_has_matched_orders_too(trading: Trading) -> None:
    selection_id, back, _ = trading.prices()
    trading.place("BACK", back, 3.0)
    trading.place("BACK", FAR, 4.0)
    (found,) = trading.client.betting.list_market_book(
        market_ids=[trading.market_id], order_projection="ALL"
    )
    (runner,) = [one for one in found.runners if one.selection_id == selection_id]
    told = {order.bet_id: (order.size_matched, order.size_remaining) for order in runner.orders}
    assert told == {
        bet["bet_id"]: (bet["matched_centi"] / 100, bet["remaining_centi"] / 100)
        for bet in trading.bets()
    }


def test_profit_and_loss_is_what_the_matched_orders_come_to(trading: Trading) -> None:
    selection_id, back, _ = trading.prices()
    trading.place("BACK", back, 3.0)
    (bet,) = trading.bets()
    value = sum(match["price_centi"] * match["size_centi"] for match in bet["matches"])
    (found,) = trading.client.betting.list_market_profit_and_loss(market_ids=[trading.market_id])
    wins = {one.selection_id: one.if_win for one in found.profit_and_losses}
    assert wins.pop(selection_id) == pytest.approx(value / 10_000 - 3.0, abs=0.0051)
    assert set(wins.values()) == {-3.0}


def test_what_a_replacement_cannot_do_is_told(trading: Trading) -> None:
    placed = trading.place("BACK", FAR, 2.0)
    bet_id = placed.place_instruction_reports[0].bet_id
    cancelled = trading.client.betting.cancel_orders(trading.market_id)
    assert [r.size_cancelled for r in cancelled.cancel_instruction_reports] == [2.0]
    refused = trading.client.betting.replace_orders(
        trading.market_id, [filters.replace_instruction(bet_id, FARTHER)]
    )
    (report,) = refused.replace_instruction_reports
    assert (refused.status, report.error_code) == ("FAILURE", "BET_TAKEN_OR_LAPSED")
    assert report.cancel_instruction_reports.error_code == "BET_TAKEN_OR_LAPSED"
    assert report.place_instruction_reports.status == "FAILURE"


def test_there_may_be_nothing_to_cancel(trading: Trading) -> None:
    answer = trading.client.betting.cancel_orders()
    assert (answer.status, answer.cancel_instruction_reports) == ("SUCCESS", [])


def test_a_suspended_market_refuses_each_instruction(trading: Trading) -> None:
    betting = trading.client.betting
    placed = trading.place("BACK", FAR, 2.0, persistence_type="PERSIST")
    bet_id = placed.place_instruction_reports[0].bet_id
    selection_id, market_id = trading.prices()[0], trading.market_id
    suspend_at_the_off(trading)
    answers = [
        trading.place("BACK", FAR, 2.0, selection_id=selection_id),
        betting.cancel_orders(market_id, [filters.cancel_instruction(bet_id)]),
        betting.replace_orders(market_id, [filters.replace_instruction(bet_id, FARTHER)]),
        betting.update_orders(market_id, [filters.update_instruction(bet_id, "LAPSE")]),
    ]
    for answer in answers:
        assert (answer.status, answer.error_code) == ("FAILURE", "MARKET_SUSPENDED")
    assert trading.bet(bet_id)["remaining_centi"] == 200


def test_an_order_in_play_is_answered_after_the_bet_delay(trading: Trading) -> None:
    suspend_at_the_off(trading)
    market = trading.rig.venue.markets[trading.market_id]
    while market.status != "OPEN":
        trading.step(100)
    delay_ms = market.definition.bet_delay_s * 1000
    assert market.definition.in_play
    assert delay_ms > 0
    began_ms = trading.rig.venue.now_ms
    selection_id = trading.prices()[0]
    answers: queue.Queue[Any] = queue.Queue()

    def ask() -> None:
        answers.put(trading.place("BACK", 1000.0, 2.0, selection_id=selection_id))

    thread = threading.Thread(target=ask)
    thread.start()
    deadline = time.monotonic() + TIMEOUT_S
    while not trading.rig.exchange.call(lambda server: server.api.parked):
        assert time.monotonic() < deadline, "the order is taken"
    trading.step(delay_ms - 1)
    assert not trading.bets()
    trading.step(1)
    (report,) = answers.get(timeout=TIMEOUT_S).place_instruction_reports
    thread.join()
    assert trading.bet(report.bet_id)["placed_ms"] == began_ms + delay_ms
