"""`trader calibrate FILE…`: fill probabilities against what became of orders that never were."""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any, Final

from rich.console import Console

from trader import __version__
from trader.apps.arguments import ArgumentError, user_path
from trader.apps.commands.calibrate_fit import Fitted, Fitting
from trader.apps.commands.calibrate_read import Files, Reader, make_judge, shown_names
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
from trader.calibration.fitting import as_yaml
from trader.calibration.judging import BASELINE, Block, Judged, blocks_of, pooled
from trader.calibration.sampling import Plan
from trader.calibration.tables import Results
from trader.config.schema import Config
from trader.simulator.output import OutputError, replace_file
from trader.simulator.recording import Recording

DONE: Final = 0
INTERRUPTED: Final = 130
FITTED: Final[FillModel] = "log_logistic"
WIDTH: Final = 150
"""Columns where standard output is no terminal."""
MARKS: Final = ("<!-- calibrate: begin -->", "<!-- calibrate: end -->")


def run(arguments: argparse.Namespace, interrupt: Interrupt) -> int:
    """Exit code 0, or 130 when interrupted; failures are raised (see `apps.trader`)."""
    config = configured(arguments)
    files = [(name, user_path(name)) for name in arguments.files]
    shown = shown_names(files)
    models = _models(arguments)
    queue_models = _queue_models(arguments, config)
    size = 0
    for name, path in files:
        with Recording(path, name) as recording:  # every file is checked before the first is read
            size += recording.size * len(queue_models) * (2 if arguments.fit else 1)
    if arguments.markdown is not None:
        _between_marks(arguments.markdown)
    plan = Plan(arguments.every_ms, arguments.follow_ms)
    block = config.hotloop.seam_config()
    rust = config.hotloop.backend == "rust"
    found: list[Results] = []
    fits: dict[str, Fitted] = {}
    with FileProgress(size, plain=True) as progress:
        reader = Reader(interrupt, progress)
        for queue_model in queue_models:
            if arguments.fit:
                fitting = Fitting(reader, block, models, queue_model, plan, rust=rust)
                fits[queue_model] = fitting.run(files, shown)
                judged = fits[queue_model].judged
            else:
                blocks = blocks_of(block, models, queue_model)
                judged = _judged(reader, files, shown, blocks, plan, rust=rust)
            found.append(Results(queue_model, judged, pooled(judged)))
            if reader.interrupted:
                break
    _print(found, models, arguments, fits)
    interrupted = reader.interrupted
    _write(found, models, arguments, fits, backend=config.hotloop.backend, is_whole=not interrupted)
    if interrupted:
        print("interrupted: files that were not read to their end are left out", flush=True)
        if arguments.markdown is not None:
            print(f"{arguments.markdown} is as it was", flush=True)
        return INTERRUPTED
    return DONE


def _models(arguments: argparse.Namespace) -> list[FillModel]:
    """Those asked for and the baseline, which comes last. Raises `ArgumentError`."""
    asked = FILL_MODELS if arguments.models == "all" else (arguments.models,)
    if arguments.fit and FITTED not in asked:
        raise ArgumentError(f"--fit: chooses parameters of {FITTED}, not of {arguments.models}")
    if arguments.write is not None and not arguments.fit:
        raise ArgumentError("--write: takes the parameters that --fit chooses; add that")
    if arguments.write is not None and arguments.queue_models == "all":
        raise ArgumentError("--write: takes the parameters for one queue model; name it")
    return [*(model for model in asked if model != BASELINE), BASELINE]


def _queue_models(arguments: argparse.Namespace, config: Config) -> Sequence[QueueModel]:
    asked = arguments.queue_models or ("configured" if arguments.fit else "all")
    if asked == "configured":
        asked = config.hotloop.queue.model
    return [model for model in QUEUE_MODELS if asked in (model, "all")]


def _judged(
    reader: Reader,
    files: Files,
    shown: Sequence[str],
    blocks: Mapping[str, Block],
    plan: Plan,
    *,
    rust: bool,
) -> list[Judged]:
    """The files that were read to their end. Raises `StartError`."""
    judged = []
    for (name, path), called in zip(files, shown, strict=True):
        judge = make_judge(called, blocks, plan, rust=rust)
        queue_model = next(iter(blocks.values()))["queue"]["model"]
        if not reader.read(name, path, queue_model, judge.line):
            break
        judged.append(judge.result())
    return judged


def _console() -> Console:
    console = Console()
    return console if console.is_terminal else Console(width=WIDTH)


def _print(
    found: Sequence[Results],
    models: Sequence[str],
    arguments: argparse.Namespace,
    fits: Mapping[str, Fitted],
) -> None:
    console = _console()
    for one in found:
        fitted = fits.get(one.queue_model)
        if fitted is not None and one.files:
            print("each file judged with the parameters that the other files taught:")
        console.print(tables.scores_table(one, models))
        console.print(tables.times_table(one, models))
        if arguments.reliability:
            for table in tables.bin_tables(one, models):
                console.print(table)
        if fitted is not None and fitted.coefficients is not None:
            print(f"the parameters that all files teach, queue model {one.queue_model}:\n")
            print(as_yaml(fitted.coefficients), flush=True)


def _write(
    found: Sequence[Results],
    models: Sequence[str],
    arguments: argparse.Namespace,
    fits: Mapping[str, Fitted],
    *,
    backend: str,
    is_whole: bool,
) -> None:
    """The files that were asked for; unless the results are whole, the tables of a page are not put
    in place of those that are there. Raises `OutputError`."""
    if arguments.markdown is not None and is_whole:
        before, after = _between_marks(arguments.markdown)
        chosen = {name: fitted.by_name() for name, fitted in fits.items()}
        text = "\n".join((MARKS[0], *tables.markdown(found, models, chosen), MARKS[1]))
        _write_text("--markdown", arguments.markdown, f"{before}{text}{after}")
    if arguments.write is not None:
        for fitted in fits.values():  # of one queue model
            if fitted.coefficients is not None:
                _write_text("--write", arguments.write, as_yaml(fitted.coefficients))
    if arguments.json is None:
        return
    document: dict[str, Any] = {
        "version": __version__,
        "hotloop": backend,
        "every_ms": arguments.every_ms,
        "follow_ms": arguments.follow_ms,
        "queue_models": {
            one.queue_model: {
                "files": [tables.judged_json(judged) for judged in one.files],
                "pooled": tables.judged_json(one.total),
            }
            for one in found
        },
        "fitted": {name: _fitted_json(fitted) for name, fitted in fits.items()},
    }
    text = json.dumps(document, indent=2, ensure_ascii=False) + "\n"
    _write_text("--json", arguments.json, text)


def _fitted_json(fitted: Fitted) -> dict[str, Any]:
    of_all = fitted.coefficients
    return {
        "coefficients": None if of_all is None else asdict(of_all),
        "held_out": {name: asdict(chosen) for name, chosen in fitted.held_out.items()},
    }


def _write_text(option: str, shown: str, text: str) -> None:
    """Raises `OutputError`."""
    path = user_path(shown)
    try:
        if path.exists() and not path.is_file():  # a pipe or a terminal, which is written to
            path.write_text(text, encoding="utf-8")
        else:
            replace_file(path.resolve(), text.encode())
    except OSError as error:
        raise OutputError(f"{option} {shown}: cannot be written: {error.strerror}") from None


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
