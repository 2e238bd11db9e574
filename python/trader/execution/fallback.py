"""The sidecar, and the Python executor for new orders while the sidecar is not well.

What keeps an order from being placed twice is that **an intent belongs to one executor for ever**:
the one it was given to. One that the sidecar was given is never given to the other, however long
the sidecar is away and whether it lives or not. So:

- a PLACE goes to the sidecar while that is healthy (`health`: with hysteresis), else to the Python
  executor; there it stays until it ends, also when the sidecar is back;
- a REPLACE, CANCEL or fill goes to the one that has the order; for a sidecar that is away it waits
  in the send queue, and a REPLACE is past its deadline if that takes too long;
- both hear of every market, every tick and every control: a kill kills both;
- orders that stand are counted over both, so that the limit is one limit. What was given to the
  sidecar and not answered yet counts as standing.

A sidecar that is lost for good ends the orders it had, if it kept nothing over its death (a dry
run): they are reported CANCELLED with `EXECUTOR_LOST`. One that keeps a journal has them still.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Final, Protocol

from trader.execution.interfaces.executor import (
    DryRunLimits,
    Executor,
    ExecutorLost,
    OrderLimitError,
)
from trader.execution.interfaces.intents import Action, QuoteIntent
from trader.execution.interfaces.messages import DryFill, MarketState
from trader.execution.interfaces.reports import ExecutionReport, Status
from trader.execution.ipc import Bus
from trader.monitoring.executor_metrics import ExecutorMoment, Measured
from trader.monitoring.metrics import Metrics

_log: Final = logging.getLogger(__name__)


class Sidecar(Executor, Protocol):
    """What is needed of the executor that may be away."""

    @property
    def durable(self) -> bool:
        """Whether its orders outlive it."""


class FallbackExecutor:
    """Fulfils `interfaces.executor.Executor`. Build it before other subscribers join the bus."""

    def __init__(
        self,
        sidecar: Sidecar,
        stand_in: Executor,
        bus: Bus,
        limits: DryRunLimits,
        metrics: Metrics | None = None,
    ) -> None:
        self._sidecar = sidecar
        self._stand_in = stand_in
        self._bus = bus
        self._limits = limits
        self._metrics = metrics if metrics is not None else Metrics()
        self._owner: dict[str, Executor] = {}  # of every intent that has not ended
        self._intents: dict[str, QuoteIntent] = {}
        self._told: dict[str, ExecutionReport] = {}  # the newest of each
        self._orders: set[str] = set()  # those of them that are orders: not the cancels
        self._active: Executor = sidecar
        self._lost = ""
        self._now_ms = 0
        bus.subscribe(self._on_report)

    @property
    def name(self) -> str:
        """Of the one that new orders go to."""
        return self._active.name

    @property
    def healthy(self) -> bool:
        """Always: one of the two can be given orders."""
        return not self.health_reason

    @property
    def health_reason(self) -> str:
        self._choose()
        return self._active.health_reason

    @property
    def sidecar_reason(self) -> str:
        """Why the sidecar is not given orders; empty when it is."""
        return self._lost or self._sidecar.health_reason

    def start(self) -> None:
        """Both must start: a sidecar that never was there is a mistake. `ExecutorStartError`."""
        self._stand_in.start()
        self._sidecar.start()

    def submit(self, intent: QuoteIntent) -> None:
        owner = self._owner_for(intent)
        if intent.action is Action.PLACE and len(self._orders) >= self._limits.max_open_orders:
            raise OrderLimitError(
                f"{len(self._orders)} orders stand, {self._limits.max_open_orders} is the most"
            )
        owner.submit(intent)
        self._owner[intent.intent_id] = owner
        self._intents[intent.intent_id] = intent
        if intent.action is not Action.CANCEL:
            self._orders.add(intent.intent_id)

    def market(self, state: MarketState) -> None:
        self._stand_in.market(state)
        self._tell(lambda: self._sidecar.market(state))

    def dry_fill(self, fill: DryFill) -> None:
        if self._owner.get(fill.intent_id, self._active) is self._sidecar:
            self._tell(lambda: self._sidecar.dry_fill(fill))
        else:
            self._stand_in.dry_fill(fill)

    def control(self, action: str, reason: str) -> None:
        self._stand_in.control(action, reason)
        self._tell(lambda: self._sidecar.control(action, reason))

    def set_limits(self, limits: DryRunLimits) -> None:
        """The sidecar's answer decides; the Python executor has the same ones or none."""
        limits.check()
        if not self._lost:
            self._sidecar.set_limits(limits)
        self._stand_in.set_limits(limits)
        self._limits = limits

    def clock(self, ts_ms: int) -> None:
        self._now_ms = max(self._now_ms, ts_ms)
        self._stand_in.clock(ts_ms)
        self._tell(lambda: self._sidecar.clock(ts_ms))

    def tick(self, ts_ms: int) -> None:
        self._now_ms = max(self._now_ms, ts_ms)
        self._tell(lambda: self._sidecar.tick(ts_ms))
        self._stand_in.tick(ts_ms)

    def poll(self) -> None:
        self._tell(self._sidecar.poll)
        self._stand_in.poll()

    def stop(self) -> None:
        self._sidecar.stop()
        self._stand_in.stop()

    def moment(self) -> ExecutorMoment | None:
        """Of the one that new orders go to, where that is in this process."""
        active: object = self._active
        return active.moment() if isinstance(active, Measured) else None

    def _owner_for(self, intent: QuoteIntent) -> Executor:
        if intent.target_intent_id is not None:
            owner = self._owner.get(intent.target_intent_id)
            if owner is not None:
                return owner
        self._choose()
        return self._active

    def _choose(self) -> None:
        """Who new orders go to from now on."""
        reason = self.sidecar_reason
        chosen: Executor = self._stand_in if reason else self._sidecar
        if chosen is self._active:
            return
        self._active = chosen
        self._metrics.executor_switches_total += 1
        if reason:
            _log.error("new orders go to the %s executor: %s", chosen.name, reason)
        else:
            _log.warning("new orders go to the %s executor again", chosen.name)

    def _tell(self, call: Callable[[], None]) -> None:
        """Nothing, once the sidecar is lost; this call may be what shows that it is."""
        if self._lost:
            return
        try:
            call()
        except ExecutorLost as error:
            self._lose(str(error))

    def _lose(self, reason: str) -> None:
        """The sidecar will not come back."""
        self._lost = reason
        self._choose()
        if self._sidecar.durable:
            _log.error("orders of the executor that is lost may stand at the venue")
            return
        for intent_id, owner in list(self._owner.items()):
            if owner is self._sidecar:
                self._bus.post(self._end_of(self._intents[intent_id], reason))

    def _end_of(self, intent: QuoteIntent, reason: str) -> ExecutionReport:
        """No number: it is this trader's own report (as the router's are)."""
        told = self._told.get(intent.intent_id)
        return ExecutionReport.new(
            seq=0,
            intent_id=intent.intent_id,
            ts_ms=max(self._now_ms, intent.ts_ms),
            action=intent.action,
            status=Status.CANCELLED,
            dry_run=intent.dry_run,
            size_matched_centi=told.size_matched_centi if told else 0,
            avg_price_matched=told.avg_price_matched if told else None,
            reject_code="EXECUTOR_LOST",
            message=reason,
        )

    def _on_report(self, report: ExecutionReport) -> None:
        if report.intent_id not in self._owner:
            return
        self._told[report.intent_id] = report
        if report.is_terminal:
            self._told.pop(report.intent_id)
            self._owner.pop(report.intent_id, None)
            self._intents.pop(report.intent_id, None)
            self._orders.discard(report.intent_id)
