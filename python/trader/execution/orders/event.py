"""What happens to the machine."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, TypeAlias

from trader.execution.interfaces.intents import QuoteIntent
from trader.execution.interfaces.messages import ControlAction, MarketState
from trader.execution.interfaces.reports import ExecutionReport
from trader.execution.orders import facts
from trader.execution.orders.config import Config
from trader.execution.orders.variants import Variant


@dataclass(frozen=True, slots=True)
class Wanted(Variant):
    """The trader wants something."""

    tag: ClassVar[str] = "Intent"
    is_wrapper: ClassVar[bool] = True
    intent: QuoteIntent


@dataclass(frozen=True, slots=True)
class Market(Variant):
    """The trader says how a market is."""

    is_wrapper: ClassVar[bool] = True
    market: MarketState


@dataclass(frozen=True, slots=True)
class Control(Variant):
    """The person at the desk."""

    is_wrapper: ClassVar[bool] = True
    action: ControlAction


@dataclass(frozen=True, slots=True)
class Acked(Variant):
    """The trader has every report up to this one."""

    is_wrapper: ClassVar[bool] = True
    seq: int


@dataclass(frozen=True, slots=True)
class Answered(Variant):
    """A request ended."""

    request: int
    answer: facts.Replied | facts.Refused | facts.NotSent | facts.Lost


@dataclass(frozen=True, slots=True)
class Looked(Variant):
    """A look-up ended, with all that there is of what was asked for; None: it failed."""

    request: int
    bets: list[facts.Bet] | None


@dataclass(frozen=True, slots=True)
class Shown(Variant):
    """The order stream shows a bet."""

    tag: ClassVar[str] = "Bet"
    is_wrapper: ClassVar[bool] = True
    bet: facts.Bet


@dataclass(frozen=True, slots=True)
class Reconciled(Variant):
    """The order stream begins anew: all bets that are not complete, and those that completed a
    while ago, as far as the venue shows them. Before the first of these nothing is placed."""

    is_wrapper: ClassVar[bool] = True
    bets: list[facts.Bet]


@dataclass(frozen=True, slots=True)
class Funds(Variant):
    """What the venue says that all bets of the account may cost, hundredths, at least 0."""

    exposure_centi: int


@dataclass(frozen=True, slots=True)
class LoggedIn(Variant):
    """There is a session again."""


@dataclass(frozen=True, slots=True)
class Paused(Variant):
    """Too many reports wait for the trader: nothing more is placed; or no longer."""

    is_wrapper: ClassVar[bool] = True
    is_paused: bool


@dataclass(frozen=True, slots=True)
class Dry(Variant):
    """A dry run beside this machine made a report: it gets a number of the same row."""

    is_wrapper: ClassVar[bool] = True
    report: ExecutionReport


@dataclass(frozen=True, slots=True)
class Configured(Variant):
    """Other limits, pacing and windows from now on; what stands stays."""

    is_wrapper: ClassVar[bool] = True
    config: Config


@dataclass(frozen=True, slots=True)
class Time(Variant):
    """It is now."""

    is_wrapper: ClassVar[bool] = True
    now_ms: int


VenueEvent: TypeAlias = Answered | Looked | Shown | Reconciled | Funds | LoggedIn
"""What comes from the venue."""
Event: TypeAlias = Wanted | Market | Control | Acked | Paused | Dry | Configured | Time | VenueEvent
