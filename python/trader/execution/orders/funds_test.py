"""What the account's funds are compared with; `rust/orders/tests/account.rs` holds the Rust machine
to the same figures."""

from __future__ import annotations

from dataclasses import replace

import pytest

from trader.execution.interfaces.intents import Action, Persistence, QuoteIntent, Side
from trader.execution.orders import event as events
from trader.execution.orders import facts, request
from trader.execution.orders.config import Config, Limits
from trader.execution.orders.core import FundsLook
from trader.execution.orders.funds import exposure, exposure_of
from trader.execution.orders.machine import Machine

NOW_MS = 1_000_000
BET = facts.Bet(
    bet_id="77",
    order_ref="a",
    market_id="1.1",
    runner=(7, 0),
    side=Side.BACK,
    price_centi=200,
    size_centi=500,
    placed_ms=NOW_MS,
    matched_centi=0,
    value=0,
    matched_ms=None,
    cancelled_centi=0,
    lapsed_centi=0,
    voided_centi=0,
)


def intent(name: str, market_id: str = "1.1") -> QuoteIntent:
    """A back of 5.00 at 2.0."""
    return QuoteIntent(
        v=1,
        intent_id=name,
        ts_ms=NOW_MS,
        edge="test",
        market_id=market_id,
        selection_id=7,
        handicap_centi=0,
        action=Action.PLACE,
        side=Side.BACK,
        price_centi=200,
        size_centi=500,
        ttl_ms=60_000,
        persistence=Persistence.LAPSE,
        time_in_force=None,
        min_fill_size_centi=None,
        target_intent_id=None,
        market_version=None,
        hedge_of=None,
        strategy_ref="test",
        dry_run=False,
    )


def partly_matched(limits: Limits | None = None) -> Machine:
    """A machine with one order, of whose 5.00 it has 2.00 matched."""
    machine, _ = Machine.recover(Config(limits=limits or Limits()), NOW_MS, [])
    machine.step(events.Time(NOW_MS + 1_000))
    machine.step(events.Reconciled([]))
    effects = machine.step(events.Wanted(intent("a")))
    (sent,) = [one.request for one in effects if isinstance(one, request.Send)]
    machine.step(events.Answered(sent.number, facts.Replied([facts.Done("77", 500)])))
    matched = replace(BET, matched_centi=200, value=40_000, matched_ms=NOW_MS)
    machine.step(events.Shown(matched))
    return machine


@pytest.mark.parametrize(
    ("told_centi", "difference"),
    [(0, -20_000), (199, -100), (200, 0), (350, 0), (500, 0), (501, 100), (900, 40_000)],
)
def test_the_difference_is_what_the_account_has_outside_of_what_ours_may_be(
    told_centi: int, difference: int
) -> None:
    machine = partly_matched()
    assert machine.funds_look is None
    machine.step(events.Funds(told_centi))
    assert machine.funds_look == FundsLook(NOW_MS + 1_000, difference)


def test_a_look_while_an_order_is_in_doubt_or_without_a_tolerance_does_not_count() -> None:
    machine = partly_matched()
    machine.step(events.Wanted(intent("b")))
    machine.step(events.Funds(900))
    assert machine.funds_look is None
    machine = partly_matched(Limits(funds_tolerance_centi=None))
    machine.step(events.Funds(900))
    assert machine.funds_look is None


def test_when_funds_are_looked_at_no_more_there_is_no_last_look() -> None:
    machine = partly_matched()
    machine.step(events.Funds(200))
    assert machine.funds_look is not None
    machine.step(events.Configured(Config(limits=Limits(funds_tolerance_centi=None))))
    machine.step(events.Funds(200))
    assert machine.funds_look is None


def test_the_exposure_of_all_is_that_of_each_market() -> None:
    machine = partly_matched()
    machine.step(events.Wanted(intent("b", market_id="1.2")))
    markets = ("1.1", "1.2")
    assert [exposure_of(machine, market_id) for market_id in markets] == [50_000, 50_000]
    assert exposure(machine) == 100_000
