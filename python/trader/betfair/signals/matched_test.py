"""docs/signals.md, "Matched volume": the clauses on one message's rises."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trader.betfair.signals.matched import Drops, Rise, Trade, revaluation, trade_of, trades
from trader.betfair.signals.settings import SignalSettings

SETTINGS = SignalSettings()


@pytest.mark.parametrize(
    ("rise", "drops", "trade"),
    [
        # A plain match: both sides of it are counted, one of them stood in the book.
        (1_000, (500, 0), (500, 0)),
        (1_000, (0, 500), (0, 500)),
        # A cross match: one side is counted, and it stood in the book.
        (1_000, (1_000, 0), (1_000, 0)),
        # Anything between: part of what came was matched with orders that came with it.
        (1_000, (0, 700), (0, 700)),
        # The tolerance of two hundredths, from both ends.
        (1_000, (498, 0), (498, 0)),
        (1_000, (497, 0), (500, 0)),
        (1_000, (1_002, 0), (1_002, 0)),
        (1_000, (1_003, 0), (500, 0)),
        # A drop that does not explain the rise still tells the side.
        (1_000, (9_999, 0), (500, 0)),
        (1_000, (0, 3), (0, 500)),
        # The larger drop is the trade's; alike, or none: half each, the odd hundredth to LAY.
        (1_000, (500, 499), (500, 0)),
        (1_000, (500, 500), (250, 250)),
        (1_001, (0, 0), (250, 250)),
        (1_003, (0, 0), (250, 251)),
        # One hundredth without a drop is nothing; with one it is a trade.
        (1, (0, 0), (0, 0)),
        (1, (1, 0), (1, 0)),
    ],
)
def test_v_and_its_side(rise: int, drops: Drops, trade: tuple[int, int]) -> None:
    assert trade_of(200, rise, drops, 2) == Trade(200, *trade)


def test_half_of_an_odd_rise_is_compared_without_rounding() -> None:
    # Δ/2 - tolerance = 498.5: a drop of 498 is below it.
    assert trade_of(200, 1_001, (498, 0), 2).volume_centi == 500
    assert trade_of(200, 1_001, (499, 0), 2).volume_centi == 499


def rises(count: int, before: int, rise: int) -> list[Rise]:
    return [(200 + i, before, before + rise) for i in range(count)]


def test_many_levels_that_rise_by_little_are_a_revaluation_and_no_trading() -> None:
    assert trades(rises(8, 1_000, 5), lambda _: (0, 0), SETTINGS) == []  # 5 * 100 <= 0.5 * 1000
    assert len(trades(rises(7, 1_000, 5), lambda _: (0, 0), SETTINGS)) == 7
    assert len(trades(rises(8, 1_000, 6), lambda _: (0, 0), SETTINGS)) == 8


def test_a_level_that_was_nothing_is_not_revalued() -> None:
    new = [(500 + i, 0, 4) for i in range(4)]
    assert len(trades([*rises(7, 1_000, 5), *new], lambda _: (0, 0), SETTINGS)) == 11


def test_the_other_levels_of_a_revaluation_still_trade() -> None:
    trading = (400, 1_000, 2_000)
    found = trades([*rises(8, 1_000, 5), trading], lambda _: (500, 0), SETTINGS)
    assert found == [Trade(400, 500, 0)]


def test_the_thresholds_are_configured() -> None:
    settings = SignalSettings(revaluation_levels=2, revaluation_percent=10.0, drop_tolerance=0.1049)
    assert revaluation(rises(2, 100, 10), settings) == {200, 201}
    assert settings.drop_tolerance_centi == 10
    assert trades([(200, 0, 1_000)], lambda _: (490, 0), settings)[0].volume_centi == 490
    assert trades([(200, 0, 1_000)], lambda _: (489, 0), settings)[0].volume_centi == 500


def test_a_tolerance_beyond_all_sizes_is_taken_as_it_is() -> None:
    settings = SignalSettings(drop_tolerance=1e308)
    assert trades([(200, 0, 4)], lambda _: (1 << 53, 0), settings)[0].volume_centi == 1 << 53


sizes = st.integers(0, 1 << 53)
some_rises = st.dictionaries(
    st.integers(101, 1_000), st.tuples(sizes, st.integers(1, 1 << 53)), max_size=12
).map(lambda d: [(price, before, before + rise) for price, (before, rise) in d.items()])


@given(some_rises, st.dictionaries(st.integers(101, 1_000), st.tuples(sizes, sizes)))
def test_trades_ascend_and_never_exceed_what_was_traded(
    some: list[Rise], drops: dict[int, Drops]
) -> None:
    found = trades(some, lambda price: drops.get(price, (0, 0)), SETTINGS)
    by_price = {price: after - before for price, before, after in some}
    assert [t.price_centi for t in found] == sorted(t.price_centi for t in found)
    for trade in found:
        assert trade.backs_centi >= 0 and trade.lays_centi >= 0
        rise = by_price[trade.price_centi]
        assert (rise - 1) // 2 - 2 <= trade.volume_centi <= rise + 2
        assert 0 < trade.volume_centi == trade.of("BACK") + trade.of("LAY")
