"""What a set of probabilities is worth, as sums: two sets are scored together by adding them.

Of each set (one model, one horizon):

- Brier score: the mean of (p - y)², y being 1 for what was filled within the horizon;
- skill: 1 - Brier / Brier of a reference. The base rate's is b · (1 - b), b the share filled of the
  same orders: nobody knew it beforehand, so it is the harder of all constant guesses;
- ECE, the expected calibration error: over ten bins of p, equally wide, the mean distance between
  mean p and share filled, each bin counting by its orders;
- log loss: the mean of -ln p(what came), p kept `LIKELIHOOD_MIN` away from 0 and 1.

Of a time to fill: the log-likelihood of what was seen on a grid of horizons (`TimesToFill`).

No numpy: the engine keeps these sums while it trades.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from trader.calibration.following import Outcome

HORIZONS_MS: Final = (1_000, 5_000, 30_000)
"""Within which a fill is judged, of recordings and of orders that were sent."""
BINS: Final = 10
LIKELIHOOD_MIN: Final = 1e-6
"""No event is taken to be less likely than this: one that a model calls impossible would otherwise
outweigh all the others."""


@dataclass(slots=True)
class Bin:
    """The orders of one tenth of probability."""

    n: int = 0
    p_sum: float = 0.0
    filled: int = 0

    @property
    def p_mean(self) -> float | None:
        return self.p_sum / self.n if self.n else None

    @property
    def rate(self) -> float | None:
        """The share that was filled."""
        return self.filled / self.n if self.n else None


@dataclass(slots=True)
class Scores:
    """Probabilities against what came, at one horizon."""

    unknown: int = 0
    """Orders of which nobody knows whether they were filled within the horizon."""
    squares: float = 0.0
    log_losses: float = 0.0
    bins: list[Bin] = field(default_factory=lambda: [Bin() for _ in range(BINS)])

    def add(self, p: float, filled: bool | None) -> None:
        """One order; `p` in [0, 1]."""
        if filled is None:
            self.unknown += 1
            return
        one = self.bins[min(int(p * BINS), BINS - 1)]
        one.n += 1
        one.p_sum += p
        one.filled += filled
        self.squares += (p - filled) ** 2
        self.log_losses -= math.log(max(p if filled else 1.0 - p, LIKELIHOOD_MIN))

    def add_all(self, other: Scores) -> None:
        self.unknown += other.unknown
        self.squares += other.squares
        self.log_losses += other.log_losses
        for one, more in zip(self.bins, other.bins, strict=True):
            one.n += more.n
            one.p_sum += more.p_sum
            one.filled += more.filled

    @property
    def n(self) -> int:
        """Orders judged."""
        return sum(one.n for one in self.bins)

    @property
    def base_rate(self) -> float | None:
        return _mean(sum(one.filled for one in self.bins), self.n)

    @property
    def p_mean(self) -> float | None:
        return _mean(sum(one.p_sum for one in self.bins), self.n)

    @property
    def brier(self) -> float | None:
        return _mean(self.squares, self.n)

    @property
    def log_loss(self) -> float | None:
        return _mean(self.log_losses, self.n)

    @property
    def skill(self) -> float | None:
        """Against the base rate; None where all orders went the same way."""
        base = self.base_rate
        return None if base is None else _skill(self.brier, base * (1 - base))

    def skill_against(self, reference: Scores) -> float | None:
        """Against another model's probabilities of the same orders; None where those were never
        wrong."""
        return _skill(self.brier, reference.brier)

    @property
    def ece(self) -> float | None:
        n = self.n
        return _mean(sum(abs(one.p_sum - one.filled) for one in self.bins), n)


@dataclass(slots=True)
class TimesToFill:
    """How likely a model, or several, made the times to fill that were seen.

    `grid_ms`: horizons, ascending, from 0. An order filled between two of them counts by
    ln(P(T ≤ later) - P(T ≤ earlier)); one not filled by ln P(T > t), t the last horizon until
    which that is known. No probability counts as less than `LIKELIHOOD_MIN`. The reference is the
    Kaplan-Meier curve of the same orders: no model that says the same of all of them is likelier.
    """

    grid_ms: tuple[int, ...]
    filled: list[int] = field(default_factory=list)
    """By the interval that ends at each horizon; of the first none."""
    unfilled: list[int] = field(default_factory=list)
    """By the last horizon until which it is known."""
    likelihoods: dict[str, float] = field(default_factory=dict)
    """Sums of logarithms, by model."""

    def __post_init__(self) -> None:
        assert self.grid_ms[0] == 0, "a grid begins at 0"
        self.filled = self.filled or [0] * len(self.grid_ms)
        self.unfilled = self.unfilled or [0] * len(self.grid_ms)

    def add(self, p_of: Mapping[str, Sequence[float]], outcome: Outcome) -> None:
        """One order; `p_of` has each model's P(T ≤ horizon), rising along the grid."""
        if outcome.filled_ms is not None and outcome.filled_ms <= self.grid_ms[-1]:
            place = next(at for at, ms in enumerate(self.grid_ms) if at and outcome.filled_ms <= ms)
            self.filled[place] += 1
            for model, p in p_of.items():
                self._count(model, p[place] - p[place - 1])
            return
        place = max(at for at, ms in enumerate(self.grid_ms) if ms <= outcome.known_ms)
        self.unfilled[place] += 1
        for model, p in p_of.items():
            self._count(model, 1.0 - p[place])

    def _count(self, model: str, likelihood: float) -> None:
        logarithm = math.log(max(likelihood, LIKELIHOOD_MIN))
        self.likelihoods[model] = self.likelihoods.get(model, 0.0) + logarithm

    def add_all(self, other: TimesToFill) -> None:
        assert self.grid_ms == other.grid_ms, "times on one grid"
        for at in range(len(self.grid_ms)):
            self.filled[at] += other.filled[at]
            self.unfilled[at] += other.unfilled[at]
        for model, likelihood in other.likelihoods.items():
            self.likelihoods[model] = self.likelihoods.get(model, 0.0) + likelihood

    @property
    def n(self) -> int:
        return sum(self.filled) + sum(self.unfilled)

    def mean(self, model: str) -> float | None:
        """A model's log-likelihood per order."""
        return _mean(self.likelihoods.get(model, 0.0), self.n)

    @property
    def survival(self) -> list[float]:
        """Kaplan-Meier: P(T > horizon) along the grid."""
        at_risk = self.n
        left, curve = 1.0, []
        for filled, unfilled in zip(self.filled, self.unfilled, strict=True):
            left *= 1.0 - filled / at_risk if at_risk else 1.0
            curve.append(left)
            at_risk -= filled + unfilled
        return curve

    @property
    def base(self) -> float | None:
        """The Kaplan-Meier curve's own log-likelihood per order."""
        curve = self.survival
        total = 0.0
        for at, (filled, unfilled) in enumerate(zip(self.filled, self.unfilled, strict=True)):
            if filled:
                drop = curve[at - 1] - curve[at]
                total += filled * math.log(max(drop, LIKELIHOOD_MIN))
            total += unfilled * math.log(max(curve[at], LIKELIHOOD_MIN))
        return _mean(total, self.n)


def scores_json(horizon_ms: int, scores: Scores, exponential: Scores | None) -> dict[str, Any]:
    """One horizon for `summary.json` and `trader calibrate --json`; `exponential`: of the same
    orders."""
    against = None if exponential is None else scores.skill_against(exponential)
    return {
        "horizon_ms": horizon_ms,
        "n": scores.n,
        "unknown": scores.unknown,
        "base_rate": scores.base_rate,
        "p_mean": scores.p_mean,
        "brier": scores.brier,
        "brier_skill": scores.skill,
        "brier_skill_exponential": against,
        "ece": scores.ece,
        "log_loss": scores.log_loss,
        "bins": [{"p_mean": one.p_mean, "rate": one.rate, "n": one.n} for one in scores.bins],
    }


def _mean(total: float, n: int) -> float | None:
    return total / n if n else None


def _skill(brier: float | None, reference: float | None) -> float | None:
    return None if brier is None or not reference else 1.0 - brier / reference
