"""What the fill models are asked about: a runner as it is now, and an order that would join."""

from __future__ import annotations

import math
from dataclasses import dataclass

from trader.betfair.books import TAKEN_OF, Depth, RestedSide, RunnerBook
from trader.betfair.ladder import Ladder
from trader.betfair.signals import log_logistic
from trader.betfair.signals.decay import age_ms
from trader.betfair.signals.fill import expected_ms, probability, work_until_filled
from trader.betfair.signals.log_logistic import FillFeatures
from trader.betfair.signals.runner import RunnerSignals
from trader.betfair.signals.settings import SignalSettings


@dataclass(frozen=True, slots=True)
class Joining:
    """An order that joins now; hundredths."""

    side: RestedSide
    price_centi: int
    size_centi: int


@dataclass(frozen=True, slots=True)
class RunnerNow:
    """A runner's book and signals, read at a publish time."""

    book: RunnerBook
    signals: RunnerSignals
    ladder: Ladder | None
    depth: Depth
    now_ms: int

    def is_observed(self, settings: SignalSettings) -> bool:
        """Whether it has been watched for `min_obs_s`."""
        since_ms = self.signals.observed_since_ms
        if since_ms is None:
            return False
        return age_ms(self.now_ms, since_ms) >= settings.min_obs_s * 1000

    def ahead_centi(self, order: Joining) -> int:
        """Q: what is visible at the order's price."""
        return self.book.size_at(TAKEN_OF[order.side], self.depth, order.price_centi)

    def best_centi(self, side: RestedSide) -> int | None:
        """The best price at which orders of a side rest."""
        best = self.book.best(TAKEN_OF[side], self.depth)
        return None if best is None else best[0]

    def features(self, order: Joining, settings: SignalSettings) -> FillFeatures | None:
        """What `log_logistic` makes of an order; None before the first trade, and where no order
        can rest: a market without a ladder, a price off it."""
        mean_centi, ladder = self.signals.trade_size.mean_centi, self.ladder
        if mean_centi is None or ladder is None or not ladder.is_on_ladder(order.price_centi):
            return None
        mean_centi = max(mean_centi, log_logistic.MEAN_TRADE_CENTI_MIN)
        side, price_centi = order.side, order.price_centi
        window_s, tau_s = settings.trade_size_window_s, settings.queue_window_s
        signals, now_ms = self.signals, self.now_ms
        trades = signals.trade_size.per_s(now_ms, window_s)
        travel = signals.travel.read(now_ms, window_s) / window_s
        side_rate = signals.rates.read(side, None, now_ms, tau_s)
        price_rate = signals.rates.read(side, price_centi, now_ms, tau_s)
        backs_centi, lays_centi = self.best_centi("BACK"), self.best_centi("LAY")
        own_centi = backs_centi if side == "BACK" else lays_centi
        return FillFeatures(
            work=log_logistic.work(self.ahead_centi(order), order.size_centi, mean_centi),
            trades=math.log(trades + log_logistic.TRADES_ADDED),
            side_rate=log_logistic.rate(side_rate, mean_centi),
            price_rate=log_logistic.rate(price_rate, mean_centi),
            behind=log_logistic.behind(ladder, own_centi, price_centi, is_back=side == "BACK"),
            spread=log_logistic.spread(ladder, lays_centi, backs_centi),
            travel=math.log(travel + log_logistic.TRAVEL_ADDED),
        )

    def log_median_s(self, order: Joining, settings: SignalSettings) -> float | None:
        """ln of the median time to the order's fill in seconds, as fitted; None as `features`."""
        features = self.features(order, settings)
        if features is None:
            return None
        return log_logistic.log_median_s(features, settings.log_logistic)

    def estimate(
        self, order: Joining, horizon_ms: int, log_odds: float, settings: SignalSettings
    ) -> tuple[float, float] | None:
        """(probability of a fill within the horizon, ms to it) by the model of the settings; None
        where nothing is known of trading. `log_odds` corrects `log_logistic`."""
        if not self.is_observed(settings):
            return None
        if settings.fill_model == "log_logistic":
            log_median = self.log_median_s(order, settings)
            if log_median is None:
                return None
            shape = settings.log_logistic.shape
            return (
                log_logistic.probability(log_median, horizon_ms, shape, log_odds),
                log_logistic.median_ms(log_median, shape, log_odds, settings.ttf_ms_max),
            )
        rates, mean_centi = self.signals.rates, self.signals.trade_size.mean_centi
        rate = rates.read(order.side, order.price_centi, self.now_ms, settings.queue_window_s)
        if rate <= 0 or mean_centi is None:
            return None
        size_centi = self.ahead_centi(order) + order.size_centi
        work = work_until_filled(settings.fill_model, size_centi, mean_centi)
        return (
            probability(settings.fill_model, work, rate, mean_centi, horizon_ms / 1000),
            expected_ms(work, rate, settings.ttf_ms_max),
        )
