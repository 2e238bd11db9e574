"""Scores, by hand, by their laws and against numpy."""

from __future__ import annotations

import math
import pickle

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from trader.calibration.following import Outcome
from trader.calibration.scores import LIKELIHOOD_MIN, Scores, TimesToFill, scores_json

orders = st.lists(st.tuples(st.floats(0, 1), st.booleans()), min_size=1, max_size=60)


def scored(said: list[tuple[float, bool]]) -> Scores:
    scores = Scores()
    for p, filled in said:
        scores.add(p, filled)
    return scores


@given(orders)
def test_the_scores_are_those_that_numpy_computes_over_arrays(
    said: list[tuple[float, bool]],
) -> None:
    p, y = (np.array(column, dtype=float) for column in zip(*said, strict=True))
    scores = scored(said)
    assert scores.brier == pytest.approx(np.mean((p - y) ** 2))
    assert scores.base_rate == pytest.approx(y.mean())
    assert scores.p_mean == pytest.approx(p.mean())
    chance = np.clip(np.where(y == 1, p, 1 - p), LIKELIHOOD_MIN, None)
    assert scores.log_loss == pytest.approx(-np.log(chance).mean())
    tenth = np.minimum((p * 10).astype(int), 9)
    gaps = [abs((p - y)[tenth == k].sum()) / len(p) for k in range(10)]
    assert scores.ece == pytest.approx(sum(gaps), abs=1e-12)


@given(orders)
def test_the_brier_score_falls_apart_into_reliability_resolution_and_uncertainty(
    said: list[tuple[float, bool]],
) -> None:
    """Murphy's decomposition, exact where all orders of a bin were told the same."""
    scores = scored([((min(int(p * 10), 9) + 0.5) / 10, filled) for p, filled in said])
    base = scores.base_rate
    assert base is not None
    parts = 0.0
    for one in scores.bins:
        if one.n:
            assert one.p_mean is not None
            assert one.rate is not None
            parts += one.n * ((one.p_mean - one.rate) ** 2 - (one.rate - base) ** 2)
    assert scores.brier == pytest.approx(parts / scores.n + base * (1 - base))


@given(orders)
def test_the_base_rate_itself_has_no_skill_and_no_calibration_error(
    said: list[tuple[float, bool]],
) -> None:
    base = sum(filled for _, filled in said) / len(said)
    scores = scored([(base, filled) for _, filled in said])
    assert scores.ece == pytest.approx(0, abs=1e-9)
    if 0 < base < 1:
        assert scores.skill == pytest.approx(0, abs=1e-9)
    else:
        assert scores.skill is None


@given(orders, orders)
def test_sets_are_scored_together_by_adding_them(
    one: list[tuple[float, bool]], other: list[tuple[float, bool]]
) -> None:
    total, kept = scored(one), pickle.loads(pickle.dumps(scored(other)))
    total.add_all(kept)
    whole = scored(one + other)
    assert [(b.n, b.filled) for b in total.bins] == [(b.n, b.filled) for b in whole.bins]
    assert total.brier == pytest.approx(whole.brier)
    assert total.ece == pytest.approx(whole.ece, abs=1e-12)


def test_orders_that_come_as_often_as_said_are_calibrated() -> None:
    """A thousand in each tenth; the error of each share is about 0.015."""
    draws = np.random.default_rng(3)
    p = np.repeat(np.arange(0.05, 1, 0.1), 1000)
    scores = scored(list(zip(p.tolist(), (draws.random(len(p)) < p).tolist(), strict=True)))
    assert scores.ece is not None
    assert scores.ece < 0.02
    assert scores.skill == pytest.approx(1 - np.mean(p * (1 - p)) / 0.25, abs=0.02)


def test_perfect_and_inverted_probabilities() -> None:
    right, wrong = scored([(1.0, True), (0.0, False)]), scored([(0.0, True), (1.0, False)])
    assert (right.brier, right.skill, right.ece) == (0, 1, 0)
    assert (wrong.brier, wrong.skill, wrong.ece) == (1, -3, 1)
    assert wrong.log_loss == pytest.approx(-math.log(LIKELIHOOD_MIN))
    assert right.skill_against(wrong) == 1
    assert wrong.skill_against(right) is None, "a model that was never wrong"


def test_unknown_outcomes_are_counted_and_judge_nothing() -> None:
    scores = Scores()
    scores.add(0.9, None)
    document = scores_json(1000, scores, None)
    assert (document["n"], document["unknown"]) == (0, 1)
    assert document["brier"] is document["ece"] is document["brier_skill"] is None
    assert len(document["bins"]) == 10


GRID = (0, 1000, 2000, 5000)


def test_the_kaplan_meier_curve_of_a_case_worked_by_hand() -> None:
    """Six orders: filled after 0.5, 1.5 and 4 s, lost at 1.2 (known to 1), at 0.3 and at 6 s.
    At risk 6, one lost at 0 → 5 at 1 s: 4/5; one lost → 3 at 2 s: 2/3; 2 at 5 s: 1/2."""
    times = TimesToFill(GRID)
    for filled_ms, known_ms in ((500, 500), (1500, 1500), (4000, 4000)):
        times.add({}, Outcome(filled_ms, known_ms))
    for known_ms in (1200, 300, 6000):
        times.add({}, Outcome(None, known_ms))
    s1, s2, s5 = 4 / 5, 4 / 5 * 2 / 3, 4 / 5 * 2 / 3 / 2
    assert times.survival == pytest.approx([1, s1, s2, s5])
    logs = [math.log(x) for x in (1 - s1, s1 - s2, s2 - s5, s1, 1, s5)]
    assert times.base == pytest.approx(sum(logs) / 6)


@given(st.lists(st.tuples(st.integers(0, 6000), st.booleans()), min_size=1, max_size=40))
def test_no_constant_curve_is_likelier_than_kaplan_meiers(ends: list[tuple[int, bool]]) -> None:
    curves = {"even": (0.0, 0.25, 0.5, 0.75), "slow": (0.0, 0.01, 0.02, 0.05), "no": (0.0,) * 4}
    times = TimesToFill(GRID)
    for ms, filled in ends:
        times.add(curves, Outcome(ms if filled else None, ms))
    assert times.n == len(ends)
    assert times.base is not None
    for model in curves:
        mean = times.mean(model)
        assert mean is not None
        assert mean <= times.base + 1e-9


def test_times_are_added_and_one_called_impossible_costs_no_more_than_the_floor() -> None:
    one, other = TimesToFill(GRID), TimesToFill(GRID)
    one.add({"no": (0.0,) * 4}, Outcome(500, 500))
    other.add({"no": (0.0,) * 4}, Outcome(None, 9000))
    one.add_all(other)
    assert (one.filled, one.unfilled) == ([0, 1, 0, 0], [0, 0, 0, 1])
    assert one.mean("no") == pytest.approx(math.log(LIKELIHOOD_MIN) / 2)
