"""Orders that are to be taken away as soon as they can be: those that rest at once, those on their
way when they have come to rest, and what they are moved to meanwhile."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from trader.order_desk import OrderDesk

AGAIN_MS: Final = 1_000
"""A cancel that failed is tried again after so long."""


class Withdrawals:
    """For one engine, on its thread. Holds no more than there are orders of ours."""

    def __init__(self, desk: OrderDesk) -> None:
        self._desk = desk
        self._reasons: dict[str, str] = {}
        self._not_before_ms: dict[str, int] = {}

    def __len__(self) -> int:
        return len(self._reasons)

    def add(self, intent_ids: Iterable[str], reason: str) -> None:
        """These orders are to go; `reason` is for the counters."""
        self._reasons.update(dict.fromkeys(intent_ids, reason))

    def look(self, now_ms: int) -> bool:
        """Cancels what can be cancelled now, also where that failed before; whether anything."""
        if not self._reasons:
            return False
        orders = self._desk.orders
        waiting: dict[str, str] = {}
        sent = False
        for runner, resting in orders.by_runner().items():
            for order in resting:
                intent_id = order.intent_id
                reason = self._reasons.get(intent_id)
                if reason is None:  # what was moved since the last look, and answered
                    reason = self._reasons.get(self._desk.moved_from(intent_id) or "")
                if reason is None:
                    continue
                waiting[intent_id] = reason
                if order.pending is None and now_ms >= self._not_before_ms.get(intent_id, 0):
                    self._not_before_ms[intent_id] = now_ms + AGAIN_MS
                    sent |= self._desk.cancel(runner, order, reason, now_ms)
        for intent_id, reason in self._reasons.items():
            if orders.is_on_the_way(intent_id):
                waiting[intent_id] = reason
            waiting.update(dict.fromkeys(orders.moved_from((intent_id,)), reason))
        self._reasons = waiting
        self._not_before_ms = {k: ms for k, ms in self._not_before_ms.items() if k in waiting}
        return sent
