"""What all markets together can lose: the worst outcome of each, orders counted as filled.

Markets are added up as if all of them went wrong at once. A market is worked out again only after
something about it has changed.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeAlias

from trader.execution.interfaces.executor import OpenOrder
from trader.execution.ledger import Ledger
from trader.strategy.context import MarketView

ViewOf: TypeAlias = Callable[[str], MarketView | None]
OrdersOf: TypeAlias = Callable[[str], Sequence[OpenOrder]]
"""A market's orders, those on their way to the executor included."""


class Exposure:
    """In 1/10,000 of the account's currency."""

    def __init__(self, ledger: Ledger, view_of: ViewOf, orders_of: OrdersOf) -> None:
        self._ledger = ledger
        self._view_of = view_of
        self._orders_of = orders_of
        self._losses: dict[str, int] = {}  # by market, 0 or more
        self._changed: set[str] = set()

    def changed(self, market_id: str) -> None:
        """An order or a position of a market is another than it was."""
        self._changed.add(market_id)

    def settled(self, market_id: str) -> None:
        """Nothing of a market is at stake any more."""
        self._changed.discard(market_id)
        self._losses.pop(market_id, None)

    def total_e4(self) -> int:
        """The most that can be lost now, 0 or more."""
        self._work_out()
        return sum(self._losses.values())

    def others_e4(self, market_id: str) -> int:
        """The most that can be lost in all markets but one."""
        return self.total_e4() - self._losses.get(market_id, 0)

    def _work_out(self) -> None:
        for market_id in self._changed:
            view = self._view_of(market_id)
            if view is None:
                continue
            worst_e4 = self._ledger.worst_case_e4(view, self._orders_of(market_id))
            if worst_e4 < 0:
                self._losses[market_id] = -worst_e4
            else:
                self._losses.pop(market_id, None)
        self._changed.clear()
