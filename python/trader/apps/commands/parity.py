"""`trader parity FILE…`: the Rust hotloop against the Python reference, every answer compared."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from trader.apps.arguments import user_path
from trader.apps.commands.common import profile_of
from trader.apps.interrupt import Interrupt
from trader.apps.progress import FileProgress
from trader.apps.run_arguments import FEEDS
from trader.betfair.normalize import normalized
from trader.betfair.signals.settings import QUEUE_MODELS
from trader.config.loading import load
from trader.session import StartError
from trader.simulator.recording import Recording
from trader.strategy.hotloop.api import Hotloop
from trader.strategy.hotloop.comparison import Comparison, Difference
from trader.strategy.hotloop.errors import HotloopError
from trader.strategy.hotloop.questions import Refused

DONE: Final = 0
DIFFERENT: Final = 1
INTERRUPTED: Final = 130
LOOK_EVERY_LINES: Final = 16


@dataclass(frozen=True, slots=True)
class Pass:
    """One run over a file: how its lines are fed, with which queue model, and what is compared."""

    feed: str
    queue_model: str
    queues_only: bool
    block: dict[str, Any]

    def __str__(self) -> str:
        return f"{self.feed}, {self.queue_model}"


@dataclass(slots=True)
class Counts:
    """What was compared of one file, over all its passes; `lines` and `touched` are of one."""

    lines: int = 0
    touched: int = 0
    refused: int = 0
    values: int = 0
    passes: int = 0


def run(arguments: argparse.Namespace, interrupt: Interrupt) -> int:
    """Exit code 0, 1 at the first difference, 130 when interrupted; failures are raised."""
    passes = _passes(arguments)
    paths = [(name, user_path(name)) for name in arguments.files]
    bytes_total = 0
    for name, path in paths:
        with Recording(path, name) as recording:  # every file is checked before the first is read
            bytes_total += recording.size * len(passes)
    _pair(passes[0])
    with FileProgress(bytes_total, plain=True) as progress:
        return _Run(passes, interrupt, progress).over(paths)


def _passes(arguments: argparse.Namespace) -> list[Pass]:
    """Raises `ConfigError`."""
    feeds = FEEDS if arguments.feeds == "both" else (arguments.feeds,)
    models: Sequence[str] = QUEUE_MODELS
    if arguments.queue_models != "all":
        models = (arguments.queue_models,)
    blocks = {}
    for model in models:
        overrides = [*arguments.overrides, f"hotloop.queue.model={model}"]
        blocks[model] = load(profile_of(arguments.profile), overrides).hotloop.seam_config()
    return [
        Pass(feed, model, model != models[0], block)
        for feed in feeds
        for model, block in blocks.items()
    ]


def _pair(settings: Pass) -> Comparison:
    """Both backends with one configuration. Raises `StartError`."""
    try:
        rust, python = (Hotloop(settings.block, rust=rust) for rust in (True, False))
    except ImportError as error:
        raise StartError(f"{error.msg.partition(':')[0]}: build it (scripts/venv.sh)") from None
    except HotloopError as error:
        raise StartError(f"the hotloop block is refused: {error}") from None
    return Comparison(rust, python, queues_only=settings.queues_only)


class _Run:
    """All passes over all files, until the first difference or Ctrl-C."""

    def __init__(
        self, passes: Sequence[Pass], interrupt: Interrupt, progress: FileProgress
    ) -> None:
        self._passes = passes
        self._interrupt = interrupt
        self._progress = progress
        self._bytes_before = 0

    def over(self, paths: Sequence[tuple[str, Path]]) -> int:
        for name, path in paths:
            code = self._file(name, path)
            if code != DONE:
                return code
        return DONE

    def _file(self, name: str, path: Path) -> int:
        counts = Counts()
        for settings in self._passes:
            with Recording(path, name) as recording:
                comparison = _pair(settings)
                try:
                    is_whole = self._lines(recording, comparison, settings, counts)
                except Difference as difference:
                    where = f"{name} line {recording.lines_read:,} ({settings}): "
                    print(f"{where}{difference}", flush=True)
                    return DIFFERENT
                self._bytes_before += recording.size
            _add(counts, recording, comparison)
            if not is_whole:
                print(f"{_told(name, counts)} until interrupted", flush=True)
                return INTERRUPTED
        print(_told(name, counts), flush=True)
        return DONE

    def _lines(
        self, recording: Recording, comparison: Comparison, settings: Pass, counts: Counts
    ) -> bool:
        """Compares one pass; False when it was interrupted. Raises `Difference`."""
        refused = 0
        is_raw = settings.feed == "raw"
        for number, line in enumerate(recording, start=1):
            answer = comparison.apply(line if is_raw else normalized(line), number)
            refused += isinstance(answer, Refused)
            if self._interrupt.requested():
                return False
            if number % LOOK_EVERY_LINES == 0 and self._progress.is_due():
                done = self._bytes_before + recording.position
                self._progress.show(f"{recording.name} ({settings})", done, number)
        comparison.check_all()
        counts.refused = refused
        return True


def _add(counts: Counts, recording: Recording, comparison: Comparison) -> None:
    counts.lines = max(counts.lines, recording.lines_read)
    counts.touched = max(counts.touched, comparison.touched_count)
    counts.values += comparison.values
    counts.passes += 1


def _told(name: str, counts: Counts) -> str:
    refused = f" ({counts.refused:,} refused alike)" if counts.refused else ""
    passes = "pass" if counts.passes == 1 else "passes"
    return (
        f"{name}: {counts.lines:,} lines{refused}, {counts.touched:,} touched runners, "
        f"{counts.values:,} values compared in {counts.passes} {passes}, 0 differences"
    )
