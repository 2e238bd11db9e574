"""Fill model `log_logistic`: docs/signals.md, "Fill probability and time to fill".

The time T until an order that joins now is filled is log-logistic: P(T ≤ t) = 1/(1 + (θ/t)^k), θ
its median. ln θ is linear in what the book and the trading of late show, so each coefficient says
how much longer a fill takes: `work: 0.6` is "with e times the work ahead, e^0.6 times the time".

Source: the accelerated failure time model with log-logistic errors (Bennett 1983; Kalbfleisch and
Prentice, "The Statistical Analysis of Failure Time Data"); which features, and the coefficients,
are ours (docs/fill_model.md).
"""

from __future__ import annotations

import math
from dataclasses import dataclass, fields
from typing import Final

from trader.betfair.ladder import CLASSIC, Ladder

WORK_ADDED: Final = 0.1
TRADES_ADDED: Final = 0.001
RATE_ADDED: Final = 0.002
TRAVEL_ADDED: Final = 0.005
"""Added before a logarithm, so that nothing at all is a number as well."""
MEAN_TRADE_CENTI_MIN: Final = 50.0
"""Smaller mean trades are taken as this."""
BEHIND_MIN: Final = -10.0
BEHIND_MAX: Final = 50.0
SPREAD_MIN: Final = 1.0
SPREAD_MAX: Final = 100.0
SPREAD_UNKNOWN: Final = 10.0
"""Where one side of the book is empty."""
JUMP_MAX: Final = 10.0
"""A jump of the last traded price counts as this many ticks at most."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Coefficients:
    """`shape` is k; `intercept` ln of the median in seconds where every feature is 0; the others
    are the coefficients of `FillFeatures`, by the same names."""

    shape: float = 1.13
    intercept: float = 1.51
    work: float = 0.45
    trades: float = -0.26
    side_rate: float = -0.18
    price_rate: float = -0.14
    behind: float = 0.63
    spread: float = 0.37
    travel: float = -0.42


@dataclass(frozen=True, slots=True, kw_only=True)
class FillFeatures:
    """What the model knows of an order that joins now; all without unit but where it is said.

    Q is the size ahead, x the order's, s̄ the mean trade, r matched stake per second of the orders
    that rest on its side (r_p: at its price), N and V the fading counts of the runner's trades and
    of the ticks its last traded price went, w their window.
    """

    work: float
    """ln((Q + x)/s̄ + 0.1)"""
    trades: float
    """ln(N/w + 0.001), w in seconds"""
    side_rate: float
    """ln(r/s̄ + 0.002), r in stake per second"""
    price_rate: float
    """ln(r_p/s̄ + 0.002)"""
    behind: float
    """ticks behind the best price of its side, negative before it; within -10 … 50"""
    spread: float
    """ln of the ticks between the best prices, within 1 … 100"""
    travel: float
    """ln(V/w + 0.005)"""


FEATURES: Final = tuple(field.name for field in fields(FillFeatures))


def log_median_s(features: FillFeatures, coefficients: Coefficients) -> float:
    """ln θ, θ in seconds."""
    total = coefficients.intercept
    for name in FEATURES:
        total += getattr(coefficients, name) * getattr(features, name)
    return total


def probability(log_median: float, horizon_ms: float, shape: float, log_odds: float = 0.0) -> float:
    """P(T ≤ horizon), its odds multiplied by e^`log_odds`."""
    if horizon_ms <= 0:
        return 0.0
    z = shape * (log_median - math.log(horizon_ms / 1000)) - log_odds
    if z > 0:  # never e to a large power
        part = math.exp(-z)
        return part / (1.0 + part)
    return 1.0 / (1.0 + math.exp(z))


def median_ms(log_median: float, shape: float, log_odds: float, ttf_ms_max: int) -> float:
    """The time by which a fill is as likely as not, at most `ttf_ms_max`."""
    log_ms = log_median - log_odds / shape + math.log(1000)
    if log_ms >= math.log(ttf_ms_max):
        return float(ttf_ms_max)
    return math.exp(log_ms)


def work(ahead_centi: int, size_centi: int, mean_centi: float) -> float:
    """The feature of that name."""
    return math.log((ahead_centi + size_centi) / mean_centi + WORK_ADDED)


def rate(per_s: float, mean_centi: float) -> float:
    """`side_rate` or `price_rate`, of hundredths per second."""
    return math.log(per_s / mean_centi + RATE_ADDED)


def steps(ladder: Ladder, low_centi: int, high_centi: int) -> float | None:
    """Ticks from one price up to another, negative the other way round; on FINEST as many of the
    steps that CLASSIC has at the lower one. None where a price is off the ladder."""
    ticks = ladder.ticks_between(low_centi, high_centi)
    if ticks is None:
        return None
    if ladder.type != "FINEST":
        return float(ticks)
    return ticks / CLASSIC.step_at(min(low_centi, high_centi))


def spread(ladder: Ladder, back_centi: int | None, lay_centi: int | None) -> float:
    """The feature of that name, of the best prices."""
    ticks: float | None = SPREAD_UNKNOWN
    if back_centi is not None and lay_centi is not None:
        ticks = steps(ladder, back_centi, lay_centi)
    if ticks is None:
        ticks = SPREAD_UNKNOWN
    return math.log(min(max(ticks, SPREAD_MIN), SPREAD_MAX))


def behind(ladder: Ladder, best_centi: int | None, price_centi: int, *, is_back: bool) -> float:
    """The feature of that name; 0 where nothing rests on that side, or its best price is off the
    ladder. A back rests behind a lower price, a lay behind a higher one."""
    if best_centi is None:
        return 0.0
    low, high = (best_centi, price_centi) if is_back else (price_centi, best_centi)
    ticks = steps(ladder, low, high)
    return 0.0 if ticks is None else min(max(ticks, BEHIND_MIN), BEHIND_MAX)
