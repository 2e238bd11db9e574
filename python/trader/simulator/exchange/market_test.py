"""The public market goes on with our orders in it; what changed is told once, and again since."""

from __future__ import annotations

from typing import Any

import pytest

from trader.betfair.messages import UNDEFINED
from trader.betfair.normalize import read_message
from trader.betfair.signals.settings import SignalSettings
from trader.simulator.exchange.bets import Bet
from trader.simulator.exchange.display import Cell
from trader.simulator.exchange.market import ExchangeMarket
from trader.simulator.exchange.testing import (
    MARKET,
    T0_MS,
    Scene,
    change,
    defined,
    definition,
    event,
    offers,
    runner,
    traded,
)

A = (101, 0)
B = (102, 0)
BOOK = offers(101, back=[[3.0, 20]], lay=[[3.1, 10]], traded=[[3.05, 40]])


def at_start(*later: dict[str, Any]) -> Scene:
    """A market with BOOK, and `mc` entries at 1 s, 2 s and so on."""
    events = [event(1_000 * (i + 1), entry) for i, entry in enumerate(later)]
    return Scene(defined(0, image=True, rc=[BOOK]), *events, accounts=2)


def cells(scene: Scene) -> dict[tuple[int, int], set[Cell]]:
    """What the last flush told of the market."""
    return scene.heard.changes[-1].markets[MARKET].runners


# --- the public market meets our orders ----------------------------------------------------------


def test_trades_consume_what_is_ahead_before_ours() -> None:
    scene = at_start(
        change([offers(101, lay=[[3.1, 4]], traded=[[3.1, 12]])]),
        change([offers(101, lay=[[3.1, 0]], traded=[[3.1, 26]])]),
    )
    bet = scene.bet("BACK", 3.1, 5)
    scene.to(1_000)
    assert bet.matched_centi == 0, "12 traded is 6 of the back side: 4 of the 10 are still ahead"
    scene.to(2_000)
    assert [(m.price_centi, m.size_centi) for m in bet.matches] == [(310, 300)]
    assert bet.matches[0].at_ms == T0_MS + 2_000


def test_an_offer_that_crosses_ours_takes_it_at_our_price() -> None:
    scene = at_start(change([offers(101, back=[[3.2, 3]], lay=[[3.1, 0]])]))
    bet = scene.bet("BACK", 3.15, 5)
    scene.to(1_000)
    assert [(m.price_centi, m.size_centi) for m in bet.matches] == [(315, 300)]
    assert bet.remaining_centi == 200


def test_nothing_is_matched_while_the_market_is_suspended_and_trading_goes_on_after() -> None:
    crossing = offers(101, back=[[3.2, 3]], lay=[[3.1, 0]])
    scene = at_start(
        change([crossing], definition(status="SUSPENDED", version=2)),
        change([], definition(version=3)),
    )
    bet = scene.bet("BACK", 3.15, 5)
    scene.to(1_000)
    assert bet.matched_centi == 0
    scene.to(2_000)
    assert bet.matched_centi == 300


def test_an_image_is_no_trade_but_its_offers_may_cross() -> None:
    image = [offers(101, back=[[3.0, 20]], lay=[[3.1, 1]], traded=[[3.1, 400]])]
    scene = at_start(change(image, image=True))
    bet = scene.bet("BACK", 3.1, 5)
    scene.to(1_000)
    assert bet.matched_centi == 0


def test_one_runners_prices_leave_bets_on_another_alone() -> None:
    scene = at_start(change([offers(102, back=[[3.2, 3]])]))
    bet = scene.bet("BACK", 3.1, 5)
    scene.to(1_000)
    assert bet.matched_centi == 0


def test_a_market_without_a_definition_takes_no_side_but_is_open() -> None:
    market = ExchangeMarket(MARKET, SignalSettings())
    assert market.definition is UNDEFINED
    assert (market.status, market.version) == ("OPEN", 0)
    assert market.runner_definition(A) is None


def test_the_definition_before_is_returned_and_the_new_one_kept_as_spelled() -> None:
    market = ExchangeMarket(MARKET, SignalSettings())

    def apply(raw: dict[str, Any], at_ms: int) -> str | None:
        entry = change([], raw)
        message = read_message({"op": "mcm", "pt": at_ms, "mc": [entry]})
        assert message is not None
        before = market.apply(entry, message.changes[0], at_ms)
        market.match()
        return before.status

    assert apply(definition(), 1) is None
    assert apply(definition(status="SUSPENDED", extra="kept"), 2) == "OPEN"
    assert (market.raw_definition or {})["extra"] == "kept"
    assert market.status == "SUSPENDED"


def test_match_is_called_once_for_each_entry_applied() -> None:
    market = ExchangeMarket(MARKET, SignalSettings())
    with pytest.raises(AssertionError, match="something was applied"):
        market.match()


def test_a_market_twice_in_one_message_is_applied_twice_in_order() -> None:
    both = event(
        1_000,
        change([offers(101, lay=[[3.1, 4]], traded=[[3.1, 12]])]),
        change([offers(101, lay=[[3.1, 0]], traded=[[3.1, 26]])]),
    )
    scene = Scene(defined(0, image=True, rc=[BOOK]), both)
    bet = scene.bet("BACK", 3.1, 5)
    scene.to(1_000)
    assert bet.matched_centi == 300
    assert len([c for c in scene.heard.changes if MARKET in c.markets]) == 3


