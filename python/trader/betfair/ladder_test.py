"""The price ladders: which prices exist, and distances in ticks."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trader.betfair import ladder
from trader.betfair.ladder import CLASSIC, FINEST, Ladder, line_range

LINES = line_range(-50, 20050, 100)
LADDERS = st.sampled_from([CLASSIC, FINEST, LINES])
PRICES = st.integers(min_value=-200, max_value=100_500)


def published_classic() -> list[int]:
    """The published increments, written out the long way."""
    increments = [
        (2.0, 0.01),
        (3.0, 0.02),
        (4.0, 0.05),
        (6.0, 0.1),
        (10.0, 0.2),
        (20.0, 0.5),
        (30.0, 1.0),
        (50.0, 2.0),
        (100.0, 5.0),
        (1000.0, 10.0),
    ]
    prices, price = [101], 101
    for end, step in increments:
        while price < round(end * 100):
            price += round(step * 100)
            prices.append(price)
    return prices


def test_classic_is_the_350_published_prices() -> None:
    assert [CLASSIC.price_at(tick) for tick in range(len(CLASSIC))] == published_classic()
    assert len(CLASSIC) == 350


def test_finest_is_every_hundredth() -> None:
    assert len(FINEST) == 99_900
    assert (FINEST.lowest, FINEST.highest) == (101, 100_000)
    assert FINEST.price_at(1) == 102


def test_a_line_range_stops_at_its_last_whole_line() -> None:
    lines = line_range(-150, 160, 50)
    assert [lines.price_at(tick) for tick in range(len(lines))] == [
        -150, -100, -50, 0, 50, 100, 150,
    ]  # fmt: skip


@pytest.mark.parametrize(("low", "high", "interval"), [(0, 100, 0), (0, 100, -5), (100, 0, 10)])
def test_a_line_range_needs_a_range_and_a_positive_interval(
    low: int, high: int, interval: int
) -> None:
    with pytest.raises(ValueError, match="no lines"):
        line_range(low, high, interval)


@pytest.mark.parametrize("price", [100, 201, 203, 302, 406, 611, 1010, 2010, 100_001, 0, -101])
def test_prices_between_the_steps_are_off_the_classic_ladder(price: int) -> None:
    assert CLASSIC.tick_of(price) is None
    assert not CLASSIC.is_on_ladder(price)
    assert CLASSIC.ticks_between(price, 200) is None
    assert CLASSIC.ticks_between(200, price) is None


@pytest.mark.parametrize("tick", [-1, 350])
def test_ticks_outside_the_ladder_have_no_price(tick: int) -> None:
    with pytest.raises(IndexError, match="outside 0 … 349"):
        CLASSIC.price_at(tick)


@given(LADDERS, st.data())
def test_tick_and_price_are_inverse(of: Ladder, data: st.DataObject) -> None:
    tick = data.draw(st.integers(0, len(of) - 1))
    assert of.tick_of(of.price_at(tick)) == tick


@given(LADDERS, PRICES)
def test_a_price_is_on_the_ladder_exactly_when_some_tick_has_it(of: Ladder, price: int) -> None:
    tick = of.tick_of(price)
    assert of.is_on_ladder(price) == (tick is not None)
    assert tick is None or of.price_at(tick) == price


@given(LADDERS, PRICES)
def test_next_and_prev_are_the_neighbours(of: Ladder, price: int) -> None:
    above, below = of.next_price(price), of.prev_price(price)
    assert above is None or (above > price and of.is_on_ladder(above))
    assert below is None or (below < price and of.is_on_ladder(below))
    if price < of.lowest:
        assert (below, above) == (None, of.lowest)
    elif price > of.highest:
        assert (below, above) == (of.highest, None)
    elif above is not None and below is not None:
        assert of.ticks_between(below, above) == (2 if of.is_on_ladder(price) else 1)


def test_ticks_between_are_the_steps_of_a_slow_walk_for_every_pair() -> None:
    """The walk takes the published increments one by one, for all 350² pairs of CLASSIC."""
    increments = [(200, 1), (300, 2), (400, 5), (600, 10), (1000, 20), (2000, 50), (3000, 100),
                  (5000, 200), (10000, 500), (100000, 1000)]  # fmt: skip
    walked = [101]
    while walked[-1] < 100000:
        walked.append(walked[-1] + next(step for below, step in increments if walked[-1] < below))
    assert len(walked) == 350
    for steps_to_low, low in enumerate(walked):
        for steps_to_high, high in enumerate(walked):
            assert ladder.ticks_between(low, high) == steps_to_high - steps_to_low


@given(LADDERS, st.data())
def test_distances_add_up_and_turn_round(of: Ladder, data: st.DataObject) -> None:
    ticks = st.integers(0, len(of) - 1)
    a, b, c = (of.price_at(data.draw(ticks)) for _ in range(3))
    ab, bc, ac, ba = (of.ticks_between(*pair) for pair in ((a, b), (b, c), (a, c), (b, a)))
    assert ab is not None and bc is not None
    assert ac == ab + bc
    assert ba == -ab


def test_the_module_functions_work_on_classic_unless_told() -> None:
    assert ladder.tick_of(200) == 99
    assert ladder.price_at(99) == 200
    assert ladder.ticks_between(198, 204) == 4
    assert ladder.is_on_ladder(202) and not ladder.is_on_ladder(201)
    assert ladder.is_on_ladder(201, FINEST)
    assert ladder.next_price(200) == 202
    assert ladder.prev_price(202) == 200
    assert ladder.next_price(100_000) is None
    assert ladder.prev_price(101) is None
