"""BookBuilder: the readable book. Decoded stream messages in, full-depth books out.

Entry points: `apply_delta` (one decoded message), `apply_snapshot` (one market whole), `market`
and `runner` (what is held). Invariants:

1. A message is validated and its limits checked before anything changes; it applies whole or not
   at all.
2. No clock: time is the `pt` of the messages.
3. Bounded: at most `markets_max` markets, closed ones dropped after `closed_retention_ms`,
   segments up to `segment_bytes_max`.

The rules are those of docs/signals.md, "Ingest"; the reference `Hotloop` reads its answers here.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

from trader.betfair.books import MarketBook, RunnerBook
from trader.betfair.messages import MarketChange, Message, RunnerKey
from trader.betfair.normalize import (
    MessageError,
    carried,
    read_message,
    read_snapshot,
    round_centi,
)
from trader.betfair.segments import SegmentBuffer

MARKETS_MAX: Final = 5_000
CLOSED_RETENTION_MS: Final = 3_600_000
SEGMENT_BYTES_MAX: Final = 64 << 20
STATUS_UNRELIABLE: Final = 503

Touched: TypeAlias = tuple[str, int, float]
"""(market id, selection id, handicap)."""


@dataclass(slots=True)
class Counts:
    """What was read so far; see docs/signals.md, "Counts"."""

    messages: int = 0
    market_changes: int = 0
    runner_changes: int = 0
    images: int = 0
    heartbeats: int = 0
    ignored: int = 0
    errors: int = 0


class BookBuilder:
    """Books of every market of a stream. Not thread-safe: one writer, or a lock outside."""

    def __init__(
        self,
        *,
        markets_max: int = MARKETS_MAX,
        closed_retention_ms: int = CLOSED_RETENTION_MS,
        segment_bytes_max: int = SEGMENT_BYTES_MAX,
    ) -> None:
        self.markets: dict[str, MarketBook] = {}
        self.counts = Counts()
        self.last_pt_ms: int | None = None
        self.unreliable = False
        """The venue said 503: nothing held can be trusted until a message without it."""
        self.markets_max = markets_max
        self.closed_retention_ms = closed_retention_ms
        self.segments = SegmentBuffer(segment_bytes_max)
        self._image_id_max: int | None = None
        """The highest `id` of a SUB_IMAGE; lower ones are of an old subscription."""

    # --- reading ------------------------------------------------------------------------------

    def market(self, market_id: str) -> MarketBook | None:
        return self.markets.get(market_id)

    def runner(self, market_id: str, selection_id: int, handicap: float = 0.0) -> RunnerBook | None:
        """The runner's book, None when the market or the runner is not known."""
        market = self.markets.get(market_id)
        return None if market is None else market.runners.get((selection_id, round_centi(handicap)))

    def is_stale(self, market: MarketBook) -> bool:
        """Whether this market's book may be untrue: a lost message, or a 503 on the stream."""
        return self.unreliable or market.stale

    # --- writing ------------------------------------------------------------------------------

    def apply_delta(self, decoded: Mapping[str, Any], *, size_bytes: int = 0) -> list[Touched]:
        """Apply one decoded message; the runners it touched (docs/signals.md says in what order).

        `size_bytes` is the length of its line, for the bound on segments. Raises `MessageError`,
        and then nothing has changed but the count of errors and the stale marks.
        """
        try:
            message = read_message(decoded)
            return self._take(message, size_bytes)
        except MessageError:
            self.lost(carried(decoded))
            raise

    def apply_snapshot(self, market_id: str, snapshot: Mapping[str, Any]) -> list[Touched]:
        """Replace one market by `snapshot` (the shape of an `mc` entry), as an image does.

        The market keeps its `pt`. Raises `MessageError` as `apply_delta`.
        """
        try:
            change = read_snapshot(market_id, snapshot)
            message = Message(None, None, None, None, None, (change,))
            touched = self._apply(message)
        except MessageError:
            self.lost((market_id,))
            raise
        self.counts.messages += 1
        return touched

    def lost(self, market_ids: Iterable[str] | None) -> None:
        """A message that carried `market_ids` was refused: mark them, count the error.

        None is every market, where it cannot be told which. Segments collected so far are thrown
        away, as the lost line may have been one of them; so their markets are marked too.
        """
        self.counts.errors += 1
        marked = self.markets if market_ids is None else {*market_ids, *self.segments.market_ids()}
        for market_id in marked:
            market = self.markets.get(market_id)
            if market is not None:
                market.stale = True
        self.segments.clear()

    # --- one message --------------------------------------------------------------------------

    def _take(self, message: Message | None, size_bytes: int) -> list[Touched]:
        """Sort out what kind of message it is; apply it if it is one to apply."""
        if message is None or self._is_old(message):
            self.counts.messages += 1
            self.counts.ignored += 1
            return []
        whole: Message | None = message
        if message.kind == "HEARTBEAT":
            self.counts.heartbeats += 1
            whole = None
        elif message.segment is not None:
            whole = self.segments.add(message, size_bytes)
        touched = self._apply(whole) if whole is not None else []
        if whole is not None and message.segment is not None:
            self.segments.clear()  # only now: had it been refused, they tell what was lost
        self.unreliable = message.status == STATUS_UNRELIABLE
        self.counts.messages += 1
        return touched

    def _is_old(self, message: Message) -> bool:
        return (
            self._image_id_max is not None
            and message.subscription_id is not None
            and message.subscription_id < self._image_id_max
        )

    def _apply(self, message: Message) -> list[Touched]:
        """Apply a whole message. Raises only before the first change."""
        dropped = self._to_drop(message)
        self._check_limit(message, dropped)
        for market_id in dropped:
            del self.markets[market_id]
        traded_before = self._traded_before(message.changes)
        held: dict[str, dict[RunnerKey, RunnerBook]] = {}
        for change in message.changes:
            if change.image and change.market_id not in held:
                held[change.market_id] = self._runners(change.market_id)
            self._apply_change(change, message)
        self._note_trades(traded_before, held, message.pt_ms)
        if message.kind == "SUB_IMAGE" and message.subscription_id is not None:
            self._image_id_max = max(message.subscription_id, self._image_id_max or 0)
        if message.pt_ms is not None:
            self.last_pt_ms = message.pt_ms
        return self._touched(message.changes, held)

    def _apply_change(self, change: MarketChange, message: Message) -> None:
        market = self.markets.get(change.market_id)
        if market is None:
            market = self.markets[change.market_id] = MarketBook(change.market_id)
        market.apply(change, message.pt_ms)
        if message.subscription_id is not None:
            market.subscription_id = message.subscription_id
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

    def _traded_before(self, changes: Sequence[MarketChange]) -> dict[tuple[str, RunnerKey], int]:
        """Traded volume of each runner whose `trd` is about to change and has a baseline."""
        before: dict[tuple[str, RunnerKey], int] = {}
        for change in changes:
            market = self.markets.get(change.market_id)
            if market is None:
                continue
            for entry in change.runners:
                book = market.runners.get(entry.key)
                if book is not None and book.in_rc and any(n == "trd" for n, _ in entry.price_rows):
                    before[change.market_id, entry.key] = book.traded_centi
        return before

    def _runners(self, market_id: str) -> dict[RunnerKey, RunnerBook]:
        """The runners of a market; an image gives it a new mapping and leaves this one as it is."""
        market = self.markets.get(market_id)
        return {} if market is None else market.runners

    def _note_trades(
        self,
        traded_before: dict[tuple[str, RunnerKey], int],
        held: dict[str, dict[RunnerKey, RunnerBook]],
        pt_ms: int | None,
    ) -> None:
        """Last traded times: a rise is a trade, but an image is a baseline and keeps the time.

        `held` has the runners of each market with an image, from just before its first one.
        """
        for (market_id, key), before in traded_before.items():
            book = self.markets[market_id].runners.get(key)
            if book is not None and market_id not in held and book.traded_centi > before:
                book.last_traded_ms = pt_ms
        for market_id, runners in held.items():
            for key, book in self.markets[market_id].runners.items():
                if key in runners:
                    book.last_traded_ms = runners[key].last_traded_ms

    def _touched(
        self, changes: Sequence[MarketChange], held: dict[str, dict[RunnerKey, RunnerBook]]
    ) -> list[Touched]:
        """Named in `rc` first; then the other runners of markets with an image or definition."""
        touched: dict[tuple[str, RunnerKey], None] = {}
        for change in changes:
            for entry in change.runners:
                touched[change.market_id, entry.key] = None
        for change in changes:
            if change.image or change.definition is not None:
                keys = (*self.markets[change.market_id].runners, *held.get(change.market_id, ()))
                touched.update(((change.market_id, key), None) for key in keys)
        return [(market_id, key[0], key[1] / 100) for market_id, key in touched]
