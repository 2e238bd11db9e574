"""The `hotloop:` block of the configuration, validated as a whole.

`read_config` refuses unknown keys and bad values with the dotted path of the key; what is absent
or null takes its default. The table of keys is in docs/signals.md, "Configuration".
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from typing import Any, Final, NoReturn, TypeVar

from trader.betfair.book_builder import BookSource
from trader.betfair.signals.log_logistic import Coefficients
from trader.betfair.signals.settings import FILL_MODELS, QUEUE_MODELS, SignalSettings
from trader.strategy.hotloop.errors import hotloop_error

Name = TypeVar("Name", bound=str)

BOOK_SOURCES: Final[tuple[BookSource, ...]] = ("auto", "full", "best", "display")

COEFFICIENT_MAX: Final = 100.0
"""Of the fill model's: beyond, a power of e is no number any more."""
TRIAL_PRIOR_MIN: Final = 0.01
"""With less, a single trial would say nearly everything."""
_RETENTION_MS_MAX: Final = 1e15


@dataclass(frozen=True, slots=True)
class HotloopConfig:
    """Validated settings of a `Hotloop`, with the units in the names."""

    signals: SignalSettings = field(default_factory=SignalSettings)
    book_source: BookSource = "auto"
    counters_every: int = 10_000
    max_markets: int = 5_000
    max_orders: int = 5_000
    closed_retention_s: float = 3_600.0
    max_segment_bytes: int = 64 << 20

    @property
    def closed_retention_ms(self) -> int:
        """To the nearest millisecond; beyond `_RETENTION_MS_MAX` is for ever."""
        return math.floor(min(self.closed_retention_s * 1_000, _RETENTION_MS_MAX) + 0.5)

    def as_map(self) -> dict[str, Any]:
        """The compact map a backend takes: the block's own shape, every key given."""
        signals = self.signals
        return {
            "queue": {
                "window_s": signals.queue_window_s,
                "model": signals.queue_model,
                "power_n": signals.queue_power_n,
            },
            "pfill": {
                "model": signals.fill_model,
                "horizon_ms": signals.horizon_ms,
                "trade_size_window_s": signals.trade_size_window_s,
                "log_logistic": asdict(signals.log_logistic),
                "trials": {
                    "horizon_ms": signals.trial_horizon_ms,
                    "window_s": signals.trial_window_s,
                    "prior": signals.trial_prior,
                },
            },
            "traded": {
                "drop_tolerance": signals.drop_tolerance,
                "revaluation_levels": signals.revaluation_levels,
                "revaluation_percent": signals.revaluation_percent,
            },
            "min_obs_s": signals.min_obs_s,
            "max_ttf_ms": signals.ttf_ms_max,
            "book": {"source": self.book_source},
            "sweep": {"levels": signals.sweep_levels, "window_ms": signals.sweep_window_ms},
            "big_move": {
                "ticks": signals.big_move_ticks,
                "window_ms": signals.big_move_window_ms,
            },
            "rf": {"window_s": signals.removal_window_s},
            "trend": {"fast_s": signals.trend_fast_s, "slow_s": signals.trend_slow_s},
            "emit": {"counters_every": self.counters_every},
            "state": {
                "max_markets": self.max_markets,
                "max_orders": self.max_orders,
                "closed_retention_s": self.closed_retention_s,
                "max_segment_bytes": self.max_segment_bytes,
            },
        }


DEFAULT: Final = HotloopConfig()


def read_config(block: Mapping[str, Any] | None) -> HotloopConfig:
    """The validated block. Raises `HotloopError` with the dotted path as `field`."""
    root = _Section(block, "")
    for flag in ("enabled", "rust"):  # read by whoever chooses the backend; only checked here
        root.boolean(flag)
    book, emit, state = root.section("book"), root.section("emit"), root.section("state")
    config = HotloopConfig(
        signals=_signal_settings(root),
        book_source=book.choice("source", BOOK_SOURCES, DEFAULT.book_source),
        counters_every=emit.count("counters_every", DEFAULT.counters_every, least=0),
        max_markets=state.count("max_markets", DEFAULT.max_markets),
        max_orders=state.count("max_orders", DEFAULT.max_orders),
        closed_retention_s=state.non_negative("closed_retention_s", DEFAULT.closed_retention_s),
        max_segment_bytes=state.count("max_segment_bytes", DEFAULT.max_segment_bytes),
    )
    for section in (book, emit, state, root):
        section.refuse_unread()
    return config


