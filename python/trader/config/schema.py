"""The configuration's sections, as frozen dataclasses. Units are last in the names.

Sections of the strategy's parts (edges, sizer, fee gate) are declared beside those parts.

Money is in the account's currency; rates are fractions unless a name says `percent`. What each
key means is written beside it in `configs/base.yaml`, the file a person edits.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import TypeAlias

from trader.betfair.signals.settings import FILL_MODELS, QUEUE_MODELS
from trader.config.edge_files import OwnEdge
from trader.config.rules import (
    Choice,
    Flag,
    Loopback,
    Number,
    Text,
    Texts,
    Version,
    Whole,
    WholeOrOff,
    rule,
)
from trader.execution.hedge import HedgeConfig
from trader.execution.interfaces.executor import DryRunLimits
from trader.execution.interfaces.messages import BUNDLE_VERSION
from trader.strategy.arbiter import ArbiterConfig
from trader.strategy.edges.base import EdgeConfig
from trader.strategy.fee_gate import FeeGateConfig
from trader.strategy.hotloop.config import BOOK_SOURCES
from trader.strategy.risk import RiskConfig
from trader.strategy.selector import SelectorConfig
from trader.strategy.sizer import SizerConfig

MEBIBYTE = 1 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueConfig:
    window_s: float = rule(Number(0.1, 3600.0))
    model: str = rule(Choice(QUEUE_MODELS))
    power_n: float = rule(Number(0.01, 8.0))


@dataclass(frozen=True, slots=True, kw_only=True)
class LogLogisticConfig:
    shape: float = rule(Number(0.01, 100.0))
    intercept: float = rule(Number(-100.0, 100.0))
    work: float = rule(Number(-100.0, 100.0))
    trades: float = rule(Number(-100.0, 100.0))
    side_rate: float = rule(Number(-100.0, 100.0))
    price_rate: float = rule(Number(-100.0, 100.0))
    behind: float = rule(Number(-100.0, 100.0))
    spread: float = rule(Number(-100.0, 100.0))
    travel: float = rule(Number(-100.0, 100.0))


@dataclass(frozen=True, slots=True, kw_only=True)
class TrialsConfig:
    horizon_ms: int = rule(Whole(1, 86_400_000))
    window_s: float = rule(Number(0.1, 86_400.0))
    prior: float = rule(Number(0.01, 1e6))


@dataclass(frozen=True, slots=True, kw_only=True)
class PfillConfig:
    model: str = rule(Choice(FILL_MODELS))
    horizon_ms: int = rule(Whole(1, 86_400_000))
    trade_size_window_s: float = rule(Number(0.1, 86_400.0))
    log_logistic: LogLogisticConfig
    trials: TrialsConfig


@dataclass(frozen=True, slots=True, kw_only=True)
class TradedConfig:
    drop_tolerance: float = rule(Number(0.0, 1000.0))
    revaluation_levels: int = rule(Whole(1, 10_000))
    revaluation_percent: float = rule(Number(0.0, 100.0))


@dataclass(frozen=True, slots=True, kw_only=True)
class BookConfig:
    source: str = rule(Choice(BOOK_SOURCES))


@dataclass(frozen=True, slots=True, kw_only=True)
class SweepConfig:
    levels: int = rule(Whole(1, 64))
    window_ms: int = rule(Whole(1, 3_600_000))


@dataclass(frozen=True, slots=True, kw_only=True)
class BigMoveConfig:
    ticks: int = rule(Whole(1, 100_000))
    window_ms: int = rule(Whole(1, 3_600_000))


@dataclass(frozen=True, slots=True, kw_only=True)
class RemovalConfig:
    window_s: float = rule(Number(0.1, 86_400.0))


@dataclass(frozen=True, slots=True, kw_only=True)
class TrendConfig:
    fast_s: float = rule(Number(0.1, 3600.0))
    slow_s: float = rule(Number(0.1, 86_400.0))


@dataclass(frozen=True, slots=True, kw_only=True)
class EmitConfig:
    counters_every: int = rule(Whole(0, 1_000_000_000))


@dataclass(frozen=True, slots=True, kw_only=True)
class StateConfig:
    max_markets: int = rule(Whole(1, 1_000_000))
    max_orders: int = rule(Whole(1, 1_000_000))
    closed_retention_s: float = rule(Number(0.0, 7 * 86_400.0))
    max_segment_bytes: int = rule(Whole(1024, 1024 * MEBIBYTE))


@dataclass(frozen=True, slots=True, kw_only=True)
class HotloopConfig:
    """The signals seam; Rust runs when `enabled` and `rust` are both true.

    The keys are those of docs/signals.md, "Configuration", and those of the shadow.
    """

    enabled: bool = rule(Flag())
    rust: bool = rule(Flag())
    shadow: bool = rule(Flag())
    shadow_every: int = rule(Whole(1, 1_000_000))
    shadow_load: float = rule(Number(0.001, 1.0))
    queue: QueueConfig
    pfill: PfillConfig
    traded: TradedConfig
    min_obs_s: float = rule(Number(0.0, 3600.0))
    max_ttf_ms: int = rule(Whole(1, 86_400_000))
    book: BookConfig
    sweep: SweepConfig
    big_move: BigMoveConfig
    rf: RemovalConfig
    trend: TrendConfig
    emit: EmitConfig
    state: StateConfig

    @property
    def backend(self) -> str:
        """`rust` or `python`."""
        return "rust" if self.enabled and self.rust else "python"

    @property
    def shadow_backend(self) -> str | None:
        """Who is compared with the one in use; None without `shadow`, and where `enabled` is false:
        that is the rollback, with nothing of Rust in the process."""
        if not (self.enabled and self.shadow):
            return None
        return "python" if self.backend == "rust" else "rust"

    def seam_config(self) -> dict[str, object]:
        """The block as the seam's `update_config` takes it: all its keys, but for those that say
        who is compared with whom."""
        block = asdict(self)
        return {key: value for key, value in block.items() if not key.startswith("shadow")}


@dataclass(frozen=True, slots=True, kw_only=True)
class BookBuilderConfig:
    """The Python books beside the Rust Hotloop's (decision 4)."""

    feed: str = rule(Choice(("always", "off")))
    signals: bool = rule(Flag())


