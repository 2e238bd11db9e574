"""The parameters of the fill model `log_logistic`, chosen from what became of orders.

The model says logit P(T ≤ t) = k · (ln t - ln θ), ln θ linear in the features: a logistic
regression on the features and on ln t, with one row for each order and horizon at which its outcome
is known. Its likelihood, with a small ridge on the features in units of their spread, is maximised
by L-BFGS from zero: the same samples give the same parameters.

A row of a file of n rows weighs 1/√n, so that a file a hundred times as long has ten times the say.
The correction by trials is no part of it: that is made in each market anew, from these parameters.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from typing import Any, Final, TypeAlias

import numpy as np
import numpy.typing as npt
import yaml
from scipy.optimize import minimize
from scipy.special import expit

from trader.betfair.signals.log_logistic import FEATURES, Coefficients
from trader.calibration.following import Outcome
from trader.calibration.judging import Block
from trader.calibration.sampling import Joining, Plan, Sampler
from trader.calibration.scores import HORIZONS_MS
from trader.strategy.hotloop.config import COEFFICIENT_MAX, read_config
from trader.strategy.hotloop.reference import Hotloop

SAMPLES_MAX: Final = 200_000
"""Orders of one file that are kept; beyond, every second one, fourth one and so on."""
RIDGE: Final = 1e-3
SHAPE_MIN: Final = 0.05
SPREAD_MIN: Final = 1e-6
DECIMALS: Final = 4
FILES_MIN: Final = 2
STEPS_MAX: Final = 500

Floats: TypeAlias = npt.NDArray[np.float64]


class FitError(Exception):
    """The parameters cannot be chosen from these files; one line that says why."""


@dataclass(frozen=True, slots=True)
class FileSamples:
    """The orders of one file: `features` is (orders, features), in the order of `FEATURES`;
    `filled_ms` is infinite where an order was not filled."""

    name: str
    features: Floats
    filled_ms: Floats
    known_ms: Floats
    horizons_ms: tuple[int, ...]
    """Those that the file can judge."""


class Gatherer:
    """One file's orders with their features, by the reference Hotloop; feed lines, then `result`.

    Orders of which the model says nothing are left out.
    """

    def __init__(self, name: str, block: Block, plan: Plan) -> None:
        self._name = name
        self._book = Hotloop(read_config(block).as_map())
        self._horizons_ms = tuple(ms for ms in HORIZONS_MS if ms <= plan.follow_ms)
        self._rows: list[tuple[tuple[float, ...], Outcome]] = []
        self._told_count = 0
        self._stride = 1
        self._sampler: Sampler[tuple[float, ...] | None] = Sampler(
            self._book, read_config(block), plan, self._features, self._told
        )

    def line(self, raw: bytes) -> None:
        self._sampler.line(raw)

    def result(self) -> FileSamples | None:
        """The file's orders; None where nothing traded or no outcome is known."""
        self._sampler.end()
        if not (self._sampler.trades and self._rows):
            return None
        spacing = self._sampler.spacing
        filled = [
            np.inf if outcome.filled_ms is None else outcome.filled_ms for _, outcome in self._rows
        ]
        return FileSamples(
            self._name,
            np.array([features for features, _ in self._rows], dtype=np.float64),
            np.array(filled, dtype=np.float64),
            np.array([outcome.known_ms for _, outcome in self._rows], dtype=np.float64),
            tuple(ms for ms in self._horizons_ms if spacing.can_judge(ms)),
        )

    def _features(self, order: Joining) -> tuple[float, ...] | None:
        market_id, selection_id, handicap, _ = order.runner
        price, size = order.price_centi / 100, order.size_centi / 100
        found = self._book.fill_features(market_id, selection_id, order.side, price, size, handicap)
        return None if found is None else tuple(getattr(found, name) for name in FEATURES)

    def _told(self, features: tuple[float, ...] | None, outcome: Outcome) -> None:
        if features is None:
            return
        self._told_count += 1
        if self._told_count % self._stride:
            return
        self._rows.append((features, outcome))
        if len(self._rows) == SAMPLES_MAX:
            del self._rows[::2]
            self._stride *= 2


