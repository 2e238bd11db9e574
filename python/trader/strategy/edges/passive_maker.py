"""passive_maker: rests at the best prices of both sides and earns the spread between them.

For each runner it joins the lowest price to lay with a BACK and the highest price to back with a
LAY when these are at least `min_spread_ticks` apart; an order already there stays while the price
is still the best, for its place in the queue is worth more than the spread says. What an order at
price p is worth is judged against the microprice m (the two best prices weighted by the size on
the other side, so that it leans towards where the book is thin): a BACK earns p/m - 1 of its
stake, a LAY 1 - p/m.

Inventory is the stake by which the runner is backed more than laid at the present price. It is
bounded (no order is larger than what is left to the bound), and it skews: the side that would add
to it must earn `skew_edge` more at the bound, the side that takes it back may earn as much less.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from trader.config.rules import Flag, Number, Whole, rule
from trader.execution.interfaces.executor import OpenOrder
from trader.execution.interfaces.intents import Side
from trader.strategy.context import Runner, StrategyContext
from trader.strategy.edges.base import Cancel, Edge, EdgeConfig, Place, Proposal, Replace


@dataclass(frozen=True, slots=True, kw_only=True)
class PassiveMakerConfig(EdgeConfig):
    min_spread_ticks: int = rule(Whole(1, 100))
    min_price: float = rule(Number(1.01, 1000.0))
    max_price: float = rule(Number(1.01, 1000.0))
    max_inventory: float = rule(Number(0.01, 1e6))
    skew_edge: float = rule(Number(0.0, 1.0))
    requote_ms: int = rule(Whole(0, 600_000))
    ttl_ms: int = rule(Whole(1, 86_400_000))
    quote_in_play: bool = rule(Flag())
    cancel_when_suspended: bool = rule(Flag())
    cancel_when_stale: bool = rule(Flag())


@dataclass(frozen=True, slots=True)
class Target:
    """Where one side should rest and what a stake of 1 earns there before commission.

    `open` says whether it may be joined now; if not, an order that is there may stay.
    `max_size_centi` is what brings the inventory to its bound.
    """

    price_centi: int
    gross_edge: float
    reduces: bool
    open: bool
    max_size_centi: int


class PassiveMaker(Edge[PassiveMakerConfig]):
    name = "passive_maker"
    config_class = PassiveMakerConfig

    def decide(self, ctx: StrategyContext, runner: Runner) -> Sequence[Proposal]:
        orders = ctx.orders(self.name, runner)
        stop = self._why_out(ctx, runner)
        if stop is not None:
            if not stop or not orders:  # "": stay out, but leave what rests
                return ()
            return [Cancel(order, stop) for order in orders if order.pending is None]
        back, lay = self._targets(ctx, runner)
        if not orders and back is None and lay is None:
            return ()
        proposals: list[Proposal] = []
        for side, target in ((Side.BACK, back), (Side.LAY, lay)):
            mine = [order for order in orders if order.side is side]
            proposals.extend(self._towards(ctx.now_ms, side, target, mine))
        return proposals

    def _why_out(self, ctx: StrategyContext, runner: Runner) -> str | None:
        """None to quote; a reason to cancel for; "" to leave resting orders as they are."""
        market = ctx.market
        if market.stale:
            return "stale" if self.config.cancel_when_stale else ""
        if market.in_play and not self.config.quote_in_play:
            return "in_play"
        if not market.is_open:
            return "suspended" if self.config.cancel_when_suspended else ""
        if market.runners.get(runner) != "ACTIVE":
            return "runner_not_active"
        return None

    def _targets(self, ctx: StrategyContext, runner: Runner) -> tuple[Target | None, Target | None]:
        """Where a BACK and a LAY should rest now; None where that side should not."""
        config = self.config
        market_id, selection_id, handicap, _ = runner
        best_back, back_size, best_lay, lay_size = ctx.book.best(market_id, selection_id, handicap)
        if best_back is None or back_size is None or best_lay is None or lay_size is None:
            return None, None
        if best_back < config.min_price or best_lay > config.max_price:
            return None, None
        spread = ctx.book.spread_ticks(market_id, selection_id, handicap)
        if spread is None or spread < 1:
            return None, None
        wide = spread >= config.min_spread_ticks
        micro = (best_back * lay_size + best_lay * back_size) / (back_size + lay_size)
        held = ctx.position(runner).hedge_stake(micro) / config.max_inventory
        back = lay = None
        if held < 1.0:
            edge = best_lay / micro - 1.0 - config.skew_edge * held
            room_centi = int(100 * config.max_inventory * (1.0 - held) * micro / best_lay)
            back = Target(round(best_lay * 100), edge, held < 0.0, wide, room_centi)
        if held > -1.0:
            edge = 1.0 - best_back / micro + config.skew_edge * held
            room_centi = int(100 * config.max_inventory * (1.0 + held) * micro / best_back)
            lay = Target(round(best_back * 100), edge, held > 0.0, wide, room_centi)
        return back, lay

    def _towards(
        self, now_ms: int, side: Side, target: Target | None, orders: Sequence[OpenOrder]
    ) -> Sequence[Proposal]:
        """What brings one side to its target: nothing, a first order, a move, or an end."""
        if target is None or target.gross_edge <= 0.0:
            return [Cancel(o, "no_edge") for o in orders if self._may_move(now_ms, o)]
        price_centi, edge, ttl_ms = target.price_centi, target.gross_edge, self.config.ttl_ms
        if not orders:
            if not target.open:
                return ()
            room_centi = target.max_size_centi
            return [Place(side, price_centi, edge, ttl_ms, target.reduces, room_centi)]
        moves: list[Proposal] = []
        for order in orders:
            if order.price_centi == price_centi or not self._may_move(now_ms, order):
                continue
            if target.open:
                moves.append(Replace(order, price_centi, edge, ttl_ms, target.reduces))
            else:
                moves.append(Cancel(order, "spread"))
        return moves

    def _may_move(self, now_ms: int, order: OpenOrder) -> bool:
        return order.pending is None and now_ms - order.placed_ts_ms >= self.config.requote_ms
