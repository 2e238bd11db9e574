"""What an executor in this process counts, beside how it shows it."""

from __future__ import annotations

from trader.execution.executor_py.counts import Counts
from trader.execution.executor_py.executor import PythonExecutor
from trader.execution.interfaces.intents import Action
from trader.execution.interfaces.reports import ExecutionReport, Status
from trader.execution.ipc import Bus
from trader.execution.orders.kinds import Kind
from trader.execution.scripts_for_tests import intent


def report(
    intent_id: str, status: Status, code: str | None = None, reject_class: str | None = None
) -> ExecutionReport:
    return ExecutionReport.new(
        seq=1,
        intent_id=intent_id,
        ts_ms=1,
        action=Action.PLACE,
        status=status,
        dry_run=False,
        reject_code=code,
        reject_class=reject_class,
    )


def test_the_first_word_beside_that_it_was_taken_up_ends_an_intents_wait() -> None:
    counts = Counts()
    counts.intent(Action.PLACE)
    counts.asked("a")
    counts.report(report("a", Status.ACCEPTED))
    assert (counts.waiting, counts.moment().intent_ack.count) == (1, 0)
    counts.report(report("b", Status.PLACED))
    assert counts.waiting == 1, "it was another's"
    counts.report(report("a", Status.PLACED))
    counts.report(report("a", Status.FILLED))
    moment = counts.moment()
    assert (counts.waiting, moment.intent_ack.count) == (0, 1)
    assert moment.intents == {"PLACE": 1, "REPLACE": 0, "CANCEL": 0}
    assert {status: n for status, n in moment.reports.items() if n} == {
        "ACCEPTED": 1,
        "PLACED": 2,
        "FILLED": 1,
    }


def test_refusals_count_by_class_and_one_that_is_none_does_not() -> None:
    counts = Counts()
    counts.report(report("a", Status.EXPIRED, "TTL_PREVENTED", "reject"))
    counts.report(report("b", Status.REJECTED, "TARGET_GONE", "gone"))
    counts.report(report("c", Status.REJECTED, "NEW", "1.234"))
    counts.report(report("d", Status.CANCELLED, "CANCEL_ALL"))
    moment = counts.moment()
    assert {name: n for name, n in moment.rejects.items() if n} == {"reject": 1, "gone": 1}
    assert "1.234" not in moment.rejects
    assert moment.ttl_prevented == 1


def test_requests_count_by_kind() -> None:
    counts = Counts()
    for kind in (Kind.PLACE, Kind.PLACE, Kind.LOOK_UP):
        counts.request(kind)
    assert counts.moment().requests == {"place": 2, "replace": 0, "cancel": 0, "look_up": 1}


def test_a_repeat_is_counted_and_leaves_nobody_waiting() -> None:
    executor = PythonExecutor(Bus())
    for _ in range(3):
        executor.submit(intent("a"))
    moment = executor.moment()
    assert (moment.intents["PLACE"], moment.duplicates, moment.intent_ack.count) == (3, 2, 1)
    assert (moment.open_orders, moment.unacked_reports, moment.venue) == (1, 1, None)
    executor.poll()
    assert executor.moment().unacked_reports == 0
