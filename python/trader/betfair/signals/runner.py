"""The signals of one runner: what they remember between messages."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from trader.betfair.books import RESTED_SIDES, TAKEN_OF, Depth, RestedSide, RunnerBook
from trader.betfair.ladder import Ladder
from trader.betfair.signals.before import Before
from trader.betfair.signals.fill import TradeSize
from trader.betfair.signals.matched import Drops, Rise, Trade, trades
from trader.betfair.signals.moves import BigMove
from trader.betfair.signals.rates import MatchRates
from trader.betfair.signals.settings import SignalSettings
from trader.betfair.signals.sweep import Sweep
from trader.betfair.signals.travel import Travel
from trader.betfair.signals.trend import Trend, microprice
from trader.betfair.signals.trials import Trial


@dataclass(frozen=True, slots=True)
class RunnerChanged:
    """A runner's book after a message, and its rows before it."""

    book: RunnerBook
    before: Before
    depth: Depth
    """The offers in force at the end of the message: both sides of a comparison are read there."""

    def trades(self, settings: SignalSettings) -> list[Trade]:
        """What was matched in the message, prices ascending."""
        return trades(self._rises(), self._drops, settings)

    def resting(self, price_centi: int) -> Iterator[tuple[RestedSide, int, int]]:
        """(side rested, its size at the price before the message, and after it)."""
        for side in RESTED_SIDES:
            taken = TAKEN_OF[side]
            stands = self.book.size_at(taken, self.depth, price_centi)
            stood = self.book.size_before(self.before, taken, self.depth, price_centi)
            yield side, stood, stands

    def _rises(self) -> list[Rise]:
        traded = self.book.prices["trd"]
        return [
            (price, size, traded.get(price, 0))
            for price, size in self.before.prices.get("trd", {}).items()
            if traded.get(price, 0) > size
        ]

    def _drops(self, price_centi: int) -> Drops:
        backs, lays = (max(0, stood - stands) for _, stood, stands in self.resting(price_centi))
        return backs, lays


@dataclass(slots=True)
class RunnerSignals:
    """Kept through images for as long as the runner is known."""

    has_baseline: bool = False
    """Whether there is a message that rises of traded volume can be compared with."""
    observed_since_ms: int | None = None
    """Start of the observation that `min_obs_s` asks for."""
    last_traded_ms: int | None = None
    rates: MatchRates = field(default_factory=MatchRates)
    trade_size: TradeSize = field(default_factory=TradeSize)
    sweep: Sweep = field(default_factory=Sweep)
    big_move: BigMove = field(default_factory=BigMove)
    trend: Trend = field(default_factory=Trend)
    travel: Travel = field(default_factory=Travel)
    trials: dict[RestedSide, Trial] = field(default_factory=dict)

    def add_trades(
        self, found: list[Trade], change: RunnerChanged, at_ms: int, settings: SignalSettings
    ) -> None:
        """Rates, trade size, last traded time and sweep, from the trades of one message."""
        for trade in found:
            self.last_traded_ms = at_ms
            self.rates.add(trade, at_ms, settings.queue_window_s)
            self.trade_size.add(trade.volume_centi, at_ms, settings.trade_size_window_s)
            for side, stood, stands in change.resting(trade.price_centi):
                if stood > 0 and stands == 0 and trade.of(side) >= stood:
                    self.sweep.consume(side, trade.price_centi, at_ms, settings.sweep_levels)

    def observe(
        self,
        book: RunnerBook,
        depth: Depth,
        ladder: Ladder | None,
        at_ms: int,
        settings: SignalSettings,
    ) -> None:
        """The prices at the end of a message; those off the market's ladder are no observation."""
        if ladder is None:
            return
        window_ms = settings.big_move_window_ms
        last = None if book.ltp_centi is None else ladder.tick_of(book.ltp_centi)
        if last is not None and book.ltp_centi is not None:
            self.big_move.observe_last_traded(last, at_ms, window_ms)
            self.travel.observe(book.ltp_centi, ladder, at_ms, settings.trade_size_window_s)
        back, lay = book.best("BACK", depth), book.best("LAY", depth)
        if back is None or lay is None:
            return
        back_tick, lay_tick = ladder.tick_of(back[0]), ladder.tick_of(lay[0])
        if back_tick is None or lay_tick is None:
            return
        self.big_move.observe_best(back_tick, lay_tick, at_ms, window_ms)
        price = microprice((back_tick, back[1]), (lay_tick, lay[1]))
        self.trend.observe(price, at_ms, settings.trend_fast_s, settings.trend_slow_s)

    def restart_ticks(self) -> None:
        """The ladder is another one: what was counted in its ticks starts anew."""
        self.big_move = BigMove()
        self.trend = Trend()
        self.travel = Travel()
        self.trials = {}
