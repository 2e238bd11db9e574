"""A bet as the venue keeps it: what was asked, and where every hundredth of its size went.

Sizes and prices in hundredths, times in milliseconds. At every moment

    size = matched + remaining + lapsed + cancelled + voided

with `matched` what stands matched now: a void takes from it. On-close bets have their liability
for a size until they are reconciled: then it becomes the stake at the starting price.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Literal, TypeAlias

from trader.betfair.books import RestedSide
from trader.betfair.messages import RunnerKey

OrderType: TypeAlias = Literal["LIMIT", "LIMIT_ON_CLOSE", "MARKET_ON_CLOSE"]
PersistenceType: TypeAlias = Literal["LAPSE", "PERSIST", "MARKET_ON_CLOSE"]
BetStatus: TypeAlias = Literal["PENDING", "EXECUTABLE", "EXECUTION_COMPLETE", "EXPIRED"]


@dataclass(frozen=True, slots=True)
class BetMatch:
    """One match of a bet, at the price that counts: `Bet.reprice` replaces it."""

    price_centi: int
    size_centi: int
    at_ms: int
    before_removals: int
    """How many runners of the market had been removed when it was made: later ones reduce it."""


@dataclass(slots=True)
class Bet:
    """One bet of one account."""

    bet_id: str
    account_id: str
    market_id: str
    runner: RunnerKey
    side: RestedSide
    order_type: OrderType
    price_centi: int
    """The limit; 0 for MARKET_ON_CLOSE."""
    size_centi: int
    """The stake asked for; the liability of an on-close bet that is not reconciled."""
    persistence: PersistenceType
    placed_ms: int
    time_in_force: Literal["FILL_OR_KILL"] | None = None
    min_fill_centi: int | None = None
    customer_order_ref: str | None = None
    customer_strategy_ref: str | None = None
    liability_centi: int = 0
    """What an on-close bet risks at most, for good; 0 for LIMIT."""
    status: BetStatus = "EXECUTABLE"
    matches: list[BetMatch] = field(default_factory=list)
    lapsed_centi: int = 0
    cancelled_centi: int = 0
    voided_centi: int = 0
    matched_ms: int | None = None
    cancelled_ms: int | None = None
    lapsed_ms: int | None = None
    lapse_reason: str | None = None
    """A code of `lsrc`, where a part lapsed."""
    is_price_reduced: bool = False
    """A reduction factor was applied to something matched."""
    sp_price_centi: int | None = None
    """The starting price it was matched at."""
    changed_seq: int = 0
    """The venue's sequence number of the last change of this bet."""
    matched_centi: int = field(default=0, init=False)
    """The sum over `matches`, kept because a bet may have thousands."""
    value_e4: int = field(default=0, init=False)
    """The sum of price times size over `matches`."""

    def __post_init__(self) -> None:
        if self.matches:
            self._add_up()

    @property
    def remaining_centi(self) -> int:
        gone = self.lapsed_centi + self.cancelled_centi + self.voided_centi
        return self.size_centi - self.matched_centi - gone

    @property
    def average_price(self) -> float:
        """The average price matched, decimal odds; 0.0 with nothing matched."""
        matched = self.matched_centi
        return self.value_e4 / matched / 100 if matched else 0.0

    @property
    def is_executable(self) -> bool:
        return self.status in ("PENDING", "EXECUTABLE")

    def match(self, price_centi: int, size_centi: int, at_ms: int, removals: int) -> None:
        """A part is matched; the last part completes the bet."""
        assert 0 < size_centi <= self.remaining_centi, "no more is matched than remains"
        self.matches.append(BetMatch(price_centi, size_centi, at_ms, removals))
        self.matched_centi += size_centi
        self.value_e4 += price_centi * size_centi
        self.matched_ms = at_ms
        self._end_if_nothing_remains()

    def cancel(self, size_centi: int, at_ms: int) -> None:
        """A part of what remains is cancelled."""
        assert 0 < size_centi <= self.remaining_centi, "no more is cancelled than remains"
        self.cancelled_centi += size_centi
        self.cancelled_ms = at_ms
        self._end_if_nothing_remains()

    def lapse(self, reason: str | None, at_ms: int) -> None:
        """All that remains lapses."""
        self.lapsed_centi += self.remaining_centi
        self.lapsed_ms = at_ms
        self.lapse_reason = reason
        self._end_if_nothing_remains()

    def expire(self, at_ms: int) -> None:
        """Its time in force ended it: what remains is cancelled, and the status says why."""
        self.cancelled_centi += self.remaining_centi
        self.cancelled_ms = at_ms
        self.status = "EXPIRED"

    def void(self) -> None:
        """What is matched is void: stakes are returned."""
        self.voided_centi += self.matched_centi
        self.matches.clear()
        self._add_up()

    def reprice(self, removals: int, reduced: Callable[[int], int]) -> bool:
        """The market has `removals` removed runners now, the last with a reduction factor: what
        was matched before gets its reduced price. Whether there was any."""
        before = [match for match in self.matches if match.before_removals < removals]
        if not before:
            return False
        self.matches = [
            replace(match, price_centi=reduced(match.price_centi), before_removals=removals)
            if match.before_removals < removals
            else match
            for match in self.matches
        ]
        self._add_up()
        self.is_price_reduced = True
        return True

    def _add_up(self) -> None:
        self.matched_centi = sum(match.size_centi for match in self.matches)
        self.value_e4 = sum(match.price_centi * match.size_centi for match in self.matches)

    def _end_if_nothing_remains(self) -> None:
        if self.remaining_centi == 0 and self.status != "PENDING":
            self.status = "EXECUTION_COMPLETE"
