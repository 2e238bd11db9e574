"""Matched volume: which rises of traded volume are trades, how large, and whose orders they took.

docs/signals.md, "Matched volume". `trd` rises by twice the stake of a plain match and by once the
stake of a cross match, so what rested at the price and is gone decides which it was. Integer
hundredths throughout.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TypeAlias

from trader.betfair.books import RestedSide
from trader.betfair.signals.settings import SignalSettings

Rise: TypeAlias = tuple[int, int, int]
"""(price, traded volume before the message, after it): after is the larger."""
Drops: TypeAlias = tuple[int, int]
"""By how much the resting size at a price fell: (of resting backs, of resting lays); 0 if not."""


@dataclass(frozen=True, slots=True)
class Trade:
    """What was matched at one price in one message."""

    price_centi: int
    backs_centi: int
    """Stake matched of the backs that rested there."""
    lays_centi: int
    """Stake matched of the lays that rested there."""

    @property
    def volume_centi(self) -> int:
        return self.backs_centi + self.lays_centi

    def of(self, side: RestedSide) -> int:
        """The part credited to the orders that rested on `side`."""
        return self.backs_centi if side == "BACK" else self.lays_centi


def trades(
    rises: Iterable[Rise], drops_at: Callable[[int], Drops], settings: SignalSettings
) -> list[Trade]:
    """The trades among the rises of one runner in one message, prices ascending."""
    rises = sorted(rises)
    revalued = revaluation(rises, settings)
    found = [
        trade_of(price, after - before, drops_at(price), settings.drop_tolerance_centi)
        for price, before, after in rises
        if price not in revalued
    ]
    return [trade for trade in found if trade.volume_centi]


def revaluation(rises: Iterable[Rise], settings: SignalSettings) -> set[int]:
    """The prices whose rise is a change of exchange rates and no trading; empty without one.

    A revaluation moves many levels at once, each by a small part of what it was.
    """
    small = {
        price
        for price, before, after in rises
        if before > 0 and (after - before) * 100 <= settings.revaluation_percent * before
    }
    return small if len(small) >= settings.revaluation_levels else set()


def trade_of(price: int, rise: int, drops: Drops, tolerance: int) -> Trade:
    """What a rise of traded volume says was matched (v), and on which side it rested."""
    backs, lays = drops
    drop = max(backs, lays)
    # In halves of a hundredth, so that Δ/2 - tolerance ≤ d ≤ Δ + tolerance stays in integers.
    explains = drop > 0 and rise - 2 * tolerance <= 2 * drop <= 2 * (rise + tolerance)
    volume = drop if explains else rise // 2
    if backs > lays:
        return Trade(price, volume, 0)
    if lays > backs:
        return Trade(price, 0, volume)
    return Trade(price, volume // 2, volume - volume // 2)
