"""What comes from the venue: bets as they stand, and answers to requests."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, TypeAlias

from trader.execution.interfaces.intents import Side
from trader.execution.orders.variants import Variant

RunnerKey: TypeAlias = tuple[int, int]
"""A runner of a market: its id, and its handicap in hundredths."""


@dataclass(frozen=True, slots=True)
class Bet:
    """A bet as the order stream or a look-up shows it. Sizes in hundredths of the account currency,
    `value` the sum of price times size over what is matched in hundredths of hundredths. A replaced
    bet may have its forerunner's `order_ref`, or none."""

    bet_id: str
    order_ref: str | None
    market_id: str
    runner: tuple[int, int]
    side: Side
    price_centi: int
    size_centi: int
    placed_ms: int
    matched_centi: int
    value: int
    matched_ms: int | None
    cancelled_centi: int
    lapsed_centi: int
    voided_centi: int

    @property
    def remaining_centi(self) -> int:
        return self.size_centi - self.matched_centi - self._gone_centi

    @property
    def is_complete(self) -> bool:
        """Whether nothing can be matched any more."""
        return self.remaining_centi <= 0

    @property
    def _gone_centi(self) -> int:
        return self.cancelled_centi + self.lapsed_centi + self.voided_centi

    def is_news_after(self, known: Bet) -> bool:
        """Whether this says more of the bet than `known`: states come late and twice. Matched may
        become void, never come back from it, so a void counts twice. Of equal progress with another
        value the venue has made another price (a reduction factor)."""
        mine = (self.matched_centi + self._gone_centi, self.voided_centi)
        theirs = (known.matched_centi + known._gone_centi, known.voided_centi)
        return mine > theirs or (mine == theirs and self.value < known.value)


@dataclass(frozen=True, slots=True)
class Done(Variant):
    """An instruction was carried out. PLACE and REPLACE: the (new) bet's id, None where it is still
    being processed, and its size."""

    bet_id: str | None
    size_centi: int


@dataclass(frozen=True, slots=True)
class Failed(Variant):
    """It was not, with the venue's code."""

    is_wrapper: ClassVar[bool] = True
    code: str


@dataclass(frozen=True, slots=True)
class TimedOut(Variant):
    """The venue does not know yet."""


Told: TypeAlias = Done | Failed | TimedOut


@dataclass(frozen=True, slots=True)
class Replied(Variant):
    """The reply was read: what became of each instruction, in their order."""

    tag: ClassVar[str] = "Told"
    is_wrapper: ClassVar[bool] = True
    told: list[Done | Failed | TimedOut]


@dataclass(frozen=True, slots=True)
class Refused(Variant):
    """The venue refused the request as a whole with this code."""

    is_wrapper: ClassVar[bool] = True
    code: str


@dataclass(frozen=True, slots=True)
class NotSent(Variant):
    """Not a byte of it left us, for this reason."""

    is_wrapper: ClassVar[bool] = True
    why: str


@dataclass(frozen=True, slots=True)
class Lost(Variant):
    """It may have arrived; no whole reply came, for this reason."""

    is_wrapper: ClassVar[bool] = True
    why: str


Answer: TypeAlias = Replied | Refused | NotSent | Lost
