"""Hypothetical orders in the market that the seam's books show, until they are filled.

An order stands behind all that is visible at its price when it joins. Its queue moves by the law of
`betfair.signals.queue`: trades first, then what was cancelled. It is filled when trading has
reached its whole size; volume traded at a worse price would have met it first and counts against
it without regard to the queue. Labels come from traded volume only: an offer that crosses the
price fills nothing.

It is followed for so long at most, and only while it can be known what becomes of it: not past a
moment at which the market is not OPEN, its book is stale, it turns in-play or an image replaces
what was seen, nor when the runner is removed or the recording ends. Orders know nothing of each
other, and the market nothing of them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final, Generic, TypeAlias, TypeVar

from trader.betfair.books import RestedSide
from trader.betfair.signals.queue import Position, Sight, advance
from trader.betfair.signals.settings import SignalSettings
from trader.simulator.dry_run_matching import SeamBook
from trader.strategy.context import MarketView, Runner
from trader.strategy.hotloop.interface import HotloopApi, Touched

FOLLOWED_MAX: Final = 200_000
"""Orders followed at once; under a kilobyte each."""

Tag = TypeVar("Tag")
Place: TypeAlias = tuple[RestedSide, int]
"""(side rested, price)."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of an order; times are ms after it joined."""

    filled_ms: int | None
    known_ms: int
    """Until then it is known whether it was filled; of a filled one, when that was."""

    def within(self, horizon_ms: int) -> bool | None:
        """Whether it was filled within a horizon; None where that is not known."""
        if self.filled_ms is not None:
            return self.filled_ms <= horizon_ms
        return None if self.known_ms < horizon_ms else False


@dataclass(slots=True)
class _Order(Generic[Tag]):
    position: Position
    left_centi: int
    joined_ms: int
    tag: Tag


class _RunnerOrders(Generic[Tag]):
    """One runner's orders by the place where they stand, at each in the order they joined."""

    __slots__ = ("first_ms", "places", "shown")

    def __init__(self, shown: SeamBook) -> None:
        self.shown = shown
        self.places: dict[Place, list[_Order[Tag]]] = {}
        self.first_ms = 0
        """None of its orders joined before that."""


