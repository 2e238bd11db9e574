"""betfairlightweight, unchanged, against the exchange: what it believes is the venue's ledger.

It asks for the venue's own hosts and verifies their certificates; only where they lead is ours.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pytest
from betfairlightweight import APIClient, StreamListener, filters
from betfairlightweight.exceptions import APIError

from tests.exchange.redirect import redirect
from tests.exchange.rig import Rig, rig
from trader.simulator.exchange.oracle import book
from trader.simulator.feeds import GeneratedFeed
from trader.simulator.generator import RaceShape

SHAPE: Final = RaceShape(runners=5, pre_off_s=60.0, in_play_s=15.0, messages_per_s=10.0, bsp=True)
FIELDS: Final = ("EX_ALL_OFFERS", "EX_TRADED", "EX_LTP", "EX_TRADED_VOL", "EX_MARKET_DEF")
TIMEOUT_S: Final = 20.0
FAR: Final = 100.0
FARTHER: Final = 110.0
"""Prices at which the favourite is not laid."""

# The stream of betfairlightweight asks for whatever TLS there is, and for nobody's certificate.
pytestmark = pytest.mark.filterwarnings("ignore:ssl.PROTOCOL_TLS:DeprecationWarning")


@dataclass
class Streams:
    """betfairlightweight's two streams and the listeners that keep their caches."""

    markets: Any
    orders: Any
    market_listener: Any
    order_listener: Any


@dataclass
class Trading:
    """A logged-in client."""

    rig: Rig
    client: Any

    def step(self, ms: int) -> None:
        """Time goes on at the venue."""
        self.rig.exchange.step(self.rig.venue.now_ms + ms)

    def caught_up(self, stream: Any) -> None:
        """Waits until a stream has read all the venue has sent it."""
        connection_id = stream.listener.connection_id
        deadline = threading.Event()
        for _ in range(2_000):
            if stream.lines_read >= self.rig.exchange.lines_sent(connection_id):
                return
            deadline.wait(TIMEOUT_S / 2_000)
        raise AssertionError("the stream does not catch up")


@pytest.fixture(scope="module")
def trading(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Trading]:
    folder = tmp_path_factory.mktemp("exchange")
    with rig(folder, GeneratedFeed(5, shape=SHAPE)) as running:
        restore = redirect(
            running.exchange.ports.api,
            running.exchange.ports.stream,
            str(running.certificates.ca_file),
        )
        try:
            client = APIClient(
                "hotloop",
                "paper-money",
                app_key="paper-app-key",
                cert_files=(
                    str(running.certificates.client_cert_file),
                    str(running.certificates.client_key_file),
                ),
            )
            client.login()
            yield Trading(running, client)
            client.logout()
        finally:
            restore()


def counted(stream: Any) -> Any:
    """The stream with a count of the lines it has given to its listener."""
    real = stream.listener.on_data

    def on_data(raw: str) -> Any:
        answer = real(raw)
        stream.lines_read += 1
        return answer

    stream.lines_read = 0
    stream.listener.on_data = on_data
    return stream


@pytest.fixture(scope="module")
def streams(trading: Trading) -> Iterator[Streams]:
    markets = StreamListener(output_queue=queue.Queue(), max_latency=None)
    orders = StreamListener(output_queue=queue.Queue(), max_latency=None)
    trading.step(2_000)
    market_stream = counted(trading.client.streaming.create_stream(listener=markets))
    market_stream.subscribe_to_markets(
        market_filter=filters.streaming_market_filter(event_type_ids=["7"]),
        market_data_filter=filters.streaming_market_data_filter(fields=list(FIELDS)),
    )
    order_stream = counted(trading.client.streaming.create_stream(listener=orders))
    order_stream.subscribe_to_orders()
    threads = [
        threading.Thread(target=_run, args=(stream,), daemon=True)
        for stream in (market_stream, order_stream)
    ]
    for thread in threads:
        thread.start()
    yield Streams(market_stream, order_stream, markets, orders)
    market_stream.stop()
    order_stream.stop()
    for thread in threads:
        thread.join(TIMEOUT_S)


def _run(stream: Any) -> None:
    stream.start()


def market_id(trading: Trading) -> str:
    return next(iter(trading.rig.venue.markets))


