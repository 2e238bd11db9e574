"""The `hotloop:` block: defaults, refusals with the path of the key."""

from typing import Any

import pytest

from trader.betfair.signals.log_logistic import Coefficients
from trader.betfair.signals.settings import SignalSettings
from trader.strategy.hotloop.config import DEFAULT, read_config
from trader.strategy.hotloop.errors import HotloopError


@pytest.mark.parametrize("block", [None, {}, {"queue": None, "min_obs_s": None}, {"rust": True}])
def test_what_is_absent_or_null_takes_its_default(block: dict[str, Any] | None) -> None:
    assert read_config(block) == DEFAULT


def test_every_key_is_read_and_the_map_gives_it_back() -> None:
    block = {
        "queue": {"window_s": 3, "model": "risk_averse", "power_n": 8},
        "pfill": {
            "model": "exponential",
            "horizon_ms": 1,
            "trade_size_window_s": 0.5,
            "log_logistic": {
                "shape": 2,
                "intercept": -3,
                "work": 0.1,
                "trades": 0.2,
                "side_rate": 0.3,
                "price_rate": 0.4,
                "behind": 0.5,
                "spread": 0.6,
                "travel": 0.7,
            },
            "trials": {"horizon_ms": 15, "window_s": 16, "prior": 17},
        },
        "traded": {"drop_tolerance": 0, "revaluation_levels": 1, "revaluation_percent": 0},
        "min_obs_s": 0,
        "max_ttf_ms": 1_000,
        "book": {"source": "best"},
        "sweep": {"levels": 64, "window_ms": 1},
        "big_move": {"ticks": 1, "window_ms": 3},
        "rf": {"window_s": 1.5},
        "trend": {"fast_s": 1, "slow_s": 1.25},
        "emit": {"counters_every": 0},
        "state": {
            "max_markets": 7,
            "max_orders": 8,
            "closed_retention_s": 0.5,
            "max_segment_bytes": 1,
        },
    }
    config = read_config({**block, "enabled": True, "rust": False})
    assert config.as_map() == block
    assert read_config(config.as_map()) == config
    assert config.signals == SignalSettings(
        queue_window_s=3.0,
        queue_model="risk_averse",
        queue_power_n=8.0,
        fill_model="exponential",
        horizon_ms=1,
        trade_size_window_s=0.5,
        log_logistic=Coefficients(
            shape=2.0,
            intercept=-3.0,
            work=0.1,
            trades=0.2,
            side_rate=0.3,
            price_rate=0.4,
            behind=0.5,
            spread=0.6,
            travel=0.7,
        ),
        trial_horizon_ms=15,
        trial_window_s=16.0,
        trial_prior=17.0,
        drop_tolerance=0.0,
        revaluation_levels=1,
        revaluation_percent=0.0,
        min_obs_s=0.0,
        ttf_ms_max=1_000,
        sweep_levels=64,
        sweep_window_ms=1,
        big_move_ticks=1,
        big_move_window_ms=3,
        removal_window_s=1.5,
        trend_fast_s=1.0,
        trend_slow_s=1.25,
    )
    assert (config.book_source, config.counters_every, config.max_orders) == ("best", 0, 8)
    assert (config.max_markets, config.closed_retention_ms, config.max_segment_bytes) == (7, 500, 1)


def test_the_defaults_are_those_of_the_page() -> None:
    assert DEFAULT.as_map() == {
        "queue": {"window_s": 10.0, "model": "prob_power", "power_n": 2.0},
        "pfill": {
            "model": "log_logistic",
            "horizon_ms": 5_000,
            "trade_size_window_s": 60.0,
            "log_logistic": {
                "shape": 1.13,
                "intercept": 1.51,
                "work": 0.45,
                "trades": -0.26,
                "side_rate": -0.18,
                "price_rate": -0.14,
                "behind": 0.63,
                "spread": 0.37,
                "travel": -0.42,
            },
            "trials": {"horizon_ms": 30_000, "window_s": 1_800.0, "prior": 3.0},
        },
        "traded": {"drop_tolerance": 0.02, "revaluation_levels": 8, "revaluation_percent": 0.5},
        "min_obs_s": 5.0,
        "max_ttf_ms": 600_000,
        "book": {"source": "auto"},
        "sweep": {"levels": 3, "window_ms": 1_000},
        "big_move": {"ticks": 5, "window_ms": 2_000},
        "rf": {"window_s": 300.0},
        "trend": {"fast_s": 2.0, "slow_s": 20.0},
        "emit": {"counters_every": 10_000},
        "state": {
            "max_markets": 5_000,
            "max_orders": 5_000,
            "closed_retention_s": 3_600.0,
            "max_segment_bytes": 67_108_864,
        },
    }


