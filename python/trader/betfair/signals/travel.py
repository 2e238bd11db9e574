"""How far the last traded price went of late: every step of it, up or down, fading with its age."""

from __future__ import annotations

from trader.betfair.ladder import Ladder
from trader.betfair.signals.decay import Decaying
from trader.betfair.signals.log_logistic import JUMP_MAX, steps


class Travel:
    """Of one runner, in ticks."""

    __slots__ = ("_price_centi", "_way")

    def __init__(self) -> None:
        self._price_centi: int | None = None
        self._way = Decaying()

    def observe(self, price_centi: int, ladder: Ladder, at_ms: int, window_s: float) -> None:
        """The last traded price, on the ladder, at the end of a message."""
        if price_centi == self._price_centi:
            return
        if self._price_centi is not None:
            went = steps(ladder, self._price_centi, price_centi)
            assert went is not None, "both on the ladder"
            self._way.add(min(abs(went), JUMP_MAX), at_ms, window_s)
        self._price_centi = price_centi

    def read(self, now_ms: int, window_s: float) -> float:
        """Ticks, fading; 0 before the price first changed."""
        return self._way.read(now_ms, window_s)
