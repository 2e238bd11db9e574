"""How likely an order is filled: one that joins a queue, and one that already has a place in it."""

from __future__ import annotations

from typing import Final

from trader.execution.interfaces.executor import OpenOrder
from trader.execution.interfaces.intents import Side
from trader.strategy.context import Runner, StrategyContext

LEAST_PART: Final = 0.01
"""The front of a queue counts as this part of it: some time passes there, too."""


def p_fill(
    ctx: StrategyContext,
    runner: Runner,
    side: Side,
    price_centi: int,
    size_centi: int,
    horizon_ms: int,
) -> float:
    """The probability that an order that joins the tail at a price is filled within a time."""
    market_id, selection_id, handicap, _ = runner
    price, size = price_centi / 100, size_centi / 100
    return ctx.book.pfill_ttf(
        market_id, selection_id, side.value, price, size, horizon_ms, handicap
    )[0]


def p_fill_in_place(
    ctx: StrategyContext, runner: Runner, order: OpenOrder, horizon_ms: int
) -> float:
    """That of a resting order in its place. With a part of the queue ahead of it, it needs that
    part of the time: it is what one at the tail would have in so much more."""
    market_id, selection_id, handicap, _ = runner
    side, price, size = order.side, order.price_centi / 100, order.remaining_centi / 100
    ahead = ctx.ahead(runner, order)
    tail = ctx.book.size_ahead(market_id, selection_id, side.value, price, None, handicap)
    if ahead is not None and size > 0.0 and ahead < tail:
        part = max((ahead + size) / (tail + size), LEAST_PART)
        horizon_ms = round(horizon_ms / part)
    return p_fill(ctx, runner, side, order.price_centi, order.remaining_centi, horizon_ms)
