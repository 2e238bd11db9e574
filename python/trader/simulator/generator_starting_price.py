"""Starting-price bets on a runner of a generated market, and the prices they would come to.

As on the venue, `spl` are the stakes of those who back at the starting price, by the lowest price
they take (1.01: any), and `spb` the liabilities of those who lay at it, by the highest price they
give (1000: any). `spn`, the near price, is a guess at the starting price that looks at the
exchange too; `spf`, the far one, is what the bets at any price alone would come to, and no number
while there are none. Sizes are hundredths.
"""

from __future__ import annotations

import math
from random import Random
from typing import Any, Final

from trader.simulator.order_flow import PRICES, TOP_TICK, tick_below

ANY_BACK: Final = 1.01
ANY_LAY: Final = 1000.0
LIMITS_MAX: Final = 8
"""How many different prices a side has bets at."""
_NEAR_NOISE: Final = 0.02
_PRICE_NOISE: Final = 0.01


class StartingPrices:
    """One runner's starting-price bets, with the changes since the last `take_changes`."""

    def __init__(self, rng: Random) -> None:
        self.backs: dict[float, int] = {}
        self.lays: dict[float, int] = {}
        self._rng = rng
        self._changed_backs: set[float] = set()
        self._changed_lays: set[float] = set()
        self._near: float | None = None

    def open(self, fair: float) -> None:
        """The first bets, of people who take any price, and the prices they come to."""
        if self._rng.random() < 0.8:
            self._add(self.backs, ANY_BACK, self._stake(fair))
        if self._rng.random() < 0.4:
            self._add(self.lays, ANY_LAY, self._liability(fair))
        self._guess(fair)

    def step(self, fair: float) -> None:
        """One more bet, or none and only new guesses at the price."""
        draw = self._rng.random()
        if draw < 0.35:
            self._add(self.backs, ANY_BACK, self._stake(fair))
        elif draw < 0.55:
            self._add(self.lays, ANY_LAY, self._liability(fair))
        elif draw < 0.70:
            self._add(self.backs, self._limit(fair, 1), self._stake(fair))
        elif draw < 0.80:
            self._add(self.lays, self._limit(fair, -1), self._liability(fair))
        self._guess(fair)

    def reconcile(self, fair: float) -> float:
        """The starting price; what is matched at it stays as one row a side, the rest goes.

        Backers take part whose limit is not above the price; whatever the starting-price layers do
        not cover comes from the exchange, so that both sides are matched for the same.
        """
        price = fair * math.exp(self._rng.gauss(0.0, _PRICE_NOISE))
        bsp = max(PRICES[0], min(PRICES[TOP_TICK], price))
        stake = sum(size for limit, size in self.backs.items() if limit <= bsp)
        self.clear()
        self._add(self.backs, bsp, stake)
        self._add(self.lays, bsp, round(stake * (bsp - 1.0)))
        return bsp

    def clear(self) -> None:
        """Takes every bet away."""
        self._changed_backs.update(self.backs)
        self._changed_lays.update(self.lays)
        self.backs.clear()
        self.lays.clear()

    def take_changes(self) -> dict[str, Any]:
        """The fields of an `rc` entry that have changed since the last call; empty if none."""
        fields: dict[str, Any] = {}
        for key, side, changed in (
            ("spb", self.lays, self._changed_lays),
            ("spl", self.backs, self._changed_backs),
        ):
            if changed:
                fields[key] = [[limit, side.get(limit, 0) / 100] for limit in sorted(changed)]
                changed.clear()
        if self._near is not None:
            fields |= {"spn": self._near, "spf": self._far()}
            self._near = None
        return fields

    def _add(self, side: dict[float, int], limit: float, size_centi: int) -> None:
        if size_centi <= 0 or (limit not in side and len(side) >= LIMITS_MAX):
            return
        side[limit] = side.get(limit, 0) + size_centi
        (self._changed_backs if side is self.backs else self._changed_lays).add(limit)

    def _guess(self, fair: float) -> None:
        near = fair * math.exp(self._rng.gauss(0.0, _NEAR_NOISE))
        self._near = round(max(1.01, min(1000.0, near)), 2)

    def _far(self) -> float | str:
        stake, liability = self.backs.get(ANY_BACK, 0), self.lays.get(ANY_LAY, 0)
        if stake == 0:
            return "Infinity" if liability else "NaN"
        return round(min(1000.0, 1.0 + liability / stake), 2)

    def _limit(self, fair: float, direction: int) -> float:
        """A price some ticks beyond the fair one: backers ask for more, layers give less."""
        tick = tick_below(fair) + direction * self._rng.randint(1, 12)
        return PRICES[max(1, min(TOP_TICK - 1, tick))]

    def _stake(self, fair: float) -> int:
        median = 12.0 * min(1.0, 4.0 / fair) ** 0.6
        size: int = round(100 * median * math.exp(self._rng.gauss(0.0, 1.0)))
        return max(200, min(200_000, size))

    def _liability(self, fair: float) -> int:
        return max(1_000, min(2_000_000, round(self._stake(fair) * (fair - 1.0))))
