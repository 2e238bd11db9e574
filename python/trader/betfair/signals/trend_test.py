"""docs/signals.md, "Detectors", `trend_lens`."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trader.betfair.signals.trend import Trend, microprice

FAST, SLOW = 2.0, 20.0


def test_the_microprice_leans_to_the_side_with_less_size_behind_it() -> None:
    assert microprice((10, 300), (12, 100)) == pytest.approx(11.5)
    assert microprice((10, 100), (12, 100)) == 11.0


def test_a_first_value_alone_is_no_trend() -> None:
    trend = Trend()
    assert trend.drift(0, FAST, SLOW) == 0.0
    trend.observe(50.0, 1_000, FAST, SLOW)
    assert trend.drift(99_000, FAST, SLOW) == 0.0


def test_the_averages_follow_the_formula() -> None:
    trend = Trend()
    trend.observe(50.0, 0, FAST, SLOW)
    trend.observe(60.0, 1_000, FAST, SLOW)  # both averages stand at 50 until here
    fast = 60 - 10 * math.exp(-3_000 / 2_000)
    slow = 60 - 10 * math.exp(-3_000 / 20_000)
    assert trend.drift(4_000, FAST, SLOW) == pytest.approx((fast - slow) / 18)
    trend.observe(60.0, 2_500, FAST, SLOW)  # the same value again changes nothing
    assert trend.drift(4_000, FAST, SLOW) == pytest.approx((fast - slow) / 18)
    assert trend.drift(0, FAST, SLOW) == 0.0  # read as of the last change


def test_time_never_goes_back() -> None:
    trend = Trend()
    trend.observe(50.0, 9_000, FAST, SLOW)
    trend.observe(60.0, 1_000, FAST, SLOW)
    fast, slow = 60 - 10 * math.exp(-0.5), 60 - 10 * math.exp(-0.05)
    assert trend.drift(10_000, FAST, SLOW) == pytest.approx((fast - slow) / 18)


@pytest.mark.parametrize("per_s", [-3.0, 0.25, 10.0])
def test_on_a_steady_drift_it_is_that_drift(per_s: float) -> None:
    trend = Trend()
    for i in range(40_000):  # a step each 10 ms, for 400 s
        trend.observe(per_s * i / 100, i * 10, FAST, SLOW)
    assert trend.drift(399_990, FAST, SLOW) == pytest.approx(per_s, rel=1e-3)


@given(st.lists(st.tuples(st.floats(0, 350), st.integers(0, 60_000)), min_size=1, max_size=20))
def test_it_is_bounded_by_the_range_of_prices(observed: list[tuple[float, int]]) -> None:
    trend = Trend()
    for value, at_ms in observed:
        trend.observe(value, at_ms, FAST, SLOW)
    values = [value for value, _ in observed]
    assert abs(trend.drift(60_000, FAST, SLOW)) <= (max(values) - min(values)) / 18 + 1e-9