def equal_books(trading: Trading, streams: Streams) -> None:
    """Every runner's whole book as betfairlightweight has it is the one the venue shows."""
    trading.caught_up(streams.markets)
    (snapped,) = streams.market_listener.snap(market_ids=[market_id(trading)])
    market = trading.rig.venue.markets[market_id(trading)]
    shown = trading.rig.exchange.call(lambda _: book(market))
    assert snapped.status == shown["status"]
    theirs = {runner.selection_id: runner for runner in snapped.runners}
    assert len(theirs) == len(shown["runners"])
    for ours in shown["runners"]:
        runner = theirs[ours["selection_id"]]
        for side, levels in (
            ("atb", runner.ex.available_to_back),
            ("atl", runner.ex.available_to_lay),
            ("trd", runner.ex.traded_volume),
        ):
            got = [(round(level.price * 100), round(level.size * 100)) for level in levels]
            assert sorted(got) == sorted(tuple(row) for row in ours[side]), side
        assert runner.last_price_traded == ours["ltp"]
        assert round(runner.total_matched * 100) == ours["tv_centi"]


def equal_orders(trading: Trading, streams: Streams) -> None:
    """Every bet as betfairlightweight's order cache has it is the one in the ledger."""
    trading.caught_up(streams.orders)
    snapped = streams.order_listener.snap()
    theirs = {order.bet_id: order for cache in snapped for order in cache.orders}
    for ours in trading.rig.account()["bets"]:
        order = theirs[ours["bet_id"]]
        assert round(order.size_matched * 100) == ours["matched_centi"]
        assert round(order.size_remaining * 100) == ours["remaining_centi"]
        assert round(order.size_cancelled * 100) == ours["cancelled_centi"]
        assert round(order.size_lapsed * 100) == ours["lapsed_centi"]
        assert order.status == ours["status"].replace("EXPIRED", "EXECUTION_COMPLETE")
    matched = {
        (runner["selectionId"], side): runner[name]
        for cache in snapped
        for runner in cache.matches
        for side, name in (("BACK", "matchedBacks"), ("LAY", "matchedLays"))
    }
    for (selection_id, side), levels in matched.items():
        ours_at: dict[int, int] = {}
        for bet in trading.rig.account()["bets"]:
            if (bet["selection_id"], bet["side"]) == (selection_id, side):
                for match in bet["matches"]:
                    price = match["price_centi"]
                    ours_at[price] = ours_at.get(price, 0) + match["size_centi"]
        got = {round(level.price * 100): round(level.size * 100) for level in levels}
        assert got == ours_at


def prices(trading: Trading, runner: int = 0) -> tuple[int, float, float]:
    """(selection id, best to back, best to lay) of a runner."""
    market = trading.rig.venue.markets[market_id(trading)]
    display = list(market.runners.values())[runner]
    back, lay = display.ladder("atb")[0][0], display.ladder("atl")[0][0]
    return display.key[0], back / 100, lay / 100


def place(trading: Trading, side: str, price: float, size: float, **changes: Any) -> Any:
    limit = filters.limit_order(size=size, price=price, persistence_type="LAPSE")
    instruction = filters.place_instruction(
        order_type="LIMIT",
        selection_id=changes.pop("selection_id", prices(trading)[0]),
        side=side,
        limit_order=limit,
        customer_order_ref=changes.pop("order_ref", None),
    )
    return trading.client.betting.place_orders(market_id(trading), [instruction], **changes)


def test_the_catalogue_and_the_account_are_the_venues(trading: Trading, streams: Streams) -> None:
    (market,) = trading.client.betting.list_market_catalogue(
        filter=filters.market_filter(event_type_ids=["7"]),
        market_projection=["RUNNER_DESCRIPTION", "EVENT", "MARKET_START_TIME", "EVENT_TYPE"],
    )
    assert market.market_id == market_id(trading)
    assert len(market.runners) == SHAPE.runners
    assert market.event_type.name == "Horse Racing"
    assert market.event.venue
    funds = trading.client.account.get_account_funds()
    assert funds.available_to_bet_balance == 10_000
    assert trading.client.account.get_account_details().currency_code == "GBP"
    (event_type,) = trading.client.betting.list_event_types()
    assert event_type.market_count == 1
    equal_books(trading, streams)


def test_its_books_are_the_venues_after_every_step(trading: Trading, streams: Streams) -> None:
    for _ in range(40):
        trading.step(100)
        equal_books(trading, streams)


