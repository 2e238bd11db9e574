"""Matching: cases worked by hand, and what always holds."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trader.betfair.books import TAKEN_OF, RestedSide, TakenSide
from trader.betfair.signals.matched import Trade
from trader.betfair.signals.settings import SignalSettings
from trader.simulator.matching import OPPOSITE, SIDES, Match, RunnerMatching, RunnerMove

PRICES = (198, 199, 200, 202, 204)


@dataclass
class Public:
    """A public book: price → size of resting backs (`atl`) and lays (`atb`)."""

    backs: dict[int, int] = field(default_factory=dict)
    lays: dict[int, int] = field(default_factory=dict)

    def visible(self, side: RestedSide, price_centi: int) -> int | None:
        return (self.backs if side == "BACK" else self.lays).get(price_centi, 0)

    def offers(self, side: TakenSide) -> Iterable[tuple[int, int]]:
        levels = self.lays if side == "BACK" else self.backs
        return sorted(levels.items(), reverse=side == "BACK")


def matching(**changes: Any) -> RunnerMatching:
    return RunnerMatching(SignalSettings(**changes))


def move(book: Public, *trades: Trade, is_open: bool = True, upset: bool = False) -> RunnerMove:
    return RunnerMove(book, trades, is_open, upset)


def told(matches: list[Match]) -> list[tuple[str, int, int, str]]:
    return [(m.order_id, m.price_centi, m.size_centi, m.kind) for m in matches]


# --- worked by hand -----------------------------------------------------------------------------


def test_an_order_takes_offers_best_first_at_their_prices_and_rests_the_remainder() -> None:
    book = Public(lays={200: 500, 199: 300, 198: 900})
    ours = matching()
    matches = ours.place("a", "BACK", 199, 1000, book)
    assert told(matches) == [("a", 200, 500, "taken"), ("a", 199, 300, "taken")]
    assert ours.remaining_centi("a") == 200
    assert ours.own_at("BACK", 199) == 200


def test_what_was_taken_is_taken_until_the_offer_is_gone() -> None:
    book = Public(lays={200: 500})
    ours = matching()
    ours.place("a", "BACK", 200, 500, book)
    assert ours.place("b", "BACK", 200, 100, book) == []
    ours.move(move(book))
    assert ours.taken_at("BACK", 200) == 500
    book.lays[200] = 700  # 200 more are offered
    assert told(ours.move(move(book))) == [("b", 200, 100, "crossed")]
    book.lays[200] = 300
    ours.move(move(book))
    assert ours.taken_at("BACK", 200) == 300
    del book.lays[200]
    ours.move(move(book))
    assert ours.taken_at("BACK", 200) == 0
    book.lays[200] = 50
    assert told(ours.place("c", "BACK", 200, 80, book)) == [("c", 200, 50, "taken")]


def test_trades_consume_what_is_ahead_and_then_us_in_the_order_we_came() -> None:
    book = Public(backs={202: 1000})
    ours = matching()
    ours.place("a", "BACK", 202, 300, book)
    ours.place("b", "BACK", 202, 300, book)
    assert (ours.ahead_centi("a"), ours.ahead_centi("b")) == (1000, 1000)
    book.backs[202] = 200
    assert ours.move(move(book, Trade(202, 800, 0))) == []
    assert ours.ahead_centi("a") == 200
    del book.backs[202]
    matches = ours.move(move(book, Trade(202, 900, 0)))
    # 900 reach the price: 200 were ahead, 300 are a's, 300 are b's.
    assert told(matches) == [("a", 202, 300, "traded"), ("b", 202, 300, "traded")]
    assert len(ours) == 0


def test_volume_that_the_first_order_took_does_not_reach_the_second() -> None:
    book = Public(backs={202: 100})
    ours = matching()
    ours.place("a", "BACK", 202, 300, book)
    ours.place("b", "BACK", 202, 300, book)
    del book.backs[202]
    matches = ours.move(move(book, Trade(202, 450, 0)))
    assert told(matches) == [("a", 202, 300, "traded"), ("b", 202, 50, "traded")]
    assert ours.remaining_centi("b") == 250


def test_a_cancellation_is_split_by_the_queue_model() -> None:
    book = Public(backs={202: 1000})
    ours = matching(queue_model="risk_averse")
    ours.place("a", "BACK", 202, 300, book)
    book.backs[202] = 1500  # 500 more, behind us
    ours.move(move(book))
    book.backs[202] = 1200
    ours.move(move(book))
    assert ours.ahead_centi("a") == 1000, "risk averse: who left was behind"
    book.backs[202] = 900
    ours.move(move(book))
    assert ours.ahead_centi("a") == 900, "and cannot all have been"


def test_what_trades_beyond_our_price_meets_us_first() -> None:
    book = Public(backs={202: 1000, 204: 500})
    ours = matching()
    ours.place("a", "BACK", 202, 300, book)
    book.backs = {204: 100}
    matches = ours.move(move(book, Trade(204, 400, 0)))
    assert told(matches) == [("a", 202, 300, "traded")]


def test_trades_of_a_message_are_met_best_price_first() -> None:
    book = Public(backs={202: 1000, 204: 500})
    ours = matching()
    ours.place("a", "BACK", 202, 100, book)
    book.backs = {202: 950, 204: 470}
    matches = ours.move(move(book, Trade(204, 30, 0), Trade(202, 50, 0)))
    # The 50 at 2.02 were ahead of us; the 30 at 2.04 came past all of the queue.
    assert told(matches) == [("a", 202, 30, "traded")]


def test_a_lay_mirrors_a_back() -> None:
    book = Public(lays={198: 1000})
    ours = matching()
    ours.place("a", "LAY", 198, 300, book)
    del book.lays[198]
    matches = ours.move(move(book, Trade(198, 0, 1200)))
    assert told(matches) == [("a", 198, 200, "traded")]


def test_an_offer_that_crosses_us_takes_us_at_our_price_once() -> None:
    book = Public(backs={202: 1000})
    ours = matching()
    ours.place("a", "BACK", 202, 300, book)
    book.lays[204] = 200
    assert told(ours.move(move(book))) == [("a", 202, 200, "crossed")]
    assert ours.move(move(book)) == []
    assert ours.taken_at("BACK", 204) == 200


def test_a_suspended_market_crosses_nobody_and_does_not_compare() -> None:
    book = Public(backs={202: 1000})
    ours = matching()
    ours.place("a", "BACK", 202, 300, book)
    book.backs, book.lays = {}, {204: 500}
    assert ours.move(move(book, is_open=False)) == []
    assert ours.ahead_centi("a") == 1000, "what is not open tells nothing"


def test_a_fill_or_kill_prices_by_its_average() -> None:
    book = Public(lays={202: 100, 200: 100, 198: 1000})
    ours = matching()
    # Limit 200: 100 at 2.02 leave room for 100 at 1.98.
    matches = ours.fill_or_kill("a", "BACK", 200, 300, book)
    assert told(matches) == [
        ("a", 202, 100, "taken"),
        ("a", 200, 100, "taken"),
        ("a", 198, 100, "taken"),
    ]
    assert len(ours) == 0


def test_a_fill_or_kill_takes_all_or_at_least_its_minimum_or_nothing() -> None:
    book = Public(lays={200: 100})
    ours = matching()
    assert ours.fill_or_kill("a", "BACK", 200, 300, book) == []
    assert ours.fill_or_kill("b", "BACK", 200, 300, book, 150) == []
    assert told(ours.fill_or_kill("c", "BACK", 200, 300, book, 100)) == [("c", 200, 100, "taken")]


def test_our_orders_match_each_other_in_the_queue_with_the_public() -> None:
    book = Public(lays={200: 100})
    ours = matching()
    ours.place("a", "LAY", 200, 50, book)
    book.lays[200] = 300  # 200 more behind us
    ours.move(move(book))
    matches = ours.place("b", "BACK", 200, 200, book)
    assert told(matches) == [
        ("b", 200, 100, "taken"),
        ("b", 200, 50, "taken"),
        ("a", 200, 50, "taken"),
        ("b", 200, 50, "taken"),
    ]
    assert [m.against for m in matches] == [None, "a", "b", None]


def test_a_reduction_keeps_the_place_in_the_queue() -> None:
    book = Public(backs={202: 1000})
    ours = matching()
    ours.place("a", "BACK", 202, 300, book)
    assert ours.reduce("a", 100) == 100
    assert (ours.remaining_centi("a"), ours.ahead_centi("a")) == (200, 1000)
    assert ours.reduce("a", 900) == 200
    assert ours.reduce("a") == 0
    assert ours.reduce("nobody") == 0


def test_what_would_be_taken_is_known_before() -> None:
    book = Public(lays={200: 100})
    ours = matching()
    assert ours.would_take("BACK", 200, book)
    assert not ours.would_take("BACK", 202, book)
    ours.place("a", "BACK", 200, 100, book)
    assert not ours.would_take("BACK", 200, book), "it is taken"


# --- what always holds --------------------------------------------------------------------------

SIZES = st.integers(1, 1_000)


@dataclass(frozen=True)
class Act:
    """One step: an order, a reduction or a message."""

    kind: str
    side: RestedSide = "BACK"
    price: int = 200
    size: int = 100
    levels: tuple[tuple[RestedSide, int, int], ...] = ()
    trades: tuple[tuple[int, int, int], ...] = ()
    is_open: bool = True
    upset: bool = False


_SIDE = st.sampled_from(SIDES)
_PRICE = st.sampled_from(PRICES)
ACTS = st.lists(
    st.one_of(
        st.builds(Act, st.just("place"), _SIDE, _PRICE, SIZES),
        st.builds(Act, st.just("kill"), _SIDE, _PRICE, SIZES),
        st.builds(Act, st.just("reduce"), size=SIZES),
        st.builds(
            Act,
            st.just("move"),
            levels=st.lists(st.tuples(_SIDE, _PRICE, st.integers(0, 2_000)), max_size=4).map(tuple),
            trades=st.lists(
                st.tuples(_PRICE, st.integers(0, 900), st.integers(0, 900)), max_size=3
            ).map(lambda rows: tuple({row[0]: row for row in rows}.values())),
            is_open=st.booleans(),
            upset=st.booleans(),
        ),
    ),
    max_size=25,
)


class World:
    """A public market and ours in it; every step is checked against what must hold."""

    def __init__(self, model: str) -> None:
        self.book = Public()
        self.ours = matching(queue_model=model)
        self.placed: dict[str, tuple[RestedSide, int, int]] = {}
        self.matched: dict[str, int] = {}
        self.reduced: dict[str, int] = {}
        self.log: list[Match] = []

    def act(self, act: Act) -> None:
        order_id = f"o{len(self.placed)}"
        if act.kind in ("place", "kill"):
            self.placed[order_id] = (act.side, act.price, act.size)
            self._enter(act, order_id)
        elif act.kind == "reduce" and self.placed:
            target = sorted(self.placed)[act.size % len(self.placed)]
            gone = self.ours.reduce(target, act.size)
            self.reduced[target] = self.reduced.get(target, 0) + gone
        elif act.kind == "move":
            self._move(act)
        self._check_sizes()

    def _enter(self, act: Act, order_id: str) -> None:
        offered = self._net_offers(act.side)
        resting = {side: sum(self.ours.own_at(side, price) for price in PRICES) for side in SIDES}
        if act.kind == "place":
            matches = self.ours.place(order_id, act.side, act.price, act.size, self.book)
            taken = [m for m in matches if m.order_id == order_id]
            better = [m.price_centi >= act.price for m in taken]
            assert (
                all(better)
                if act.side == "BACK"
                else all(m.price_centi <= act.price for m in taken)
            )
        else:
            matches = self.ours.fill_or_kill(order_id, act.side, act.price, act.size, self.book)
            taken = [m for m in matches if m.order_id == order_id]
            total = sum(m.size_centi for m in taken)
            assert total in (0, act.size), "all or nothing"
            worth = sum(m.size_centi * m.price_centi for m in taken)
            assert worth >= total * act.price if act.side == "BACK" else worth <= total * act.price
            self.reduced[order_id] = act.size - total
        public = sum(m.size_centi for m in taken if m.against is None)
        own = sum(m.size_centi for m in taken if m.against is not None)
        assert public <= offered
        assert own <= resting[OPPOSITE[act.side]]
        prices = [m.price_centi for m in taken]
        assert prices == sorted(prices, reverse=act.side == "BACK"), "best price first"
        self._count(matches)

    def _move(self, act: Act) -> None:
        for side, price, size in act.levels:
            levels = self.book.backs if side == "BACK" else self.book.lays
            levels[price] = size
            if not size:
                del levels[price]
        trades = [Trade(*row) for row in act.trades]
        fresh = {side: self._net_offers_after(side) for side in SIDES}
        ahead = {side: self._queue(side) for side in SIDES}
        matches = self.ours.move(RunnerMove(self.book, trades, act.is_open, act.upset))
        for side in SIDES:
            of_side = [m for m in matches if self.placed[m.order_id][0] == side]
            traded = [m for m in of_side if m.kind == "traded"]
            for price in PRICES:
                beyond = [t.of(side) for t in trades if _at_or_beyond(side, t.price_centi, price)]
                ours = [m.size_centi for m in traded if _at_or_beyond(side, m.price_centi, price)]
                # What is filled at a price or beyond it has traded there.
                assert sum(ours) <= sum(beyond)
            crossed = sum(m.size_centi for m in of_side if m.kind == "crossed")
            assert crossed <= fresh[side], "no more is crossed than is offered"
            assert act.is_open or not crossed
            self._check_first_come(traded, ahead[side])
        self._count(matches)

    def _queue(self, side: RestedSide) -> list[tuple[str, int]]:
        """(order, remaining) of a side in the order they came."""
        mine = [(o, self.ours.remaining_centi(o)) for o in self.placed]
        return [(o, left) for o, left in mine if left and self.placed[o][0] == side]

    def _check_first_come(self, traded: list[Match], queue: list[tuple[str, int]]) -> None:
        """At one price nobody is filled before all who came earlier are filled whole."""
        filled: dict[str, int] = {}
        for match in traded:
            filled[match.order_id] = filled.get(match.order_id, 0) + match.size_centi
        for price in PRICES:
            short = False
            for order_id, left in queue:
                if self.placed[order_id][1] != price:
                    continue
                assert not (short and filled.get(order_id)), "first come, first filled"
                short = short or filled.get(order_id, 0) < left

    def _net_offers(self, taken: TakenSide) -> int:
        return sum(
            size - self.ours.taken_at(taken, price) for price, size in self.book.offers(taken)
        )

    def _net_offers_after(self, taken: TakenSide) -> int:
        """What of the offers is not taken, once what is taken has aged with them."""
        return sum(
            size - min(size, self.ours.taken_at(taken, price))
            for price, size in self.book.offers(taken)
        )

    def _count(self, matches: list[Match]) -> None:
        for match in matches:
            assert match.size_centi > 0
            self.matched[match.order_id] = self.matched.get(match.order_id, 0) + match.size_centi
        self.log += matches

    def _check_sizes(self) -> None:
        for order_id, (side, price, size) in self.placed.items():
            left = self.ours.remaining_centi(order_id)
            gone = self.matched.get(order_id, 0) + self.reduced.get(order_id, 0)
            assert left >= 0
            assert left + gone == size, "every hundredth is somewhere"
            ahead = self.ours.ahead_centi(order_id)
            assert (ahead is None) == (left == 0)
            assert ahead is None or ahead >= 0
            if left:
                assert self.ours.own_at(side, price) >= left
        for side in SIDES:
            for price in PRICES:
                assert self.ours.taken_at(side, price) >= 0


def _at_or_beyond(side: RestedSide, price: int, limit: int) -> bool:
    """Whether a price is `limit` or one that takers meet later."""
    return price >= limit if side == "BACK" else price <= limit


@pytest.mark.parametrize("model", ["risk_averse", "prob_power", "prob_log"])
def test_no_more_than_traded_first_come_first_filled_and_nothing_lost(model: str) -> None:
    @settings(deadline=None, max_examples=300)
    @given(ACTS)
    def holds(acts: list[Act]) -> None:
        world = World(model)
        for act in acts:
            world.act(act)

    holds()


@settings(deadline=None)
@given(ACTS)
def test_the_same_acts_give_the_same_matches(acts: list[Act]) -> None:
    worlds = World("prob_power"), World("prob_power")
    for world in worlds:
        for act in acts:
            world.act(act)
    assert worlds[0].log == worlds[1].log


def test_the_sides_are_named_consistently() -> None:
    assert {TAKEN_OF[side] for side in SIDES} == set(SIDES)
