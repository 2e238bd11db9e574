"""Samples of a running market for its report: what it is worth, the ladders we rest in, our queues.

Invariants:

1. It looks and writes; nothing it does changes what the engine decides.
2. It goes by lines and the engine's clock alone, so a replay has the same samples each time.
3. Its share of a replay is bounded: it looks every so many lines and orders sent, at markets where
   something of ours is, and writes what has changed. Live, where lines are rare, it goes by time.
4. So is what it writes: past `max_rows` of a kind in one market the last sample of each longer slot
   of time stays, and the market is sampled that seldom from then on.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, Protocol

import msgspec

from trader.config.schema import ReportConfig
from trader.execution.blotter import Blotter
from trader.execution.interfaces.executor import OpenOrder
from trader.execution.ledger import Ledger, MarketResult
from trader.strategy.context import AheadOf, MarketView, Runner
from trader.strategy.hotloop.interface import HotloopApi
from trader.strategy.markets import Markets

LINES_OF_A_SENDING: Final = 10
"""What orders that leave count for: they cost many times what a line does, and a sample less."""
LINGERING_LOOKS: Final = 2
"""So many looks longer a runner is sampled when no order of ours rests on it any more: edges come
back, and what came after an order says whether it was a good one."""
KEPT_AFTER_THINNING: Final = 0.75
"""Of `max_rows`: thinned until there is room for a while."""
SELDOMEST_MS: Final = 86_400_000
"""No slot is longer: where more than `max_rows` are of one moment, that does not help."""

Resting = Callable[[], Mapping[Runner, Sequence[OpenOrder]]]
_encode: Final = msgspec.json.Encoder().encode


class Results(Protocol):
    """What markets have come to: those that have ended, and any as of now."""

    by_market: dict[str, MarketResult]

    def valued(self, view: MarketView) -> MarketResult | None: ...


@dataclass(slots=True)
class _Kind:
    """One table's samples of one market: how many there are, how far apart, the last one."""

    every_ms: int
    rows: int = 0
    at_ms: int = -1

    def is_due(self, now_ms: int) -> bool:
        return self.at_ms < 0 or now_ms - self.at_ms >= self.every_ms


@dataclass(slots=True)
class _Market:
    """What was last written of a market."""

    curve: _Kind
    ladders: _Kind
    queues: _Kind
    worth: tuple[int, int] | None = None
    ended: MarketResult | None = None
    ladder_of: dict[Runner, tuple[int | None, bytes, bytes]] = field(default_factory=dict)
    looks_left: dict[Runner, int] = field(default_factory=dict)
    queue_of: dict[str, tuple[int | None, int]] = field(default_factory=dict)


