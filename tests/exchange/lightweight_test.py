"""betfairlightweight, unchanged, against the exchange: what it believes is the venue's ledger.

It asks for the venue's own hosts and verifies their certificates; only where they lead is ours.
One market from some time before the off to its settlement: the tests follow one another.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest
from betfairlightweight import filters
from betfairlightweight.exceptions import APIError, LoginError

from tests.exchange.lightweight import (
    FAR,
    FARTHER,
    ReadStream,
    Trading,
    api_client,
    equal_books,
    equal_offers,
    equal_orders,
    equal_sizes,
    logged_in,
)
from trader.simulator.feeds import GeneratedFeed
from trader.simulator.generator import RaceShape

SHAPE: Final = RaceShape(runners=5, pre_off_s=60.0, in_play_s=15.0, messages_per_s=10.0, bsp=True)

# The stream of betfairlightweight asks for whatever TLS there is, and for nobody's certificate.
pytestmark = pytest.mark.filterwarnings("ignore:ssl.PROTOCOL_TLS:DeprecationWarning")


@pytest.fixture(scope="module")
def trading(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Trading]:
    with logged_in(tmp_path_factory.mktemp("exchange"), GeneratedFeed(5, shape=SHAPE)) as found:
        found.step(2_000)
        yield found


@pytest.fixture(scope="module")
def markets(trading: Trading) -> Iterator[ReadStream]:
    stream = trading.stream_markets()
    yield stream
    stream.stop()


@pytest.fixture(scope="module")
def orders(trading: Trading) -> Iterator[ReadStream]:
    stream = trading.stream_orders()
    yield stream
    stream.stop()


def test_the_catalogue_and_the_account_are_the_venues(
    trading: Trading, markets: ReadStream
) -> None:
    (market,) = trading.client.betting.list_market_catalogue(
        filter=filters.market_filter(event_type_ids=["7"]),
        market_projection=[
            "COMPETITION",
            "EVENT",
            "EVENT_TYPE",
            "MARKET_DESCRIPTION",
            "MARKET_START_TIME",
            "RUNNER_DESCRIPTION",
            "RUNNER_METADATA",
        ],
    )
    assert market.market_id == trading.market_id
    assert {runner.selection_id for runner in market.runners} == {
        runner["selection_id"] for runner in trading.book()["runners"]
    }
    assert market.event_type.name == "Horse Racing"
    assert market.event.venue
    assert market.description.bsp_market
    assert market.market_start_time == market.description.market_time
    funds = trading.client.account.get_account_funds()
    assert (funds.available_to_bet_balance, funds.exposure) == (10_000, 0)
    assert trading.client.account.get_account_details().currency_code == "GBP"
    (event_type,) = trading.client.betting.list_event_types()
    assert event_type.market_count == 1
    equal_books(trading, markets)


def test_its_books_are_the_venues_after_every_step(trading: Trading, markets: ReadStream) -> None:
    for _ in range(40):
        trading.step(100)
        equal_books(trading, markets)


def test_orders_are_taken_rest_move_and_go(
    trading: Trading, markets: ReadStream, orders: ReadStream
) -> None:
    def equal() -> None:
        equal_books(trading, markets)
        equal_orders(trading, orders)

    betting, market_id = trading.client.betting, trading.market_id
    _, back, _ = trading.prices()
    taken = trading.place("BACK", back, 2.0, order_ref="taken-1")
    assert taken.status == "SUCCESS"
    report = taken.place_instruction_reports[0]
    assert (report.order_status, report.size_matched) == ("EXECUTION_COMPLETE", 2.0)
    equal()
    rests = trading.place("BACK", FAR, 5.0, order_ref="rests-1", customer_strategy_ref="s")
    bet_id = rests.place_instruction_reports[0].bet_id
    equal()
    less = betting.cancel_orders(market_id, [filters.cancel_instruction(bet_id, 2.0)])
    assert less.cancel_instruction_reports[0].size_cancelled == 2.0
    equal()
    moved = betting.replace_orders(market_id, [filters.replace_instruction(bet_id, FARTHER)])
    (moved_report,) = moved.replace_instruction_reports
    new_id = moved_report.place_instruction_reports.bet_id
    assert moved_report.place_instruction_reports.instruction.limit_order.size == 3.0
    equal()
    kept = betting.update_orders(market_id, [filters.update_instruction(new_id, "PERSIST")])
    assert kept.status == "SUCCESS"
    equal()
    gone = betting.cancel_orders(market_id, [filters.cancel_instruction(new_id)])
    assert gone.cancel_instruction_reports[0].size_cancelled == 3.0
    again = betting.cancel_orders(market_id, [filters.cancel_instruction(new_id)])
    assert again.cancel_instruction_reports[0].error_code == "BET_TAKEN_OR_LAPSED"
    equal()


def test_the_same_customer_ref_places_once(trading: Trading, orders: ReadStream) -> None:
    first = trading.place("BACK", FAR, 2.0, customer_ref="once")
    second = trading.place("BACK", FAR, 2.0, customer_ref="once")
    assert first.status == "SUCCESS"
    assert (second.status, second.error_code) == ("FAILURE", "DUPLICATE_TRANSACTION")
    equal_orders(trading, orders)


def test_current_orders_are_the_ledgers(trading: Trading) -> None:
    current = trading.client.betting.list_current_orders().orders
    bets = {bet["bet_id"]: bet for bet in trading.bets()}
    assert {order.bet_id for order in current} == set(bets)
    for order in current:
        equal_sizes(order, bets[order.bet_id])
    (one,) = trading.client.betting.list_current_orders(customer_order_refs=["taken-1"]).orders
    assert one.status == "EXECUTION_COMPLETE"


def test_a_requested_book_is_the_venues(trading: Trading) -> None:
    (found,) = trading.client.betting.list_market_book(
        market_ids=[trading.market_id],
        price_projection=filters.price_projection(
            price_data=filters.price_data(ex_all_offers=True, ex_traded=True)
        ),
        order_projection="EXECUTABLE",
    )
    shown = trading.book()
    assert (found.status, found.inplay) == (shown["status"], shown["in_play"])
    assert found.version == shown["version"]
    theirs = {runner.selection_id: runner for runner in found.runners}
    assert set(theirs) == {runner["selection_id"] for runner in shown["runners"]}
    for ours in shown["runners"]:
        equal_offers(theirs[ours["selection_id"]], ours, traded=True)
    listed = {order.bet_id for runner in found.runners for order in runner.orders}
    bets = trading.bets()
    assert listed == {bet["bet_id"] for bet in bets if bet["status"] == "EXECUTABLE"}
    assert listed, "there are some"


def test_refusals_come_as_the_venue_words_them(trading: Trading) -> None:
    odds = trading.place("BACK", 1.015, 2.0)
    assert odds.place_instruction_reports[0].error_code == "INVALID_ODDS"
    small = trading.place("BACK", 2.0, 0.5)
    assert small.place_instruction_reports[0].error_code == "INVALID_BET_SIZE"
    with pytest.raises(APIError, match="ANGX-0002"):
        trading.client.betting.place_orders(trading.market_id, [])


def test_it_is_settled_and_cleared_to_the_penny(
    trading: Trading, markets: ReadStream, orders: ReadStream
) -> None:
    for runner in (0, 1):  # the first one wins
        selection_id, _, lay = trading.prices(runner)
        trading.place("BACK", lay, 20.0, selection_id=selection_id, order_ref=f"in-time-{runner}")
    trading.step(30_000)
    equal_books(trading, markets)
    trading.play_out()
    equal_orders(trading, orders)
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
    cancelled = trading.client.betting.list_cleared_orders(bet_status="CANCELLED").orders
    assert {order.bet_id: round(order.size_cancelled * 100) for order in cancelled} == {
        bet["bet_id"]: bet["cancelled_centi"] for bet in account["bets"] if bet["cancelled_centi"]
    }
    (market,) = trading.client.betting.list_cleared_orders(
        bet_status="SETTLED", group_by="MARKET"
    ).orders
    assert settlement["commission_e4"] > 0
    assert market.commission == settlement["commission_e4"] / 10_000
    assert market.profit == pytest.approx(settlement["gross_e4"] / 10_000, abs=0.0051)
    funds = trading.client.account.get_account_funds()
    assert funds.available_to_bet_balance == pytest.approx(account["balance_e4"] / 10_000, abs=0.01)
    assert account["balance_e4"] == 100_000_000 + settlement["net_e4"]
    (snapped,) = markets.listener.snap()
    assert snapped.status == "CLOSED"


def test_a_wrong_password_does_not_log_in(trading: Trading) -> None:
    with pytest.raises(LoginError, match="INVALID_USERNAME_OR_PASSWORD"):
        api_client(trading.rig, password="paper-honey").login()


def test_a_client_without_our_authority_is_not_deceived(trading: Trading) -> None:
    other = api_client(trading.rig)
    session: Any = other.session.Session()
    session.trust_env = False
    with pytest.raises(APIError, match=r"CERTIFICATE_VERIFY_FAILED|certificate verify failed"):
        other.login_interactive(session=session)
    assert trading.client.session_token


def test_nothing_of_its_own_is_changed_but_where_the_hosts_lead(trading: Trading) -> None:
    client = trading.client
    assert client.api_uri == "https://api.betfair.com/exchange/"
    assert client.identity_uri == "https://identitysso.betfair.com/api/"
    assert client.identity_cert_uri == "https://identitysso-cert.betfair.com/api/"
    assert Path(client.cert[0]).is_file()
