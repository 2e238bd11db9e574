"""scalp: goes with the trend, where the book pushes the same way and has room."""

from __future__ import annotations

import pytest

from trader.betfair.ladder import price_at, tick_of
from trader.execution.interfaces.intents import Side
from trader.strategy.edges.testing import Stage


def trending(direction: int, to_back: float, to_lay: float, *overrides: str) -> Stage:
    """The price goes a tick a second, for twenty seconds, to 3.50 or 3.55."""
    stage = Stage("scalp", *overrides)
    last = tick_of(350)
    assert last is not None
    for turn in range(-20, 1):
        back, lay = (price_at(last + direction * turn + step) / 100 for step in (0, 1))
        stage.now_ms += 1_000
        runner = {"id": 1, "atb": [[back, to_back]], "atl": [[lay, to_lay]]}
        change = {"id": "1.1", "img": True, "rc": [runner]}
        stage.book.apply_delta({"op": "mcm", "pt": stage.now_ms, "mc": [change]}, 0)
    return stage


def test_a_falling_price_is_backed_and_a_rising_one_laid() -> None:
    down = trending(-1, 60, 100).place()
    assert (down.side, down.price_centi) == (Side.BACK, 355), "joins where backs rest"
    up = trending(1, 100, 60).place()
    assert (up.side, up.price_centi) == (Side.LAY, 350)
    assert trending(-1, 60, 100, "entry=take").place().price_centi == 350


def test_no_more_is_expected_than_where_it_gets_out() -> None:
    micro = (3.5 * 100 + 3.55 * 60) / 160
    for ticks in (1, 2):
        place = trending(-1, 60, 100, f"take_ticks={ticks}").place()
        assert place.gross_edge == pytest.approx(3.55 / (micro - 0.05 * ticks) - 1)
    short = trending(-1, 60, 100, "horizon_s=0.1", "take_ticks=9")
    drift = short.book.trend_lens("1.1", 1)
    assert short.place().gross_edge == pytest.approx(3.55 / (micro + 0.05 * drift * 0.1) - 1)


@pytest.mark.parametrize(
    ("sizes", "override"),
    [
        ((60, 100), "min_trend=2"),
        ((100, 60), "min_share=0.55"),
        ((60, 100), "min_share=0.63"),
        ((40, 100), "min_room=50"),
        ((60, 100), "max_price=3.5"),
    ],
)
def test_a_weak_trend_a_book_against_it_and_one_without_room_are_left(
    sizes: tuple[float, float], override: str
) -> None:
    assert trending(-1, *sizes, override).decide() == []


def test_a_book_that_stands_still_is_left() -> None:
    stage = Stage("scalp", "min_trend=0")
    stage.tell([{"id": 1, "atb": [[3.5, 60]], "atl": [[3.55, 100]]}])
    stage.tell([], after_ms=20_000)
    assert stage.decide() == []
