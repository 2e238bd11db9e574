"""The tracker: in flight, filled, ended, and what it drops."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from trader.execution.ack_tracker import AckTracker
from trader.execution.interfaces.intents import Action
from trader.execution.interfaces.reports import ExecutionReport, FillEvent, Status
from trader.execution.scripts_for_tests import intent


def report(intent_id: str, status: Status, **more: Any) -> ExecutionReport:
    return ExecutionReport.new(
        seq=1,
        intent_id=intent_id,
        ts_ms=5,
        action=Action.PLACE,
        status=status,
        dry_run=True,
        **more,
    )


def test_intent_is_in_flight_until_its_first_report() -> None:
    tracker = AckTracker()
    tracker.sent(intent("a"))
    tracker.sent(intent("b"))
    assert (tracker.in_flight, [i.intent_id for i in tracker.unacknowledged()]) == (2, ["a", "b"])
    tracked = tracker.on_report(report("a", Status.PLACED))
    assert tracked is not None
    assert tracked.acked
    assert not tracked.ended
    assert (tracker.in_flight, [i.intent_id for i in tracker.unacknowledged()]) == (1, ["b"])


def test_vwap_comes_from_the_list_of_fills() -> None:
    tracker = AckTracker()
    tracker.sent(intent("a"))
    events = (FillEvent(2.0, 1.0, 5), FillEvent(3.0, 3.0, 5))
    tracker.on_report(report("a", Status.PARTIALLY_FILLED, fill_events=events))
    tracked = tracker.on_report(
        report("a", Status.FILLED, fill_events=(FillEvent(4.0, 1.0, 6),), size_matched_centi=500)
    )
    assert tracked is not None
    assert tracked.vwap == pytest.approx((2 + 9 + 4) / 5)
    assert tracked.matched_centi == 500
    assert tracked.ended


def test_fill_price_and_size_serve_for_writers_without_a_list() -> None:
    tracker = AckTracker()
    tracker.sent(intent("a"))
    old = msgspec.structs.replace(
        report("a", Status.FILLED, size_matched_centi=200), fill_price=2.5, fill_size=2.0
    )
    tracked = tracker.on_report(old)
    assert tracked is not None
    assert tracked.vwap == 2.5


def test_nothing_matched_has_no_vwap() -> None:
    tracker = AckTracker()
    tracker.sent(intent("a"))
    tracked = tracker.on_report(report("a", Status.CANCELLED))
    assert tracked is not None
    assert tracked.vwap is None


def test_reports_after_the_end_are_dropped_and_counted_but_amendments_are_taken() -> None:
    tracker = AckTracker()
    tracker.sent(intent("a"))
    tracker.on_report(report("a", Status.FILLED))
    assert tracker.on_report(report("a", Status.PLACED)) is None
    assert tracker.on_report(report("a", Status.FILLED)) is None
    assert tracker.late == 2
    assert tracker.on_report(report("a", Status.AMENDED)) is not None


def test_reports_of_others_are_dropped_and_counted() -> None:
    tracker = AckTracker()
    assert tracker.on_report(report("x", Status.PLACED)) is None
    assert tracker.unknown == 1


def test_unknown_is_not_an_end() -> None:
    tracker = AckTracker()
    tracker.sent(intent("a"))
    tracker.on_report(report("a", Status.UNKNOWN))
    assert tracker.on_report(report("a", Status.REJECTED)) is not None


def test_one_identity_is_sent_once() -> None:
    tracker = AckTracker()
    tracker.sent(intent("a"))
    with pytest.raises(ValueError, match="already sent"):
        tracker.sent(intent("a"))


def test_only_the_last_ended_are_kept() -> None:
    tracker = AckTracker(keep_ended=2)
    for intent_id in "abc":
        tracker.sent(intent(intent_id))
        tracker.on_report(report(intent_id, Status.REJECTED))
    assert tracker.get("a") is None
    assert tracker.get("c") is not None
