"""The dry run's matching, fed from the seam."""

from __future__ import annotations

from typing import Any

from trader.betfair.signals.settings import SignalSettings
from trader.execution.interfaces.executor import OpenOrder
from trader.execution.interfaces.intents import Persistence, Side, TimeInForce
from trader.execution.interfaces.messages import DryFill
from trader.simulator.dry_run_matching import DryRunMatcher, SeamBook
from trader.strategy.context import Runner
from trader.strategy.hotloop.reference import Hotloop

RUNNER = Runner("1.1", 7, 0.0, 0)
KILL = TimeInForce.FILL_OR_KILL


class Rig:
    """A market of one runner: 50 to back at 2.00, 40 to lay at 2.02."""

    def __init__(self, runner: Runner = RUNNER) -> None:
        self.book = Hotloop({})
        self.matcher = DryRunMatcher(self.book, SignalSettings())
        self.runner = runner
        self.pt = 0
        self.apply(img=True, rc=[self.change(atb=[[2.0, 50]], atl=[[2.02, 40]], trd=[])])
        self.apply(rc=[self.change(trd=[[2.02, 2]])])

    def change(self, **rows: Any) -> dict[str, Any]:
        """An `rc` entry of the runner."""
        return {"id": self.runner.selection_id, "hc": self.runner.handicap, **rows}

    def apply(self, *more: dict[str, Any], **change: Any) -> list[DryFill]:
        """One message (with `more` entries of the market), and what it fills."""
        self.pt += 1
        entries = [{"id": "1.1", **entry} for entry in (change, *more)]
        self.book.apply_delta({"op": "mcm", "pt": self.pt, "mc": entries}, self.pt)
        return self.matcher.match(self.runner, is_open=True, now_ms=self.pt)

    def place(
        self,
        intent_id: str,
        side: Side,
        price_centi: int,
        size_centi: int,
        time_in_force: TimeInForce | None = None,
        min_fill_centi: int | None = None,
    ) -> list[DryFill]:
        """What the order takes at once."""
        order = OpenOrder(
            intent_id=intent_id,
            edge="edge",
            market_id=self.runner.market_id,
            selection_id=self.runner.selection_id,
            handicap_centi=self.runner.handicap_centi,
            side=side,
            price_centi=price_centi,
            size_centi=size_centi,
            remaining_centi=size_centi,
            matched_centi=0,
            placed_ts_ms=self.pt,
            deadline_ms=self.pt + 1000,
            persistence=Persistence.LAPSE,
            time_in_force=time_in_force,
        )
        self.matcher.placed(order, self.runner, min_fill_centi)
        taken = self.matcher.taken(self.pt)
        assert self.matcher.taken(self.pt) == [], "told once"
        return taken


def is_idle(rig: Rig) -> bool:
    return rig.matcher.is_idle


def fills(found: list[DryFill]) -> list[tuple[str, int, int]]:
    return [(fill.intent_id, fill.price_centi, fill.size_centi) for fill in found]


def test_an_order_that_crosses_takes_at_the_offers_price() -> None:
    rig = Rig()
    assert rig.place("a", Side.LAY, 204, 1000) == [
        DryFill(intent_id="a", price_centi=202, size_centi=1000, ts_ms=rig.pt)
    ]


def test_an_offer_is_not_taken_twice() -> None:
    rig = Rig()
    assert fills(rig.place("a", Side.LAY, 202, 3000)) == [("a", 202, 3000)]
    assert fills(rig.place("b", Side.LAY, 202, 3000)) == [("b", 202, 1000)]
    assert rig.apply(rc=[rig.change(atb=[[1.99, 5]])]) == []
    assert fills(rig.apply(rc=[rig.change(atl=[[2.02, 44]])])) == [("b", 202, 400)]


def test_what_was_taken_is_remembered_without_any_order_and_forgotten_with_the_offer() -> None:
    rig = Rig()
    rig.place("a", Side.LAY, 202, 4000)
    rig.matcher.ended("a")
    assert len(rig.matcher) == 0
    assert not is_idle(rig)
    assert rig.place("b", Side.LAY, 202, 500) == []
    rig.matcher.ended("b")
    rig.apply(rc=[rig.change(atl=[[2.02, 0]])])
    assert is_idle(rig)
    rig.apply(rc=[rig.change(atl=[[2.02, 30]])])
    assert fills(rig.place("c", Side.LAY, 202, 500)) == [("c", 202, 500)]


def test_nothing_is_kept_of_a_market_that_closed() -> None:
    rig = Rig()
    rig.place("a", Side.LAY, 202, 4000)
    rig.matcher.ended("a")
    rig.matcher.market_closed("1.2")
    assert rig.place("b", Side.LAY, 202, 500) == [], "still taken"
    rig.matcher.market_closed("1.1")
    assert len(rig.matcher) == 1, "what still rests is left to the executor's reports"
    rig.matcher.ended("b")
    rig.matcher.market_closed("1.1")
    assert is_idle(rig)


