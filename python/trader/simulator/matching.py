"""Matching of our orders in a market that is played back: one code for the venue and for replays.

The public market (a recording, a generated race) does not know of our orders and goes its way. What
follows is what they would have got in it, with the queue and volume rules of docs/signals.md:

- **Taking.** An order takes what is offered at its price or better, best price first, at the price
  of each offer. What it took of a public offer stays taken for as long as that offer stands there:
  no offer is taken twice. FILL_OR_KILL prices are averages: worse offers may be taken with better
  ones as long as the average is within the limit.
- **Resting.** What remains stands behind all that is visible at its price. Trades of the public at
  that price consume what is ahead first and our orders next, in the order they came; a decrease
  that no trade explains is a cancellation, split by the queue model. All our orders at a price
  share one queue: volume that one of them took does not reach the next.
- **Traded through.** Volume traded at a worse price would have met our order first: it fills it
  without regard to the queue.
- **Crossed.** A public offer that appears on the other side at our price or beyond would have taken
  our order: it is matched at our price, up to the size of the offer, and that offer is taken.

Integer hundredths, but for what is ahead of an order, which the queue model makes a float: it is
rounded to hundredths where a trade meets it. `resting_orders` holds the orders.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final, Literal, Protocol, TypeAlias

from trader.betfair.books import RESTED_SIDES, TAKEN_OF, RestedSide, TakenSide
from trader.betfair.signals.matched import Trade
from trader.betfair.signals.queue import Position, Sight, advance
from trader.betfair.signals.settings import SignalSettings
from trader.simulator.resting_orders import Resting, RestingOrders, comes_before

SIDES: Final = RESTED_SIDES
OPPOSITE: Final[dict[RestedSide, RestedSide]] = {"BACK": "LAY", "LAY": "BACK"}

MatchKind: TypeAlias = Literal["taken", "crossed", "traded"]
"""`taken`: our order took an offer. `crossed`: a public offer took ours. `traded`: it is part of a
trade that the public's traded volume has already."""


class PublicBook(Protocol):
    """A runner's public offers as they are now: without our orders, with what we took."""

    def visible(self, side: RestedSide, price_centi: int) -> int | None:
        """The size resting on `side` at a price; None where that is not in view."""
        ...

    def offers(self, side: TakenSide) -> Iterable[tuple[int, int]]:
        """(price, size) of every level available to be taken, best first. Offers that come by level
        may name a price twice: the sizes add up."""
        ...


@dataclass(frozen=True, slots=True)
class RunnerMove:
    """What one message of the public market did to a runner."""

    book: PublicBook
    """As it is after the message."""
    trades: Sequence[Trade]
    is_open: bool
    """Whether the market takes bets after the message."""
    upset: bool
    """An image or the turn in-play: sizes before and after do not compare."""


@dataclass(frozen=True, slots=True)
class Match:
    """A part of one of our orders was matched. Two of our orders with each other give two."""

    order_id: str
    price_centi: int
    size_centi: int
    kind: MatchKind
    against: str | None = None
    """The other one of our orders, where it was one."""
    offer_centi: int | None = None
    """Where the public offer stands that we took or that took ours; None where there was none. An
    offer that crosses ours stands at our price or beyond."""


@dataclass(frozen=True, slots=True)
class _Part:
    """What an order could take in one go: from the public (`resting` None) or from ours."""

    price_centi: int
    size_centi: int
    resting: Resting | None


