"""betfairlightweight's streams when they are cut, taken up again, conflated, refused.

Each test has an exchange of its own, some seconds into a market before the off.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest
from betfairlightweight import filters
from betfairlightweight.exceptions import APIError, ListenerError, SocketError

from tests.exchange.lightweight import (
    FAR,
    FARTHER,
    ReadStream,
    Trading,
    equal_books,
    equal_offers,
    equal_orders,
    equal_sizes,
    logged_in,
    quiet_listener,
)
from trader.simulator.feeds import GeneratedFeed
from trader.simulator.generator import RaceShape

SHAPE: Final = RaceShape(runners=4, pre_off_s=60.0, in_play_s=5.0, messages_per_s=10.0)

# The stream of betfairlightweight asks for whatever TLS there is, and for nobody's certificate.
pytestmark = pytest.mark.filterwarnings("ignore:ssl.PROTOCOL_TLS:DeprecationWarning")


@pytest.fixture
def trading(tmp_path: Path) -> Iterator[Trading]:
    with logged_in(tmp_path, GeneratedFeed(7, shape=SHAPE)) as found:
        found.step(5_000)
        yield found


def kinds(stream: ReadStream) -> list[str]:
    """What sorts of change messages came: `SUB_IMAGE`, `UPDATE` …"""
    messages = [json.loads(line) for line in stream.lines]
    return [m.get("ct", "UPDATE") for m in messages if m["op"] in ("mcm", "ocm")]


def place_of(stream: ReadStream) -> dict[str, Any]:
    """Where a stream is, as it is asked to go on from there."""
    return {"initial_clk": stream.listener.initial_clk, "clk": stream.listener.clk}


def trade(trading: Trading) -> None:
    """A bet that is taken at once, one that rests, one that was moved, one that is gone."""
    trading.place("BACK", trading.prices()[1], 3.0, order_ref="taken")
    trading.place("BACK", FAR, 4.0, order_ref="rests", customer_strategy_ref="s")
    moves = trading.place("BACK", FAR, 5.0, order_ref="moves")
    trading.client.betting.replace_orders(
        trading.market_id,
        [filters.replace_instruction(moves.place_instruction_reports[0].bet_id, FARTHER)],
    )
    goes = trading.place("BACK", FAR, 6.0, order_ref="goes")
    trading.client.betting.cancel_orders(
        trading.market_id,
        [filters.cancel_instruction(goes.place_instruction_reports[0].bet_id)],
    )


def test_a_market_stream_is_taken_up_where_it_was_left(trading: Trading) -> None:
    first = trading.stream_markets()
    trading.step(1_000)
    equal_books(trading, first)
    first.stop()
    trade(trading)
    trading.step(4_000)
    second = trading.stream_markets(first.listener, **place_of(first))
    second.wait_for_lines(1)
    equal_books(trading, second)
    assert kinds(second)[0] == "RESUB_DELTA"
    (entry,) = json.loads(second.lines[-1])["mc"]
    assert "img" not in entry, "only what was missed is told"
    trading.step(1_000)
    equal_books(trading, second)
    second.stop()


def test_an_order_stream_is_taken_up_where_it_was_left(trading: Trading) -> None:
    first = trading.stream_orders()
    trade(trading)
    equal_orders(trading, first)
    first.stop()
    trade(trading)
    trading.step(4_000)
    second = trading.stream_orders(first.listener, **place_of(first))
    equal_orders(trading, second)
    assert kinds(second)[0] == "RESUB_DELTA"
    trade(trading)
    equal_orders(trading, second)
    second.stop()


def test_an_order_image_leaves_out_what_is_complete(trading: Trading) -> None:
    trade(trading)
    stream = trading.stream_orders()
    trading.caught_up(stream)
    assert kinds(stream) == ["SUB_IMAGE"]
    bets = {bet["bet_id"]: bet for bet in trading.bets()}
    live = {bet_id for bet_id, bet in bets.items() if bet["status"] == "EXECUTABLE"}
    (cache,) = stream.listener.snap()
    assert {order.bet_id for order in cache.orders} == live
    assert 0 < len(live) < len(bets)
    for order in cache.orders:
        equal_sizes(order, bets[order.bet_id])
    stream.stop()


def test_orders_are_filtered_by_strategy(trading: Trading) -> None:
    stream = trading.stream_orders(
        order_filter=filters.streaming_order_filter(
            customer_strategy_refs=["s"], partition_matched_by_strategy_ref=True
        )
    )
    trade(trading)
    trading.caught_up(stream)
    (cache,) = stream.listener.snap()
    assert {order.customer_order_ref for order in cache.orders} == {"rests"}
    stream.stop()


def test_a_place_in_the_stream_that_is_not_known_is_refused(trading: Trading) -> None:
    listener = quiet_listener()
    first = trading.stream_markets(listener)
    trading.caught_up(first)
    first.stop()
    second = trading.stream_markets(listener, initial_clk="AAAA", clk="AAAA")
    second.wait_for_end()
    assert isinstance(second.error, ListenerError)
    assert json.loads(second.lines[-1])["errorCode"] == "INVALID_CLOCK"


def test_a_cut_is_a_socket_error_and_it_goes_on_after(trading: Trading) -> None:
    first = trading.stream_markets()
    trading.caught_up(first)
    connection_id = first.listener.connection_id
    trading.rig.exchange.call(lambda server: server.hub.sessions[connection_id].cut())
    trading.step(0)
    first.wait_for_end()
    assert isinstance(first.error, SocketError)
    trading.step(1_000)
    second = trading.stream_markets(first.listener, **place_of(first))
    equal_books(trading, second)
    second.stop()


def test_the_best_offers_are_the_best_of_the_book(trading: Trading) -> None:
    fields = ["EX_BEST_OFFERS", "EX_LTP", "EX_TRADED_VOL", "EX_MARKET_DEF"]
    stream = trading.stream_markets(
        market_data_filter=filters.streaming_market_data_filter(fields=fields, ladder_levels=4)
    )
    for _ in range(20):
        trading.step(100)
        trading.caught_up(stream)
        (snapped,) = stream.listener.snap()
        shown = trading.book()
        theirs = {runner.selection_id: runner for runner in snapped.runners}
        for ours in shown["runners"]:
            assert all(size >= 100 for _, size in [*ours["atb"], *ours["atl"]]), "none rolls up"
            best = ours | {"atb": ours["atb"][:4], "atl": ours["atl"][:4]}
            equal_offers(theirs[ours["selection_id"]], best, traded=False)
    stream.stop()


def test_a_conflated_stream_tells_the_same_in_fewer_messages(trading: Trading) -> None:
    each = trading.stream_markets()
    conflated = trading.stream_markets(conflate_ms=2_000)
    trading.caught_up(each)
    trading.caught_up(conflated)
    for _ in range(40):
        trading.step(100)
    equal_books(trading, each)
    trading.caught_up(conflated)
    assert kinds(each).count("UPDATE") > 10
    assert kinds(conflated).count("UPDATE") == 2
    trading.play_out()
    trading.step(2_000)
    equal_books(trading, each)
    equal_books(trading, conflated)
    each.stop()
    conflated.stop()


def test_heartbeats_come_when_nothing_happens(trading: Trading) -> None:
    trading.play_out()
    stream = trading.stream_markets(heartbeat_ms=500)
    trading.caught_up(stream)
    before = kinds(stream)
    trading.step(1_600)
    trading.caught_up(stream)
    assert kinds(stream)[len(before) :] == ["HEARTBEAT"] * 3
    equal_books(trading, stream)
    stream.stop()


def test_an_expired_session_is_refused_until_a_new_log_in(trading: Trading) -> None:
    client = trading.client
    token = client.session_token
    assert client.keep_alive().token == token
    trading.rig.exchange.call(lambda server: server.venue.sessions.close_all())
    with pytest.raises(APIError, match="INVALID_SESSION_INFORMATION"):
        client.account.get_account_funds()
    stream = ReadStream(trading, quiet_listener())
    with pytest.raises(ListenerError):
        stream.stream.subscribe_to_markets(market_filter={}, market_data_filter={})
    assert json.loads(stream.lines[-1])["errorCode"] == "INVALID_SESSION_INFORMATION"
    client.login_interactive()
    assert client.session_token not in ("", token)
    fresh = trading.stream_markets()
    equal_books(trading, fresh)
    fresh.stop()
