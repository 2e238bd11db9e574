"""What bets come to, and when: worked by hand."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from trader.simulator.exchange.exposure import exposure_e4
from trader.simulator.exchange.settlement import Cleared
from trader.simulator.exchange.testing import (
    DEPOSIT_E4,
    MARKET,
    QUOTES,
    RUNNERS,
    T0_MS,
    Scene,
    defined,
    offers,
    runner,
)

TWO_PLACES: dict[str, Any] = {
    "numberOfWinners": 2,
    "marketBaseRate": 0.0,
    "marketType": "PLACE",
}
LINES: dict[str, Any] = {
    "bettingType": "ASIAN_HANDICAP_DOUBLE_LINE",
    "numberOfWinners": 0,
    "bspMarket": False,
}


def closed(at_ms: int, statuses: dict[int, str], **fields: Any) -> Any:
    """The results: what is not named has lost."""
    runners = [runner(key, statuses.get(key, "LOSER")) for key in RUNNERS]
    return defined(at_ms, runners, status="CLOSED", **fields)


def on(*later: Any, accounts: int = 2, discount_percent: float = 0.0, **fields: Any) -> Scene:
    first = defined(0, image=True, rc=QUOTES, **fields)
    return Scene(first, *later, accounts=accounts, discount_percent=discount_percent)


def cleared(scene: Scene, account: str = "one") -> list[Cleared]:
    return scene.venue.settlements.cleared.get(scene.account(account).account_id, [])


def money(scene: Scene, account: str = "one") -> tuple[float, float]:
    """(what the balance rose by, the commission of that), in the currency."""
    of = scene.account(account)
    return (of.balance_e4 - DEPOSIT_E4) / 10_000, of.commission_e4 / 10_000


# --- by hand --------------------------------------------------------------------------------------


def test_a_winning_back_earns_and_pays_commission() -> None:
    """10 at 3.0 earns 20.00, of which 5 % are 1.00."""
    scene = on(closed(1_000, {101: "WINNER"}))
    bet = scene.bet("BACK", 3.0, 10)
    scene.to(2_999)
    assert money(scene) == (0.0, 0.0)
    assert not scene.market.is_settled
    scene.to(3_000)
    assert money(scene) == (19.0, 1.0)
    assert cleared(scene) == [Cleared(bet, "SETTLED", "WON", 1_000, 200_000, T0_MS + 3_000)]
    result = scene.venue.settlements.of_market(scene.account().account_id, MARKET)
    assert result is not None
    assert (result.gross_e4, result.commission_e4, result.net_e4) == (200_000, 10_000, 190_000)
    assert exposure_e4(scene.venue, scene.account()) == 0


def test_a_losing_back_costs_its_stake_and_no_commission() -> None:
    scene = on(closed(1_000, {102: "WINNER"}))
    scene.bet("BACK", 3.0, 10)
    scene.to(3_000)
    assert money(scene) == (-10.0, 0.0)
    assert [(one.status, one.outcome) for one in cleared(scene)] == [("SETTLED", "LOST")]


@pytest.mark.parametrize(("winner", "net"), [(101, -22.0), (102, 9.5)])
def test_a_lay_costs_its_liability_or_earns_its_stake(winner: int, net: float) -> None:
    scene = on(closed(1_000, {winner: "WINNER"}))
    scene.bet("LAY", 3.2, 10)
    scene.to(3_000)
    assert money(scene)[0] == net


def test_commission_is_of_what_the_market_made_in_all() -> None:
    """20.00 won and 12.00 lost: 5 % of 8.00 are 0.40."""
    scene = on(closed(1_000, {101: "WINNER"}))
    scene.bet("BACK", 3.0, 10)
    scene.bet("BACK", 4.0, 12, 102)
    scene.to(3_000)
    assert money(scene) == (7.6, 0.4)


@pytest.mark.parametrize(
    ("discount_percent", "allowed", "commission"),
    [(0.0, True, 1.0), (20.0, True, 0.8), (20.0, False, 1.0), (100.0, True, 0.0)],
)
def test_the_discount_is_off_the_rate_where_the_market_allows_one(
    discount_percent: float, allowed: bool, commission: float
) -> None:
    results = closed(1_000, {101: "WINNER"}, discountAllowed=allowed)
    scene = on(results, discount_percent=discount_percent)
    scene.bet("BACK", 3.0, 10)
    scene.to(3_000)
    assert money(scene) == (20.0 - commission, commission)


def test_commission_is_rounded_half_up_to_hundredths() -> None:
    """0.50 at 3.0 earns 1.00: 2.5 % are 0.025, which is 0.03."""
    scene = on(closed(1_000, {101: "WINNER"}, marketBaseRate=2.5))
    scene.bet("BACK", 3.0, 0.5)
    scene.to(3_000)
    assert money(scene) == (0.97, 0.03)


@pytest.mark.parametrize(
    ("side", "price", "gross"),
    [("BACK", 3.0, 5.0), ("LAY", 3.2, -6.0)],
)
def test_a_dead_heat_pays_half_and_loses_half(side: Any, price: float, gross: float) -> None:
    """10 backed at 3.0 in a dead heat of two: 5 win 10.00, and 5 are lost."""
    scene = on(closed(1_000, {101: "WINNER", 102: "WINNER"}, marketBaseRate=0.0))
    scene.bet(side, price, 10)
    scene.to(3_000)
    assert money(scene) == (gross, 0.0)


def test_three_winners_of_two_places_share_them() -> None:
    """9 at 3.0: 6 of them win 12.00, and 3 are lost."""
    fields = TWO_PLACES
    scene = on(closed(1_000, {101: "WINNER", 102: "WINNER", 103: "WINNER"}, **fields), **fields)
    scene.bet("BACK", 3.0, 9)
    scene.to(3_000)
    assert money(scene)[0] == 9.0


def test_as_many_winners_as_places_are_no_dead_heat_and_placed_wins() -> None:
    fields = TWO_PLACES
    scene = on(closed(1_000, {101: "WINNER", 102: "PLACED"}, **fields), **fields)
    scene.bet("BACK", 3.0, 10)
    scene.bet("BACK", 4.0, 10, 102)
    scene.to(3_000)
    assert money(scene)[0] == 50.0


def test_a_reduction_of_a_fifth_makes_less_of_a_win() -> None:
    """3.0 less 20 % is 2.4: 10 earn 14.00."""
    gone = [*RUNNERS[:3], runner(104, "REMOVED", factor=20.0)]
    over = [runner(101, "WINNER"), runner(102, "LOSER"), runner(103, "LOSER"), gone[3]]
    scene = on(defined(500, gone), defined(1_000, over, status="CLOSED"))
    bet = scene.bet("BACK", 3.0, 10)
    scene.to(3_000)
    assert money(scene) == (13.3, 0.7)
    assert bet.is_price_reduced


def test_bets_on_a_runner_that_was_removed_are_void_with_their_stakes_returned() -> None:
    scene = on(closed(1_000, {101: "REMOVED", 102: "WINNER"}))
    bet = scene.bet("BACK", 3.0, 10)
    assert exposure_e4(scene.venue, scene.account()) == -100_000
    scene.to(1_000)
    assert exposure_e4(scene.venue, scene.account()) == 0
    scene.to(3_000)
    assert money(scene) == (0.0, 0.0)
    assert cleared(scene) == [Cleared(bet, "VOIDED", "VOIDED", 1_000, 0, T0_MS + 3_000)]


@pytest.mark.parametrize(("side", "winner", "net"), [("BACK", 101, 43.7), ("LAY", 101, -20.01)])
def test_starting_price_bets_settle_at_it(side: Any, winner: int, net: float) -> None:
    """20 backed at 3.3 earn 46.00. 20.01 of liability lay 8.70 at 3.3, which cost 20.01."""
    prices = [runner(101, bsp=3.3), *RUNNERS[1:]]
    at_sp: dict[str, Any] = {"bspReconciled": True}
    scene = on(
        defined(500, prices, status="SUSPENDED", **at_sp),
        closed(1_000, {winner: "WINNER"}, **at_sp),
    )
    scene.bet(side, 0, 20 if side == "BACK" else 20.01, order_type="MARKET_ON_CLOSE")
    scene.to(3_000)
    assert money(scene)[0] == net


def test_what_never_matched_is_not_settled() -> None:
    scene = on(closed(1_000, {101: "WINNER"}))
    bet = scene.bet("BACK", 3.1, 10)
    scene.to(3_000)
    assert cleared(scene) == []
    assert money(scene) == (0.0, 0.0)
    assert (bet.lapsed_centi, scene.market.is_settled) == (1_000, True)


# --- when -----------------------------------------------------------------------------------------


def test_a_market_closed_without_results_waits_for_them_and_says_so() -> None:
    scene = on(
        defined(1_000, status="CLOSED"), closed(9_000, {101: "WINNER"}, version=3), accounts=1
    )
    scene.bet("BACK", 3.0, 10)
    scene.to(8_000)
    assert scene.venue.settlements.undecided == {MARKET: "runner 101: ACTIVE"}
    assert (money(scene), scene.market.is_settled) == ((0.0, 0.0), False)
    assert exposure_e4(scene.venue, scene.account()) == -100_000
    scene.to(11_000)
    assert scene.venue.settlements.undecided == {}
    assert money(scene) == (19.0, 1.0)


def test_a_runner_that_left_the_definition_is_said_to_be_missing() -> None:
    rest = [runner(102, "WINNER"), runner(103, "LOSER")]
    scene = on(defined(1_000, rest, status="CLOSED"))
    scene.bet("BACK", 3.0, 10)
    scene.to(5_000)
    assert scene.venue.settlements.undecided == {MARKET: "runner 101: not in the definition"}


def test_a_market_is_settled_once_however_often_it_is_said_to_be_closed() -> None:
    scene = on(*(closed(1_000 * i, {101: "WINNER"}, version=i) for i in range(1, 9)))
    scene.bet("BACK", 3.0, 10)
    scene.to(20_000)
    assert money(scene) == (19.0, 1.0)
    assert len(cleared(scene)) == 1


@pytest.mark.parametrize("status", ["OPEN", "SUSPENDED"])
def test_a_market_that_closed_too_early_is_settled_after_its_next_end(status: str) -> None:
    over = [runner(key, "WINNER" if key == 101 else "LOSER") for key in RUNNERS]
    again = defined(2_000, over, status=status)
    scene = on(closed(1_000, {101: "WINNER"}), again, closed(9_000, {102: "WINNER"}))
    scene.bet("BACK", 3.0, 10)
    scene.to(8_000)
    assert not scene.market.is_settled
    scene.to(11_000)
    assert money(scene) == (-10.0, 0.0)


def test_results_that_are_taken_back_before_the_settlement_do_not_count() -> None:
    scene = on(closed(1_000, {101: "WINNER"}), defined(2_000, status="CLOSED"))
    scene.bet("BACK", 3.0, 10)
    scene.to(9_000)
    assert not scene.market.is_settled
    assert MARKET in scene.venue.settlements.undecided


def test_bets_are_cleared_in_placing_order_and_told_as_changed_when_void() -> None:
    scene = on(closed(1_000, {101: "WINNER"}, bettingType="LINE"), bettingType="LINE")
    bets = [scene.bet("BACK", 3.0, 10), scene.bet("LAY", 3.2, 5), scene.bet("BACK", 3.0, 1)]
    scene.to(3_000)
    assert [one.bet for one in cleared(scene)] == bets
    assert scene.heard.changes[-1].bets == {scene.account().account_id: bets}


# --- other kinds of markets -----------------------------------------------------------------------


@pytest.mark.parametrize("kind", [{"bettingType": "LINE"}, {"marketType": "EACH_WAY"}])
def test_lines_and_each_way_are_void(kind: dict[str, Any]) -> None:
    scene = on(closed(1_000, {101: "WINNER"}, **kind), **kind)
    bet = scene.bet("BACK", 3.0, 10)
    scene.to(3_000)
    assert (bet.voided_centi, bet.matched_centi) == (1_000, 0)
    assert [(one.status, one.size_centi) for one in cleared(scene)] == [("VOIDED", 1_000)]
    assert money(scene) == (0.0, 0.0)


def handicaps(statuses: Sequence[str], at_ms: int = 1_000, **fields: Any) -> Any:
    lines = [(101, -0.5), (101, 0.5), (102, -0.5), (102, 0.5)]
    runners = [
        runner(key, status, handicap=line, factor=None)
        for (key, line), status in zip(lines, statuses, strict=True)
    ]
    return defined(at_ms, runners, **(LINES | fields))


def test_handicaps_are_decided_runner_by_runner_and_a_push_is_void() -> None:
    books = [
        offers(101, back=[[2.0, 50]], handicap=-0.5),
        offers(102, back=[[2.0, 50]], handicap=0.5),
        offers(101, back=[[1.5, 50]], handicap=0.5),
    ]
    scene = Scene(
        handicaps(["ACTIVE"] * 4, 0, image=True, rc=books),
        handicaps(["WINNER", "ACTIVE", "LOSER", "WINNER"], status="CLOSED", marketBaseRate=0.0),
    )
    scene.bet("BACK", 2.0, 10, handicap=-0.5)
    scene.bet("BACK", 2.0, 7, 102, handicap=0.5)
    push = scene.bet("BACK", 1.5, 20, handicap=0.5)
    scene.to(3_000)
    assert money(scene) == (17.0, 0.0)
    assert [one.status for one in cleared(scene)] == ["SETTLED", "SETTLED", "VOIDED"]
    assert push.voided_centi == 2_000


def test_handicaps_wait_while_nothing_is_decided() -> None:
    book = [offers(101, back=[[2.0, 50]], handicap=-0.5)]
    scene = Scene(
        handicaps(["ACTIVE"] * 4, 0, image=True, rc=book),
        handicaps(["ACTIVE"] * 4, status="CLOSED"),
    )
    scene.bet("BACK", 2.0, 10, handicap=-0.5)
    scene.to(9_000)
    assert scene.venue.settlements.undecided == {MARKET: "runner 101: ACTIVE"}
