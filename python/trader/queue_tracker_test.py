"""Every resting order has a queue position in the seam, under the id that edges see."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from trader.execution.interfaces.executor import OpenOrder
from trader.execution.interfaces.intents import Side
from trader.monitoring.metrics import Metrics
from trader.queue_tracker import QueueTracker
from trader.strategy.context import Runner
from trader.strategy.hotloop.api import Hotloop
from trader.strategy.hotloop.errors import HotloopError
from trader.testing import QUOTED, Scene

RUNNER = Runner("1.1", 1, 0.0, 0)


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Scene]:
    # The cautious model: a cancellation moves us on by what cannot have come from behind.
    scene = Scene(tmp_path, "edges.passive_maker.requote_ms=0", "hotloop.queue.model=risk_averse")
    yield scene
    scene.blotter.close()


def order_of(scene: Scene, side: Side) -> OpenOrder:
    """As an edge finds it in `ctx.orders`."""
    orders = scene.session.desk.orders.of("passive_maker", RUNNER)
    (order,) = (order for order in orders if order.side is side)
    return order


def ahead_of(scene: Scene, order: OpenOrder) -> float:
    """As an edge asks `ctx.book` for it. Raises `HotloopError` when the order is not tracked."""
    side, price = order.side.value, order.price_centi / 100
    return scene.session.book.size_ahead("1.1", 1, side, price, order.intent_id)


def test_a_placed_order_queues_behind_what_stood_there(scene: Scene) -> None:
    scene.define(rc=QUOTED)
    assert ahead_of(scene, order_of(scene, Side.BACK)) == 50.0
    assert ahead_of(scene, order_of(scene, Side.LAY)) == 50.0


def test_cancellations_and_later_orders_move_it_on_and_leave_it(scene: Scene) -> None:
    scene.define(rc=QUOTED)
    scene.change([{"id": 1, "atl": [[3.2, 90.0]]}])
    assert ahead_of(scene, order_of(scene, Side.BACK)) == 50.0
    scene.change([{"id": 1, "atl": [[3.2, 30.0]]}])
    assert ahead_of(scene, order_of(scene, Side.BACK)) == 30.0


def test_a_moved_order_starts_at_the_tail_under_its_new_id(scene: Scene) -> None:
    scene.define(rc=QUOTED)
    before = order_of(scene, Side.LAY)
    scene.change([{"id": 1, "atb": [[3.0, 0.0], [2.98, 70.0]]}])
    after = order_of(scene, Side.LAY)
    assert (after.price_centi, after.intent_id != before.intent_id) == (298, True)
    assert ahead_of(scene, after) == 70.0
    with pytest.raises(HotloopError, match="order_id"):
        ahead_of(scene, before)


def test_an_order_that_is_gone_is_not_tracked(scene: Scene) -> None:
    scene.define(rc=QUOTED)
    order = order_of(scene, Side.BACK)
    scene.define("SUSPENDED")
    with pytest.raises(HotloopError, match="order_id"):
        ahead_of(scene, order)
    assert scene.session.book.untrack_order(order.intent_id) is False


def test_an_order_past_the_limit_is_traded_without_a_position(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    scene = Scene(tmp_path, "hotloop.state.max_orders=1")
    scene.define(rc=QUOTED)
    scene.define("SUSPENDED")
    scene.define("OPEN")
    scene.blotter.close()
    assert scene.open_sides() == ["BACK", "LAY"]
    assert ahead_of(scene, order_of(scene, Side.BACK)) == 50.0
    with pytest.raises(HotloopError):
        ahead_of(scene, order_of(scene, Side.LAY))
    assert scene.metrics.untracked_orders_total == 2
    (record,) = caplog.records
    assert "an order has no queue position" in record.message


def test_handicap_and_side_are_told() -> None:
    book = Hotloop(rust=False)
    book.apply_delta(
        b'{"op":"mcm","pt":1,"mc":[{"id":"1.1","rc":[{"id":1,"hc":-1.5,"atb":[[3.0,7.0]]}]}]}', 0
    )
    QueueTracker(book, Metrics()).placed("I1", Runner("1.1", 1, -1.5, -150), Side.LAY, 300)
    assert book.size_ahead("1.1", 1, "LAY", 3.0, "I1", -1.5) == 7.0


def test_what_is_ahead_of_an_order_without_a_place_is_not_known(scene: Scene) -> None:
    tracker = QueueTracker(scene.session.book, Metrics())
    scene.define(rc=QUOTED)
    order = order_of(scene, Side.BACK)
    assert tracker.ahead(RUNNER, order) == 50.0
    assert scene.session.desk.ahead_of(RUNNER, order) == 50.0
    scene.session.book.untrack_order(order.intent_id)
    assert tracker.ahead(RUNNER, order) is None
