"""What an account can lose, by hand and against every outcome there is."""

from __future__ import annotations

from itertools import combinations
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trader.simulator.exchange import exposure
from trader.simulator.exchange.bets import Bet
from trader.simulator.exchange.exposure import (
    available_e4,
    exposure_e4,
    exposure_with_e4,
    runner_outcomes_e4,
)
from trader.simulator.exchange.testing import (
    DEPOSIT_E4,
    MARKET,
    QUOTES,
    RUNNERS,
    Placed,
    Scene,
    defined,
    is_taken,
    offers,
    placed_bets,
    runner,
    whole_life,
)


def on(*later: Any, rc: Any = QUOTES, runners: Any = RUNNERS, **fields: Any) -> Scene:
    return Scene(defined(0, runners, image=True, rc=rc, **fields), *later, accounts=2)


def risk(scene: Scene, account: str = "one") -> float:
    """The exposure in the currency."""
    return exposure_e4(scene.venue, scene.account(account)) / 10_000


def unplaced(scene: Scene, side: Any, price: float, size: float, key: int = 101) -> Bet:
    """A bet that is in no market."""
    return Bet(
        bet_id="unplaced",
        account_id=scene.account().account_id,
        market_id=MARKET,
        runner=(key, 0),
        side=side,
        order_type="LIMIT",
        price_centi=round(price * 100),
        size_centi=round(size * 100),
        persistence="LAPSE",
        placed_ms=scene.venue.now_ms,
    )


# --- by hand --------------------------------------------------------------------------------------


def test_an_account_without_bets_risks_nothing() -> None:
    scene = on()
    assert risk(scene) == 0.0
    assert available_e4(scene.venue, scene.account()) == DEPOSIT_E4


def test_a_back_risks_its_stake_and_a_lay_its_liability_matched_or_not() -> None:
    scene = on()
    scene.bet("BACK", 3.0, 10)
    assert risk(scene) == -10.0
    scene.bet("LAY", 2.5, 10, 102)  # rests
    assert risk(scene) == -25.0, "102 wins: the back of 101 is lost as well"
    assert available_e4(scene.venue, scene.account()) == DEPOSIT_E4 - 250_000


def test_bets_on_other_runners_pay_for_each_other_once_they_are_matched() -> None:
    scene = on()
    scene.bet("LAY", 3.2, 10)
    assert risk(scene) == -22.0
    scene.bet("LAY", 4.2, 10, 102)
    # 101 wins: -22 + 10; 102 wins: -32 + 10.
    assert risk(scene) == -22.0
    scene.bet("LAY", 5.0, 100, 103)  # rests: pays nothing yet, and may cost 400
    assert risk(scene) == -380.0


def test_a_hedge_that_is_unmatched_does_not_count() -> None:
    scene = on(rc=[offers(101, back=[[3.0, 100]])])
    scene.bet("BACK", 3.0, 10)
    lay = scene.bet("LAY", 2.0, 10)
    assert risk(scene) == -10.0, "if 101 wins the lay may be matched: 20 less 10"
    scene.venue.cancel(lay)
    scene.bet("LAY", 4.0, 10)
    assert risk(scene) == -10.0


def test_a_book_that_cannot_lose_has_no_exposure() -> None:
    scene = on(rc=[offers(101, back=[[3.0, 100]], lay=[[2.5, 100]])])
    scene.bet("BACK", 3.0, 10)
    scene.bet("LAY", 2.5, 10)
    assert risk(scene) == 0.0


def test_all_runners_backed_cannot_all_lose() -> None:
    rc = [offers(key, back=[[4.0, 100]]) for key in RUNNERS]
    scene = on(rc=rc)
    for key in RUNNERS[:3]:
        scene.bet("BACK", 4.0, 10, key)
    assert risk(scene) == -30.0, "the fourth may win"
    scene.bet("BACK", 4.0, 10, RUNNERS[3])
    assert risk(scene) == 0.0


def test_with_two_places_two_lays_may_both_be_lost() -> None:
    scene = on(numberOfWinners=2, marketType="PLACE")
    scene.bet("LAY", 3.2, 10)
    scene.bet("LAY", 4.2, 10, 102)
    assert risk(scene) == -54.0


def test_without_a_number_of_winners_each_runner_is_for_itself() -> None:
    scene = on(numberOfWinners=0, bettingType="ASIAN_HANDICAP_DOUBLE_LINE")
    scene.bet("BACK", 3.0, 10)
    scene.bet("BACK", 4.0, 10, 102)
    assert risk(scene) == -20.0


