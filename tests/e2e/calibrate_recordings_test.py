"""What the fill model is worth on recordings that had no part in its parameters.

Recordings with few orders stand in docs/fill_model_results.md and are not judged here: 1,800
orders with nine fills within five seconds decide nothing. One tells a second at once: a horizon of
one second cannot be judged there.
"""

from __future__ import annotations

import functools
from typing import Any, Final

import pytest

from tests.e2e.trader_process import need_rust_hotloop
from tests.parity.recordings import market_streams
from trader.calibration.fitting import FileSamples, Gatherer, fit, with_coefficients
from trader.calibration.judging import Judge, Judged, blocks_of
from trader.calibration.sampling import Plan
from trader.calibration.scores import HORIZONS_MS
from trader.config.loading import load
from trader.simulator.recording import Recording

JUDGED: Final = (
    "adapter_rs__29788457.json",
    "betfair_parser__1.127236622.bz2",
    "flumine__1.197931750.json",
    "flumine__1.200806927.json",
    "kelvin__MarketStream-1.241629436.json",
)
CONFLATED: Final = "flumine__1.197931750.json"
TAUGHT_BY: Final = (*JUDGED, "betfair_parser__1.164917629.bz2")
PLAN: Final = Plan(every_ms=2000)
MODELS: Final = ("log_logistic", "erlang", "exponential")
ECE_MAX: Final = 0.05


def block() -> dict[str, Any]:
    return dict(load("dry", []).hotloop.seam_config())


@functools.cache
def samples(name: str) -> FileSamples:
    gatherer = Gatherer(name, block(), PLAN)
    with Recording(market_streams() / name, name) as lines:
        for raw in lines:
            gatherer.line(raw)
    found = gatherer.result()
    assert found is not None
    return found


def judged(name: str, known: dict[str, Any]) -> Judged:
    judge = Judge(name, blocks_of(known, MODELS, "prob_power"), PLAN, rust=True)
    with Recording(market_streams() / name, name) as lines:
        for raw in lines:
            judge.line(raw)
    return judge.result()


@pytest.mark.parametrize("name", JUDGED)
def test_held_out_the_model_beats_the_base_rate_and_both_baselines_and_is_calibrated(
    name: str,
) -> None:
    market_streams()
    need_rust_hotloop()
    others = fit([samples(other) for other in TAUGHT_BY if other != name])
    scores = judged(name, with_coefficients(block(), others)).scores
    horizons_ms = HORIZONS_MS[1:] if name == CONFLATED else HORIZONS_MS
    for horizon_ms in horizons_ms:
        mine = scores["log_logistic"][horizon_ms]
        skills = {
            "base rate": mine.skill,
            **{model: mine.skill_against(scores[model][horizon_ms]) for model in MODELS[1:]},
        }
        for reference, skill in skills.items():
            assert skill is not None
            assert skill > 0, f"{horizon_ms} ms, against {reference}"
        assert mine.ece is not None
        assert mine.ece <= ECE_MAX, f"{horizon_ms} ms"


def test_the_parameters_that_ship_are_those_that_the_recordings_teach() -> None:
    """To what sampling every second instant and two digits move them."""
    market_streams()
    found = fit([samples(name) for name in TAUGHT_BY])
    ships = block()["pfill"]["log_logistic"]
    for name, value in ships.items():
        assert getattr(found, name) == pytest.approx(value, abs=0.04), name


def test_a_recording_without_traded_volume_is_not_judged() -> None:
    need_rust_hotloop()
    name = "betfair_parser__1.242971311.bz2"
    result = judged(name, block())
    assert (result.orders > 0, result.trades, result.scores) == (True, 0, {})


def test_a_recording_that_tells_a_second_at_once_is_not_judged_at_a_second() -> None:
    need_rust_hotloop()
    result = judged("flumine__1.197931750.json", block())
    assert result.spacing_ms == 1000
    assert set(result.scores["log_logistic"]) == {5_000, 30_000}
