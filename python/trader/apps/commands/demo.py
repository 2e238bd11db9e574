"""`trader demo` (and `trader` alone): paper money on a generated race, at a simulated exchange."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from rich.console import Console

from trader.apps.arguments import ArgumentError, user_path
from trader.apps.commands.common import (
    Run,
    configured,
    identity_of,
    opened,
    play,
    race_shape,
    report,
    state_folder,
)
from trader.apps.commands.executors import make_executor
from trader.apps.commands.start_check import check_versions
from trader.apps.interrupt import Interrupt
from trader.config.schema import Config
from trader.session import Session
from trader.simulator.feeds import GeneratedFeed
from trader.simulator.generator import MARKET_ID, Race, RaceShape
from trader.simulator.live_view import LiveView, PlainView, View
from trader.simulator.paper import PaperVenue
from trader.simulator.replay import Replay, Source
from trader.simulator.report import demo_lines, venue_agrees
from trader.status.board import Observers, StatusBoard
from trader.status.names import Names
from trader.status.service import served_status, status_board
from trader.status.snapshot import Surroundings

_SLEEP_S: Final = 0.05
"""The longest nap between two looks at Ctrl-C."""


def run(arguments: argparse.Namespace, interrupt: Interrupt) -> int:
    """Exit code 0, 1 where the venue's settlement is not the ledger's, or 130 when interrupted;
    failures are raised (see `apps.trader`)."""
    config = configured(arguments)
    if config.execution.backend == "rust" and not config.execution.dry_run:
        raise ArgumentError(
            "execution.backend rust with execution.dry_run false is for `trader live`: the demo's"
            " exchange stands still while the trader works, which the sidecar does not wait for;"
            " --execution rust keeps the demo's orders dry"
        )
    check_versions(config)
    demo = config.simulator.demo
    shape = race_shape(config)
    race = Race(demo.seed, shape)
    name = f"generated race, seed {demo.seed}"
    identity = identity_of(config, "demo", [f"{name}, {shape}"])
    folder, shown = demo_folder(arguments.out, config)
    own = arguments.out is None
    with opened(config, folder, shown, identity, replaces_any=own) as opened_run:
        about = f"{name}: {demo.runners} runners, {_how(config)}; Ctrl-C ends it cleanly"
        print(about, flush=True)
        summary = _play(opened_run, race, shape, name, interrupt)
    lines = demo_lines(summary, shown, race.names, has_page=opened_run.has_page)
    code = report(summary, lines, shown)
    return 1 if code == 0 and not venue_agrees(summary) else code


def _play(
    opened_run: Run, race: Race, shape: RaceShape, name: str, interrupt: Interrupt
) -> dict[str, Any]:
    speed = opened_run.config.simulator.demo.speed
    config = opened_run.config
    feed = GeneratedFeed(config.simulator.demo.seed, shape=shape)
    around = _surroundings(opened_run, race)
    board = status_board(around)
    with (
        PaperVenue(config, feed) as venue,
        served_status(board, around, opened_run.output.folder, interrupt.request),
        _view(opened_run, race, interrupt) as view,
    ):
        replay = Replay(
            config,
            command="demo",
            blotter=opened_run.blotter,
            metrics=opened_run.metrics,
            make_executor=make_executor if config.execution.dry_run else venue.make_executor,
            run_dir=opened_run.output.run_dir,
            stop=interrupt.requested,
            observer=Observers(view, board),
            pace=_pacer(speed, race.first_pt_ms, interrupt.requested) if speed > 0 else None,
            watch=lambda session: _watched(session, board, view),
        )
        replay.summary.extra["seed"] = config.simulator.demo.seed
        replay.summary.extra["runner_names"] = {str(i): name for i, name in race.names.items()}
        return play(opened_run, replay, [Source(name, lambda: _market(venue, replay))])


def _watched(session: Session, board: StatusBoard, view: View) -> None:
    board.turn(session)
    view.watch(session)


def _surroundings(opened_run: Run, race: Race) -> Surroundings:
    names = Names()
    names.named(MARKET_ID, "Generated race", race.names)
    return Surroundings(
        config=opened_run.config,
        mode="demo",
        venue="dry run" if opened_run.config.execution.dry_run else "simulated exchange",
        metrics=opened_run.metrics,
        names=names,
        metrics_url=opened_run.metrics.url,
    )


@contextmanager
def _market(venue: PaperVenue, replay: Replay) -> Iterator[Iterator[bytes]]:
    """The venue's lines; in the end what its account came to goes into the summary."""
    lines = venue.lines()
    try:
        yield lines
    finally:
        lines.close()
        replay.summary.extra["exchange"] = venue.result().as_json()


def _pacer(speed: float, first_pt_ms: int, stop: Callable[[], bool]) -> Callable[[int], None]:
    """Holds the stream's clock back to `speed` times the wall's."""
    started_s = time.monotonic()

    def pace(now_ms: int) -> None:
        due_s = started_s + (now_ms - first_pt_ms) / 1000 / speed
        while not stop():
            left_s = due_s - time.monotonic()
            if left_s <= 0:
                return
            time.sleep(min(left_s, _SLEEP_S))

    return pace


def _view(opened_run: Run, race: Race, interrupt: Interrupt) -> View:
    console = Console()
    if console.is_terminal and not console.is_dumb_terminal:
        return LiveView(race, opened_run.metrics, console)
    return PlainView(race, sys.stdout, interrupt.request)


def demo_folder(out: str | None, config: Config) -> tuple[Path, str]:
    """`--out`, or a folder of the user's own for just this demo, so that it is never in the way."""
    if out is not None:
        return user_path(out), out
    demo = config.simulator.demo
    name = f"demo-{demo.seed}-{config.hotloop.backend}-{config.execution.backend}"
    folder = state_folder() / "hotloop" / name
    return folder, str(folder)


def _how(config: Config) -> str:
    speed = config.simulator.demo.speed
    pace = f"{speed:g} times faster than life" if speed > 0 else "as fast as it goes"
    where = "dry run" if config.execution.dry_run else "simulated exchange"
    return (
        f"hotloop {config.hotloop.backend}, execution {config.execution.backend} ({where}), {pace}"
    )
