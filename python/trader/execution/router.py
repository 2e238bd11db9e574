"""What the engine talks to: intents out, virtual time on, a view of the open orders.

The router decides nothing about trading. It refuses what cannot be sent (with a report of its own,
`seq` 0, so that every intent ends with a report), keeps the executor's clock right, skips the
executor's tick when nothing can have happened, and keeps count.
"""

from __future__ import annotations

import time
from typing import Final

from trader.execution.ack_tracker import AckTracker
from trader.execution.interfaces.executor import (
    Executor,
    ExecutorLost,
    OpenOrder,
    OrderLimitError,
    SendQueueFullError,
)
from trader.execution.interfaces.intents import Action, QuoteIntent
from trader.execution.interfaces.messages import DryFill, MarketState
from trader.execution.interfaces.reports import ExecutionReport, Status
from trader.execution.ipc import Bus
from trader.execution.order_view import OrderView
from trader.execution.reject_codes import label_of
from trader.monitoring.metrics import Metrics

LOCAL_SEQ: Final = 0


class Router:
    """Between the engine and an executor, on the engine's thread.

    Build it before other subscribers join the bus: then its view is up to date when they hear a
    report. Reports are delivered within `tick` only, never within `send`.
    """

    def __init__(self, executor: Executor, bus: Bus, metrics: Metrics | None = None) -> None:
        self._executor = executor
        self._bus = bus
        self._metrics = metrics if metrics is not None else Metrics()
        self._orders = OrderView()
        self._markets: dict[str, MarketState] = {}
        self._sent_ns: dict[str, int] = {}
        self._now_ms = 0
        self._dirty = False
        self.tracker = AckTracker()
        self.ticks = 0
        self.ticks_skipped = 0
        bus.subscribe(self._on_report)

    @property
    def executor(self) -> Executor:
        return self._executor

    @property
    def healthy(self) -> bool:
        """Whether new orders can be sent now (cancels always may)."""
        return self._executor.healthy

    @property
    def is_dirty(self) -> bool:
        """Whether something was sent that the executor has not been asked about."""
        return self._dirty

    @property
    def in_flight(self) -> int:
        """Intents sent that were not answered."""
        return self.tracker.in_flight

    def open_orders(self, market_id: str | None = None) -> list[OpenOrder]:
        """The resting orders (of one market) in placing order. Do not change them."""
        return self._orders.open_orders(market_id)

    def order(self, intent_id: str) -> OpenOrder | None:
        """The resting order of this intent."""
        return self._orders.get(intent_id)

    def adopt(self, intent: QuoteIntent, order: OpenOrder | None) -> None:
        """An intent of a trader before this one that has not ended; `order` when it rests."""
        self.tracker.adopted(intent, acked=order is not None)
        if order is not None:
            self._orders.adopt(order)
        self._orders.sent(intent)

    def send(self, intent: QuoteIntent) -> bool:
        """Sends an intent; False when it was refused here (its report comes with the next tick).

        Raises `ValueError` when the `intent_id` was sent before.
        """
        self.tracker.sent(intent)
        if intent.action is not Action.CANCEL and not self._executor.healthy:
            self._refuse(intent, "EXECUTOR_UNHEALTHY", "halt", self._executor.health_reason)
            return False
        try:
            self._clock(intent.ts_ms)
            self._executor.submit(intent)
        except SendQueueFullError as error:
            self._refuse(intent, "SEND_QUEUE_FULL", "transient", str(error))
            return False
        except OrderLimitError as error:
            self._refuse(intent, "MAX_OPEN_ORDERS", "reject", str(error))
            return False
        except ExecutorLost as error:
            self._refuse(intent, "EXECUTOR_LOST", "halt", str(error))
            return False
        self._sent_ns[intent.intent_id] = time.perf_counter_ns()
        self._metrics.intents_total[intent.edge, intent.action.value] += 1
        self._orders.sent(intent)
        self._dirty = True
        return True

    def market(self, state: MarketState) -> None:
        """Tells the executor what it must know of a market; says nothing when nothing changed."""
        if self._markets.get(state.market_id) == state:
            return
        self._markets[state.market_id] = state
        self._clock(self._now_ms)
        self._executor.market(state)
        self._dirty = True

    def forget(self, market_id: str) -> None:
        """A market is over; should it be told again, it is told to the executor."""
        self._markets.pop(market_id, None)

    def dry_fill(self, fill: DryFill) -> None:
        """Dry run: the simulator matched this much of an order."""
        self._clock(fill.ts_ms)
        self._executor.dry_fill(fill)
        self._dirty = True

    def control(self, action: str, reason: str) -> None:
        """`cancel_all`, `kill` or `resume`; `ValueError` for anything else."""
        self._clock(self._now_ms)
        self._executor.control(action, reason)
        self._dirty = True

    def tick(self, now_ms: int) -> bool:
        """The engine's time has come to `now_ms` (ms); delivers the reports caused so far.

        The executor is only asked when something was sent since the last time or an open order is
        due to end; returns whether it was. Time never goes back: an earlier `now_ms` counts as the
        latest one seen (recordings do step back). Raises `ExecutorLost`.
        """
        self._now_ms = max(self._now_ms, now_ms)
        due_ms = self._orders.next_due_ms()
        if not self._dirty and (due_ms is None or due_ms > self._now_ms):
            self.ticks_skipped += 1
            self._executor.poll()
            return False
        # Before the call: what subscribers send while reports are delivered needs the next tick.
        self._dirty = False
        self.ticks += 1
        self._executor.tick(self._now_ms)
        return True

    def _clock(self, ts_ms: int) -> None:
        """The executor's clock must have come to now before it handles a message of now."""
        self._now_ms = max(self._now_ms, ts_ms)
        self._executor.clock(self._now_ms)

    def _refuse(self, intent: QuoteIntent, code: str, reject_class: str, message: str) -> None:
        self._bus.post(
            ExecutionReport.new(
                seq=LOCAL_SEQ,
                intent_id=intent.intent_id,
                ts_ms=intent.ts_ms,
                action=intent.action,
                status=Status.REJECTED,
                dry_run=intent.dry_run,
                reject_code=code,
                reject_class=reject_class,
                message=message,
            )
        )

    def _on_report(self, report: ExecutionReport) -> None:
        tracked = self.tracker.on_report(report)
        if tracked is None:
            return
        intent = tracked.intent
        metrics = self._metrics
        sent_ns = self._sent_ns.pop(intent.intent_id, None) if tracked.acked else None
        if sent_ns is not None:
            metrics.intent_ack.record(time.perf_counter_ns() - sent_ns)
        metrics.reports_total[report.status.value] += 1
        if report.fill_events or report.fill_size:
            metrics.fills_total[intent.edge] += 1
        if report.reject_class is not None and report.reject_code is not None:
            metrics.rejects_total[label_of(report.reject_code)] += 1
        self._orders.on_report(intent, report)
        metrics.open_orders = len(self._orders)
