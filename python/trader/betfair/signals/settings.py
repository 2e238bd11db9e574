"""What can be configured of the signals; ranges are in docs/signals.md, "Configuration"."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final, Literal, TypeAlias, get_args

from trader.betfair.normalize import round_centi
from trader.betfair.signals.log_logistic import Coefficients

QueueModel: TypeAlias = Literal["risk_averse", "prob_power", "prob_log"]
QUEUE_MODELS: Final[tuple[QueueModel, ...]] = get_args(QueueModel)
FillModel: TypeAlias = Literal["log_logistic", "erlang", "exponential"]
FILL_MODELS: Final[tuple[FillModel, ...]] = get_args(FillModel)


_TOLERANCE_MAX: Final = 1e15
"""Beyond any size the venue can show: larger tolerances are all the same."""


@dataclass(frozen=True, slots=True)
class SignalSettings:
    """Checked settings; units are in the names."""

    queue_window_s: float = 10.0
    queue_model: QueueModel = "prob_power"
    queue_power_n: float = 2.0
    fill_model: FillModel = "log_logistic"
    horizon_ms: int = 5_000
    trade_size_window_s: float = 60.0
    log_logistic: Coefficients = field(default_factory=Coefficients)
    trial_horizon_ms: int = 30_000
    trial_window_s: float = 1_800.0
    trial_prior: float = 3.0
    drop_tolerance: float = 0.02
    """A size: by how much a drop may miss what a plain or a cross match would make it."""
    revaluation_levels: int = 8
    revaluation_percent: float = 0.5
    min_obs_s: float = 5.0
    ttf_ms_max: int = 600_000
    sweep_levels: int = 3
    sweep_window_ms: int = 1_000
    big_move_ticks: int = 5
    big_move_window_ms: int = 2_000
    removal_window_s: float = 300.0
    trend_fast_s: float = 2.0
    trend_slow_s: float = 20.0

    @property
    def drop_tolerance_centi(self) -> int:
        return round_centi(min(self.drop_tolerance, _TOLERANCE_MAX))