def _signal_settings(root: _Section) -> SignalSettings:
    """What the signals are computed by: the sections between `queue` and `trend`."""
    default = DEFAULT.signals
    queue, pfill, traded = root.section("queue"), root.section("pfill"), root.section("traded")
    sweep, big_move = root.section("sweep"), root.section("big_move")
    removal, trend = root.section("rf"), root.section("trend")
    log_logistic, trials = pfill.section("log_logistic"), pfill.section("trials")
    settings = SignalSettings(
        queue_window_s=queue.positive("window_s", default.queue_window_s),
        queue_model=queue.choice("model", QUEUE_MODELS, default.queue_model),
        queue_power_n=queue.positive("power_n", default.queue_power_n, largest=8),
        fill_model=pfill.choice("model", FILL_MODELS, default.fill_model),
        horizon_ms=pfill.count("horizon_ms", default.horizon_ms),
        trade_size_window_s=pfill.positive("trade_size_window_s", default.trade_size_window_s),
        log_logistic=_coefficients(log_logistic),
        trial_horizon_ms=trials.count("horizon_ms", default.trial_horizon_ms),
        trial_window_s=trials.positive("window_s", default.trial_window_s),
        trial_prior=trials.positive("prior", default.trial_prior),
        drop_tolerance=traded.non_negative("drop_tolerance", default.drop_tolerance),
        revaluation_levels=traded.count("revaluation_levels", default.revaluation_levels),
        revaluation_percent=traded.non_negative("revaluation_percent", default.revaluation_percent),
        min_obs_s=root.non_negative("min_obs_s", default.min_obs_s),
        ttf_ms_max=root.count("max_ttf_ms", default.ttf_ms_max),
        sweep_levels=sweep.count("levels", default.sweep_levels, largest=64),
        sweep_window_ms=sweep.count("window_ms", default.sweep_window_ms),
        big_move_ticks=big_move.count("ticks", default.big_move_ticks),
        big_move_window_ms=big_move.count("window_ms", default.big_move_window_ms),
        removal_window_s=removal.positive("window_s", default.removal_window_s),
        trend_fast_s=trend.positive("fast_s", default.trend_fast_s),
        trend_slow_s=trend.positive("slow_s", default.trend_slow_s),
    )
    sections = (queue, pfill, log_logistic, trials, traded, sweep, big_move, removal, trend)
    for section in sections:
        section.refuse_unread()
    if settings.trial_prior < TRIAL_PRIOR_MIN:
        _refuse("pfill.trials.prior", f"is below {TRIAL_PRIOR_MIN}")
    if settings.trend_slow_s <= settings.trend_fast_s:
        _refuse("trend.slow_s", f"is not above trend.fast_s, {settings.trend_fast_s}")
    return settings


def _coefficients(section: _Section) -> Coefficients:
    default = DEFAULT.signals.log_logistic
    values = {
        name: section.within(name, getattr(default, name), COEFFICIENT_MAX)
        for name in (field.name for field in fields(Coefficients) if field.name != "shape")
    }
    shape = section.positive("shape", default.shape, largest=COEFFICIENT_MAX)
    return Coefficients(shape=shape, **values)


class _Section:
    """One mapping of the block; remembers which keys were read."""

    def __init__(self, values: object, path: str) -> None:
        if values is None:
            values = {}
        if not isinstance(values, Mapping):
            _refuse(path or "hotloop", "is not a mapping")
        self._values: Mapping[object, Any] = values
        self._path = path
        self._read: set[str] = set()

    def section(self, key: str) -> _Section:
        return _Section(self._get(key), self._dotted(key))

    def boolean(self, key: str) -> None:
        value = self._get(key)
        if value is not None and not isinstance(value, bool):
            _refuse(self._dotted(key), "is not true or false")

    def positive(self, key: str, default: float, *, largest: float = math.inf) -> float:
        value = self.non_negative(key, default)
        if value == 0:
            _refuse(self._dotted(key), "is not above 0")
        if value > largest:
            _refuse(self._dotted(key), f"is above {largest}")
        return value

    def non_negative(self, key: str, default: float) -> float:
        value = self._get(key)
        if value is None:
            return default
        if isinstance(value, bool) or not isinstance(value, int | float):
            _refuse(self._dotted(key), "is not a number")
        try:
            number = float(value)
        except OverflowError:  # an integer that no float can hold
            number = math.inf
        if not math.isfinite(number) or number < 0:
            _refuse(self._dotted(key), "is not a finite number of 0 or more")
        return number

    def within(self, key: str, default: float, largest: float) -> float:
        """A number from -`largest` to `largest`."""
        value = self._get(key)
        if value is None:
            return default
        if isinstance(value, bool) or not isinstance(value, int | float):
            _refuse(self._dotted(key), "is not a number")
        if not -largest <= value <= largest:  # also refuses NaN
            _refuse(self._dotted(key), f"is not from -{largest:g} to {largest:g}")
        return float(value)

    def count(self, key: str, default: int, *, least: int = 1, largest: int = (1 << 63) - 1) -> int:
        value = self._get(key)
        if value is None:
            return default
        if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= largest:
            _refuse(self._dotted(key), f"is not a whole number from {least} to {largest}")
        return value

    def choice(self, key: str, choices: tuple[Name, ...], default: Name) -> Name:
        value = self._get(key)
        if value is None:
            return default
        if value not in choices:
            _refuse(self._dotted(key), f"is not one of {', '.join(choices)}")
        return choices[choices.index(value)]

    def refuse_unread(self) -> None:
        for key in self._values:
            if key not in self._read:
                _refuse(self._dotted(str(key)), "is not a known key")

    def _get(self, key: str) -> Any:
        self._read.add(key)
        return self._values.get(key)

    def _dotted(self, key: str) -> str:
        return f"{self._path}.{key}" if self._path else key


def _refuse(path: str, why: str) -> NoReturn:
    raise hotloop_error(f"config {path} {why}", field=path)
