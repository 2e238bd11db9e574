"""The `hotloop:` block: defaults, refusals with the path of the key."""

from typing import Any

import pytest

from trader.strategy.hotloop.config import DEFAULT, HotloopConfig, read_config
from trader.strategy.hotloop.errors import HotloopError


@pytest.mark.parametrize("block", [None, {}, {"queue": None, "min_obs_s": None}, {"rust": True}])
def test_what_is_absent_or_null_takes_its_default(block: dict[str, Any] | None) -> None:
    assert read_config(block) == DEFAULT


def test_every_key_is_read_and_the_map_gives_it_back() -> None:
    block = {
        "queue": {"window_s": 3, "model": "risk_averse"},
        "min_obs_s": 0,
        "max_ttf_ms": 1_000,
        "book": {"source": "best"},
        "state": {"max_markets": 7, "closed_retention_s": 0.5, "max_segment_bytes": 1},
    }
    config = read_config({**block, "enabled": True, "rust": False})
    assert config == HotloopConfig(3.0, "risk_averse", 0.0, 1_000, "best", 7, 0.5, 1)
    assert config.as_map() == block
    assert read_config(config.as_map()) == config


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
    ],
)
def test_a_refusal_names_the_key(block: Any, path: str) -> None:
    with pytest.raises(HotloopError) as caught:
        read_config(block)
    assert caught.value.field == path
    assert caught.value.market_id is None and caught.value.offset is None
    assert path in str(caught.value)
