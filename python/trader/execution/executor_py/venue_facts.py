"""What goes to the venue and what comes back, in the executor's own words."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

from trader.execution.interfaces.intents import QuoteIntent

RequestKind: TypeAlias = Literal["place", "cancel", "replace", "look_up"]


@dataclass(frozen=True, slots=True)
class VenueRequest:
    """Something to be asked of the venue; the answer comes back through `replied` with it."""

    kind: RequestKind
    intent: QuoteIntent
    """PLACE or REPLACE: the intent; CANCEL: the intent, or the order whose time is over."""
    bet_id: str | None = None
    attempt: int = 1


@dataclass(frozen=True, slots=True)
class BetState:
    """What the venue says of a bet. Sizes in hundredths."""

    bet_id: str
    order_ref: str | None
    size_centi: int
    matched_centi: int
    remaining_centi: int
    cancelled_centi: int
    lapsed_centi: int
    voided_centi: int
    average_price: float
    is_complete: bool
    matched_ms: int | None = None

    @property
    def progress(self) -> int:
        """Rises with what has happened to the bet: an older state has less of it."""
        gone = self.matched_centi + self.cancelled_centi + self.lapsed_centi
        return gone + 2 * self.voided_centi + self.is_complete
