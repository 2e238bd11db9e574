"""For tests: files of generated races, a run over them, and executors on which workers die."""

from __future__ import annotations

import os
import signal
import sqlite3
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from trader.config.loading import load
from trader.config.schema import Config, LogConfig
from trader.engine import TIMED_EVERY
from trader.execution.blotter import Blotter
from trader.execution.executor_py.executor import PythonExecutor
from trader.execution.interfaces.executor import Executor
from trader.execution.interfaces.messages import MarketState
from trader.execution.ipc import Bus
from trader.monitoring.metrics import Metrics
from trader.session import MakeExecutor, StartError
from trader.simulator.generator import Race, RaceShape
from trader.simulator.many.inputs import ReplayInput, find_inputs
from trader.simulator.many.job import JobSettings, program_digest
from trader.simulator.many.local import play_locally
from trader.simulator.many.run import ManyInputs, Play, play_many
from trader.simulator.output import OutputFolder
from trader.simulator.summary import TIMING_KEYS

SHAPE: Final = RaceShape(pre_off_s=20.0, in_play_s=4.0)
MARKET: Final = b"1.900000001"
TABLES: Final = (
    "runs order by run",
    "intents order by run, intent_id",
    "fills order by rowid",
    "settlements order by run, market_id",
    "positions order by run, market_id, selection_id, handicap_centi",
)
_REPORTS: Final = (
    "select run, seq, intent_id, ts_ms, action, status, bet_id, fill_price, fill_size, "
    "size_remaining_centi, size_matched_centi, reject_code, message from reports order by rowid"
)


def race_bytes(number: int) -> bytes:
    """A race whose market is 1.NUMBER."""
    lines = b"\n".join(Race(number, SHAPE).lines())
    assert MARKET in lines
    return lines.replace(MARKET, b"1.%d" % number)


def race_files(folder: Path, numbers: Sequence[int]) -> list[ReplayInput]:
    """One file for each, named like its market."""
    for number in numbers:
        (folder / f"1.{number}").write_bytes(race_bytes(number))
    return find_inputs([(f"1.{number}", folder / f"1.{number}") for number in numbers]).inputs


def make_plain(config: Config, bus: Bus, _metrics: Metrics, _run_dir: Path) -> Executor:
    return PythonExecutor(bus, config.execution.limits.dry_run())


def no_log(_config: LogConfig) -> None:
    """Leaves logging as it is."""


class _Deadly(PythonExecutor):
    """Kills its process when it hears of market 1.2; `once`: the file that says it has."""

    once: Path | None = None

    def market(self, state: MarketState) -> None:
        if state.market_id == "1.2" and not (self.once is not None and self.once.exists()):
            if self.once is not None:
                self.once.touch()
            os.kill(os.getpid(), signal.SIGKILL)
        super().market(state)


def make_deadly(config: Config, bus: Bus, _metrics: Metrics, _run_dir: Path) -> Executor:
    return _Deadly(bus, config.execution.limits.dry_run())


def make_deadly_once(config: Config, bus: Bus, _metrics: Metrics, run_dir: Path) -> Executor:
    executor = _Deadly(bus, config.execution.limits.dry_run())
    executor.once = run_dir.parent.parent / "died"
    return executor


def make_wrong(_config: Config, _bus: Bus, _metrics: Metrics, _run_dir: Path) -> Executor:
    raise ArithmeticError("nobody foresaw it")


def make_none(_config: Config, _bus: Bus, _metrics: Metrics, _run_dir: Path) -> Executor:
    raise StartError("there is no executor here")


@dataclass
class Shown:
    """A progress that remembers."""

    texts: list[str] = field(default_factory=list)
    shows: list[tuple[int, int, int]] = field(default_factory=list)

    def show(self, files_done: int, bytes_done: int, lines: int) -> None:
        self.shows.append((files_done, bytes_done, lines))

    def text(self, text: str) -> None:
        self.texts.append(text)


@dataclass
class Runs:
    """Runs over the same inputs into the same folder."""

    out: Path
    inputs: list[ReplayInput]
    shown: Shown = field(default_factory=Shown)

    def play(
        self,
        workers: int = 2,
        *,
        make_executor: MakeExecutor = make_plain,
        stop: Callable[[], bool] = lambda: False,
        resume: bool = False,
        fresh: bool = False,
        engine: Play = play_locally,
        overrides: Sequence[str] = (),
    ) -> dict[str, Any]:
        """The summary, without what is time. Raises what `play_many` does."""
        config = load(None, overrides)
        settings = JobSettings(config, "replay", make_executor, no_log, program_digest())
        many = ManyInputs(self.inputs, settings, engine, workers, resume, fresh)
        identity = {"command": "replay", "inputs": [one.name for one in self.inputs]}
        output = OutputFolder(self.out, identity, keeps_parts=True)
        metrics = Metrics()
        try:
            with Blotter(output.blotter) as blotter:
                summary = play_many(many, output, blotter, metrics, stop=stop, progress=self.shown)
            document = summary.as_json(metrics)
            output.commit(document, is_complete=not summary.interrupted)
        finally:
            output.close()
        timed = sum(-(-one["lines"] // TIMED_EVERY) for one in document["inputs"])
        assert document["apply_delta_ns"]["count"] == timed
        return {key: value for key, value in document.items() if key not in TIMING_KEYS}

    def rows(self) -> dict[str, list[Any]]:
        """The blotter, without latencies."""
        connection = sqlite3.connect(self.out / "blotter.sqlite")
        try:
            queries = {name: f"select * from {name}" for name in TABLES} | {"reports": _REPORTS}
            return {name: connection.execute(query).fetchall() for name, query in queries.items()}
        finally:
            connection.close()

    def kept(self) -> list[int]:
        """The places of the inputs that are kept as parts."""
        return sorted(int(path.stem) for path in self.out.glob(".running/parts/*.record"))
