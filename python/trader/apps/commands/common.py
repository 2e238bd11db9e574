"""What the commands that run the engine share: configuration, executor, logging, run folder."""

from __future__ import annotations

import argparse
import dataclasses
import json
import logging
import os
import sqlite3
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, TextIO

from trader.apps.arguments import ArgumentError, user_path
from trader.config.loading import load
from trader.config.schema import Config, LogConfig
from trader.execution.blotter import Blotter
from trader.execution.interfaces.executor import ExecutorLost
from trader.monitoring.metrics import Metrics
from trader.recovery import SeamLost
from trader.report.page import report as page_of
from trader.simulator.generator import RaceShape
from trader.simulator.output import OutputError, OutputFolder
from trader.simulator.replay import Replay, Source
from trader.strategy.edges.registry import EDGES

_log: Final = logging.getLogger("trader.apps")
_LEVELS: Final = {
    "error": logging.ERROR,
    "warn": logging.WARNING,
    "info": logging.INFO,
    "debug": logging.DEBUG,
    "trace": logging.DEBUG,
}


@dataclass(slots=True)
class Run:
    """The open parts of one command's run."""

    config: Config
    output: OutputFolder
    blotter: Blotter
    metrics: Metrics
    has_page: bool = False
    """Whether its page was put in place."""


def configured(arguments: argparse.Namespace) -> Config:
    """The configuration of a command's `--profile`, `--set` and its own short options.

    Raises `ConfigError`.
    """
    overrides = list(arguments.overrides)
    hotloop = getattr(arguments, "hotloop", None)
    if hotloop is not None:
        on = "true" if hotloop == "rust" else "false"
        enabled = "false" if hotloop == "python" else "true"
        overrides += [f"hotloop.enabled={enabled}", f"hotloop.rust={on}"]
        overrides.append(f"hotloop.shadow={'true' if hotloop == 'both' else 'false'}")
        if arguments.command == "replay":  # it has the time, unless the person says otherwise
            overrides.insert(0, "hotloop.shadow_load=1.0")
        if hotloop != "rust":
            overrides.append("book_builder.signals=true")  # they are the Python Hotloop's own
    if getattr(arguments, "execution", None) is not None:
        overrides.append(f"execution.backend={arguments.execution}")
        if arguments.execution == "rust" and arguments.command == "demo":
            overrides.append("execution.dry_run=true")  # in lockstep only the Python one trades
    if arguments.command == "replay":
        overrides.append("execution.dry_run=true")  # there is no venue in a recording
    if getattr(arguments, "feed", None) is not None:
        overrides.append(f"simulator.feed={arguments.feed}")
    if getattr(arguments, "seed", None) is not None:
        overrides.append(f"simulator.demo.seed={arguments.seed}")
    if getattr(arguments, "speed", None) is not None:
        overrides.append(f"simulator.demo.speed={arguments.speed}")
    if getattr(arguments, "without_shipped_edges", False):
        overrides += [f"edges.{name}.enabled=false" for name in EDGES]
    return load(
        profile_of(arguments.profile),
        overrides,
        edge_files=edge_files_of(arguments),
        working_dir=user_path(""),
        runs_edges=hasattr(arguments, "edge_files"),  # a broken one is in nobody else's way
    )


def traded_with(arguments: argparse.Namespace) -> Config:
    """As `configured`, for commands that have no default profile.

    Raises `ConfigError`, `ArgumentError` where nothing says at which venue one trades.
    """
    config = configured(arguments)
    if not config.profile and not config.betfair.app_key_file:
        raise ArgumentError(
            "--profile is missing: name the profile that is traded with (docs/live.md, A profile)"
        )
    return config


def edge_files_of(arguments: argparse.Namespace) -> list[tuple[str, Path]]:
    """The files of `--edge`: as they were written, and as they were meant."""
    return [(name, user_path(name)) for name in getattr(arguments, "edge_files", ())]


def race_shape(config: Config, *, incidents: bool = False) -> RaceShape:
    """The generated races of `simulator.demo`; `incidents`: with a non-runner, starting prices and
    a suspension in play."""
    demo = config.simulator.demo
    return RaceShape(
        runners=demo.runners,
        pre_off_s=demo.pre_off_s,
        in_play_s=demo.in_play_s,
        messages_per_s=demo.messages_per_s,
        market_base_rate_percent=demo.market_base_rate_percent,
        non_runner=incidents,
        bsp=incidents,
        suspensions_in_play=1 if incidents else 0,
    )


def profile_of(profile: str | None) -> str | None:
    """A profile's name, or its path as the person meant it."""
    if profile is not None and profile.endswith((".yaml", ".yml")):
        return str(user_path(profile))
    return profile


@contextmanager
def opened(
    config: Config,
    folder: Path,
    shown: str,
    identity: dict[str, object],
    *,
    replaces_any: bool = False,
    keeps_parts: bool = False,
) -> Iterator[Run]:
    """A run's output folder, blotter, log and metrics, closed again whatever happens.

    Raises `OutputError` and `MetricsServeError`.
    """
    set_up_log(config.monitoring.log)
    output = OutputFolder(
        folder, identity, shown, replaces_any=replaces_any, keeps_parts=keeps_parts
    )
    try:
        with served_metrics(config) as metrics:
            try:
                with Blotter(output.blotter) as blotter:
                    yield Run(config, output, blotter, metrics)
            except sqlite3.Error as error:
                raise OutputError(f"--out {shown}: cannot be written: {error}") from None
    finally:
        output.close()


