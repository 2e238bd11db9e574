"""What each new definition does to each kind of bet: the table of `lifecycle`, row by row."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trader.betfair.books import RestedSide
from trader.betfair.ladder import CLASSIC
from trader.simulator.exchange.bets import Bet, PersistenceType
from trader.simulator.exchange.lifecycle import reduced
from trader.simulator.exchange.testing import (
    RUNNERS,
    T0_MS,
    Scene,
    defined,
    in_order,
    offers,
    runner,
)

BOOK = [
    offers(101, back=[[3.0, 100]], lay=[[3.2, 100]]),
    offers(102, back=[[4.0, 100]], lay=[[4.2, 100]]),
]
AT_SP: dict[str, Any] = {"bspReconciled": True}
IN_PLAY: dict[str, Any] = {"inPlay": True, "betDelay": 1}


def scene(*later: Any, rc: Any = BOOK, **fields: Any) -> Scene:
    return Scene(defined(0, image=True, rc=rc, **fields), *later, accounts=2)


def matched(bet: Bet) -> list[tuple[int, int]]:
    return [(match.price_centi, match.size_centi) for match in bet.matches]


def resting(on: Scene, persistence: PersistenceType) -> Bet:
    """A bet of 10 of which 4 are cancelled, so that there is something to add up."""
    bet = on.bet("BACK", 3.1, 10, persistence=persistence)
    on.venue.cancel(bet, 400)
    return bet


def lapsed(bet: Bet, size_centi: int, reason: str | None, at_ms: int) -> None:
    in_order(bet)
    assert (bet.lapsed_centi, bet.lapse_reason) == (size_centi, reason)
    assert (bet.status, bet.lapsed_ms) == ("EXECUTION_COMPLETE", T0_MS + at_ms)


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
    on.to(1_000)
    lapsed(bet, 600, None, 1_000)
    assert matched(enough) == [(260, 656)]


def test_starting_prices_are_taken_once() -> None:
    prices = [runner(101, bsp=3.3), *RUNNERS[1:]]
    on = scene(
        defined(1_000, prices, status="SUSPENDED", **AT_SP),
        defined(2_000, prices, **AT_SP, **IN_PLAY),
    )
    bet = on.bet("BACK", 0, 20, order_type="MARKET_ON_CLOSE")
    on.to(2_000)
    assert matched(bet) == [(330, 2_000)]


# --- removals -------------------------------------------------------------------------------------


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
    on = Scene(defined(0, gone, image=True, rc=BOOK), defined(1_000, gone, version=2))
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