@pytest.mark.parametrize(
    ("block", "path"),
    [
        ([], "hotloop"),
        ({"queu": {}}, "queu"),
        ({"queue": {"windw_s": 1}}, "queue.windw_s"),
        ({"state": {"max_markets": 1, "x.y": 1}}, "state.x.y"),
        ({5: 1}, "5"),
        ({"queue": 5}, "queue"),
        ({"queue": {"window_s": 0}}, "queue.window_s"),
        ({"queue": {"window_s": "10"}}, "queue.window_s"),
        ({"queue": {"window_s": True}}, "queue.window_s"),
        ({"queue": {"window_s": float("nan")}}, "queue.window_s"),
        ({"queue": {"model": "prob"}}, "queue.model"),
        ({"queue": {"model": []}}, "queue.model"),
        ({"min_obs_s": -1}, "min_obs_s"),
        ({"max_ttf_ms": 0}, "max_ttf_ms"),
        ({"max_ttf_ms": 1.5}, "max_ttf_ms"),
        ({"book": {"source": "deep"}}, "book.source"),
        ({"state": {"max_markets": 0}}, "state.max_markets"),
        ({"state": {"max_segment_bytes": 1 << 63}}, "state.max_segment_bytes"),
        ({"enabled": "yes"}, "enabled"),
        ({"queue": {"window_s": 10**400}}, "queue.window_s"),
        ({"queue": {"power_n": 0}}, "queue.power_n"),
        ({"queue": {"power_n": 8.01}}, "queue.power_n"),
        ({"pfill": {"model": "Erlang"}}, "pfill.model"),
        ({"pfill": {"horizon_ms": 0}}, "pfill.horizon_ms"),
        ({"pfill": {"horizon_ms": 5.0}}, "pfill.horizon_ms"),
        ({"pfill": {"trade_size_window_s": 0}}, "pfill.trade_size_window_s"),
        ({"pfill": {"horizon": 1}}, "pfill.horizon"),
        ({"pfill": {"log_logistic": {"works": 1}}}, "pfill.log_logistic.works"),
        ({"pfill": {"log_logistic": {"work": -100.5}}}, "pfill.log_logistic.work"),
        ({"pfill": {"log_logistic": {"work": float("nan")}}}, "pfill.log_logistic.work"),
        ({"pfill": {"log_logistic": {"shape": 0}}}, "pfill.log_logistic.shape"),
        ({"pfill": {"log_logistic": {"shape": 101}}}, "pfill.log_logistic.shape"),
        ({"pfill": {"trials": {"prior": 0}}}, "pfill.trials.prior"),
        ({"pfill": {"trials": {"prior": 0.009}}}, "pfill.trials.prior"),
        ({"pfill": {"trials": {"horizon_ms": 1.5}}}, "pfill.trials.horizon_ms"),
        ({"traded": {"drop_tolerance": -0.01}}, "traded.drop_tolerance"),
        ({"traded": {"revaluation_levels": 0}}, "traded.revaluation_levels"),
        ({"traded": {"revaluation_percent": float("inf")}}, "traded.revaluation_percent"),
        ({"sweep": {"levels": 65}}, "sweep.levels"),
        ({"sweep": {"levels": 0}}, "sweep.levels"),
        ({"sweep": {"window_ms": True}}, "sweep.window_ms"),
        ({"big_move": {"ticks": 0}}, "big_move.ticks"),
        ({"big_move": {"window_ms": "2"}}, "big_move.window_ms"),
        ({"big_move": []}, "big_move"),
        ({"rf": {"window_s": 0}}, "rf.window_s"),
        ({"trend": {"fast_s": 0}}, "trend.fast_s"),
        ({"trend": {"slow_s": 2}}, "trend.slow_s"),
        ({"trend": {"fast_s": 20}}, "trend.slow_s"),
        ({"emit": {"counters_every": -1}}, "emit.counters_every"),
        ({"emit": {"every": 1}}, "emit.every"),
        ({"state": {"max_orders": 0}}, "state.max_orders"),
    ],
)
def test_a_refusal_names_the_key(block: Any, path: str) -> None:
    with pytest.raises(HotloopError) as caught:
        read_config(block)
    assert caught.value.field == path
    assert caught.value.market_id is None and caught.value.offset is None
    assert path in str(caught.value)
