"""The dry-run executor in this process: the machine behind the same protocol as the sidecar."""

from __future__ import annotations

from trader.execution.executor_py.counts import Counts
from trader.execution.executor_py.machine import DryRunMachine
from trader.execution.interfaces.executor import DryRunLimits
from trader.execution.interfaces.intents import QuoteIntent
from trader.execution.interfaces.messages import Control, ControlAction, DryFill, MarketState
from trader.execution.interfaces.reports import ExecutionReport
from trader.execution.ipc import Bus
from trader.monitoring.executor_metrics import ExecutorMoment


class PythonExecutor:
    """Fulfils `interfaces.executor.Executor`; its only clock is the engine's."""

    name = "python"
    healthy = True
    health_reason = ""

    def __init__(self, bus: Bus, limits: DryRunLimits | None = None) -> None:
        self._bus = bus
        self.machine = DryRunMachine(limits if limits is not None else DryRunLimits())
        self._counts = Counts()

    def start(self) -> None:
        """Nothing to start: it cannot fail."""

    def submit(self, intent: QuoteIntent) -> None:
        self._counts.intent(intent.action)
        self._counts.asked(intent.intent_id)
        reports = self.machine.handle(intent)
        if not reports:
            self._counts.forget(intent.intent_id)  # a repeat has no answer
        self._post(reports)

    def market(self, state: MarketState) -> None:
        self._post(self.machine.handle(state))

    def dry_fill(self, fill: DryFill) -> None:
        self._post(self.machine.handle(fill))

    def control(self, action: str, reason: str) -> None:
        self._post(self.machine.handle(Control(action=ControlAction(action), reason=reason)))

    def set_limits(self, limits: DryRunLimits) -> None:
        limits.check()
        self.machine.set_limits(limits)

    def clock(self, ts_ms: int) -> None:
        self._post(self.machine.advance(ts_ms))

    def tick(self, ts_ms: int) -> None:
        self._post(self.machine.advance(ts_ms))
        self._bus.drain()

    def poll(self) -> None:
        self._bus.drain()

    def stop(self) -> None:
        """Nothing to stop."""

    def moment(self) -> ExecutorMoment:
        """Its figures; safe from any thread. Reports wait on the bus only."""
        return self._counts.moment(
            duplicates=self.machine.duplicates,
            open_orders=self.machine.open_orders,
            unacked_reports=len(self._bus),
        )

    def _post(self, reports: list[ExecutionReport]) -> None:
        for report in reports:
            self._counts.report(report)
            self._bus.post(report)
