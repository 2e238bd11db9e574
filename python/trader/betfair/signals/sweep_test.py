"""docs/signals.md, "Detectors", `sweep_sniffer` and `sweep_side`."""

from hypothesis import given
from hypothesis import strategies as st

from trader.betfair.books import RestedSide
from trader.betfair.signals.sweep import Sweep


def swept(*consumed: tuple[RestedSide, int, int], levels: int = 3) -> Sweep:
    sweep = Sweep()
    for side, price, at_ms in consumed:
        sweep.consume(side, price, at_ms, levels)
    return sweep


def test_it_takes_so_many_different_prices_of_one_side() -> None:
    two = swept(("BACK", 200, 0), ("BACK", 202, 0), ("BACK", 200, 0), ("LAY", 198, 0))
    assert two.side(0, 3, 1_000) is None
    two.consume("BACK", 204, 0, 3)
    assert two.side(0, 3, 1_000) == "BACK"


def test_an_age_of_the_window_still_counts() -> None:
    sweep = swept(("LAY", 200, 0), ("LAY", 198, 400), ("LAY", 196, 500))
    assert sweep.side(1_000, 3, 1_000) == "LAY"
    assert sweep.side(1_001, 3, 1_000) is None
    assert sweep.side(-5, 3, 1_000) == "LAY"  # read as of the last change


def test_a_price_counts_from_when_it_was_last_consumed() -> None:
    sweep = swept(("LAY", 200, 0), ("LAY", 198, 900), ("LAY", 196, 900), ("LAY", 200, 1_500))
    assert sweep.side(1_900, 3, 1_000) == "LAY"


def test_of_two_sides_the_later_one_and_back_if_equal() -> None:
    backs: list[tuple[RestedSide, int, int]] = [("BACK", 200 + i, 100) for i in range(3)]
    assert swept(*backs, *(("LAY", 190 - i, 101) for i in range(3))).side(200, 3, 1_000) == "LAY"
    assert swept(*(("LAY", 190 - i, 100) for i in range(3)), *backs).side(200, 3, 1_000) == "BACK"
    assert swept(*(("LAY", 190 - i, 99) for i in range(3)), *backs).side(200, 3, 1_000) == "BACK"


def test_time_never_goes_back() -> None:
    sweep = swept(("LAY", 200, 5_000), ("LAY", 198, 0), ("LAY", 196, 0))
    assert sweep.side(6_000, 3, 1_000) == "LAY"


@given(
    st.lists(st.tuples(st.integers(1, 6), st.integers(0, 300)), min_size=1),
    st.integers(1, 4),
    st.integers(0, 400),
)
def test_remembering_the_last_prices_is_remembering_all(
    consumed: list[tuple[int, int]], levels: int, now_ms: int
) -> None:
    consumed.sort(key=lambda pair: pair[1])
    sweep = swept(*(("BACK", price, at) for price, at in consumed), levels=levels)
    last = dict(consumed)
    recent = [at for at in last.values() if max(now_ms - at, 0) <= 100]
    assert (sweep.side(now_ms, levels, 100) == "BACK") == (len(recent) >= levels)
