"""What the machine wants done."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, TypeAlias

from trader.execution.interfaces.intents import QuoteIntent
from trader.execution.interfaces.reports import ExecutionReport
from trader.execution.orders import record
from trader.execution.orders.facts import Bet
from trader.execution.orders.kinds import Kind
from trader.execution.orders.variants import Variant


@dataclass(frozen=True, slots=True)
class Place(Variant):
    """A new order, with the intent's id as `customerOrderRef`."""

    is_wrapper: ClassVar[bool] = True
    intent: QuoteIntent


@dataclass(frozen=True, slots=True)
class Cancel(Variant):
    """The end of a bet, or of a part of it: how much to take off it, hundredths; None: all."""

    bet_id: str
    reduce_centi: int | None


@dataclass(frozen=True, slots=True)
class Replace(Variant):
    """Another price for a bet, hundredths."""

    bet_id: str
    price_centi: int


@dataclass(frozen=True, slots=True)
class LookUp(Variant):
    """All bets with this `customerOrderRef`, and this bet if it is known."""

    venue_ref: str
    bet_id: str | None


Instruction: TypeAlias = Place | Cancel | Replace | LookUp


@dataclass(frozen=True, slots=True)
class Request:
    """A request to the venue.

    - `number`: names its answer.
    - `reference`: `customerRef`, the same whenever the same request is sent again.
    - `market_id`: the one market that all of it is about; empty for a look-up.
    """

    number: int
    kind: Kind
    reference: str
    market_id: str
    instructions: list[Place | Cancel | Replace | LookUp]


@dataclass(frozen=True, slots=True)
class Journal(Variant):
    """To the journal, as durable as it is set to be before anything after it is done."""

    is_wrapper: ClassVar[bool] = True
    record: record.Record


@dataclass(frozen=True, slots=True)
class Send(Variant):
    """To the venue. Nothing waits for it."""

    is_wrapper: ClassVar[bool] = True
    request: Request


@dataclass(frozen=True, slots=True)
class Tell(Variant):
    """To the trader."""

    tag: ClassVar[str] = "Report"
    is_wrapper: ClassVar[bool] = True
    report: ExecutionReport


@dataclass(frozen=True, slots=True)
class LogIn(Variant):
    """A new session at the venue is needed; `LoggedIn` says that there is one."""


@dataclass(frozen=True, slots=True)
class Unknown(Variant):
    """To whoever looks after the account: a bet with our strategy's reference that no order of ours
    has."""

    is_wrapper: ClassVar[bool] = True
    bet: Bet


Effect: TypeAlias = Journal | Send | Tell | LogIn | Unknown
"""One thing to be done, in the order in which they stand."""
