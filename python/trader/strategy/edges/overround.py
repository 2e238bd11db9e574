"""overround: all runners of a market at once, where the book does not add up to 100 %.

One runner wins. Backing every runner at its best price p_i with stakes that pay the same R whoever
wins (s_i = R / p_i) costs R · B, where B = sum(1 / p_i) is the book's percentage to back; it
earns R · (1 - B) whatever happens when B is under 1. Laying every runner at its best price takes
in R · L, L = sum(1 / p_i) over the prices to lay, and pays R: it earns R · (L - 1) when L is above
1. Commission is on the market's winnings, here the profit itself: what is left of the margin is
(1 - base rate) of it, and must be `min_margin` of all the stakes.

R is limited by what stands at each best price and by `max_stake` for each leg; stakes are rounded
down to hundredths, and the margin is that of the worst outcome with the rounded stakes. The legs
leave together or not at all (`Basket`), each of just its size.

Leg risk: that all leave does not mean that all are matched. A leg expires after `leg_timeout_ms`;
when then some runners are held more than others, what is held of all of them stays, and what
stands over is closed at what the market offers: that costs the spread of those runners, and is
tried again as long as it takes. Between the two the position is an ordinary bet, counted whole by
the caps of the sizer.

Known weaknesses:

- Such books are rare, small, and seen by everyone at once; who is fastest gets the legs, and the
  others one leg each, the bad one. In a replay nobody else is there: what it earns there is not
  what it would have earned.
- Legs are closed when a message touches the market; in a silent one it waits.
- A runner that is removed afterwards voids its leg and reduces the others; just after a removal
  (`rf_seen_recently`) nothing is begun. Dead heats pay each winner its share: of a backed book as
  much as otherwise, of a laid one too.
- Less than `min_close_stake` of a leg cannot be closed and is carried to the result.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from trader.config.rules import Flag, Number, Whole, rule
from trader.execution.interfaces.intents import Side
from trader.strategy.context import Runner, StrategyContext
from trader.strategy.edges.base import (
    Basket,
    Cancel,
    EdgeConfig,
    MarketEdge,
    MarketProposal,
    Place,
)
from trader.strategy.edges.quote import Quote, quote_of


@dataclass(frozen=True, slots=True, kw_only=True)
class OverroundConfig(EdgeConfig):
    min_margin: float = rule(Number(0.0, 1.0))
    max_runners: int = rule(Whole(2, 100))
    max_stake: float = rule(Number(0.01, 1e6))
    leg_timeout_ms: int = rule(Whole(1, 600_000))
    retake_ms: int = rule(Whole(0, 86_400_000))
    min_close_stake: float = rule(Number(0.01, 1000.0))
    trade_in_play: bool = rule(Flag())


@dataclass(frozen=True, slots=True)
class _Asked:
    """The last basket of a market: when, at which offers (price and size of each), and what had
    been matched of us in all before."""

    ms: int
    offers: Mapping[Runner, tuple[int, float]]
    matched_centi: int


class Overround(MarketEdge[OverroundConfig]):
    name = "overround"
    config_class = OverroundConfig
    closes_itself = True

    def __init__(self, config: OverroundConfig) -> None:
        super().__init__(config)
        self._asked: dict[str, _Asked] = {}  # until their markets close

    def forget(self, market_id: str) -> None:
        self._asked.pop(market_id, None)

    def decide_market(self, ctx: StrategyContext) -> Sequence[MarketProposal]:
        market = ctx.market
        if market.number_of_winners != 1 or not market.is_win_or_lose:
            return ()
        active = [runner for runner, status in market.runners.items() if status == "ACTIVE"]
        standing = [(r, order) for r in active for order in ctx.orders(self.name, r)]
        if market.stale or not market.is_open:
            return [(r, Cancel(o, "market")) for r, o in standing if o.pending is None]
        if standing or not 2 <= len(active) <= self.config.max_runners:
            return ()  # legs end by themselves
        quotes = {runner: quote_of(ctx, runner) for runner in active}
        uneven = self._level(ctx, quotes)
        if uneven or any(quote is None for quote in quotes.values()):
            return uneven
        whole = {runner: quote for runner, quote in quotes.items() if quote is not None}
        return self._begin(ctx, whole)

    # --- in -------------------------------------------------------------------------------------

    def _begin(
        self, ctx: StrategyContext, quotes: Mapping[Runner, Quote]
    ) -> Sequence[MarketProposal]:
        if ctx.market.in_play and not self.config.trade_in_play:
            return ()
        back_percentage = sum(100 / quote.back_centi for quote in quotes.values())
        lay_percentage = sum(100 / quote.lay_centi for quote in quotes.values())
        if back_percentage < 1.0:
            return self._basket(ctx, Side.BACK, quotes)
        return self._basket(ctx, Side.LAY, quotes) if lay_percentage > 1.0 else ()

    def _basket(
        self, ctx: StrategyContext, side: Side, quotes: Mapping[Runner, Quote]
    ) -> Sequence[MarketProposal]:
        """The legs that take what is offered of every runner, as far as all can be had alike."""
        config, market = self.config, ctx.market
        offers = {
            runner: (quote.taking(side), quote.back_size if side is Side.BACK else quote.lay_size)
            for runner, quote in quotes.items()
        }
        if not self._is_new(ctx, offers) or ctx.book.rf_seen_recently(market.market_id):
            return ()
        payout_e4 = min(
            round(100 * min(size, config.max_stake)) * price for price, size in offers.values()
        )
        stakes = {runner: payout_e4 // price for runner, (price, _) in offers.items()}
        paid_e4 = [stakes[runner] * price for runner, (price, _) in offers.items()]
        staked_e4 = 100 * sum(stakes.values())
        worst_e4 = min(paid_e4) - staked_e4 if side is Side.BACK else staked_e4 - max(paid_e4)
        if worst_e4 <= 0:
            return ()
        margin = worst_e4 / staked_e4
        if margin * (1.0 - (market.mbr or 0.0) / 100.0) < config.min_margin:
            return ()
        self._asked[market.market_id] = _Asked(ctx.now_ms, offers, self._matched(ctx, quotes))
        ttl_ms = config.leg_timeout_ms
        legs = [
            (runner, Place(side, price, margin, ttl_ms, size_centi=stakes[runner]))
            for runner, (price, _) in offers.items()
        ]
        return [Basket(tuple(legs))]

    def _is_new(self, ctx: StrategyContext, offers: Mapping[Runner, tuple[int, float]]) -> bool:
        """Whether these offers are not those that were asked for already: our own match may be seen
        later than it was made, and a recording never shows it."""
        asked = self._asked.get(ctx.market.market_id)
        if asked is None:
            return True
        age_ms = ctx.now_ms - asked.ms
        was_refused = self._matched(ctx, offers) == asked.matched_centi
        if age_ms >= self.config.retake_ms or (was_refused and age_ms < self.config.leg_timeout_ms):
            return True
        return all(offer != asked.offers.get(runner) for runner, offer in offers.items())

    def _matched(self, ctx: StrategyContext, runners: Mapping[Runner, object]) -> int:
        held = [ctx.held(self.name, runner) for runner in runners]
        return sum(position.back_stake_centi + position.lay_stake_centi for position in held)

    # --- evened out -----------------------------------------------------------------------------

    def _level(
        self, ctx: StrategyContext, quotes: Mapping[Runner, Quote | None]
    ) -> list[MarketProposal]:
        """Closes what is held of some runners beyond what is held of all of them."""
        open_e4: dict[Runner, int] = {}
        for runner in quotes:
            held = ctx.held(self.name, runner)
            open_e4[runner] = held.win_e4 - held.lose_e4
        least, most = min(open_e4.values()), max(open_e4.values())
        kept_e4 = least if least > 0 else min(most, 0)
        wishes: list[MarketProposal] = []
        for runner, quote in quotes.items():
            over_e4 = open_e4[runner] - kept_e4
            if quote is None or over_e4 == 0:
                continue
            side = Side.LAY if over_e4 > 0 else Side.BACK
            price_centi = quote.taking(side)
            size_centi = (2 * abs(over_e4) + price_centi) // (2 * price_centi)
            if size_centi < self.config.min_close_stake * 100:
                continue
            place = Place(
                side,
                price_centi,
                0.0,
                self.config.leg_timeout_ms,
                reduces=True,
                size_centi=size_centi,
                closes=True,
            )
            wishes.append((runner, place))
        return wishes
