"""What the removal of a runner does to the bets on it and on the others."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trader.betfair.ladder import CLASSIC
from trader.simulator.exchange.lifecycle import reduced
from trader.simulator.exchange.testing import (
    QUOTES,
    RUNNERS,
    Scene,
    defined,
    lapsed,
    matched,
    offers,
    runner,
)


def scene(*later: Any, rc: Any = QUOTES, **fields: Any) -> Scene:
    return Scene(defined(0, image=True, rc=rc, **fields), *later, accounts=2)


def removal(key: int, factor: float | None, at_ms: int = 1_000, **fields: Any) -> Any:
    runners = [runner(key, "REMOVED", factor=factor), *(r for r in RUNNERS if r != key)]
    return defined(at_ms, runners, **fields)


def test_bets_on_a_removed_runner_lapse_and_are_void() -> None:
    on = scene(removal(101, 20.0))
    bet = on.bet("BACK", 3.0, 150)
    lay = on.bet("LAY", 2.9, 5, persistence="PERSIST")
    sp = on.bet("BACK", 0, 20, order_type="MARKET_ON_CLOSE")
    on.to(1_000)
    assert (bet.voided_centi, bet.matched_centi) == (10_000, 0)
    lapsed(bet, 5_000, "RNR_UNKNOWN", 1_000)
    lapsed(lay, 500, "RNR_UNKNOWN", 1_000)
    lapsed(sp, 2_000, "RNR_UNKNOWN", 1_000)
    assert not bet.is_price_reduced


def test_the_other_runners_matched_bets_are_reduced_on_both_sides() -> None:
    on = scene(removal(104, 20.0))
    back, lay = on.bet("BACK", 3.0, 10), on.bet("LAY", 3.2, 10, account="two")
    on.to(1_000)
    assert (matched(back), matched(lay)) == ([(240, 1_000)], [(256, 1_000)])
    assert back.is_price_reduced
    assert back.price_centi == 300, "what was asked for stays as it was"


def test_the_example_of_the_venues_own_pages() -> None:
    """8.6 and a factor of 16.2 % make 7.21; 12 and 21.08 % make 9.47."""
    assert reduced(860, 16.2, is_place=False) == 721
    assert reduced(1_200, 21.08, is_place=False) == 947


@pytest.mark.parametrize(
    ("market_type", "factor", "price_centi"),
    [
        ("WIN", 2.49, 300),
        ("WIN", 2.5, 293),  # 2.925: a half goes up
        ("PLACE", 2.0, 296),
        ("OTHER_PLACE", 25.0, 250),
        ("WIN", None, 300),
        ("PLACE", 0.0, 300),
        ("WIN", 99.0, 101),
        ("PLACE", 100.0, 101),
    ],
)
def test_what_a_factor_reduces(market_type: str, factor: float | None, price_centi: int) -> None:
    on = scene(removal(104, factor, marketType=market_type), marketType=market_type)
    bet = on.bet("BACK", 3.0, 10)
    on.to(1_000)
    assert matched(bet) == [(price_centi, 1_000)]
    assert bet.is_price_reduced == (price_centi != 300)


@pytest.mark.parametrize(
    ("market_type", "factor", "lapses"),
    [("WIN", 2.49, False), ("WIN", 2.5, True), ("PLACE", 3.99, False), ("PLACE", 4.0, True)],
)
def test_offers_to_lay_the_others_lapse_from_a_factor_on(
    market_type: str, factor: float, lapses: bool
) -> None:
    on = scene(removal(104, factor, marketType=market_type), marketType=market_type)
    lay, back = on.bet("LAY", 2.9, 10), on.bet("BACK", 3.5, 10)
    sp = on.bet("LAY", 0, 20, order_type="MARKET_ON_CLOSE")
    on.to(1_000)
    if lapses:
        lapsed(lay, 1_000, None, 1_000)
    else:
        assert lay.remaining_centi == 1_000
    assert (back.remaining_centi, back.price_centi) == (1_000, 350)
    assert sp.remaining_centi == 2_000


def test_a_kept_offer_to_lay_moves_to_the_reduced_price() -> None:
    on = scene(removal(104, 20.0))
    kept = on.bet("LAY", 2.96, 10, persistence="PERSIST")
    on.to(1_000)
    assert (kept.status, kept.price_centi, kept.remaining_centi) == ("EXECUTABLE", 236, 1_000)
    assert on.market.runner((101, 0)).ladder("atb") == [(300, 10_000), (236, 1_000)]


def test_a_reduced_price_that_is_on_no_ladder_moves_to_the_next_below() -> None:
    on = scene(removal(104, 10.0), rc=[offers(101, back=[[9.0, 5]])])
    kept = on.bet("LAY", 8.8, 10, persistence="PERSIST")
    on.to(1_000)
    assert CLASSIC.is_on_ladder(kept.price_centi)
    assert kept.price_centi == 780, "7.92 is between 7.8 and 8"


def test_bets_matched_after_a_removal_are_not_reduced_by_it_but_by_the_next() -> None:
    both = [runner(103, "REMOVED", factor=10.0), runner(104, "REMOVED", factor=20.0), 101, 102]
    on = scene(removal(104, 20.0), defined(2_000, both))
    before = on.bet("BACK", 3.0, 10)
    on.to(1_000)
    after = on.bet("BACK", 3.0, 10)
    assert matched(after) == [(300, 1_000)]
    on.to(2_000)
    assert matched(before) == [(216, 1_000)], "3.0, then 2.4, then 2.16"
    assert matched(after) == [(270, 1_000)]


def test_two_removals_at_once_reduce_one_after_the_other() -> None:
    both = [runner(103, "REMOVED", factor=10.0), runner(104, "REMOVED", factor=20.0), 101, 102]
    on = scene(defined(1_000, both))
    bet = on.bet("BACK", 3.0, 10)
    gone = on.bet("BACK", 6.0, 10, 103)
    on.to(1_000)
    assert matched(bet) == [(216, 1_000)]
    lapsed(gone, 1_000, "RNR_UNKNOWN", 1_000)


def test_a_removal_is_dealt_with_once() -> None:
    on = scene(removal(104, 20.0), removal(104, 20.0, 2_000), removal(104, 25.0, 3_000))
    bet = on.bet("BACK", 3.0, 10)
    on.to(3_000)
    assert matched(bet) == [(240, 1_000)]


def test_runners_that_were_removed_before_the_first_bet_reduce_nothing() -> None:
    gone = [runner(104, "REMOVED", factor=20.0), *RUNNERS[:3]]
    on = Scene(defined(0, gone, image=True, rc=QUOTES), defined(1_000, gone, version=2))
    bet = on.bet("BACK", 3.0, 10)
    on.to(1_000)
    assert matched(bet) == [(300, 1_000)]


def test_what_is_matched_with_the_removal_itself_is_matched_after_it() -> None:
    crossing = [offers(101, back=[[3.5, 50]], lay=[[3.2, 0]])]
    on = scene(removal(104, 20.0, rc=crossing))
    bet = on.bet("BACK", 3.1, 10)
    on.to(1_000)
    assert matched(bet) == [(310, 1_000)]


@given(
    price_centi=st.integers(101, 100_000),
    factor=st.floats(0, 100, allow_nan=False),
    is_place=st.booleans(),
)
def test_a_reduction_never_raises_a_price_and_never_falls_below_the_lowest(
    price_centi: int, factor: float, is_place: bool
) -> None:
    assert 101 <= reduced(price_centi, factor, is_place=is_place) <= price_centi


def test_after_the_settlement_a_definition_does_nothing_to_bets() -> None:
    over = [runner(101, "WINNER"), *(runner(r, "LOSER") for r in RUNNERS[1:])]
    amended = [runner(101, "REMOVED"), *(runner(r, "LOSER") for r in RUNNERS[1:])]
    on = scene(
        defined(1_000, over, status="CLOSED"),
        defined(9_000, amended, status="CLOSED"),
        defined(9_500, [runner(101), runner(104, "REMOVED", factor=50.0)]),
    )
    bet = on.bet("BACK", 3.0, 10)
    on.to(9_900)
    assert matched(bet) == [(300, 1_000)]
    assert bet.voided_centi == 0
