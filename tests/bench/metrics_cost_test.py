"""What is measured without metrics is the same replay, and has none."""

from __future__ import annotations

import inspect
from pathlib import Path

import pytest

from tests.bench import metrics_cost
from tests.bench.testing import LINES, write_recording
from trader.engine import Engine
from trader.monitoring.metrics import Metrics


def test_a_line_without_metrics_names_none_of_them_and_all_of_the_rest() -> None:
    ours, bare = Engine._take.__code__, metrics_cost.engine_without().__code__
    left_out = set(ours.co_names) - set(bare.co_names)
    assert left_out >= {"_metrics", "perf_counter_ns", "apply_delta", "decision", "record"}
    allowed = {"_metrics", "perf_counter_ns", "apply_delta", "decision", "record"}
    assert left_out - allowed == {"messages_total", "_timed_every"}
    assert set(bare.co_names) <= set(ours.co_names)
    assert bare.co_varnames[: bare.co_argcount] == ("self", "raw")
    assert "_on_touched" in inspect.getsource(Engine._take) and "_on_touched" in bare.co_names


def test_while_it_is_silent_nothing_is_counted_and_afterwards_it_is_again() -> None:
    metrics, before = Metrics(), Engine._take
    with metrics_cost.silenced(metrics):
        metrics.apply_delta.record(3)
        assert Engine._take is not before
    assert Engine._take is before
    assert Metrics().apply_delta.count == 0


def test_both_ways_play_the_whole_recording(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    recording = write_recording(tmp_path / "made.json")
    # What is compared here is what is done, not how quickly: the Python seam will do.
    monkeypatch.setattr(metrics_cost, "OVERRIDES", ("execution.backend=python",))
    found = metrics_cost.compared(recording, 1)
    assert (found["lines"], found["rounds"]) == (LINES, 1)
    assert found["with_ns"] > 0 and found["without_ns"] > 0