def fit(files: Sequence[FileSamples]) -> Coefficients:
    """The parameters that make what came of these orders likeliest, rounded as configuration.

    Raises `FitError` where they tell too little.
    """
    if not files:
        raise FitError("no orders to choose parameters from")
    features, log_t, filled, weights = (
        np.concatenate(parts) for parts in zip(*(_rows(file) for file in files), strict=True)
    )
    if not 0 < filled.mean() < 1:
        raise FitError(f"{_names(files)}: no order, or every one, was filled: nothing to choose by")
    mean, spread = features.mean(axis=0), features.std(axis=0)
    spread[spread < SPREAD_MIN] = 1.0  # one that never changes has nothing to say
    design = np.column_stack([np.ones(len(filled)), (features - mean) / spread, log_t])
    best = _likeliest(design, filled, weights / weights.sum())
    shape, slopes = best[-1], best[1:-1] / spread
    if not shape >= SHAPE_MIN:
        raise FitError(f"{_names(files)}: fills come no likelier with time: too few of them")
    intercept = -(best[0] - slopes @ mean) / shape
    values = [intercept, *(-slopes / shape)]
    if max(map(abs, values)) > COEFFICIENT_MAX:
        raise FitError(f"{_names(files)}: the parameters have no bounds: too few fills")
    names = ["intercept", *FEATURES]
    rounded = {name: round(float(v), DECIMALS) for name, v in zip(names, values, strict=True)}
    return Coefficients(shape=round(float(shape), DECIMALS), **rounded)


def _rows(file: FileSamples) -> tuple[Floats, Floats, Floats, Floats]:
    """One row for each order and horizon: features, ln of the horizon in s, filled, weight."""
    parts: list[tuple[Floats, Floats, Floats]] = []
    for horizon_ms in file.horizons_ms:
        known = (file.known_ms >= horizon_ms) | np.isfinite(file.filled_ms)
        filled = (file.filled_ms[known] <= horizon_ms).astype(np.float64)
        log_t = np.full(len(filled), np.log(horizon_ms / 1000))
        parts.append((file.features[known], log_t, filled))
    if not parts:
        empty = np.empty(0)
        return np.empty((0, len(FEATURES))), empty, empty, empty
    features, times, outcomes = (np.concatenate(part) for part in zip(*parts, strict=True))
    count = max(len(outcomes), 1)
    return features, times, outcomes, np.full(len(outcomes), 1 / np.sqrt(count))


def _likeliest(design: Floats, filled: Floats, weights: Floats) -> Floats:
    """Coefficients of the columns of `design`; the first and the last are not held back."""
    held = np.ones(design.shape[1])
    held[0] = held[-1] = 0.0

    def loss(b: Floats) -> tuple[float, Floats]:
        eta = design @ b
        value = weights @ (np.logaddexp(0, eta) - filled * eta) + RIDGE * (held * b * b).sum()
        slope = design.T @ (weights * (expit(eta) - filled)) + 2 * RIDGE * held * b
        return float(value), slope

    start = np.zeros(design.shape[1])
    found = minimize(loss, start, jac=True, method="L-BFGS-B", options={"maxiter": STEPS_MAX})
    best: Floats = found.x
    return best


def with_coefficients(block: Block, coefficients: Coefficients) -> dict[str, Any]:
    """A `hotloop:` block with these parameters."""
    pfill = {**block["pfill"], "log_logistic": asdict(coefficients)}
    return {**block, "pfill": pfill}


def as_yaml(coefficients: Coefficients) -> str:
    """The parameters as a profile takes them."""
    values = {field.name: getattr(coefficients, field.name) for field in fields(Coefficients)}
    block = {"hotloop": {"pfill": {"model": "log_logistic", "log_logistic": values}}}
    return yaml.safe_dump(block, sort_keys=False)


def _names(files: Sequence[FileSamples]) -> str:
    return ", ".join(file.name for file in files)
