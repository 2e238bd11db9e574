"""Keeps the seam's queue positions in step with our own resting orders.

An order is tracked under its intent id, the one an edge sees in `ctx.orders`, from the report that
it rests until the one that it is gone; a moved order has a new id and starts at the tail.
"""

from __future__ import annotations

import logging
from typing import Final

from trader.execution.interfaces.executor import OpenOrder
from trader.execution.interfaces.intents import Side
from trader.monitoring.metrics import Metrics
from trader.strategy.context import Runner
from trader.strategy.hotloop.errors import HotloopError
from trader.strategy.hotloop.interface import HotloopApi

PAPER_SIZE: Final = 0.0
"""What of a paper order stands in the book."""

_log: Final = logging.getLogger("trader.queue_tracker")


class QueueTracker:
    """Hears of orders from the order desk."""

    def __init__(self, book: HotloopApi, metrics: Metrics) -> None:
        self._book = book
        self._metrics = metrics
        self._told = False

    def placed(self, intent_id: str, runner: Runner, side: Side, price_centi: int) -> None:
        """An order came to rest. One that cannot be tracked is traded all the same: counted, and
        the first one logged."""
        market_id, selection_id, handicap, _ = runner
        price = price_centi / 100
        try:
            self._book.track_order(
                intent_id, market_id, selection_id, side.value, price, PAPER_SIZE, handicap
            )
        except HotloopError as error:
            self._metrics.untracked_orders_total += 1
            if not self._told:
                self._told = True
                _log.warning(
                    "an order has no queue position: %s (said once; the metric"
                    " hotloop_untracked_orders_total tells how many)",
                    error.message,
                )

    def ahead(self, runner: Runner, order: OpenOrder) -> float | None:
        """What stands ahead of a resting order; None for one that is not tracked: it could not be,
        a run before this one has placed it, or its market was dropped since."""
        market_id, selection_id, handicap, _ = runner
        price, side = order.price_centi / 100, order.side.value
        try:
            return self._book.size_ahead(
                market_id, selection_id, side, price, order.intent_id, handicap
            )
        except HotloopError:
            return None

    def ended(self, intent_id: str) -> None:
        """An order rests no more."""
        self._book.untrack_order(intent_id)
