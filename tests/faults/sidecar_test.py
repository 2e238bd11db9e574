"""The sidecar at the venue: orders live and end, over plain sockets and over TLS."""

from __future__ import annotations

import pytest

from tests.faults.desk import desk
from trader.execution.interfaces.intents import Side


@pytest.mark.parametrize("tls", [False, True])
def test_an_order_is_placed_moved_and_cancelled(tls: bool) -> None:
    with desk(tls=tls) as trading:
        trading.place()
        trading.wait_for("i1", "PLACED")
        trading.move("i1", 340)
        trading.wait_for("m2", "PLACED")
        trading.wait_for("i1", "PLACED", "REPLACED")
        trading.place(side=Side.LAY, price_centi=200)
        trading.wait_for("i3", "PLACED")
        trading.cancel("i3")
        trading.wait_for("i3", "PLACED", "CANCELLED")
        trading.link.control("cancel_all", "enough")
        trading.wait_for("m2", "PLACED", "CANCELLED")
        bets = [(bet["ref"], bet["price"], bet["remaining"]) for bet in trading.scene.bets()]
        assert bets == [("i1", 330, 0), ("i1", 340, 0), ("i3", 200, 0)]
