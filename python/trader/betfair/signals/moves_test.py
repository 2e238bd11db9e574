"""docs/signals.md, "Detectors", `big_move_trigger` and `big_move_direction`."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from trader.betfair.signals.moves import ENDED_MAX, BigMove, Series

WINDOW_MS = 2_000


def series(*observed: tuple[float, int], window_ms: int = WINDOW_MS) -> Series:
    made = Series()
    for value, at_ms in observed:
        made.observe(value, at_ms, window_ms)
    return made


def test_nothing_was_seen_and_nothing_has_moved() -> None:
    assert series().moved(0, WINDOW_MS) == (0, 0)
    assert series((10, 0)).moved(99_999, WINDOW_MS) == (0, 0)


def test_the_move_is_from_the_extremes_in_force_within_the_window() -> None:
    moved = series((10, 0), (20, 1_000), (17, 1_500))
    assert moved.moved(1_500, WINDOW_MS) == (7, 3)
    assert moved.moved(3_000, WINDOW_MS) == (7, 3)  # 10 ended at 1,000: an age of the window
    assert moved.moved(3_001, WINDOW_MS) == (0, 3)
    assert moved.moved(3_501, WINDOW_MS) == (0, 0)
    assert moved.moved(0, WINDOW_MS) == (7, 3)  # read as of the last change


def test_a_value_holds_until_the_next_different_one() -> None:
    moved = series((10, 0), (10, 5_000), (20, 10_000))
    assert moved.moved(10_000, WINDOW_MS) == (10, 0)


def test_time_never_goes_back() -> None:
    moved = series((10, 5_000), (20, 1_000))
    assert moved.moved(7_000, WINDOW_MS) == (10, 0)
    assert moved.moved(7_001, WINDOW_MS) == (0, 0)


def test_ended_values_older_than_the_window_are_forgotten_at_a_change() -> None:
    moved = series((10, 0), (20, 1_000), (30, 3_001))
    assert moved.moved(3_001, 99_999) == (10, 0)  # 10 is gone, whatever window is asked for
    kept = series((10, 0), (20, 1_000), (30, 3_000))
    assert kept.moved(3_000, 99_999) == (20, 0)


def test_the_last_ended_values_are_kept() -> None:
    moved = series(*((i, 0) for i in range(ENDED_MAX + 2)))
    assert moved.moved(0, WINDOW_MS) == (ENDED_MAX, 0)


def big_move(*, traded: tuple[int, int], mids: tuple[tuple[int, int], ...] = ()) -> BigMove:
    made = BigMove()
    for tick in traded:
        made.observe_last_traded(tick, 0, WINDOW_MS)
    for back, lay in mids:
        made.observe_best(back, lay, 0, WINDOW_MS)
    return made


def test_the_largest_move_of_both_series_decides_and_up_comes_first() -> None:
    assert big_move(traded=(10, 14)).direction(0, 5, WINDOW_MS) == 0
    assert big_move(traded=(10, 15)).direction(0, 5, WINDOW_MS) == 1
    assert big_move(traded=(10, 5)).direction(0, 5, WINDOW_MS) == -1
    assert big_move(traded=(10, 15), mids=((20, 21), (14, 15))).direction(0, 5, WINDOW_MS) == -1
    assert big_move(traded=(10, 16), mids=((20, 21), (14, 15))).direction(0, 5, WINDOW_MS) == 1


def test_the_mid_moves_by_half_ticks() -> None:
    assert big_move(traded=(1, 1), mids=((10, 11), (15, 15))).direction(0, 5, WINDOW_MS) == 0
    assert big_move(traded=(1, 1), mids=((10, 11), (15, 16))).direction(0, 5, WINDOW_MS) == 1


@given(
    st.lists(st.tuples(st.integers(0, 20), st.integers(0, 500)), min_size=1, max_size=40),
    st.integers(0, 500),
)
def test_the_moves_equal_those_of_the_whole_history(
    observed: list[tuple[int, int]], later_ms: int
) -> None:
    observed.sort(key=lambda pair: pair[1])
    now_ms = observed[-1][1] + later_ms
    value = observed[-1][0]
    in_force = {value}
    for (old, _), (new, end) in pairwise(observed):
        if new != old and now_ms - end <= 100:
            in_force.add(old)
    assert series(*observed, window_ms=100).moved(now_ms, 100) == (
        value - min(in_force),
        max(in_force) - value,
    )
