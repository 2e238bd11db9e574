"""`trader calibrate FILE…`: fill probabilities against what became of orders that never were."""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from rich.console import Console

from trader import __version__
from trader.apps.arguments import user_path
from trader.apps.commands.common import configured
from trader.apps.interrupt import Interrupt
from trader.apps.progress import FileProgress
from trader.betfair.signals.settings import (
    FILL_MODELS,
    QUEUE_MODELS,
    FillModel,
    QueueModel,
)
from trader.calibration import tables
from trader.calibration.judging import BASELINE, Block, Judge, Judged, blocks_of, pooled
from trader.calibration.sampling import Plan
from trader.calibration.tables import Results
from trader.session import StartError
from trader.simulator.output import OutputError
from trader.simulator.recording import Recording
from trader.strategy.hotloop.errors import HotloopError

DONE: Final = 0
INTERRUPTED: Final = 130
WIDTH: Final = 150
"""Columns where standard output is no terminal."""
LOOK_EVERY_LINES: Final = 16
MARKS: Final = ("<!-- calibrate: begin -->", "<!-- calibrate: end -->")

Files = Sequence[tuple[str, Path]]


def run(arguments: argparse.Namespace, interrupt: Interrupt) -> int:
    """Exit code 0, or 130 when interrupted; failures are raised (see `apps.trader`)."""
    config = configured(arguments)
    models = _models(arguments)
    files = [(name, user_path(name)) for name in arguments.files]
    queue_models: Sequence[QueueModel] = QUEUE_MODELS
    if arguments.queue_models != "all":
        queue_models = (arguments.queue_models,)
    size = 0
    for name, path in files:
        with Recording(path, name) as recording:  # every file is checked before the first is read
            size += recording.size * len(queue_models)
    if arguments.markdown is not None:
        _between_marks(arguments.markdown)
    plan = Plan(arguments.every_ms, arguments.follow_ms)
    block = config.hotloop.seam_config()
    rust = config.hotloop.backend == "rust"
    console = _console()
    found: list[Results] = []
    with FileProgress(size, plain=True) as progress:
        reader = Reader(interrupt, progress)
        for queue_model in queue_models:
            judged = _judged(reader, files, blocks_of(block, models, queue_model), plan, rust=rust)
            found.append(Results(queue_model, judged, pooled(judged)))
            if reader.interrupted:
                break
    _print(console, found, models, arguments)
    _write(found, models, plan, arguments, backend=config.hotloop.backend)
    if reader.interrupted:
        print("interrupted: files that were not read to their end are left out", flush=True)
        return INTERRUPTED
    return DONE


class Reader:
    """Recordings line by line, until Ctrl-C."""

    def __init__(self, interrupt: Interrupt, progress: FileProgress) -> None:
        self.interrupted = False
        self._interrupt = interrupt
        self._progress = progress
        self._bytes_before = 0

    def read(self, name: str, path: Path, what: str, line: Callable[[bytes], None]) -> bool:
        """Gives every line of a file away; False when it was interrupted. Raises
        `RecordingError`."""
        with Recording(path, name) as recording:
            for number, raw in enumerate(recording, start=1):
                line(raw)
                if self._interrupt.requested():
                    self.interrupted = True
                    return False
                if number % LOOK_EVERY_LINES == 0 and self._progress.is_due():
                    done = self._bytes_before + recording.position
                    self._progress.show(f"{name} ({what})", done, number)
            self._bytes_before += recording.size
        return True


def _models(arguments: argparse.Namespace) -> list[FillModel]:
    """Those asked for and the baseline, which comes last."""
    asked = FILL_MODELS if arguments.models == "all" else (arguments.models,)
    return [*(model for model in asked if model != BASELINE), BASELINE]


def _judged(
    reader: Reader, files: Files, blocks: Mapping[str, Block], plan: Plan, *, rust: bool
) -> list[Judged]:
    """The files that were read to their end. Raises `StartError`."""
    judged = []
    for name, path in files:
        judge = make_judge(path.name, blocks, plan, rust=rust)
        queue_model = next(iter(blocks.values()))["queue"]["model"]
        if not reader.read(name, path, queue_model, judge.line):
            break
        judged.append(judge.result())
    return judged


def make_judge(name: str, blocks: Mapping[str, Block], plan: Plan, *, rust: bool) -> Judge:
    """Raises `StartError` where the backend asked for is not there."""
    try:
        return Judge(name, blocks, plan, rust=rust)
    except ImportError as error:
        raise StartError(f"{error} (or: --hotloop python)") from None
    except HotloopError as error:
        raise StartError(f"the hotloop block is refused: {error}") from None


def _console() -> Console:
    console = Console()
    return console if console.is_terminal else Console(width=WIDTH)


def _print(
    console: Console,
    found: Sequence[Results],
    models: Sequence[str],
    arguments: argparse.Namespace,
) -> None:
    for one in found:
        console.print(tables.scores_table(one, models))
        console.print(tables.times_table(one, models))
        if arguments.reliability:
            for table in tables.bin_tables(one, models):
                console.print(table)


def _write(
    found: Sequence[Results],
    models: Sequence[str],
    plan: Plan,
    arguments: argparse.Namespace,
    *,
    backend: str,
) -> None:
    """The files that were asked for. Raises `OutputError`."""
    if arguments.markdown is not None:
        before, after = _between_marks(arguments.markdown)
        text = "\n".join((MARKS[0], *tables.markdown(found, models), MARKS[1]))
        write_text(arguments.markdown, f"{before}{text}{after}")
    if arguments.json is not None:
        document: dict[str, Any] = {
            "version": __version__,
            "hotloop": backend,
            "every_ms": plan.every_ms,
            "follow_ms": plan.follow_ms,
            "queue_models": {
                one.queue_model: {
                    "files": [tables.judged_json(judged) for judged in one.files],
                    "pooled": tables.judged_json(one.total),
                }
                for one in found
            },
        }
        write_text(arguments.json, json.dumps(document, indent=2, ensure_ascii=False) + "\n")


def write_text(shown: str, text: str) -> None:
    """Raises `OutputError`."""
    try:
        user_path(shown).write_text(text, encoding="utf-8")
    except OSError as error:
        raise OutputError(f"{shown}: cannot be written: {error.strerror}") from None


def _between_marks(shown: str) -> tuple[str, str]:
    """What stands before and after the marks of a Markdown file. Raises `OutputError`."""
    try:
        text = user_path(shown).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "is no text"
        raise OutputError(f"--markdown {shown}: cannot be read: {reason}") from None
    begin, end = text.find(MARKS[0]), text.find(MARKS[1])
    if begin < 0 or end < begin:
        raise OutputError(
            f"--markdown {shown}: has no lines {MARKS[0]} and {MARKS[1]}; put them where the "
            "tables are to stand"
        )
    return text[:begin], text[end + len(MARKS[1]) :]
