"""Starting-price bets are told as the venue tells them and come out even at the off."""

from __future__ import annotations

from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trader.simulator.generator_starting_price import (
    ANY_BACK,
    ANY_LAY,
    LIMITS_MAX,
    StartingPrices,
)


@given(seed=st.integers(0, 2**32), fair=st.floats(1.02, 900.0), steps=st.integers(0, 60))
def test_what_is_matched_at_the_starting_price_is_the_same_on_both_sides(
    seed: int, fair: float, steps: int
) -> None:
    prices = StartingPrices(Random(seed))
    prices.open(fair)
    for _ in range(steps):
        prices.step(fair)
    willing = dict(prices.backs)
    assert len(prices.backs) <= LIMITS_MAX
    assert len(prices.lays) <= LIMITS_MAX
    bsp = prices.reconcile(fair)
    assert bsp == pytest.approx(fair, rel=0.1)
    assert 1.01 <= bsp <= 1000.0
    stake = sum(size for limit, size in willing.items() if limit <= bsp)
    assert prices.backs == ({bsp: stake} if stake else {})
    liability = round(stake * (bsp - 1.0))
    assert prices.lays == ({bsp: liability} if liability else {})


def test_the_rows_told_are_the_bets_and_the_rows_that_went_are_zero() -> None:
    prices = StartingPrices(Random(4))
    held: dict[str, dict[float, float]] = {"spl": {}, "spb": {}}
    for _ in range(200):
        prices.step(6.0)
        note(held, prices.take_changes())
    assert held["spl"] == {limit: size / 100 for limit, size in prices.backs.items()}
    assert held["spb"] == {limit: size / 100 for limit, size in prices.lays.items()}
    assert ANY_BACK in held["spl"]
    assert ANY_LAY in held["spb"]
    bsp = prices.reconcile(6.0)
    note(held, prices.take_changes())
    assert set(held["spl"]) == set(held["spb"]) == {bsp}
    prices.clear()
    note(held, prices.take_changes())
    assert held == {"spl": {}, "spb": {}}
    assert prices.take_changes() == {}


@pytest.mark.parametrize(
    ("stake_centi", "liability_centi", "far"),
    [(0, 0, "NaN"), (0, 3000, "Infinity"), (2800, 0, 1.0), (2800, 3000, 2.07), (1, 10**9, 1000.0)],
)
def test_the_far_price_is_what_bets_at_any_price_come_to(
    stake_centi: int, liability_centi: int, far: float | str
) -> None:
    """28.00 to back and a liability of 30.00 to lay are 2.07 in a recording."""
    prices = StartingPrices(Silent())
    prices.backs |= {ANY_BACK: stake_centi, 40.0: 999_999}
    prices.lays |= {ANY_LAY: liability_centi}
    prices.step(5.0)
    fields = prices.take_changes()
    assert fields == {"spn": 5.0, "spf": far}


class Silent(Random):
    """Places no bet and adds no noise."""

    def random(self) -> float:
        return 0.99

    def gauss(self, mu: float = 0.0, sigma: float = 1.0) -> float:
        return mu + 0 * sigma


def note(held: dict[str, dict[float, float]], fields: dict[str, Any]) -> None:
    for key, ladder in held.items():
        for limit, size in fields.get(key, ()):
            ladder[limit] = size
            if size == 0:
                del ladder[limit]
