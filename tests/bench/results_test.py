"""Medians over rounds, ratios within them, and no speed for who did no work."""

import pytest

from tests.bench.results import Spread, file_results
from tests.bench.testing import answer, contestant, recording

OURS, PEER, PFILL = map(contestant, ("hotloop", "betfair_data", "hotloop-pfill"))


def test_a_spread_is_median_least_and_most() -> None:
    assert Spread.of([3, 1, 10]) == Spread(3, 1, 10)
    assert Spread.of([4, 2]) == Spread(3, 2, 4)


def test_a_ratio_is_made_within_its_round() -> None:
    """The machine is ten times slower in the second round: the ratios do not see it."""
    answers = {
        "hotloop": [answer(100), answer(1_000), answer(100)],
        "betfair_data": [answer(300), answer(2_000), answer(250)],
    }
    rows = file_results(recording(), [OURS, PEER], answers).rows
    assert rows["betfair_data"].ratio == Spread(2.5, 2.0, 3.0)
    assert rows["hotloop"].ratio == Spread(1.0, 1.0, 1.0)
    assert rows["betfair_data"].mean_ns == Spread(300, 250, 2_000)
    assert rows["betfair_data"].best_ns == pytest.approx(225)
    assert rows["betfair_data"].best_ratio == pytest.approx(2.5)


def test_a_ratio_is_made_within_its_race() -> None:
    """`replay` is ours of its race: who is quick over books has no part in its ratios."""
    names = ("hotloop", "replay", "replay-flumine")
    answers = {name: [answer(mean)] for name, mean in zip(names, (1, 10, 40), strict=True)}
    rows = file_results(recording(), list(map(contestant, names)), answers).rows
    assert rows["replay"].ratio == Spread(1.0, 1.0, 1.0)
    assert rows["replay-flumine"].ratio == Spread(4.0, 4.0, 4.0)
    assert rows["replay-flumine"].best_ratio == pytest.approx(4.0)


def test_without_ours_there_is_no_ratio() -> None:
    rows = file_results(recording(), [PEER], {"betfair_data": [answer(300)]}).rows
    assert [rows["betfair_data"].ratio, rows["betfair_data"].best_ratio] == [None, None]
    assert rows["betfair_data"].per_second == pytest.approx(1e9 / 300)


def test_nothing_that_came_out_of_nothing_is_a_speed() -> None:
    silent = answer(1, silent=True, notes=["0 books"], counts={"books": 0})
    answers = {"hotloop": [answer(100)], "betfair_data": [silent]}
    row = file_results(recording(), [OURS, PEER], answers).rows["betfair_data"]
    assert [row.mean_ns, row.best_ns, row.ratio, row.percentiles_ns, row.per_second] == [None] * 5
    assert row.notes == ("0 books",)


def test_a_call_is_not_compared_with_a_line() -> None:
    calls = answer(100, lines=50, counts={"calls": 50, "orders": 5, "orders_likely": 2})
    answers = {"hotloop": [answer(100)], "hotloop-pfill": [calls]}
    row = file_results(recording(), [OURS, PFILL], answers).rows["hotloop-pfill"]
    assert row.mean_ns == Spread(100, 100, 100)
    assert [row.ratio, row.best_ratio] == [None, None]


def test_time_without_a_cpu_is_noted() -> None:
    disturbed = answer(100)
    disturbed["whole"]["cpu_ns"] = disturbed["whole"]["wall_ns"] * 3 // 4
    row = file_results(recording(), [OURS], {"hotloop": [answer(100), disturbed]}).rows["hotloop"]
    assert row.notes == ("without a CPU for up to 25% of its time",)


def test_a_batch_has_no_single_messages() -> None:
    batch = contestant("hotloop-batch")
    rows = file_results(recording(), [batch], {batch.name: [answer(100, each=None)]}).rows
    assert rows[batch.name].percentiles_ns is None
