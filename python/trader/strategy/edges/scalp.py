"""scalp: goes with a trend for a few ticks, where the book has room.

Why it should earn: the microprice of a market before the off does not walk at random from one
second to the next. Money that comes in is spread over many bets, so a drift that is under way goes
on for some seconds more often than it turns. What is expected is the drift (`trend_lens`, ticks a
second) for `horizon_s`, but no more than `take_ticks`, which is where it gets out.

It trades when the drift is at least `min_trend`; when of the stakes at the best two prices of both
sides at least `min_share` stand on the side that pushes (much to lay at the best prices, that is
many who wait to back, pushes the price down); and when either side has at least `min_room` there,
so that there is a way in and out. How it enters and leaves is said in `round_trip`.

Known weaknesses, beside those of `round_trip`:

- The drift is an average of the past. It is largest when the move is over, and a thin book that
  jumps to and fro looks like one.
- An entry that joins is behind everyone who saw the same; it is filled when those who push are
  already through, which is when they are wrong.
- The spread is paid at every stop, and stops come together: on one race all runners turn at once.
"""

from __future__ import annotations

from dataclasses import dataclass

from trader.config.rules import Number, rule
from trader.strategy.context import Runner, StrategyContext
from trader.strategy.edges.round_trip import RoundTrip, RoundTripConfig


@dataclass(frozen=True, slots=True, kw_only=True)
class ScalpConfig(RoundTripConfig):
    min_trend: float = rule(Number(0.0, 100.0))
    horizon_s: float = rule(Number(0.1, 3600.0))
    min_share: float = rule(Number(0.0, 1.0))
    min_room: float = rule(Number(0.0, 1e6))


class Scalp(RoundTrip[ScalpConfig]):
    name = "scalp"
    config_class = ScalpConfig

    def expected_ticks(self, ctx: StrategyContext, runner: Runner) -> float:
        config, book = self.config, ctx.book
        market_id, selection_id, handicap, _ = runner
        trend = book.trend_lens(market_id, selection_id, handicap)
        if trend == 0.0 or abs(trend) < config.min_trend:
            return 0.0
        to_back = book.best2_sum(market_id, selection_id, "BACK", handicap)
        to_lay = book.best2_sum(market_id, selection_id, "LAY", handicap)
        if min(to_back, to_lay) < config.min_room or to_back + to_lay <= 0.0:
            return 0.0
        pushes = to_back if trend > 0.0 else to_lay
        if pushes / (to_back + to_lay) < config.min_share:
            return 0.0
        most = float(config.take_ticks)
        return max(-most, min(trend * config.horizon_s, most))
