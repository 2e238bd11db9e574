"""The trials of one market: which are under way, and what became of those that ended."""

from __future__ import annotations

import math
from collections.abc import Sequence

from trader.betfair.books import RESTED_SIDES, TAKEN_OF, RestedSide
from trader.betfair.signals.estimate import Joining, RunnerNow
from trader.betfair.signals.log_logistic import probability
from trader.betfair.signals.matched import Trade
from trader.betfair.signals.queue import Sight
from trader.betfair.signals.settings import SignalSettings
from trader.betfair.signals.trials import Trial, TrialSums, join


class MarketTrials:
    """Trials themselves stand with their runners' signals; here is what is the market's."""

    __slots__ = ("_epoch", "_sums")

    def __init__(self) -> None:
        self._epoch = 0
        self._sums = TrialSums()

    def void(self) -> None:
        """What becomes of the trials under way cannot be told any more."""
        self._epoch += 1

    def log_odds(self, now_ms: int, settings: SignalSettings) -> float:
        """What is added to the log odds of a fill; 0 before the first trial ended."""
        return self._sums.log_odds(now_ms, settings)

    def follow(
        self, now: RunnerNow, trades: Sequence[Trade], settings: SignalSettings, *, is_open: bool
    ) -> None:
        """Brings a runner's trials past a message that named it, and starts those that are due."""
        under_way = now.signals.trials
        for side in RESTED_SIDES:
            trial = under_way.get(side)
            is_valid = trial is not None and is_open and trial.epoch == self._epoch
            if trial and is_valid and self._is_under_way(trial, now, trades, settings):
                continue
            under_way.pop(side, None)
            started = self._start(now, side, settings) if is_open else None
            if started is not None:
                under_way[side] = started

    def _is_under_way(
        self, trial: Trial, now: RunnerNow, trades: Sequence[Trade], settings: SignalSettings
    ) -> bool:
        """Whether a trial goes on after the message; one that ends is counted."""
        is_over = now.now_ms - trial.since_ms > settings.trial_horizon_ms
        is_filled = not is_over and trial.is_filled(trades)
        if not (is_over or is_filled):
            side, price_centi = trial.position.side, trial.position.price_centi
            taken = TAKEN_OF[side]
            visible = (
                now.book.size_at(taken, now.depth, price_centi)
                if now.book.in_view(taken, now.depth, price_centi)
                else None
            )
            trial.advance(Sight(True, now.depth, visible, False), trades, settings)
            return True
        self._sums.add(
            trial.expected,
            is_filled=is_filled,
            at_ms=now.now_ms,
            window_s=settings.trial_window_s,
        )
        return False

    def _start(self, now: RunnerNow, side: RestedSide, settings: SignalSettings) -> Trial | None:
        """One of a mean trade at the best price of a side, where the model has an estimate, and the
        book two sides that are not crossed."""
        back, lay = now.best_centi("LAY"), now.best_centi("BACK")
        mean_centi = now.signals.trade_size.mean_centi
        if back is None or lay is None or back >= lay or mean_centi is None:
            return None
        if not now.is_observed(settings):
            return None
        size_centi = max(1, math.floor(mean_centi + 0.5))
        order = Joining(side, lay if side == "BACK" else back, size_centi)
        log_median = now.log_median_s(order, settings)
        if log_median is None:
            return None
        shape, horizon_ms = settings.log_logistic.shape, settings.trial_horizon_ms
        return join(
            now.book.key,
            side,
            (order.price_centi, now.ahead_centi(order)),
            now.depth,
            size_centi,
            expected=probability(log_median, horizon_ms, shape),
            at_ms=now.now_ms,
            epoch=self._epoch,
        )
