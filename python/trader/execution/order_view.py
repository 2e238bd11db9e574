"""The resting orders, as the reports tell them."""

from __future__ import annotations

import heapq
from typing import Final

from trader.execution.interfaces.executor import OpenOrder
from trader.execution.interfaces.intents import Action, QuoteIntent, TimeInForce
from trader.execution.interfaces.reports import ExecutionReport, Status

_DUE_SPARE: Final = 100


class OrderView:
    """Open orders by market in placing order, and the time the earliest of them is due to end.

    An intent's PLACED opens an order, its terminal report closes it. What a REPLACE opens takes
    everything but the price, size and deadline from the order it replaced.
    """

    def __init__(self) -> None:
        self._orders: dict[str, OpenOrder] = {}
        self._by_market: dict[str, dict[str, OpenOrder]] = {}
        self._due: list[tuple[int, str]] = []
        # Targets whose REPLACED was heard but not yet the PLACED of the intent that replaced them.
        self._replaced: dict[str, OpenOrder] = {}
        # The newest REPLACE or CANCEL under way of an order, by the order's identity.
        self._pending: dict[str, QuoteIntent] = {}

    def __len__(self) -> int:
        return len(self._orders)

    def get(self, intent_id: str) -> OpenOrder | None:
        return self._orders.get(intent_id)

    def open_orders(self, market_id: str | None = None) -> list[OpenOrder]:
        """The open orders (of one market) in placing order; later reports change the objects."""
        orders = self._orders if market_id is None else self._by_market.get(market_id, {})
        return list(orders.values())

    def next_due_ms(self) -> int | None:
        """When the earliest open order ends by itself (deadline, or the kill of a FILL_OR_KILL)."""
        while self._due and self._due[0][1] not in self._orders:
            heapq.heappop(self._due)
        return self._due[0][0] if self._due else None

    def adopt(self, order: OpenOrder) -> None:
        """An order that rests, and was placed by a trader before this one."""
        self._add(order)

    def sent(self, intent: QuoteIntent) -> None:
        """Marks the target of a REPLACE or CANCEL as being changed."""
        target = intent.target_intent_id
        if target is None:
            return
        self._pending[target] = intent
        self._mark(target)

    def on_report(self, intent: QuoteIntent, report: ExecutionReport) -> None:
        """Applies a report about `intent`."""
        order = self._orders.get(intent.intent_id)
        if order is not None:
            order.remaining_centi = report.size_remaining_centi
            order.matched_centi = report.size_matched_centi
            if report.is_terminal:
                self._close(order, report.status)
        elif report.status is Status.PLACED:
            self._open(intent, report)
        if report.is_terminal or report.status is Status.PLACED:
            self._settle(intent)

    def _open(self, intent: QuoteIntent, report: ExecutionReport) -> None:
        like = self._replaced.pop(intent.target_intent_id or "", None)
        order = OpenOrder(
            intent_id=intent.intent_id,
            edge=intent.edge,
            market_id=like.market_id if like else intent.market_id,
            selection_id=like.selection_id if like else intent.selection_id,
            handicap_centi=like.handicap_centi if like else intent.handicap_centi,
            side=like.side if like else intent.side,
            price_centi=intent.price_centi,
            size_centi=report.size_remaining_centi,
            remaining_centi=report.size_remaining_centi,
            matched_centi=report.size_matched_centi,
            placed_ts_ms=report.ts_ms,
            deadline_ms=intent.deadline_ms,
            persistence=like.persistence if like else intent.persistence,
            time_in_force=like.time_in_force if like else intent.time_in_force,
        )
        self._add(order)

    def _add(self, order: OpenOrder) -> None:
        self._orders[order.intent_id] = order
        self._by_market.setdefault(order.market_id, {})[order.intent_id] = order
        due = order.deadline_ms
        if order.time_in_force is TimeInForce.FILL_OR_KILL:
            due = min(due, order.placed_ts_ms + 1)
        if len(self._due) > _DUE_SPARE + 2 * len(self._orders):
            # Those of closed orders stay behind; without this they would pile up until their time.
            self._due = [entry for entry in self._due if entry[1] in self._orders]
            heapq.heapify(self._due)
        heapq.heappush(self._due, (due, order.intent_id))
        self._mark(order.intent_id)

    def _close(self, order: OpenOrder, status: Status) -> None:
        del self._orders[order.intent_id]
        of_market = self._by_market[order.market_id]
        del of_market[order.intent_id]
        if not of_market:
            del self._by_market[order.market_id]
        if status is Status.REPLACED:
            self._replaced[order.intent_id] = order

    def _settle(self, intent: QuoteIntent) -> None:
        """A REPLACE or CANCEL has done its work or failed: its target, if open, is free again."""
        target = intent.target_intent_id
        if target is None:
            return
        self._replaced.pop(target, None)
        if self._pending.get(target) is intent:
            del self._pending[target]
            self._mark(target)

    def _mark(self, target: str) -> None:
        order = self._orders.get(target)
        if order is not None:
            change = self._pending.get(target)
            if change is None:
                order.pending = None
            else:
                order.pending = "REPLACE" if change.action is Action.REPLACE else "CANCEL"