def test_a_resting_order_is_filled_by_what_trades_past_its_queue() -> None:
    rig = Rig()
    rig.place("a", Side.BACK, 202, 1000)
    assert rig.apply(rc=[rig.change(atl=[[2.02, 10]], trd=[[2.02, 62]])]) == []
    found = rig.apply(rc=[rig.change(atl=[[2.02, 0]], trd=[[2.02, 92]])])
    assert fills(found) == [("a", 202, 500)]


def test_runners_of_one_selection_are_told_apart_by_their_handicap() -> None:
    rig = Rig(Runner("1.1", 7, -1.5, -150))
    assert rig.place("a", Side.BACK, 202, 1000) == []
    other = {"id": 7, "hc": 0.5, "atb": [[2.02, 99]], "trd": [[2.02, 500]]}
    assert rig.apply(rc=[other]) == []
    assert fills(rig.apply(rc=[rig.change(trd=[[2.02, 182]])])) == [("a", 202, 500)]


def test_two_entries_of_one_market_are_one_message() -> None:
    rig = Rig()
    rig.place("a", Side.BACK, 202, 1000)
    found = rig.apply(
        {"rc": [rig.change(atl=[[2.02, 0]], trd=[[2.02, 92]])]},
        rc=[rig.change(atl=[[2.02, 10]], trd=[[2.02, 62]])],
    )
    assert fills(found) == [("a", 202, 500)], "45 traded, 40 of them were ahead of us"
    assert rig.apply(rc=[rig.change(atb=[[1.5, 1]])]) == [], "and not again with the next message"


def test_two_orders_share_one_queue() -> None:
    rig = Rig()
    rig.place("a", Side.BACK, 203, 300)
    rig.place("b", Side.BACK, 203, 300)
    found = rig.apply(rc=[rig.change(trd=[[2.03, 16]])])
    assert fills(found) == [("a", 203, 300), ("b", 203, 100)]


def test_a_fill_or_kill_that_cannot_be_filled_takes_nothing() -> None:
    rig = Rig()
    assert rig.place("a", Side.LAY, 202, 5000, KILL) == []
    found = rig.place("b", Side.LAY, 202, 5000, KILL, min_fill_centi=2000)
    assert fills(found) == [("b", 202, 4000)]
    rig.matcher.ended("a")
    rig.matcher.ended("b")
    assert len(rig.matcher) == 0


def test_a_fill_or_kill_does_not_rest() -> None:
    rig = Rig()
    assert rig.place("a", Side.BACK, 204, 500, KILL) == []
    assert rig.apply(rc=[rig.change(atb=[[2.1, 90]], trd=[[2.06, 90]])]) == []


def test_an_order_that_ended_is_filled_no_more() -> None:
    rig = Rig()
    rig.place("a", Side.BACK, 203, 300)
    rig.matcher.ended("a")
    rig.matcher.ended("a")
    assert is_idle(rig)
    assert rig.apply(rc=[rig.change(trd=[[2.03, 16]])]) == []


def test_a_snapshot_does_not_compare_with_the_book_before() -> None:
    rig = Rig()
    rig.place("a", Side.BACK, 202, 1000)
    rig.apply(rc=[rig.change(atl=[[2.02, 80]])])
    change = rig.change(atb=[[2.0, 50]], atl=[[2.02, 60]], trd=[[2.02, 90]])
    rig.book.apply_snapshot("1.1", {"id": "1.1", "rc": [change]}, rig.pt)
    # Several markets may be mended, one after the other, before ours are asked about.
    rig.book.apply_snapshot("1.2", {"id": "1.2", "rc": []}, rig.pt)
    assert rig.matcher.match(RUNNER, is_open=True, now_ms=rig.pt) == []
    assert rig.matcher.ahead_centi("a") == 4000, "20 are gone, nobody knows whose"
    rig.apply(rc=[rig.change(atl=[[2.02, 40]])])
    assert rig.matcher.ahead_centi("a") == 2400, "of 20 cancelled 16 were ahead (40² to 20²)"


def test_of_offers_that_are_not_all_shown_only_those_in_view_are_known() -> None:
    book = Hotloop({"book": {"source": "best"}})
    change = {"id": 7, "batb": [[0, 2.0, 5], [1, 1.9, 6]], "batl": [[0, 2.1, 7], [1, 2.2, 8]]}
    book.apply_delta({"op": "mcm", "pt": 1, "mc": [{"id": "1.1", "rc": [change]}]}, 1)
    public = SeamBook(book, RUNNER, is_full=False)
    assert [public.visible("BACK", price) for price in (205, 210, 220, 222)] == [0, 700, 800, None]
    assert [public.visible("LAY", price) for price in (205, 200, 190, 189)] == [0, 500, 600, None]
    full = SeamBook(book, RUNNER, is_full=True)
    assert full.visible("BACK", 222) == 0
    book.apply_delta({"op": "mcm", "pt": 2, "mc": [{"id": "1.1", "rc": [{"id": 8}]}]}, 2)
    empty = SeamBook(book, Runner("1.1", 8, 0.0, 0), is_full=False)
    assert empty.visible("BACK", 210) is None
    assert list(public.offers("BACK")) == [(200, 500), (190, 600)]
    assert list(public.offers("LAY")) == [(210, 700), (220, 800)]
    assert list(empty.offers("LAY")) == []
