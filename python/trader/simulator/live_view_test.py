"""The demo's views show the race, our orders and the figures, and change nothing."""

from __future__ import annotations

import io
from contextlib import nullcontext
from itertools import count
from pathlib import Path

import pytest
from rich.console import Console

from trader.config.loading import load
from trader.execution.blotter import Blotter
from trader.monitoring.metrics import Metrics
from trader.simulator.generator import Race, RaceShape
from trader.simulator.live_view import LiveView, PlainView, View
from trader.simulator.replay import Replay, Source
from trader.simulator.summary import TIMING_KEYS
from trader.testing import make_executor

SHAPE = RaceShape(pre_off_s=60.0, in_play_s=4.0)


def play(folder: Path, race: Race, view: View | None, metrics: Metrics) -> dict[str, object]:
    with Blotter(folder / f"{id(view)}.sqlite") as blotter:
        replay = Replay(
            load(),
            command="demo",
            blotter=blotter,
            metrics=metrics,
            make_executor=make_executor,
            run_dir=folder,
            stop=lambda: False,
            observer=view,
            watch=view.watch if view is not None else None,
        )
        replay.run([Source("race", lambda: nullcontext(race.lines()))])
    summary = replay.summary.as_json(metrics)
    return {key: value for key, value in summary.items() if key not in TIMING_KEYS}


@pytest.fixture
def always_due(monkeypatch: pytest.MonkeyPatch) -> None:
    """A wall clock on which every look is due."""
    seconds = count(0.0, 10.0)
    monkeypatch.setattr("trader.simulator.live_view.monotonic", lambda: next(seconds))


@pytest.mark.usefixtures("always_due")
def test_the_live_view_shows_ladders_orders_and_figures(tmp_path: Path) -> None:
    race, metrics, screen = Race(7, SHAPE), Metrics(), io.StringIO()
    console = Console(file=screen, force_terminal=True, width=140, height=60)
    with LiveView(race, metrics, console) as view:
        play(tmp_path, race, view, metrics)
    shown = screen.getvalue()
    for word in (
        "Amber Ridge",
        "off in 0:5",
        "s after the off",
        "market OPEN",
        "→ PLACE",
        "← FILLED",
    ):
        assert word in shown
    for word in ("apply_delta p50", "executor python: healthy", "market settled: net", "backed"):
        assert word in shown


@pytest.mark.usefixtures("always_due")
def test_the_plain_view_prints_whole_lines(tmp_path: Path) -> None:
    race, metrics, out = Race(7, SHAPE), Metrics(), io.StringIO()
    with PlainView(race, out, pytest.fail) as view:
        play(tmp_path, race, view, metrics)
    lines = out.getvalue().splitlines()
    assert lines
    for line in lines:
        assert "intents" in line
        assert "P&L at the last prices" in line
    assert "off in 0:5" in lines[0]


@pytest.mark.usefixtures("always_due")
def test_the_plain_view_says_when_nobody_reads_it_any_more(tmp_path: Path) -> None:
    class Closed(io.StringIO):
        def write(self, _text: str, /) -> int:
            raise BrokenPipeError

    told: list[str] = []
    race = Race(7, SHAPE)
    with PlainView(race, Closed(), lambda: told.append("closed")) as view:
        play(tmp_path, race, view, Metrics())
    assert told


@pytest.mark.usefixtures("always_due")
def test_a_view_changes_nothing(tmp_path: Path) -> None:
    watched, alone = Race(7, SHAPE), Race(7, SHAPE)
    metrics = Metrics()
    with LiveView(watched, metrics, Console(file=io.StringIO(), force_terminal=True)) as view:
        seen = play(tmp_path, watched, view, metrics)
    assert seen == play(tmp_path, alone, None, Metrics())


def test_metrics_count_what_the_seam_read(tmp_path: Path) -> None:
    metrics = Metrics()
    summary = play(tmp_path, Race(7, SHAPE), None, metrics)
    assert metrics.messages_total == summary["lines"]
    assert metrics.seam_counts["runner_changes"] == summary["runner_changes"]
    assert metrics.executor_up