@contextmanager
def served_metrics(config: Config, *, dry_run: bool = True) -> Iterator[Metrics]:
    """A command's metrics, on their page where the configuration asks for it. Of a trader that
    fails as it starts, `dry_run` is all that alerts know: false where it is to trade real money.

    Raises `MetricsServeError`.
    """
    metrics = Metrics()
    metrics.dry_run = dry_run
    wanted = config.monitoring.metrics
    try:
        if wanted.enabled:
            port = metrics.serve(wanted.host, wanted.port)
            print(f"metrics: http://{wanted.host}:{port}/metrics", file=sys.stderr)
        yield metrics
    finally:
        metrics.close()


def play(run: Run, replay: Replay, sources: Iterable[Source]) -> dict[str, Any]:
    """Plays the sources and puts summary, blotter and report in place; returns the summary.

    Raises what `Replay.run` does.
    """
    replay.run(sources)
    run.blotter.close()
    summary = replay.summary.as_json(run.metrics)
    run.output.commit(summary)
    put_report(run)
    return summary


def put_report(run: Run) -> None:
    """Makes the page of a run that was committed, where the configuration asks for it."""
    if run.config.report.enabled:
        output = run.output
        run.has_page = page_put(output.folder, output.name, output.put_report)


def page_put(folder: Path, shown: str, put: Callable[[bytes], None]) -> bool:
    """Makes the page of a run that is kept and puts it in place; whether it is there. How the run
    ended is told in any case: what is in the way of a page is logged."""
    try:
        put(page_of(folder, shown))
    except OutputError as error:
        _log.error("no report: %s", error)
    except KeyboardInterrupt:
        _log.error("no report: interrupted; the run is kept, trader report %s makes it", shown)
    else:
        return True
    return False


def report(summary: dict[str, Any], lines: Iterable[str], out: str) -> int:
    """Prints a kept run's lines; returns the exit code, 0 or 130.

    Raises `ExecutorLost` or `SeamLost` afterwards when that is what ended the run.
    """
    for line in lines:
        print(line, flush=True)
    kept = f"what was done until then is in {out}/summary.json"
    if summary["executor_lost"] is not None:
        raise ExecutorLost(f"{summary['executor_lost']}; {kept}")
    if summary["seam_lost"] is not None:
        raise SeamLost(f"{summary['seam_lost']}; {kept}")
    return 130 if summary["interrupted"] else 0


def identity_of(config: Config, command: str, inputs: list[str]) -> dict[str, object]:
    """What makes two runs the same run; a folder holds one. An edge that comes from a file is
    another one with every change of that file or of its parameters."""
    identity: dict[str, object] = {
        "command": command,
        "inputs": inputs,
        "hotloop": config.hotloop.backend,
        "execution": config.execution.backend,
        "feed": config.simulator.feed,
        "profile": config.profile,
    }
    if config.own_edges:
        identity["edges"] = {
            name: {"sha256": own.sha256, **dataclasses.asdict(config.edges[name])}
            for name, own in config.own_edges.items()
        }
    return identity


def live_folder(out: str | None, profile: str) -> str:
    """The folder of a live trader: `--out`, or one of the user's own for the profile."""
    return out or str(state_folder() / "hotloop" / f"live-{profile or 'base'}")


def state_folder() -> Path:
    """Where programs keep a user's state: XDG_STATE_HOME, its default, or the temporary folder."""
    named = Path(os.environ.get("XDG_STATE_HOME", ""))
    if named.is_absolute():
        return named
    try:
        home = Path.home()
    except RuntimeError:  # no HOME and no entry for the user
        return Path(tempfile.gettempdir())
    return home / ".local" / "state" if os.access(home, os.W_OK) else Path(tempfile.gettempdir())


class _CurrentStderr(logging.StreamHandler[TextIO]):
    """Writes to whatever standard error is at the moment: a live view may have taken it over."""

    def emit(self, record: logging.LogRecord) -> None:
        self.stream = sys.stderr
        super().emit(record)


class _JsonFormatter(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        entry: dict[str, object] = {
            "ts": self.formatTime(record, "%Y-%m-%dT%H:%M:%S"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        if record.exc_info:
            entry["exception"] = self.formatException(record.exc_info)
        return json.dumps(entry, ensure_ascii=False)


def set_up_log(config: LogConfig) -> None:
    """Sends the trader's log to standard error as `monitoring.log` says."""
    handler = _CurrentStderr()
    handler.setFormatter(
        _JsonFormatter()
        if config.format == "json"
        else logging.Formatter("trader: %(levelname)s: %(message)s")
    )
    logger = logging.getLogger("trader")
    logger.handlers[:] = [handler]
    logger.propagate = False
    logger.setLevel(_LEVELS[config.level])
