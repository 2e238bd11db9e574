"""Order flow keeps a book as the exchange would: never crossed, and told whole by its changes."""

from __future__ import annotations

from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trader.simulator.order_flow import PRICES, PRICES_CENTI, TOP_TICK, RunnerFlow, tick_below


@given(st.floats(min_value=0.5, max_value=2000.0))
def test_tick_below_is_the_highest_price_not_above(price: float) -> None:
    kept = max(1.01, min(1000.0, price))
    below = [tick for tick, rung in enumerate(PRICES) if rung <= kept + 1e-9]
    assert tick_below(price) == below[-1]


@pytest.mark.parametrize("tick", [0, 1, 99, 100, 250, TOP_TICK])
def test_a_price_of_the_ladder_is_its_own_tick(tick: int) -> None:
    assert tick_below(PRICES_CENTI[tick] / 100) == tick


@given(seed=st.integers(0, 2**32), fair=st.floats(1.02, 900.0), steps=st.integers(1, 150))
def test_the_changes_told_make_the_same_book_elsewhere(seed: int, fair: float, steps: int) -> None:
    rng = Random(seed)
    flow = RunnerFlow(1, rng)
    flow.open_book(fair, 8)
    told: dict[str, dict[float, float]] = {"atb": {}, "atl": {}, "trd": {}}
    for step in range(steps):
        flow.informed(fair)
        flow.step(fair)
        if step == steps // 2:
            flow.clear()
        if rng.random() < 0.7:
            apply(told, flow.take_changes())
            assert not told["atb"] or not told["atl"] or max(told["atb"]) < min(told["atl"])
    apply(told, flow.take_changes())
    for name, side in (("atb", flow.bids), ("atl", flow.asks), ("trd", flow.traded)):
        assert told[name] == {PRICES[tick]: size / 100 for tick, size in side.items()}
    assert flow.total_traded_centi == sum(flow.traded.values())
    assert flow.take_changes() is None


def apply(told: dict[str, dict[float, float]], entry: dict[str, Any] | None) -> None:
    for name, ladder in told.items():
        for price, size in (entry or {}).get(name, ()):
            ladder[price] = size
            if size == 0:
                del ladder[price]
