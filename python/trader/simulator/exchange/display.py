"""What a runner shows on the stream: the public market with our orders in it.

A cell is one thing the stream can change: the size at a price of an array, or a single value. Each
cell remembers the venue's sequence number of its last change, so that what a client missed since
some number can be told.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final, TypeAlias

from trader.betfair.books import TAKEN_OF, MarketBook, RestedSide, TakenSide
from trader.betfair.messages import RunnerKey
from trader.simulator.matching import OPPOSITE, Match, RunnerMatching

OFFERS: Final[dict[str, TakenSide]] = {"atb": "BACK", "atl": "LAY"}
"""Array → the side taken there."""
ARRAY_OF: Final[dict[TakenSide, str]] = {"BACK": "atb", "LAY": "atl"}
SP_ARRAYS: Final = ("spb", "spl")
VALUES: Final = ("ltp", "tv", "spn", "spf")

Cell: TypeAlias = tuple[str, float]
"""(array, price): the price in hundredths for `atb`, `atl`, `trd`; in odds, as it came, for `spb`
and `spl`, which are on no ladder. (value, 0) for a single value."""


class PublicRunner:
    """A runner's public book, as `matching.PublicBook` has it."""

    __slots__ = ("_key", "_market")

    def __init__(self, market: MarketBook, key: RunnerKey) -> None:
        self._market = market
        self._key = key

    def visible(self, side: RestedSide, price_centi: int) -> int | None:
        market = self._market
        return market.visible_at(self._key, TAKEN_OF[side], market.depth, price_centi)

    def offers(self, side: TakenSide) -> Iterable[tuple[int, int]]:
        book = self._market.runners.get(self._key)
        return book.ladder(side, self._market.depth) if book is not None else ()

    def traded(self) -> Mapping[int, int]:
        """Price → volume traded."""
        book = self._market.runners.get(self._key)
        return book.prices["trd"] if book is not None else {}


class RunnerDisplay:
    """One runner's cells, and when each changed last. Sizes in hundredths."""

    __slots__ = (
        "changed",
        "key",
        "matching",
        "own_traded",
        "own_traded_centi",
        "public",
        "sp",
        "values",
    )

    def __init__(self, market: MarketBook, key: RunnerKey, matching: RunnerMatching) -> None:
        self.key = key
        self.public = PublicRunner(market, key)
        self.matching = matching
        self.own_traded: dict[int, int] = {}
        """Price → what our matches add to the public's traded volume (both sides counted)."""
        self.own_traded_centi = 0
        self.values: dict[str, Any] = {}
        """`ltp`, `tv`, `spn`, `spf` as they came; `ltp` of our matches as well."""
        self.sp: dict[str, dict[float, float]] = {name: {} for name in SP_ARRAYS}
        self.changed: dict[Cell, int] = {}

    def offered(self, array: str, price_centi: int) -> int:
        """The size at a price of `atb` or `atl`: the public's without what we took, and ours."""
        taken = OFFERS[array]
        rested = OPPOSITE[taken]
        public = (self.public.visible(rested, price_centi) or 0) - self.matching.taken_at(
            taken, price_centi
        )
        return max(0, public) + self.matching.own_at(rested, price_centi)

    def traded(self, price_centi: int) -> int:
        """The traded volume at a price, with our matches."""
        return self.public.traded().get(price_centi, 0) + self.own_traded.get(price_centi, 0)

    def ladder(self, array: str) -> list[tuple[int, int]]:
        """(price, size) of all that is in `atb` or `atl`, best first."""
        taken = OFFERS[array]
        prices = {price for price, _ in self.public.offers(taken)}
        prices.update(self.matching.own_prices(OPPOSITE[taken]))
        rows = [(price, self.offered(array, price)) for price in prices]
        return sorted((row for row in rows if row[1] > 0), reverse=array == "atb")

    def traded_ladder(self) -> list[tuple[int, int]]:
        """(price, volume) of all that was traded, ascending price."""
        prices = sorted(self.public.traded().keys() | self.own_traded.keys())
        return [(price, size) for price in prices if (size := self.traded(price)) > 0]

    def total_traded(self) -> int:
        """All volume traded: what the public market says of it, else the sum of its ladder."""
        public = self.values.get("tv")
        if public is None:
            return sum(self.public.traded().values()) + self.own_traded_centi
        return round(float(public) * 100) + self.own_traded_centi

    def cells(self) -> set[Cell]:
        """All that is there to be shown."""
        found: set[Cell] = {(name, 0) for name in self.values}
        for array in OFFERS:
            found.update((array, price) for price, _ in self.ladder(array))
        found.update(("trd", price) for price, _ in self.traded_ladder())
        for array, rows in self.sp.items():
            found.update((array, price) for price in rows)
        return found

    def forget_values(self) -> None:
        """An image is to come: single values and SP rows are what it says."""
        self.values.clear()
        for rows in self.sp.values():
            rows.clear()

    def forget_own_traded(self) -> None:
        """The runner's traded volume is taken away, ours with it."""
        self.own_traded.clear()
        self.own_traded_centi = 0

    def take_values(self, entry: Mapping[str, Any]) -> set[Cell]:
        """The single values and SP rows of an `rc` entry; the cells they change."""
        changed: set[Cell] = set()
        for name in VALUES:
            if name in entry and entry[name] is not None:
                self.values[name] = entry[name]
                changed.add((name, 0))
        for array in SP_ARRAYS:
            for price, size in entry.get(array) or ():
                self.sp[array][price] = size
                if not size:
                    del self.sp[array][price]
                changed.add((array, price))
        return changed

    def take_match(self, side: RestedSide, match: Match) -> set[Cell]:
        """What a match of an order of ours on `side` changes here, itself counted in."""
        changed: set[Cell] = {
            (ARRAY_OF[TAKEN_OF[side]], match.price_centi),  # where the order rests
            (ARRAY_OF[side], match.price_centi),  # what it takes, or what took it
        }
        if match.kind == "traded":
            return changed  # the public's own traded volume has it
        size_centi = match.size_centi if match.against is not None else 2 * match.size_centi
        at = self.own_traded
        at[match.price_centi] = at.get(match.price_centi, 0) + size_centi
        self.own_traded_centi += size_centi
        self.values["ltp"] = match.price_centi / 100
        return changed | {("trd", match.price_centi), ("ltp", 0), ("tv", 0)}
