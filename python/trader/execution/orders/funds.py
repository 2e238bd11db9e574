"""What may be lost, and whether the venue thinks so, too."""

from __future__ import annotations

from collections.abc import Iterable

from trader.execution.interfaces.intents import Side
from trader.execution.orders.core import Core, FundsLook
from trader.execution.orders.exposure import liability
from trader.execution.orders.order import Order

FUNDS_MISMATCH = "FUNDS_MISMATCH"


def exposure_of(core: Core, market_id: str) -> int:
    """What one market may cost, hundredths of hundredths: what is matched in the worst case, and
    all that rests."""
    orders = [one for one in core.book.orders.values() if one.intent.market_id == market_id]
    return _open_cost(core, orders) + core.book.exposure.worst(market_id)


def exposure(core: Core) -> int:
    """What all markets may cost. Safe from any thread: the metrics page asks."""
    return _open_cost(core, list(core.book.orders.values())) + _matched_cost(core)


def _open_cost(core: Core, orders: Iterable[Order]) -> int:
    return sum(_resting_cost(core, order) + _untold_cost(order) for order in orders)


def _matched_cost(core: Core) -> int:
    """What is matched in all markets may cost."""
    matched = core.book.exposure
    return sum(matched.worst(market) for market in list(matched.names()))


def _resting_cost(core: Core, order: Order) -> int:
    """What still rests of it. Until a replacement stands, the order it moves is counted as far as
    that rests, and what the replacement may cost more."""
    target = core.book.target_of(order) if order.bet_id is None else None
    cost = _liability_of(order)
    return cost if target is None else max(cost - _liability_of(target), 0)


def _liability_of(order: Order) -> int:
    return liability(order.intent.side, order.intent.price_centi, max(order.remaining_centi, 0))


def _untold_cost(order: Order) -> int:
    """What is matched of it and has not been told yet: it waits for the answer that says how it
    ended."""
    size, value = order.matched
    size, value = size - order.told.matched_centi, value - order.told.value
    return max(size * 100 if order.intent.side is Side.BACK else value - size * 100, 0)


def compare(core: Core, exposure_centi: int) -> None:
    """The tripwire: the account's exposure is between what our matched bets cost and what all of
    ours may; anything else is a bet that we do not know, or one that is not there. Not looked at
    while an order is in doubt."""
    tolerance_centi = core.config.limits.funds_tolerance_centi
    if tolerance_centi is None:
        core.funds_look = None  # nobody looks by now: the last one must not grow old
        return
    if any(one.is_uncertain for one in core.book.orders.values()):
        return
    matched, most = _matched_cost(core), exposure(core)
    told, tolerance = exposure_centi * 100, tolerance_centi * 100
    difference = max(told - most, 0) + min(told - matched, 0)
    core.funds_look = FundsLook(core.now_ms, difference)
    if matched - tolerance <= told <= most + tolerance:
        core.funds_differ_since_ms = None
        return
    # A fill or a settlement may be under way: it has to last.
    if core.funds_differ_since_ms is None:
        core.funds_differ_since_ms = core.now_ms
    lasts_ms = core.now_ms - core.funds_differ_since_ms
    if lasts_ms >= core.config.windows.funds_ms and core.halted is None:
        core.halted = FUNDS_MISMATCH
        core.counters.funds_trips += 1
