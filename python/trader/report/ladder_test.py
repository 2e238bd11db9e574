"""A runner's ladder laid out in a grid: what is in it, and how large it can get."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trader.report.data import Runner
from trader.report.folder import ReportError
from trader.report.ladder import (
    COLUMNS_MAX,
    ROWS_MAX,
    OwnOrder,
    RunnerView,
    Sample,
    grid,
    parse_runner,
)
from trader.report.testing import MARKET

RUNNER = Runner(MARKET, 7, 0)


def order(price_centi: int, from_ms: int, to_ms: int, side: str = "BACK") -> OwnOrder:
    return OwnOrder("passive_maker", side, price_centi, 200, from_ms, to_ms, "CANCELLED", [])


def view(samples: list[Sample], *orders: OwnOrder) -> RunnerView:
    return RunnerView(RUNNER, samples, list(orders), [])


def test_columns_hold_until_the_next_sample_and_blanks_stay_blank() -> None:
    laid_out = grid(
        view(
            [
                Sample(1000, 300, [(295, 10.0)], [(300, 20.0)]),
                Sample(2000, 300, [(295, 11.0)], []),
                Sample(5000, None, [], []),
                Sample(9000, 300, [(295, 12.0)], []),
            ],
            order(300, 900, 9500),
        )
    )
    assert laid_out.edges_ms == [1000, 2000, 5000, 9000, 9501]
    row = laid_out.prices.index(295)
    assert laid_out.back[row] == [10.0, 11.0, None, 12.0]
    assert laid_out.lay[laid_out.prices.index(300)] == [20.0, None, None, None]


def test_rows_are_every_tick_in_between() -> None:
    laid_out = grid(view([Sample(1, None, [(290, 1.0)], [(310, 1.0)])], order(305, 1, 2)))
    assert laid_out.prices == [290, 292, 294, 296, 298, 300, 305, 310]
    assert laid_out.name_of(305) == "3.05 "
    assert laid_out.name_of(700) is None


def test_prices_off_the_usual_ladder_are_rows_of_their_own() -> None:
    laid_out = grid(view([Sample(1, None, [(297, 1.0)], [(301, 1.0)])]))
    assert laid_out.prices == [297, 301]


@given(
    st.lists(st.tuples(st.integers(101, 100_000), st.integers(101, 100_000)), min_size=1),
    st.integers(1, 3 * COLUMNS_MAX),
)
def test_a_grid_is_never_too_large(prices: list[tuple[int, int]], repeats: int) -> None:
    samples = [
        Sample(n * 1000, None, [(prices[n % len(prices)][0], 1.0)], [(prices[-1][1], 1.0)])
        for n in range(repeats)
    ]
    laid_out = grid(view(samples))
    assert len(laid_out.prices) <= ROWS_MAX
    columns = len(laid_out.edges_ms) - 1
    assert columns <= 2 * COLUMNS_MAX
    assert laid_out.edges_ms == sorted(set(laid_out.edges_ms))
    assert all(len(row) == columns for row in [*laid_out.back, *laid_out.lay])


def test_the_rows_are_where_our_orders_are() -> None:
    samples = [Sample(1, None, [(101, 1.0)], [(100_000, 1.0)])]
    orders = [order(price, 1, 2) for price in (1000, 1050, 1100) for _ in range(5)]
    laid_out = grid(view(samples, *orders))
    assert {1000, 1050, 1100} <= set(laid_out.prices)
    assert laid_out.rows_left_out > 200


def test_a_runner_is_named_by_market_selection_and_handicap() -> None:
    assert parse_runner("1.23/456") == ("1.23", 456, 0)
    assert parse_runner("1.23/456/-0.5") == ("1.23", 456, -50)


@pytest.mark.parametrize("text", ["", "1.23", "1.23/x", "/4", "1.23/4/5/6", "1.23/4/x"])
def test_anything_else_is_refused_in_one_line(text: str) -> None:
    with pytest.raises(ReportError, match="is not MARKET/SELECTION, such as"):
        parse_runner(text)