def test_bets_for_the_starting_price_risk_their_liability() -> None:
    scene = on()
    scene.bet("BACK", 0, 20, order_type="MARKET_ON_CLOSE")
    assert risk(scene) == -20.0
    scene.bet("LAY", 5.0, 30, 102, order_type="LIMIT_ON_CLOSE")
    assert risk(scene) == -50.0


def test_on_lines_every_bet_counts_as_lost() -> None:
    """A price is a line there: 250.5 runs, not odds of 250.5."""
    fields = {"bettingType": "LINE", "priceLadderDefinition": {"type": "LINE_RANGE"}}
    scene = on(rc=[offers(101, back=[[250.5, 5]])], runners=[101], **fields)
    scene.bet("BACK", 250.5, 5)
    scene.bet("LAY", 240.5, 5)
    assert risk(scene) == -10.0


def test_markets_add_up_and_accounts_are_apart() -> None:
    other = defined(0, image=True, rc=QUOTES, market_id="1.2")
    scene = Scene(defined(0, image=True, rc=QUOTES), other, accounts=2)
    scene.bet("BACK", 3.0, 10)
    scene.bet("BACK", 3.0, 7, market_id="1.2")
    scene.bet("BACK", 3.0, 5, account="two")
    assert (risk(scene), risk(scene, "two")) == (-17.0, -5.0)


# --- as things change -----------------------------------------------------------------------------


def test_cancelled_and_lapsed_parts_risk_nothing() -> None:
    scene = on(defined(1_000, inPlay=True))
    bet = scene.bet("BACK", 3.1, 10)
    scene.venue.cancel(bet, 400)
    assert risk(scene) == -6.0
    scene.to(1_000)
    assert risk(scene) == 0.0


def test_a_removed_runner_can_neither_win_nor_leave_room_for_one_that_does() -> None:
    gone = [*RUNNERS[:2], runner(103, "REMOVED", factor=0.0), runner(104, "REMOVED", factor=0.0)]
    scene = on(defined(1_000, gone))
    scene.bet("BACK", 3.0, 10)
    scene.bet("BACK", 4.0, 10, 102)
    scene.bet("BACK", 9.0, 10, 103)
    assert risk(scene) == -30.0
    scene.to(1_000)
    assert risk(scene) == 0.0, "101 wins 20 or 102 wins 30, and the other loses 10"


def test_a_reduction_makes_a_risk_of_a_book_that_could_not_lose() -> None:
    """Three backed at 4.0 for 10 each: whichever wins earns 30 and 20 are lost. One goes with a
    factor of 60 %: 1.6 earns 6, and 10 are lost."""
    gone = [101, 102, runner(103, "REMOVED", factor=60.0)]
    rc = [offers(key, back=[[4.0, 50]]) for key in (101, 102, 103)]
    scene = on(defined(1_000, gone), rc=rc, runners=[101, 102, 103])
    for key in (101, 102, 103):
        scene.bet("BACK", 4.0, 10, key)
    assert risk(scene) == 0.0
    scene.to(1_000)
    assert risk(scene) == -4.0


def test_a_level_book_on_one_runner_stays_level_through_a_reduction() -> None:
    gone = [*RUNNERS[:3], runner(104, "REMOVED", factor=20.0)]
    scene = on(defined(1_000, gone), rc=[offers(101, back=[[4.0, 50]], lay=[[3.0, 50]])])
    scene.bet("BACK", 4.0, 15)
    scene.bet("LAY", 3.0, 20)
    outcomes = runner_outcomes_e4(scene.venue, scene.account().account_id, MARKET)
    assert (outcomes[101, 0], outcomes[102, 0]) == (50_000, 50_000)
    scene.to(1_000)
    assert runner_outcomes_e4(scene.venue, scene.account().account_id, MARKET) == outcomes
    assert risk(scene) == 0.0


def test_the_exposure_after_a_change_is_what_it_would_be_worked_out_anew() -> None:
    scene = on(defined(1_000, numberOfWinners=2))
    scene.bet("LAY", 3.2, 10)
    scene.bet("LAY", 4.2, 10, 102)
    assert risk(scene) == -22.0
    scene.to(1_000)
    assert risk(scene) == -54.0, "the definition changed, the bets did not"


def test_a_settled_market_risks_nothing_and_its_bets_are_forgotten() -> None:
    over = [runner(101, "WINNER"), *(runner(key, "LOSER") for key in RUNNERS[1:])]
    scene = on(defined(1_000, over, status="CLOSED"))
    scene.bet("BACK", 4.0, 10, 102)
    assert risk(scene) == -10.0
    scene.to(9_000)
    assert risk(scene) == 0.0
    assert available_e4(scene.venue, scene.account()) == DEPOSIT_E4 - 100_000
    assert runner_outcomes_e4(scene.venue, scene.account().account_id, MARKET) == dict.fromkeys(
        [(key, 0) for key in RUNNERS], 0
    )


