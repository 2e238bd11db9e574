"""Trend: the drift of the microprice, from a fast and a slow average of it (docs/signals.md)."""

from __future__ import annotations

from trader.betfair.signals.decay import age_ms, kept

Level = tuple[int, int]
"""(tick, size in hundredths) of a best price."""


def microprice(back: Level, lay: Level) -> float:
    """In ticks: between the best prices, nearer to the one with less size behind it."""
    back_tick, back_size = back
    lay_tick, lay_size = lay
    return (back_tick * lay_size + lay_tick * back_size) / (back_size + lay_size)


class Trend:
    """Of one runner: the microprice in force and its two averages as of the last change."""

    __slots__ = ("_at_ms", "_fast", "_slow", "_value")

    def __init__(self) -> None:
        self._value: float | None = None
        self._at_ms = 0
        self._fast = 0.0
        self._slow = 0.0

    def observe(self, value: float, at_ms: int, fast_s: float, slow_s: float) -> None:
        if self._value is None:
            self._value, self._at_ms = value, at_ms
            self._fast = self._slow = value
        elif value != self._value:
            self._fast, self._slow = self._averages(self._value, at_ms, fast_s, slow_s)
            self._value, self._at_ms = value, max(self._at_ms, at_ms)

    def drift(self, now_ms: int, fast_s: float, slow_s: float) -> float:
        """Ticks per second, up is positive: on a steady drift v an average with time constant τ
        lags by v · τ, so the averages are v · (slow - fast) apart."""
        if self._value is None:
            return 0.0
        fast, slow = self._averages(self._value, now_ms, fast_s, slow_s)
        return (fast - slow) / (slow_s - fast_s)

    def _averages(
        self, value: float, now_ms: int, fast_s: float, slow_s: float
    ) -> tuple[float, float]:
        """(fast, slow) with `value` in force since the last change: e ← x + (e - x) · e^(-Δ/τ)."""
        elapsed = age_ms(now_ms, self._at_ms)
        return (
            value + (self._fast - value) * kept(elapsed, fast_s),
            value + (self._slow - value) * kept(elapsed, slow_s),
        )
