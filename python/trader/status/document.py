"""The state document: what a running trader says of itself (docs/status.md).

Others rely on it: keys are added, never renamed or given another meaning; `v` would rise then.
Money is in the account's currency, odds and sizes are decimals, times are milliseconds since the
epoch unless a name ends in `_s` (seconds) or `_us` (microseconds).
"""

from __future__ import annotations

from typing import Final, Literal, TypeAlias

import msgspec

STATE_VERSION: Final = 1

Mode: TypeAlias = Literal["live", "dry_run", "demo"]


class Times(msgspec.Struct, frozen=True, kw_only=True):
    """Of one kind of work: how often, and what it took."""

    count: int
    p50_us: float
    p99_us: float


class ShadowState(msgspec.Struct, frozen=True, kw_only=True):
    """The other Hotloop, fed beside the one that trades, and how often they were not the same."""

    backend: str
    comparisons: int
    differences: int


class HotloopState(msgspec.Struct, frozen=True, kw_only=True):
    """The seam that keeps books and signals. `lost`: it failed and is asked no more."""

    backend: str
    lines: int
    seam_errors: int
    lost: bool
    apply_delta: Times
    shadow: ShadowState | None


class ExecutionState(msgspec.Struct, frozen=True, kw_only=True):
    """The executor. `reason`: why it takes no new orders, empty when it does. `killed_reason` tells
    why nothing new leaves until a person resumes it; `journal` is the folder of the journal of
    orders, none in a dry run. `heartbeat_age_s`: since the sidecar was last heard."""

    backend: str
    healthy: bool
    reason: str
    dry_run: bool
    open_orders: int
    in_flight: int
    killed: bool
    killed_reason: str
    journal: str | None
    heartbeat_age_s: float | None
    reconnects: int
    restarts: int
    switches: int
    intent_ack: Times


class StreamState(msgspec.Struct, frozen=True, kw_only=True):
    """The market stream. `last_line_age_s` counts heartbeats as lines; none before the first."""

    up: bool
    last_line_age_s: float | None
    markets: int
    stale_markets: int
    delayed: bool
    resubscribes: int


class VenueState(msgspec.Struct, frozen=True, kw_only=True):
    """Where orders go, and whether we hold a session there; none where there is no venue."""

    name: str
    logged_in: bool | None


class ConfigState(msgspec.Struct, frozen=True, kw_only=True):
    """How often a changed configuration was taken while the trader runs, and refused."""

    reloads: int
    refused: int
    last_error: str


class MoneyState(msgspec.Struct, frozen=True, kw_only=True):
    """What is settled, and the rest at the last prices; `exposure` is the most that can be lost
    now, resting orders counted as filled."""

    gross: float
    commission: float
    net: float
    charges: float
    exposure: float
    matched_stake: float


class CountsState(msgspec.Struct, frozen=True, kw_only=True):
    """Since the start. `refused`: wishes that no gate let through; `rejects`: intents that the
    executor or the venue refused."""

    intents: int
    places: int
    replaces: int
    cancels: int
    reports: int
    fills: int
    rejects: int
    refused: int
    cannibalised: int


class MarketRow(msgspec.Struct, frozen=True, kw_only=True):
    """A market. `net` is what it has come to; none where nothing was matched."""

    market_id: str
    name: str
    status: str | None
    in_play: bool
    stale: bool
    off_ms: int | None
    runners: int
    orders: int
    net: float | None


class State(msgspec.Struct, frozen=True, kw_only=True):
    """The whole. `markets`: those that we are in first, then in the order they were first seen;
    at most `snapshot.MARKETS_MAX`."""

    v: int = STATE_VERSION
    version: str
    profile: str
    mode: Mode
    pid: int
    started_ms: int
    now_ms: int
    engine_ms: int
    uptime_s: float
    hotloop: HotloopState
    execution: ExecutionState
    stream: StreamState
    venue: VenueState
    config: ConfigState
    money: MoneyState
    counts: CountsState
    decision: Times
    metrics: str | None
    markets: tuple[MarketRow, ...]


# --- for the page alone ---------------------------------------------------------------------------


class OurOrder(msgspec.Struct, frozen=True, kw_only=True):
    """An order of ours. `ahead`: the stake in front of it in the queue; none when not known."""

    intent_id: str
    edge: str
    side: str
    price: float
    remaining: float
    matched: float
    ahead: float | None
    pending: str | None
    deadline_ms: int


class RunnerRow(msgspec.Struct, frozen=True, kw_only=True):
    """A runner of the market that is looked at. `if_wins`, `if_loses`: of what is matched."""

    selection_id: int
    handicap: float
    name: str
    status: str
    back: float | None
    back_size: float | None
    lay: float | None
    lay_size: float | None
    last: float | None
    orders: int
    if_wins: float
    if_loses: float


class LadderRow(msgspec.Struct, frozen=True, kw_only=True):
    """A price. `back`: what is there to be backed, `lay`: to be laid, `traded`: at it so far.
    `gap`: prices between it and the next lower row are left out."""

    price: float
    back: float
    lay: float
    traded: float
    gap: bool
    orders: tuple[OurOrder, ...]


class SideSignals(msgspec.Struct, frozen=True, kw_only=True):
    """An order that would join the best price of its side now. Rates are stakes a second."""

    price: float | None
    size_ahead: float | None
    p_fill: float | None
    ttf_ms: float | None
    match_rate: float
    price_rate: float | None


class Signals(msgspec.Struct, frozen=True, kw_only=True):
    """What the seam says of a runner. `trend` in ticks a second."""

    spread_ticks: int | None
    back: SideSignals
    lay: SideSignals
    trend: float
    sweep: bool
    sweep_side: str | None
    big_move: int
    removal: bool


class View(msgspec.Struct, frozen=True, kw_only=True):
    """The market and the runner that a reader looks at."""

    market_id: str
    selection_id: int | None
    handicap: float
    runners: tuple[RunnerRow, ...]
    ladder: tuple[LadderRow, ...]
    signals: Signals | None


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """An intent, a report or a market's result, as it happened; numbered without gaps."""

    seq: int
    ts_ms: int
    kind: Literal["intent", "report", "result"]
    market_id: str
    text: str
    of: str = ""  # a report: the action of the intent it is about
    selection_id: int | None = None
    handicap: float = 0.0
    name: str = ""
    edge: str = ""
    side: str = ""
    price: float | None = None
    size: float | None = None
    code: str = ""
    intent_id: str = ""


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """What came of a control. `done`: whether the executor has heard of it."""

    action: str
    done: bool
    message: str
    open_orders: int
    killed: bool
