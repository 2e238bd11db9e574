"""Made-up orders that follow the books, so that every stream exercises queue positions.

On each side of each runner that is touched an order rests at the best price, one a level behind,
and one at the worst price shown. By fixed counts of the runner's touches they are moved, reseeded
and taken away; one whose price has gone far from the best is moved to it. Nothing is random: the
same stream gives the same orders.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Final, TypeAlias

from trader.strategy.hotloop.interface import Touched
from trader.strategy.hotloop.questions import SIDES, Prices, Question, Refused, Rows

Slot: TypeAlias = tuple[Touched, str, int]
"""(runner, side rested, index into `LEVELS`)."""

LEVELS: Final = (0, 1, -1)
"""The best price, one behind it, the worst: index into the ladder on which the order rests."""
OWN_SIZES: Final = (0.0, 2.0, 3.5)
"""Standing in the book by level: of paper, part of a level, more than some levels hold."""

NEAR_LEVELS: Final = 5
LOOK_EVERY: Final = 16
MOVE_EVERY: Final = 101
RESEED_EVERY: Final = 37
SET_AHEAD_EVERY: Final = 53
UNTRACK_EVERY: Final = 83
"""Touches of the runner; without common factors, so that every order of things occurs."""

ORDERS_MAX: Final = 4_000
"""Below the default of `state.max_orders`: a stream of many markets must not only be refusals."""


@dataclass(slots=True)
class _Order:
    order_id: str
    price: float
    position: Question


@dataclass(slots=True)
class ShadowOrders:
    """`check` puts a question to both backends, compares, and returns the answer."""

    check: Callable[[Question], object]
    _orders: dict[str, dict[Slot, _Order]] = field(default_factory=dict)
    _numbers: dict[Touched, int] = field(default_factory=dict)
    _touches: Counter[Touched] = field(default_factory=Counter)
    _count: int = 0

    def check_positions(self, market_id: str) -> None:
        """Compare what is ahead of every order of the market; forget those it took with it."""
        orders = self._orders.get(market_id, {})
        for slot in [*orders]:
            if isinstance(self.check(orders[slot].position), Refused):
                self._forget(slot)

    def positions(self) -> Iterator[Question]:
        """How each order's position is asked for."""
        for orders in self._orders.values():
            for order in orders.values():
                yield order.position

    def follow(self, runner: Touched, prices: Prices) -> None:
        """After a message that touched the runner: place, move, reseed or take away its orders."""
        self._touches[runner] += 1
        self._numbers.setdefault(runner, len(self._numbers))
        for side in SIDES:
            rows = prices.lays if side == "BACK" else prices.backs
            for level in range(len(LEVELS)):
                self._follow_one((runner, side, level), rows)

    def _follow_one(self, slot: Slot, rows: Rows) -> None:
        runner, side, level = slot
        order = self._orders.get(runner[0], {}).get(slot)
        # Not all six at the same touch: some stay where they are while others move.
        touch = self._touches[runner] + 7 * level + 3 * SIDES.index(side)
        is_due = touch % MOVE_EVERY == 0
        if order is None or is_due or (touch % LOOK_EVERY == 0 and _is_far(order, level, rows)):
            self._place(slot, rows)
        elif touch % UNTRACK_EVERY == 0:
            for _ in range(2):  # the second time there is none
                self.check(Question("untrack_order", (order.order_id,), runner))
            self._forget(slot)
        elif touch % SET_AHEAD_EVERY == 0:
            self.check(Question("reseed_queue", (order.order_id, touch / 8, touch / 100), runner))
        elif touch % RESEED_EVERY == 0:
            self.check(Question("reseed_queue", (order.order_id,), runner))

    def _place(self, slot: Slot, rows: Rows) -> None:
        (market_id, selection_id, handicap), side, level = slot
        orders = self._orders.setdefault(market_id, {})
        if len(rows) < 2 or (slot not in orders and self._count >= ORDERS_MAX):
            return
        price = rows[LEVELS[level]][0]
        order_id = f"{self._numbers[slot[0]]}-{side}-{level}"
        args = (order_id, market_id, selection_id, side, price, OWN_SIZES[level], handicap)
        if isinstance(self.check(Question("track_order", args, slot[0])), Refused):
            return
        self._count += slot not in orders
        asked = (market_id, selection_id, side, price, order_id, handicap)
        orders[slot] = _Order(order_id, price, Question("size_ahead", asked, slot[0]))

    def _forget(self, slot: Slot) -> None:
        del self._orders[slot[0][0]][slot]
        self._count -= 1


def _is_far(order: _Order, level: int, rows: Rows) -> bool:
    """Whether an order that should be near the best price is not among the best ones."""
    near = [price for price, _ in rows[:NEAR_LEVELS]]
    return LEVELS[level] >= 0 and order.price not in near
