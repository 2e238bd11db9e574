"""The venue: everything at its time, every change told once, nothing without a limit."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trader.betfair.messages import RunnerKey
from trader.simulator.exchange.oracle import ledger
from trader.simulator.exchange.testing import (
    DEPOSIT_E4,
    MARKET,
    T0_MS,
    Heard,
    MemoryFeed,
    Placed,
    Scene,
    defined,
    in_order,
    is_taken,
    offers,
    placed_bets,
    traded,
    whole_life,
)
from trader.simulator.exchange.venue import FIRST_BET_ID, Changes, LimitError, Venue, VenueConfig
from trader.simulator.feeds import GeneratedFeed
from trader.simulator.generator import RaceShape

A = (101, 0)
BOOK = offers(101, back=[[3.0, 20], [2.98, 30]], lay=[[3.1, 10]])


def quoted(*later: Any, **config: Any) -> Scene:
    return Scene(defined(0, image=True, rc=[BOOK]), *later, **config)


# --- time -----------------------------------------------------------------------------------------


def test_events_happen_at_their_time_and_timers_between_them() -> None:
    scene = quoted(traded(1_000, offers(101, back=[[3.0, 25]])), traded(2_000, offers(101)))
    seen: list[tuple[int, int]] = []

    def look() -> None:
        offered = scene.market.runner(A).offered("atb", 300)
        seen.append((scene.venue.now_ms - T0_MS, offered))

    for at_ms in (999, 1_000, 1_500):
        scene.venue.timers.at(T0_MS + at_ms, look)
    assert scene.venue.next_due_ms() == T0_MS + 999
    scene.to(5_000)
    # What is asked for after the event was is done after it.
    assert seen == [(999, 2_000), (1_000, 2_500), (1_500, 2_500)]
    assert scene.venue.now_ms == T0_MS + 5_000
    assert scene.venue.events == 3
    assert scene.venue.feed_ended
    assert scene.venue.next_due_ms() is None


def test_a_venue_that_starts_late_is_given_what_happened_before_at_once() -> None:
    feed = MemoryFeed([defined(0, image=True), traded(500, BOOK), traded(9_000, BOOK)])
    venue = Venue(VenueConfig(), feed, start_ms=T0_MS + 1_000)
    assert venue.markets == {}
    venue.advance(T0_MS + 1_000)
    assert venue.markets[MARKET].runner(A).ladder("atb") == [(300, 2_000), (298, 3_000)]
    assert venue.next_due_ms() == T0_MS + 9_000


def test_a_venue_of_a_generated_race_settles_what_was_bet_on_it() -> None:
    feed = GeneratedFeed(5, shape=RaceShape(pre_off_s=5.0, in_play_s=3.0, runners=4, bsp=True))
    venue = Venue(VenueConfig(seed=3), feed)
    venue.advance(feed.first_pt_ms + 1_000)
    (market,) = venue.markets.values()
    assert market.status == "OPEN"
    assert list(venue.catalogue) == [market.market_id]
    while (due_ms := venue.next_due_ms()) is not None:
        venue.advance(due_ms)
    assert market.status == "CLOSED"
    assert market.is_settled
    assert venue.feed_ended


# --- bets -----------------------------------------------------------------------------------------


def test_bet_ids_rise_by_one() -> None:
    scene = quoted()
    ids = [scene.bet("BACK", 3.1, 2).bet_id for _ in range(3)]
    assert ids == [str(FIRST_BET_ID + i) for i in range(3)]


def test_a_bet_takes_the_best_offers_first_and_the_rest_waits() -> None:
    scene = quoted()
    bet = scene.bet("BACK", 2.98, 60)
    assert [(m.price_centi, m.size_centi) for m in bet.matches] == [(300, 2_000), (298, 3_000)]
    assert (bet.status, bet.remaining_centi) == ("EXECUTABLE", 1_000)
    assert scene.market.runner(A).offered("atl", 298) == 1_000


def test_fill_or_kill_takes_at_an_average_within_the_limit_or_nothing() -> None:
    scene = quoted()
    killed = scene.bet("BACK", 3.0, 30, time_in_force="FILL_OR_KILL")
    assert (killed.status, killed.matched_centi, killed.cancelled_centi) == ("EXPIRED", 0, 3_000)
    part = scene.bet("BACK", 3.0, 30, time_in_force="FILL_OR_KILL", min_fill_centi=500)
    assert (part.status, part.matched_centi, part.cancelled_centi) == ("EXPIRED", 2_000, 1_000)
    whole = scene.bet("BACK", 2.98, 30, time_in_force="FILL_OR_KILL")
    assert (whole.status, whole.matched_centi) == ("EXECUTION_COMPLETE", 3_000)
    assert scene.market.live == {}
    for bet in (killed, part, whole):
        in_order(bet)


def test_a_cancelled_part_leaves_the_rest_in_its_place_of_the_queue() -> None:
    eaten = offers(101, lay=[[3.1, 0]], traded=[[3.1, 28]])
    scene = quoted(traded(1_000, eaten), accounts=2)
    first = scene.bet("BACK", 3.1, 5)
    second = scene.bet("BACK", 3.1, 5, account="two")
    assert scene.venue.cancel(first, 200) == 200
    assert first.remaining_centi == 300
    scene.to(1_000)
    assert (first.matched_centi, second.matched_centi) == (300, 100), "14 less the 10 ahead"


def test_no_more_is_cancelled_than_remains_and_nothing_twice() -> None:
    scene = quoted()
    bet = scene.bet("BACK", 3.1, 5)
    assert scene.venue.cancel(bet, 10_000) == 500
    assert scene.venue.cancel(bet) == 0
    assert (bet.status, bet.cancelled_centi) == ("EXECUTION_COMPLETE", 500)
    assert scene.market.runner(A).ladder("atl") == [(310, 1_000)]


def test_what_left_the_market_is_not_matched_until_it_rests_again() -> None:
    crossing = [offers(101, lay=[[3.1, 0]], back=[[3.2, 50]])]
    scene = quoted(traded(1_000, *crossing), traded(2_000, offers(101, back=[[1.01, 5]])))
    bet = scene.bet("BACK", 3.1, 5)
    scene.venue.leave(bet)
    scene.to(1_000)
    assert (bet.matched_centi, bet.remaining_centi) == (0, 500)
    scene.venue.rest(bet)
    assert bet.matches == [], "it takes nothing"
    scene.to(2_000)
    assert [(m.price_centi, m.size_centi) for m in bet.matches] == [(310, 500)]


def test_two_accounts_may_be_matched_with_each_other() -> None:
    scene = quoted(accounts=2)
    back = scene.bet("BACK", 3.05, 5)
    lay = scene.bet("LAY", 3.05, 3, account="two")
    assert (back.matched_centi, lay.matched_centi) == (300, 300)
    assert back.matches[0].price_centi == lay.matches[0].price_centi == 305


# --- limits ---------------------------------------------------------------------------------------


def test_bets_beyond_the_limit_are_refused_and_change_nothing() -> None:
    scene = quoted(bets_max=2)
    for _ in range(2):
        scene.bet("BACK", 3.1, 2)
    with pytest.raises(LimitError, match="holds 2 bets"):
        scene.bet("BACK", 3.1, 2)
    assert len(scene.venue.bets) == len(scene.market.bets) == len(scene.account().bets) == 2


def test_markets_beyond_the_limit_are_refused() -> None:
    events = [defined(0, image=True), defined(1_000, image=True, market_id="1.2")]
    scene = Scene(*events, markets_max=1)
    with pytest.raises(LimitError, match="holds 1 markets"):
        scene.to(1_000)
    assert list(scene.venue.markets) == [MARKET]


# --- accounts -------------------------------------------------------------------------------------


def test_accounts_have_their_deposit_and_an_id_of_their_own() -> None:
    scene = quoted(accounts=3)
    ids = [scene.account(name).account_id for name in ("one", "two", "three")]
    assert len(set(ids)) == 3
    assert [scene.venue.account(account_id).balance_e4 for account_id in ids] == [DEPOSIT_E4] * 3
    with pytest.raises(KeyError):
        scene.venue.account("nobody")


def test_sessions_expire_by_the_venues_time() -> None:
    scene = quoted(session_ms=1_000)
    session = scene.venue.sessions.open(scene.account(), scene.venue.now_ms)
    assert scene.venue.session(session.token) is session
    scene.to(1_000)
    assert scene.venue.session(session.token) is None


# --- who is told ----------------------------------------------------------------------------------


def test_a_flush_without_changes_tells_nobody_and_has_no_number() -> None:
    scene = quoted()
    told, seq = len(scene.heard.changes), scene.venue.seq
    scene.venue.flush()
    assert (len(scene.heard.changes), scene.venue.seq) == (told, seq)


def test_bets_are_told_by_account_in_the_order_of_their_first_change() -> None:
    scene = quoted(accounts=2)
    first = scene.bet("BACK", 3.05, 2)
    second = scene.bet("BACK", 3.05, 2)
    taker = scene.bet("LAY", 3.05, 4, account="two")
    last = scene.heard.changes[-1]
    assert last.bets == {
        scene.account("two").account_id: [taker],
        scene.account().account_id: [first, second],
    }
    assert {bet.changed_seq for bet in (first, second, taker)} == {last.seq}
    assert last.at_ms == scene.venue.now_ms


def test_whoever_ignores_the_venue_is_told_no_more_and_may_do_so_while_told() -> None:
    scene = quoted()

    class Once(Heard):
        def changed(self, changes: Any) -> None:
            super().changed(changes)
            scene.venue.ignore(self)

    once, other = Once(), Heard()
    scene.venue.listen(once)
    scene.venue.listen(other)
    for _ in range(2):
        scene.bet("BACK", 3.1, 2)
    assert (len(once.changes), len(other.changes)) == (1, 2)
    scene.venue.ignore(once)


def test_a_market_that_becomes_known_later_is_in_the_catalogue() -> None:
    scene = Scene(defined(0, image=True), defined(1_000, image=True, market_id="1.2"))
    scene.to(1_000)
    assert list(scene.venue.catalogue) == [MARKET, "1.2"]


# --- the same again -------------------------------------------------------------------------------


def play(placed: list[Placed], stops: list[int]) -> tuple[dict[str, Any], list[Any]]:
    """The venue's whole life with these bets, stopping at these times on the way."""
    scene = Scene(*whole_life(), accounts=2)
    for stop in sorted({*stops, *(one.at_ms for one in placed)}):
        scene.to(stop)
        for one in placed:
            if one.at_ms == stop and is_taken(scene, one):
                scene.place(one)
        for bet in scene.venue.bets.values():
            in_order(bet)
    scene.to(10_000)
    told = [
        (
            changes.seq,
            changes.at_ms,
            {key: (shown.definition, shown.runners) for key, shown in changes.markets.items()},
            {key: [bet.bet_id for bet in bets] for key, bets in changes.bets.items()},
        )
        for changes in scene.heard.changes
    ]
    return ledger(scene.venue), told


