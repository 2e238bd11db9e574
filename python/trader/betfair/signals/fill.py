"""Fill probability and time to fill: docs/signals.md, "Fill probability and time to fill"."""

from __future__ import annotations

import math

from trader.betfair.signals.decay import Decaying
from trader.betfair.signals.gamma import lower_gamma
from trader.betfair.signals.settings import FillModel


class TradeSize:
    """The mean size of a runner's trades, the recent ones counting for more."""

    __slots__ = ("_count", "_sum_centi")

    def __init__(self) -> None:
        self._sum_centi = Decaying()
        self._count = Decaying()

    def add(self, volume_centi: int, at_ms: int, window_s: float) -> None:
        """S ← S · e^(-Δt/w) + v, N ← N · e^(-Δt/w) + 1."""
        self._sum_centi.add(volume_centi, at_ms, window_s)
        self._count.add(1.0, at_ms, window_s)

    def per_s(self, now_ms: int, window_s: float) -> float:
        """N/w: trades per second of late."""
        return self._count.read(now_ms, window_s) / window_s

    @property
    def mean_centi(self) -> float | None:
        """s̄ = S/N, the same at any time after the last trade; None before the first."""
        return self._sum_centi.value / self._count.value if self._count.value else None


def work_until_filled(model: FillModel, size_centi: int, mean_centi: float) -> float:
    """W: what has to be matched until `size_centi` (Q + x) is, hundredths.

    `erlang`: at least one mean trade, however short the queue (docs/decisions/0005).
    """
    return max(float(size_centi), mean_centi) if model == "erlang" else float(size_centi)


def probability(
    model: FillModel, work_centi: float, rate: float, mean_centi: float, horizon_s: float
) -> float:
    """The probability that `work_centi` (W) is matched within `horizon_s`.

    `rate` (hundredths per second) and `mean_centi`, the mean trade, are above 0. `erlang`: the
    work is n = W/s̄ trades that come as a Poisson process of μ = r/s̄ per second, so the time
    to the last of them is gamma distributed. `exponential` is its case n = 1.
    """
    if work_centi == 0:
        return 1.0 if horizon_s > 0 else 0.0
    if model == "exponential":
        return -math.expm1(-rate * horizon_s / work_centi)
    return lower_gamma(work_centi / mean_centi, rate / mean_centi * horizon_s)


def expected_ms(work_centi: float, rate: float, ttf_ms_max: int) -> float:
    """Milliseconds until `work_centi` is matched at `rate` (above 0), at most `ttf_ms_max`."""
    return min(1000.0 * (work_centi / rate), float(ttf_ms_max))
