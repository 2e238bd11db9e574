"""Our resting orders on one runner: by side and price, at a price in the order they came."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from trader.betfair.books import RESTED_SIDES, RestedSide
from trader.betfair.signals.queue import Position


@dataclass(slots=True, eq=False)
class Resting:
    """One order in the queue. `position` is what of the public stands ahead of it; its own sizes
    are not used: ours are not in the public book."""

    order_id: str
    side: RestedSide
    price_centi: int
    remaining_centi: int
    position: Position


class RestingOrders:
    """The caller bounds how many there are."""

    def __init__(self) -> None:
        self._by_id: dict[str, Resting] = {}
        self._queues: dict[RestedSide, dict[int, list[Resting]]] = {s: {} for s in RESTED_SIDES}
        self._sizes: dict[RestedSide, dict[int, int]] = {side: {} for side in RESTED_SIDES}
        """Price → what of ours rests there: the queue's sum, kept."""

    def __len__(self) -> int:
        return len(self._by_id)

    def get(self, order_id: str) -> Resting | None:
        """The order of this id; None for one that does not rest."""
        return self._by_id.get(order_id)

    def size_at(self, side: RestedSide, price_centi: int) -> int:
        """What of ours rests at a price."""
        return self._sizes[side].get(price_centi, 0)

    def queues(self, side: RestedSide) -> Mapping[int, Sequence[Resting]]:
        """Price → orders, first come first; no price without orders. Changes as they do."""
        return self._queues[side]

    def queue(self, side: RestedSide, price_centi: int) -> Sequence[Resting]:
        """The orders at a price, first come first, as they are now."""
        return tuple(self._queues[side].get(price_centi, ()))

    def best_first(self, side: RestedSide) -> Iterator[Resting]:
        """The orders of a side as takers meet them: by price, then in the order they came. Those
        yielded may be taken away meanwhile."""
        queues = self._queues[side]
        for price_centi in sorted(queues, reverse=side == "LAY"):
            yield from tuple(queues[price_centi])

    def add(self, order: Resting) -> None:
        """Takes an order in behind ours at its price. An order rests once."""
        assert order.remaining_centi > 0, "something of it rests"
        assert order.order_id not in self._by_id, "an order rests once"
        self._by_id[order.order_id] = order
        self._queues[order.side].setdefault(order.price_centi, []).append(order)
        sizes = self._sizes[order.side]
        sizes[order.price_centi] = sizes.get(order.price_centi, 0) + order.remaining_centi

    def leave(self, order: Resting, size_centi: int) -> None:
        """So much of an order rests no more; what remains of it keeps its place."""
        assert 0 <= size_centi <= order.remaining_centi, "no more leaves than rests"
        order.remaining_centi -= size_centi
        side, price_centi = order.side, order.price_centi
        self._sizes[side][price_centi] -= size_centi
        if order.remaining_centi > 0:
            return
        del self._by_id[order.order_id]
        queue = self._queues[side][price_centi]
        queue.remove(order)
        if not queue:
            del self._queues[side][price_centi]
            del self._sizes[side][price_centi]


def comes_before(side: RestedSide, price_centi: int, other_centi: int) -> bool:
    """Whether takers would meet an order on `side` at a price before one at another."""
    return price_centi < other_centi if side == "BACK" else price_centi > other_centi
