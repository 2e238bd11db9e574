"""Big moves: how far a price went within a window (docs/signals.md, "Detectors")."""

from __future__ import annotations

from collections import deque
from typing import Final

from trader.betfair.signals.decay import age_ms

ENDED_MAX: Final = 128


class Series:
    """A value that holds until the next different one, and those that ended of late."""

    __slots__ = ("_at_ms", "_ended", "_value")

    def __init__(self) -> None:
        self._value: float | None = None
        self._at_ms = 0
        """When the value last changed."""
        self._ended: deque[tuple[float, int]] = deque(maxlen=ENDED_MAX)
        """(value, end) of those before, the latest last."""

    def observe(self, value: float, at_ms: int, window_ms: int) -> None:
        if self._value is None:
            self._value, self._at_ms = value, at_ms
        elif value != self._value:
            self._at_ms = max(self._at_ms, at_ms)
            self._ended.append((self._value, self._at_ms))
            self._value = value
            while self._ended and self._at_ms - self._ended[0][1] > window_ms:
                self._ended.popleft()

    def moved(self, now_ms: int, window_ms: int) -> tuple[float, float]:
        """(move up, move down), both 0 or more: from the extremes in force within the window."""
        if self._value is None:
            return 0.0, 0.0
        values = [value for value, end in self._ended if age_ms(now_ms, end) <= window_ms]
        values.append(self._value)
        return self._value - min(values), max(values) - self._value


class BigMove:
    """Of one runner, in ticks: the last traded price and the mid of the best prices."""

    __slots__ = ("_last_traded", "_mid")

    def __init__(self) -> None:
        self._last_traded = Series()
        self._mid = Series()

    def observe_last_traded(self, tick: int, at_ms: int, window_ms: int) -> None:
        self._last_traded.observe(tick, at_ms, window_ms)

    def observe_best(self, back_tick: int, lay_tick: int, at_ms: int, window_ms: int) -> None:
        self._mid.observe((back_tick + lay_tick) / 2, at_ms, window_ms)

    def direction(self, now_ms: int, ticks: int, window_ms: int) -> int:
        """1 up, -1 down, 0 where no move is of `ticks` or more; the largest decides, up first."""
        moves = [series.moved(now_ms, window_ms) for series in (self._last_traded, self._mid)]
        up, down = (max(both) for both in zip(*moves, strict=True))
        if max(up, down) < ticks:
            return 0
        return 1 if up >= down else -1
