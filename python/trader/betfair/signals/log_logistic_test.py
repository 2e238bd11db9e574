"""docs/signals.md, "Fill probability and time to fill": the model `log_logistic`."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trader.betfair.ladder import CLASSIC, FINEST, line_range
from trader.betfair.signals.log_logistic import behind, median_ms, probability, spread, steps
from trader.betfair.signals.travel import Travel

medians = st.floats(-20, 20)
horizons = st.integers(1, 10**9)
shapes = st.floats(0.05, 20)
odds = st.floats(-10, 10)


def test_at_the_median_a_fill_is_as_likely_as_not() -> None:
    assert probability(math.log(5), 5_000, 1.13) == pytest.approx(0.5)
    assert probability(math.log(5), 10_000, 2.0) == pytest.approx(4 / 5)  # odds (10/5)²
    assert probability(math.log(5), 0, 1.13) == 0.0
    assert median_ms(math.log(5), 1.13, 0.0, 600_000) == pytest.approx(5_000)
    assert median_ms(math.log(5), 1.13, 0.0, 4_999) == 4_999.0


@given(medians, horizons, horizons, shapes, odds)
def test_p_rises_with_the_horizon_and_is_a_probability(
    median: float, horizon: int, more: int, shape: float, log_odds: float
) -> None:
    p = probability(median, horizon, shape, log_odds)
    assert 0.0 <= p <= probability(median, horizon + more, shape, log_odds) <= 1.0


@given(medians, horizons, shapes, st.floats(-5, 5))
def test_the_correction_multiplies_the_odds_and_moves_the_median_with_them(
    median: float, horizon: int, shape: float, log_odds: float
) -> None:
    p = probability(median, horizon, shape)
    q = probability(median, horizon, shape, log_odds)
    if 1e-6 < p < 1 - 1e-6:
        assert math.log(q / (1 - q)) == pytest.approx(math.log(p / (1 - p)) + log_odds, abs=1e-6)
    corrected = median_ms(median, shape, log_odds, 1 << 62)
    if corrected < 1 << 62:
        assert probability(math.log(corrected / 1000), horizon, shape) == pytest.approx(q, abs=1e-9)


@given(st.floats(-1e5, 1e5), horizons, shapes, odds)
def test_no_power_of_e_overflows(
    median: float, horizon: int, shape: float, log_odds: float
) -> None:
    assert 0.0 <= probability(median, horizon, shape, log_odds) <= 1.0
    assert 0.0 <= median_ms(median, shape, log_odds, 600_000) <= 600_000.0


def test_a_finest_market_is_measured_in_the_steps_of_classic() -> None:
    assert steps(CLASSIC, 200, 210) == 5.0
    assert steps(FINEST, 200, 210) == 5.0
    assert steps(FINEST, 210, 200) == -5.0
    assert steps(FINEST, 100_000, 100_000) == 0.0
    assert steps(line_range(50, 450, 100), 50, 250) == 2.0
    assert steps(CLASSIC, 201, 210) is None


def test_a_book_with_one_side_or_crossed_has_a_spread_too() -> None:
    assert spread(CLASSIC, 200, 210) == math.log(5)
    assert spread(CLASSIC, 210, 200) == spread(CLASSIC, 200, 200) == 0.0
    assert spread(CLASSIC, 101, 100_000) == math.log(100)
    assert spread(CLASSIC, None, 200) == spread(CLASSIC, 201, 210) == math.log(10)


def test_behind_is_away_from_the_best_price_of_the_side() -> None:
    assert behind(CLASSIC, 200, 204, is_back=True) == 2.0
    assert behind(CLASSIC, 200, 204, is_back=False) == -2.0
    assert behind(CLASSIC, 200, 101, is_back=False) == 50.0
    assert behind(CLASSIC, 200, 101, is_back=True) == -10.0
    assert behind(CLASSIC, None, 204, is_back=True) == 0.0
    assert behind(CLASSIC, 201, 204, is_back=True) == 0.0


def test_travel_is_the_way_the_price_went_and_fades() -> None:
    travel = Travel()
    travel.observe(200, CLASSIC, 0, 60.0)
    assert travel.read(0, 60.0) == 0.0
    travel.observe(204, CLASSIC, 1_000, 60.0)
    travel.observe(204, CLASSIC, 2_000, 60.0)
    travel.observe(200, CLASSIC, 61_000, 60.0)
    assert travel.read(61_000, 60.0) == pytest.approx(2 / math.e + 2)
    travel.observe(100_000, CLASSIC, 61_000, 60.0)
    assert travel.read(61_000, 60.0) == pytest.approx(2 / math.e + 12)