@settings(max_examples=40)
@given(placed=placed_bets(), stops=st.lists(st.integers(0, 9_000), max_size=8))
def test_the_steps_of_advancing_change_nothing(placed: list[Placed], stops: list[int]) -> None:
    state, told = play(placed, stops)
    assert (state, told) == play(placed, [])
    assert [seq for seq, *_ in told] == list(range(1, len(told) + 1))


Shown = dict[tuple[RunnerKey, str, int], int]
"""(runner, array, price) → size, of all that is shown."""


def shown(scene: Scene) -> Shown:
    return {
        (key, array, price): size_centi
        for key, display in scene.market.runners.items()
        for array, rows in (
            ("atb", display.ladder("atb")),
            ("atl", display.ladder("atl")),
            ("trd", display.traded_ladder()),
        )
        for price, size_centi in rows
    }


@settings(max_examples=40)
@given(placed=placed_bets())
def test_a_client_that_keeps_to_what_it_is_told_has_the_market_as_it_is(
    placed: list[Placed],
) -> None:
    scene = Scene(*whole_life(), accounts=2)
    kept = shown(scene)

    class Client:
        def changed(self, changes: Changes) -> None:
            told = changes.markets[MARKET].runners if MARKET in changes.markets else {}
            for key, cells in told.items():
                display = scene.market.runner(key)
                for array, price in ((array, int(price)) for array, price in cells):
                    if array in ("atb", "atl"):
                        kept[key, array, price] = display.offered(array, price)
                    elif array == "trd":
                        kept[key, array, price] = display.traded(price)
            assert {cell: size for cell, size in kept.items() if size} == shown(scene)

    scene.venue.listen(Client())
    for one in placed:
        scene.to(one.at_ms)
        if is_taken(scene, one):
            scene.place(one)
    scene.to(10_000)
