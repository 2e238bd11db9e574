"""The router over the Python executor: order view, clock, skipped ticks, refusals."""

from __future__ import annotations

import pytest
from hypothesis import given, settings

from trader.execution.executor_py.executor import PythonExecutor
from trader.execution.interfaces.executor import DryRunLimits, ExecutorLost, SendQueueFullError
from trader.execution.interfaces.intents import QuoteIntent, TimeInForce
from trader.execution.interfaces.messages import (
    Control,
    DryFill,
    Ladder,
    MarketState,
    MarketStatus,
)
from trader.execution.interfaces.reports import ExecutionReport, Status
from trader.execution.ipc import Bus
from trader.execution.router import LOCAL_SEQ, Router
from trader.execution.scripts_for_tests import Advance, Step, intent, scripts
from trader.monitoring.metrics import Metrics


class Rig:
    """A router with an executor, and what was heard of it."""

    def __init__(self, executor: PythonExecutor | None = None) -> None:
        self.bus = Bus() if executor is None else executor._bus
        self.executor = executor if executor is not None else PythonExecutor(self.bus)
        self.metrics = Metrics()
        self.router = Router(self.executor, self.bus, self.metrics)
        self.heard: list[ExecutionReport] = []
        self.bus.subscribe(self.heard.append)

    def statuses(self) -> list[tuple[str, Status]]:
        return [(report.intent_id, report.status) for report in self.heard]


class BrokenExecutor(PythonExecutor):
    """Raises in `submit`, or says that it is not healthy."""

    def __init__(self, error: Exception | None = None) -> None:
        super().__init__(Bus())
        self.error = error
        if error is None:
            self.healthy = False
            self.health_reason = "no heartbeat for 6.0 s"

    def submit(self, intent: QuoteIntent) -> None:
        if self.error is not None:
            raise self.error
        super().submit(intent)


def market(status: MarketStatus = MarketStatus.OPEN, version: int = 1) -> MarketState:
    return MarketState(
        market_id="1.1",
        status=status,
        in_play=False,
        version=version,
        bet_delay=0,
        ladder=Ladder.CLASSIC,
        runners=(),
        winners=1,
        event_type_id=None,
    )


def test_reports_come_with_the_tick_never_with_the_sending() -> None:
    rig = Rig()
    assert rig.router.send(intent("a", ts_ms=1_000))
    assert not rig.heard
    assert rig.router.in_flight == 1
    assert rig.router.tick(1_000)
    assert rig.statuses() == [("a", Status.PLACED)]
    assert rig.router.in_flight == 0


def test_report_has_the_time_of_its_intent_though_ticks_were_skipped() -> None:
    rig = Rig()
    for now_ms in range(0, 1_000, 100):
        assert not rig.router.tick(now_ms)
    rig.router.send(intent("a", ts_ms=1_000))
    rig.router.tick(1_000)
    assert rig.heard[0].ts_ms == 1_000


def test_tick_asks_only_after_something_was_said_or_when_an_order_is_due() -> None:
    rig = Rig()
    rig.router.send(intent("a", ts_ms=1_000, ttl_ms=500))
    asked = [rig.router.tick(now_ms) for now_ms in (1_000, 1_100, 1_499, 1_500, 1_600)]
    assert asked == [True, False, False, True, False]
    assert rig.statuses() == [("a", Status.PLACED), ("a", Status.EXPIRED)]
    assert (rig.router.ticks, rig.router.ticks_skipped) == (2, 3)


def test_fill_or_kill_is_due_at_the_next_millisecond() -> None:
    rig = Rig()
    rig.router.send(intent("a", ts_ms=1_000, time_in_force=TimeInForce.FILL_OR_KILL))
    assert [rig.router.tick(t) for t in (1_000, 1_000, 1_001)] == [True, False, True]
    assert rig.heard[-1].reject_code == "FOK_KILLED"


