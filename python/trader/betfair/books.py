"""The state of one market: its runners' full-depth books and its definition.

All prices and sizes are hundredths. Nothing here checks input: that is done in `normalize`, so
that applying a message cannot fail half-way.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Final, Literal, TypeAlias

from trader.betfair.ladder import CLASSIC, Ladder
from trader.betfair.messages import Definition, MarketChange, RunnerChange, RunnerKey

if TYPE_CHECKING:  # signals are computed from books, not the other way round
    from trader.betfair.signals.before import Before
    from trader.betfair.signals.market import MarketMessage, MarketSignals

Depth: TypeAlias = Literal["full", "best", "display"]
"""Which arrays a book is read from: atb/atl, batb/batl, bdatb/bdatl."""
TakenSide: TypeAlias = Literal["BACK", "LAY"]
"""The side taken: BACK reads what is available to back, LAY what is available to lay."""
RestedSide: TypeAlias = Literal["BACK", "LAY"]
"""The side of resting orders."""
RESTED_SIDES: Final[tuple[RestedSide, ...]] = ("BACK", "LAY")
TAKEN_OF: Final[dict[RestedSide, TakenSide]] = {"BACK": "LAY", "LAY": "BACK"}
"""Where resting orders stand: a BACK waits in available to lay, which a layer would take."""

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

    __slots__ = ("key", "levels", "ltp_centi", "prices")

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

    def apply(self, change: RunnerChange, before: Before | None = None) -> None:
        """One `rc` entry; `before` is told of the rows as they are, where somebody compares."""
        for name, rows in change.price_rows:
            ladder = self.prices[name]
            wiped = name == "trd" and not rows  # the venue's wipe of a removed runner
            if before is not None:
                before.note_prices(name, ladder, ladder.items() if wiped else rows)
            if wiped:
                ladder.clear()
            for price, size in rows:
                if size:
                    ladder[price] = size
                else:
                    ladder.pop(price, None)
        for name, level_rows in change.level_rows:
            levels = self.levels[name]
            if before is not None:
                before.note_levels(name, levels)
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

    def best(self, side: TakenSide, depth: Depth) -> tuple[int, int] | None:
        """(price, size) of the best level of one side, None where there is none."""
        if depth == "full":  # no need to sort a whole ladder
            ladder = self.prices[_SIDES[depth, side]]
            if not ladder:
                return None
            price = max(ladder) if side == "BACK" else min(ladder)
            return price, ladder[price]
        return next(iter(self.ladder(side, depth)), None)

    def size_at(self, side: TakenSide, depth: Depth, price_centi: int) -> int:
        """The size at one price of one side, 0 where there is none."""
        name = _SIDES[depth, side]
        if depth == "full":
            return self.prices[name].get(price_centi, 0)
        return _size_at(self.levels[name], price_centi)

    def size_before(self, before: Before, side: TakenSide, depth: Depth, price_centi: int) -> int:
        """`size_at` as it was before the message that `before` has the rows of."""
        name = _SIDES[depth, side]
        if depth == "full":
            noted = before.prices.get(name, {})
            return noted.get(price_centi, self.prices[name].get(price_centi, 0))
        return _size_at(before.levels.get(name, self.levels[name]), price_centi)

    def in_view(self, side: TakenSide, depth: Depth, price_centi: int) -> bool:
        """Whether the size at a price is known: all of a full-depth book, else down to the worst
        price shown on that side."""
        if depth == "full":
            return True
        prices = [price for price, _ in self.levels[_SIDES[depth, side]].values()]
        if not prices:
            return False
        return price_centi >= min(prices) if side == "BACK" else price_centi <= max(prices)

    def visible_at(self, side: TakenSide, depth: Depth, price_centi: int) -> int | None:
        """`size_at` where the price is in view, else None."""
        if not self.in_view(side, depth, price_centi):
            return None
        return self.size_at(side, depth, price_centi)


def _size_at(levels: Mapping[int, tuple[int, int]], price_centi: int) -> int:
    return sum(size for price, size in levels.values() if price == price_centi)


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
        "signals",
        "stale",
        "subscription_id",
        "ts_ms",
    )

    def __init__(self, market_id: str) -> None:
        self.market_id = market_id
        self.runners: dict[RunnerKey, RunnerBook] = {}
        self.definition: Definition | None = None
        self.definition_seq = 0
        self.pt_ms: int | None = None
        self.ts_ms: int | None = None
        """Receipt time of the last message that changed this market."""
        self.closed_pt_ms: int | None = None
        self.subscription_id: int | None = None
        """The `id` of the last message that changed this market and carried one."""
        self.stale = False
        """A message for this market was lost; an image clears it."""
        self.signals: MarketSignals | None = None
        """None where no signals are computed."""
        self._depths_seen: set[Depth] = set()

    @property
    def depth(self) -> Depth:
        """The fullest kind of book this market has shown a row of."""
        if "full" in self._depths_seen:
            return "full"
        return "best" if "best" in self._depths_seen else "display"

    @property
    def depths_seen(self) -> frozenset[Depth]:
        """The kinds of book this market has shown a row of."""
        return frozenset(self._depths_seen)

    @property
    def ladder(self) -> Ladder | None:
        """The price ladder; None for a LINE_RANGE market that does not give its lines."""
        return CLASSIC if self.definition is None else self.definition.ladder

    @property
    def is_open(self) -> bool:
        """False only where a definition says so."""
        return self.definition is None or self.definition.status == "OPEN"

    def visible_at(
        self, key: RunnerKey, side: TakenSide, depth: Depth, price_centi: int
    ) -> int | None:
        """The size that is visible at a price, None where the price is not in view."""
        book = self.runners.get(key)
        if book is None:
            return 0 if depth == "full" else None
        return book.visible_at(side, depth, price_centi)

    def runner(self, key: RunnerKey) -> RunnerBook:
        """The runner's book, made known if it was not."""
        book = self.runners.get(key)
        if book is None:
            book = self.runners[key] = RunnerBook(key)
        return book

    def apply(
        self, change: MarketChange, pt_ms: int | None, message: MarketMessage | None = None
    ) -> None:
        """One `mc` entry: image, then definition, then `rc` entries in their order.

        `message` collects what signals are computed from, None where there are none.
        """
        if pt_ms is not None:
            self.pt_ms = pt_ms
        if change.image:
            self.stale = False
            self.runners = {}
            if self.definition is not None and change.definition is None:
                self._know_runners(self.definition)
        if change.definition is not None and (change.image or not self._is_old(change.definition)):
            self._define(change.definition, pt_ms)
        for entry in change.runners:
            before = None if message is None else message.before(entry.key)
            self.runner(entry.key).apply(entry, before)
            self._note_depths(entry)

    def _is_old(self, definition: Definition) -> bool:
        """Whether a definition is of a lower version than the one held, both being known."""
        held = None if self.definition is None else self.definition.version
        return held is not None and definition.version is not None and definition.version < held

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
