"""A run over many inputs: what is finished already, who plays the rest, one result of all parts."""

from __future__ import annotations

import hashlib
import json
import os
import sqlite3
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

from trader.config.schema import Config
from trader.execution.blotter import Blotter
from trader.monitoring.metrics import Metrics
from trader.session import StartError
from trader.simulator.many.handout import Handout, Progress
from trader.simulator.many.inputs import ReplayInput
from trader.simulator.many.job import Failure, JobSettings, PartRecord
from trader.simulator.many.parts import Parts
from trader.simulator.output import OutputError, OutputFolder
from trader.simulator.recording import RecordingError
from trader.simulator.summary import RunSummary
from trader.strategy.watched_edge import EdgeFailedError

Play = Callable[[Handout, JobSettings, int, Path], None]
"""Plays all that a handout has with at most so many workers; the folder is for sidecars."""


@dataclass(frozen=True, slots=True)
class ManyInputs:
    """What a run over many inputs is made of.

    - `resume`: only go on with a run that was begun; `fresh`: throw away what it had finished.
      Neither: go on where there is something to go on with.
    """

    inputs: list[ReplayInput]
    settings: JobSettings
    play: Play
    workers: int
    resume: bool
    fresh: bool


def default_workers() -> int:
    """As many as this process may use processors."""
    return len(os.sched_getaffinity(0))


def config_digest(config: Config) -> str:
    text = json.dumps(asdict(config), sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()


def play_many(
    many: ManyInputs,
    output: OutputFolder,
    blotter: Blotter,
    metrics: Metrics,
    *,
    stop: Callable[[], bool],
    progress: Progress,
) -> RunSummary:
    """Plays what is not finished yet, then merges everything into blotter and summary, in the
    order of the inputs. When it was stopped they hold the inputs that were finished.

    Raises `OutputError`; `RecordingError` when an input cannot be read, `EdgeFailedError` when an
    edge failed, `StartError` when it could not be played for another reason: every other input that
    could be played is kept then, as a part, unless the reason would meet them all.
    """
    settings = many.settings
    parts = Parts(
        output, many.inputs, config=config_digest(settings.config), program=settings.program
    )
    done = parts.begin(fresh=many.fresh)
    if many.resume and not done:
        raise OutputError(
            f"--out {output.name}: holds no finished inputs of this run to --resume; leave it out"
        )
    if done:
        progress.text(f"goes on: {len(done):,} of {len(many.inputs):,} inputs are finished")
    busy_s = 0.0

    def kept(record: PartRecord) -> None:
        nonlocal busy_s
        metrics.add(record.totals)
        busy_s += record.wall_s

    started_s = time.perf_counter()
    handout = Handout(many.inputs, parts, done, stop=stop, kept=kept, progress=progress)
    earlier_s = busy_s / many.workers  # as near as it can be told
    try:
        if handout.pending:
            many.play(handout, settings, many.workers, output.run_dir)
        if handout.failures:
            raise _failed(handout)
        summary = _merged(many, handout, blotter, output.name)
        summary.wall_s = earlier_s + time.perf_counter() - started_s
        return summary
    except KeyboardInterrupt:
        raise KeyboardInterrupt(f"interrupted at once; {_kept(handout)}") from None


def _merged(many: ManyInputs, handout: Handout, blotter: Blotter, shown: str) -> RunSummary:
    """One part after the other, so that no more than one is looked at."""
    settings = many.settings
    summary = RunSummary(settings.config, settings.command)
    summary.interrupted = len(handout.finished) < len(many.inputs)
    for number in sorted(handout.finished):
        try:
            blotter.take_in(handout.parts.blotter(number))
        except sqlite3.Error as error:
            name = handout.inputs[number].name
            raise OutputError(
                f"--out {shown}: what is kept of {name} cannot be merged: {error}; if the disk is "
                "not full, --fresh begins anew"
            ) from None
        summary.inputs.append(handout.parts.record(number).summary)
    return summary


def _failed(handout: Handout) -> Exception:
    """One line for all that failed: the first one, how many more, what is kept."""
    numbers = sorted(handout.failures)
    failures = [handout.failures[number] for number in numbers]
    first = failures[0]
    others = "" if len(failures) == 1 else f"; {_others(failures[1:])}"
    message = f"{first.message}{others} ({_kept(handout)})"
    if first.kind == "recording":
        name = handout.inputs[numbers[0]].name
        return RecordingError(name, None, message.removeprefix(f"{name}: "))
    if first.kind == "edge":
        return EdgeFailedError(message)
    return OutputError(message) if first.kind == "output" else StartError(message)


def _kept(handout: Handout) -> str:
    done, total = len(handout.finished), len(handout.inputs)
    return f"{done:,} of {total:,} inputs are finished and kept, the same command goes on"


def _others(failures: list[Failure]) -> str:
    more = "" if len(failures) == 1 else f", and {len(failures) - 1:,} more"
    return f"also {failures[0].message}{more}"