def test_time_that_steps_back_counts_as_the_latest() -> None:
    rig = Rig()
    rig.router.tick(2_000)
    rig.router.send(intent("a", ts_ms=1_000))
    rig.router.tick(1_500)
    assert rig.heard[0].ts_ms == 2_000


def test_open_order_shows_what_rests() -> None:
    rig = Rig()
    rig.router.send(intent("a", ts_ms=1_000, ttl_ms=700, size_centi=500))
    rig.router.tick(1_000)
    rig.router.dry_fill(DryFill(intent_id="a", price_centi=200, size_centi=150, ts_ms=1_200))
    rig.router.tick(1_200)
    (order,) = rig.router.open_orders("1.1")
    assert order is rig.router.order("a")
    assert (order.size_centi, order.remaining_centi, order.matched_centi) == (500, 350, 150)
    assert (order.placed_ts_ms, order.deadline_ms, order.pending) == (1_000, 1_700, None)
    assert rig.router.open_orders("1.2") == []
    assert rig.metrics.fills_total == {"maker": 1}


def test_order_is_pending_until_its_replace_is_answered_then_the_new_one_stands() -> None:
    rig = Rig()
    rig.router.send(intent("a", ts_ms=1_000))
    rig.router.tick(1_000)
    rig.router.dry_fill(DryFill(intent_id="a", price_centi=200, size_centi=100, ts_ms=1_000))
    first = rig.router.tracker.get("a")
    assert first is not None
    rig.router.send(first.intent.replace(intent_id="b", ts_ms=1_100, price_centi=210, ttl_ms=300))
    (order,) = rig.router.open_orders()
    assert (order.intent_id, order.pending) == ("a", "REPLACE")
    rig.router.tick(1_100)
    (order,) = rig.router.open_orders()
    assert (order.intent_id, order.price_centi, order.pending) == ("b", 210, None)
    assert (order.size_centi, order.remaining_centi, order.matched_centi) == (400, 400, 0)
    assert order.deadline_ms == 1_400


def test_refused_replace_frees_the_order() -> None:
    rig = Rig()
    order = intent("a", ts_ms=1_000)
    rig.router.send(order)
    rig.router.send(order.replace(intent_id="b", ts_ms=1_000, price_centi=201, ttl_ms=300))
    rig.router.tick(1_000)
    assert rig.heard[-1].reject_code == "INVALID_ODDS"
    assert [o.pending for o in rig.router.open_orders()] == [None]
    assert rig.metrics.rejects_total == {"INVALID_ODDS": 1}


def test_cancel_is_pending_then_the_order_is_gone() -> None:
    rig = Rig()
    order = intent("a", ts_ms=1_000)
    rig.router.send(order)
    rig.router.tick(1_000)
    rig.router.send(order.cancel(intent_id="b", ts_ms=1_000))
    assert [o.pending for o in rig.router.open_orders()] == ["CANCEL"]
    rig.router.tick(1_000)
    assert rig.router.open_orders() == []
    assert rig.metrics.open_orders == 0


def test_ended_orders_with_far_deadlines_do_not_pile_up() -> None:
    bus = Bus()
    router = Router(PythonExecutor(bus), bus)
    for number in range(2_000):
        order = intent(f"i{number}", ttl_ms=10**9)
        router.send(order)
        router.send(order.cancel(intent_id=f"c{number}", ts_ms=0))
        router.tick(0)
    assert len(router._orders._due) < 200


def test_market_is_said_on_change_only() -> None:
    rig = Rig()
    rig.router.market(market())
    assert rig.router.tick(0)
    rig.router.market(market())
    assert not rig.router.tick(0)
    rig.router.market(market(version=2))
    assert rig.router.tick(0)