# --- questions ------------------------------------------------------------------------------------


def test_asking_about_more_bets_changes_nothing() -> None:
    scene = on()
    scene.bet("BACK", 3.0, 10)
    extra = [unplaced(scene, "BACK", 3.0, 5), unplaced(scene, "LAY", 4.0, 5, 102)]
    asked = exposure_with_e4(scene.venue, scene.account(), MARKET, extra)
    assert asked == -300_000
    assert risk(scene) == -10.0
    assert exposure_with_e4(scene.venue, scene.account("two"), MARKET, extra) == -200_000


def test_outcomes_are_of_what_is_matched_by_who_wins_alone() -> None:
    scene = on()
    scene.bet("BACK", 3.0, 10)
    scene.bet("LAY", 4.2, 5, 102)
    scene.bet("BACK", 9.0, 50, 103)  # rests
    found = runner_outcomes_e4(scene.venue, scene.account().account_id, MARKET)
    assert found == {(101, 0): 250_000, (102, 0): -260_000, (103, 0): -50_000, (104, 0): -50_000}


# --- against every outcome ------------------------------------------------------------------------


def outcome_e4(bet: Bet, *, wins: bool) -> int:
    """What a bet comes to, what is unmatched counted as matched where that costs something."""
    sign = 1 if bet.side == "BACK" else -1
    matched = sum(
        sign * m.size_centi * (m.price_centi - 100 if wins else -100) for m in bet.matches
    )
    remaining = bet.remaining_centi if bet.is_executable else 0
    unmatched = sign * remaining * (bet.price_centi - 100 if wins else -100)
    return matched + min(0, unmatched)


def worst_by_trying(scene: Scene, account: str, bets: list[Bet]) -> int:
    """The least over every set of winners there may be."""
    definition = scene.market.definition
    running = [r.key for r in definition.runners if r.status == "ACTIVE"]
    places = definition.number_of_winners
    assert places is not None
    mine = [bet for bet in bets if bet.account_id == scene.account(account).account_id]
    sums = [
        sum(outcome_e4(bet, wins=bet.runner in winners) for bet in mine)
        for winners in combinations(running, min(places, len(running)))
    ]
    return min(0, *sums)


@settings(max_examples=80)
@given(placed=placed_bets(), places=st.integers(1, 3), extra=placed_bets())
def test_the_exposure_is_the_worst_of_all_outcomes(
    placed: list[Placed], places: int, extra: list[Placed]
) -> None:
    scene = Scene(*whole_life(places=places), accounts=2)
    for one in placed:
        scene.to(one.at_ms)
        if is_taken(scene, one):
            scene.place(one)
        bets = list(scene.venue.bets.values())
        for name in ("one", "two"):
            assert exposure_e4(scene.venue, scene.account(name)) == worst_by_trying(
                scene, name, bets
            )
    running = {r.key[0] for r in scene.market.definition.runners if r.status == "ACTIVE"}
    more = [
        unplaced(scene, one.side, one.price_centi / 100, one.size, one.selection_id)
        for one in extra
        if one.selection_id in running
    ]
    asked = exposure_with_e4(scene.venue, scene.account(), MARKET, more)
    assert asked == worst_by_trying(scene, "one", [*scene.venue.bets.values(), *more])
    assert asked <= exposure_e4(scene.venue, scene.account()) <= 0


@pytest.mark.parametrize("finished", [50, 500])
def test_how_much_is_worked_out_does_not_grow_with_finished_bets(
    finished: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Counted in bets looked at, not in time."""
    scene = on(rc=[offers(101, back=[[3.0, 10_000]])])
    for _ in range(finished):
        scene.bet("BACK", 3.0, 2)
    assert risk(scene) == -2.0 * finished
    looked: list[str] = []
    plain = exposure.outcome_of

    def counting(bet: Bet, *, is_line: bool) -> exposure.Outcome:
        looked.append(bet.bet_id)
        return plain(bet, is_line=is_line)

    monkeypatch.setattr(exposure, "outcome_of", counting)
    bet = scene.bet("BACK", 3.1, 2)
    exposure_with_e4(scene.venue, scene.account(), MARKET, [unplaced(scene, "BACK", 3.1, 2)])
    scene.venue.cancel(bet)
    assert risk(scene) == -2.0 * finished
    assert set(looked) == {bet.bet_id, "unplaced"}
    assert len(looked) <= 5
