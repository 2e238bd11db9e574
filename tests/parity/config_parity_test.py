"""A refused configuration is refused whole, by both, with the key's path, and changes nothing."""

from collections.abc import Callable, Mapping
from dataclasses import fields
from typing import Any, Final

import pytest

from tests.parity.pair import Pair
from tests.parity.streams import Json
from trader.betfair.signals.log_logistic import Coefficients
from trader.strategy.hotloop.config import DEFAULT
from trader.strategy.hotloop.interface import HotloopApi
from trader.strategy.hotloop.questions import Question

Values = tuple[object, ...]

M: Final = "1.1"
NAN: Final = float("nan")
INF: Final = float("inf")

NOT_NUMBERS: Final[Values] = ("1", True, [], {}, (1,), b"1")
NOT_FINITE: Final[Values] = (NAN, INF, -INF)
POSITIVE: Final[Values] = (*NOT_NUMBERS, *NOT_FINITE, 0, 0.0, -0.0, -1, -0.001)
NON_NEGATIVE: Final[Values] = (*NOT_NUMBERS, *NOT_FINITE, -1, -0.001)
WHOLE: Final[Values] = (*NOT_NUMBERS, *NOT_FINITE, 1.0, 1.5, -1, 1 << 63, 1 << 70)
COUNT: Final[Values] = (*WHOLE, 0)
NAMES: Final[Values] = ("", "deep", "AUTO", "prob power", 1, True, [], {})
COEFFICIENTS: Final = tuple(f.name for f in fields(Coefficients) if f.name != "shape")
COEFFICIENT: Final[Values] = (-100.5, 101, "1", True, [], {})
FLAGS: Final[Values] = (0, 1, "true", [], {}, 0.0)

BAD: Final[Mapping[str, Values]] = {
    "enabled": FLAGS,
    "rust": FLAGS,
    "queue.window_s": POSITIVE,
    "queue.model": NAMES,
    "queue.power_n": (*POSITIVE, 8.000001, 9),
    "pfill.model": NAMES,
    "pfill.horizon_ms": COUNT,
    "pfill.trade_size_window_s": POSITIVE,
    "pfill.log_logistic.shape": (*POSITIVE, 100.5),
    **{f"pfill.log_logistic.{name}": COEFFICIENT for name in COEFFICIENTS},
    "pfill.trials.horizon_ms": COUNT,
    "pfill.trials.window_s": POSITIVE,
    "pfill.trials.prior": (*POSITIVE, 0.009),
    "traded.drop_tolerance": NON_NEGATIVE,
    "traded.revaluation_levels": COUNT,
    "traded.revaluation_percent": NON_NEGATIVE,
    "min_obs_s": NON_NEGATIVE,
    "max_ttf_ms": COUNT,
    "book.source": NAMES,
    "sweep.levels": (*COUNT, 65),
    "sweep.window_ms": COUNT,
    "big_move.ticks": COUNT,
    "big_move.window_ms": COUNT,
    "rf.window_s": POSITIVE,
    "trend.fast_s": POSITIVE,
    "trend.slow_s": (*POSITIVE, 1.999, 2, 2.0),
    "emit.counters_every": WHOLE,
    "state.max_markets": COUNT,
    "state.max_orders": COUNT,
    "state.closed_retention_s": NON_NEGATIVE,
    "state.max_segment_bytes": COUNT,
}
"""Every key of docs/signals.md, "Configuration", with values it does not take."""

GOOD: Final[Mapping[str, Values]] = {
    "enabled": (True, False),
    "rust": (False,),
    "queue.window_s": (1, 1e-9, 1e300),
    "queue.model": ("risk_averse", "prob_power", "prob_log"),
    "queue.power_n": (1, 0.001, 8),
    "pfill.model": ("log_logistic", "erlang", "exponential"),
    "pfill.horizon_ms": (1, (1 << 63) - 1),
    "pfill.trade_size_window_s": (1, 1e-9, 1e300),
    "pfill.log_logistic.shape": (1e-9, 100),
    **{f"pfill.log_logistic.{name}": (-100, 0, 100.0) for name in COEFFICIENTS},
    "pfill.trials.horizon_ms": (1, (1 << 63) - 1),
    "pfill.trials.window_s": (1, 1e-9, 1e300),
    "pfill.trials.prior": (0.01, 1e300),
    "traded.drop_tolerance": (0, 0.005, 1e12),
    "traded.revaluation_levels": (1, (1 << 63) - 1),
    "traded.revaluation_percent": (0, 1e300),
    "min_obs_s": (0, 1e300),
    "max_ttf_ms": (1, (1 << 63) - 1),
    "book.source": ("auto", "full", "best", "display"),
    "sweep.levels": (1, 64),
    "sweep.window_ms": (1, (1 << 63) - 1),
    "big_move.ticks": (1, (1 << 63) - 1),
    "big_move.window_ms": (1, (1 << 63) - 1),
    "rf.window_s": (1e-9, 1e300),
    "trend.fast_s": (1e-9, 19.999),
    "trend.slow_s": (2.0001, 1e300),
    "emit.counters_every": (0, (1 << 63) - 1),
    "state.max_markets": (1, (1 << 63) - 1),
    "state.max_orders": (1, (1 << 63) - 1),
    "state.closed_retention_s": (0, 1e300),
    "state.max_segment_bytes": (1, (1 << 63) - 1),
}
"""The ends of each key's range."""