def test_orders_are_taken_rest_move_and_go(trading: Trading, streams: Streams) -> None:
    _, back, _ = prices(trading)
    taken = place(trading, "BACK", back, 2.0, order_ref="taken-1")
    assert taken.status == "SUCCESS"
    report = taken.place_instruction_reports[0]
    assert (report.order_status, report.size_matched) == ("EXECUTION_COMPLETE", 2.0)
    equal_books(trading, streams)
    equal_orders(trading, streams)

    rests = place(trading, "BACK", FAR, 5.0, order_ref="rests-1", customer_strategy_ref="s")
    bet_id = rests.place_instruction_reports[0].bet_id
    equal_books(trading, streams)
    equal_orders(trading, streams)
    less = trading.client.betting.cancel_orders(
        market_id(trading), [filters.cancel_instruction(bet_id, size_reduction=2.0)]
    )
    assert less.cancel_instruction_reports[0].size_cancelled == 2.0
    moved = trading.client.betting.replace_orders(
        market_id(trading), [filters.replace_instruction(bet_id, FARTHER)]
    )
    (moved_report,) = moved.replace_instruction_reports
    new_id = moved_report.place_instruction_reports.bet_id
    assert moved_report.place_instruction_reports.instruction.limit_order.size == 3.0
    equal_books(trading, streams)
    equal_orders(trading, streams)
    kept = trading.client.betting.update_orders(
        market_id(trading), [filters.update_instruction(new_id, "PERSIST")]
    )
    assert kept.status == "SUCCESS"
    gone = trading.client.betting.cancel_orders(
        market_id(trading), [filters.cancel_instruction(new_id)]
    )
    assert gone.cancel_instruction_reports[0].size_cancelled == 3.0
    again = trading.client.betting.cancel_orders(
        market_id(trading), [filters.cancel_instruction(new_id)]
    )
    assert again.cancel_instruction_reports[0].error_code == "BET_TAKEN_OR_LAPSED"
    equal_books(trading, streams)
    equal_orders(trading, streams)


def test_the_same_customer_ref_places_once(trading: Trading) -> None:
    first = place(trading, "BACK", FAR, 2.0, customer_ref="once")
    second = place(trading, "BACK", FAR, 2.0, customer_ref="once")
    assert first.status == "SUCCESS"
    assert (second.status, second.error_code) == ("FAILURE", "DUPLICATE_TRANSACTION")


def test_current_orders_are_the_ledgers(trading: Trading) -> None:
    current = trading.client.betting.list_current_orders().orders
    bets = {bet["bet_id"]: bet for bet in trading.rig.account()["bets"]}
    assert {order.bet_id for order in current} == set(bets)
    for order in current:
        ours = bets[order.bet_id]
        assert round(order.size_matched * 100) == ours["matched_centi"]
        assert round(order.size_remaining * 100) == ours["remaining_centi"]
        assert order.customer_order_ref == ours["customer_order_ref"]
    (one,) = trading.client.betting.list_current_orders(customer_order_refs=["taken-1"]).orders
    assert one.status == "EXECUTION_COMPLETE"


def test_refusals_come_as_the_venue_words_them(trading: Trading) -> None:
    odds = place(trading, "BACK", 1.015, 2.0)
    assert odds.place_instruction_reports[0].error_code == "INVALID_ODDS"
    small = place(trading, "BACK", 2.0, 0.5)
    assert small.place_instruction_reports[0].error_code == "INVALID_BET_SIZE"
    with pytest.raises(APIError, match="ANGX-0002"):
        trading.client.betting.place_orders(market_id(trading), [])


def test_it_is_settled_and_cleared_to_the_penny(trading: Trading, streams: Streams) -> None:
    selection_id, _, lay = prices(trading, 1)
    place(trading, "BACK", lay, 20.0, selection_id=selection_id, order_ref="filled-in-time")
    trading.step(30_000)
    equal_books(trading, streams)
    while trading.rig.exchange.step_on():
        pass
    equal_orders(trading, streams)
    account = trading.rig.account()
    (settlement,) = account["settlements"]
    cleared = trading.client.betting.list_cleared_orders(bet_status="SETTLED")
    by_bet = {order.bet_id: order for order in cleared.orders}
    settled = {
        bet_id: one for bet_id, one in account["cleared"].items() if one["status"] == "SETTLED"
    }
    assert set(by_bet) == set(settled)
    for bet_id, one in settled.items():
        assert by_bet[bet_id].profit == pytest.approx(one["profit_e4"] / 10_000, abs=0.0051)
    (market,) = trading.client.betting.list_cleared_orders(
        bet_status="SETTLED", group_by="MARKET"
    ).orders
    assert market.commission == settlement["commission_e4"] / 10_000
    funds = trading.client.account.get_account_funds()
    assert funds.available_to_bet_balance == pytest.approx(account["balance_e4"] / 10_000, abs=0.01)
    assert account["balance_e4"] == 100_000_000 + settlement["net_e4"]
    (snapped,) = streams.market_listener.snap()
    assert snapped.status == "CLOSED"


def test_a_client_without_our_authority_is_not_deceived(trading: Trading, tmp_path: Path) -> None:
    other = APIClient("hotloop", "paper-money", app_key="paper-app-key")
    empty = tmp_path / "nobody.pem"
    empty.write_bytes(b"")
    session: Any = other.session.Session()
    session.verify = True
    session.trust_env = False
    with pytest.raises(APIError, match=r"CERTIFICATE_VERIFY_FAILED|certificate verify failed"):
        other.login_interactive(session=session)
    assert trading.client.session_token
