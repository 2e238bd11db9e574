"""ExecutionReport v=1: what became of an intent.

`fill_price`, `fill_size` and `fill_events` say what is new in this report; `size_matched_centi` and
`avg_price_matched` are the order's totals. Decimals (odds and money, not hundredths) occur only in
the `fill_*` fields and `avg_price_matched`.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Final, Literal, Self

import msgspec

from trader.execution.interfaces.intents import Action
from trader.execution.interfaces.wire import Count, IntentId, Millis, OneType, SizeCenti


class Status(StrEnum):
    """Where an order stands. UNKNOWN is not an end: it is always followed by the truth."""

    ACCEPTED = "ACCEPTED"
    PLACED = "PLACED"
    PARTIALLY_FILLED = "PARTIALLY_FILLED"
    FILLED = "FILLED"
    REPLACED = "REPLACED"
    CANCELLED = "CANCELLED"
    EXPIRED = "EXPIRED"
    LAPSED = "LAPSED"
    VOIDED = "VOIDED"
    REJECTED = "REJECTED"
    UNKNOWN = "UNKNOWN"
    AMENDED = "AMENDED"

    @property
    def is_terminal(self) -> bool:
        """Whether the intent ends with this status (exactly one such report an intent)."""
        return self in TERMINAL


TERMINAL: Final = frozenset(
    {
        Status.FILLED,
        Status.REPLACED,
        Status.CANCELLED,
        Status.EXPIRED,
        Status.LAPSED,
        Status.VOIDED,
        Status.REJECTED,
    }
)


def _check_decimals(*values: float | None) -> None:
    """The range in which Python and Rust print decimals alike. Raises `ValueError` outside it."""
    for value in values:
        if value is not None and value != 0.0 and not 1e-4 <= abs(value) < 1e16:
            raise ValueError(f"decimal {value} is outside 0.0001 to 1e16")


class FillEvent(msgspec.Struct, frozen=True):
    """One match: odds, stake (account currency), time in ms."""

    price: float
    size: float
    ts_ms: Millis

    def __post_init__(self) -> None:
        _check_decimals(self.price, self.size)


class Latency(msgspec.Struct, frozen=True):
    """Monotonic nanoseconds of the executor; None where the step did not happen."""

    recv_ns: Count | None
    sent_ns: Count | None
    acked_ns: Count | None


NO_LATENCY: Final = Latency(None, None, None)


class ExecutionReport(OneType, frozen=True, kw_only=True, tag_field="type", tag="REPORT"):
    """One fact about one intent.

    `seq` is gap-free from 1 in each executor; 0 marks a report the trader's own router made for an
    intent that never reached an executor. `reject_class` is the error ladder's class.
    """

    v: Literal[1]
    seq: Count
    intent_id: IntentId
    ts_ms: Millis
    action: Action
    status: Status
    bet_id: str | None
    fill_price: float | None
    fill_size: float | None
    size_remaining_centi: SizeCenti
    size_matched_centi: SizeCenti
    avg_price_matched: float | None
    fill_events: tuple[FillEvent, ...]
    reject_code: str | None
    reject_class: str | None
    venue_code: str | None
    message: str | None
    dry_run: bool
    latency: Latency

    def __post_init__(self) -> None:
        _check_decimals(self.fill_price, self.fill_size, self.avg_price_matched)

    @classmethod
    def new(
        cls,
        *,
        seq: int,
        intent_id: str,
        ts_ms: int,
        action: Action,
        status: Status,
        dry_run: bool,
        bet_id: str | None = None,
        fill_events: tuple[FillEvent, ...] = (),
        size_remaining_centi: int = 0,
        size_matched_centi: int = 0,
        avg_price_matched: float | None = None,
        reject_code: str | None = None,
        reject_class: str | None = None,
        venue_code: str | None = None,
        message: str | None = None,
    ) -> Self:
        """A report; `fill_price` and `fill_size` are those of a single fill event, else None."""
        fill = fill_events[0] if len(fill_events) == 1 else None
        return cls(
            v=1,
            seq=seq,
            intent_id=intent_id,
            ts_ms=ts_ms,
            action=action,
            status=status,
            bet_id=bet_id,
            fill_price=fill.price if fill else None,
            fill_size=fill.size if fill else None,
            size_remaining_centi=size_remaining_centi,
            size_matched_centi=size_matched_centi,
            avg_price_matched=avg_price_matched,
            fill_events=fill_events,
            reject_code=reject_code,
            reject_class=reject_class,
            venue_code=venue_code,
            message=message,
            dry_run=dry_run,
            latency=NO_LATENCY,
        )

    @property
    def is_terminal(self) -> bool:
        return self.status in TERMINAL

    @property
    def matched(self) -> tuple[int, int]:
        """The order's matches so far: size, and size times price, both in hundredths."""
        return matched_totals(self.size_matched_centi, self.avg_price_matched)

    def comparable(self) -> bytes:
        """Canonical bytes with the latency blanked: equal for equal facts of any executor."""
        return msgspec.structs.replace(self, latency=NO_LATENCY).to_wire()


def matched_totals(size_centi: int, avg_price: float | None) -> tuple[int, int]:
    """Matches as a report tells them (`avg_price` in odds): size, and size times price, both in
    hundredths."""
    return size_centi, round((avg_price or 0.0) * 100 * size_centi)


# The one table that maps other executors' spellings to ours.
FOREIGN_SPELLINGS: Final[dict[str, dict[str, str]]] = {
    "status": {
        "CANCELED": Status.CANCELLED,
        "PARTIAL": Status.PARTIALLY_FILLED,
        "PARTIAL_FILL": Status.PARTIALLY_FILLED,
        "PARTIALLY_MATCHED": Status.PARTIALLY_FILLED,
        "MATCHED": Status.FILLED,
        "EXECUTION_COMPLETE": Status.FILLED,
        "EXECUTABLE": Status.PLACED,
        "PENDING": Status.ACCEPTED,
        "VOID": Status.VOIDED,
    },
    "action": {"NEW": Action.PLACE, "AMEND": Action.REPLACE, "UPDATE": Action.REPLACE},
}


def normalise_report(raw: bytes | str) -> bytes | None:
    """The report with our spellings where the table knows its own; None when it knows none.

    `raw` is a JSON object. For the slow path only: after `decode` has refused it (UNKNOWN_ENUM).
    """
    fields = msgspec.json.decode(raw, type=dict[str, object])
    changed = False
    for name, spellings in FOREIGN_SPELLINGS.items():
        value = fields.get(name)
        if isinstance(value, str) and value.upper() in spellings:
            fields[name] = spellings[value.upper()]
            changed = True
    return msgspec.json.encode(fields) if changed else None
