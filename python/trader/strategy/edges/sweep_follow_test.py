"""sweep_follow: in after a sweep, in its direction, for a while and not again."""

from __future__ import annotations

from typing import Any

import pytest

from trader.execution.interfaces.intents import Side
from trader.strategy.edges.testing import Stage


def swept(side: Side, *overrides: str) -> Stage:
    """Three levels of that side, just now; the best prices are 3.30 and 3.35, or 3.15 and 3.20."""
    stage = Stage("sweep_follow", "entry=take", *overrides)
    prices = [3.2, 3.25, 3.3]
    traded = [[price, 20] for price in prices]
    levels = [[price, 10] for price in prices]
    gone, key = [[price, 0] for price in prices], "atl" if side is Side.BACK else "atb"
    first: dict[str, Any] = {"atb": [[3.15, 50]], "atl": [[3.35, 80]]}
    first[key] = [*first[key], *levels]
    then: dict[str, Any] = {"atb": [[3.3, 60]]} if side is Side.BACK else {"atl": [[3.2, 80]]}
    then[key] = gone
    stage.tell([{"id": 1, "trd": traded, **first}])
    stage.tell([{"id": 1, "trd": [[price, 40] for price in prices], **then}])
    return stage


@pytest.mark.parametrize(
    ("rested", "side", "price_centi"), [(Side.BACK, Side.LAY, 335), (Side.LAY, Side.BACK, 315)]
)
def test_it_goes_the_way_of_the_sweep(rested: Side, side: Side, price_centi: int) -> None:
    place = swept(rested).place()
    assert (place.side, place.price_centi) == (side, price_centi)


def test_it_may_enter_a_while_after_the_sweep() -> None:
    stage = swept(Side.BACK, "follow_ms=3000")
    assert stage.place().size_centi is None
    stage.tell([], after_ms=3_000)
    assert stage.book.sweep_side("1.1", 1) is None
    assert stage.place().size_centi is None
    stage.tell([], after_ms=1)
    assert stage.decide() == []


def test_where_the_price_has_gone_already_it_is_worth_less() -> None:
    stage = swept(Side.BACK)
    first = stage.place().gross_edge
    stage = swept(Side.BACK, "expected_ticks=0.5")
    assert stage.place().gross_edge < first


def test_a_market_without_a_sweep_is_left() -> None:
    stage = Stage("sweep_follow")
    stage.tell([{"id": 1, "atb": [[3.15, 50]], "atl": [[3.2, 10]], "trd": [[3.2, 20]]}])
    stage.tell([{"id": 1, "atl": [[3.2, 5]], "trd": [[3.2, 30]]}])
    assert stage.decide() == []


def test_a_sweep_is_followed_once() -> None:
    stage = swept(Side.BACK, "follow_ms=60000", "rest_ms=0")
    assert stage.place().side is Side.LAY
    stage.tell([], after_ms=3_000)
    assert stage.book.sweep_side("1.1", 1) is None
    stage.fill(Side.LAY, 335, 1000)
    assert stage.place().closes
    stage.fill(Side.BACK, 335, 1000)
    assert stage.decide() == [], "it is out, and that sweep has been followed"
