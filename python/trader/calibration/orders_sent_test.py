"""The estimates of the orders a trader sends, judged while it trades."""

from __future__ import annotations

import math
from pathlib import Path

import pytest

from trader.betfair.signals.settings import SignalSettings
from trader.calibration.orders_sent import RUNNERS_MAX, OrdersSent, SentScores
from trader.calibration.testing import RUNNER, Street
from trader.strategy.context import Runner
from trader.testing import QUOTED, Scene


class Rig:
    """A `Street` whose messages reach `OrdersSent`, too."""

    def __init__(self) -> None:
        self.street = Street()
        self.scores = SentScores()
        self.sent = OrdersSent(
            self.street.book,
            self.street.markets,
            SignalSettings(),
            self.scores,
            is_full_depth=True,
        )
        self.rows(6000, trd=[[2.02, 4]], atl=[[2.02, 39]])

    def rows(self, after_ms: int = 1000, **rows: object) -> None:
        self.street.rows(after_ms, **rows)
        self.sent.message([RUNNER[:3]], self.street.now_ms)

    def send(self, price: int = 202, p_fill: float = 0.25, runner: Runner = RUNNER) -> None:
        self.sent.sent(runner, "BACK", price, 1000, self.street.now_ms, p_fill=p_fill, ahead=39.0)


def test_an_orders_estimates_are_held_against_what_becomes_of_it() -> None:
    rig = Rig()
    rig.send()
    rate = rig.street.book.match_rate_ema(*RUNNER[:2], "BACK", 2.02)
    rig.rows(3000, trd=[[2.02, 104]], atl=[[2.02, 0]])
    document = rig.scores.as_json(5000)
    horizons = {one["horizon_ms"]: one for one in document["by_horizon"]}
    assert {ms: one["base_rate"] for ms, one in horizons.items()} == {
        1000: 0.0,
        5000: 1.0,
        30000: 1.0,
    }
    assert document["brier"] == horizons[5000]["brier"] == pytest.approx(0.75**2), "as it was told"
    assert document["ece"] == pytest.approx(0.75)
    assert [one["horizon_ms"] for one in document["reliability"]] == [1000, 5000, 30000]
    assert document["reliability"][1]["bins"][2] == {"p_mean": 0.25, "rate": 1.0, "n": 1}
    assert rig.scores.by_horizon[5000].exponential.p_mean == pytest.approx(
        -math.expm1(-rate * 5 / 49)
    )


def test_of_orders_beside_one_another_one_is_followed() -> None:
    rig = Rig()
    for _ in range(3):
        rig.send()
    assert rig.scores.overlapping == 2
    rig.sent.end()
    rig.send()
    assert rig.scores.overlapping == 2, "the first is not followed any more"


def test_so_many_runners_of_a_market_are_followed_at_once() -> None:
    rig = Rig()
    for selection_id in range(RUNNERS_MAX + 1):
        rig.send(runner=Runner("1.1", 100 + selection_id, 0.0, 0))
    assert rig.scores.overlapping == 1


def test_an_order_that_takes_what_is_there_is_no_estimates_affair() -> None:
    rig = Rig()
    rig.send(price=200)
    rig.sent.end()
    assert (rig.scores.not_followed, rig.scores.by_horizon[1000].model.unknown) == (1, 0)


def test_after_a_lost_line_nobody_knows() -> None:
    rig = Rig()
    rig.send()
    rig.sent.end()
    assert rig.scores.by_horizon[1000].model.unknown == 1
    assert rig.scores.as_json(5000)["brier"] is None


def test_runs_are_scored_together_by_adding_theirs() -> None:
    total = SentScores()
    for _ in range(2):
        rig = Rig()
        rig.send()
        rig.send()
        rig.rows(3000, trd=[[2.02, 104]], atl=[[2.02, 0]])
        total.add_all(rig.scores)
    assert total.by_horizon[5000].model.n == 2
    assert total.overlapping == 2
    assert total.as_json(5000)["brier"] == pytest.approx(0.75**2)


def test_the_engine_has_the_orders_it_sends_judged(tmp_path: Path) -> None:
    scene = Scene(tmp_path)
    scene.define(image=True, rc=QUOTED)
    assert scene.open_sides() == ["BACK", "LAY"]
    counts = scene.session.desk.counts
    assert counts.sent.overlapping == 1, "both on one runner"
    scene.change([{"id": 1, "atl": [[3.2, 60.0]]}], after_ms=1500)
    scene.define("SUSPENDED")
    scores = counts.sent.by_horizon
    assert (scores[1000].model.n, scores[1000].model.base_rate) == (1, 0.0)
    assert (scores[5000].model.n, scores[5000].model.unknown) == (0, 1), "suspended after 2.5 s"
    scene.session.engine.finish("end")
    assert scores[5000].model.unknown == 1, "told once"


def test_an_order_of_the_engine_that_trading_reaches_counts_as_filled(tmp_path: Path) -> None:
    scene = Scene(tmp_path)
    scene.define(image=True, rc=QUOTED)
    traded = 4000.0
    scene.change([{"id": 1, "trd": [[3.1, 10.0], [3.0, traded], [3.2, traded]]}])
    scores = scene.session.desk.counts.sent.by_horizon
    assert scores[1_000].model.base_rate == 1.0
