"""Match rate: stake matched per second, an average that fades (docs/signals.md, "Match rate")."""

from __future__ import annotations

from trader.betfair.books import RESTED_SIDES, RestedSide
from trader.betfair.signals.decay import Decaying
from trader.betfair.signals.matched import Trade


class MatchRates:
    """Of one runner: an average for each side rested, and one for each price and side.

    `r ← r · e^(-Δt/τ) + v/τ` at each trade, v the part credited to the side. Answers are
    hundredths per second.
    """

    __slots__ = ("_at_prices", "_sides")

    def __init__(self) -> None:
        self._sides: dict[RestedSide, Decaying] = {side: Decaying() for side in RESTED_SIDES}
        self._at_prices: dict[tuple[RestedSide, int], Decaying] = {}

    def add(self, trade: Trade, at_ms: int, tau_s: float) -> None:
        for side in RESTED_SIDES:
            part = trade.of(side)
            if part:
                there = self._at_prices.setdefault((side, trade.price_centi), Decaying())
                there.add(part / tau_s, at_ms, tau_s)
                self._sides[side].add(part / tau_s, at_ms, tau_s)

    def read(
        self, side: RestedSide | None, price_centi: int | None, now_ms: int, tau_s: float
    ) -> float:
        """Without `side` both are added; without `price_centi` that of all prices."""
        rate = 0.0
        for one in RESTED_SIDES if side is None else (side,):
            average = (
                self._sides[one] if price_centi is None else self._at_prices.get((one, price_centi))
            )
            if average is not None:
                rate += average.read(now_ms, tau_s)
        return rate
