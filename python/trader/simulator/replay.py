"""Inputs through the engine, one after the other, into one blotter and one summary.

The inputs are recordings or generated lines; `Replay` does not tell them apart. It can be stopped
between two lines (`stop`), paced by the wall clock (`pace`), and watched (`watch`); none of these
changes what the engine decides. When the executor or the seam is lost the run ends there, as if
interrupted: what was done until then is in the blotter and the summary, which says so.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from trader.collector import clear_away, out_of_the_way
from trader.config.schema import Config
from trader.execution.blotter import Blotter
from trader.execution.interfaces.executor import ExecutionError
from trader.monitoring.metrics import Metrics
from trader.recovery import SeamLost
from trader.session import MakeExecutor, Observer, Session, open_session
from trader.simulator.summary import RunSummary

WATCH_EVERY_LINES: Final = 64

Lines = AbstractContextManager[Iterable[bytes]]


@dataclass(frozen=True, slots=True)
class Source:
    """One input: the name that stands in the results, and how to open its lines."""

    name: str
    open: Callable[[], Lines]


class Replay:
    """One run over some inputs.

    - `stop()`: asked before every line; True ends the run cleanly with what there is.
    - `pace(pt_ms)`: called after every line with the engine's clock; may sleep.
    - `watch(session)`: called after each paced line, else every so many, and at the end.
    """

    def __init__(
        self,
        config: Config,
        *,
        command: str,
        blotter: Blotter,
        metrics: Metrics,
        make_executor: MakeExecutor,
        run_dir: Path,
        stop: Callable[[], bool],
        observer: Observer | None = None,
        pace: Callable[[int], None] | None = None,
        watch: Callable[[Session], None] | None = None,
    ) -> None:
        self.summary = RunSummary(config, command)
        self._config = config
        self._blotter = blotter
        self._metrics = metrics
        self._make_executor = make_executor
        self._run_dir = run_dir
        self._stop = stop
        self._observer = observer
        self._pace = pace
        self._watch = watch

    def run(self, sources: Iterable[Source]) -> RunSummary:
        """Plays the sources; `summary.interrupted`, `executor_lost` and `seam_lost` say how it
        ended.

        Raises `RecordingError`, `StartError`, and `ExecutionError` when the executor did not even
        start: there is nothing to keep then.
        """
        started = time.perf_counter()
        for source in sources:
            try:
                self._play(source)
            except ExecutionError as error:
                if not self.summary.inputs:
                    raise
                self.summary.executor_lost = str(error)
            except SeamLost as error:
                self.summary.seam_lost = str(error)
            finally:
                self.summary.wall_s = time.perf_counter() - started
            if self.summary.is_partial:
                break
        return self.summary

    def _play(self, source: Source) -> None:
        if self.summary.inputs:
            clear_away()
        with source.open() as lines:
            session = open_session(
                self._config,
                source=source.name,
                blotter=self._blotter,
                metrics=self._metrics,
                make_executor=self._make_executor,
                run_dir=self._run_dir,
                observer=self._observer,
            )
            try:
                try:
                    with out_of_the_way():
                        self._lines(session, lines)
                    ended = "interrupted" if self.summary.interrupted else "done"
                    session.engine.finish(f"end of run: {ended}")
                except ExecutionError:
                    session.bus.drain()  # what it had reported before it was lost
                    session.engine.close_books()
                    self._keep(source, session, "executor lost")
                    raise
                except SeamLost:
                    self._without_seam(source, session)
                    raise
                self._keep(source, session, ended)
                if self._watch is not None:
                    self._watch(session)
            finally:
                session.executor.stop()
                self._metrics.executor = None  # nor does it keep the session alive

    def _without_seam(self, source: Source, session: Session) -> None:
        """Takes away what rests, which the executor still can, and keeps what there is."""
        try:
            session.engine.finish("hotloop lost")
        except ExecutionError:
            session.engine.close_books()
        self._keep(source, session, "hotloop lost")

    def _keep(self, source: Source, session: Session, ended: str) -> None:
        """Takes a session's results into summary and blotter."""
        session.measure(now=True)
        self.summary.add(source.name, session)
        self._blotter.end_run(ended)

    def _lines(self, session: Session, lines: Iterable[bytes]) -> None:
        on_line = session.engine.on_line
        pace, watch, stop = self._pace, self._watch, self._stop
        for count, line in enumerate(lines, start=1):
            if stop():
                self.summary.interrupted = True
                return
            on_line(line)
            if pace is not None:
                pace(session.engine.now_ms)
            if count % WATCH_EVERY_LINES == 0:
                session.measure()
            if watch is not None and (pace is not None or count % WATCH_EVERY_LINES == 0):
                watch(session)
