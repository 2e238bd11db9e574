"""What all markets together can lose: the worst outcome of each, orders counted as filled.

Markets are added up as if all of them went wrong at once. A market is worked out again only after
something about it has changed, and where it is asked for.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeAlias

from trader.execution.interfaces.executor import OpenOrder
from trader.execution.ledger import Ledger
from trader.strategy.context import MarketView
from trader.strategy.markets import closed_market

ViewOf: TypeAlias = Callable[[str], MarketView | None]
OrdersOf: TypeAlias = Callable[[str], Sequence[OpenOrder]]
"""A market's orders, those on their way to the executor included."""


class Exposure:
    """In 1/10,000 of the account's currency."""

    def __init__(self, ledger: Ledger, view_of: ViewOf, orders_of: OrdersOf) -> None:
        self._ledger = ledger
        self._view_of = view_of
        self._orders_of = orders_of
        self._losses: dict[str, int] = {}  # by market, above 0
        self._total_e4 = 0  # of those
        self._new_e4 = 0  # what orders sent to markets that have changed can lose
        self._over: set[str] = set()
        self._is_bound = True  # that no more can be lost than the two together
        self._changed: set[str] = set()

    def sent(self, market_id: str, new_loss_e4: int) -> None:
        """An order was sent that can lose so much more than is counted."""
        self._changed.add(market_id)
        self._new_e4 += new_loss_e4

    def less(self, market_id: str) -> None:
        """An order was matched, which loses no more than it was counted with, or has ended."""
        self._changed.add(market_id)

    def changed(self, market_id: str) -> None:
        """What can be lost in a market may be more than is counted."""
        self._changed.add(market_id)
        self._is_bound = False

    def settled(self, market_id: str) -> None:
        """Nothing of a market is at stake any more, whatever is still heard of it."""
        self._over.add(market_id)
        self._changed.discard(market_id)
        self._set(market_id, 0)

    def forget(self, market_id: str) -> None:
        """Nothing more is heard of a market that is settled."""
        self._over.discard(market_id)

    def total_e4(self) -> int:
        """The most that can be lost now, 0 or more."""
        self._work_out(None)
        return self._total_e4

    def others_e4(self, market_id: str) -> int:
        """The most that can be lost in all markets but one."""
        self._work_out(market_id)
        return self._total_e4 - self._losses.get(market_id, 0)

    def fits(self, new_loss_e4: int, limit_e4: int) -> bool:
        """Whether the most that can be lost stays within a limit with one more order, which can
        lose so much. What has changed is only worked out when that could matter."""
        bound_e4 = self._total_e4 + self._new_e4 + new_loss_e4
        if self._is_bound and bound_e4 <= limit_e4:
            return True
        return self.total_e4() + new_loss_e4 <= limit_e4

    def _work_out(self, but: str | None) -> None:
        """Brings the markets that have changed up to date, all but one."""
        for market_id in self._changed - {but}:
            # Without a view nobody knows how many win: runner by runner, which is never too little.
            view = self._view_of(market_id) or closed_market(market_id, None)
            worst_e4 = self._ledger.worst_case_e4(view, self._orders_of(market_id))
            is_over = market_id in self._over
            self._set(market_id, 0 if is_over else max(-worst_e4, 0))
            self._changed.discard(market_id)
        if not self._changed:
            self._new_e4, self._is_bound = 0, True

    def _set(self, market_id: str, loss_e4: int) -> None:
        self._total_e4 += loss_e4 - self._losses.pop(market_id, 0)
        if loss_e4:
            self._losses[market_id] = loss_e4
