"""One order, as far as it is known."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TypeAlias

from trader.betfair.error_codes import ErrorClass
from trader.execution.interfaces.intents import Action, QuoteIntent, TimeInForce
from trader.execution.orders.facts import Bet, RunnerKey
from trader.execution.orders.kinds import Why
from trader.execution.orders.variants import Variant


@dataclass(frozen=True, slots=True)
class Queued(Variant):
    """Not sent yet."""


@dataclass(frozen=True, slots=True)
class Sent(Variant):
    """In a request that has not ended."""


@dataclass(frozen=True, slots=True)
class Again(Variant):
    """In a request that the venue says it did not act on, to be sent again."""


@dataclass(frozen=True, slots=True)
class Doubt(Variant):
    """It may stand at the venue or not."""

    since_ms: int


@dataclass(frozen=True, slots=True)
class Live(Variant):
    """It has a bet."""


@dataclass(frozen=True, slots=True)
class Refused(Variant):
    """It has no bet and will have none. `venue_code` is the venue's own, where it said it."""

    code: str
    class_: ErrorClass | None
    venue_code: str | None


Stage: TypeAlias = Queued | Sent | Again | Doubt | Live | Refused
"""Where the placing of an order stands."""

QUEUED, SENT, AGAIN, LIVE = Queued(), Sent(), Again(), Live()


@dataclass(slots=True)
class Told:
    """What the trader has been told of an order: sizes in hundredths; `cancelled_centi` was taken
    off it by CANCELs of a part."""

    accepted: bool = False
    placed: bool = False
    unknown: bool = False
    matched_centi: int = 0
    value: int = 0
    cancelled_centi: int = 0


@dataclass(slots=True)
class Order:
    """A PLACE or REPLACE intent and what became of it.

    - `venue_ref`: the reference that its bet has: the first order's of a row of replacements.
    - `size_centi`: of a REPLACE what its target had left, until the venue says.
    - `ending`: why the executor wants it to end; `cancels`: CANCEL intents that wait for that.
    - `replace`: the REPLACE that is to move it; `is_replaced`: that one has its bet.
    - `is_cancelling`: a request to cancel it has not ended; no further one before
      `cancel_after_ms`; it has failed `cancel_attempts` times.
    - `is_unsure`: it has to be looked up though it has a bet.
    """

    intent: QuoteIntent
    venue_ref: str
    size_centi: int
    stage: Queued | Sent | Again | Doubt | Live | Refused = QUEUED
    first_sent_ms: int | None = None
    bet_id: str | None = None
    bet: Bet | None = None
    told: Told = field(default_factory=Told)
    ending: Why | None = None
    cancels: list[str] = field(default_factory=list)
    replace: str | None = None
    is_replaced: bool = False
    is_cancelling: bool = False
    cancel_after_ms: int = 0
    cancel_attempts: int = 0
    is_unsure: bool = False

    @property
    def name(self) -> str:
        return self.intent.intent_id

    @property
    def runner(self) -> RunnerKey:
        return self.intent.selection_id, self.intent.handicap_centi

    @property
    def is_replace(self) -> bool:
        return self.intent.action is Action.REPLACE

    @property
    def is_hedge(self) -> bool:
        """Before others of its kind: it takes risk off."""
        return self.intent.hedge_of is not None

    @property
    def is_fill_or_kill(self) -> bool:
        return self.intent.time_in_force is TimeInForce.FILL_OR_KILL

    @property
    def matched(self) -> tuple[int, int]:
        """Matched so far, hundredths, and its value."""
        return matched_of(self.bet)

    @property
    def remaining_centi(self) -> int:
        return self.size_centi if self.bet is None else self.bet.remaining_centi

    @property
    def is_complete(self) -> bool:
        """Whether its bet can be matched no more."""
        return self.bet is not None and self.bet.is_complete

    @property
    def is_unwanted(self) -> bool:
        """Whether somebody wants the whole of it to end."""
        return self.ending is not None or bool(self.cancels)

    @property
    def is_uncertain(self) -> bool:
        """Whether it may be at the venue without our knowing."""
        return isinstance(self.stage, Sent | Again | Doubt)


def matched_of(bet: Bet | None) -> tuple[int, int]:
    """Matched and its value."""
    return (0, 0) if bet is None else (bet.matched_centi, bet.value)
