"""docs/signals.md, "Match rate" and "Units": averages that fade with age."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trader.betfair.signals.decay import Decaying, age_ms, kept
from trader.betfair.signals.matched import Trade
from trader.betfair.signals.rates import MatchRates


def test_an_age_is_never_negative_and_decay_is_exponential() -> None:
    assert (age_ms(5, 3), age_ms(3, 5)) == (2, 0)
    assert kept(2_000, 2.0) == pytest.approx(1 / math.e)
    assert kept(0, 2.0) == 1.0
    assert kept(1 << 62, 1e-3) == 0.0


def test_a_rate_follows_the_formula() -> None:
    rates = MatchRates()
    rates.add(Trade(200, 500, 100), 1_000, 10.0)
    assert rates.read("BACK", 200, 1_000, 10.0) == pytest.approx(50.0)  # v/τ
    rates.add(Trade(200, 300, 0), 6_000, 10.0)
    after = 50.0 * math.exp(-0.5) + 30.0
    assert rates.read("BACK", 200, 6_000, 10.0) == pytest.approx(after)
    assert rates.read("BACK", 200, 16_000, 10.0) == pytest.approx(after / math.e)


def test_prices_and_sides_have_averages_of_their_own() -> None:
    rates = MatchRates()
    rates.add(Trade(200, 100, 0), 0, 10.0)
    rates.add(Trade(202, 0, 400), 0, 10.0)
    assert rates.read("BACK", 200, 0, 10.0) == pytest.approx(10.0)
    assert rates.read("LAY", 200, 0, 10.0) == 0.0
    assert rates.read(None, 200, 0, 10.0) == pytest.approx(10.0)
    assert rates.read("LAY", None, 0, 10.0) == pytest.approx(40.0)
    assert rates.read(None, None, 0, 10.0) == pytest.approx(50.0)
    assert rates.read(None, 300, 0, 10.0) == 0.0


def test_time_never_goes_back() -> None:
    rates = MatchRates()
    rates.add(Trade(200, 100, 0), 9_000, 10.0)
    rates.add(Trade(200, 100, 0), 1_000, 10.0)  # a message of an earlier pt: nothing has faded
    assert rates.read("BACK", 200, 1_000, 10.0) == pytest.approx(20.0)
    assert rates.read("BACK", 200, 9_000, 10.0) == pytest.approx(20.0)
    assert rates.read("BACK", 200, 19_000, 10.0) == pytest.approx(20.0 / math.e)


def test_another_window_holds_for_the_time_since_the_last_trade() -> None:
    rates = MatchRates()
    rates.add(Trade(200, 100, 0), 0, 10.0)
    assert rates.read("BACK", 200, 5_000, 5.0) == pytest.approx(10.0 / math.e)


@given(st.lists(st.tuples(st.integers(0, 10_000), st.floats(0, 1e6)), max_size=8))
def test_a_decaying_sum_is_the_sum_of_what_is_left_of_each_part(
    parts: list[tuple[int, float]],
) -> None:
    parts.sort()
    total = Decaying()
    for at_ms, amount in parts:
        total.add(amount, at_ms, 3.0)
    left = sum(amount * math.exp(-(20_000 - at_ms) / 3_000) for at_ms, amount in parts)
    assert total.read(20_000, 3.0) == pytest.approx(left, rel=1e-12, abs=1e-12)
