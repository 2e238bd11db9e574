"""The sizer stakes a share of Kelly's, and never past a cap."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trader.config.loading import load
from trader.execution.interfaces.executor import OpenOrder
from trader.execution.interfaces.intents import Side
from trader.execution.ledger import Ledger
from trader.strategy.exposure import Exposure
from trader.strategy.fee_gate import Refused
from trader.strategy.sizer import Sizer
from trader.strategy.testing import A, B, fill, market, order, record

WIDE = (
    "sizer.max_runner_liability=1e6",
    "sizer.max_market_liability=1e6",
    "sizer.min_stake=0.01",
    "sizer.max_stake=100000",
)


def sizer(*overrides: str, book: Ledger | None = None, mbr: float | None = 5.0) -> Sizer:
    config = load(None, overrides)
    ledger = book if book is not None else Ledger(0.0, 5.0)
    result = Sizer(config.sizer, config.execution.limits.dry_run(), ledger, discount=0.0)
    result.set_mbr_resolver(lambda _market: mbr)
    return result


def size(
    of: Sizer, side: Side, price_centi: int, edge: float, resting: tuple[OpenOrder, ...] = ()
) -> int | Refused:
    return of.size_centi(
        market(), A, side=side, price_centi=price_centi, gross_edge=edge, resting=resting
    )


@pytest.mark.parametrize("side", list(Side))
def test_the_stake_is_a_share_of_kellys_for_the_edge_after_commission(side: Side) -> None:
    of = sizer(*WIDE, "sizer.bankroll=10000", "sizer.kelly_fraction=0.5")
    # 0.5 · 10000 · 0.02 · 0.95 / (3 - 1)
    assert size(of, side, 300, 0.02) == 4750


def test_the_stake_is_held_between_its_bounds() -> None:
    of = sizer("sizer.min_stake=3", "sizer.max_stake=8")
    assert size(of, Side.BACK, 300, 1e-9) == 300
    assert size(of, Side.BACK, 300, 0.9) == 800


def test_what_a_runner_can_lose_caps_the_size_and_a_lay_risks_more() -> None:
    of = sizer(*WIDE, "sizer.max_runner_liability=12")
    assert size(of, Side.BACK, 400, 0.9) == 1200
    assert size(of, Side.LAY, 400, 0.9) == 400


def test_resting_orders_count_as_filled() -> None:
    of = sizer(*WIDE, "sizer.max_runner_liability=12")
    assert size(of, Side.BACK, 400, 0.9, (order(A, Side.BACK, 500, 900),)) == 300
    # A resting lay can only lose when the runner wins, where the back would win.
    assert size(of, Side.BACK, 400, 0.9, (order(A, Side.LAY, 400, 400),)) == 1200


def test_the_market_cap_counts_all_runners() -> None:
    of = sizer(*WIDE, "sizer.max_market_liability=12")
    assert size(of, Side.BACK, 400, 0.9, (order(B, Side.BACK, 500, 900),)) == 300


def test_all_markets_together_have_a_cap() -> None:
    book, others = Ledger(0.0, 5.0), "1.2"
    orders = {others: [order(A, Side.BACK, 300, 900)], "1.1": []}
    views = {others: replace(market(), market_id=others), "1.1": market()}
    exposure = Exposure(book, views.get, orders.__getitem__)
    exposure.changed(others)
    config = load(None, [*WIDE, "sizer.max_total_liability=12"])
    of = Sizer(config.sizer, config.execution.limits.dry_run(), book, 0.0, exposure)
    assert size(of, Side.BACK, 400, 0.9) == 300, "9.00 may be lost elsewhere"
    exposure.settled(others)
    assert size(of, Side.BACK, 400, 0.9) == 1200


def test_stakes_are_rounded_down_to_a_step() -> None:
    of = sizer(*WIDE, "sizer.max_runner_liability=12.75", "sizer.stake_step=0.5")
    assert size(of, Side.BACK, 400, 0.9) == 1250
    assert size(sizer(*WIDE, "sizer.stake_step=1000"), Side.BACK, 400, 1e-6) == Refused(
        "below_minimum"
    )


def test_a_market_at_its_cap_can_still_take_back_what_it_holds() -> None:
    book = Ledger(0.0, 5.0)
    record(book, fill(A, Side.BACK, 300, 1200))
    of = sizer(*WIDE, "sizer.max_market_liability=12", book=book)
    assert size(of, Side.BACK, 300, 0.9) == Refused("exposure_cap")
    # If A wins the back earns 24, so a lay at 3.0 may lose 36 before that outcome is at the cap.
    assert size(of, Side.LAY, 300, 0.9) == 1800


def test_an_edge_may_want_less_than_the_sizer_would_stake() -> None:
    of = sizer("sizer.min_stake=5")
    wanted = of.size_centi(
        market(), A, side=Side.BACK, price_centi=300, gross_edge=0.1, resting=(), max_size_centi=150
    )
    assert wanted == 150


def test_no_room_and_too_small_are_refused() -> None:
    book = Ledger(0.0, 5.0)
    record(book, fill(A, Side.BACK, 200, 1500))
    assert size(sizer(*WIDE, "sizer.max_runner_liability=15", book=book), Side.BACK, 300, 0.1) == (
        Refused("exposure_cap")
    )
    tight = sizer(*WIDE, "sizer.max_runner_liability=0.9")
    assert size(tight, Side.BACK, 300, 0.9) == Refused("below_minimum")


def test_a_small_size_is_allowed_when_it_pays_the_least_payout() -> None:
    tight = sizer(*WIDE, "sizer.max_runner_liability=0.5")
    assert size(tight, Side.BACK, 2000, 0.9) == 50  # 0.50 at 20.0 pays 10
    assert size(tight, Side.BACK, 1950, 0.9) == Refused("below_minimum")


def test_an_order_may_be_moved_only_where_its_loss_still_fits() -> None:
    of = sizer(*WIDE, "sizer.max_runner_liability=12")
    lay, back = order(A, Side.LAY, 300, 500), order(A, Side.BACK, 300, 500)
    assert of.check_move(market(), A, lay, 340, [lay]) is None
    assert of.check_move(market(), A, lay, 345, [lay]) == Refused("exposure_cap")
    assert of.check_move(market(), A, back, 1000, [back]) is None


@given(
    st.sampled_from(list(Side)),
    st.integers(101, 100_000),
    st.floats(0.0, 1.0),
    st.integers(1, 40_000),
    st.sampled_from(list(Side)),
)
def test_no_size_ever_passes_a_cap(
    side: Side, price_centi: int, edge: float, held_centi: int, held_side: Side
) -> None:
    book = Ledger(0.0, 5.0)
    record(book, fill(A, held_side, 250, held_centi))
    before = min(0, book.worst_case_e4(market(), ()))
    result = size(sizer("sizer.max_stake=1000", book=book), side, price_centi, edge)
    if isinstance(result, Refused):
        return
    record(book, fill(A, side, price_centi, result))
    assert min(book.runner_outcomes(A, ())) >= min(before, -1_500_000)
    assert book.worst_case_e4(market(), ()) >= min(before, -4_000_000)


def exactly(of: Sizer, size_centi: int, price_centi: int = 300) -> int | Refused:
    return of.size_centi(
        market(),
        A,
        side=Side.LAY,
        price_centi=price_centi,
        gross_edge=0.0001,
        resting=(),
        exact_centi=size_centi,
    )


def test_a_size_that_is_asked_for_is_staked_as_it_is_or_refused() -> None:
    of = sizer("sizer.max_stake=20", "sizer.max_runner_liability=50", "sizer.stake_step=0.5")
    assert exactly(of, 1999) == 1999
    assert exactly(of, 2001) == Refused("max_stake")
    assert exactly(of, 1999, price_centi=400) == Refused("exposure_cap")
    assert exactly(of, 99) == Refused("below_minimum")