@dataclass(frozen=True, slots=True, kw_only=True)
class LimitsConfig:
    max_open_orders: int = rule(Whole(1, 100_000))
    min_size_centi: int = rule(Whole(1, 10_000_000))
    min_payout_centi: int = rule(Whole(1, 100_000_000))
    max_remembered_intents: int = rule(Whole(1000, 100_000_000))
    max_market_exposure_centi: int = rule(Whole(1, 10**12))
    max_exposure_centi: int = rule(Whole(1, 10**12))
    funds_tolerance_centi: int = rule(Whole(0, 10**12))

    def dry_run(self) -> DryRunLimits:
        """The limits as the executors take them."""
        return DryRunLimits(
            max_open_orders=self.max_open_orders,
            min_size_centi=self.min_size_centi,
            min_payout_centi=self.min_payout_centi,
            max_remembered_intents=self.max_remembered_intents,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class LogConfig:
    level: str = rule(Choice(("error", "warn", "info", "debug", "trace")))
    format: str = rule(Choice(("json", "text")))


@dataclass(frozen=True, slots=True, kw_only=True)
class JournalConfig:
    dir: str = rule(Text("a folder"))
    fsync: str = rule(Choice(("group_ms", "always", "never")))
    group_ms: int = rule(Whole(1, 60_000))
    rotate_bytes: int = rule(Whole(4_096, 2**40))


@dataclass(frozen=True, slots=True, kw_only=True)
class PacingConfig:
    per_second: int = rule(Whole(1, 1_000))
    market_per_second: int = rule(Whole(1, 1_000))
    per_hour: int = rule(Whole(1, 1_000_000))
    in_flight: int = rule(Whole(1, 1_000))
    batch_window_ms: int = rule(Whole(0, 1_000))


@dataclass(frozen=True, slots=True, kw_only=True)
class ReconcileConfig:
    resend_ms: int = rule(Whole(0, 55_000))
    look_up_ms: int = rule(Whole(1, 600_000))
    look_up_every_ms: int = rule(Whole(1, 60_000))
    backoff_ms: int = rule(Whole(1, 60_000))
    backoff_max_ms: int = rule(Whole(1, 60_000))
    funds_ms: int = rule(Whole(0, 3_600_000))
    unknown_bets: str = rule(Choice(("cancel", "adopt", "leave")))
    adopt_ms: int = rule(Whole(1, 366 * 86_400_000))


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveScopeConfig:
    """An empty list takes any, so both are everywhere. `everywhere` says that this is meant: a
    trader that runs does not take the last one out of a list without it."""

    market_ids: tuple[str, ...] = rule(Texts("a list of market ids, in quotes"))
    event_types: tuple[str, ...] = rule(Texts("a list of event type ids, in quotes"))
    everywhere: bool = rule(Flag())

    @property
    def shown(self) -> str:
        """Where that is, for people; empty where it is everywhere."""
        named = (("markets", self.market_ids), ("event types", self.event_types))
        return "; ".join(f"{what} {', '.join(ids)}" for what, ids in named if ids)

    def has(self, market_id: str, event_type: str | None) -> bool:
        """Whether orders in a market are live, as the executors have it."""
        of_market = not self.market_ids or market_id in self.market_ids
        return of_market and (not self.event_types or event_type in self.event_types)


@dataclass(frozen=True, slots=True, kw_only=True)
class PageConfig:
    """Where the sidecar serves its metrics, `/status` and `/control`."""

    host: str = rule(Loopback())
    port: int = rule(Whole(0, 65535))


@dataclass(frozen=True, slots=True, kw_only=True)
class ExecutionConfig:
    backend: str = rule(Choice(("python", "rust")))
    dry_run: bool = rule(Flag())
    supervise: str = rule(Choice(("child", "external")))
    external_socket: str = rule(Text("the socket of a sidecar that somebody else looks after"))
    external_token_file: str = rule(Text("the file (0600) with that sidecar's token"))
    restarts: int = rule(Whole(0, 1_000))
    restart_window_s: float = rule(Number(1.0, 86_400.0))
    transport: str = rule(Choice(("tcp", "uds")))
    host: str = rule(Loopback())
    port: int = rule(Whole(0, 65535))
    heartbeat_ms: int = rule(Whole(50, 60_000))
    heartbeat_timeout_s: float = rule(Number(0.1, 600.0))
    recover_s: float = rule(Number(0.0, 600.0))
    spin_us: int = rule(Whole(0, 10_000))
    on_unhealthy: str = rule(Choice(("pause", "fallback")))
    trader_timeout_s: float = rule(Number(0.1, 3600.0))
    send_queue_max: int = rule(Whole(1, 1_000_000))
    limits: LimitsConfig
    journal: JournalConfig
    pacing: PacingConfig
    reconcile: ReconcileConfig
    live_scope: LiveScopeConfig
    metrics: PageConfig
    log: LogConfig


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamConfig:
    host: str = rule(Text("a host", needed=True))
    port: int = rule(Whole(1, 65_535))
    tls: bool = rule(Flag())


@dataclass(frozen=True, slots=True, kw_only=True)
class BetfairSessionConfig:
    """Files of mode 0600."""

    token_file: str = rule(Text("a file, or nothing"))
    username_file: str = rule(Text("a file, or nothing"))
    password_file: str = rule(Text("a file, or nothing"))
    cert_file: str = rule(Text("a file, or nothing"))
    key_file: str = rule(Text("a file, or nothing"))


@dataclass(frozen=True, slots=True, kw_only=True)
class BetfairConfig:
    """The venue, for orders that go there."""

    strategy_ref: str = rule(
        Text("1 to 15 letters, digits, - and _", needed=True, like="[A-Za-z0-9_-]{1,15}")
    )
    app_key_file: str = rule(Text("a file (0600) with the application key"))
    session: BetfairSessionConfig
    api_url: str = rule(Text("a URL", needed=True))
    identity_url: str = rule(Text("a URL", needed=True))
    certlogin_url: str = rule(Text("a URL", needed=True))
    stream: StreamConfig
    ca_file: str = rule(Text("a file of authorities, or nothing for the system's"))
    currency: str = rule(Text("the account's currency, such as GBP, or nothing for any"))
    timeout_ms: int = rule(Whole(100, 120_000))
    keep_alive_s: int = rule(Whole(1, 86_400))
    funds_s: int = rule(Whole(1, 86_400))
    heartbeat_s: int = rule(WholeOrOff(10, 300))


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveConfig:
    """Live trading around the engine."""

    heartbeat_ms: int = rule(Whole(500, 5_000))
    catalogue_s: float = rule(Number(0.2, 86_400.0))
    settled_s: float = rule(Number(0.2, 86_400.0))
    record_max_bytes: int = rule(Whole(1, 2**50))


@dataclass(frozen=True, slots=True, kw_only=True)
class SloConfig:
    """What is promised of a live trader; the soak says how it stands to it."""

    intent_ack_p99_ms: float = rule(Number(0.1, 60_000.0))


@dataclass(frozen=True, slots=True, kw_only=True)
class MetricsConfig:
    enabled: bool = rule(Flag())
    host: str = rule(Loopback())
    port: int = rule(Whole(0, 65535))


@dataclass(frozen=True, slots=True, kw_only=True)
class StatusConfig:
    """The status page of `trader live` and `trader demo`."""

    enabled: bool = rule(Flag())
    host: str = rule(Loopback())
    port: int = rule(Whole(0, 65535))


@dataclass(frozen=True, slots=True, kw_only=True)
class MonitoringConfig:
    metrics: MetricsConfig
    status: StatusConfig
    log: LogConfig


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportConfig:
    """The page made of a run, and the samples taken for it while it lasts."""

    enabled: bool = rule(Flag())
    every_lines: int = rule(Whole(1, 1_000_000))
    curve_every_ms: int = rule(Whole(1, 86_400_000))
    ladder_every_ms: int = rule(Whole(1, 86_400_000))
    ladder_levels: int = rule(Whole(1, 100))
    max_rows: int = rule(Whole(100, 1_000_000))


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoConfig:
    seed: int = rule(Whole(0, 2**63 - 1))
    speed: float = rule(Number(0.0, 1e6))
    runners: int = rule(Whole(2, 24))
    pre_off_s: float = rule(Number(5.0, 7200.0))
    in_play_s: float = rule(Number(1.0, 7200.0))
    messages_per_s: float = rule(Number(0.5, 200.0))
    market_base_rate_percent: float = rule(Number(0.0, 20.0))


@dataclass(frozen=True, slots=True, kw_only=True)
class ExchangeConfig:
    """The simulated exchange; queue model and volume rules of its matching are the hotloop's."""

    seed: int = rule(Whole(0, 2**63 - 1))
    deposit: float = rule(Number(0.0, 1e9))
    session_s: float = rule(Number(1.0, 1e7))
    settle_after_ms: int = rule(Whole(0, 86_400_000))
    best_execution: bool = rule(Flag())


@dataclass(frozen=True, slots=True, kw_only=True)
class SimulatorConfig:
    feed: str = rule(Choice(("raw", "normalized")))
    ids_seed: int = rule(Whole(0, 2**63 - 1))
    max_logged_seam_errors: int = rule(Whole(0, 100_000))
    demo: DemoConfig
    exchange: ExchangeConfig


EdgeConfigs: TypeAlias = Mapping[str, EdgeConfig]
"""One section per edge by its name (`strategy.edges.registry`, and the edges of `edge_files`); each
brings its own keys."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """The whole configuration; valid by construction (see `loading.load`)."""

    bundle_version: int = rule(Version(BUNDLE_VERSION, "UNSUPPORTED_BUNDLE"))
    hotloop: HotloopConfig
    book_builder: BookBuilderConfig
    execution: ExecutionConfig
    betfair: BetfairConfig
    live: LiveConfig
    slo: SloConfig
    edge_files: tuple[str, ...] = rule(Texts("a list of paths of Python files, an edge in each"))
    own_edges: Mapping[str, OwnEdge] = field(default_factory=dict)
    """The edges of `edge_files` by their names; before `edges`, whose classes are in these files:
    what is pickled first is there first."""
    edges: EdgeConfigs
    selector: SelectorConfig
    arbiter: ArbiterConfig
    sizer: SizerConfig
    fee_gate: FeeGateConfig
    risk: RiskConfig
    hedge: HedgeConfig
    monitoring: MonitoringConfig
    report: ReportConfig
    simulator: SimulatorConfig
    profile: str = field(default="")
