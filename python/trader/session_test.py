"""Who is fed, and who computes signals, is what `book_builder` says: seen in a profile."""

from __future__ import annotations

import cProfile
import pstats
from pathlib import Path

import pytest

from trader.betfair import book_builder, books, signals
from trader.betfair.signals import fill, matched, queue
from trader.config.loading import load
from trader.execution.blotter import Blotter
from trader.monitoring.metrics import Metrics
from trader.session import open_second_book, open_session
from trader.simulator.generator import Race, RaceShape
from trader.strategy.hotloop.config import read_config
from trader.testing import LiveScene, make_executor

LINES = list(Race(1, RaceShape(pre_off_s=20.0, in_play_s=2.0)).lines())
BUILDER = {book_builder.__file__, books.__file__}
SIGNALS = str(Path(signals.__file__).parent)
MATCHING = {matched.__file__, queue.__file__}
"""The dry run's matching has the same rules, for our own orders alone."""
JUDGING = {fill.__file__}
"""Estimates of our own orders are held against the baseline's, of what the seam says."""


def called(folder: Path, *overrides: str) -> set[str]:
    """The files whose functions are called while a session plays the race."""
    with Blotter(folder / "blotter.sqlite") as blotter:
        session = open_session(
            load("dry", overrides),
            source="race",
            blotter=blotter,
            metrics=Metrics(),
            make_executor=make_executor,
            run_dir=folder,
        )
        with cProfile.Profile() as profile:
            for line in LINES:
                session.engine.on_line(line)
            session.engine.finish("end of race")
    assert session.engine.counts.seam_errors == 0
    assert session.desk.counts.intents.total() > 0
    stats = pstats.Stats(profile)
    return {file for file, _, _ in stats.stats}  # type: ignore[attr-defined]


def signal_files(files: set[str]) -> set[str]:
    return {file for file in files if file.startswith(SIGNALS)} - MATCHING - JUDGING


@pytest.fixture
def _rust() -> None:
    pytest.importorskip("hotloop", reason="the Rust extension `hotloop` is not installed")


@pytest.mark.usefixtures("_rust")
def test_with_the_feed_off_no_python_book_is_in_a_rust_replay(tmp_path: Path) -> None:
    files = called(tmp_path)
    assert not files & BUILDER
    assert not signal_files(files)


@pytest.mark.usefixtures("_rust")
def test_a_second_book_without_signals_does_no_work_for_them(tmp_path: Path) -> None:
    files = called(tmp_path, "book_builder.feed=always", "book_builder.signals=false")
    assert files >= BUILDER
    assert not signal_files(files), "rates, trade sizes, observation: gone from the profile"


@pytest.mark.usefixtures("_rust")
def test_a_second_book_computes_signals_when_told_to(tmp_path: Path) -> None:
    files = called(tmp_path, "book_builder.feed=always", "book_builder.signals=true")
    assert files >= BUILDER
    assert signal_files(files)


def test_the_python_hotloop_has_a_book_of_its_own_and_gets_no_second_one(tmp_path: Path) -> None:
    python = ("hotloop.rust=false", "book_builder.feed=always")
    assert open_second_book(load("dry", python)) is None
    files = called(tmp_path, *python)
    assert files >= BUILDER
    assert signal_files(files)


def test_the_second_book_has_the_seams_own_limits_and_settings() -> None:
    config = load("dry", ["book_builder.feed=always", "hotloop.state.max_markets=7"])
    second = open_second_book(config)
    assert second is not None
    builder = second._builder
    settings = read_config(config.hotloop.seam_config())
    assert builder.markets_max == 7
    assert builder.closed_retention_ms == settings.closed_retention_ms
    assert builder.segments.bytes_max == settings.max_segment_bytes
    assert builder.signal_settings == settings.signals


def test_whether_the_executor_is_healthy_is_told_as_it_is_now(tmp_path: Path) -> None:
    scene = LiveScene(tmp_path)
    assert scene.metrics.executor_up
    for healthy in (False, True):
        scene.venue.healthy = healthy
        scene.session.measure(now=True)
        assert scene.metrics.executor_up is healthy


def test_only_live_trading_at_a_venue_is_no_dry_run_to_whoever_is_woken(tmp_path: Path) -> None:
    assert not LiveScene(tmp_path).metrics.dry_run
    metrics = Metrics()
    with Blotter(tmp_path / "demo.sqlite") as blotter:
        open_session(
            load("dry", ["execution.dry_run=false"]),
            source="race",
            blotter=blotter,
            metrics=metrics,
            make_executor=make_executor,
            run_dir=tmp_path,
        )
    assert metrics.dry_run
