"""The signals of one market, brought forward once per message, after its last `rc`."""

from __future__ import annotations

from trader.betfair.books import Depth, MarketBook
from trader.betfair.ladder import Ladder
from trader.betfair.messages import Definition, RunnerKey
from trader.betfair.signals.before import Before
from trader.betfair.signals.estimate import RunnerNow
from trader.betfair.signals.market_trials import MarketTrials
from trader.betfair.signals.matched import Trade
from trader.betfair.signals.runner import RunnerChanged, RunnerSignals
from trader.betfair.signals.settings import SignalSettings


class MarketMessage:
    """What the message being applied does to one market, as far as signals need to know."""

    __slots__ = ("_named", "defined", "factor_removal", "image", "ladder_before", "turned_in_play")

    def __init__(self, market: MarketBook) -> None:
        self.ladder_before: Ladder | None = market.ladder
        self.image = False
        self.turned_in_play = False
        self.defined = False
        self.factor_removal = False
        """A runner was removed with a reduction factor."""
        self._named: dict[RunnerKey, Before] = {}

    def before(self, key: RunnerKey) -> Before:
        """Where an `rc` entry of the runner notes the rows it is about to change."""
        return self._named.setdefault(key, Before())

    def named(self) -> dict[RunnerKey, Before]:
        """The runners that `rc` entries name, with their rows before the message."""
        return self._named

    def define(self, old: Definition | None, new: Definition) -> None:
        """The market's definition was replaced; the first one is no turn and removes nobody."""
        self.defined = True
        if old is None:
            return
        self.turned_in_play |= new.in_play and not old.in_play
        gone = {runner.key for runner in old.runners if runner.status == "REMOVED"}
        self.factor_removal |= any(
            runner.status == "REMOVED"
            and runner.key not in gone
            and (runner.adjustment_factor or 0.0) > 0
            for runner in new.runners
        )

    @property
    def upset(self) -> bool:
        """Whether what stood in the book before and after does not compare."""
        return self.image or self.turned_in_play


class MarketSignals:
    """What the signals of a market and its runners remember between messages."""

    __slots__ = ("factor_removal_ms", "runners", "trades", "trials", "upset")

    def __init__(self) -> None:
        self.runners: dict[RunnerKey, RunnerSignals] = {}
        self.trials = MarketTrials()
        self.factor_removal_ms: int | None = None
        """When a runner was last removed with a reduction factor."""
        self.trades: dict[RunnerKey, list[Trade]] = {}
        """What the last message with an entry of the market matched, prices ascending."""
        self.upset = False
        """Whether what stood in the book before and after that message does not compare."""

    def end_message(
        self, market: MarketBook, depth: Depth, message: MarketMessage, settings: SignalSettings
    ) -> None:
        """Bring all signals forward past a message with an entry of the market.

        `market` is as the message leaves it. Its `pt` is the message's, or for a snapshot, which
        has none, the one it had; None where it never had one: then nothing is observed.
        """
        at_ms = market.pt_ms
        self._end_whole(market, message, at_ms)
        self.upset = message.upset
        self.trades = {}
        for key, before in message.named().items():
            book = market.runners.get(key)
            if book is None:  # named, then taken away by an image in the same message
                continue
            signals = self._runner(key)
            if at_ms is not None:
                if signals.has_baseline and not message.image:
                    change = RunnerChanged(book, before, depth)
                    self.trades[key] = change.trades(settings)
                    signals.add_trades(self.trades[key], change, at_ms, settings)
                if signals.observed_since_ms is None:
                    signals.observed_since_ms = at_ms
                signals.observe(book, depth, market.ladder, at_ms, settings)
                now = RunnerNow(book, signals, market.ladder, depth, at_ms)
                trades = self.trades.get(key, ())
                self.trials.follow(now, trades, settings, is_open=market.is_open)
            signals.has_baseline = True

    def _end_whole(self, market: MarketBook, message: MarketMessage, at_ms: int | None) -> None:
        """What an image or a definition does to all runners of the market."""
        if message.upset or (message.defined and not market.is_open):
            self.trials.void()
        if message.image:
            self.runners = {key: self._runner(key) for key in market.runners}
            for signals in self.runners.values():
                signals.has_baseline = True
        if market.ladder != message.ladder_before:
            for signals in self.runners.values():
                signals.restart_ticks()
        if message.turned_in_play:
            for signals in self.runners.values():
                if signals.observed_since_ms is not None:
                    signals.observed_since_ms = at_ms
        if message.factor_removal and at_ms is not None:
            last = self.factor_removal_ms
            self.factor_removal_ms = at_ms if last is None else max(last, at_ms)

    def _runner(self, key: RunnerKey) -> RunnerSignals:
        signals = self.runners.get(key)
        if signals is None:
            signals = self.runners[key] = RunnerSignals()
        return signals
