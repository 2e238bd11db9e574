"""BookBuilder: the readable book. Decoded stream messages in, full-depth books out.

Entry points: `apply_delta` (one decoded message), `apply_snapshot` (one market whole), `snapshot`
(a market held, to be applied elsewhere), `market` and `runner` (what is held). With
`signal_settings` it also brings the signals forward (`MarketBook.signals`, `orders`), once per
message; without them it does no work for signals at all. Invariants:

1. A message is validated and its limits checked before anything changes; it applies whole or not
   at all.
2. No clock: time is the `pt` of the messages.
3. Bounded: at most `markets_max` markets, closed ones dropped after `closed_retention_ms`,
   segments up to `segment_bytes_max`, `orders_max` queue positions.

The rules are those of docs/signals.md; the reference `Hotloop` reads its answers here.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Literal, TypeAlias

from trader.betfair.books import Depth, MarketBook, RunnerBook
from trader.betfair.messages import MarketChange, Message, RunnerKey
from trader.betfair.normalize import (
    MessageError,
    carried,
    decode_line,
    read_message,
    read_snapshot,
    round_centi,
)
from trader.betfair.segments import SegmentBuffer
from trader.betfair.signals.market import MarketMessage, MarketSignals
from trader.betfair.signals.orders import TrackedOrders
from trader.betfair.signals.settings import SignalSettings
from trader.betfair.snapshot import snapshot_of

MARKETS_MAX: Final = 5_000
CLOSED_RETENTION_MS: Final = 3_600_000
SEGMENT_BYTES_MAX: Final = 64 << 20
ORDERS_MAX: Final = 5_000
STATUS_UNRELIABLE: Final = 503
RESYNC_KINDS: Final = ("SUB_IMAGE", "RESUB_DELTA")
"""The venue's answers to a subscription: what was lost before them is made good."""

Touched: TypeAlias = tuple[str, int, float]
"""(market id, selection id, handicap)."""
BookSource: TypeAlias = Depth | Literal["auto"]


@dataclass(slots=True)
class Counts:
    """What was read so far; see docs/signals.md, "Counts"."""

    messages: int = 0
    market_changes: int = 0
    runner_changes: int = 0
    images: int = 0
    heartbeats: int = 0
    ignored: int = 0
    definitions_ignored: int = 0
    errors: int = 0


@dataclass(slots=True)
class _Applied:
    """What the changes of one message did so far."""

    held: dict[str, dict[RunnerKey, RunnerBook]] = field(default_factory=dict)
    """Of each market with an image: its runners from just before the first one."""
    redrawn: dict[str, None] = field(default_factory=dict)
    """The markets with an image or a definition that was taken, in order."""
    observed: dict[str, MarketMessage] = field(default_factory=dict)
    """Of each market: what signals are computed from. Empty without signals."""


