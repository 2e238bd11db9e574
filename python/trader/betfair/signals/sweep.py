"""Sweep: trading that eats through price levels of one side (docs/signals.md, "Detectors")."""

from __future__ import annotations

from trader.betfair.books import RESTED_SIDES, RestedSide
from trader.betfair.signals.decay import age_ms


class Sweep:
    """Of one runner: the prices consumed last, and when, by the side that rested there."""

    __slots__ = ("_consumed",)

    def __init__(self) -> None:
        self._consumed: dict[RestedSide, dict[int, int]] = {side: {} for side in RESTED_SIDES}
        """Price → when it was last consumed, the latest last."""

    def consume(self, side: RestedSide, price_centi: int, at_ms: int, levels: int) -> None:
        """All that was visible at the price is gone, matched; `levels` prices are remembered."""
        consumed = self._consumed[side]
        latest = max(at_ms, next(reversed(consumed.values()), at_ms))
        consumed.pop(price_centi, None)
        consumed[price_centi] = latest
        while len(consumed) > levels:
            del consumed[next(iter(consumed))]

    def side(self, now_ms: int, levels: int, window_ms: int) -> RestedSide | None:
        """The side rested that is being swept; of two the one consumed last, BACK if equal."""
        swept: RestedSide | None = None
        swept_ms = 0
        for side, consumed in self._consumed.items():
            recent = [at for at in consumed.values() if age_ms(now_ms, at) <= window_ms]
            if len(recent) >= levels and (swept is None or recent[-1] > swept_ms):
                swept, swept_ms = side, recent[-1]
        return swept
