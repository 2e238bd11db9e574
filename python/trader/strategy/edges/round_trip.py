"""In on a signal, out by ticks: what `scalp` and `sweep_follow` share.

An edge of this kind says how far it expects the price to move (`expected_ticks`). Up: it lays now
and backs later at a higher price; down: it backs now and lays later at a lower one. It enters by
joining the best price of its side (`entry: join`) or by taking the other side's (`take`), and what
the order is worth is judged against the microprice moved by what is expected: at price p and
forecast m a BACK earns p/m - 1 of its stake, a LAY 1 - p/m.

What it holds it knows from `ctx.held`: its own matches, apart from those of other edges. Held is
what would win more than lose, or the reverse; it is levelled by one order on the other side whose
size times price is just that difference, so that the profit is the same whoever wins. That order
rests `take_ticks` better than the entry. It crosses to what the market offers once that is
`stop_ticks` or more worse than the entry, `max_hold_ms` have passed, `out_before_off_s` are left
to the scheduled start, or the market has turned in-play. The rest of an entry that is not matched
is taken away as soon as anything is held.

Known weaknesses of all of them:

- Times are looked at when a message touches the runner; in a silent market they pass unnoticed.
  Where the `selector` says that a market is not quoted any more nobody asks the edge: it must be
  out before that (`out_before_off_s` above `selector.until_off_s`).
- A closing order that rests is moved where it levels too much by less than `min_close_stake` there.
  From further away it is taken away, and ordered anew when the next message touches the runner.
- Crossing takes whatever price is there. A book that empties (a suspension, the off) is crossed
  far away, or not at all: then the position is carried into the race.
- Less than `min_close_stake` is not closed, as the venue takes no such bet; it is carried with the
  next trip, or to the result.
- The entry that joins is filled most readily when the price moves against it. In play an order
  waits for the bet delay, and a stop with it.
- After a restart what is held is known, the time and price of its entry are not: it counts as
  entered then, at the average price of its side, or at what the market offers then where anything
  was matched on the other side before, as of an earlier trip.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

from trader.config.rules import Choice, Flag, Number, Whole, rule
from trader.execution.interfaces.executor import OpenOrder
from trader.execution.interfaces.intents import Side
from trader.strategy.context import Runner, StrategyContext
from trader.strategy.edges.base import Cancel, Edge, EdgeConfig, Place, Proposal, Replace
from trader.strategy.edges.quote import Quote, moved, quote_of, value


@dataclass(frozen=True, slots=True, kw_only=True)
class RoundTripConfig(EdgeConfig):
    entry: str = rule(Choice(("join", "take")))
    min_price: float = rule(Number(1.01, 1000.0))
    max_price: float = rule(Number(1.01, 1000.0))
    max_spread_ticks: int = rule(Whole(1, 100))
    max_stake: float = rule(Number(0.01, 1e6))
    take_ticks: int = rule(Whole(1, 100))
    stop_ticks: int = rule(Whole(1, 100))
    max_hold_ms: int = rule(Whole(1, 86_400_000))
    out_before_off_s: float = rule(Number(0.0, 86_400.0))
    trade_in_play: bool = rule(Flag())
    rest_ms: int = rule(Whole(0, 86_400_000))
    requote_ms: int = rule(Whole(0, 600_000))
    ttl_ms: int = rule(Whole(1, 86_400_000))
    min_close_stake: float = rule(Number(0.01, 1000.0))


C = TypeVar("C", bound=RoundTripConfig)


@dataclass(slots=True)
class Trip:
    """What an edge has been through on a runner.

    While something is held `since_ms` is set, and `entry_centi` the average price it came in at.
    `back_centi`, `lay_centi` and `open_e4` are what was matched of its backs and of its lays, and
    what was open, when nothing was held last. `over_ms`: when the last trip ended.
    """

    since_ms: int | None = None
    entry_centi: int = 0
    back_centi: int = 0
    lay_centi: int = 0
    open_e4: int = 0
    over_ms: int | None = None


class RoundTrip(Edge[C]):
    """In on a signal, out by ticks, loss or time. One trip at a time on each runner."""

    closes_itself = True

    def __init__(self, config: C) -> None:
        super().__init__(config)
        self._trips: dict[Runner, Trip] = {}  # until their markets close

    @abstractmethod
    def expected_ticks(self, ctx: StrategyContext, runner: Runner) -> float:
        """How far the price is expected to move, up is positive; 0.0 when nothing is to be done.
        Asked while nothing is held."""

    def forget(self, market_id: str) -> None:
        self._trips = {r: trip for r, trip in self._trips.items() if r.market_id != market_id}

    def is_in(self, runner: Runner) -> bool:
        """Whether it held something on a runner when that was decided last."""
        trip = self._trips.get(runner)
        return trip is not None and trip.since_ms is not None

    def decide(self, ctx: StrategyContext, runner: Runner) -> Sequence[Proposal]:
        orders = ctx.orders(self.name, runner)
        held = ctx.held(self.name, runner)
        open_e4 = held.win_e4 - held.lose_e4
        market = ctx.market
        if market.stale or not market.is_open or market.runners.get(runner) != "ACTIVE":
            return _but_closing(orders, open_e4, "market")
        quote = quote_of(ctx, runner)
        if quote is None:
            return _but_closing(orders, open_e4, "no_quote")
        trip = self._follow(ctx, runner, quote, open_e4)
        if trip is not None and trip.since_ms is not None:
            return self._close(ctx, quote, trip, open_e4, orders)
        return self._enter(ctx, runner, quote, trip, orders)

    # --- in -------------------------------------------------------------------------------------

    def _enter(
        self,
        ctx: StrategyContext,
        runner: Runner,
        quote: Quote,
        trip: Trip | None,
        orders: Sequence[OpenOrder],
    ) -> Sequence[Proposal]:
        ticks = 0.0
        if self._may_enter(ctx, quote, trip):
            ticks = self.expected_ticks(ctx, runner)
        if ticks == 0.0:
            return [Cancel(o, "no_signal") for o in _free(orders)]
        side = Side.LAY if ticks > 0 else Side.BACK
        config = self.config
        price_centi = quote.taking(side) if config.entry == "take" else quote.joining(side)
        worth = value(side, price_centi, quote.forecast(ticks))
        if not orders:
            most_centi = round(config.max_stake * 100)
            return [Place(side, price_centi, worth, config.ttl_ms, max_size_centi=most_centi)]
        wishes: list[Proposal] = []
        for order in _free(orders):
            if order.side is not side:
                wishes.append(Cancel(order, "turned"))
            elif order.price_centi != price_centi and self._may_move(ctx, order):
                wishes.append(Replace(order, price_centi, worth, config.ttl_ms))
        return wishes

    def _may_enter(self, ctx: StrategyContext, quote: Quote, trip: Trip | None) -> bool:
        config, market = self.config, ctx.market
        spread = quote.spread_ticks
        if spread is None or spread > config.max_spread_ticks:
            return False
        if quote.back_centi < config.min_price * 100 or quote.lay_centi > config.max_price * 100:
            return False
        over_ms = trip.over_ms if trip is not None else None
        if over_ms is not None and ctx.now_ms - over_ms < config.rest_ms:
            return False
        if market.in_play:
            return config.trade_in_play
        if market.off_ms is None:
            return True
        left_ms = market.off_ms - ctx.now_ms
        return config.trade_in_play or left_ms > config.out_before_off_s * 1000 + config.max_hold_ms

    # --- out ------------------------------------------------------------------------------------

    def _follow(
        self, ctx: StrategyContext, runner: Runner, quote: Quote, open_e4: int
    ) -> Trip | None:
        """The runner's trip with what has been matched since; None when there never was one."""
        trip = self._trips.get(runner)
        if trip is None:
            if open_e4 == 0:
                return None
            trip = self._trips[runner] = Trip()
        held = ctx.held(self.name, runner)
        side = _closing_side(open_e4)
        size_centi = abs(open_e4) / quote.taking(side)
        if size_centi < self.config.min_close_stake * 100:
            if trip.since_ms is not None:
                trip.since_ms, trip.over_ms = None, ctx.now_ms
                trip.back_centi, trip.lay_centi = held.back_stake_centi, held.lay_stake_centi
                trip.open_e4 = open_e4
            return trip
        if trip.since_ms is None:
            trip.since_ms = ctx.now_ms
        backed = held.back_stake_centi - trip.back_centi
        laid = held.lay_stake_centi - trip.lay_centi
        entered, closed = (backed, laid) if side is Side.LAY else (laid, backed)
        if entered > 0 and closed == 0:  # the price is no more told once some of it is closed
            trip.entry_centi = round(abs(open_e4 - trip.open_e4) / entered)
        elif trip.entry_centi == 0:
            trip.entry_centi = quote.taking(side)
        return trip

    def _close(
        self,
        ctx: StrategyContext,
        quote: Quote,
        trip: Trip,
        open_e4: int,
        orders: Sequence[OpenOrder],
    ) -> Sequence[Proposal]:
        config = self.config
        side = _closing_side(open_e4)
        wishes: list[Proposal] = [Cancel(o, "in") for o in _free(orders) if o.side is not side]
        crosses = self._must_go(ctx, quote, trip, side)
        better = config.take_ticks if side is Side.BACK else -config.take_ticks
        price_centi = (
            quote.taking(side) if crosses else moved(quote.ladder, trip.entry_centi, better)
        )
        closing = [o for o in orders if o.side is side]
        if not closing:
            size_centi = (2 * abs(open_e4) + price_centi) // (2 * price_centi)
            wishes.append(
                Place(
                    side,
                    price_centi,
                    0.0,
                    config.ttl_ms,
                    reduces=True,
                    size_centi=size_centi,
                    closes=True,
                )
            )
            return wishes
        if any(order.pending is not None for order in closing):
            return wishes
        over_e4 = sum(o.remaining_centi * o.price_centi for o in closing) - abs(open_e4)
        # Too little is let be as long as the rest could not be ordered; too much, but for rounding,
        # would turn the position round.
        if over_e4 > price_centi or -over_e4 >= config.min_close_stake * 100 * price_centi:
            return [*wishes, *(Cancel(order, "size") for order in closing)]
        for order in closing:
            if order.price_centi == price_centi or not self._may_move(ctx, order, at_once=crosses):
                continue
            # A move keeps the size: what would be too much at a higher price is ordered anew.
            more_e4 = over_e4 + order.remaining_centi * (price_centi - order.price_centi)
            if more_e4 >= config.min_close_stake * 100 * order.price_centi:
                wishes.append(Cancel(order, "size"))
            else:
                wishes.append(
                    Replace(order, price_centi, 0.0, config.ttl_ms, reduces=True, closes=True)
                )
        return wishes

    def _must_go(self, ctx: StrategyContext, quote: Quote, trip: Trip, side: Side) -> bool:
        """Whether it is to be left at what the market offers, by loss or by time."""
        config, market = self.config, ctx.market
        against = -config.stop_ticks if side is Side.BACK else config.stop_ticks
        stop_centi = moved(quote.ladder, trip.entry_centi, against)
        offered_centi = quote.taking(side)
        if offered_centi <= stop_centi if side is Side.BACK else offered_centi >= stop_centi:
            return True
        if trip.since_ms is not None and ctx.now_ms - trip.since_ms >= config.max_hold_ms:
            return True
        if config.trade_in_play:
            return False
        is_late = (
            market.off_ms is not None
            and market.off_ms - ctx.now_ms <= config.out_before_off_s * 1000
        )
        return market.in_play or is_late

    def _may_move(self, ctx: StrategyContext, order: OpenOrder, *, at_once: bool = False) -> bool:
        return at_once or ctx.now_ms - order.placed_ts_ms >= self.config.requote_ms


def _closing_side(open_e4: int) -> Side:
    return Side.LAY if open_e4 > 0 else Side.BACK


def _but_closing(orders: Sequence[OpenOrder], open_e4: int, reason: str) -> Sequence[Proposal]:
    """Takes away all but what closes: an order that takes risk away may stay."""
    side = _closing_side(open_e4) if open_e4 != 0 else None
    return [Cancel(order, reason) for order in _free(orders) if order.side is not side]


def _free(orders: Sequence[OpenOrder]) -> list[OpenOrder]:
    """Those that can be changed now."""
    return [order for order in orders if order.pending is None]
