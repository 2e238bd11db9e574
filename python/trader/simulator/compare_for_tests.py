"""For the tests of `trader compare`: folders with a whole run, and values altered in them."""

from __future__ import annotations

import json
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from itertools import count
from pathlib import Path
from typing import Any, Final

from trader.config.loading import load
from trader.config.schema import Config
from trader.execution.blotter import Blotter
from trader.execution.executor_py.executor import PythonExecutor
from trader.execution.interfaces.executor import Executor
from trader.execution.interfaces.intents import Action, QuoteIntent
from trader.execution.ipc import Bus
from trader.monitoring.metrics import Metrics
from trader.simulator.generator import Race, RaceShape
from trader.simulator.output import BLOTTER, SUMMARY, OutputFolder
from trader.simulator.replay import Replay, Source

SEEDS: Final = (1, 2)
SHAPE: Final = RaceShape(pre_off_s=60.0, in_play_s=6.0)


class EstimatingBlotter(Blotter):
    """Gives every order estimates of its own, so that all bins are used whatever the books say."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self._numbers = count()

    def intent(self, intent: QuoteIntent) -> None:
        super().intent(intent)
        if intent.action is Action.CANCEL:
            return
        number = next(self._numbers)
        is_known = number % 7 != 3
        super().estimate(
            intent.intent_id,
            p_fill=number * 37 % 101 / 100 if is_known else None,
            ttf_ms=min(600_000.0, 300.5 * 1.2 ** (number % 44)) if is_known else None,
            size_ahead=number * 7.2 if is_known else None,
            last_traded_ts_ms=intent.ts_ms - number if is_known else None,
            last_traded_price=2.5 + number / 100 if is_known else None,
        )

    def estimate(self, intent_id: str, **_what: object) -> None:
        """The books' own are left out: there are those above."""


def make_executor(config: Config, bus: Bus, _metrics: Metrics, _run_dir: Path) -> Executor:
    return PythonExecutor(bus, config.execution.limits.dry_run())


def race(seed: int) -> Source:
    return Source(f"race-{seed}.json", lambda: nullcontext(Race(seed, SHAPE).lines()))


def make_run(
    folder: Path,
    *overrides: str,
    seeds: tuple[int, ...] = SEEDS,
    stop: Callable[[], bool] = lambda: False,
) -> Path:
    """Replays generated races into a folder, as `trader replay` does; returns the folder."""
    config = load(None, list(overrides))
    identity = {
        "command": "replay",
        "inputs": [f"race-{seed}.json" for seed in seeds],
        "hotloop": config.hotloop.backend,
        "execution": config.execution.backend,
        "feed": config.simulator.feed,
        "profile": config.profile,
    }
    output = OutputFolder(folder, identity)
    metrics = Metrics()
    try:
        with EstimatingBlotter(output.blotter) as blotter:
            replay = Replay(
                config,
                command="replay",
                blotter=blotter,
                metrics=metrics,
                make_executor=make_executor,
                run_dir=output.run_dir,
                stop=stop,
            )
            replay.run([race(seed) for seed in seeds])
        output.commit(replay.summary.as_json(metrics))
    finally:
        output.close()
    return folder


def copied(run: Path, folder: Path) -> Path:
    """A copy of a run's folder, to be altered."""
    shutil.copytree(run, folder)
    return folder


def read_summary(folder: Path) -> dict[str, Any]:
    document: dict[str, Any] = json.loads((folder / SUMMARY).read_text())
    return document


def alter_summary(folder: Path, *path: str | int, value: object) -> None:
    """Sets one value of the summary, by the keys that lead to it, which must be another one."""
    document = read_summary(folder)
    holder: Any = document
    for key in path[:-1]:
        holder = holder[key]
    assert holder[path[-1]] != value
    holder[path[-1]] = value
    (folder / SUMMARY).write_text(json.dumps(document))


@contextmanager
def blotter_of(folder: Path) -> Iterator[sqlite3.Connection]:
    """The blotter of a folder, to be altered."""
    connection = sqlite3.connect(folder / BLOTTER)
    try:
        with connection:
            yield connection
    finally:
        connection.close()


def execute(folder: Path, statement: str, *values: object) -> None:
    """One statement on a folder's blotter, which must change exactly one row."""
    with blotter_of(folder) as blotter:
        assert blotter.execute(statement, values).rowcount == 1, statement
