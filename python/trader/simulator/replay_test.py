"""A replay can be stopped between two lines, keeps its inputs apart, and adds them up."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from trader import session
from trader.config.loading import load
from trader.config.schema import Config
from trader.engine import TIMED_EVERY
from trader.execution.blotter import Blotter
from trader.execution.executor_py.executor import PythonExecutor
from trader.execution.interfaces.executor import Executor, ExecutorLost, ExecutorStartError
from trader.execution.ipc import Bus
from trader.monitoring.metrics import Metrics
from trader.session import MakeExecutor
from trader.simulator.generator import Race, RaceShape
from trader.simulator.recording import RecordingError
from trader.simulator.replay import Replay, Source
from trader.simulator.summary import BACKEND_KEYS, NOT_COMPUTED, TIMING_KEYS
from trader.strategy.hotloop.api import Hotloop

SHAPE = RaceShape(pre_off_s=40.0, in_play_s=4.0)


class CountedExecutor(PythonExecutor):
    """Counts how many were started and stopped."""

    started = 0
    stopped = 0

    def start(self) -> None:
        CountedExecutor.started += 1

    def stop(self) -> None:
        CountedExecutor.stopped += 1


def make_counted(config: Config, bus: Bus, _metrics: Metrics, _run_dir: Path) -> Executor:
    return CountedExecutor(bus, config.execution.limits.dry_run())


def race(seed: int, name: str | None = None) -> Source:
    return Source(name or f"race {seed}", lambda: nullcontext(Race(seed, SHAPE).lines()))


def play(
    folder: Path,
    *sources: Source,
    stop: Callable[[], bool] = lambda: False,
    make_executor: MakeExecutor = make_counted,
    **more: Any,
) -> dict[str, Any]:
    metrics = Metrics()
    with Blotter(folder / "blotter.sqlite") as blotter:
        replay = Replay(
            load(),
            command="replay",
            blotter=blotter,
            metrics=metrics,
            make_executor=make_executor,
            run_dir=folder,
            stop=stop,
            **more,
        )
        replay.run(sources)
    summary = replay.summary.as_json(metrics)
    json.dumps(summary, allow_nan=False)
    return summary


def ended(folder: Path) -> list[tuple[str, str | None]]:
    connection = sqlite3.connect(folder / "blotter.sqlite")
    try:
        return connection.execute("select source, ended from runs order by run").fetchall()
    finally:
        connection.close()


def left_resting(summary: dict[str, Any]) -> int:
    """Orders placed that no report ended."""
    statuses = summary["reports_by_status"]
    ended = ("FILLED", "REPLACED", "EXPIRED", "LAPSED", "CANCELLED")
    # A CANCEL is answered with a report of its own beside its target's.
    answers = summary["intents_by_action"].get("CANCEL", 0)
    return int(statuses["PLACED"] - sum(statuses.get(status, 0) for status in ended) + answers)


def test_a_stop_ends_it_after_the_line_it_is_at_with_what_there_is(tmp_path: Path) -> None:
    asked = count()
    summary = play(tmp_path, race(1), race(2), stop=lambda: next(asked) >= 300)
    assert summary["interrupted"] is True
    assert summary["lines"] == 300
    assert [part["source"] for part in summary["inputs"]] == ["race 1"]
    assert ended(tmp_path) == [("race 1", "interrupted")]
    assert summary["reports_by_status"]["PLACED"] > 0
    assert left_resting(summary) == 0


def test_inputs_do_not_know_of_each_other(tmp_path: Path) -> None:
    for name in ("both", "alone"):
        (tmp_path / name).mkdir()
    both = play(tmp_path / "both", race(2), race(1))  # the second begins before the first ends
    alone = play(tmp_path / "alone", race(1))
    assert both["inputs"][1] == alone["inputs"][0]
    assert both["lines"] == sum(part["lines"] for part in both["inputs"])
    assert ended(tmp_path / "both") == [("race 2", "done"), ("race 1", "done")]


def test_every_executor_that_was_started_is_stopped_also_after_an_error(tmp_path: Path) -> None:
    def broken() -> Iterator[bytes]:
        yield from list(Race(1, SHAPE).lines())[:50]
        raise RecordingError("x.bz2", None, "is truncated: its compressed data ends after line 50")

    CountedExecutor.started = CountedExecutor.stopped = 0
    with pytest.raises(RecordingError):
        play(tmp_path, race(1), Source("x.bz2", lambda: nullcontext(broken())))
    assert (CountedExecutor.started, CountedExecutor.stopped) == (2, 2)


class LostExecutor(CountedExecutor):
    """Is gone at its 40th tick."""

    ticks = 0

    def tick(self, ts_ms: int) -> None:
        LostExecutor.ticks += 1
        if LostExecutor.ticks >= 40:
            raise ExecutorLost("executor was ended by SIGKILL")
        super().tick(ts_ms)


def test_when_the_executor_is_lost_what_was_done_until_then_is_kept(tmp_path: Path) -> None:
    def make_lost(config: Config, bus: Bus, _metrics: Metrics, _run_dir: Path) -> Executor:
        return LostExecutor(bus, config.execution.limits.dry_run())

    LostExecutor.ticks = 0
    summary = play(tmp_path, race(1), race(2), make_executor=make_lost)
    assert summary["executor_lost"] == "executor was ended by SIGKILL"
    assert summary["interrupted"] is False
    assert 0 < summary["lines"] < 500
    assert summary["intents_total"] > 0
    assert ended(tmp_path) == [("race 1", "executor lost")]


def test_an_executor_that_does_not_start_for_a_later_input_loses_nothing(tmp_path: Path) -> None:
    class Unwilling(CountedExecutor):
        def start(self) -> None:
            raise ExecutorStartError("no")

    made = iter((CountedExecutor, Unwilling))

    def make_next(config: Config, bus: Bus, _metrics: Metrics, _run_dir: Path) -> Executor:
        return next(made)(bus, config.execution.limits.dry_run())

    summary = play(tmp_path, race(1), race(2), make_executor=make_next)
    assert summary["executor_lost"] == "no"
    assert ended(tmp_path) == [("race 1", "done")]


class BrokenHotloop:
    """Stops half-way at its 200th line; after that every call raises."""

    def __init__(self) -> None:
        self._book = Hotloop(rust=False)
        self._lines = 0

    def __getattr__(self, name: str) -> Any:
        if self._lines >= 200:
            raise RuntimeError("an earlier call stopped half-way; the books cannot be trusted")
        return getattr(self._book, name)

    def apply_delta(self, raw: bytes, ts_ms: int) -> Any:
        self._lines += 1
        if self._lines >= 200:
            raise RuntimeError("index out of range")
        return self._book.apply_delta(raw, ts_ms)


@pytest.mark.parametrize("executor", [CountedExecutor, LostExecutor])
def test_when_the_seam_is_lost_what_was_done_until_then_is_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, executor: type[CountedExecutor]
) -> None:
    def make(config: Config, bus: Bus, _metrics: Metrics, _run_dir: Path) -> Executor:
        return executor(bus, config.execution.limits.dry_run())

    monkeypatch.setattr(session, "open_book", lambda _config: BrokenHotloop())
    CountedExecutor.stopped = 0
    LostExecutor.ticks = -1_000_000  # not before the seam
    monkeypatch.setattr(LostExecutor, "control", lose)
    summary = play(tmp_path, race(1), race(2), make_executor=make)
    assert (
        summary["seam_lost"] == "the hotloop failed at line 200: RuntimeError: index out of range"
    )
    assert summary["executor_lost"] is None
    assert (summary["lines"], summary["seam_errors"], summary["markets"]) == (200, 1, 1)
    assert summary["intents_total"] > 0
    assert summary["runner_changes"] > 0
    assert ended(tmp_path) == [("race 1", "hotloop lost")]
    assert CountedExecutor.stopped == 1
    assert (left_resting(summary) == 0) == (executor is CountedExecutor), "taken away, if it can be"


def lose(_self: object, _action: str, _reason: str) -> None:
    raise ExecutorLost("executor was ended by SIGKILL")


def test_the_pace_hears_the_streams_clock_after_every_line(tmp_path: Path) -> None:
    heard: list[int] = []
    summary = play(tmp_path, race(1), pace=heard.append)
    assert len(heard) == summary["lines"]
    assert heard == sorted(heard)
    assert heard[-1] == summary["inputs"][0]["last_pt_ms"]


def test_the_summary_says_what_it_does_not_compute_and_what_is_time(tmp_path: Path) -> None:
    summary = play(tmp_path, race(1))
    for key in NOT_COMPUTED:
        section, _, name = key.partition(".")
        assert summary[section][name] is None
    assert summary["not_computed"] == NOT_COMPUTED
    assert summary.keys() >= TIMING_KEYS | BACKEND_KEYS
    timed = -(-summary["lines"] // TIMED_EVERY)
    assert 0 < summary["decision_us"]["count"] <= summary["apply_delta_ns"]["count"] == timed
    edges = summary["intents_per_minute_by_edge"]
    part = summary["inputs"][0]
    minutes = (part["last_pt_ms"] - part["first_pt_ms"]) / 60_000
    assert edges["passive_maker"] == pytest.approx(summary["intents_total"] / minutes, rel=1e-5)


def test_ratios_of_nothing_are_null(tmp_path: Path) -> None:
    line = b'{"op":"mcm","pt":1,"mc":[]}'
    summary = play(tmp_path, Source("still", lambda: nullcontext([line])))
    assert summary["replace_place_ratio"] is None
    assert summary["fee_share"] is None
    assert summary["intents_per_minute_by_edge"] == {}
    assert summary["pnl"]["net"] == 0.0
