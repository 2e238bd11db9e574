"""Parameters chosen from orders whose parameters are known."""

from __future__ import annotations

from dataclasses import asdict

import numpy as np
import pytest
import yaml

from trader.betfair.signals.log_logistic import FEATURES, Coefficients
from trader.calibration.fitting import (
    FileSamples,
    FitError,
    Gatherer,
    as_yaml,
    fit,
    with_coefficients,
)
from trader.calibration.sampling import Plan
from trader.calibration.testing import poisson_market
from trader.config.loading import load
from trader.strategy.hotloop.config import read_config

TRUE = Coefficients(
    shape=1.3,
    intercept=2.0,
    work=0.6,
    trades=-0.5,
    side_rate=-0.3,
    price_rate=0.0,
    behind=0.8,
    spread=0.2,
    travel=-0.2,
)


def made(seed: int, count: int, *, follow_ms: float = 120_000, extra: float = 0.0) -> FileSamples:
    """Orders whose times to a fill are drawn from `TRUE`; `extra` is added to ln θ."""
    draws = np.random.default_rng(seed)
    features = draws.normal(size=(count, len(FEATURES)))
    slopes = np.array([getattr(TRUE, name) for name in FEATURES])
    log_median = TRUE.intercept + extra + features @ slopes
    u = draws.random(count)
    ms = 1000 * np.exp(log_median + np.log(u / (1 - u)) / TRUE.shape)
    lost_ms = draws.uniform(0, 2 * follow_ms, size=count).clip(max=follow_ms)
    filled_ms = np.where(ms <= lost_ms, ms, np.inf)
    known_ms = np.where(ms <= lost_ms, ms, lost_ms)
    return FileSamples(f"made {seed}", features, filled_ms, known_ms, (1000, 5000, 30_000))


def test_the_parameters_that_made_the_orders_are_found() -> None:
    found = asdict(fit([made(1, 20_000), made(2, 20_000)]))
    for name, value in asdict(TRUE).items():
        assert found[name] == pytest.approx(value, abs=0.06), name


def test_the_same_orders_give_the_same_parameters() -> None:
    assert fit([made(3, 2000)]) == fit([made(3, 2000)])


def test_a_long_file_does_not_drown_a_short_one() -> None:
    """A hundred times as many orders have ten times the say: the intercept goes an eleventh of the
    way from the long one's to the short one's, where by orders it were a hundred-and-first."""
    both = fit([made(4, 50_000), made(5, 500, extra=1.0)])
    assert 0.05 < both.intercept - TRUE.intercept < 0.2


def test_orders_of_which_none_is_filled_teach_nothing() -> None:
    never = made(6, 100, extra=50.0)
    with pytest.raises(FitError, match="made 6: no order, or every one, was filled"):
        fit([never])
    with pytest.raises(FitError, match="no orders"):
        fit([])


def test_a_profile_takes_what_was_chosen() -> None:
    document = yaml.safe_load(as_yaml(TRUE))
    block = load(None, []).hotloop.seam_config()
    chosen = {**block, "pfill": {**block["pfill"], **document["hotloop"]["pfill"]}}  # type: ignore[dict-item]
    assert read_config(chosen).signals.log_logistic == TRUE
    assert read_config(with_coefficients(block, TRUE)).signals.log_logistic == TRUE


def test_the_features_are_those_of_the_reference_and_the_outcomes_those_of_the_market() -> None:
    block = load(None, []).hotloop.seam_config()
    gatherer = Gatherer("poisson", block, Plan(follow_ms=30_000))
    for raw in poisson_market(seed=2, seconds=300, trades_per_s=1.0, queue=4.0, size=2.0):
        gatherer.line(raw)
    samples = gatherer.result()
    assert samples is not None
    assert samples.features.shape == (len(samples.filled_ms), len(FEATURES))
    assert np.isfinite(samples.features).all()
    behind = samples.features[:, FEATURES.index("behind")]
    assert set(behind) == {0.0, 1.0, 2.0}
    filled = np.isfinite(samples.filled_ms)
    assert filled[behind == 0].any()
    assert not filled[behind > 0].any()
    assert (samples.known_ms <= 30_000).all()


def test_a_file_without_traded_volume_has_no_orders_to_learn_from() -> None:
    block = load(None, []).hotloop.seam_config()
    lines = list(poisson_market(seed=2, seconds=1, trades_per_s=0.001, queue=4.0, size=2.0))
    gatherer = Gatherer("still", block, Plan())
    for raw in lines:
        gatherer.line(raw)
    assert gatherer.result() is None


def test_a_feature_that_never_changes_gets_no_coefficient() -> None:
    samples = made(7, 2000)
    samples.features[:, FEATURES.index("spread")] = 0.7
    assert fit([samples]).spread == 0.0
