"""The bus: one order for all, delivery where it is asked for."""

from __future__ import annotations

import threading

import pytest

from trader.execution.interfaces.intents import Action
from trader.execution.interfaces.reports import ExecutionReport, Status
from trader.execution.ipc import Bus


def report(seq: int) -> ExecutionReport:
    return ExecutionReport.new(
        seq=seq, intent_id="a", ts_ms=0, action=Action.PLACE, status=Status.PLACED, dry_run=True
    )


def test_post_waits_for_drain_and_publish_delivers() -> None:
    bus, heard = Bus(), list[int]()
    bus.subscribe(lambda r: heard.append(r.seq))
    bus.post(report(1))
    assert not heard
    assert len(bus) == 1
    assert bus.drain() == 1
    bus.post(report(2))
    bus.publish(report(3))
    assert heard == [1, 2, 3]
    assert bus.drain() == 0


def test_what_is_published_in_a_delivery_comes_after_it_for_everybody() -> None:
    bus, first, second = Bus(), list[int](), list[int]()

    def hedge(r: ExecutionReport) -> None:
        first.append(r.seq)
        if r.seq == 1:
            bus.publish(report(2))

    bus.subscribe(hedge)
    bus.subscribe(lambda r: second.append(r.seq))
    bus.publish(report(1))
    assert first == second == [1, 2]


def test_a_raising_subscriber_loses_only_its_own_report() -> None:
    bus, heard = Bus(), list[int]()

    def broken(r: ExecutionReport) -> None:
        if r.seq == 1:
            raise RuntimeError("broken")
        heard.append(r.seq)

    bus.subscribe(broken)
    bus.post(report(1))
    bus.post(report(2))
    with pytest.raises(RuntimeError, match="broken"):
        bus.drain()
    assert bus.drain() == 1
    assert heard == [2]


def test_unsubscribed_hears_nothing_more() -> None:
    bus, heard = Bus(), list[int]()
    unsubscribe = bus.subscribe(lambda r: heard.append(r.seq))
    bus.publish(report(1))
    unsubscribe()
    bus.publish(report(2))
    assert heard == [1]


def test_posts_of_another_thread_are_delivered_on_this_one() -> None:
    bus, threads = Bus(), list[int]()
    bus.subscribe(lambda _r: threads.append(threading.get_ident()))

    def post_all() -> None:
        for seq in range(100):
            bus.post(report(seq))

    poster = threading.Thread(target=post_all)
    poster.start()
    poster.join()
    assert bus.drain() == 100
    assert set(threads) == {threading.get_ident()}
