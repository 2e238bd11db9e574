"""For tests of the engine: a session fed line by line, and what comes of it."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path
from typing import Any

from trader.config.loading import load
from trader.config.schema import Config
from trader.execution.blotter import Blotter
from trader.execution.executor_py.executor import PythonExecutor
from trader.execution.interfaces.executor import Executor
from trader.execution.ipc import Bus
from trader.monitoring.metrics import Metrics
from trader.recovery import Resubscribe
from trader.session import Session, open_session

QUOTED = [{"id": 1, "atb": [[3.0, 50.0]], "atl": [[3.2, 50.0]], "trd": [[3.1, 10.0]]}]
SECOND = 1000


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
            load(None, overrides),
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
