"""Where a maker's orders should rest: the best price of each side, what a stake earns there, and
how much of it the inventory lets."""

from __future__ import annotations

from typing import NamedTuple, Protocol

from trader.execution.interfaces.intents import Side
from trader.strategy.context import Runner, StrategyContext


class Limits(Protocol):
    """The keys of `passive_maker` that say where it may quote, and how much."""

    @property
    def min_spread_ticks(self) -> int: ...
    @property
    def min_price(self) -> float: ...
    @property
    def max_price(self) -> float: ...
    @property
    def max_inventory(self) -> float: ...
    @property
    def skew_edge(self) -> float: ...


class Target(NamedTuple):
    """Where one side should rest and what a stake earns there before commission.

    `open` says whether it may be joined now; if not, an order that is there may stay. `spread` is
    in ticks. `max_size_centi` is what brings the inventory to its bound. `asked` is what the
    inventory takes from the edge at any price, negative where it adds to it. `reduces`: an order
    takes inventory back.
    """

    side: Side
    price_centi: int
    micro: float
    asked: float
    spread: int
    open: bool
    max_size_centi: int
    reduces: bool

    @property
    def gross_edge(self) -> float:
        return self.edge_at(self.price_centi)

    def edge_at(self, price_centi: int) -> float:
        """What a stake of 1 earns at a price."""
        earned = price_centi / 100 / self.micro - 1.0
        return (earned if self.side is Side.BACK else -earned) - self.asked

    def is_behind(self, price_centi: int) -> bool:
        """Whether a price is worse placed than the target: it is reached after it."""
        if self.side is Side.BACK:
            return price_centi > self.price_centi
        return price_centi < self.price_centi


def targets(
    ctx: StrategyContext, runner: Runner, limits: Limits
) -> tuple[Target | None, Target | None]:
    """Where a BACK and a LAY should rest now; None where that side should not."""
    market_id, selection_id, handicap, _ = runner
    best_back, back_size, best_lay, lay_size = ctx.book.best(market_id, selection_id, handicap)
    if best_back is None or back_size is None or best_lay is None or lay_size is None:
        return None, None
    if best_back < limits.min_price or best_lay > limits.max_price:
        return None, None
    spread = ctx.book.spread_ticks(market_id, selection_id, handicap)
    if spread is None or spread < 1:
        return None, None
    wide = spread >= limits.min_spread_ticks
    micro = (best_back * lay_size + best_lay * back_size) / (back_size + lay_size)
    held = ctx.position(runner).hedge_stake(micro) / limits.max_inventory
    skew = limits.skew_edge * held
    back = lay = None
    if held < 1.0:
        room_centi = int(100 * limits.max_inventory * (1.0 - held) * micro / best_lay)
        price_centi = round(best_lay * 100)
        back = Target(Side.BACK, price_centi, micro, skew, spread, wide, room_centi, held < 0.0)
    if held > -1.0:
        room_centi = int(100 * limits.max_inventory * (1.0 + held) * micro / best_back)
        price_centi = round(best_back * 100)
        lay = Target(Side.LAY, price_centi, micro, -skew, spread, wide, room_centi, held > 0.0)
    return back, lay
