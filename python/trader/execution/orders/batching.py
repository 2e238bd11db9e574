"""Orders of one market that leave together."""

from __future__ import annotations

from typing import Final, TypeAlias

from trader.execution.orders.core import Core
from trader.execution.orders.kinds import Kind

PLACE_MAX: Final = 200
"""Orders that one request may place."""
REPLACE_MAX: Final = 60
"""Bets that one request may move."""

Queue: TypeAlias = list[tuple[bool, Kind, str]]
"""(whether it is no hedge, what it asks for, the order), the more urgent first."""


def gather(core: Core, kind: Kind, first: str, queue: Queue) -> tuple[list[str], Queue]:
    """With an order what may leave in the same request (of one market, with the same reference and
    version of it), and what is left of the queue."""
    pacing = core.config.pacing
    most = PLACE_MAX if kind is Kind.PLACE else REPLACE_MAX
    free = max(pacing.per_hour - core.book.transactions(core.now_ms), 0)
    most = min(most, pacing.per_second, pacing.market_per_second, free)
    names, left = [first], []
    shared = _shared(core, first)
    for is_later, of, name in queue:
        if is_later and of is kind and len(names) < most and _shared(core, name) == shared:
            names.append(name)
        else:
            left.append((is_later, of, name))
    return names, left


def _shared(core: Core, name: str) -> tuple[str, str, int | None] | None:
    order = core.book.order(name)
    if order is None:
        return None
    intent = order.intent
    return intent.market_id, intent.strategy_ref, intent.market_version


def gathering_of(core: Core, kind: Kind, names: list[str]) -> tuple[str, str]:
    """What the orders that may leave together are gathered under."""
    order = core.book.order(names[0])
    return "" if order is None else order.intent.market_id, kind


def is_gathered(core: Core, kind: Kind, names: list[str]) -> bool:
    """Whether the market's orders have been gathered for long enough."""
    due_ms = core.now_ms + core.config.pacing.batch_window_ms
    due_ms = core.gathered.setdefault(gathering_of(core, kind, names), due_ms)
    if due_ms > core.now_ms:
        core.wake_at(due_ms)
        return False
    return True
