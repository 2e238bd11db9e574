"""The trials of one market: which are under way, and what became of those that ended."""

from __future__ import annotations

import math
from collections.abc import Sequence

from trader.betfair.books import TAKEN_OF, RestedSide
from trader.betfair.signals.decay import age_ms
from trader.betfair.signals.estimate import Joining, RunnerNow
from trader.betfair.signals.log_logistic import probability
from trader.betfair.signals.matched import Trade
from trader.betfair.signals.queue import Position, Sight
from trader.betfair.signals.settings import SignalSettings
from trader.betfair.signals.trials import Trial, TrialSums


class MarketTrials:
    """A trial itself stands with its runner's signals; here is what is the market's."""

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
        """Brings a runner's trial past a message that named it, and starts the next one when it is
        due."""
        if not is_open:
            return
        side: RestedSide = "BACK"
        last = now.signals.trial
        if last is not None:
            if last.epoch == self._epoch and self._is_under_way(last, now, trades, settings):
                return
            side = "LAY" if last.position.side == "BACK" else "BACK"
        now.signals.trial = self._start(now, side, settings) or last

    def _is_under_way(
        self, trial: Trial, now: RunnerNow, trades: Sequence[Trade], settings: SignalSettings
    ) -> bool:
        """Whether a trial's time goes on after the message; what becomes of it is counted once."""
        is_over = now.now_ms - trial.since_ms > settings.trial_horizon_ms
        if trial.has_counted:
            return not is_over
        is_filled = not is_over and trial.is_filled(trades)
        if is_over or is_filled:
            trial.has_counted = True
            self._sums.add(
                trial.expected,
                is_filled=is_filled,
                at_ms=now.now_ms,
                window_s=settings.trial_window_s,
            )
            return not is_over
        side, price_centi = trial.position.side, trial.position.price_centi
        visible = now.book.visible_at(TAKEN_OF[side], now.depth, price_centi)
        trial.advance(Sight(True, now.depth, visible, False), trades, settings)
        return True

    def _start(self, now: RunnerNow, side: RestedSide, settings: SignalSettings) -> Trial | None:
        """One of a mean trade at the best price of a side, where there was trading of late, the
        model has an estimate, and the book two sides that are not crossed."""
        traded_ms = now.signals.last_traded_ms
        if traded_ms is None or age_ms(now.now_ms, traded_ms) > settings.trial_horizon_ms:
            return None
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
        return Trial(
            Position.at_tail(side, order.price_centi, now.ahead_centi(order), now.depth),
            left=float(size_centi),
            expected=probability(log_median, horizon_ms, shape),
            since_ms=now.now_ms,
            epoch=self._epoch,
        )
