"""docs/signals.md, "Fill probability and time to fill": P(a, x), trade size, the two models.

The inline values of P are mpmath's, at 60 digits; `tests/parity/gamma_vectors.json` has many more,
for both languages.
"""

import math
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trader.betfair.signals.fill import (
    TradeSize,
    expected_ms,
    probability,
    work_until_filled,
)
from trader.betfair.signals.gamma import UNIFORM_FROM, lower_gamma
from trader.betfair.signals.settings import FillModel

MODELS = get_args(FillModel)


@pytest.mark.parametrize(
    ("a", "x", "p"),
    [
        (1e-06, 1e-12, 0.9999729465596774),
        (4.064327634520855e-06, 4.106295035728093e-06, 0.999951937305834),
        (0.001, 0.25398221281347033, 0.9989679290003283),
        (0.05, 0.11708203932499368, 0.9177611566521352),
        (0.3, 0.003, 0.19490168090050464),
        (0.3, 1.3954451150103322, 0.951541188491371),
        (0.999, 8.994998999499687, 0.9998763276237238),
        (1.0001, 2.0, 0.8646426334779769),
        (9.99, 9.99, 0.5420913492062676),
        (9.99, 22.632784503423288, 0.9989938970908776),
        (16.0, 8.0, 0.008231010986844898),
        (16.0, 32.0, 0.9993400724474001),
        (16.1, 8.075038940904449, 0.008275699565755485),
        (25.0, 20.0, 0.15677262182623772),
        (50.0, 25.0, 6.953305247616099e-06),
        (50.0, 50.0, 0.5188083154720433),
        (5000.0, 5070.710678118655, 0.8413527314880205),
        (9999.0, 10050.0, 0.6958470035681733),
        (10000.0, 10400.0, 0.999961119829426),
        (100000.0, 99905.13167019495, 0.3824544786848136),
        (10000000.0, 10012649.110640673, 0.999968116649482),
        (1000000000.0, 999990513.1670195, 0.38209223618169713),
        (1000000000.0, 1000030000.0, 0.8286094125981586),
    ],
)
def test_p_is_exact_to_1e12(a: float, x: float, p: float) -> None:
    assert lower_gamma(a, x) == pytest.approx(p, rel=0, abs=1e-13)


@given(st.floats(1e-12, 700))
def test_p_of_one_is_the_exponential_distribution(x: float) -> None:
    assert lower_gamma(1.0, x) == pytest.approx(-math.expm1(-x), rel=0, abs=1e-14)


@given(st.integers(1, 40), st.floats(0, 100))
def test_p_of_a_whole_number_is_the_tail_of_a_poisson_distribution(n: int, x: float) -> None:
    tail = 1 - math.fsum(math.exp(-x) * x**k / math.factorial(k) for k in range(n))
    assert lower_gamma(float(n), x) == pytest.approx(tail, rel=0, abs=1e-13)


shapes = st.floats(-6, 16).map(lambda e: 10.0**e)


@given(shapes, st.floats(0, 1e300, allow_nan=False))
def test_p_is_a_probability(a: float, x: float) -> None:
    assert 0.0 <= lower_gamma(a, x) <= 1.0
    assert lower_gamma(a, 0.0) == 0.0
    assert lower_gamma(a, math.inf) == 1.0


@given(shapes, st.floats(-6, 6), st.floats(0, 6))
def test_p_rises_with_x_and_falls_with_a(a: float, deviations: float, more: float) -> None:
    x = max(a + deviations * math.sqrt(a), 0.0)
    further = x + more * math.sqrt(a)
    assert lower_gamma(a, further) >= lower_gamma(a, x) - 1e-12
    assert lower_gamma(a + more * math.sqrt(a), x) <= lower_gamma(a, x) + 1e-12


@given(st.floats(-4, 4))
def test_the_uniform_expansion_takes_over_without_a_step(deviations: float) -> None:
    below, above = math.nextafter(UNIFORM_FROM, 0), UNIFORM_FROM
    x = UNIFORM_FROM + deviations * math.sqrt(UNIFORM_FROM)
    assert lower_gamma(below, x) == pytest.approx(lower_gamma(above, x), rel=0, abs=1e-12)


def test_the_mean_trade_fades_by_its_window() -> None:
    sizes = TradeSize()
    assert sizes.mean_centi is None
    sizes.add(1_000, 0, 60.0)
    sizes.add(4_000, 60_000, 60.0)
    old = math.exp(-1)
    assert sizes.mean_centi == pytest.approx((1_000 * old + 4_000) / (old + 1))
    sizes.add(1_000, 0, 60.0)  # an earlier pt: taken as now
    assert sizes.mean_centi == pytest.approx((1_000 * old + 5_000) / (old + 2))


def test_the_models_of_the_contracts_example() -> None:
    # n = 10 trades of work, 3 of them come within the horizon on average.
    assert probability("erlang", 10_000, 300.0, 1_000.0, 10.0) == pytest.approx(
        0.0011024881301154798, abs=1e-13
    )
    assert probability("exponential", 10_000, 300.0, 1_000.0, 10.0) == pytest.approx(
        1 - math.exp(-0.3), abs=1e-13
    )


def test_a_queue_shorter_than_a_trade_still_needs_one() -> None:
    assert work_until_filled("erlang", 0, 500.0) == work_until_filled("erlang", 499, 500.0) == 500.0
    assert work_until_filled("erlang", 501, 500.0) == 501.0
    assert work_until_filled("exponential", 45, 500.0) == 45.0


@pytest.mark.parametrize("model", MODELS)
def test_without_work_a_fill_takes_no_time(model: FillModel) -> None:
    assert probability(model, 0, 1.0, 100.0, 5.0) == 1.0
    assert probability(model, 0, 1.0, 100.0, 0.0) == 0.0
    assert expected_ms(0, 1.0, 600_000) == 0.0


def test_the_expected_time_is_capped() -> None:
    assert expected_ms(5_000, 100.0, 600_000) == 50_000.0
    assert expected_ms(5_000, 1e-300, 600_000) == 600_000.0
    assert expected_ms(5_000, 5e-324, 600_000) == 600_000.0


works = st.integers(1, 10_000_000)
rates = st.floats(1e-6, 1e6)
means = st.floats(1, 1e6)
seconds = st.floats(0, 3_600)


@given(st.sampled_from(MODELS), works, rates, means, seconds, seconds, works)
def test_p_fill_rises_with_the_horizon_and_falls_with_what_is_ahead(
    model: FillModel,
    work: int,
    rate: float,
    mean: float,
    horizon: float,
    longer: float,
    ahead: int,
) -> None:
    p = probability(model, work, rate, mean, horizon)
    assert 0.0 <= p <= 1.0
    assert probability(model, work, rate, mean, horizon + longer) >= p - 1e-12
    assert probability(model, work + ahead, rate, mean, horizon) <= p + 1e-12
    assert expected_ms(work + ahead, rate, 600_000) >= expected_ms(work, rate, 600_000)
    assert 0.0 <= expected_ms(work, rate, 600_000) <= 600_000.0
