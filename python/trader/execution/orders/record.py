"""What the journal holds: everything the machine knows and must not forget.

The machine changes what it knows by these records only (`Book.apply`), and each is written before
what follows from it leaves.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, TypeAlias

from trader.execution.interfaces.intents import QuoteIntent
from trader.execution.interfaces.reports import ExecutionReport
from trader.execution.orders.facts import Bet, Lost, NotSent, Refused, Replied
from trader.execution.orders.kinds import Kind, Why
from trader.execution.orders.snapshot import Snapshot
from trader.execution.orders.variants import Variant


@dataclass(frozen=True, slots=True)
class Shortened(Variant):
    """All that was known when the journal was shortened: the first record of what is left."""

    tag: ClassVar[str] = "Snapshot"
    is_wrapper: ClassVar[bool] = True
    snapshot: Snapshot


@dataclass(frozen=True, slots=True)
class Began(Variant):
    """A process began. Its number is part of the references of its requests."""

    epoch: int


@dataclass(frozen=True, slots=True)
class Taken(Variant):
    """An intent was taken up, and will never be again."""

    tag: ClassVar[str] = "Intent"
    is_wrapper: ClassVar[bool] = True
    intent: QuoteIntent


@dataclass(frozen=True, slots=True)
class Adopted(Variant):
    """A bet that was at the venue already has become an order: one record, for half of it would be
    placed."""

    intent: QuoteIntent
    bet: Bet


@dataclass(frozen=True, slots=True)
class Sent(Variant):
    """A request is about to leave, for the first time or again, about the intents of these names,
    in the order of its instructions."""

    request: int
    kind: Kind
    names: list[str]
    at_ms: int


@dataclass(frozen=True, slots=True)
class Answered(Variant):
    """How it ended."""

    request: int
    at_ms: int
    answer: Replied | Refused | NotSent | Lost


@dataclass(frozen=True, slots=True)
class Learned(Variant):
    """More is known of an order's bet."""

    tag: ClassVar[str] = "Bet"
    name: str
    bet: Bet


@dataclass(frozen=True, slots=True)
class NotFound(Variant):
    """An order in doubt has not been found in all the time it was looked for."""

    name: str


@dataclass(frozen=True, slots=True)
class Grounded(Variant):
    """A request that waited to leave again will not: its orders are looked for."""

    request: int
    at_ms: int


@dataclass(frozen=True, slots=True)
class Dropped(Variant):
    """An order that was not sent will not be any more; `code` is that of its report."""

    name: str
    code: str


@dataclass(frozen=True, slots=True)
class Ending(Variant):
    """The executor wants an order to end."""

    name: str
    why: Why


@dataclass(frozen=True, slots=True)
class Switch(Variant):
    """The kill switch was thrown, or put back."""

    killed: bool


@dataclass(frozen=True, slots=True)
class Report(Variant):
    """A report is about to leave."""

    is_wrapper: ClassVar[bool] = True
    report: ExecutionReport


@dataclass(frozen=True, slots=True)
class Acked(Variant):
    """The trader has every report up to this one."""

    seq: int


Record: TypeAlias = (
    Shortened
    | Began
    | Taken
    | Adopted
    | Sent
    | Answered
    | Learned
    | NotFound
    | Grounded
    | Dropped
    | Ending
    | Switch
    | Report
    | Acked
)
