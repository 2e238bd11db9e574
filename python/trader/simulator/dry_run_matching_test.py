"""The dry run's matching, fed from the seam."""

from __future__ import annotations

from typing import Any

from trader.betfair.signals.settings import SignalSettings
from trader.execution.interfaces.intents import Side, TimeInForce
from trader.execution.interfaces.messages import DryFill
from trader.execution.scripts_for_tests import intent
from trader.simulator.dry_run_matching import DryRunMatcher
from trader.strategy.context import Runner
from trader.strategy.hotloop.reference import Hotloop

RUNNER = Runner("1.1", 7, 0.0, 0)


class Rig:
    """A market of one runner: 50 to back at 2.00, 40 to lay at 2.02."""

    def __init__(self) -> None:
        self.book = Hotloop({})
        self.matcher = DryRunMatcher(self.book, SignalSettings())
        self.pt = 0
        self.apply(img=True, rc=[{"id": 7, "atb": [[2.0, 50]], "atl": [[2.02, 40]], "trd": []}])
        self.apply(rc=[{"id": 7, "trd": [[2.02, 2]]}])

    def apply(self, **change: Any) -> list[DryFill]:
        """One message, and what it fills."""
        self.pt += 1
        message = {"op": "mcm", "pt": self.pt, "mc": [{"id": "1.1", **change}]}
        self.book.apply_delta(message, self.pt)
        return self.matcher.match(RUNNER, is_open=True, now_ms=self.pt)

    def place(
        self, intent_id: str, side: Side, price_centi: int, size_centi: int, **more: Any
    ) -> None:
        wish = intent(intent_id, side=side, price_centi=price_centi, size_centi=size_centi, **more)
        self.matcher.placed(wish, RUNNER, size_centi)


def fills(found: list[DryFill]) -> list[tuple[str, int, int]]:
    return [(fill.intent_id, fill.price_centi, fill.size_centi) for fill in found]


def test_an_order_that_crosses_takes_at_the_offers_price() -> None:
    rig = Rig()
    rig.place("a", Side.LAY, 204, 1000)
    assert fills(rig.matcher.taken(0)) == [("a", 202, 1000)]
    assert rig.matcher.taken(0) == []


def test_an_offer_is_not_taken_twice() -> None:
    rig = Rig()
    rig.place("a", Side.LAY, 202, 3000)
    rig.place("b", Side.LAY, 202, 3000)
    assert fills(rig.matcher.taken(0)) == [("a", 202, 3000), ("b", 202, 1000)]
    assert rig.apply(rc=[{"id": 7, "atb": [[1.99, 5]]}]) == []


def test_a_resting_order_is_filled_by_what_trades_past_its_queue() -> None:
    rig = Rig()
    rig.place("a", Side.BACK, 202, 1000)
    assert rig.apply(rc=[{"id": 7, "atl": [[2.02, 10]], "trd": [[2.02, 62]]}]) == []
    found = rig.apply(rc=[{"id": 7, "atl": [[2.02, 0]], "trd": [[2.02, 92]]}])
    assert fills(found) == [("a", 202, 500)]


def test_two_orders_share_one_queue() -> None:
    rig = Rig()
    rig.place("a", Side.BACK, 203, 300)
    rig.place("b", Side.BACK, 203, 300)
    found = rig.apply(rc=[{"id": 7, "trd": [[2.03, 16]]}])
    assert fills(found) == [("a", 203, 300), ("b", 203, 100)]


def test_a_fill_or_kill_that_cannot_be_filled_takes_nothing() -> None:
    rig = Rig()
    rig.place("a", Side.LAY, 202, 5000, time_in_force=TimeInForce.FILL_OR_KILL)
    assert rig.matcher.taken(0) == []
    rig.place(
        "b",
        Side.LAY,
        202,
        5000,
        time_in_force=TimeInForce.FILL_OR_KILL,
        min_fill_size_centi=2000,
    )
    assert fills(rig.matcher.taken(0)) == [("b", 202, 4000)]
    rig.matcher.ended("a")
    rig.matcher.ended("b")
    assert len(rig.matcher) == 0


def test_an_order_that_ended_is_filled_no_more() -> None:
    rig = Rig()
    rig.place("a", Side.BACK, 203, 300)
    rig.matcher.ended("a")
    rig.matcher.ended("a")
    assert rig.apply(rc=[{"id": 7, "trd": [[2.03, 16]]}]) == []
