"""The seam between the trader and either executor: protocol, order view, limits, errors."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Literal, Protocol, Self

from trader.execution.interfaces.intents import Persistence, QuoteIntent, Side, TimeInForce
from trader.execution.interfaces.messages import DryFill, MarketState


class ExecutionError(Exception):
    """Base of what can go wrong between the trader and its executor."""


class ExecutorStartError(ExecutionError):
    """The executor did not start; the message is one line for the person at the desk."""


class ExecutorLost(ExecutionError):  # noqa: N818  (a state of the world, named so in the design)
    """The executor is gone or does not answer; nothing more can be sent."""


class ExecutorProtocolError(ExecutionError):
    """The executor refused a message we sent; `code` is the wire's error code."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(f"executor refused a message: {code}: {message}")
        self.code = code


class ConfigRejectedError(ExecutionError):
    """The executor keeps the limits it has; `path` is the key that is wrong, dotted."""

    def __init__(self, path: str, why: str) -> None:
        super().__init__(f"executor refused its configuration: {path}{': ' if path else ''}{why}")
        self.path = path
        self.why = why


class OrderLimitError(ExecutionError):
    """As many orders stand as may."""


class SendQueueFullError(ExecutionError):
    """The bounded send queue has no room: the executor takes messages too slowly or is away."""


@dataclass(frozen=True, slots=True)
class DryRunLimits:
    """Limits of the dry-run machine; the same keys as `limits` in the executor's JSON.

    `check` says whether a running executor may be given them.
    """

    max_open_orders: int = 200
    min_size_centi: int = 100
    min_payout_centi: int = 1_000
    max_remembered_intents: int = 1_000_000

    def check(self) -> None:
        """Raises `ConfigRejectedError` with the first key that is below 1."""
        for key, value in asdict(self).items():
            if value < 1:
                raise ConfigRejectedError(f"limits.{key}", f"{value} is not 1 or more")


class Executor(Protocol):
    """What the router needs of an executor. All calls come from the engine's thread.

    Reports never arrive inside `submit`, `market`, `dry_fill` or `control`: both backends queue
    them on the bus and deliver them in `tick` (or `poll`), so that the engine sees the same order
    of events whichever backend runs.
    """

    @property
    def name(self) -> str:
        """`"python"` or `"rust"`."""

    @property
    def healthy(self) -> bool:
        """Whether intents may be sent now."""

    @property
    def health_reason(self) -> str:
        """Why it is not healthy; empty when it is."""

    def start(self) -> None:
        """Raises `ExecutorStartError`."""

    def submit(self, intent: QuoteIntent) -> None:
        """Raises `SendQueueFullError`, `OrderLimitError` or `ExecutorLost`."""

    def market(self, state: MarketState) -> None:
        """What the pre-checks must know; send on change."""

    def dry_fill(self, fill: DryFill) -> None:
        """The simulator matched part of an order."""

    def control(self, action: str, reason: str) -> None:
        """`cancel_all`, `kill` or `resume`; `ValueError` for anything else."""

    def set_limits(self, limits: DryRunLimits) -> None:
        """Other limits from now on, all or none; what stands stays, also above a lower limit.

        Raises `ConfigRejectedError`, `SendQueueFullError` or `ExecutorLost`.
        """

    def clock(self, ts_ms: int) -> None:
        """Virtual time has come to `ts_ms`; does not wait. A time in the past is ignored."""

    def tick(self, ts_ms: int) -> None:
        """`clock(ts_ms)`, then returns when every report caused so far was delivered by the bus.

        Raises `ExecutorLost` when the executor does not answer in time.
        """

    def poll(self) -> None:
        """Cheap housekeeping of every engine turn: deliver reports, acknowledge heartbeats."""

    def stop(self) -> None:
        """Ends the executor; safe to call twice, and after a failed `start`."""


@dataclass(slots=True)
class OpenOrder:
    """A resting order as the reports tell it. Sizes and prices in hundredths, times in ms.

    `pending` is set while a REPLACE or CANCEL of this order is under way, and PLACE for one that is
    itself still on its way.
    """

    intent_id: str
    edge: str
    market_id: str
    selection_id: int
    handicap_centi: int
    side: Side
    price_centi: int
    size_centi: int
    remaining_centi: int
    matched_centi: int
    placed_ts_ms: int
    deadline_ms: int
    persistence: Persistence
    time_in_force: TimeInForce | None = None
    pending: Literal["PLACE", "REPLACE", "CANCEL"] | None = None

    @classmethod
    def of(cls, intent: QuoteIntent) -> Self:
        """A PLACE as it rests when it is taken whole."""
        return cls(
            intent_id=intent.intent_id,
            edge=intent.edge,
            market_id=intent.market_id,
            selection_id=intent.selection_id,
            handicap_centi=intent.handicap_centi,
            side=intent.side,
            price_centi=intent.price_centi,
            size_centi=intent.size_centi,
            remaining_centi=intent.size_centi,
            matched_centi=0,
            placed_ts_ms=intent.ts_ms,
            deadline_ms=intent.deadline_ms,
            persistence=intent.persistence,
            time_in_force=intent.time_in_force,
        )
