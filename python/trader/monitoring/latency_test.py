"""The histogram: exact where it says so, within its error elsewhere, cheap."""

from __future__ import annotations

import statistics
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trader.monitoring.latency import LatencyHistogram

durations_ns = st.integers(0, 2**40 - 1)


def filled(values: list[int]) -> LatencyHistogram:
    histogram = LatencyHistogram()
    for value in values:
        histogram.record(value)
    return histogram


@given(durations_ns)
def test_every_figure_of_one_record_is_within_one_percent(ns: int) -> None:
    summary = filled([ns]).summary()
    assert summary["count"] == 1
    for name in ("mean", "p50", "p95", "p99", "max"):
        assert summary[name] == pytest.approx(ns, rel=0.004)


@given(st.lists(durations_ns, min_size=1, max_size=200))
def test_percentiles_are_those_of_the_records(values: list[int]) -> None:
    histogram = filled(values)
    ordered = sorted(values)
    for percent in (50, 95, 99, 100):
        wanted = ordered[-(-len(ordered) * percent // 100) - 1]
        assert histogram.percentile(percent / 100) == pytest.approx(wanted, rel=0.004)
    assert histogram.summary()["mean"] == pytest.approx(statistics.fmean(values), rel=0.004)


def test_empty_histogram_is_all_zero() -> None:
    assert set(LatencyHistogram().summary().values()) == {0}


def test_durations_out_of_range_count_at_the_ends() -> None:
    histogram = filled([-5, -(2**50), 2**41, 2**60])
    assert histogram.count == 4
    assert histogram.percentile(0.5) == 0
    assert histogram.percentile(1.0) == pytest.approx(2**40, rel=0.004)


@given(st.lists(st.integers(0, 10**9), max_size=100))
def test_cumulative_counts_are_those_of_the_records(values: list[int]) -> None:
    bounds = [100, 1_000, 50_000, 10**8]
    counts = filled(values).cumulative(bounds)
    assert counts[-1] == len(values)
    for bound, count in zip(bounds, counts, strict=False):
        low = sum(value <= bound * 0.995 for value in values)
        high = sum(value <= bound * 1.005 for value in values)
        assert low <= count <= high


def test_merge_adds() -> None:
    one, other = filled([1, 1_000]), filled([5, 10**6])
    one.merge(other)
    assert one.summary() == filled([1, 1_000, 5, 10**6]).summary()


def test_fraction_outside_0_to_1_is_refused() -> None:
    with pytest.raises(ValueError, match="fraction"):
        LatencyHistogram().percentile(1.5)


def test_a_record_costs_well_under_a_microsecond() -> None:
    """A guard against a slip by an order of magnitude, not a measurement (about 0.2 µs)."""
    record = LatencyHistogram().record
    best_ns = float("inf")
    for _ in range(20):
        started = time.thread_time_ns()
        for ns in range(20_000, 21_000):
            record(ns)
        best_ns = min(best_ns, (time.thread_time_ns() - started) / 1_000)
    assert best_ns < 1_000
