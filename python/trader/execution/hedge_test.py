"""Hedge-on-fill: whatever was matched, in the end winning and losing pay the same."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from trader.config.loading import load
from trader.execution.ack_tracker import AckTracker
from trader.execution.hedge import (
    AGAIN_MS,
    HEDGE,
    EdgeMatch,
    HedgeOnFill,
    HedgeWish,
    RunnerKey,
)
from trader.execution.interfaces.executor import OpenOrder
from trader.execution.interfaces.intents import Action, QuoteIntent, Side
from trader.execution.interfaces.reports import ExecutionReport, FillEvent, Status
from trader.execution.ipc import Bus
from trader.strategy.testing import A, order

KEY = RunnerKey("1.1", 1, 0)
BEST = (298, 304)


class Rig:
    """A hedge on a bus, with reports as either executor makes them."""

    def __init__(self, *overrides: str) -> None:
        config = replace(load(None, overrides).hedge, edges=("maker",))
        self.bus = Bus()
        self.tracker = AckTracker()
        self.bus.subscribe(self.tracker.on_report)
        self.hedge = HedgeOnFill(config, self.bus, self.tracker)
        self.count = 0

    def filled(self, side: Side, price: float, size: float, edge: str = "maker") -> None:
        intent = self._sent(edge, side, price, size)
        fill = FillEvent(price=price, size=size, ts_ms=0)
        self._report(intent, Status.FILLED, (fill,))

    def ended(self, status: Status, side: Side = Side.LAY, edge: str = HEDGE) -> None:
        self._report(self._sent(edge, side, 2.98, 1.0), status)

    def amended(self, intent_id: str, size_centi: int, price: float | None) -> None:
        self.bus.publish(
            ExecutionReport.new(
                seq=99,
                intent_id=intent_id,
                ts_ms=0,
                action=Action.PLACE,
                status=Status.AMENDED,
                dry_run=True,
                size_matched_centi=size_centi,
                avg_price_matched=price,
            )
        )

    def wish(self, *orders: OpenOrder, now_ms: int = 0) -> HedgeWish | None:
        return self.hedge.wish(KEY, orders, BEST, now_ms)

    def _sent(self, edge: str, side: Side, price: float, size: float) -> QuoteIntent:
        self.count += 1
        intent = QuoteIntent.place(
            intent_id=f"I{self.count}",
            ts_ms=0,
            edge=edge,
            market_id="1.1",
            selection_id=1,
            side=side,
            price_centi=round(price * 100),
            size_centi=round(size * 100),
            ttl_ms=1,
            dry_run=True,
        )
        self.tracker.sent(intent)
        return intent

    def _report(
        self, intent: QuoteIntent, status: Status, fills: tuple[FillEvent, ...] = ()
    ) -> None:
        self.bus.publish(
            ExecutionReport.new(
                seq=self.count,
                intent_id=intent.intent_id,
                ts_ms=0,
                action=Action.PLACE,
                status=status,
                dry_run=True,
                fill_events=fills,
            )
        )


def test_a_back_is_laid_below_and_a_lay_backed_above_for_the_stake_that_evens_it_out() -> None:
    rig = Rig("hedge.offset_ticks=1")
    rig.filled(Side.BACK, 3.0, 10.0)
    assert list(rig.hedge.due) == [KEY]
    assert rig.wish() == HedgeWish(Side.LAY, 298, 1007, "I1")  # 10 · 3.00 / 2.98
    rig = Rig("hedge.offset_ticks=2")
    rig.filled(Side.LAY, 3.0, 10.0)
    assert rig.wish() == HedgeWish(Side.BACK, 310, 968, "I1")


def test_fills_of_other_edges_are_not_hedged() -> None:
    rig = Rig()
    rig.filled(Side.BACK, 3.0, 10.0, edge="other")
    assert not rig.hedge.due
    assert rig.wish() is None


def test_what_rests_already_is_not_ordered_again() -> None:
    rig = Rig()
    rig.filled(Side.BACK, 3.0, 10.0)
    assert rig.wish(order(A, Side.LAY, 298, 500)) == HedgeWish(Side.LAY, 298, 507, "I1")
    assert rig.wish(order(A, Side.LAY, 300, 1000)) is None


def test_a_hedge_that_expires_crosses_or_is_given_up() -> None:
    rig = Rig("hedge.on_expiry=cross")
    rig.filled(Side.BACK, 3.0, 10.0)
    rig.ended(Status.EXPIRED)
    assert rig.wish() == HedgeWish(Side.LAY, 304, 987, "I1")
    rig = Rig("hedge.on_expiry=leave")
    rig.filled(Side.BACK, 3.0, 10.0)
    rig.ended(Status.EXPIRED)
    assert rig.wish() is None
    rig.filled(Side.BACK, 3.0, 1.0)
    assert rig.wish() is not None, "another fill is another matter"


def test_a_hedge_that_was_taken_away_is_ordered_again_and_a_refused_one_later() -> None:
    rig = Rig()
    rig.filled(Side.BACK, 3.0, 10.0)
    rig.hedge.due.clear()
    rig.ended(Status.LAPSED)
    assert list(rig.hedge.due) == [KEY]
    rig.ended(Status.REJECTED)
    assert rig.hedge.is_waiting(KEY, AGAIN_MS - 1)
    assert rig.wish(now_ms=AGAIN_MS - 1) is None
    assert rig.wish(now_ms=AGAIN_MS) is not None


def test_fills_of_a_run_before_are_taken_up() -> None:
    rig = Rig()
    rig.hedge.restore(EdgeMatch(KEY, "old", "maker", Side.BACK, 1000, 300_000))
    rig.hedge.restore(EdgeMatch(KEY, "other", "other", Side.BACK, 1000, 300_000))
    assert rig.wish() == HedgeWish(Side.LAY, 298, 1007, "old")
    rig.hedge.restore(EdgeMatch(KEY, "hedge", HEDGE, Side.LAY, 1000, 300_000))
    assert rig.wish() is None


def test_what_the_venue_takes_back_of_a_run_before_is_evened_out_no_more() -> None:
    rig = Rig()
    rig.hedge.restore(EdgeMatch(KEY, "old", "maker", Side.BACK, 1000, 300_000))
    rig.amended("old", 500, 3.0)
    assert rig.wish() == HedgeWish(Side.LAY, 298, 503, "old")
    rig.hedge.due.clear()
    rig.amended("old", 0, None)
    assert (rig.wish(), list(rig.hedge.due)) == (None, [KEY])
    rig.hedge.forget(KEY.market_id)
    rig.amended("old", 1000, 3.0)
    assert rig.wish() is None


def test_no_price_no_order() -> None:
    rig = Rig()
    rig.filled(Side.BACK, 3.0, 10.0)
    rig.ended(Status.EXPIRED)
    assert rig.hedge.wish(KEY, (), (None, None), 0) is None


def test_a_closed_market_is_forgotten() -> None:
    rig = Rig()
    rig.filled(Side.BACK, 3.0, 10.0)
    rig.hedge.forget("1.1")
    assert not rig.hedge.due
    assert rig.wish() is None


@given(
    st.lists(
        st.tuples(st.sampled_from(list(Side)), st.integers(101, 1000), st.integers(1, 100_000)),
        min_size=1,
        max_size=20,
    )
)
def test_once_its_wish_is_matched_a_runner_is_even_to_half_a_penny_of_stake(
    fills: list[tuple[Side, int, int]],
) -> None:
    rig = Rig("hedge.offset_ticks=0")
    win_e4 = lose_e4 = 0
    for side, price_centi, size_centi in fills:
        rig.filled(side, price_centi / 100, size_centi / 100)
        sign = 1 if side is Side.BACK else -1
        win_e4 += sign * size_centi * (price_centi - 100)
        lose_e4 -= sign * size_centi * 100
    wish = rig.wish()
    if wish is not None:
        sign = 1 if wish.side is Side.BACK else -1
        win_e4 += sign * wish.size_centi * (wish.price_centi - 100)
        lose_e4 -= sign * wish.size_centi * 100
    assert abs(win_e4 - lose_e4) <= (wish.price_centi if wish is not None else 0) / 2 + 1e-9


def test_what_the_venue_takes_back_is_not_hedged() -> None:
    rig = Rig()
    rig.filled(Side.BACK, 3.0, 10.0)
    rig.amended("I1", 400, 3.0)
    assert rig.wish() == HedgeWish(Side.LAY, 298, 403, "I1")
    rig.amended("I1", 0, None)
    assert rig.wish() is None


def test_a_hedge_without_a_price_waits_for_one() -> None:
    rig = Rig()
    rig.filled(Side.BACK, 3.0, 10.0)
    rig.ended(Status.EXPIRED)
    assert rig.hedge.wish(KEY, (), (None, None), 0) is None
    assert rig.hedge.is_waiting(KEY, AGAIN_MS - 1)
    assert rig.wish(now_ms=AGAIN_MS) == HedgeWish(Side.LAY, 304, 987, "I1")


def test_what_the_venue_changes_of_matches_from_before_hedging_is_not_evened_out() -> None:
    rig = Rig()
    rig.filled(Side.BACK, 3.0, 50.0, "other")
    rig.hedge.reconfigure(replace(load().hedge, edges=("maker", "other")))
    rig.filled(Side.BACK, 3.0, 10.0, "other")
    before = rig.wish()
    assert before is not None
    rig.amended("I1", 4_000, 3.0)
    assert rig.wish() == before
    rig.amended("I2", 500, 3.0)
    after = rig.wish()
    assert after is not None
    assert abs(after.size_centi - before.size_centi / 2) <= 1
