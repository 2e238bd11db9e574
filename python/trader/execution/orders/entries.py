"""What the book holds besides orders: requests on their way, CANCEL intents, orders that ended."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Final

from trader.betfair.error_codes import ErrorClass
from trader.execution.interfaces.intents import QuoteIntent
from trader.execution.orders.facts import Bet
from trader.execution.orders.kinds import Kind
from trader.execution.orders.variants import Variant

HOUR_MS: Final = 3_600_000
"""The venue counts transactions by the clock hour."""


@dataclass(slots=True)
class Flight:
    """A request that has left and may have to leave again: about these orders, or CANCEL intents of
    a part, in the order of its instructions; `again_ms`: while it waits for that, not before."""

    kind: Kind
    names: list[str]
    first_ms: int
    epoch: int
    attempts: int
    again_ms: int | None


@dataclass(frozen=True, slots=True)
class Done(Variant):
    """A CANCEL was done."""


@dataclass(frozen=True, slots=True)
class NotDone(Variant):
    """It was not."""

    tag: ClassVar[str] = "Refused"
    code: str
    class_: ErrorClass


@dataclass(slots=True)
class Cancel:
    """A CANCEL intent that has not been answered; `is_sent`, of a part: its request has not
    ended."""

    intent: QuoteIntent
    outcome: Done | NotDone | None = None
    is_sent: bool = False


@dataclass(slots=True)
class Ended:
    """An order that has ended: the venue may void or re-price it, or turn out to have it after all.
    `told`: matched and its value, as the trader was told."""

    intent: QuoteIntent
    venue_ref: str
    bet: Bet | None
    told: tuple[int, int]
