"""The executor at the venue, through faults: no order twice, none lost, the truth in the end."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest

from trader.betfair.dial import StreamEndpoint
from trader.clock import SteppedClock
from trader.execution.executor_py.venue_client import VenueAddress, VenueClient
from trader.execution.executor_py.venue_executor import VenueExecutor
from trader.execution.executor_py.venue_settings import VenueSettings
from trader.execution.interfaces.intents import QuoteIntent
from trader.execution.interfaces.reports import ExecutionReport, Status
from trader.execution.ipc import Bus
from trader.execution.scripts_for_tests import intent
from trader.simulator.exchange.embedded import EmbeddedExchange
from trader.simulator.exchange.faults import FaultPlan, FaultRule
from trader.simulator.exchange.testing import MARKET, QUOTES, MemoryFeed, defined
from trader.simulator.exchange.venue import Venue, VenueConfig

KEY = "paper-app-key"
TTL_MS = 10**9


@dataclass
class Desk:
    """An executor at an exchange, and the reports it gave."""

    exchange: EmbeddedExchange
    executor: VenueExecutor
    reports: list[ExecutionReport] = field(default_factory=list)

    @property
    def now_ms(self) -> int:
        return self.exchange.venue.now_ms

    def place(self, name: str, **changes: Any) -> QuoteIntent:
        """A back of 5.00 at 3.30, which rests."""
        wanted = {"price_centi": 330, "size_centi": 500, "ttl_ms": TTL_MS} | changes
        wish = intent(
            name,
            market_id=MARKET,
            selection_id=101,
            ts_ms=self.now_ms,
            strategy_ref="hotloop",
            dry_run=False,
            **wanted,
        )
        self.submit(wish)
        return wish

    def submit(self, wish: QuoteIntent) -> None:
        self.executor.submit(wish)
        self.executor.tick(self.now_ms)

    def later(self, ms: int) -> None:
        """Time goes on, in steps as a trader has them."""
        until_ms = self.now_ms + ms
        while self.now_ms < until_ms:
            self.exchange.step(min(self.now_ms + 500, until_ms))
            self.executor.tick(self.now_ms)

    def told(self, name: str) -> list[Status]:
        """What was said of an intent, but that it was taken up."""
        told = [report.status for report in self.reports if report.intent_id == name]
        return [status for status in told if status is not Status.ACCEPTED]

    def bets(self) -> list[tuple[str | None, int, int]]:
        """(reference, remaining, cancelled) of every bet at the venue."""
        return self.exchange.call(
            lambda server: [
                (bet.customer_order_ref, bet.remaining_centi, bet.cancelled_centi)
                for bet in server.venue.bets.values()
            ]
        )


@contextmanager
def desk(*rules: FaultRule) -> Iterator[Desk]:
    venue = Venue(VenueConfig(), MemoryFeed([defined(0, image=True, rc=QUOTES)]))
    plan = FaultPlan(1, venue.now_ms, rules)
    with EmbeddedExchange(venue, SteppedClock(venue.now_ms), plan=plan) as exchange:
        exchange.step(venue.now_ms)
        url = exchange.api_url
        client = VenueClient(VenueAddress(url, url, KEY, "hotloop", "paper-money"))
        bus = Bus()
        endpoint = StreamEndpoint("127.0.0.1", exchange.ports.stream, tls=False)
        executor = VenueExecutor(
            bus, client, endpoint, KEY, VenueSettings("hotloop"), lockstep=exchange
        )
        made = Desk(exchange, executor)
        bus.subscribe(made.reports.append)
        executor.start()
        try:
            yield made
        finally:
            executor.stop()


def rule(fault: str, operation: str = "placeOrders", **more: Any) -> FaultRule:
    return FaultRule(fault, operation, **({"times": 1} | more))


def test_an_order_lives_and_ends() -> None:
    with desk() as trading:
        wish = trading.place("a")
        now_ms = trading.now_ms
        trading.submit(wish.replace(intent_id="b", ts_ms=now_ms, price_centi=335, ttl_ms=TTL_MS))
        assert trading.bets() == [("a", 0, 500), ("a", 500, 0)]
        trading.executor.control("cancel_all", "enough")
        trading.executor.tick(trading.now_ms)
        assert trading.told("a") == [Status.PLACED, Status.REPLACED]
        assert trading.told("b") == [Status.PLACED, Status.CANCELLED]
        assert not trading.executor.machine.book.orders


@pytest.mark.parametrize(
    "fault",
    [
        rule("reset_after"),
        rule("half_reply"),
        rule("http_error"),
        rule("malformed_json"),
        rule("exception", code="UNEXPECTED_ERROR"),
        rule("bet_in_progress"),
    ],
    ids=lambda fault: fault.fault,
)
def test_a_bet_that_was_placed_without_word_is_found_and_not_placed_again(fault: FaultRule) -> None:
    with desk(fault, rule("hold", "ocm", after_calls=1, ms=3_000)) as trading:
        trading.place("a")
        trading.later(5_000)
        assert trading.bets() == [("a", 500, 0)]
        assert trading.told("a")[-1] is Status.PLACED


@pytest.mark.parametrize(
    "fault",
    [rule("reset_before"), rule("http_error", executed=False)],
    ids=lambda fault: fault.fault,
)
def test_a_bet_that_was_never_placed_is_told_so_and_not_placed_later(fault: FaultRule) -> None:
    with desk(fault) as trading:
        trading.place("a")
        trading.later(19_000)
        assert trading.told("a") == [Status.UNKNOWN]
        trading.later(3_000)
        assert trading.told("a") == [Status.UNKNOWN, Status.REJECTED]
        assert trading.reports[-1].reject_code == "NOT_PLACED"
        assert trading.bets() == []


def test_a_timeout_whose_bet_comes_late_is_found() -> None:
    with desk(rule("timeout", late_ms=9_000)) as trading:
        trading.place("a")
        trading.later(12_000)
        assert trading.bets() == [("a", 500, 0)]
        assert trading.told("a") == [Status.UNKNOWN, Status.PLACED]


def test_a_session_that_ends_is_renewed_and_the_order_sent_once() -> None:
    with desk(rule("session_expiry")) as trading:
        trading.place("a")
        trading.later(1_000)
        assert trading.bets() == [("a", 500, 0)]
        assert trading.told("a") == [Status.PLACED]


def test_a_cancel_is_sent_again_until_it_is_answered() -> None:
    with desk(rule("reset_before", "cancelOrders", times=2)) as trading:
        wish = trading.place("a")
        trading.submit(wish.cancel(intent_id="c", ts_ms=0))
        trading.later(1_000)
        assert trading.bets() == [("a", 0, 500)]
        assert trading.told("a") == [Status.PLACED, Status.CANCELLED]
        assert trading.told("c") == [Status.CANCELLED]


def test_what_the_stream_repeats_or_swaps_changes_nothing() -> None:
    rules = (
        FaultRule("duplicate", "ocm", after_calls=1, probability=0.5),
        FaultRule("reorder", "ocm", after_calls=1, probability=0.3),
    )
    with desk(*rules) as trading:
        for number in range(10):
            wish = trading.place(f"o{number}", price_centi=300)
            trading.later(500)
            assert trading.told(wish.intent_id).count(Status.FILLED) <= 1
        filled = [r for r in trading.reports if r.status is Status.FILLED]
        assert sum(event.size for r in filled for event in r.fill_events) == 5.0 * len(filled)


def test_a_stream_that_is_cut_is_taken_up_again() -> None:
    with desk(rule("cut", "ocm", after_calls=2)) as trading:
        trading.place("a")
        trading.place("b")
        while trading.executor._link.stream.counts.connects < 2:
            trading.later(500)
        trading.place("c")
        assert [trading.told(name) for name in "abc"] == [[Status.PLACED]] * 3
        assert [ref for ref, _, _ in trading.bets()] == ["a", "b", "c"]
