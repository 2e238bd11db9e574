"""The state of one market: its runners' full-depth books and its definition.

All prices and sizes are hundredths. Nothing here checks input: that is done in `normalize`, so
that applying a message cannot fail half-way.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, Literal, TypeAlias

from trader.betfair.ladder import CLASSIC, Ladder
from trader.betfair.messages import Definition, MarketChange, RunnerChange, RunnerKey

Depth: TypeAlias = Literal["full", "best", "display"]
"""Which arrays a book is read from: atb/atl, batb/batl, bdatb/bdatl."""
TakenSide: TypeAlias = Literal["BACK", "LAY"]
"""The side taken: BACK reads what is available to back, LAY what is available to lay."""

_SIDES: Final[dict[tuple[str, str], str]] = {
    ("full", "BACK"): "atb",
    ("full", "LAY"): "atl",
    ("best", "BACK"): "batb",
    ("best", "LAY"): "batl",
    ("display", "BACK"): "bdatb",
    ("display", "LAY"): "bdatl",
}
_DEPTH_OF: Final[dict[str, Depth]] = {
    "atb": "full",
    "atl": "full",
    "batb": "best",
    "batl": "best",
    "bdatb": "display",
    "bdatl": "display",
}


class RunnerBook:
    """One runner: its ladders as the venue sent them, traded volumes and last traded price."""

    __slots__ = ("in_rc", "key", "last_traded_ms", "levels", "ltp_centi", "prices")

    def __init__(self, key: RunnerKey) -> None:
        self.key = key
        self.prices: dict[str, dict[int, int]] = {"atb": {}, "atl": {}, "trd": {}}
        """Price → size, by array name."""
        self.levels: dict[str, dict[int, tuple[int, int]]] = {
            "batb": {},
            "batl": {},
            "bdatb": {},
            "bdatl": {},
        }
        """Level → (price, size), by array name."""
        self.ltp_centi: int | None = None
        self.last_traded_ms: int | None = None
        self.in_rc = False
        """Whether an `rc` entry has named it (a runner can be known from the definition alone)."""

    @property
    def traded_centi(self) -> int:
        """Traded volume over all prices."""
        return sum(self.prices["trd"].values())

    def apply(self, change: RunnerChange) -> None:
        self.in_rc = True
        for name, rows in change.price_rows:
            ladder = self.prices[name]
            if name == "trd" and not rows:  # the venue's wipe of a removed runner
                ladder.clear()
            for price, size in rows:
                if size:
                    ladder[price] = size
                else:
                    ladder.pop(price, None)
        for name, level_rows in change.level_rows:
            levels = self.levels[name]
            for level, price, size in level_rows:
                if size:
                    levels[level] = (price, size)
                else:
                    levels.pop(level, None)
        if change.ltp_centi is not None:
            self.ltp_centi = change.ltp_centi

    def ladder(self, side: TakenSide, depth: Depth) -> list[tuple[int, int]]:
        """(price, size) of every level of one side, best price first."""
        name = _SIDES[depth, side]
        rows: Iterable[tuple[int, int]]
        if depth == "full":
            rows = self.prices[name].items()
        else:
            rows = [row for _, row in sorted(self.levels[name].items())]
        return sorted(rows, key=_price_of, reverse=side == "BACK")

    def size_at(self, side: TakenSide, depth: Depth, price_centi: int) -> int:
        """The size at one price of one side, 0 where there is none."""
        name = _SIDES[depth, side]
        if depth == "full":
            return self.prices[name].get(price_centi, 0)
        return sum(size for price, size in self.levels[name].values() if price == price_centi)


def _price_of(row: tuple[int, int]) -> int:
    return row[0]


class MarketBook:
    """One market: runners in the order they became known, definition, and what marks it stale."""

    __slots__ = (
        "_depths_seen",
        "closed_pt_ms",
        "definition",
        "definition_seq",
        "market_id",
        "pt_ms",
        "runners",
        "stale",
        "subscription_id",
    )

    def __init__(self, market_id: str) -> None:
        self.market_id = market_id
        self.runners: dict[RunnerKey, RunnerBook] = {}
        self.definition: Definition | None = None
        self.definition_seq = 0
        self.pt_ms: int | None = None
        self.closed_pt_ms: int | None = None
        self.subscription_id: int | None = None
        """The `id` of the last message that changed this market and carried one."""
        self.stale = False
        """A message for this market was lost; an image clears it."""
        self._depths_seen: set[Depth] = set()

    @property
    def depth(self) -> Depth:
        """The fullest kind of book this market has shown a row of."""
        if "full" in self._depths_seen:
            return "full"
        return "best" if "best" in self._depths_seen else "display"

    @property
    def ladder(self) -> Ladder | None:
        """The price ladder; None for a LINE_RANGE market that does not give its lines."""
        return CLASSIC if self.definition is None else self.definition.ladder

    def runner(self, key: RunnerKey) -> RunnerBook:
        """The runner's book, made known if it was not."""
        book = self.runners.get(key)
        if book is None:
            book = self.runners[key] = RunnerBook(key)
        return book

    def apply(self, change: MarketChange, pt_ms: int | None) -> None:
        """One `mc` entry: image, then definition, then `rc` entries in their order."""
        if pt_ms is not None:
            self.pt_ms = pt_ms
        if change.image:
            self.stale = False
            self.runners = {}
            if self.definition is not None and change.definition is None:
                self._know_runners(self.definition)
        if change.definition is not None:
            self._define(change.definition, pt_ms)
        for entry in change.runners:
            self.runner(entry.key).apply(entry)
            self._note_depths(entry)

    def _define(self, definition: Definition, pt_ms: int | None) -> None:
        self.definition = definition
        self.definition_seq += 1
        self._know_runners(definition)
        if definition.status != "CLOSED":
            self.closed_pt_ms = None
        elif self.closed_pt_ms is None:
            self.closed_pt_ms = pt_ms

    def _know_runners(self, definition: Definition) -> None:
        for runner in definition.runners:
            self.runner(runner.key)

    def _note_depths(self, entry: RunnerChange) -> None:
        for name, rows in (*entry.price_rows, *entry.level_rows):
            if rows and name in _DEPTH_OF:
                self._depths_seen.add(_DEPTH_OF[name])
