"""The messages of the executor wire besides intents and reports, and `decode` for all of them."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Final, Literal, TypeAlias

import msgspec

from trader.execution.interfaces.intents import QuoteIntent
from trader.execution.interfaces.reports import ExecutionReport
from trader.execution.interfaces.wire import (
    PRICE_CENTI_MAX,
    SIZE_CENTI_MAX,
    Count,
    Int,
    IntentId,
    MessageDecoder,
    Millis,
    WireError,
    WireStruct,
)

__all__ = [
    "Capabilities",
    "ConfigAck",
    "ConfigPush",
    "ConfigReject",
    "Control",
    "ControlAck",
    "ControlAction",
    "DryFill",
    "ErrorMessage",
    "Goodbye",
    "Heartbeat",
    "HeartbeatAck",
    "Hello",
    "HelloAck",
    "HelloReject",
    "Ladder",
    "MarketState",
    "MarketStatus",
    "Message",
    "ReportAck",
    "RunnerState",
    "RunnerStatus",
    "Tick",
    "TickAck",
    "WireError",
    "decode",
]

WIRE_VERSION: Final = 1
BUNDLE_VERSION: Final = 1  # of the configuration this version of the trader is made for

Capabilities: TypeAlias = dict[str, bool | Int | str]


class MarketStatus(StrEnum):
    INACTIVE = "INACTIVE"
    OPEN = "OPEN"
    SUSPENDED = "SUSPENDED"
    CLOSED = "CLOSED"


class RunnerStatus(StrEnum):
    ACTIVE = "ACTIVE"
    WINNER = "WINNER"
    LOSER = "LOSER"
    PLACED = "PLACED"
    REMOVED = "REMOVED"
    REMOVED_VACANT = "REMOVED_VACANT"
    HIDDEN = "HIDDEN"


class Ladder(StrEnum):
    CLASSIC = "CLASSIC"
    FINEST = "FINEST"
    LINE_RANGE = "LINE_RANGE"


class ControlAction(StrEnum):
    CANCEL_ALL = "cancel_all"
    KILL = "kill"
    RESUME = "resume"


class Hello(WireStruct, frozen=True, kw_only=True, tag_field="type", tag="HELLO"):
    """First message of a connection, trader to executor. `token` is never logged."""

    wire_versions: Annotated[tuple[Count, ...], msgspec.Meta(min_length=1)]
    client: str
    token: str
    strategy_commit: str
    bundle_version: Count
    capabilities: Capabilities
    last_report_seq: Count
    takeover: bool = False

    def __repr__(self) -> str:
        """Without the token, which must not reach a log."""
        return f"Hello(client={self.client!r}, last_report_seq={self.last_report_seq}, …)"


class HelloAck(WireStruct, frozen=True, kw_only=True, tag_field="type", tag="HELLO_ACK"):
    """The executor agrees; `next_report_seq` is the number its next new report will have."""

    wire_version: Count
    executor_version: str
    session_id: str
    capabilities: Capabilities
    next_report_seq: Count


class HelloReject(WireStruct, frozen=True, kw_only=True, tag_field="type", tag="HELLO_REJECT"):
    """The executor refuses: BAD_HELLO, BAD_TOKEN, UNSUPPORTED_WIRE, UNSUPPORTED_BUNDLE or
    SESSION_TAKEN. `supported`: the bundle versions it takes where those were refused, else its wire
    versions.
    """

    code: str
    message: str
    supported: tuple[Count, ...]


class ReportAck(WireStruct, frozen=True, kw_only=True, tag_field="type", tag="REPORT_ACK"):
    """The trader has taken every report up to `seq`."""

    seq: Count


class Heartbeat(WireStruct, frozen=True, kw_only=True, tag_field="type", tag="HEARTBEAT"):
    """Executor to trader at a fixed cadence of the wall clock. `reason`: why it is paused."""

    ts_ms: Millis
    state: Literal["READY", "PAUSED"]
    reason: str
    open_orders: Count
    queue_depth: Count
    venue: str
    next_report_seq: Count


class HeartbeatAck(WireStruct, frozen=True, kw_only=True, tag_field="type", tag="HEARTBEAT_ACK"):
    """Sent from the engine's own loop, so that a hung trader is noticed."""

    ts_ms: Millis


class RunnerState(msgspec.Struct, frozen=True, kw_only=True):
    selection_id: Count
    handicap_centi: Int
    status: RunnerStatus


class MarketState(WireStruct, frozen=True, kw_only=True, tag_field="type", tag="MARKET"):
    """What the executor's pre-checks need to know of a market; sent on change."""

    market_id: str
    status: MarketStatus
    in_play: bool
    version: Count | None
    bet_delay: Count
    ladder: Ladder
    runners: tuple[RunnerState, ...]
    winners: Count  # 0: not known
    event_type_id: str | None


class ConfigPush(WireStruct, frozen=True, kw_only=True, tag_field="type", tag="CONFIG"):
    """The executor's configuration anew, as the text of its file: all of it holds, or none."""

    bundle_version: Count
    body: str


class ConfigAck(WireStruct, frozen=True, kw_only=True, tag_field="type", tag="CONFIG_ACK"):
    bundle_version: Count


class ConfigReject(WireStruct, frozen=True, kw_only=True, tag_field="type", tag="CONFIG_REJECT"):
    """Nothing has changed; `path` is the key (dotted, empty for the whole), `why` what is wrong."""

    bundle_version: Count
    path: str
    why: str


class Control(WireStruct, frozen=True, kw_only=True, tag_field="type", tag="CONTROL"):
    """`cancel_all`, `kill` (cancel all and refuse new) or `resume`."""

    action: ControlAction
    reason: str


class ControlAck(WireStruct, frozen=True, kw_only=True, tag_field="type", tag="CONTROL_ACK"):
    action: ControlAction
    open_orders: Count


class Tick(WireStruct, frozen=True, kw_only=True, tag_field="type", tag="TICK"):
    """Virtual time, only for executors with `clock: wire`. Never goes back."""

    ts_ms: Millis


class TickAck(WireStruct, frozen=True, kw_only=True, tag_field="type", tag="TICK_ACK"):
    """Every report caused before is written; `last_seq` is the newest report's number."""

    ts_ms: Millis
    last_seq: Count


class DryFill(WireStruct, frozen=True, kw_only=True, tag_field="type", tag="DRY_FILL"):
    """Dry run only: the trader's simulator matched this much of a resting order."""

    intent_id: IntentId
    price_centi: Annotated[int, msgspec.Meta(ge=1, le=PRICE_CENTI_MAX)]
    size_centi: Annotated[int, msgspec.Meta(ge=1, le=SIZE_CENTI_MAX)]
    ts_ms: Millis


class Goodbye(WireStruct, frozen=True, kw_only=True, tag_field="type", tag="GOODBYE"):
    reason: str


class ErrorMessage(WireStruct, frozen=True, kw_only=True, tag_field="type", tag="ERROR"):
    code: str
    message: str


Message: TypeAlias = (
    Hello
    | HelloAck
    | HelloReject
    | QuoteIntent
    | ExecutionReport
    | ReportAck
    | Heartbeat
    | HeartbeatAck
    | MarketState
    | ConfigPush
    | ConfigAck
    | ConfigReject
    | Control
    | ControlAck
    | Tick
    | TickAck
    | DryFill
    | Goodbye
    | ErrorMessage
)

_decoder = MessageDecoder(Message.__args__)


def decode(raw: bytes | str) -> Message:
    """Any message from the payload of one frame; see `MessageDecoder.decode` for the errors."""
    message: Message = _decoder.decode(raw)
    return message
