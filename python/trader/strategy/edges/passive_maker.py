"""passive_maker: rests at the best prices of both sides and earns the spread between them.

Why it should earn: who needs a bet now pays the spread to those who wait. For each runner it joins
the lowest price to lay with a BACK and the highest price to back with a LAY when these are at least
`min_spread_ticks` apart. What an order at price p is worth is judged against the microprice m (the
two best prices weighted by the size on the other side, so that it leans towards where the book is
thin): a BACK earns p/m - 1 of its stake, a LAY 1 - p/m. It is worth that only if it is filled: an
order is placed where a fill within `horizon_ms` has the probability `min_p_fill`, and where that
probability times the edge after commission (the market base rate; the edge knows of no discount)
is `min_value` of the stake. An order that takes inventory back needs neither.

An order follows the best price when that moves away from it. One at the best price has its place in
the queue, and stays as long as that is worth most: every `requote_ms` its probability, with what is
really ahead of it, is held against that of an order one tick inside the spread, ahead of everyone;
when the latter is worth `queue_margin` more it is moved there. One that is alone inside the spread,
because the others went back, is held against the best price likewise.

Inventory is the stake by which the runner is backed more than laid at the present price. It is
bounded (no order is larger than what is left to the bound), and it skews: the side that would add
to it must earn `skew_edge` more at the bound, the side that takes it back may earn as much less.

Known weaknesses:

- Adverse selection. It is filled most readily when the price is about to pass it: what is earned at
  the moment of a fill is less than the edge says, and the microprice knows only the best level.
- Inventory is bounded and skewed, never crossed out: what is left at the off is a bet on the race
  (`hedge` evens it out, at a cost). In play it is away by default, since the bet delay lets others
  choose which of its orders to take.
- p_fill of a runner that nobody has traded yet is 0, and such runners are left alone.
- Moving loses the place in the queue, and each order is a transaction that the venue counts.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from trader.config.rules import Flag, Number, Whole, rule
from trader.execution.interfaces.executor import OpenOrder
from trader.execution.interfaces.intents import Side
from trader.strategy.context import Runner, StrategyContext
from trader.strategy.edges.base import Cancel, Edge, EdgeConfig, Place, Proposal, Replace
from trader.strategy.edges.queues import p_fill, p_fill_in_place
from trader.strategy.edges.quote import LADDERS, moved
from trader.strategy.edges.targets import Target, targets


@dataclass(frozen=True, slots=True, kw_only=True)
class PassiveMakerConfig(EdgeConfig):
    min_spread_ticks: int = rule(Whole(1, 100))
    min_price: float = rule(Number(1.01, 1000.0))
    max_price: float = rule(Number(1.01, 1000.0))
    horizon_ms: int = rule(Whole(1, 3_600_000))
    min_p_fill: float = rule(Number(0.0, 1.0))
    min_value: float = rule(Number(0.0, 1.0))
    queue_margin: float = rule(Number(0.0, 1000.0))
    max_inventory: float = rule(Number(0.01, 1e6))
    skew_edge: float = rule(Number(0.0, 1.0))
    requote_ms: int = rule(Whole(0, 600_000))
    ttl_ms: int = rule(Whole(1, 86_400_000))
    quote_in_play: bool = rule(Flag())
    cancel_when_suspended: bool = rule(Flag())
    cancel_when_stale: bool = rule(Flag())


class PassiveMaker(Edge[PassiveMakerConfig]):
    name = "passive_maker"
    config_class = PassiveMakerConfig

    def __init__(self, config: PassiveMakerConfig) -> None:
        super().__init__(config)
        # When a place was found not to pay, and a resting order thought over, last.
        self._refused: dict[tuple[Runner, Side], int] = {}
        self._looked: dict[tuple[Runner, Side], int] = {}

    def forget(self, market_id: str) -> None:
        self._refused = {k: ms for k, ms in self._refused.items() if k[0].market_id != market_id}
        self._looked = {k: ms for k, ms in self._looked.items() if k[0].market_id != market_id}

    def decide(self, ctx: StrategyContext, runner: Runner) -> Sequence[Proposal]:
        orders = ctx.orders(self.name, runner)
        stop = self._why_out(ctx, runner)
        if stop is not None:
            if not stop or not orders:  # "": stay out, but leave what rests
                return ()
            return [Cancel(order, stop) for order in orders if order.pending is None]
        back, lay = targets(ctx, runner, self.config)
        if not orders and back is None and lay is None:
            return ()
        proposals: list[Proposal] = []
        for side, target in ((Side.BACK, back), (Side.LAY, lay)):
            mine = [order for order in orders if order.side is side]
            proposals.extend(self._towards(ctx, runner, target, mine))
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

    def _towards(
        self,
        ctx: StrategyContext,
        runner: Runner,
        target: Target | None,
        orders: Sequence[OpenOrder],
    ) -> Sequence[Proposal]:
        """What brings one side to its target: nothing, a first order, a move, or an end."""
        if target is None or target.gross_edge <= 0.0:
            return [Cancel(o, "no_edge") for o in orders if self._may_move(ctx, o)]
        if not orders:
            return self._join(ctx, runner, target) if target.open else ()
        moves: list[Proposal] = []
        for order in orders:
            if not self._may_move(ctx, order):
                continue
            if target.is_behind(order.price_centi):
                moves.append(self._follow(ctx, runner, target, order))
            elif order.price_centi == target.price_centi:
                moves.extend(self._improve(ctx, runner, target, order))
            else:
                moves.extend(self._fall_back(ctx, runner, target, order))
        return moves

    def _join(self, ctx: StrategyContext, runner: Runner, target: Target) -> Sequence[Proposal]:
        """A first order at the best price, where it pays to wait there."""
        key = (runner, target.side)
        if not self._is_due(ctx, self._refused.get(key)):
            return ()
        price_centi, edge = target.price_centi, target.gross_edge
        chance = self._chance(ctx, runner, target, price_centi, 0)
        if not self._pays(ctx, target, edge, chance):
            self._refused[key] = ctx.now_ms
            return ()
        ttl_ms, most_centi = self.config.ttl_ms, target.max_size_centi
        return [Place(target.side, price_centi, edge, ttl_ms, target.reduces, most_centi, chance)]

    def _follow(
        self, ctx: StrategyContext, runner: Runner, target: Target, order: OpenOrder
    ) -> Proposal:
        """The best price has moved away from an order."""
        if not target.open:
            return Cancel(order, "spread")
        chance = self._chance(ctx, runner, target, target.price_centi, order.remaining_centi)
        if not self._pays(ctx, target, target.gross_edge, chance):
            return Cancel(order, "p_fill")
        return self._move(target, order, target.price_centi, chance)

    def _improve(
        self, ctx: StrategyContext, runner: Runner, target: Target, order: OpenOrder
    ) -> Sequence[Proposal]:
        """Whether an order at the best price is worth more a tick inside the spread."""
        ladder = LADDERS.get(ctx.market.ladder)
        if target.spread < 2 or ladder is None or not self._is_time(ctx, runner, target):
            return ()
        inside_centi = moved(ladder, target.price_centi, -1 if target.side is Side.BACK else 1)
        edge = target.edge_at(inside_centi)
        if edge <= 0.0:
            return ()
        chance = self._chance(ctx, runner, target, inside_centi, order.remaining_centi)
        here = p_fill_in_place(ctx, runner, order, self.config.horizon_ms) * target.gross_edge
        if not self._is_better(chance * edge, here) or not self._pays(ctx, target, edge, chance):
            return ()
        return [self._move(target, order, inside_centi, chance)]

    def _fall_back(
        self, ctx: StrategyContext, runner: Runner, target: Target, order: OpenOrder
    ) -> Sequence[Proposal]:
        """An order inside the spread, which is not seen in the book (a dry run) or whose company
        has gone, goes back to the best price unless it is worth more where it is."""
        edge = target.edge_at(order.price_centi)
        if edge > 0.0:
            if not self._is_time(ctx, runner, target):
                return ()
            here = p_fill_in_place(ctx, runner, order, self.config.horizon_ms) * edge
            chance = self._chance(ctx, runner, target, target.price_centi, order.remaining_centi)
            if here > 0.0 and not self._is_better(chance * target.gross_edge, here):
                return ()
        return [self._follow(ctx, runner, target, order)]

    # --- what a place is worth --------------------------------------------------------------------

    def _pays(self, ctx: StrategyContext, target: Target, edge: float, chance: float) -> bool:
        config = self.config
        if target.reduces:
            return True
        after_commission = edge * (1.0 - (ctx.market.mbr or 0.0) / 100.0)
        return chance >= config.min_p_fill and chance * after_commission >= config.min_value

    def _is_better(self, worth: float, than: float) -> bool:
        return worth > than * (1.0 + self.config.queue_margin)

    def _is_time(self, ctx: StrategyContext, runner: Runner, target: Target) -> bool:
        """Whether a resting order's place is to be thought over, which is then done."""
        key = (runner, target.side)
        if not self._is_due(ctx, self._looked.get(key)):
            return False
        self._looked[key] = ctx.now_ms
        return True

    def _is_due(self, ctx: StrategyContext, looked_ms: int | None) -> bool:
        return looked_ms is None or ctx.now_ms - looked_ms >= self.config.requote_ms

    def _chance(
        self, ctx: StrategyContext, runner: Runner, target: Target, price_centi: int, size: int
    ) -> float:
        """The probability that an order of that size (hundredths) that joins there is filled."""
        return p_fill(ctx, runner, target.side, price_centi, size, self.config.horizon_ms)

    def _move(self, target: Target, order: OpenOrder, price_centi: int, chance: float) -> Replace:
        edge, ttl_ms = target.edge_at(price_centi), self.config.ttl_ms
        return Replace(order, price_centi, edge, ttl_ms, target.reduces, chance)

    def _may_move(self, ctx: StrategyContext, order: OpenOrder) -> bool:
        return order.pending is None and ctx.now_ms - order.placed_ts_ms >= self.config.requote_ms
