"""What is bounded by thousands, which no script is long enough for."""

from __future__ import annotations

import pytest

from trader.execution.interfaces.intents import QuoteIntent, Side
from trader.execution.interfaces.messages import Ladder, MarketState, MarketStatus
from trader.execution.interfaces.reports import ExecutionReport, Status
from trader.execution.orders import book as books
from trader.execution.orders import claims, core, event, pacing
from trader.execution.orders.config import Config, Pacing
from trader.execution.orders.facts import Bet
from trader.execution.orders.machine import Machine
from trader.execution.orders.record import Learned, Report, Taken


def bet(number: int) -> Bet:
    return Bet(
        bet_id=str(number),
        order_ref=None,
        market_id="1.1",
        runner=(7, 0),
        side=Side.BACK,
        price_centi=200,
        size_centi=500,
        placed_ms=0,
        matched_centi=500,
        value=100_000,
        matched_ms=None,
        cancelled_centi=0,
        lapsed_centi=0,
        voided_centi=0,
    )


def intent(name: str) -> QuoteIntent:
    return QuoteIntent.place(
        intent_id=name,
        ts_ms=0,
        edge="test",
        market_id="1.1",
        selection_id=7,
        side=Side.BACK,
        price_centi=200,
        size_centi=500,
        ttl_ms=1_000,
        dry_run=False,
    )


def market(number: int) -> MarketState:
    return MarketState(
        market_id=f"1.{number}",
        status=MarketStatus.SUSPENDED,
        in_play=False,
        version=None,
        bet_delay=0,
        event_type_id=None,
        ladder=Ladder.CLASSIC,
        runners=(),
        winners=1,
    )


def test_bets_that_are_nobodys_are_bounded() -> None:
    machine, _ = Machine.recover(Config(), 0, [])
    for number in range(claims.UNCLAIMED_MAX + 3):
        machine.step(event.Shown(bet(number)))
    assert [one.bet_id for one in machine.unclaimed[:2]] == ["3", "4"]
    assert len(machine.unclaimed) == claims.UNCLAIMED_MAX


def test_the_market_heard_of_first_is_forgotten_unless_needed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(core, "MAX_MARKETS", 2)
    markets = core.Markets()
    for number in range(4):
        markets.set(market(number), {"1.0"})
    assert [markets.is_open(f"1.{number}") for number in range(4)] == [False, True, True, False]


def test_full_buckets_of_markets_are_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pacing, "_MARKETS_MAX", 2)
    pace, limits = pacing.Pace(0), Pacing()
    for number in range(4):
        assert pace.take(limits, f"1.{number}", 1, 1_000 + number) is None
    assert len(pace._markets) == 4, "none of them is full again"
    assert pace.take(limits, "1.9", 1, 5_000) is None
    assert list(pace._markets) == ["1.9"]


@pytest.mark.parametrize("has_bet", [False, True])
def test_orders_that_ended_are_bounded(monkeypatch: pytest.MonkeyPatch, *, has_bet: bool) -> None:
    monkeypatch.setattr(books, "ENDED_MAX", 2)
    book = books.Book(max_remembered=10)
    for number in range(3):
        book.apply(Taken(intent(f"i{number}")))
        if has_bet:
            book.apply(Learned(f"i{number}", bet(number)))
        report = ExecutionReport.new(
            seq=number + 1,
            intent_id=f"i{number}",
            ts_ms=0,
            action=intent("x").action,
            status=Status.FILLED,
            dry_run=False,
        )
        book.apply(Report(report))
    assert list(book.ended) == ["i1", "i2"]
    assert sorted(book.bets) == (["1", "2"] if has_bet else [])