class Follower(Generic[Tag]):
    """All orders followed in the markets of one seam. `told(tag, outcome)` hears of each once."""

    def __init__(
        self,
        book: HotloopApi,
        settings: SignalSettings,
        follow_ms: int,
        told: Callable[[Tag, Outcome], object],
        *,
        is_full_depth: bool = True,
        followed_max: int = FOLLOWED_MAX,
    ) -> None:
        """`settings`: of the queue model. `is_full_depth`: of orders that join, see `SeamBook`."""
        self.is_full_depth = is_full_depth
        self._book = book
        self._settings = settings
        self._follow_ms = follow_ms
        self._told = told
        self._followed_max = followed_max
        self._markets: dict[str, dict[Runner, _RunnerOrders[Tag]]] = {}
        self._heard_ms: dict[str, int] = {}
        self._views: dict[str, MarketView] = {}
        self.runners: dict[Touched, Runner] = {}
        """Those on which orders are followed, by the entry that touches them."""
        self._count = 0

    # --- orders ---------------------------------------------------------------------------------

    def join(
        self,
        runner: Runner,
        side: RestedSide,
        price_centi: int,
        size_centi: int,
        at_ms: int,
        tag: Tag,
    ) -> bool:
        """An order joins behind what is visible now; False where the price is not in view or too
        many are followed already: it is not followed then."""
        market = self._markets.get(runner.market_id, {})
        orders = market.get(runner)
        if orders is None:
            orders = _RunnerOrders(SeamBook(self._book, runner, is_full=self.is_full_depth))
        visible = orders.shown.visible(side, price_centi)
        if visible is None or self._count >= self._followed_max:
            return False
        position = Position.at_tail(side, price_centi, visible)
        order = _Order(position, size_centi, at_ms, tag)
        if not orders.places:
            orders.first_ms = at_ms
        orders.places.setdefault((side, price_centi), []).append(order)
        self._markets.setdefault(runner.market_id, market)[runner] = orders
        self._heard_ms.setdefault(runner.market_id, at_ms)
        self.runners[runner[:3]] = runner
        self._count += 1
        return True

    # --- the market goes on ---------------------------------------------------------------------

    def message(self, view: MarketView, touched: Iterable[Runner], at_ms: int) -> None:
        """The last message of a market, which touched these runners; `view` and the seam are as it
        left them. Runners without orders may be left out."""
        market = self._markets.get(view.market_id)
        if market is None:
            return
        if view.stale or self._book.book_upset(view.market_id):
            self.lost(view.market_id)
            return
        if self._views.get(view.market_id) is not view:
            self._views[view.market_id] = view
            self._without_removed(view, market)
        for runner in touched:
            orders = market.get(runner)
            if orders is not None:
                self._moved(orders, at_ms)
                if not orders.places:
                    self._forget(market, runner)
        self._heard_ms[view.market_id] = at_ms
        if not (market and view.is_open):
            self.lost(view.market_id)

    def lost(self, market_id: str) -> None:
        """What becomes of a market's orders cannot be known any more; it is known until the last
        message that was told here."""
        self._end_market(market_id, None)

    def end(self, *, is_book_lost: bool = False) -> None:
        """Nothing more comes: it is known until each market's last message. `is_book_lost`: the
        seam must not be asked for that."""
        for market_id in list(self._markets):
            info = None if is_book_lost else self._book.market(market_id)
            self._end_market(market_id, info["pt"] if info is not None else None)

    def _end_market(self, market_id: str, known_ms: int | None) -> None:
        self._views.pop(market_id, None)
        market = self._markets.pop(market_id, {})
        heard_ms = self._heard_ms.pop(market_id, 0)
        for runner in list(market):
            self._end_runner(market, runner, heard_ms if known_ms is None else known_ms)

    def _without_removed(self, view: MarketView, market: dict[Runner, _RunnerOrders[Tag]]) -> None:
        """A removed runner's traded volumes are wiped: they say nothing more."""
        for runner in [one for one in market if view.runners.get(one, "ACTIVE") != "ACTIVE"]:
            self._end_runner(market, runner, self._heard_ms[view.market_id])

    def _forget(
        self, market: dict[Runner, _RunnerOrders[Tag]], runner: Runner
    ) -> _RunnerOrders[Tag]:
        del self.runners[runner[:3]]
        return market.pop(runner)

    def _moved(self, orders: _RunnerOrders[Tag], at_ms: int) -> None:
        """Brings a runner's orders past a message."""
        if at_ms - orders.first_ms > self._follow_ms:
            self._let_go(orders, at_ms)
        trades = orders.shown.trades()
        for (side, price), queue in list(orders.places.items()):
            at_price = beyond = 0
            for trade in trades:
                if trade.price_centi == price:
                    at_price += trade.of(side)
                elif (trade.price_centi > price) == (side == "BACK"):
                    beyond += trade.of(side)  # a worse price for whoever rests
            visible = orders.shown.visible(side, price)
            if at_price or beyond or queue[0].position.visible_centi != visible:
                sight = Sight(is_open=True, depth="full", visible_centi=visible, upset=False)
                queue[:] = [
                    order for order in queue if not self._filled(order, at_price, beyond, at_ms)
                ]
                for order in queue:
                    advance(order.position, sight, at_price, self._settings)
                if not queue:
                    del orders.places[side, price]

    def _let_go(self, orders: _RunnerOrders[Tag], at_ms: int) -> None:
        """Orders that have been followed for long enough, which are the first at each place."""
        for place, queue in list(orders.places.items()):
            count = 0
            while count < len(queue) and at_ms - queue[count].joined_ms > self._follow_ms:
                self._tell(queue[count], None, self._follow_ms)
                count += 1
            del queue[:count]
            if not queue:
                del orders.places[place]
        orders.first_ms = min(
            (queue[0].joined_ms for queue in orders.places.values()), default=at_ms
        )

    def _filled(self, order: _Order[Tag], at_price: int, beyond: int, at_ms: int) -> bool:
        """Takes off what trading reaches of an order; whether it is filled."""
        position = order.position
        if beyond:
            order.left_centi -= beyond
            position.ahead_centi = 0.0
        order.left_centi -= max(0, at_price - round(position.ahead_centi))
        if order.left_centi > 0:
            return False
        after_ms = at_ms - order.joined_ms
        self._tell(order, after_ms, after_ms)
        return True

    def _end_runner(
        self, market: dict[Runner, _RunnerOrders[Tag]], runner: Runner, known_ms: int
    ) -> None:
        """`known_ms`: until then it is known what became of the orders."""
        orders = self._forget(market, runner)
        for queue in orders.places.values():
            for order in queue:
                self._tell(order, None, min(max(known_ms - order.joined_ms, 0), self._follow_ms))

    def _tell(self, order: _Order[Tag], filled_ms: int | None, known_ms: int) -> None:
        self._count -= 1
        self._told(order.tag, Outcome(filled_ms, known_ms))