def test_hedge_sent_while_a_fill_is_heard_gets_its_report_with_the_next_tick() -> None:
    rig = Rig()

    def hedge(report: ExecutionReport) -> None:
        if report.status is Status.FILLED and report.intent_id == "a":
            rig.router.send(intent("h", ts_ms=report.ts_ms, hedge_of="a"))

    rig.bus.subscribe(hedge)
    rig.router.send(intent("a", ts_ms=1_000))
    rig.router.tick(1_000)
    rig.router.dry_fill(DryFill(intent_id="a", price_centi=200, size_centi=500, ts_ms=1_000))
    rig.router.tick(1_000)
    assert rig.router.tick(1_000)
    assert rig.statuses()[-1] == ("h", Status.PLACED)


def test_unhealthy_executor_gets_no_new_orders_but_cancels() -> None:
    rig = Rig(BrokenExecutor())
    assert not rig.router.healthy
    assert not rig.router.send(intent("a", ts_ms=1_000))
    assert rig.router.send(intent("a").cancel(intent_id="c", ts_ms=1_000))
    rig.router.tick(1_000)
    refused = rig.heard[0]
    assert (refused.seq, refused.reject_code) == (LOCAL_SEQ, "EXECUTOR_UNHEALTHY")
    assert refused.message == "no heartbeat for 6.0 s"
    assert rig.statuses() == [("a", Status.REJECTED), ("c", Status.REJECTED)]
    assert rig.router.in_flight == 0


@pytest.mark.parametrize(
    ("error", "code"),
    [(SendQueueFullError("5 wait"), "SEND_QUEUE_FULL"), (ExecutorLost("gone"), "EXECUTOR_LOST")],
)
def test_what_cannot_be_sent_ends_with_a_report_of_ours(error: Exception, code: str) -> None:
    rig = Rig(BrokenExecutor(error))
    assert not rig.router.send(intent("a", ts_ms=1_000))
    rig.router.tick(1_000)
    assert [(r.reject_code, r.message) for r in rig.heard] == [(code, str(error))]
    assert rig.metrics.intents_total == {}


def test_counts_and_ack_times() -> None:
    rig = Rig()
    rig.router.send(intent("a", ts_ms=1_000))
    rig.router.tick(1_000)
    rig.router.control("cancel_all", "test")
    rig.router.tick(1_000)
    assert rig.metrics.intents_total == {("maker", "PLACE"): 1}
    assert rig.metrics.reports_total == {"PLACED": 1, "CANCELLED": 1}
    assert rig.metrics.intent_ack.count == 1


def test_unknown_control_is_refused() -> None:
    with pytest.raises(ValueError, match="flatten"):
        Rig().router.control("flatten", "test")


@settings(deadline=None)
@given(scripts())
def test_view_equals_the_machine_and_skipped_ticks_change_no_report(script: list[Step]) -> None:
    """The same script with every tick, and with those the router finds needed."""
    rig, every = Rig(), PythonExecutor(Bus(), DryRunLimits())
    wanted: list[ExecutionReport] = []
    every._bus.subscribe(wanted.append)
    now_ms, sent = 1_000, set[str]()
    rig.router.tick(now_ms)
    every.tick(now_ms)
    for step in script:
        if isinstance(step, QuoteIntent):
            if step.intent_id in sent:
                continue
            sent.add(step.intent_id)
            rig.router.send(step)
            every.submit(step)
        elif isinstance(step, Advance):
            now_ms = step.ts_ms
        elif isinstance(step, DryFill):
            rig.router.dry_fill(step)
            every.dry_fill(step)
        elif isinstance(step, Control):
            rig.router.control(step.action, step.reason)
            every.control(step.action, step.reason)
        else:
            rig.router.market(step)
            every.market(step)
        rig.router.tick(now_ms)
        every.tick(now_ms)
        view = {o.intent_id: o for o in rig.router.open_orders()}
        real = rig.executor.machine._orders
        assert list(view) == list(real)
        for key, order in real.items():
            assert view[key].remaining_centi == order.remaining_centi
            assert view[key].matched_centi == order.matched_centi
            assert view[key].price_centi == order.price_centi
            assert view[key].deadline_ms == order.deadline_ms
    assert [r.comparable() for r in rig.heard] == [r.comparable() for r in wanted]
