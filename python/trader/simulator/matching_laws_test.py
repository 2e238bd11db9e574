"""Matching: what always holds, whatever the public market and we do."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trader.betfair.books import TAKEN_OF, RestedSide
from trader.betfair.signals.matched import Trade
from trader.simulator.matching import OPPOSITE, SIDES, Match, MatchKind
from trader.simulator.public_book_for_tests import ByLevel, Public, matching, move

PRICES = (196, 198, 199, 200, 201, 202, 204)
"""Mirrored at 2.00, as MIRROR - price."""
MIRROR = 400


@dataclass(frozen=True)
class Act:
    """One step: an order, a reduction or a message."""

    kind: str
    side: RestedSide = "BACK"
    price: int = 200
    size: int = 100
    min_fill: int | None = None
    levels: tuple[tuple[RestedSide, int, int], ...] = ()
    trades: tuple[tuple[int, int, int], ...] = ()
    is_open: bool = True
    upset: bool = False

    def mirrored(self) -> Act:
        """The same with backs for lays and prices turned round."""
        return Act(
            self.kind,
            OPPOSITE[self.side],
            MIRROR - self.price,
            self.size,
            self.min_fill,
            tuple((OPPOSITE[side], MIRROR - price, size) for side, price, size in self.levels),
            tuple((MIRROR - price, lays, backs) for price, backs, lays in self.trades),
            self.is_open,
            self.upset,
        )


SIDE = st.sampled_from(SIDES)
PRICE = st.sampled_from(PRICES)
SIZE = st.integers(1, 400)
OFTEN = st.sampled_from((True, True, True, False))
TRADES = st.lists(
    st.tuples(PRICE, st.integers(0, 600), st.integers(0, 600)), max_size=3, unique_by=lambda r: r[0]
)
ACTS = st.lists(
    st.one_of(
        st.builds(Act, st.just("place"), SIDE, PRICE, SIZE),
        st.builds(Act, st.just("kill"), SIDE, PRICE, SIZE, st.none() | st.integers(1, 200)),
        st.builds(Act, st.just("reduce"), size=SIZE),
        st.builds(
            Act,
            st.just("move"),
            levels=st.lists(st.tuples(SIDE, PRICE, st.integers(0, 900)), max_size=5).map(tuple),
            trades=TRADES.map(tuple),
            is_open=OFTEN,
            upset=OFTEN.map(lambda often: not often),
        ),
    ),
    max_size=25,
)


@dataclass(frozen=True)
class Placed:
    """An order as it was sent."""

    side: RestedSide
    price: int
    size: int


class World:
    """A public market and ours in it; every step is checked against what must hold."""

    def __init__(self, model: str = "prob_power", book: Public | None = None) -> None:
        self.book = book if book is not None else Public()
        self.ours = matching(queue_model=model)
        self.placed: dict[str, Placed] = {}
        self.gone: Counter[str] = Counter()
        """What of an order was matched, reduced or killed."""
        self.matches: list[Match] = []
        self.was_open = True

    def act(self, act: Act) -> None:
        if act.kind in ("place", "kill"):
            order_id = f"o{len(self.placed):02}"
            self.placed[order_id] = Placed(act.side, act.price, act.size)
            self._enter(act, order_id)
        elif act.kind == "reduce" and self.placed:
            target = sorted(self.placed)[act.size % len(self.placed)]
            self.gone[target] += self.ours.reduce(target, act.size)
        elif act.kind == "move":
            self._move(act)
        self._check_sizes()
        self._check_queues()

    # --- taking ---------------------------------------------------------------------------------

    def _enter(self, act: Act, order_id: str) -> None:
        offered = list(self._offered(act.side))
        if act.kind == "place":
            matches = self.ours.place(order_id, act.side, act.price, act.size, self.book)
            wanted = min(act.size, sum(s for p, s in offered if not _worse(act.side, p, act.price)))
            assert len(self.ours) >= (wanted < act.size), "the rest of it rests"
        else:
            matches = self.ours.fill_or_kill(
                order_id, act.side, act.price, act.size, self.book, act.min_fill
            )
            wanted = most_within_average(act, offered)
            least = act.size if act.min_fill is None else act.min_fill
            wanted = wanted if wanted >= least else 0
            self.gone[order_id] += act.size - wanted
        mine = [m for m in matches if m.order_id == order_id]
        assert sum(m.size_centi for m in mine) == wanted, "all that is there for it, and no more"
        prices = [m.price_centi for m in mine]
        assert prices == sorted(prices, reverse=act.side == "BACK"), "best price first"
        if act.kind == "place":
            assert not any(_worse(act.side, price, act.price) for price in prices)
        self._check_pairs(order_id, matches)
        self._take_in(matches)

    def _offered(self, side: RestedSide) -> Iterator[tuple[int, int]]:
        """(price, size) there is for an order on `side`, of the public and of ours, best first."""
        rested = OPPOSITE[side]
        for price in sorted(PRICES, reverse=side == "BACK"):
            public = self.book.resting(rested).get(price, 0) - self.ours.taken_at(side, price)
            yield price, public + self.ours.own_at(rested, price)

    def _check_pairs(self, order_id: str, matches: Sequence[Match]) -> None:
        """Two of ours with each other: the same size at the same price, told of both."""
        ours = [(m.order_id, m.against, m.price_centi, m.size_centi) for m in matches if m.against]
        assert ours == [
            pair for one in ours[::2] for pair in (one, (one[1], one[0], one[2], one[3]))
        ]
        for match in matches:
            assert match.kind == "taken"
            assert order_id in (match.order_id, match.against)
            assert match.offer_centi == (None if match.against else match.price_centi)

    # --- messages -------------------------------------------------------------------------------

    def _move(self, act: Act) -> None:
        for side, price, size in act.levels:
            self.book.resting(side)[price] = size
            if not size:
                del self.book.resting(side)[price]
        trades = [Trade(*row) for row in act.trades]
        before = {o: left for o in self.placed if (left := self.ours.remaining_centi(o))}
        taken = {
            (side, price): self.ours.taken_at(side, price) for side in SIDES for price in PRICES
        }
        told = move(self.book, *trades, is_open=act.is_open, upset=act.upset)
        matches = self.ours.move(told)
        self.was_open = act.is_open
        for match in matches:
            assert match.price_centi == self.placed[match.order_id].price, "at its own price"
            assert match.against is None
        for side in SIDES:
            of_side = [m for m in matches if self.placed[m.order_id].side == side]
            self._check_volume(side, trades, [m for m in of_side if m.kind == "traded"])
            crossed = [m for m in of_side if m.kind == "crossed"]
            assert act.is_open or not crossed
            self._check_crossed(side, taken, crossed)
            self._check_first_come(side, before, of_side, "traded")
            self._check_first_come(side, before, of_side, "crossed")
        self._take_in(matches)

    def _check_volume(
        self, side: RestedSide, trades: Sequence[Trade], traded: Sequence[Match]
    ) -> None:
        """What is filled at a price or beyond it was traded there."""
        for price in PRICES:
            there = sum(t.of(side) for t in trades if not _before(side, t.price_centi, price))
            ours = sum(m.size_centi for m in traded if not _before(side, m.price_centi, price))
            assert ours <= there

    def _check_crossed(
        self,
        side: RestedSide,
        taken: dict[tuple[RestedSide, int], int],
        crossed: Sequence[Match],
    ) -> None:
        """No more of an offer takes ours than it is, and not at a price that it does not reach."""
        by_offer: Counter[int] = Counter()
        for match in crossed:
            assert match.offer_centi is not None
            assert not _worse(side, match.offer_centi, match.price_centi)
            by_offer[match.offer_centi] += match.size_centi
        for price, size in by_offer.items():
            there = self.book.resting(OPPOSITE[side]).get(price, 0)
            assert size <= there - min(there, taken[side, price])
        if self.was_open:
            best = [p for p, s in self._offered(side) if s > self.ours.own_at(OPPOSITE[side], p)]
            for price in PRICES:
                if self.ours.own_at(side, price):
                    assert all(_worse(side, p, price) for p in best), "what crosses was taken"

    def _check_first_come(
        self, side: RestedSide, before: dict[str, int], matches: Sequence[Match], kind: MatchKind
    ) -> None:
        """Nobody is filled before all at better prices, and all at its price who came earlier, are
        filled whole."""
        filled: Counter[str] = Counter()
        for match in matches:
            if match.kind == "traded" or kind == "crossed":
                filled[match.order_id] += match.size_centi
        served = {m.order_id for m in matches if m.kind == kind}
        mine = [o for o in before if self.placed[o].side == side]
        mine.sort(key=lambda o: (self.placed[o].price * (1 if side == "BACK" else -1), o))
        short = False
        for order_id in mine:
            assert not (short and order_id in served), "first come, first filled"
            short = short or filled[order_id] < before[order_id]

    # --- at any time ----------------------------------------------------------------------------

    def _take_in(self, matches: Sequence[Match]) -> None:
        for match in matches:
            assert match.size_centi > 0
            self.gone[match.order_id] += match.size_centi
        self.matches += matches

    def _check_sizes(self) -> None:
        rests: Counter[tuple[RestedSide, int]] = Counter()
        for order_id, order in self.placed.items():
            left = self.ours.remaining_centi(order_id)
            assert left >= 0
            assert left + self.gone[order_id] == order.size, "every hundredth is somewhere"
            rests[order.side, order.price] += left
        for side in SIDES:
            for price in PRICES:
                assert self.ours.own_at(side, price) == rests[side, price]
                assert (price in self.ours.own_prices(side)) == (rests[side, price] > 0)
                there = self.book.resting(OPPOSITE[side]).get(price, 0)
                assert 0 <= self.ours.taken_at(side, price) <= there, "taken is of what is shown"
                assert (price in self.ours.taken_prices(side)) == (
                    self.ours.taken_at(side, price) > 0
                )

    def _check_queues(self) -> None:
        least: dict[tuple[RestedSide, int], float] = {}
        for order_id, order in self.placed.items():
            ahead = self.ours.ahead_centi(order_id)
            assert (ahead is None) == (self.ours.remaining_centi(order_id) == 0)
            if ahead is None:
                continue
            place = order.side, order.price
            assert ahead >= least.get(place, 0), "not before those who came earlier"
            least[place] = ahead
            if self.was_open:
                shown = self.book.resting(order.side).get(order.price, 0)
                assert ahead <= shown - self.ours.taken_at(TAKEN_OF[order.side], order.price)


def _before(side: RestedSide, price: int, other: int) -> bool:
    """Whether takers meet an order on `side` at a price before one at another."""
    return price < other if side == "BACK" else price > other


def _worse(side: RestedSide, price: int, limit: int) -> bool:
    """Whether a price is beyond the limit of an order on `side`."""
    return price < limit if side == "BACK" else price > limit


def most_within_average(act: Act, offered: Sequence[tuple[int, int]]) -> int:
    """The most that can be taken at an average within the limit, hundredth by hundredth."""
    worth = most = count = 0
    for price, size in offered:
        for _ in range(min(size, act.size - count)):
            count += 1
            worth += price
            if not _worse(act.side, worth, count * act.price):
                most = count
    return most


@pytest.mark.parametrize("model", ["risk_averse", "prob_power", "prob_log"])
def test_no_more_than_traded_first_come_first_filled_and_nothing_lost(model: str) -> None:
    @settings(deadline=None, max_examples=250)
    @given(ACTS)
    def holds(acts: list[Act]) -> None:
        world = World(model)
        for act in acts:
            world.act(act)

    holds()


@settings(deadline=None)
@given(ACTS)
def test_the_same_acts_give_the_same_matches(acts: list[Act]) -> None:
    worlds = World(), World(), World(book=ByLevel())
    for world in worlds:
        for act in acts:
            world.act(act)
    assert worlds[0].matches == worlds[1].matches
    totals = [Counter[tuple[str, str, int]]() for _ in worlds]
    for total, world in zip(totals, worlds, strict=True):
        for match in world.matches:
            total[match.order_id, match.kind, match.price_centi] += match.size_centi
    assert totals[0] == totals[2], "also where an offer comes in two rows"


@settings(deadline=None)
@given(ACTS)
def test_backs_and_lays_are_treated_alike(acts: list[Act]) -> None:
    world, mirror = World(), World()
    for act in acts:
        world.act(act)
        mirror.act(act.mirrored())
    for order_id in world.placed:
        assert [
            (m.kind, MIRROR - m.price_centi, m.size_centi, m.against)
            for m in mirror.matches
            if m.order_id == order_id
        ] == [
            (m.kind, m.price_centi, m.size_centi, m.against)
            for m in world.matches
            if m.order_id == order_id
        ]


STEPS = st.lists(st.tuples(st.integers(0, 50), st.integers(0, 80)), max_size=20)


@given(st.integers(0, 300), st.lists(st.integers(1, 60), min_size=1, max_size=4), STEPS)
def test_where_nobody_cancels_an_order_gets_what_trades_past_those_ahead(
    ahead: int, sizes: list[int], steps: list[tuple[int, int]]
) -> None:
    """Against the queue written out: so many ahead, then our orders, then who came later."""
    book = Public(backs={202: ahead} if ahead else {})
    ours = matching()
    for number, size in enumerate(sizes):
        ours.place(f"o{number}", "BACK", 202, size, book)
    volume = 0
    for most, joined in steps:
        traded = min(most, book.backs.get(202, 0))
        volume += traded
        book.backs[202] = book.backs.get(202, 0) - traded + joined
        ours.move(move(book, Trade(202, traded, 0)))
        for number, size in enumerate(sizes):
            past = volume - ahead - sum(sizes[:number])
            assert ours.remaining_centi(f"o{number}") == size - min(max(past, 0), size)
