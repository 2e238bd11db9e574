"""What each new definition does to each kind of bet: the table of `lifecycle`, row by row."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trader.betfair.books import RestedSide
from trader.simulator.exchange.bets import Bet, PersistenceType
from trader.simulator.exchange.testing import (
    QUOTES,
    RUNNERS,
    Scene,
    defined,
    in_order,
    lapsed,
    matched,
    offers,
    runner,
)

AT_SP: dict[str, Any] = {"bspReconciled": True}
IN_PLAY: dict[str, Any] = {"inPlay": True, "betDelay": 1}


def scene(*later: Any, rc: Any = QUOTES, **fields: Any) -> Scene:
    return Scene(defined(0, image=True, rc=rc, **fields), *later, accounts=2)


def resting(on: Scene, persistence: PersistenceType) -> Bet:
    """A bet of 10 of which 4 are cancelled, so that there is something to add up."""
    bet = on.bet("BACK", 3.1, 10, persistence=persistence)
    on.venue.cancel(bet, 400)
    return bet


# --- suspensions and the off ----------------------------------------------------------------------


@pytest.mark.parametrize("persistence", ["LAPSE", "PERSIST", "MARKET_ON_CLOSE"])
def test_a_suspension_before_the_off_and_the_reopening_leave_all_bets_resting(
    persistence: PersistenceType,
) -> None:
    on = scene(defined(1_000, status="SUSPENDED"), defined(2_000))
    bet = resting(on, persistence)
    on.to(2_000)
    assert (bet.status, bet.remaining_centi) == ("EXECUTABLE", 600)
    assert on.market.runner((101, 0)).matching.remaining_centi(bet.bet_id) == 600


def test_at_the_turn_in_play_lapse_lapses_and_persist_rests_on() -> None:
    on = scene(defined(1_000, **IN_PLAY))
    lapse, persist = resting(on, "LAPSE"), resting(on, "PERSIST")
    on.to(1_000)
    lapsed(lapse, 600, None, 1_000)
    assert (persist.status, persist.remaining_centi) == ("EXECUTABLE", 600)
    assert on.market.runner((101, 0)).ladder("atl") == [(310, 600), (320, 10_000)]


def test_what_lapses_at_the_off_does_not_meet_the_first_prices_in_play() -> None:
    crossing = [offers(101, back=[[3.5, 50]], lay=[[3.2, 0]])]
    on = scene(defined(1_000, rc=crossing, **IN_PLAY))
    lapse = on.bet("BACK", 3.1, 10)
    persist = on.bet("BACK", 3.1, 10, persistence="PERSIST")
    on.to(1_000)
    assert (matched(lapse), matched(persist)) == ([], [(310, 1_000)])


def test_a_market_that_is_in_play_when_it_is_first_seen_has_not_turned() -> None:
    on = scene(defined(1_000, **IN_PLAY), **IN_PLAY)
    bet = resting(on, "LAPSE")
    on.to(1_000)
    assert bet.remaining_centi == 600


def test_market_on_close_waits_for_the_starting_price_after_the_off() -> None:
    prices = [runner(101, bsp=3.3), *RUNNERS[1:]]
    on = scene(defined(1_000, **IN_PLAY), defined(2_000, prices, **IN_PLAY, **AT_SP))
    bet = resting(on, "MARKET_ON_CLOSE")
    on.to(1_000)
    assert (bet.status, bet.remaining_centi) == ("EXECUTABLE", 600)
    assert on.market.runner((101, 0)).ladder("atl") == [(320, 10_000)], "it rests no more"
    on.to(2_000)
    assert matched(bet) == [(330, 600)]
    in_order(bet)


@pytest.mark.parametrize("fields", [{"bspMarket": False}, AT_SP])
def test_market_on_close_lapses_at_the_off_where_no_starting_price_is_to_come(
    fields: dict[str, Any],
) -> None:
    on = scene(defined(1_000, **IN_PLAY, **fields), **fields)
    bet = resting(on, "MARKET_ON_CLOSE")
    on.to(1_000)
    lapsed(bet, 600, None, 1_000)


def test_a_suspension_in_play_lapses_lapse_and_leaves_the_rest() -> None:
    on = scene(defined(1_000, status="SUSPENDED", **IN_PLAY), defined(2_000, **IN_PLAY), **IN_PLAY)
    lapse, persist = resting(on, "LAPSE"), resting(on, "PERSIST")
    on.to(2_000)
    lapsed(lapse, 600, "MKT_SUSPENDED", 1_000)
    assert (persist.status, persist.remaining_centi) == ("EXECUTABLE", 600)


def test_the_turn_in_play_with_a_suspension_is_a_turn() -> None:
    on = scene(defined(1_000, status="SUSPENDED", **IN_PLAY))
    lapse, persist = resting(on, "LAPSE"), resting(on, "PERSIST")
    on.to(1_000)
    lapsed(lapse, 600, None, 1_000)
    assert persist.remaining_centi == 600


def test_at_the_close_everything_unmatched_lapses() -> None:
    on = scene(defined(1_000, status="CLOSED"))
    bets = [resting(on, p) for p in ("LAPSE", "PERSIST", "MARKET_ON_CLOSE")]
    on_close = on.bet("LAY", 0, 20, order_type="MARKET_ON_CLOSE")
    on.to(1_000)
    for bet in bets:
        lapsed(bet, 600, None, 1_000)
    lapsed(on_close, 2_000, None, 1_000)
    assert on.market.live == {}
    assert on.market.runner((101, 0)).ladder("atl") == [(320, 10_000)]


# --- starting prices ------------------------------------------------------------------------------


def at_bsp(bsp: float | str | None) -> Scene:
    prices = [runner(101, bsp=bsp), *RUNNERS[1:]]
    return scene(defined(1_000, prices, status="SUSPENDED", **AT_SP))


@pytest.mark.parametrize(
    ("side", "liability", "price_centi", "stake_centi"),
    [
        ("BACK", 20.0, 330, 2_000),
        ("LAY", 23.0, 330, 1_000),
        ("LAY", 10.0, 330, 434),  # 4.3478…: what the liability covers
    ],
)
def test_on_close_bets_are_matched_at_the_starting_price(
    side: RestedSide, liability: float, price_centi: int, stake_centi: int
) -> None:
    on = at_bsp(3.2963)
    bet = on.bet(side, 0, liability, order_type="MARKET_ON_CLOSE")
    assert (bet.size_centi, bet.remaining_centi) == (round(liability * 100),) * 2
    on.to(1_000)
    assert matched(bet) == [(price_centi, stake_centi)]
    assert (bet.size_centi, bet.sp_price_centi) == (stake_centi, price_centi)
    assert bet.liability_centi == round(liability * 100)
    in_order(bet)


@given(
    liability_centi=st.integers(1_000, 10_000_000),
    bsp=st.floats(1.005, 1_000, allow_nan=False),
)
def test_a_lay_at_the_starting_price_never_costs_more_than_its_liability(
    liability_centi: int, bsp: float
) -> None:
    on = at_bsp(bsp)
    bet = on.bet("LAY", 0, liability_centi / 100, order_type="MARKET_ON_CLOSE")
    on.to(1_000)
    ((price_centi, stake_centi),) = matched(bet)
    cost_e4 = stake_centi * (price_centi - 100)
    assert cost_e4 <= liability_centi * 100 < cost_e4 + price_centi - 100


@pytest.mark.parametrize(
    ("side", "limit", "bsp", "is_matched"),
    [
        ("BACK", 3.3, 3.3, True),
        ("BACK", 3.3, 3.4, True),
        ("BACK", 3.3, 3.2963, False),  # rounds to 3.30, and is less
        ("LAY", 3.3, 3.3, True),
        ("LAY", 3.3, 3.2, True),
        ("LAY", 3.3, 3.3001, False),
    ],
)
def test_a_limit_on_close_is_matched_within_its_limit_or_lapses(
    side: RestedSide, limit: float, bsp: float, is_matched: bool
) -> None:
    on = at_bsp(bsp)
    bet = on.bet(side, limit, 30, order_type="LIMIT_ON_CLOSE")
    on.to(1_000)
    if is_matched:
        assert bet.sp_price_centi == round(bsp * 100)
        assert bet.remaining_centi == 0 < bet.matched_centi
        in_order(bet)
    else:
        lapsed(bet, 3_000, None, 1_000)


@pytest.mark.parametrize("bsp", [None, "NaN", "Infinity"])
@pytest.mark.parametrize("order_type", ["MARKET_ON_CLOSE", "LIMIT_ON_CLOSE", "LIMIT"])
def test_without_a_starting_price_what_waits_for_it_lapses(order_type: Any, bsp: Any) -> None:
    on = at_bsp(bsp)
    bet = on.bet("BACK", 3.1, 20, order_type=order_type, persistence="MARKET_ON_CLOSE")
    on.to(1_000)
    lapsed(bet, 2_000, None, 1_000)


def test_the_reconciliation_leaves_other_limit_bets_alone() -> None:
    on = at_bsp(3.3)
    bets = [resting(on, "LAPSE"), resting(on, "PERSIST")]
    on.to(1_000)
    assert [bet.remaining_centi for bet in bets] == [600, 600]


def test_the_remainder_of_an_offer_to_lay_keeps_its_liability_at_the_starting_price() -> None:
    """Half is matched at 3.0; the other 20 risk 40.00, which lays 25.00 at 2.6."""
    on = scene(
        defined(1_000, [runner(101, bsp=2.6), *RUNNERS[1:]], status="SUSPENDED", **AT_SP),
        rc=[offers(101, lay=[[3.0, 20]])],
    )
    bet = on.bet("LAY", 3.0, 40, persistence="MARKET_ON_CLOSE")
    on.to(1_000)
    assert matched(bet) == [(300, 2_000), (260, 2_500)]
    assert bet.size_centi == 4_500
    in_order(bet)


def test_an_offer_to_lay_with_too_little_at_risk_lapses() -> None:
    on = at_bsp(2.6)
    bet = on.bet("LAY", 2.5, 6, persistence="MARKET_ON_CLOSE")
    enough = on.bet("LAY", 2.5, 7, persistence="MARKET_ON_CLOSE")
    just = on.bet("LAY", 2.0, 10, persistence="MARKET_ON_CLOSE")
    on.to(1_000)
    lapsed(bet, 600, None, 1_000)
    assert matched(enough) == [(260, 656)]
    assert matched(just) == [(260, 625)]


def test_starting_prices_are_taken_once() -> None:
    prices = [runner(101, bsp=3.3), *RUNNERS[1:]]
    on = scene(
        defined(1_000, prices, status="SUSPENDED", **AT_SP),
        defined(2_000, prices, **AT_SP, **IN_PLAY),
    )
    bet = on.bet("BACK", 0, 20, order_type="MARKET_ON_CLOSE")
    on.to(2_000)
    assert matched(bet) == [(330, 2_000)]