class RunnerMatching:
    """Our orders on one runner. The caller bounds how many there are."""

    def __init__(self, settings: SignalSettings) -> None:
        self._settings = settings
        self._resting = RestingOrders()
        self._taken: dict[TakenSide, dict[int, int]] = {"BACK": {}, "LAY": {}}

    def __len__(self) -> int:
        return len(self._resting)

    @property
    def is_idle(self) -> bool:
        """Whether messages of the public market change nothing here."""
        return not (self._resting or self._taken["BACK"] or self._taken["LAY"])

    def remaining_centi(self, order_id: str) -> int:
        """What of an order rests; 0 for one that does not."""
        order = self._resting.get(order_id)
        return order.remaining_centi if order is not None else 0

    def ahead_centi(self, order_id: str) -> float | None:
        """What of the public stands ahead of a resting order; None for one that does not rest."""
        order = self._resting.get(order_id)
        return order.position.ahead_centi if order is not None else None

    def own_at(self, side: RestedSide, price_centi: int) -> int:
        """The size of ours that rests at a price."""
        return self._resting.size_at(side, price_centi)

    def own_prices(self, side: RestedSide) -> Iterable[int]:
        """The prices at which orders of ours rest."""
        return self._resting.queues(side)

    def taken_at(self, side: TakenSide, price_centi: int) -> int:
        """How much of the public offer at a price we have taken already."""
        return self._taken[side].get(price_centi, 0)

    def taken_prices(self, side: TakenSide) -> Iterable[int]:
        """The prices at which we have taken something of an offer that still stands."""
        return self._taken[side]

    # --- orders ---------------------------------------------------------------------------------

    def place(
        self, order_id: str, side: RestedSide, price_centi: int, size_centi: int, book: PublicBook
    ) -> list[Match]:
        """Takes what is there for the order and rests the remainder; what was matched. An order
        comes once."""
        assert size_centi > 0 and self._resting.get(order_id) is None, "a new order"
        parts = self._parts(side, price_centi, book)
        matches, left = self._take(order_id, side, parts, size_centi)
        if left > 0:
            self.rest(order_id, side, price_centi, left, book)
        return matches

    def rest(
        self, order_id: str, side: RestedSide, price_centi: int, size_centi: int, book: PublicBook
    ) -> None:
        """Rests an order without taking anything, behind what is visible at its price and behind
        ours that are there; what crosses it takes it with the next `move`."""
        visible = self._net_visible(side, price_centi, book)
        position = Position.at_tail(side, price_centi, visible, order_id=order_id)
        self._resting.add(Resting(order_id, side, price_centi, size_centi, position))

    def fill_or_kill(
        self,
        order_id: str,
        side: RestedSide,
        price_centi: int,
        size_centi: int,
        book: PublicBook,
        min_fill_centi: int | None = None,
    ) -> list[Match]:
        """Takes `size_centi` (or at least `min_fill_centi` of it) at an average price within the
        limit, or nothing. Nothing rests."""
        parts = list(self._within_average(side, price_centi, size_centi, book))
        available = sum(part.size_centi for part in parts)
        if available < (size_centi if min_fill_centi is None else min_fill_centi):
            return []
        return self._take(order_id, side, parts, size_centi)[0]

    def reduce(self, order_id: str, size_centi: int | None = None) -> int:
        """Takes `size_centi` (None: all) of a resting order away; how much that came to. It keeps
        its place in the queue."""
        order = self._resting.get(order_id)
        if order is None:
            return 0
        gone = order.remaining_centi if size_centi is None else size_centi
        gone = min(gone, order.remaining_centi)
        self._resting.leave(order, gone)
        return gone

    def would_take(self, side: RestedSide, price_centi: int, book: PublicBook) -> bool:
        """Whether an order would be matched at once, at least in part."""
        return next(iter(self._parts(side, price_centi, book)), None) is not None

    # --- the public market ----------------------------------------------------------------------

    def move(self, move: RunnerMove) -> list[Match]:
        """What a message of the public market matches of our resting orders."""
        self._age_taken(move.book)
        if not self._resting:
            return []
        matches: list[Match] = []
        for side in SIDES:
            if move.trades and self._resting.queues(side):
                self._trade(side, move.trades, matches)
            for price_centi, queue in self._resting.queues(side).items():
                visible = self._net_visible(side, price_centi, move.book)
                self._advance(queue, Sight(move.is_open, "full", visible, move.upset))
        if move.is_open:
            for side in SIDES:
                if self._resting.queues(side):
                    self._cross(side, move.book, matches)
        return matches

    def _advance(self, queue: Sequence[Resting], sight: Sight) -> None:
        """What a message that was not traded did to what is ahead of our orders at a price."""
        least = 0.0
        for order in queue:
            position = order.position
            if not _tells_nothing(position, sight):
                advance(position, sight, 0, self._settings)
            # The queue model looks at each order alone and may let a later one pass an earlier one.
            position.ahead_centi = least = max(position.ahead_centi, least)

    def _trade(self, side: RestedSide, trades: Iterable[Trade], matches: list[Match]) -> None:
        """Public trades against what rests on `side`, best price first, as takers come."""
        trades = sorted(trades, key=lambda trade: trade.price_centi, reverse=side == "LAY")
        for trade in trades:
            left = trade.of(side)
            if left <= 0:
                continue
            for order in self._resting.best_first(side):
                if not comes_before(side, order.price_centi, trade.price_centi):
                    break
                order.position.ahead_centi = 0.0
                order.position.seen = True  # whoever stood there was met before us
                left -= self._fill(order, left, "traded", matches)
            self._trade_in_queue(side, trade.price_centi, left, trade.of(side), matches)

    def _trade_in_queue(
        self, side: RestedSide, price_centi: int, left: int, volume: int, matches: list[Match]
    ) -> None:
        """`left` of a trade of `volume` reaches the queue at its price: the public ahead of our
        first order, that order, the public up to the next one, and so on."""
        public = 0
        for order in self._resting.queue(side, price_centi):
            position = order.position
            if not position.seen:
                return  # how much of the public is ahead of it, and of those behind, is not known
            gap = max(0, round(position.ahead_centi) - public)
            consumed = min(gap, left)
            public += consumed
            left -= consumed
            # Ahead falls by what the trade took there, the size before by all that it explains.
            position.ahead_centi = max(0.0, position.ahead_centi - public)
            position.visible_centi = max(0, position.visible_centi - volume)
            if left > 0 and consumed == gap:
                left -= self._fill(order, left, "traded", matches)

    def _cross(self, side: RestedSide, book: PublicBook, matches: list[Match]) -> None:
        """Public offers on the other side at our prices or beyond take our orders."""
        other: TakenSide = side  # a back of ours crosses with what is available to back
        offered_centi, size_there = 0, 0
        queues = self._resting.queues(side)
        first_centi = min(queues) if side == "BACK" else max(queues)
        for price_centi, size_centi in book.offers(other):
            if comes_before(side, price_centi, first_centi):
                return  # none of ours is reached, nor by worse offers
            size_there = size_centi + (size_there if price_centi == offered_centi else 0)
            offered_centi = price_centi
            left = size_there - self.taken_at(other, price_centi)
            for order in self._resting.best_first(side):
                if left <= 0:
                    break
                if comes_before(side, price_centi, order.price_centi):
                    return  # worse orders of ours are not reached, nor by worse offers
                left -= self._fill(order, left, "crossed", matches, offer_centi=price_centi)
            if not self._resting.queues(side):
                return

    # --- taking ---------------------------------------------------------------------------------

    def _parts(
        self, side: RestedSide, limit_centi: int | None, book: PublicBook
    ) -> Iterator[_Part]:
        """What an order on `side` could take, in the order it would; None: at any price."""
        taken: TakenSide = side  # who backs takes what is available to back
        rested = OPPOSITE[side]
        levels: dict[int, int] = {}
        for price_centi, size_centi in book.offers(taken):
            if limit_centi is not None and _is_worse(side, price_centi, limit_centi):
                break
            levels[price_centi] = levels.get(price_centi, 0) + size_centi
        prices = levels.keys() | self._resting.queues(rested).keys()
        for price_centi in sorted(prices, reverse=side == "BACK"):
            if limit_centi is not None and _is_worse(side, price_centi, limit_centi):
                return
            public = max(0, levels.get(price_centi, 0) - self.taken_at(taken, price_centi))
            passed = 0
            for order in self._resting.queue(rested, price_centi):
                ahead = min(public, round(order.position.ahead_centi))
                if ahead > passed:
                    yield _Part(price_centi, ahead - passed, None)
                    passed = ahead
                yield _Part(price_centi, order.remaining_centi, order)
            if public > passed:
                yield _Part(price_centi, public - passed, None)

    def _within_average(
        self, side: RestedSide, limit_centi: int, size_centi: int, book: PublicBook
    ) -> Iterator[_Part]:
        """What an order could take so that the average price of it all is within the limit."""
        room_e4 = 0  # what the parts so far are better than the limit, price times size
        left = size_centi
        for part in self._parts(side, None, book):
            worse = part.price_centi - limit_centi
            worse = -worse if side == "BACK" else worse
            size = min(part.size_centi, left)
            if worse > 0:
                size = min(size, room_e4 // worse)
            if size <= 0:
                return
            room_e4 -= worse * size
            left -= size
            yield _Part(part.price_centi, size, part.resting)
            if left == 0 or size < part.size_centi:
                return

    def _take(
        self, order_id: str, side: RestedSide, parts: Iterable[_Part], size_centi: int
    ) -> tuple[list[Match], int]:
        """Takes parts until `size_centi` is reached: the matches, and what is left over."""
        matches: list[Match] = []
        left = size_centi
        for part in list(parts):
            if left <= 0:
                break
            size = min(left, part.size_centi)
            left -= size
            price_centi, other = part.price_centi, part.resting
            if other is None:
                self._note_taken(side, price_centi, size)
                matches.append(Match(order_id, price_centi, size, "taken", None, price_centi))
            else:
                matches.append(Match(order_id, price_centi, size, "taken", other.order_id))
                self._fill(other, size, "taken", matches, against=order_id)
        return matches, left

    def _note_taken(self, taken: TakenSide, price_centi: int, size_centi: int) -> None:
        """A public offer is taken, its front first: what stands ahead of ours there is less."""
        at = self._taken[taken]
        at[price_centi] = at.get(price_centi, 0) + size_centi
        for order in self._resting.queue(OPPOSITE[taken], price_centi):
            position = order.position
            position.ahead_centi = max(0.0, position.ahead_centi - size_centi)
            position.visible_centi = max(0, position.visible_centi - size_centi)

    def _age_taken(self, book: PublicBook) -> None:
        """What we took of an offer is forgotten with the offer."""
        for taken, at in self._taken.items():
            for price_centi, size_centi in list(at.items()):
                visible = book.visible(OPPOSITE[taken], price_centi)
                if visible is not None and visible < size_centi:
                    at[price_centi] = visible
                    if visible == 0:
                        del at[price_centi]

    # --- the queues -----------------------------------------------------------------------------

    def _net_visible(self, side: RestedSide, price_centi: int, book: PublicBook) -> int | None:
        """The public size resting at a price without what we took of it."""
        visible = book.visible(side, price_centi)
        if visible is None:
            return None
        return max(0, visible - self.taken_at(TAKEN_OF[side], price_centi))

    def _fill(
        self,
        order: Resting,
        size_centi: int,
        kind: MatchKind,
        matches: list[Match],
        *,
        against: str | None = None,
        offer_centi: int | None = None,
    ) -> int:
        """A resting order is matched at its price, up to `size_centi`; returns how much."""
        size_centi = min(size_centi, order.remaining_centi)
        if size_centi <= 0:
            return 0
        price_centi = order.price_centi
        matches.append(Match(order.order_id, price_centi, size_centi, kind, against, offer_centi))
        if offer_centi is not None:
            self._note_taken(order.side, offer_centi, size_centi)
        self._resting.leave(order, size_centi)
        return size_centi


def _tells_nothing(position: Position, sight: Sight) -> bool:
    """Whether an order's price shows what it showed before: most messages are about others."""
    return (
        sight.is_open
        and not sight.upset
        and position.seen
        and not position.frozen
        and sight.visible_centi == position.visible_centi
        and position.ahead_centi <= position.visible_centi
    )


def _is_worse(side: RestedSide, price_centi: int, limit_centi: int) -> bool:
    """Whether an order on `side` with this limit cannot be matched at a price."""
    return price_centi < limit_centi if side == "BACK" else price_centi > limit_centi
