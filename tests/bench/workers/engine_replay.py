"""The trader's own replay of the file: seam, edge, order desk, executor, matching, blotter.

In dry run and in this process (`execution: python`) or with the sidecar (`rust`). Inside the clock
is what `trader replay` does to a file: opening it, a session, each line, the end of the run, its
blotter on disk (in a folder of memory). Outside are the imports and the reading of the YAML.

The edges are what `flumine_engine` does as a strategy of flumine's, word for word.
"""

import hashlib
import sqlite3
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

from trader.apps.commands.executors import make_executor
from trader.config.loading import load
from trader.config.schema import Config
from trader.execution.blotter import Blotter
from trader.execution.interfaces.intents import Side
from trader.monitoring.metrics import Metrics
from trader.simulator.recording import Recording
from trader.simulator.replay import Lines, Replay, Source
from trader.strategy.context import Runner, StrategyContext
from trader.strategy.edges.base import Cancel, Edge, EdgeConfig, Place, Proposal, Replace
from trader.strategy.edges.registry import EDGES

PRICES = (1.2, 30.0)
AGE_MS = 1_500
TTL_MS = 86_400_000
GROSS_EDGE = 0.05
"""What the fee gate is told an order earns: enough to pass it at any base rate."""

OVERRIDES = (
    "hotloop.queue.model=risk_averse",
    "sizer.min_stake=2",
    "sizer.max_stake=2",
    "sizer.max_runner_liability=1e9",
    "sizer.max_market_liability=1e9",
    "fee_gate.unknown_mbr=assume",
)

ROWS = (
    "SELECT * FROM intents ORDER BY intent_id",
    "SELECT run, seq, intent_id, ts_ms, action, status, fill_price, fill_size, reject_code,"
    " size_remaining_centi, size_matched_centi, avg_price_matched FROM reports ORDER BY rowid",
    "SELECT * FROM fills ORDER BY rowid",
    "SELECT * FROM settlements ORDER BY market_id",
    "SELECT * FROM positions ORDER BY market_id, selection_id, handicap_centi",
)
"""What of a blotter is the same whichever backends ran: all but the names of those, and times."""


class Look(Edge[EdgeConfig]):
    """Reads the best prices of each runner it is asked about, and places nothing."""

    name, config_class = "look", EdgeConfig
    looks = 0

    def decide(self, ctx: StrategyContext, runner: Runner) -> Sequence[Proposal]:
        market_id, selection_id, handicap, _ = runner
        ctx.book.best(market_id, selection_id, handicap)
        Look.looks += 1
        return ()


class Join(Edge[EdgeConfig]):
    """Rests one BACK of 2.00 at the lowest price to lay, and follows it once it is old enough."""

    name, config_class = "join", EdgeConfig

    def decide(self, ctx: StrategyContext, runner: Runner) -> Sequence[Proposal]:
        orders = ctx.orders(self.name, runner)
        market = ctx.market
        if not market.is_open or market.runners.get(runner) != "ACTIVE":
            return [Cancel(order, "not_open") for order in orders if order.pending is None]
        market_id, selection_id, handicap, _ = runner
        price = ctx.book.best(market_id, selection_id, handicap)[2]
        if price is None or not PRICES[0] <= price <= PRICES[1]:
            return ()
        price_centi = round(price * 100)
        if not orders:
            return (Place(Side.BACK, price_centi, GROSS_EDGE, TTL_MS),)
        (order,) = orders
        if order.price_centi == price_centi or order.pending is not None:
            return ()
        if ctx.now_ms - order.placed_ts_ms < AGE_MS:
            return ()
        return (Replace(order, price_centi, GROSS_EDGE, TTL_MS),)


EDGES_HERE: dict[str, type[Edge[Any]]] = {"look": Look, "join": Join}


def configuration(options: dict[str, Any]) -> Config:
    rust = "true" if options["hotloop"] == "rust" else "false"
    backends = (f"hotloop.enabled={rust}", f"hotloop.rust={rust}")
    execution = f"execution.backend={options['execution']}"
    config = load(None, (*backends, execution, *OVERRIDES))
    # Not an edge of the product: the registry is given it for this process.
    cast(dict[str, type[Edge[Any]]], EDGES).update(EDGES_HERE)
    return replace(config, edges={options["edge"]: EdgeConfig(enabled=True, priority=100)})


class Run:
    def __init__(self, path: str, options: dict[str, Any]) -> None:
        Look.looks = 0
        # Beside the recording, which lies in a folder of memory.
        self._folder = tempfile.TemporaryDirectory(dir=Path(path).parent)
        folder = Path(self._folder.name)
        self._path = Path(path)
        self._blotter = Blotter(folder / "blotter.sqlite")
        self._metrics = Metrics()
        self._replay = Replay(
            configuration(options),
            command="replay",
            blotter=self._blotter,
            metrics=self._metrics,
            make_executor=make_executor,
            run_dir=folder,
            stop=lambda: False,
        )

    def whole(self) -> None:
        self._play(lambda: Recording(self._path))

    def each(self, samples: list[int]) -> None:
        """From a line's handing over until the next one is asked for."""

        @contextmanager
        def timed() -> Iterator[Iterator[bytes]]:
            with Recording(self._path) as recording:
                yield _timed(recording, samples)

        self._play(timed)
        self._folder.cleanup()

    def _play(self, lines: Callable[[], AbstractContextManager[Any]]) -> None:
        opened = cast(Callable[[], Lines], lines)
        summary = self._replay.run([Source(self._path.name, opened)])
        self._blotter.close()
        if summary.is_partial:
            raise RuntimeError(f"lost: {summary.executor_lost or summary.seam_lost}")

    def counts(self) -> dict[str, int]:
        (only,) = self._replay.summary.inputs
        made = counted(self._blotter.path)
        self._folder.cleanup()
        return {
            "lines": only.lines,
            "runner_changes": only.runner_changes,
            "market_changes": self._metrics.seam_counts["market_changes"],
            "looks": Look.looks,
            **made,
        }


def _timed(lines: Any, samples: list[int]) -> Iterator[bytes]:
    clock = time.perf_counter_ns
    for line in lines:
        begun = clock()
        yield line
        samples.append(clock() - begun)


def counted(blotter: Path) -> dict[str, int]:
    """Intents by action, fills, and `digest`: two runs share it when all their rows are equal."""
    connection = sqlite3.connect(blotter)
    try:
        actions = dict(connection.execute("SELECT action, COUNT(*) FROM intents GROUP BY action"))
        fills = connection.execute("SELECT COUNT(*) FROM fills").fetchone()[0]
        rejected = connection.execute(
            "SELECT COUNT(*) FROM reports WHERE status = 'REJECTED'"
        ).fetchone()[0]
        digest = hashlib.sha256()
        for query in ROWS:
            for row in connection.execute(query):
                digest.update(repr(row).encode())
    finally:
        connection.close()
    return {
        "placed": actions.get("PLACE", 0),
        "moved": actions.get("REPLACE", 0),
        "cancelled": actions.get("CANCEL", 0),
        "fills": fills,
        "rejected": rejected,
        "digest": int.from_bytes(digest.digest()[:6], "big"),
    }


def start(_lines: list[bytes], path: str, options: dict[str, Any]) -> Run:
    return Run(path, options)
