"""One edge alone over the lines of a market: what it placed, what was matched, what it came to."""

from __future__ import annotations

import sqlite3
import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from trader.apps.commands.executors import make_executor
from trader.config.loading import load
from trader.execution.blotter import Blotter
from trader.execution.ledger import totals
from trader.monitoring.metrics import Metrics
from trader.session import Session, open_session
from trader.strategy.edges.registry import EDGES

SHIPPED: Final = tuple(EDGES)
"""The edges of this repository, by name."""
ROWS: Final = {
    "intents": "select * from intents order by ts_ms, intent_id",
    "orders": "select size_centi, price_centi from intents where action = 'PLACE' order by ts_ms",
    "fills": "select * from fills order by rowid",
    "settlements": "select * from settlements order by market_id",
}


@dataclass(frozen=True, slots=True)
class Played:
    """What came of a run. Money in 1/10,000 of the account's currency.

    `orders` are those placed, `filled` those of them matched at least in part; `worst_loss_e4` is
    the most that could have been lost at any time, orders counted as filled; `rows` are the
    blotter's.
    """

    session: Session
    orders: int
    filled: int
    fills: int
    gross_e4: int
    commission_e4: int
    worst_loss_e4: int
    rows: dict[str, list[Any]]

    @property
    def net_e4(self) -> int:
        return self.gross_e4 - self.commission_e4

    @property
    def refused(self) -> dict[str, int]:
        """Orders that the gates refused, by the reason."""
        return dict(self.session.desk.counts.refused)


def play(
    edge: str, lines: Iterable[bytes], overrides: Sequence[str] = (), *, rust: bool = False
) -> Played:
    """Runs one edge, and no other, over stream lines with the configuration as it is shipped;
    signals from Python unless `rust`."""
    on = "true" if rust else "false"
    alone = [f"edges.{name}.enabled={'true' if name == edge else 'false'}" for name in SHIPPED]
    config = load(None, [*alone, f"hotloop.enabled={on}", f"hotloop.rust={on}", *overrides])
    worst_loss_e4 = 0
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "blotter.sqlite"
        with Blotter(path) as blotter:
            session = open_session(
                config,
                source=edge,
                blotter=blotter,
                metrics=Metrics(),
                make_executor=make_executor,
                run_dir=Path(folder),
            )
            try:
                for line in lines:
                    session.engine.on_line(line)
                    worst_loss_e4 = max(worst_loss_e4, session.exposure.total_e4())
                session.engine.finish("the end")
            finally:
                session.executor.stop()
        rows = _rows(path)
    counts = session.desk.counts
    gross, commission, _ = totals(session.results.by_market)
    return Played(
        session=session,
        orders=counts.intents[edge, "PLACE"],
        filled=len({row[1] for row in rows["fills"]}),
        fills=counts.fills,
        gross_e4=gross,
        commission_e4=commission,
        worst_loss_e4=worst_loss_e4,
        rows=rows,
    )


def _rows(path: Path) -> dict[str, list[Any]]:
    connection = sqlite3.connect(path)
    try:
        return {name: connection.execute(query).fetchall() for name, query in ROWS.items()}
    finally:
        connection.close()
