"""No money comes from nowhere: what our accounts win the public and the commission lose."""

from __future__ import annotations

import math
from fractions import Fraction
from typing import Any
from unittest.mock import patch

from hypothesis import given, settings
from hypothesis import strategies as st

from trader.simulator.exchange.bets import Bet
from trader.simulator.exchange.exposure import exposure_e4
from trader.simulator.exchange.market import ExchangeMarket
from trader.simulator.exchange.testing import (
    DEPOSIT_E4,
    RUNNERS,
    T0_MS,
    Placed,
    Scene,
    defined,
    in_order,
    is_taken,
    placed_bets,
    runner,
    whole_life,
)
from trader.simulator.matching import Match

FACTORS = st.sampled_from([0.0, 2.0, 2.5, 20.0])
RESULTS = st.sampled_from(
    [((101,), 1), ((102,), 1), ((103,), 1), ((101, 102), 1), ((101, 103), 2), ((101, 102, 103), 2)]
)
"""(winners, places paid)."""


def worth(bet: Bet, price_centi: int, size_centi: int, at_ms: int, life: dict[str, Any]) -> int:
    """What a match of a bet comes to in the life of a market, worked out by itself."""
    if bet.runner[0] == 104:
        return 0
    factor = life["factor"]
    if at_ms < T0_MS + 1_500 and factor >= 2.5:
        exact = price_centi * (100 - Fraction(str(factor))) / 100
        price_centi = max(101, math.floor(exact + Fraction(1, 2)))
    stake_e4, win_e4 = size_centi * 100, size_centi * (price_centi - 100)
    winners, places = life["winners"], life["places"]
    value = Fraction(-stake_e4)
    if bet.runner[0] in winners:
        share = min(Fraction(1), Fraction(places, len(winners)))
        value = win_e4 * share - stake_e4 * (1 - share)
    rounded = math.floor(abs(value) + Fraction(1, 2)) * (1 if value > 0 else -1)
    return rounded if bet.side == "BACK" else -rounded


def play(scene: Scene, placed: list[Placed]) -> list[tuple[Bet, int, int, int]]:
    """A market's life; every match that was not between two of our bets, as (bet, price, size,
    time): the public is on the other side of those."""
    found: list[tuple[Bet, int, int, int]] = []
    matched = scene.venue.matched

    def watch(market: ExchangeMarket, matches: list[tuple[Any, Match]]) -> None:
        for _, match in matches:
            if match.against is None:
                bet = scene.venue.bets[match.order_id]
                found.append((bet, match.price_centi, match.size_centi, scene.venue.now_ms))
        matched(market, matches)

    with patch.object(scene.venue, "matched", side_effect=watch):
        for one in placed:
            scene.to(one.at_ms)
            if is_taken(scene, one):
                scene.place(one)
        scene.to(5_000)
    found += [
        (bet, bet.matches[-1].price_centi, bet.matches[-1].size_centi, bet.matches[-1].at_ms)
        for bet in scene.venue.bets.values()
        if bet.sp_price_centi is not None
    ]
    return found


@settings(max_examples=80)
@given(placed=placed_bets(), result=RESULTS, factor=FACTORS, rate=st.sampled_from([0.0, 2.0, 5.0]))
def test_what_our_accounts_win_the_public_and_the_commission_lose(
    placed: list[Placed], result: tuple[tuple[int, ...], int], factor: float, rate: float
) -> None:
    life: dict[str, Any] = {"winners": result[0], "places": result[1], "factor": factor}
    scene = Scene(*whole_life(**life, marketBaseRate=rate), accounts=2)
    public_e4 = -sum(worth(*match, life) for match in play(scene, placed))
    risks = {name: exposure_e4(scene.venue, scene.account(name)) for name in ("one", "two")}
    scene.to(10_000)
    assert scene.market.is_settled
    accounts = list(scene.venue.accounts.values())
    won_e4 = sum(account.balance_e4 - DEPOSIT_E4 for account in accounts)
    assert won_e4 + sum(account.commission_e4 for account in accounts) + public_e4 == 0
    for name, risk_e4 in risks.items():
        account = scene.account(name)
        profit_e4 = account.balance_e4 - DEPOSIT_E4 + account.commission_e4
        assert account.commission_e4 == round_half_up(max(0, profit_e4) * round(rate), 10_000) * 100
        matches = sum(len(bet.matches) for bet in account.bets.values())
        assert risk_e4 <= 0
        assert profit_e4 >= risk_e4 - matches, "each share of a dead heat is rounded"
        assert exposure_e4(scene.venue, account) == 0
        cleared = scene.venue.settlements.cleared.get(account.account_id, [])
        assert profit_e4 == sum(one.profit_e4 for one in cleared)
    for bet in scene.venue.bets.values():
        in_order(bet)
        assert not bet.is_executable


def round_half_up(amount: int, by: int) -> int:
    return (2 * amount + by) // (2 * by)


@settings(max_examples=40)
@given(placed=placed_bets(until_ms=1_400))
def test_a_market_that_is_void_returns_everything(placed: list[Placed]) -> None:
    nobody = [runner(key, "REMOVED", factor=0.0) for key in RUNNERS]
    life = [one for one in whole_life() if one.pt_ms < T0_MS + 1_500]
    scene = Scene(*life, defined(1_500, nobody, status="CLOSED"), accounts=2)
    for one in placed:
        scene.to(one.at_ms).place(one)
    scene.to(10_000)
    assert scene.market.is_settled
    for account in scene.venue.accounts.values():
        assert (account.balance_e4, account.commission_e4) == (DEPOSIT_E4, 0)
        assert exposure_e4(scene.venue, account) == 0
    for bet in scene.venue.bets.values():
        in_order(bet)
        assert bet.matched_centi == 0