class BookBuilder:
    """Books of every market of a stream. Not thread-safe: one writer, or a lock outside."""

    def __init__(
        self,
        *,
        signal_settings: SignalSettings | None = None,
        book_source: BookSource = "auto",
        markets_max: int = MARKETS_MAX,
        closed_retention_ms: int = CLOSED_RETENTION_MS,
        segment_bytes_max: int = SEGMENT_BYTES_MAX,
        orders_max: int = ORDERS_MAX,
    ) -> None:
        self.markets: dict[str, MarketBook] = {}
        self.counts = Counts()
        self.last_pt_ms: int | None = None
        self.last_ts_ms: int | None = None
        self.unreliable = False
        """The venue said 503: nothing held can be trusted until a message without it."""
        self.signal_settings = signal_settings
        """Taken by the next message; None computes no signals."""
        self.book_source: BookSource = book_source
        self.markets_max = markets_max
        self.closed_retention_ms = closed_retention_ms
        self.segments = SegmentBuffer(segment_bytes_max)
        self.orders = TrackedOrders(orders_max)
        self._image_id_max: int | None = None
        """The highest `id` of a SUB_IMAGE; lower ones are of an old subscription."""
        self._initial_clk: str | None = None
        self._clk: str | None = None
        self._clocks_held = False
        """Changes were lost since: to resubscribe from a later clock would skip them."""

    # --- reading ------------------------------------------------------------------------------

    def market(self, market_id: str) -> MarketBook | None:
        return self.markets.get(market_id)

    def runner(self, market_id: str, selection_id: int, handicap: float = 0.0) -> RunnerBook | None:
        """The runner's book, None when the market or the runner is not known."""
        market = self.markets.get(market_id)
        return None if market is None else market.runners.get((selection_id, round_centi(handicap)))

    def depth(self, market: MarketBook) -> Depth:
        """The offers in force: those the market is read from."""
        return market.depth if self.book_source == "auto" else self.book_source

    def clocks(self) -> tuple[str | None, str | None]:
        """(initialClk, clk) to resubscribe with, None where not known."""
        return self._initial_clk, self._clk

    def stale_markets(self) -> list[str]:
        """The markets whose book may be untrue, in the order they were first seen."""
        return [market.market_id for market in self.markets.values() if self.is_stale(market)]

    def snapshot(self, market_id: str) -> dict[str, Any]:
        """The market as an `mc` entry that `apply_snapshot` makes the same books, definition and
        last traded prices of. Raises `KeyError` when the market is not held."""
        return snapshot_of(self.markets[market_id])

    def is_stale(self, market: MarketBook) -> bool:
        """Whether this market's book may be untrue: a lost message, or a 503 on the stream."""
        return self.unreliable or market.stale

    # --- writing ------------------------------------------------------------------------------

    def apply_delta(
        self, decoded: Mapping[str, Any], *, ts_ms: int | None = None, size_bytes: int = 0
    ) -> list[Touched]:
        """Apply one decoded message; the runners it touched (docs/signals.md says in what order).

        `ts_ms` is when it was received; `size_bytes` the length of its line, for the bound on
        segments. Raises `MessageError`, and then nothing has changed but the count of errors, the
        stale marks and the hold on the clocks.
        """
        try:
            message = read_message(decoded)
            touched = self._take(message, ts_ms, size_bytes)
        except MessageError as error:
            error.resubscribe = self.lost(carried(decoded))
            raise
        self._count(ts_ms)
        return touched

    def apply_line(self, raw: bytes | str, *, ts_ms: int | None = None) -> list[Touched]:
        """Apply one stream line, as `apply_delta`; one that cannot be read marks every market."""
        try:
            decoded = decode_line(raw)
        except MessageError as error:
            error.resubscribe = self.lost(None)
            raise
        return self.apply_delta(decoded, ts_ms=ts_ms, size_bytes=len(raw))

    def apply_snapshot(
        self, market_id: str, snapshot: Mapping[str, Any], *, ts_ms: int | None = None
    ) -> list[Touched]:
        """Replace one market by `snapshot` (the shape of an `mc` entry), as an image does.

        The market keeps its `pt`. Raises `MessageError` as `apply_delta`.
        """
        try:
            change = read_snapshot(market_id, snapshot)
            message = Message(None, None, None, None, None, (change,))
            touched = self._apply(message, ts_ms)
        except MessageError as error:
            error.resubscribe = self.lost((market_id,))
            raise
        self._count(ts_ms)
        return touched

    def lost(self, market_ids: Iterable[str] | None) -> bool:
        """A message that carried `market_ids` was refused: mark them, count the error.

        None is every market, where it cannot be told which. Segments collected so far are thrown
        away, as the lost line may have been one of them; so their markets are marked too. Answers
        whether changes may have been lost.
        """
        self.counts.errors += 1
        marked = None if market_ids is None else {*market_ids, *self.segments.market_ids()}
        for market_id in self.markets if marked is None else marked:
            market = self.markets.get(market_id)
            if market is not None:
                market.stale = True
        self.segments.clear()
        lost = marked is None or bool(marked)
        self._clocks_held |= lost
        return lost

    # --- one message --------------------------------------------------------------------------

    def _take(self, message: Message | None, ts_ms: int | None, size_bytes: int) -> list[Touched]:
        """Sort out what kind of message it is; apply it if it is one to apply."""
        if message is None or self._is_old(message):
            self.counts.ignored += 1
            return []
        touched: list[Touched] = []
        if message.kind == "HEARTBEAT":
            self.counts.heartbeats += 1
            self._note_clocks(message)
        else:
            whole: Message | None = message
            if message.segment is not None:
                whole = self.segments.add(message, size_bytes)
            if whole is not None:
                touched = self._apply(whole, ts_ms)
                self._note_clocks(whole)
                if message.segment is not None:
                    # Only now: had it been refused, they tell what was lost.
                    self.segments.clear()
        self.unreliable = message.status == STATUS_UNRELIABLE
        return touched

    def _count(self, ts_ms: int | None) -> None:
        """A line, mapping or snapshot was taken without error."""
        self.counts.messages += 1
        if ts_ms is not None:
            self.last_ts_ms = ts_ms

    def _note_clocks(self, message: Message) -> None:
        if message.kind in RESYNC_KINDS:
            self._clocks_held = False
        if self._clocks_held:
            return
        if message.initial_clk is not None:
            self._initial_clk = message.initial_clk
        if message.clk is not None:
            self._clk = message.clk

    def _is_old(self, message: Message) -> bool:
        return (
            self._image_id_max is not None
            and message.subscription_id is not None
            and message.subscription_id < self._image_id_max
        )

    def _apply(self, message: Message, ts_ms: int | None) -> list[Touched]:
        """Apply a whole message. Raises only before the first change."""
        dropped = self._to_drop(message)
        self._check_limit(message, dropped)
        for market_id in dropped:
            del self.markets[market_id]
            self.orders.drop_market(market_id)
        applied = _Applied()
        for change in message.changes:
            self._apply_change(change, message, ts_ms, applied)
        if self.signal_settings is not None:
            self._end_signals(applied, self.signal_settings)
        if message.kind == "SUB_IMAGE" and message.subscription_id is not None:
            self._image_id_max = max(message.subscription_id, self._image_id_max or 0)
        if message.pt_ms is not None:
            self.last_pt_ms = message.pt_ms
        return self._touched(message.changes, applied)

    def _apply_change(
        self, change: MarketChange, message: Message, ts_ms: int | None, applied: _Applied
    ) -> None:
        market = self.markets.get(change.market_id)
        if market is None:
            market = self.markets[change.market_id] = MarketBook(change.market_id)
        observed = self._observed(market, change, applied)
        if change.image:
            applied.held.setdefault(change.market_id, market.runners)
            applied.redrawn[change.market_id] = None
        former = market.definition
        market.apply(change, message.pt_ms, observed)
        if market.definition is not former and market.definition is not None:
            applied.redrawn[change.market_id] = None
            if observed is not None:
                observed.define(former, market.definition)
        elif change.definition is not None:
            self.counts.definitions_ignored += 1
        if message.subscription_id is not None:
            market.subscription_id = message.subscription_id
        if ts_ms is not None:
            market.ts_ms = ts_ms
        self.counts.market_changes += 1
        self.counts.runner_changes += len(change.runners)
        self.counts.images += change.image

    def _to_drop(self, message: Message) -> set[str]:
        """Markets closed for long, and those a SUB_IMAGE of their subscription leaves out."""
        dropped: set[str] = set()
        if message.pt_ms is not None:
            for market in self.markets.values():
                closed = market.closed_pt_ms
                if closed is not None and message.pt_ms > closed + self.closed_retention_ms:
                    dropped.add(market.market_id)
        if message.kind == "SUB_IMAGE" and message.subscription_id is not None:
            carried = {change.market_id for change in message.changes}
            for market in self.markets.values():
                same = market.subscription_id == message.subscription_id
                if same and market.market_id not in carried:
                    dropped.add(market.market_id)
        return dropped

    def _check_limit(self, message: Message, dropped: set[str]) -> None:
        held = self.markets.keys() - dropped
        for i, change in enumerate(message.changes):
            held.add(change.market_id)
            if len(held) > self.markets_max:
                raise MessageError(
                    f"market {change.market_id} would be one more than the {self.markets_max} "
                    "of state.max_markets",
                    market_id=change.market_id,
                    field=f"mc[{i}].id",
                )

    # --- what changes once per message --------------------------------------------------------

    def _observed(
        self, market: MarketBook, change: MarketChange, applied: _Applied
    ) -> MarketMessage | None:
        """What the message does to a market, noted for its signals; None without signals."""
        if self.signal_settings is None:
            return None
        observed = applied.observed.get(market.market_id)
        if observed is None:
            observed = applied.observed[market.market_id] = MarketMessage(market)
        observed.image |= change.image
        return observed

    def _end_signals(self, applied: _Applied, settings: SignalSettings) -> None:
        for market_id, observed in applied.observed.items():
            market = self.markets[market_id]
            if market.signals is None:
                market.signals = MarketSignals()
            depth = self.depth(market)
            market.signals.end_message(market, depth, observed, settings)
            self.orders.end_message(market, depth, market.signals, settings)

    def _touched(self, changes: Sequence[MarketChange], applied: _Applied) -> list[Touched]:
        """Named in `rc` first; then the other runners of markets with an image or definition."""
        touched: dict[tuple[str, RunnerKey], None] = {}
        for change in changes:
            for entry in change.runners:
                touched[change.market_id, entry.key] = None
        for market_id in applied.redrawn:
            keys = (*self.markets[market_id].runners, *applied.held.get(market_id, ()))
            touched.update(((market_id, key), None) for key in keys)
        return [(market_id, key[0], key[1] / 100) for market_id, key in touched]
