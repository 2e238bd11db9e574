"""`trader replay FILE… --out DIR`: recordings through the engine, with summary and blotter."""

from __future__ import annotations

import argparse
import sys
import time
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, Final

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeRemainingColumn

from trader.apps.arguments import user_path
from trader.apps.commands.common import Run, configured, identity_of, opened, play, report
from trader.apps.commands.executors import make_executor
from trader.apps.interrupt import Interrupt
from trader.simulator.recording import Recording
from trader.simulator.replay import Replay, Source
from trader.simulator.report import replay_lines
from trader.simulator.session import Session

REFRESH_S: Final = 0.1


def run(arguments: argparse.Namespace, interrupt: Interrupt) -> int:
    """Exit code 0, or 130 when interrupted; failures are raised (see `apps.trader`)."""
    config = configured(arguments)
    paths = [(name, user_path(name)) for name in arguments.files]
    inputs = []
    for name, path in paths:
        with Recording(path, name) as recording:  # every file is checked before the first is read
            inputs.append(f"{path.name} ({recording.size} bytes)")
    identity = identity_of(config, "replay", inputs)
    with opened(config, user_path(arguments.out), arguments.out, identity) as opened_run:
        summary = _play(opened_run, paths, interrupt)
    return report(summary, replay_lines(summary, arguments.out), arguments.out)


def _play(opened_run: Run, paths: list[tuple[str, Path]], interrupt: Interrupt) -> dict[str, Any]:
    with _Progress(paths) as progress:
        replay = Replay(
            opened_run.config,
            command="replay",
            blotter=opened_run.blotter,
            metrics=opened_run.metrics,
            make_executor=make_executor,
            run_dir=opened_run.output.run_dir,
            stop=interrupt.requested,
            watch=progress.watch,
        )
        sources = [Source(name, progress.opener(name, path)) for name, path in paths]
        return play(opened_run, replay, sources)


class _Progress:
    """A bar over the bytes of all files, on standard error when that is a terminal."""

    def __init__(self, paths: list[tuple[str, Path]]) -> None:
        self._total = sum(path.stat().st_size for _, path in paths)
        self._before = 0
        self._recording: Recording | None = None
        self._next_s = 0.0
        self._bar: Progress | None = None
        self._task = TaskID(0)
        if sys.stderr is not None and sys.stderr.isatty():
            self._bar = Progress(
                TextColumn("{task.description}"),
                BarColumn(),
                TextColumn("{task.percentage:>3.0f} %  {task.fields[lines]:,} lines"),
                TimeRemainingColumn(),
                console=Console(stderr=True),
                transient=True,
            )

    def __enter__(self) -> _Progress:
        if self._bar is not None:
            self._bar.start()
            self._task = self._bar.add_task("replay", total=self._total, lines=0)
        return self

    def __exit__(self, *_: object) -> None:
        if self._bar is not None:
            self._bar.stop()

    def opener(self, name: str, path: Path) -> Any:
        """How the replay opens a file, so that the bar knows which one is read."""

        def open_it() -> AbstractContextManager[Recording]:
            if self._recording is not None:
                self._before += self._recording.size
            self._recording = Recording(path, name)
            return self._recording  # which closes itself

        return open_it

    def watch(self, session: Session) -> None:
        if self._bar is None or self._recording is None:
            return
        now_s = time.monotonic()
        if now_s >= self._next_s:
            self._next_s = now_s + REFRESH_S
            self._bar.update(
                self._task,
                completed=self._before + self._recording.position,
                description=self._recording.path.name,
                lines=session.engine.counts.lines,
            )
