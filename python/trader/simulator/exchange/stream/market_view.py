"""What one subscription sees of the markets: changes of cells as `mc` entries.

`bdatb` and `bdatl` are the same as `batb` and `batl` here: the venue has no virtual bets.
Best offers roll stakes below one unit of currency up into the next worse price.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from trader.betfair.messages import RunnerKey
from trader.simulator.exchange.display import OFFERS, SP_ARRAYS, Cell, RunnerDisplay
from trader.simulator.exchange.market import ExchangeMarket, MarketChanges

ROLL_UP_CENTI: Final = 100
LEVELS_DEFAULT: Final = 3
LEVELS_MAX: Final = 10
ALL_FIELDS: Final = frozenset(
    {
        "EX_BEST_OFFERS_DISP",
        "EX_BEST_OFFERS",
        "EX_ALL_OFFERS",
        "EX_TRADED",
        "EX_TRADED_VOL",
        "EX_LTP",
        "EX_MARKET_DEF",
        "SP_TRADED",
        "SP_PROJECTED",
    }
)
DEFAULT_FIELDS: Final = ALL_FIELDS
_LEVEL_ARRAYS: Final = (
    ("EX_BEST_OFFERS", {"atb": "batb", "atl": "batl"}),
    ("EX_BEST_OFFERS_DISP", {"atb": "bdatb", "atl": "bdatl"}),
)
_CELL_FIELDS: Final = {
    "EX_ALL_OFFERS": ("atb", "atl"),
    "EX_TRADED": ("trd",),
    "EX_TRADED_VOL": ("tv",),
    "EX_LTP": ("ltp",),
    "SP_PROJECTED": ("spn", "spf"),
    "SP_TRADED": SP_ARRAYS,
}

Level = tuple[int, int]
"""(price, size) in hundredths."""


def number(centi: int) -> float:
    """Hundredths as the JSON number the venue writes: 10, 10.5, 10.25."""
    return centi // 100 if centi % 100 == 0 else centi / 100


class MarketView:
    """The rendering of one market subscription, and what its best offers looked like last."""

    def __init__(self, fields: frozenset[str], ladder_levels: int) -> None:
        self._names = frozenset(name for field in fields for name in _CELL_FIELDS.get(field, ()))
        self._has_definition = "EX_MARKET_DEF" in fields
        self._has_volume = "EX_TRADED_VOL" in fields
        self._levels_of = [arrays for field, arrays in _LEVEL_ARRAYS if field in fields]
        self._ladder_levels = ladder_levels
        self._sent: dict[tuple[str, RunnerKey, str], list[Level]] = {}

    def image(self, market: ExchangeMarket) -> dict[str, Any]:
        """The whole of a market."""
        self.forget(market.market_id)
        entry = self.changes(market, market.everything()) or {"id": market.market_id}
        entry["img"] = True
        return entry

    def resumed(self, market: ExchangeMarket, changes: MarketChanges) -> dict[str, Any] | None:
        """What changed while the client was away; its best offers are not known: all are told."""
        self.forget(market.market_id)
        return self.changes(market, changes, all_levels=True)

    def forget(self, market_id: str) -> None:
        """What was sent of a market does not count any more."""
        for key in [key for key in self._sent if key[0] == market_id]:
            del self._sent[key]

    def changes(
        self, market: ExchangeMarket, changes: MarketChanges, *, all_levels: bool = False
    ) -> dict[str, Any] | None:
        """An `mc` entry of what changed; None when nothing of it is subscribed to."""
        entry: dict[str, Any] = {"id": market.market_id}
        if changes.definition and self._has_definition:
            entry["marketDefinition"] = market.raw_definition
        rows = []
        volume = changes.volume and self._has_volume
        for key, cells in changes.runners.items():
            display = market.runner(key)
            row = self._runner(market.market_id, display, cells, all_levels=all_levels)
            if row:
                row["id"] = key[0]
                if key[1]:
                    row["hc"] = number(key[1])
                rows.append(row)
                volume = volume or "tv" in row
        if rows:
            entry["rc"] = rows
        if volume:
            entry["tv"] = number(market.total_traded())
        return entry if len(entry) > 1 else None

    def _runner(
        self, market_id: str, display: RunnerDisplay, cells: Iterable[Cell], *, all_levels: bool
    ) -> dict[str, Any]:
        row: dict[str, Any] = {}
        names = self._names
        offers = set()
        for name, price in sorted(cells):
            if name in OFFERS:
                offers.add(name)
            if name not in names:
                continue
            if name in OFFERS:
                size_centi = display.offered(name, int(price))
            elif name == "trd":
                size_centi = display.traded(int(price))
            else:
                _single(row, display, name, price)
                continue
            row.setdefault(name, []).append([number(int(price)), number(size_centi)])
        for arrays in self._levels_of:
            for array in sorted(offers):
                levels = self._levels(market_id, display, array, arrays[array], whole=all_levels)
                if levels:
                    row[arrays[array]] = levels
        return row

    def _levels(
        self, market_id: str, display: RunnerDisplay, array: str, name: str, *, whole: bool
    ) -> list[list[float]]:
        """The levels that changed since they were sent last; all of them with `whole`."""
        levels = best_levels(display.ladder(array), self._ladder_levels)
        sent = self._sent.get((market_id, display.key, name), [])
        self._sent[market_id, display.key, name] = levels
        count = self._ladder_levels if whole else max(len(levels), len(sent))
        rows: list[list[float]] = []
        for level in range(count):
            now = levels[level] if level < len(levels) else (0, 0)
            before = sent[level] if level < len(sent) else (0, 0)
            if whole or now != before:
                rows.append([level, number(now[0]), number(now[1])])
        return rows


def _single(row: dict[str, Any], display: RunnerDisplay, name: str, price: float) -> None:
    """A cell that is no ladder's: SP rows and single values."""
    if name in SP_ARRAYS:
        row.setdefault(name, []).append([price, display.sp[name].get(price, 0)])
    elif name == "tv":
        row[name] = number(display.total_traded())
    elif name in display.values:
        row[name] = display.values[name]


def best_levels(ladder: Iterable[Level], count: int) -> list[Level]:
    """The best `count` levels of a ladder (best first), small stakes rolled up."""
    levels: list[Level] = []
    carried = 0
    for price_centi, size_centi in ladder:
        carried += size_centi
        if carried >= ROLL_UP_CENTI:
            levels.append((price_centi, carried))
            carried = 0
            if len(levels) == count:
                break
    return levels


def merged(into: MarketChanges | None, changes: MarketChanges) -> MarketChanges:
    """Both changes as one."""
    if into is None:
        runners = {key: set(cells) for key, cells in changes.runners.items()}
        return MarketChanges(changes.definition, changes.volume, runners)
    into.definition |= changes.definition
    into.volume |= changes.volume
    for key, cells in changes.runners.items():
        into.runners.setdefault(key, set()).update(cells)
    return into