class Recorder:
    """For one session, on its engine's thread."""

    def __init__(
        self,
        config: ReportConfig,
        *,
        book: HotloopApi,
        markets: Markets,
        ledger: Ledger,
        results: Results,
        resting: Resting,
        ahead: AheadOf,
        blotter: Blotter,
        every_lines: int,
    ) -> None:
        self.due_line = 0
        """The line from which on `look` is to be called."""
        self._config = config
        self._book = book
        self._markets = markets
        self._ledger = ledger
        self._results = results
        self._resting = resting
        self._ahead = ahead
        self._blotter = blotter
        self._every_lines = every_lines
        self._seen: dict[str, _Market] = {}
        self._rested_in: dict[str, _Market] = {}  # those with runners to sample

    def sent(self) -> None:
        """Orders have left, which brings the next look nearer."""
        self.due_line -= LINES_OF_A_SENDING

    def look(self, line: int, now_ms: int) -> None:
        """Samples what is due."""
        self.due_line = line + self._every_lines
        for market_id in self._ledger.markets():
            self._value(market_id, now_ms)
        resting = self._resting()
        for runner in resting:
            market = self._market(runner.market_id)
            market.looks_left[runner] = LINGERING_LOOKS
            self._rested_in[runner.market_id] = market
        for market_id, market in list(self._rested_in.items()):
            if market.ladders.is_due(now_ms):
                market.ladders.at_ms = now_ms
                self._rest(market_id, market, resting, now_ms)
                if not market.looks_left:
                    del self._rested_in[market_id]

    def finish(self, now_ms: int) -> None:
        """The run has ended: what every market has come to."""
        for market_id in self._ledger.markets():
            self._value(market_id, now_ms, is_last=True)

    def _market(self, market_id: str) -> _Market:
        market = self._seen.get(market_id)
        if market is None:
            config = self._config
            market = self._seen[market_id] = _Market(
                _Kind(config.curve_every_ms),
                _Kind(config.ladder_every_ms),
                _Kind(config.ladder_every_ms),
            )
        return market

    # --- what a market is worth ---------------------------------------------------------------

    def _value(self, market_id: str, now_ms: int, *, is_last: bool = False) -> None:
        market = self._market(market_id)
        result = self._results.by_market.get(market_id)
        if result is not None:
            if result is market.ended:
                return
            market.ended = result
        elif is_last or not market.curve.is_due(now_ms):
            return
        else:
            view = self._markets.get(market_id)
            result = self._results.valued(view) if view is not None else None
        market.curve.at_ms = now_ms
        if result is None or (result.gross_e4, result.commission_e4) == market.worth:
            return
        market.worth = (result.gross_e4, result.commission_e4)
        self._blotter.sample("curve", market_id, now_ms, *market.worth)
        market.curve.rows += 1
        self._thin("curve", market_id, market.curve)

    # --- where we rest ------------------------------------------------------------------------

    def _rest(
        self,
        market_id: str,
        market: _Market,
        resting: Mapping[Runner, Sequence[OpenOrder]],
        now_ms: int,
    ) -> None:
        queues: dict[str, tuple[int | None, int]] = {}
        for runner, left in list(market.looks_left.items()):
            self._ladder(market, runner, now_ms, is_over=left == 0)
            if left == 0:
                del market.looks_left[runner]
                continue
            market.looks_left[runner] = left - 1
            for order in resting.get(runner, ()):
                queue = (self._ahead_centi(runner, order), order.remaining_centi)
                queues[order.intent_id] = queue
                if market.queue_of.get(order.intent_id) != queue:
                    self._blotter.sample("queues", market_id, now_ms, order.intent_id, *queue)
                    market.queues.rows += 1
        market.queue_of = queues  # the ended ones left out
        self._thin("ladders", market_id, market.ladders)
        if self._thin("queues", market_id, market.queues):
            market.queue_of = {}  # whose row was taken away is written anew
        # They are looked at together, as seldom as the one that has more.
        market.ladders.every_ms = max(market.ladders.every_ms, market.queues.every_ms)

    def _ladder(self, market: _Market, runner: Runner, now_ms: int, *, is_over: bool) -> None:
        """A runner's best prices; none where it is sampled no more from now on."""
        market_id, selection_id, handicap, handicap_centi = runner
        book, levels = self._book, self._config.ladder_levels
        ladder: tuple[int | None, bytes, bytes] = (None, b"[]", b"[]")
        if not is_over:
            last = book.last_traded(market_id, selection_id, handicap)
            ladder = (
                None if last is None else round(last * 100),
                _encode(book.ladder_top(market_id, selection_id, "BACK", levels, True, handicap)),
                _encode(book.ladder_top(market_id, selection_id, "LAY", levels, True, handicap)),
            )
        if market.ladder_of.get(runner) == ladder:
            return
        market.ladder_of[runner] = ladder
        price, back, lay = ladder
        place = (selection_id, handicap_centi, price)
        self._blotter.sample("ladders", market_id, now_ms, *place, back.decode(), lay.decode())
        market.ladders.rows += 1

    def _ahead_centi(self, runner: Runner, order: OpenOrder) -> int | None:
        """What is ahead of an order; None for one without a queue position."""
        ahead = self._ahead(runner, order)
        return None if ahead is None else round(ahead * 100)

    def _thin(self, table: str, market_id: str, kind: _Kind) -> bool:
        """Whether there were too many, and are fewer now."""
        limit, before = self._config.max_rows, kind.rows
        if before <= limit:
            return False
        while kind.rows > limit * KEPT_AFTER_THINNING and kind.every_ms < SELDOMEST_MS:
            kind.every_ms = min(kind.every_ms * 2, SELDOMEST_MS)
            kind.rows -= self._blotter.thin(table, market_id, kind.every_ms)
        return kind.rows < before
