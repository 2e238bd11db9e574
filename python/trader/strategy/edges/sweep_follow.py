"""sweep_follow: goes after a sweep, in its direction, for a few ticks.

Why it should earn: who takes several price levels at once (`sweep_sniffer`) pays for speed, so he
knows or believes something that others do not yet. They follow within seconds, and who rested on
the swept side puts his price back. The price is expected to go on for `expected_ticks`: up when
resting backs were taken, down when resting lays were.

An entry is made up to `follow_ms` after a sweep was last seen, and once for each: when it has been
matched that sweep counts no more, unless the book still tells it when the edge may enter again.
What is expected is held against the price it costs there, so that where the book has already gone
further the fee gate refuses it. How it enters and leaves is said in `round_trip`.

Known weaknesses, beside those of `round_trip`:

- Many sweeps are one large bet without a reason, and the price comes back: the loss is then the
  spread and the stop. How far prices go on differs by market; `expected_ticks` is one number.
- It is late. Between the sweep and our order lie the stream, the decision and the venue; in play
  the bet delay, too. What is left at the price is what the faster ones did not want.
- Taking crosses a spread that the sweep has just made wider; joining waits at a price that is only
  traded if the market comes back, which is the wrong direction.
- The detector needs traded volume: without it (no `EX_TRADED` in the subscription) nothing is seen.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from trader.config.rules import Number, Whole, rule
from trader.strategy.context import Runner, StrategyContext
from trader.strategy.edges.base import Proposal
from trader.strategy.edges.round_trip import RoundTrip, RoundTripConfig


@dataclass(frozen=True, slots=True, kw_only=True)
class SweepFollowConfig(RoundTripConfig):
    expected_ticks: float = rule(Number(0.01, 100.0))
    follow_ms: int = rule(Whole(0, 600_000))


class SweepFollow(RoundTrip[SweepFollowConfig]):
    name = "sweep_follow"
    config_class = SweepFollowConfig

    def __init__(self, config: SweepFollowConfig) -> None:
        super().__init__(config)
        self._seen: dict[Runner, tuple[int, float]] = {}  # when, and which way

    def forget(self, market_id: str) -> None:
        super().forget(market_id)
        self._seen = {r: seen for r, seen in self._seen.items() if r.market_id != market_id}

    def decide(self, ctx: StrategyContext, runner: Runner) -> Sequence[Proposal]:
        wishes = super().decide(ctx, runner)
        if self.is_in(runner):
            self._seen.pop(runner, None)
        return wishes

    def expected_ticks(self, ctx: StrategyContext, runner: Runner) -> float:
        market_id, selection_id, handicap, _ = runner
        side = ctx.book.sweep_side(market_id, selection_id, handicap)
        if side is not None:
            direction = 1.0 if side == "BACK" else -1.0
            self._seen[runner] = (ctx.now_ms, direction)
            return direction * self.config.expected_ticks
        seen = self._seen.get(runner)
        if seen is None:
            return 0.0
        seen_ms, direction = seen
        if ctx.now_ms - seen_ms > self.config.follow_ms:
            del self._seen[runner]
            return 0.0
        return direction * self.config.expected_ticks
