"""For tests of the engine: a session fed line by line, and what comes of it."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path
from typing import Any

from trader.clock import SteppedClock
from trader.config.loading import load
from trader.config.schema import Config
from trader.execution.blotter import Blotter
from trader.execution.executor_py.executor import PythonExecutor
from trader.execution.interfaces.executor import DryRunLimits, Executor, ExecutorLost
from trader.execution.interfaces.intents import Action, QuoteIntent
from trader.execution.interfaces.messages import DryFill, MarketState
from trader.execution.interfaces.reports import ExecutionReport, FillEvent, Status
from trader.execution.ipc import Bus
from trader.monitoring.metrics import Metrics
from trader.recovery import Resubscribe
from trader.session import Session, open_session

QUOTED = [{"id": 1, "atb": [[3.0, 50.0]], "atl": [[3.2, 50.0]], "trd": [[3.1, 10.0]]}]
SECOND = 1000
ANYWHERE = ("edges.passive_maker.min_p_fill=0", "edges.passive_maker.min_value=0")
"""passive_maker quotes at once, also in a book that has seen no trade."""


class Scene:
    """A session of the Python backends fed line by line; times are ms after an epoch."""

    def __init__(
        self, folder: Path, *overrides: str, resubscribe: Resubscribe | None = None
    ) -> None:
        self.pt = 1_700_000_000_000
        self.version = 0
        self.metrics = Metrics()
        self.path = folder / "blotter.sqlite"
        self.blotter = Blotter(self.path)
        self.session: Session = open_session(
            load(None, [*ANYWHERE, *overrides]),
            source="test",
            blotter=self.blotter,
            metrics=self.metrics,
            make_executor=make_executor,
            run_dir=folder,
            resubscribe=resubscribe,
        )

    def line(self, raw: bytes) -> None:
        self.session.engine.on_line(raw)

    def tell(self, after_ms: int = SECOND, **message: Any) -> None:
        self.pt += after_ms
        self.line(json.dumps({"op": "mcm", "pt": self.pt, **message}).encode())

    def change(self, rc: list[dict[str, Any]], after_ms: int = SECOND) -> None:
        self.tell(after_ms, mc=[{"id": "1.1", "rc": rc}])

    def define(
        self,
        status: str = "OPEN",
        *,
        rc: list[dict[str, Any]] | None = None,
        image: bool = False,
        winner: int | None = None,
        **more: Any,
    ) -> None:
        self.version += 1
        runners = [
            {"id": 1, "sortPriority": 1, "status": self._status(1, winner)},
            {"id": 2, "sortPriority": 2, "status": self._status(2, winner)},
        ]
        definition = {
            "status": status,
            "inPlay": False,
            "version": self.version,
            "betDelay": 0,
            "numberOfWinners": 1,
            "marketBaseRate": 5.0,
            "bettingType": "ODDS",
            "runners": runners,
            **more,
        }
        self.tell(mc=[{"id": "1.1", "marketDefinition": definition, "rc": rc or [], "img": image}])

    def open_sides(self) -> list[str]:
        return [order.side.value for order in self.session.router.open_orders()]

    def statuses(self) -> dict[str, int]:
        return dict(self.session.desk.counts.reports)

    def rows(self, query: str) -> list[Any]:
        self.blotter.flush()
        connection = sqlite3.connect(self.path)
        try:
            return connection.execute(query).fetchall()
        finally:
            connection.close()

    @staticmethod
    def _status(runner: int, winner: int | None) -> str:
        if winner is None:
            return "ACTIVE"
        return "WINNER" if runner == winner else "LOSER"


def make_executor(config: Config, bus: Bus, _metrics: Metrics, _run_dir: Path) -> Executor:
    return PythonExecutor(bus, config.execution.limits.dry_run())


class SlowVenue:
    """An executor that answers when the test says so: live, all is on its way for a while."""

    name = "slow"
    durable = True
    healthy = True
    health_reason = ""

    def __init__(self, bus: Bus) -> None:
        self.sent: list[QuoteIntent] = []
        self.controls: list[str] = []
        self.markets: list[MarketState] = []
        self.lost = False
        self.why = ""
        self.now_ms = 0
        self._bus = bus
        self._seq = 0

    def start(self) -> None: ...
    def stop(self) -> None: ...
    def dry_fill(self, fill: DryFill) -> None: ...
    def set_limits(self, limits: DryRunLimits) -> None: ...
    def clock(self, ts_ms: int) -> None: ...

    def submit(self, intent: QuoteIntent) -> None:
        self.sent.append(intent)

    def market(self, state: MarketState) -> None:
        self.markets.append(state)

    def control(self, action: str, reason: str) -> None:
        if self.lost:
            raise ExecutorLost("nobody is there")
        self.controls.append(action)
        self.why = reason

    def tick(self, ts_ms: int) -> None:
        self.now_ms = ts_ms
        self._bus.drain()

    def poll(self) -> None:
        self._bus.drain()

    def cancels(self) -> list[str | None]:
        """The targets of the cancels that were sent."""
        return [i.target_intent_id for i in self.sent if i.action is Action.CANCEL]

    def says(self, intent: QuoteIntent, *statuses: Status, code: str | None = None) -> None:
        """Reports on an intent; FILLED is at its price, whole."""
        for status in statuses:
            self._seq += 1
            filled = status is Status.FILLED
            price, size = intent.price_centi / 100, intent.size_centi / 100
            self._bus.post(
                ExecutionReport.new(
                    seq=self._seq,
                    intent_id=intent.intent_id,
                    ts_ms=intent.ts_ms,
                    action=intent.action,
                    status=status,
                    dry_run=False,
                    size_remaining_centi=intent.size_centi if status is Status.PLACED else 0,
                    size_matched_centi=intent.size_centi if filled else 0,
                    avg_price_matched=price if filled else None,
                    fill_events=(FillEvent(price, size, intent.ts_ms),) if filled else (),
                    reject_code=code,
                )
            )


class LiveScene(Scene):
    """A session as `trader live` makes it, its clock and its venue in the test's hands."""

    def __init__(self, folder: Path, *overrides: str) -> None:
        self.pt = 1_700_000_000_000
        self.version = 0
        self.metrics = Metrics()
        self.path = folder / "blotter.sqlite"
        self.blotter = Blotter(self.path, durable=True)
        self.clock = SteppedClock(self.pt)
        self.session = open_session(
            load(None, [*ANYWHERE, "execution.dry_run=false", *overrides]),
            source="test",
            blotter=self.blotter,
            metrics=self.metrics,
            make_executor=self._make_executor,
            run_dir=folder,
            clock=self.clock,
        )

    def line(self, raw: bytes) -> None:
        self.clock.advance(self.pt)
        super().line(raw)

    def turns(self, count: int, every_ms: int = 500) -> None:
        """Time goes on without a line."""
        for _ in range(count):
            self.pt += every_ms
            self.clock.advance(self.pt)
            self.session.engine.on_time()

    def _make_executor(self, _config: Config, bus: Bus, _metrics: Metrics, _dir: Path) -> Executor:
        self.venue = SlowVenue(bus)
        return self.venue
