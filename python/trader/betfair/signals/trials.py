"""Trials: orders that nobody placed, followed to see what the fill model gets wrong in a market.

On each runner that is traded an order of a mean trade joins the best price, moves in the queue as
an order of ours would, and is filled or not within the trial's horizon; when that is over one on
the other side does. How many were filled against how many the model expected corrects what it says
of that market: docs/signals.md, "Trials".
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

from trader.betfair.signals.decay import age_ms, kept
from trader.betfair.signals.matched import Trade
from trader.betfair.signals.queue import Position, Sight, advance
from trader.betfair.signals.settings import SignalSettings


@dataclass(slots=True)
class Trial:
    """One order that is followed."""

    position: Position
    left: float
    """What is still to be matched of it, hundredths."""
    expected: float
    """The probability of a fill within the horizon, as the model gave it uncorrected."""
    since_ms: int
    epoch: int
    """The market's when it started: in another one nothing is known of it."""
    has_counted: bool = False
    """It was filled; the next one starts when its horizon is over all the same."""

    def is_filled(self, trades: Iterable[Trade]) -> bool:
        """Whether the trades of a message reach the last of it; they take from what is ahead of it
        first, and those at worse prices go through it."""
        side, price = self.position.side, self.position.price_centi
        for trade in trades:
            volume = trade.of(side)
            is_worse = trade.price_centi > price if side == "BACK" else trade.price_centi < price
            if is_worse and volume:
                self.position.ahead_centi = 0.0
                self.left -= volume
        for trade in trades:
            if trade.price_centi == price:
                self.left -= max(0.0, trade.of(side) - self.position.ahead_centi)
        return self.left <= 0

    def advance(self, sight: Sight, trades: Iterable[Trade], settings: SignalSettings) -> None:
        """What the message did to what is ahead of it."""
        position = self.position
        matched = sum(t.of(position.side) for t in trades if t.price_centi == position.price_centi)
        advance(position, sight, matched, settings)


class TrialSums:
    """Of one market: how many trials ended, were to be filled and were, fading with age."""

    __slots__ = ("_at_ms", "_count", "_expected", "_filled")

    def __init__(self) -> None:
        self._count = self._expected = self._filled = 0.0
        self._at_ms: int | None = None

    def add(self, expected: float, *, is_filled: bool, at_ms: int, window_s: float) -> None:
        if self._at_ms is not None:
            left = kept(age_ms(at_ms, self._at_ms), window_s)
            self._count *= left
            self._expected *= left
            self._filled *= left
            at_ms = max(at_ms, self._at_ms)
        self._at_ms = at_ms
        self._count += 1.0
        self._expected += expected
        self._filled += float(is_filled)

    def log_odds(self, now_ms: int, settings: SignalSettings) -> float:
        """ln of what the odds of a fill are to be multiplied by: the odds of what was filled over
        those of what was expected, each with `prior` more filled, so that few trials say little."""
        if self._at_ms is None:
            return 0.0
        left = kept(age_ms(now_ms, self._at_ms), settings.trial_window_s)
        count, expected, filled = self._count * left, self._expected * left, self._filled * left
        prior = settings.trial_prior
        return math.log((prior + filled) / (prior + count - filled)) - math.log(
            (prior + expected) / (prior + count - expected)
        )
