"""Touch fills: an order is filled when the recorded market crosses it or trades past its queue."""

from __future__ import annotations

import pytest

from trader.execution.interfaces.executor import OpenOrder
from trader.execution.interfaces.intents import Side
from trader.simulator.touch_matching import TouchMatcher
from trader.strategy.hotloop.reference import Hotloop
from trader.strategy.testing import A, order

Rows = list[list[float]]


class Scene:
    """A book of one runner, and one order of ours (`I2`) resting in it."""

    def __init__(self, side: Side, price_centi: int, size_centi: int = 500) -> None:
        self.book = Hotloop()
        self.pt = 0
        self.matcher = TouchMatcher(self.book)
        self.order: OpenOrder = order(A, side, price_centi, size_centi)
        self.tell(
            atb=[[3.0, 20.0], [2.98, 30.0]],
            atl=[[3.1, 10.0], [3.15, 30.0]],
            trd=[[3.0, 100.0], [3.1, 100.0], [3.15, 100.0]],
        )
        self.matcher.placed("I2", A, side, price_centi)

    def tell(self, after_ms: int = 1, **changes: Rows) -> None:
        self.pt += after_ms
        market = {"id": "1.1", "rc": [{"id": 1, **changes}]}
        self.book.apply_delta({"op": "mcm", "pt": self.pt, "mc": [market]}, 0)

    def fills(self) -> list[int]:
        """Sizes filled by the book as it is now, taken off the order as the executor does."""
        sizes = []
        for fill in self.matcher.match(A, [self.order], self.pt):
            assert fill.price_centi == self.order.price_centi, "fills are at the order's own price"
            assert (fill.intent_id, fill.ts_ms) == ("I2", self.pt)
            self.order.remaining_centi -= fill.size_centi
            sizes.append(fill.size_centi)
        return sizes


def test_nothing_happens_in_a_still_market() -> None:
    scene = Scene(Side.BACK, 310)
    assert scene.fills() == []
    scene.tell(atb=[[3.0, 25.0]], atl=[[3.1, 0]])  # those ahead left: that is not a trade
    assert scene.fills() == []


@pytest.mark.parametrize("best_back", [3.1, 3.2])
def test_a_back_is_filled_when_the_best_back_price_comes_to_it(best_back: float) -> None:
    scene = Scene(Side.BACK, 310)
    scene.tell(atl=[[3.1, 0], [3.15, 0]], atb=[[best_back, 40.0]])
    assert scene.fills() == [500]


@pytest.mark.parametrize("best_lay", [3.0, 2.9])
def test_a_lay_is_filled_when_the_best_lay_price_comes_to_it(best_lay: float) -> None:
    scene = Scene(Side.LAY, 300)
    scene.tell(atb=[[3.0, 0], [2.98, 0]], atl=[[best_lay, 40.0]])
    assert scene.fills() == [500]


def test_a_crossing_fills_no_more_than_what_crosses_and_only_once() -> None:
    scene = Scene(Side.BACK, 310)
    scene.tell(atl=[[3.1, 0]], atb=[[3.1, 2.0]])
    assert scene.fills() == [200]
    scene.tell(atb=[[2.9, 7.0]])  # the same offer still stands there
    assert scene.fills() == []
    scene.tell(atb=[[3.15, 1.5]])  # and grows by a better one
    assert scene.fills() == [150]


def test_traded_volume_fills_what_comes_past_the_queue() -> None:
    scene = Scene(Side.BACK, 310)  # behind 10.00
    scene.tell(trd=[[3.1, 120.0]])  # both sides of 10.00 are counted: the queue is through
    assert scene.fills() == []
    scene.tell(trd=[[3.1, 126.0]])
    assert scene.fills() == [300]
    scene.tell(trd=[[3.1, 140.0]])
    assert scene.fills() == [200], "no more than what remains"
    assert scene.fills() == []


def test_trades_in_two_messages_of_one_time_both_count() -> None:
    scene = Scene(Side.BACK, 310)
    scene.tell(trd=[[3.1, 120.0]])
    assert scene.fills() == []
    scene.tell(after_ms=0, trd=[[3.1, 126.0]])
    assert scene.fills() == [300]


def test_volume_traded_before_the_placing_does_not_count() -> None:
    scene = Scene(Side.BACK, 310)
    scene.tell(trd=[[3.1, 118.0]])
    assert scene.fills() == []


def test_volume_traded_through_the_price_counts_too() -> None:
    back = Scene(Side.BACK, 310)
    back.tell(trd=[[3.15, 126.0]])
    assert back.fills() == [300]
    lay = Scene(Side.LAY, 300)  # behind 20.00
    lay.tell(trd=[[2.98, 46.0]])
    assert lay.fills() == [300]


@pytest.mark.parametrize(("side", "price_centi"), [(Side.BACK, 310), (Side.LAY, 300)])
def test_volume_traded_on_the_near_side_does_not_count(side: Side, price_centi: int) -> None:
    scene = Scene(side, price_centi)
    scene.tell(trd=[[3.05, 900.0]])
    assert scene.fills() == []


def test_a_crossing_and_a_trade_are_not_added_up() -> None:
    scene = Scene(Side.BACK, 310)
    scene.tell(atl=[[3.1, 0]], atb=[[3.1, 2.0]], trd=[[3.1, 126.0]])
    assert scene.fills() == [300]


def test_a_fall_of_the_traded_volume_takes_nothing_back() -> None:
    scene = Scene(Side.BACK, 310)
    scene.tell(trd=[[3.1, 126.0]])
    assert scene.fills() == [300]
    scene.tell(trd=[[3.1, 90.0]])
    assert scene.fills() == []


def test_an_order_that_ended_is_forgotten() -> None:
    scene = Scene(Side.BACK, 310)
    assert len(scene.matcher) == 1
    scene.matcher.ended("I2")
    scene.matcher.ended("I2")
    scene.tell(atb=[[3.2, 40.0]])
    assert (scene.fills(), len(scene.matcher)) == ([], 0)