# --- what changed ---------------------------------------------------------------------------------


def test_a_change_names_the_cells_it_changed_and_no_others() -> None:
    scene = at_start(change([offers(101, back=[[3.0, 0], [2.9, 5]], ltp=3.0)]))
    scene.to(1_000)
    assert cells(scene) == {A: {("atb", 300), ("atb", 290), ("ltp", 0)}}
    assert not scene.heard.changes[-1].markets[MARKET].definition


def test_an_order_changes_the_cell_it_rests_in_and_the_ones_it_takes() -> None:
    scene = at_start()
    scene.bet("BACK", 3.05, 2)
    assert cells(scene) == {A: {("atl", 305)}}
    scene.bet("BACK", 3.0, 2)
    changed = cells(scene)[A]
    assert {("atb", 300), ("trd", 300), ("ltp", 0), ("tv", 0)} <= changed
    assert ("atl", 305) not in changed


def test_a_level_that_moves_changes_every_price_it_moves_over() -> None:
    """Offers by level: level 0 goes, and level 1 comes to be it."""
    levels = [{"id": 101, "batb": [[0, 3.0, 20], [1, 2.9, 5]], "batl": [[0, 3.1, 10]]}]
    moved = change([{"id": 101, "batb": [[0, 2.9, 5], [1, 0, 0]]}])
    scene = Scene(defined(0, image=True, rc=levels), event(1_000, moved))
    scene.to(1_000)
    assert scene.market.runner(A).ladder("atb") == [(290, 500)]
    assert ("atb", 300) in cells(scene)[A]
    assert ("atb", 290) not in cells(scene)[A]


def test_what_changed_since_a_number_is_what_the_flushes_after_it_told() -> None:
    scene = at_start(
        change([offers(101, back=[[3.0, 21]])]),
        change([offers(102, lay=[[5.0, 1]])], definition(version=2)),
        change([offers(101, back=[[3.0, 22]])]),
    )
    seqs = [scene.to(1_000 * i).venue.seq for i in range(4)]
    whole = scene.market.changes_since(seqs[0])
    assert whole.definition
    assert whole.runners == {A: {("atb", 300)}, B: {("atl", 500)}}
    last = scene.market.changes_since(seqs[2])
    assert (last.definition, last.runners) == (False, {A: {("atb", 300)}})
    assert not scene.market.changes_since(seqs[3])


def test_everything_is_what_an_image_needs() -> None:
    scene = at_start()
    scene.bet("LAY", 2.0, 3, 102)
    everything = scene.market.everything()
    assert everything.definition
    assert everything.runners[A] == {("atb", 300), ("atl", 310), ("trd", 305)}
    assert everything.runners[B] == {("atb", 200)}


def test_the_traded_total_is_the_markets_own_where_it_tells_one() -> None:
    told = change([offers(101, traded=[[3.05, 50]], tv=50)], tv=60.5)
    scene = at_start(told)
    assert scene.market.total_traded() == 4_000
    scene.to(1_000)
    assert scene.market.total_traded() == 6_050
    scene.bet("BACK", 3.0, 1)
    assert scene.market.total_traded() == 6_250


def test_bets_are_kept_in_placing_order_and_live_until_they_end() -> None:
    scene = at_start()
    bets: list[Bet] = [scene.bet("BACK", 3.0 + i / 50, 2) for i in range(4)]
    assert list(scene.market.bets.values()) == bets
    assert list(scene.market.live.values()) == bets[1:], "the first took what was there"
    scene.venue.cancel(bets[2])
    assert list(scene.market.live.values()) == [bets[1], bets[3]]


def test_removed_runners_are_known_with_their_factors_in_order() -> None:
    scene = Scene(
        defined(0, image=True),
        defined(1_000, [101, runner(102, "REMOVED", factor=12.5), 103]),
        defined(2_000, [runner(101, "REMOVED_VACANT", factor=None), runner(102, "REMOVED"), 103]),
    )
    scene.to(2_000)
    assert list(scene.market.removals.items()) == [(B, 12.5), (A, 0.0)]


def test_a_runner_of_a_handicap_is_another_one_by_its_line() -> None:
    lines = [runner(101, handicap=line) for line in (-0.5, 0.5)]
    book = [
        offers(101, back=[[1.9, 10]], handicap=-0.5),
        offers(101, back=[[2.1, 10]], handicap=0.5),
    ]
    scene = Scene(
        defined(0, lines, image=True, rc=book, numberOfWinners=0, bspMarket=False),
        traded(1_000, offers(101, back=[[1.9, 3]], handicap=-0.5)),
    )
    bet = scene.bet("BACK", 1.9, 4, handicap=-0.5)
    assert bet.matched_centi == 400
    scene.to(1_000)
    assert set(cells(scene)) == {(101, -50)}
    assert scene.market.runner((101, 50)).ladder("atb") == [(210, 1_000)]
