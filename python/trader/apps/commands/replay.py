"""`trader replay FILE… --out DIR`: recordings through the engine, with summary and blotter."""

from __future__ import annotations

import argparse
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

from trader.apps.arguments import user_path
from trader.apps.commands.common import Run, configured, identity_of, opened, play, report
from trader.apps.commands.executors import make_executor
from trader.apps.interrupt import Interrupt
from trader.apps.progress import FileProgress
from trader.session import Session
from trader.simulator.recording import Recording
from trader.simulator.replay import Replay, Source
from trader.simulator.report import replay_lines


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
    """Over all files: which one the session that is watched reads."""

    def __init__(self, paths: list[tuple[str, Path]]) -> None:
        self._shown = FileProgress(sum(path.stat().st_size for _, path in paths))
        self._before = 0
        self._recording: Recording | None = None

    def __enter__(self) -> _Progress:
        self._shown.__enter__()
        return self

    def __exit__(self, *_: object) -> None:
        self._shown.__exit__()

    def opener(self, name: str, path: Path) -> Any:
        """How the replay opens a file, so that it is known which one is read."""

        def open_it() -> AbstractContextManager[Recording]:
            if self._recording is not None:
                self._before += self._recording.size
            self._recording = Recording(path, name)
            return self._recording  # which closes itself

        return open_it

    def watch(self, session: Session) -> None:
        if self._recording is not None and self._shown.is_due():
            done = self._before + self._recording.position
            self._shown.show(self._recording.path.name, done, session.engine.counts.lines)
