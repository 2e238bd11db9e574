"""The outbox: what confirms what, and what happens when it is full."""

from __future__ import annotations

import pytest

from trader.execution.interfaces.executor import SendQueueFullError
from trader.execution.outbox import Kind, Outbox


def outbox(capacity: int = 100, latest_market_only: bool = False) -> Outbox:
    return Outbox(capacity, latest_market_only=latest_market_only)


def test_a_report_confirms_its_intent_and_all_before() -> None:
    box = outbox()
    box.add(Kind.MARKET, "1.1", b"m")
    box.add(Kind.NEW_ORDER, "a", b"a")
    box.add(Kind.NEW_ORDER, "b", b"b")
    box.on_report("a", is_fill=False)
    assert box.frames() == b"b"
    box.on_report("a", is_fill=False)
    assert box.frames() == b"b"


def test_each_report_with_a_fill_confirms_one_fill() -> None:
    box = outbox()
    for frame in (b"1", b"2", b"3"):
        box.add(Kind.DRY_FILL, "a", frame)
    box.on_report("a", is_fill=False)
    assert box.frames() == b"123"
    box.on_report("a", is_fill=True)
    assert box.frames() == b"23"
    box.on_report("b", is_fill=True)
    assert box.frames() == b"23"


def test_a_fill_said_before_its_order_was_placed_is_not_mistaken_for_a_later_one() -> None:
    box = outbox()
    box.add(Kind.DRY_FILL, "a", b"early")
    box.add(Kind.NEW_ORDER, "a", b"order")
    box.add(Kind.DRY_FILL, "a", b"real")
    box.on_report("a", is_fill=False)
    box.on_report("a", is_fill=True)
    assert len(box) == 0


def test_ticks_and_controls_are_confirmed_in_order() -> None:
    box = outbox()
    for kind, frame in ((Kind.TICK, b"1"), (Kind.CONTROL, b"c"), (Kind.TICK, b"2")):
        box.add(kind, "", frame)
    assert box.ticks == 2
    box.on_tick_ack()
    assert box.frames() == b"c2"
    box.on_control_ack()
    assert box.frames() == b"2"
    box.on_tick_ack()
    box.on_tick_ack()
    box.on_control_ack()
    assert len(box) == 0
    assert box.first_number == 3


def test_full_refuses_new_orders_but_takes_cancels_up_to_twice_as_many() -> None:
    box = outbox(capacity=2)
    box.add(Kind.NEW_ORDER, "a", b"a")
    box.add(Kind.NEW_ORDER, "b", b"b")
    with pytest.raises(SendQueueFullError, match="2 messages wait"):
        box.add(Kind.NEW_ORDER, "c", b"c")
    box.add(Kind.CANCEL, "d", b"d")
    box.add(Kind.CONTROL, "", b"e")
    with pytest.raises(SendQueueFullError, match="4 is the most for CANCEL"):
        box.add(Kind.CANCEL, "f", b"f")
    box.add(Kind.MARKET, "1.1", b"m")
    assert box.frames() == b"abdem"
    box.on_report("b", is_fill=False)
    with pytest.raises(SendQueueFullError):
        box.add(Kind.NEW_ORDER, "g", b"g")
    box.on_report("d", is_fill=False)
    box.add(Kind.NEW_ORDER, "g", b"g")


def test_only_the_latest_state_of_a_market_is_kept_where_nothing_else_clears_it() -> None:
    box = outbox(latest_market_only=True)
    box.add(Kind.MARKET, "1.1", b"1")
    box.add(Kind.MARKET, "1.2", b"2")
    box.add(Kind.MARKET, "1.1", b"3")
    assert box.frames() == b"23"
    box.add(Kind.NEW_ORDER, "a", b"a")
    box.on_report("a", is_fill=False)
    box.add(Kind.MARKET, "1.1", b"4")
    assert box.frames() == b"4"


def test_a_market_said_again_after_an_order_is_not_confirmed_with_the_order() -> None:
    box = outbox(latest_market_only=True)
    box.add(Kind.MARKET, "1.1", b"old")
    box.add(Kind.NEW_ORDER, "a", b"a")
    box.add(Kind.MARKET, "1.1", b"new")
    assert box.frames() == b"newa", "no order is checked against less than is known"
    box.on_report("a", is_fill=False)
    assert box.frames() == b"new"
    box.add(Kind.NEW_ORDER, "b", b"b")
    box.on_report("b", is_fill=False)
    assert len(box) == 0


def test_an_identity_said_twice_is_confirmed_by_its_first() -> None:
    box = outbox()
    box.add(Kind.NEW_ORDER, "a", b"1")
    box.add(Kind.NEW_ORDER, "a", b"2")
    box.on_report("a", is_fill=False)
    assert box.frames() == b"2"
    box.add(Kind.TICK, "", b"t")
    box.on_tick_ack()
    assert len(box) == 0


def test_no_room_at_all_is_refused() -> None:
    with pytest.raises(ValueError, match="at least 1"):
        outbox(capacity=0)
