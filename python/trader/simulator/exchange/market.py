"""One market of the venue: the public market that is played back, with our orders in it.

`apply` takes a message's entry into the public book, `match` lets it meet our orders. In between
the venue does what a new definition means to them, so that orders that lapse at the off do not
meet the first prices in play.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from trader.betfair.books import TAKEN_OF, MarketBook
from trader.betfair.messages import (
    UNDEFINED,
    Definition,
    MarketChange,
    RunnerChange,
    RunnerDefinition,
    RunnerKey,
)
from trader.betfair.signals.market import MarketMessage
from trader.betfair.signals.runner import RunnerChanged
from trader.betfair.signals.settings import SignalSettings
from trader.simulator.exchange.bets import Bet
from trader.simulator.exchange.display import ARRAY_OF, Cell, RunnerDisplay
from trader.simulator.matching import Match, RunnerMatching, RunnerMove

REMOVED: Final = frozenset({"REMOVED", "REMOVED_VACANT"})


@dataclass(slots=True)
class MarketChanges:
    """What of a market changed since it was asked last."""

    definition: bool = False
    volume: bool = False
    """The public's volume of the whole market was named."""
    runners: dict[RunnerKey, set[Cell]] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return self.definition or self.volume or bool(self.runners)


class ExchangeMarket:
    """The venue's side of one market. Not bounded by itself: the venue bounds bets and markets."""

    def __init__(self, market_id: str, settings: SignalSettings) -> None:
        self.market_id = market_id
        self.book = MarketBook(market_id)
        self.raw_definition: dict[str, Any] | None = None
        """The definition as the stream spells it."""
        self.definition_changed_seq = 0
        self.first_seq = 0
        """The venue's sequence number of the first change, 0 before it."""
        self.runners: dict[RunnerKey, RunnerDisplay] = {}
        self.bets: dict[str, Bet] = {}
        """All bets of the market by id, in placing order."""
        self.removals: dict[RunnerKey, float] = {}
        """Removed runners → their reduction factor in percent, in the order they were removed."""
        self.live: dict[str, Bet] = {}
        """Those of `bets` that may still have something unmatched."""
        self.is_settling = False
        self.is_settled = False
        self._settings = settings
        self._concerned: dict[RunnerKey, None] = {}
        """Runners with orders of ours, or with public offers that we took and that still stand:
        what happens to the others concerns nobody."""
        self._public_tv: float | None = None
        """The market's `tv` as it came last; not every source has it."""
        self._changes = MarketChanges()
        self._message: MarketMessage | None = None

    @property
    def definition(self) -> Definition:
        return self.book.definition or UNDEFINED

    @property
    def status(self) -> str:
        """OPEN, SUSPENDED, CLOSED or INACTIVE; OPEN where no definition says anything."""
        return self.definition.status or "OPEN"

    @property
    def version(self) -> int:
        return self.definition.version or 0

    @property
    def is_line(self) -> bool:
        """Whether it is bet on lines: the prices are no odds, and bets are struck at evens."""
        return (self.raw_definition or {}).get("bettingType") == "LINE"

    def runner(self, key: RunnerKey) -> RunnerDisplay:
        """The runner's display, made known if it was not."""
        display = self.runners.get(key)
        if display is None:
            matching = RunnerMatching(self._settings)
            display = self.runners[key] = RunnerDisplay(self.book, key, matching)
        return display

    def runner_definition(self, key: RunnerKey) -> RunnerDefinition | None:
        """What the definition says of a runner; None for one it does not have."""
        return next((r for r in self.definition.runners if r.key == key), None)

    def total_traded(self) -> int:
        """All volume traded on the market, in hundredths."""
        if self._public_tv is None:
            return sum(display.total_traded() for display in self.runners.values())
        own = sum(display.own_traded_centi for display in self.runners.values())
        return round(self._public_tv * 100) + own

    # --- the public market ----------------------------------------------------------------------

    def apply(self, entry: Mapping[str, Any], change: MarketChange, pt_ms: int) -> Definition:
        """Takes one `mc` entry (as it came, and read) into the public book; returns the definition
        before it. `match` is to follow, before the next entry."""
        before = self.definition
        self._public_tv = entry.get("tv", self._public_tv)
        self._changes.volume |= "tv" in entry
        message = self._message = MarketMessage(self.book)
        message.image = change.image
        if change.image:
            self._note_all()
            for display in self.runners.values():
                display.forget_values()
        self._note_wiped(change.runners)
        ladders = self._shallow(change.runners)
        self.book.apply(change, pt_ms, message)
        if change.definition is not None:
            message.define(before if before is not UNDEFINED else None, self.definition)
            self.raw_definition = dict(entry["marketDefinition"])
            self._changes.definition = True
        if change.image:
            self._note_all()
        for raw, runner in zip(entry.get("rc") or (), change.runners, strict=True):
            cells = self.runner(runner.key).take_values(raw)
            for array, rows in runner.price_rows:
                cells.update((array, price) for price, _ in rows)
            self.note(runner.key, cells)
        for key, rows_before in ladders.items():
            # Rows with their sizes: what is in one of both only has changed.
            self.note(key, {cell for cell, _ in rows_before ^ self._rows(key)})
        return before

    def match(self) -> list[tuple[RunnerKey, Match]]:
        """Lets what was applied last meet our resting orders."""
        message = self._message
        assert message is not None, "something was applied"
        self._message = None
        named = message.named()
        found: list[tuple[RunnerKey, Match]] = []
        is_open = self.status == "OPEN"
        for key in list(self._concerned):
            display = self.runners[key]
            before = named.get(key)
            book = self.book.runners.get(key)
            trades = []
            if before is not None and book is not None and not message.image:
                trades = RunnerChanged(book, before, self.book.depth).trades(self._settings)
            move = RunnerMove(display.public, trades, is_open, message.upset)
            found += [(key, match) for match in display.matching.move(move)]
            if display.matching.is_idle:
                del self._concerned[key]
        return found

    def _note_wiped(self, entries: Iterable[RunnerChange]) -> None:
        """An empty `trd` takes all traded volume of a runner away, as of one that was removed."""
        for entry in entries:
            if ("trd", ()) in entry.price_rows:
                display = self.runner(entry.key)
                self.note(entry.key, {("trd", price) for price, _ in display.traded_ladder()})
                self.note(entry.key, {("tv", 0)})
                display.forget_own_traded()

    def _shallow(self, entries: Iterable[RunnerChange]) -> dict[RunnerKey, set[tuple[Cell, int]]]:
        """The rows before of runners whose offers come by level, as one level that moves changes
        more prices than it names."""
        if self.book.depth == "full":
            return {}
        return {entry.key: self._rows(entry.key) for entry in entries if entry.level_rows}

    def _rows(self, key: RunnerKey) -> set[tuple[Cell, int]]:
        display = self.runner(key)
        return {
            ((array, price), size)
            for array in ARRAY_OF.values()
            for price, size in display.ladder(array)
        }

    # --- what changed ---------------------------------------------------------------------------

    def note(self, key: RunnerKey, cells: Iterable[Cell]) -> None:
        """Cells of a runner changed."""
        self._changes.runners.setdefault(key, set()).update(cells)

    def note_resting(self, bet: Bet) -> None:
        """What rests of a bet at its price changed, or what it took."""
        self._concerned[bet.runner] = None
        self.note(bet.runner, [(ARRAY_OF[TAKEN_OF[bet.side]], bet.price_centi)])

    def take_changes(self, seq: int) -> MarketChanges:
        """What changed since the last call, marked as of `seq`."""
        changes, self._changes = self._changes, MarketChanges()
        if changes and not self.first_seq:
            self.first_seq = seq
        if changes.definition:
            self.definition_changed_seq = seq
        for key, cells in changes.runners.items():
            changed = self.runner(key).changed
            for cell in cells:
                changed[cell] = seq
        return changes

    def changes_since(self, seq: int) -> MarketChanges:
        """What changed after `seq`."""
        return MarketChanges(
            self.definition_changed_seq > seq,
            self._public_tv is not None,
            {
                key: cells
                for key, display in self.runners.items()
                if (cells := {cell for cell, at in display.changed.items() if at > seq})
            },
        )

    def everything(self) -> MarketChanges:
        """All there is, for an image."""
        runners = {key: display.cells() for key, display in self.runners.items()}
        has_volume = self._public_tv is not None
        return MarketChanges(self.raw_definition is not None, has_volume, runners)

    def _note_all(self) -> None:
        for key, display in self.runners.items():
            self.note(key, display.cells())