SECTIONS: Final = sorted({key.partition(".")[0] for key in BAD if "." in key})


def block(key: str, value: object) -> Json:
    for name in reversed(key.split(".")):
        value = {name: value}
    assert isinstance(value, dict)
    return value


def updating(given: Json) -> Callable[[HotloopApi], object]:
    return lambda book: book.update_config(given)


def trading() -> Pair:
    """A market whose signals all say something, under a configuration that is not the default."""
    config = {"min_obs_s": 0, "sweep": {"levels": 1}, "big_move": {"ticks": 1}, "max_ttf_ms": 9_000}
    pair = Pair(config)
    for step in range(4):
        rows = {
            "atb": [[1.9, 3], [1.8, 4]],
            "atl": [[2, 5], [2.02, 6]] if step % 2 else [[2, 0]],
            "trd": [[2, 10 + 10 * step]],
            "ltp": 2 + step / 50,
        }
        pair.take({"op": "mcm", "pt": 1 + step, "mc": [{"id": M, "rc": [{"id": 1, **rows}]}]})
    assert pair.check(Question("match_rate_ema", (M, 1))) > 0
    assert pair.check(Question("big_move_direction", (M, 1))) == 1
    return pair


def test_every_key_is_here() -> None:
    def keys(values: Mapping[str, Any], path: str) -> list[str]:
        return [
            key
            for name, value in values.items()
            for key in (
                keys(value, f"{path}{name}.") if isinstance(value, Mapping) else [path + name]
            )
        ]

    assert {*keys(DEFAULT.as_map(), "")} == {*BAD} - {"enabled", "rust"}
    assert {*GOOD} == {*BAD}


@pytest.mark.parametrize("key", BAD)
def test_a_bad_value_is_refused_with_its_path(key: str) -> None:
    pair = trading()
    for value in BAD[key]:
        bad = block(key, value)
        # A good value of another section does not get through either.
        other = {"max_ttf_ms": 5} if key != "max_ttf_ms" else {"min_obs_s": 5}
        error = pair.refuse(updating(other | bad))
        assert (error.field, error.market_id, error.resubscribe) == (key, None, False), value


@pytest.mark.parametrize("key", BAD)
def test_the_ends_of_the_range_and_null_are_taken(key: str) -> None:
    pair = trading()
    for value in (*GOOD[key], None):
        pair.configure(block(key, value))
        pair.check_all()


@pytest.mark.parametrize("section", SECTIONS)
@pytest.mark.parametrize("value", [5, "x", True, [], [{}], 0.5])
def test_a_section_that_is_no_mapping_is_refused_with_its_path(section: str, value: object) -> None:
    error = trading().refuse(updating({section: value}))
    assert error.field == section


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"que": {}}, "que"),
        ({"": 1}, ""),
        ({5: 1}, "5"),
        ({"queue.model": "prob_log"}, "queue.model"),
        ({"trend": {"fast_s": 30.0}}, "trend.slow_s"),
        ({"trend": {"fast_s": 3.0, "slow_s": 3.0}}, "trend.slow_s"),
        *(({section: {"windw": 1}}, f"{section}.windw") for section in SECTIONS),
        *(({section: {section: {}}}, f"{section}.{section}") for section in SECTIONS),
    ],
)
def test_what_is_no_key_is_refused_with_its_path(given: Json, field: str) -> None:
    assert trading().refuse(updating(given)).field == field


@pytest.mark.parametrize(
    "given", [None, {}, {"queue": None}, {"queue": {}, "book": {"source": None}}]
)
def test_what_is_not_named_goes_back_to_the_default(given: Json) -> None:
    pair = trading()
    if given is not None:
        pair.configure(given)
        assert pair.check(Question("pfill_ttf", (M, 1, "BACK", 2.0))) == (0.0, 600_000.0)
    pair.check_all()


def test_an_updated_source_holds_from_the_next_read_on() -> None:
    pair = Pair({"max_ttf_ms": 1_000})
    rows = {"atb": [[2, 1]], "batb": [[0, 1.9, 2]], "bdatb": [[0, 1.8, 3]]}
    pair.take({"op": "mcm", "pt": 1, "mc": [{"id": M, "rc": [{"id": 1, **rows}]}]})
    for source, best in (("display", 1.8), ("best", 1.9), ("full", 2.0)):
        pair.configure({"book": {"source": source}})
        assert pair.check(Question("best", (M, 1)))[0] == best
        pair.check_all()
