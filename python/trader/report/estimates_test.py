"""Promises held against outcomes: nobody knows of orders that were taken away, and it says so."""

from __future__ import annotations

import pytest

from trader.report.data import Outcome
from trader.report.estimate_charts import promises
from trader.report.estimates import INTENT_ACK, Bin, latencies, reliability, waits
from trader.report.testing import SUMMARY, made


def outcomes(p_fill: float, *ends: tuple[int | None, int | None]) -> list[Outcome]:
    return [Outcome(p_fill, 1000.0, filled, filled, ended) for filled, ended in ends]


def test_where_all_rest_long_enough_it_is_the_share_that_was_filled() -> None:
    given = outcomes(0.33, (100, 100), (None, 9000), (6000, 6000), (None, None))
    (found,) = reliability(made(outcomes=given))
    assert found.bins == [Bin(0.33, 0.25, 4)]
    assert found.is_of_own_orders
    assert found.unknown == 0


def test_orders_taken_away_count_for_as_long_as_they_rested() -> None:
    # At 1 s one of four is filled, at 3 s one of the two that still rest.
    given = outcomes(0.5, (1000, 1000), (None, 2000), (3000, 3000), (None, 8000))
    (found,) = reliability(made(outcomes=given))
    (only,) = found.bins
    assert only.rate == pytest.approx(1 - 3 / 4 * 1 / 2)
    assert (only.n, found.unknown) == (4, 1)


def test_a_match_of_a_part_is_no_fill() -> None:
    (found,) = reliability(made(outcomes=[Outcome(0.1, 1000.0, 100, None, 8000)] * 50))
    assert [(one.rate, one.n) for one in found.bins] == [(0.0, 50)]


def test_a_score_of_nothing_is_told_as_well() -> None:
    bins = [{"p_mean": 0.5, "rate": 0.5, "n": 9}]
    given = {"brier": 0.25, "ece": 0.0, "reliability": [{"horizon_ms": 1000, "bins": bins}]}
    assert promises(made(summary={**SUMMARY, "p_fill": given})).says.endswith(
        "Brier 0.2500, ECE 0.0000."
    )


def test_orders_without_an_estimate_promise_nothing() -> None:
    (found,) = reliability(made(outcomes=[Outcome(None, None, 10, 10, 10)]))
    assert found.bins == []


def test_the_summarys_own_table_is_shown_where_there_is_one() -> None:
    bins = [{"p_mean": 0.1, "rate": 0.2, "n": 9}, {"p_mean": 0.9, "rate": 0.0, "n": 0}]
    summary = {**SUMMARY, "p_fill": {"reliability": [{"horizon_ms": 1000, "bins": bins}]}}
    (found,) = reliability(made(summary=summary, outcomes=outcomes(0.5, (1, 1))))
    assert (found.horizon_ms, found.bins) == (1000, [Bin(0.1, 0.2, 9)])
    assert not found.is_of_own_orders


def test_times_to_fill_are_counted_by_doubling_seconds() -> None:
    found = waits(
        made(
            outcomes=[
                Outcome(0.1, 600_000.0, None, None, 5),
                Outcome(0.1, 900.0, 3500, None, 9000),
            ]
        )
    )
    assert found.promised == {0: 1, 10: 1}
    assert found.taken == {2: 1}


def test_steps_of_orders_at_a_venue_are_timed() -> None:
    steps = [(0, 2000 * n, 10_000 * n) for n in range(1, 101)]
    found = {one.what: one for one in latencies(made(steps_ns=steps))}
    ack = found[INTENT_ACK]
    assert (ack.n, ack.p50, ack.p95, ack.p99, ack.max) == (100, 500, 950, 990, 1000)


def test_what_was_never_timed_is_not_there() -> None:
    empty = {"count": 0, "p50": 0, "p95": 0, "p99": 0, "max": 0}
    timed = {"count": 2, "p50": 1500.0, "p95": 2000.0, "p99": 2500.0, "max": 3000}
    summary = {**SUMMARY, "pfill_ttf_ns": empty, "apply_delta_ns": timed}
    (only,) = latencies(made(summary=summary))
    assert (only.n, only.p50, only.max) == (2, 1.5, 3.0)
