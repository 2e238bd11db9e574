"""A runner's order flow for generated markets: a book with zero-intelligence and informed traders.

The book is the exchange's: `bids` are resting lays (available to back, `atb`), `asks` are resting
backs (available to lay, `atl`), both by tick of the CLASSIC ladder with sizes in hundredths. An
order that would cross is matched first, so a book is never crossed between two calls.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from random import Random
from typing import Any, Final

from trader.betfair import ladder

TOP_TICK: Final = len(ladder.CLASSIC) - 1
PRICES_CENTI: Final = tuple(ladder.CLASSIC.price_at(tick) for tick in range(TOP_TICK + 1))
PRICES: Final = tuple(centi / 100 for centi in PRICES_CENTI)
"""Decimal odds by tick, as the stream spells them."""
MIN_SIZE_CENTI: Final = 200
MAX_SIZE_CENTI: Final = 200_000
MAX_LEVELS: Final = 14


def tick_below(price: float) -> int:
    """The tick of the highest CLASSIC price at or below `price`, kept on the ladder."""
    centi = max(101, min(100_000, math.floor(price * 100 + 1e-9)))
    return bisect_right(PRICES_CENTI, centi) - 1


class RunnerFlow:
    """One runner's book and what it traded, with the changes since the last `take_changes`."""

    def __init__(self, selection_id: int, rng: Random) -> None:
        self.selection_id = selection_id
        self.bids: dict[int, int] = {}
        self.asks: dict[int, int] = {}
        self.traded: dict[int, int] = {}
        self.total_traded_centi = 0
        """The sum of `traded`."""
        self.last_tick: int | None = None
        self._rng = rng
        self._changed_bids: set[int] = set()
        self._changed_asks: set[int] = set()
        self._changed_traded: set[int] = set()

    def open_book(self, fair: float, levels: int) -> None:
        """Rests some size on each of the next `levels` ticks either side of a fair price."""
        below = tick_below(fair)
        for step in range(levels):
            for tick, side in ((below - step, self.bids), (below + 1 + step, self.asks)):
                if 0 <= tick <= TOP_TICK:
                    self._rest(side, tick, self._size(fair, 1.0 + 0.35 * step))

    def clear(self) -> None:
        """Takes every resting order away, as the exchange does when a market is suspended."""
        for side, changed in ((self.bids, self._changed_bids), (self.asks, self._changed_asks)):
            changed.update(side)
            side.clear()

    def informed(self, fair: float) -> None:
        """Traders who know the fair price take what is offered on the wrong side of it."""
        below = tick_below(fair)
        while self.bids and max(self.bids) > below:
            self._take(self.bids, max(self.bids), MAX_SIZE_CENTI * 10)
        while self.asks and min(self.asks) <= below - 1:
            self._take(self.asks, min(self.asks), MAX_SIZE_CENTI * 10)

    def step(self, fair: float) -> None:
        """One event: a limit order, a cancellation or an order that takes the best price."""
        draw = self._rng.random()
        levels = len(self.bids) + len(self.asks)
        cancel = min(0.55, 0.022 * levels)
        if draw < cancel:
            self._cancel()
        elif draw < cancel + 0.16:
            self._noise_trade(fair)
        else:
            self._limit(fair)

    def take_changes(self) -> dict[str, Any] | None:
        """The changes since the last call as an `rc` entry of the stream; None if none."""
        if not (self._changed_bids or self._changed_asks or self._changed_traded):
            return None
        entry: dict[str, Any] = {}
        for key, side, changed in (
            ("atb", self.bids, self._changed_bids),
            ("atl", self.asks, self._changed_asks),
            ("trd", self.traded, self._changed_traded),
        ):
            if changed:
                entry[key] = [[PRICES[t], side.get(t, 0) / 100] for t in sorted(changed)]
                changed.clear()
        if "trd" in entry and self.last_tick is not None:
            entry["ltp"] = PRICES[self.last_tick]
            entry["tv"] = self.total_traded_centi / 100
        entry["id"] = self.selection_id
        return entry

    def _limit(self, fair: float) -> None:
        """Rests an order a few ticks behind the fair price, or takes what it would cross first."""
        below = tick_below(fair)
        away = int(self._rng.expovariate(0.55))
        is_bid = self._rng.random() < 0.5
        tick = below - away if is_bid else below + 1 + away
        if not 0 <= tick <= TOP_TICK:
            return
        size = self._size(fair, 1.0)
        side, other = (self.bids, self.asks) if is_bid else (self.asks, self.bids)
        while size > 0 and other:
            best = min(other) if is_bid else max(other)
            if (best > tick) if is_bid else (best < tick):
                break
            size -= self._take(other, best, size)
        if size > 0:
            self._rest(side, tick, size)
        if len(side) > MAX_LEVELS:
            self._set(side, min(side) if is_bid else max(side), 0)

    def _cancel(self) -> None:
        """Takes some or all of one level away, chosen evenly over a side's levels."""
        side = self.bids if self._rng.random() < 0.5 else self.asks
        if len(side) <= 2:
            return
        tick = self._rng.choice(sorted(side))
        left = 0 if self._rng.random() < 0.4 else int(side[tick] * self._rng.uniform(0.2, 0.8))
        self._set(side, tick, left if left >= MIN_SIZE_CENTI else 0)

    def _noise_trade(self, fair: float) -> None:
        """Somebody takes the best price for reasons of their own, now and then through it."""
        side = self.bids if self._rng.random() < 0.5 else self.asks
        size = self._size(fair, 1.6)
        while size > 0 and len(side) > 1:
            best = max(side) if side is self.bids else min(side)
            size -= self._take(side, best, size)
            if self._rng.random() < 0.7:
                break

    def _take(self, side: dict[int, int], tick: int, size_centi: int) -> int:
        """Matches up to `size_centi` at a level; traded volume counts both sides of a match."""
        taken = min(side[tick], size_centi)
        self._set(side, tick, side[tick] - taken)
        self.traded[tick] = self.traded.get(tick, 0) + 2 * taken
        self.total_traded_centi += 2 * taken
        self._changed_traded.add(tick)
        self.last_tick = tick
        return taken

    def _rest(self, side: dict[int, int], tick: int, size_centi: int) -> None:
        self._set(side, tick, side.get(tick, 0) + size_centi)

    def _set(self, side: dict[int, int], tick: int, size_centi: int) -> None:
        if size_centi > 0:
            side[tick] = size_centi
        else:
            side.pop(tick, None)
        (self._changed_bids if side is self.bids else self._changed_asks).add(tick)

    def _size(self, fair: float, scale: float) -> int:
        """A stake in hundredths: lognormal, smaller at long odds as people bet to win an amount."""
        median = 26.0 * scale * min(1.0, 4.0 / fair) ** 0.6
        size: int = round(100 * median * math.exp(self._rng.gauss(0.0, 0.9)))
        return max(MIN_SIZE_CENTI, min(size, MAX_SIZE_CENTI))
