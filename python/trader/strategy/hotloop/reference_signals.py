"""The reference's answers about signals and queue positions, read at a publish time.

The state is kept by `trader.betfair.signals`; here are the neutral values, the units of the seam
and the checks of arguments.
"""

from __future__ import annotations

from trader.betfair.books import TAKEN_OF, RestedSide
from trader.betfair.signals.decay import age_ms
from trader.betfair.signals.estimate import Joining, RunnerNow
from trader.betfair.signals.log_logistic import FillFeatures
from trader.betfair.signals.market import MarketSignals
from trader.betfair.signals.queue import Position
from trader.betfair.signals.runner import RunnerSignals
from trader.betfair.signals.settings import SignalSettings
from trader.strategy.hotloop import arguments
from trader.strategy.hotloop.arguments import refused, rested_side, runner_key
from trader.strategy.hotloop.reference_books import Books


class Signals(Books):
    """The methods of `HotloopApi` that read signals or track orders; their meaning is there."""

    _settings: SignalSettings

    # --- trading ------------------------------------------------------------------------------

    def last_traded_ts_ms(self, m: str, r: int, handicap: float = 0.0) -> int | None:
        """`pt` of the last message with a trade of the runner."""
        signals = self._runner_signals(m, r, handicap)
        return None if signals is None else signals.last_traded_ms

    def last_trades(
        self, m: str, r: int, handicap: float = 0.0
    ) -> list[tuple[float, float, float]]:
        """(price, stake matched of resting backs, of resting lays) in the market's last message."""
        signals, key = self._market_signals(m), runner_key(r, handicap)
        if signals is None or key is None:
            return []
        trades = signals.trades.get(key, [])
        return [(t.price_centi / 100, t.backs_centi / 100, t.lays_centi / 100) for t in trades]

    def book_upset(self, m: str) -> bool:
        """Whether the market's last message had an image of it or turned it in-play."""
        signals = self._market_signals(m)
        return signals is not None and signals.upset

    def match_rate_ema(
        self,
        m: str,
        r: int,
        side: str | None = None,
        price: float | None = None,
        handicap: float = 0.0,
        now_ms: int | None = None,
    ) -> float:
        """Matched stake per second of the orders resting on `side` at `price`; None for all."""
        rested = None if side is None else rested_side(side)
        signals, now = self._runner_signals(m, r, handicap), self._now(m, now_ms)
        price_centi = None if price is None else arguments.price_or_none(price)
        unheard_of = price is not None and price_centi is None
        if signals is None or now is None or unheard_of:
            return 0.0
        tau_s = self._settings.queue_window_s
        return signals.rates.read(rested, price_centi, now, tau_s) / 100

    def pfill_ttf(
        self,
        m: str,
        r: int,
        side: str,
        price: float,
        size: float = 0.0,
        horizon_ms: int | None = None,
        handicap: float = 0.0,
        now_ms: int | None = None,
    ) -> tuple[float, float]:
        """(probability of a fill within the horizon, expected ms to it) of an order joining now."""
        settings = self._settings
        rested = rested_side(side)
        size_centi = arguments.size_centi("size", size)
        horizon = settings.horizon_ms if horizon_ms is None else arguments.horizon(horizon_ms)
        neutral = 0.0, float(settings.ttf_ms_max)
        price_centi = arguments.price_or_none(price)
        market, runner = self._market_signals(m), self._runner_now(m, r, handicap, now_ms)
        if market is None or runner is None or price_centi is None:
            return neutral
        order = Joining(rested, price_centi, size_centi)
        log_odds = market.trials.log_odds(runner.now_ms, settings)
        return runner.estimate(order, horizon, log_odds, settings) or neutral

    def fill_features(
        self,
        m: str,
        r: int,
        side: str,
        price: float,
        size: float = 0.0,
        handicap: float = 0.0,
        now_ms: int | None = None,
    ) -> FillFeatures | None:
        """What the model `log_logistic` knows of an order joining now; None where it has no
        estimate. Only the reference has it: parameters are fitted with it."""
        price_centi = arguments.price_or_none(price)
        runner = self._runner_now(m, r, handicap, now_ms)
        if runner is None or price_centi is None or not runner.is_observed(self._settings):
            return None
        order = Joining(rested_side(side), price_centi, arguments.size_centi("size", size))
        return runner.features(order, self._settings)

    # --- detectors ----------------------------------------------------------------------------

    def sweep_sniffer(
        self, m: str, r: int, handicap: float = 0.0, now_ms: int | None = None
    ) -> bool:
        """Whether trading consumed several price levels of one side just now."""
        return self.sweep_side(m, r, handicap, now_ms) is not None

    def sweep_side(
        self, m: str, r: int, handicap: float = 0.0, now_ms: int | None = None
    ) -> str | None:
        """The side rested that is being swept, None without a sweep."""
        signals, now = self._runner_signals(m, r, handicap), self._now(m, now_ms)
        if signals is None or now is None:
            return None
        settings = self._settings
        return signals.sweep.side(now, settings.sweep_levels, settings.sweep_window_ms)

    def big_move_trigger(
        self, m: str, r: int, handicap: float = 0.0, now_ms: int | None = None
    ) -> bool:
        """Whether the last traded price or the mid moved far just now."""
        return self.big_move_direction(m, r, handicap, now_ms) != 0

    def big_move_direction(
        self, m: str, r: int, handicap: float = 0.0, now_ms: int | None = None
    ) -> int:
        """1 up, -1 down, 0 when there is no big move."""
        signals, now = self._runner_signals(m, r, handicap), self._now(m, now_ms)
        if signals is None or now is None:
            return 0
        settings = self._settings
        return signals.big_move.direction(now, settings.big_move_ticks, settings.big_move_window_ms)

    def rf_seen_recently(self, m: str, now_ms: int | None = None) -> bool:
        """Whether a runner was removed with a reduction factor of late."""
        signals, now = self._market_signals(m), self._now(m, now_ms)
        if signals is None or now is None:
            return False
        removed_ms = signals.factor_removal_ms
        if removed_ms is None:
            return False
        return age_ms(now, removed_ms) <= self._settings.removal_window_s * 1000

    def trend_lens(self, m: str, r: int, handicap: float = 0.0, now_ms: int | None = None) -> float:
        """Drift of the microprice, ticks per second, up is positive."""
        signals, now = self._runner_signals(m, r, handicap), self._now(m, now_ms)
        if signals is None or now is None:
            return 0.0
        settings = self._settings
        return signals.trend.drift(now, settings.trend_fast_s, settings.trend_slow_s)

    # --- queue positions ------------------------------------------------------------------------

    def size_ahead(
        self,
        m: str,
        r: int,
        side: str,
        price: float,
        order_id: str | None = None,
        handicap: float = 0.0,
    ) -> float:
        """The visible size a new order resting on `side` at `price` would queue behind.

        With `order_id` what is ahead of that tracked order, which must rest there.
        """
        rested = rested_side(side)
        price_centi = arguments.price_or_none(price)
        if order_id is not None:
            position = self._tracked(order_id)
            place = (m, runner_key(r, handicap), rested, price_centi)
            if place != (position.market_id, position.key, position.side, position.price_centi):
                raise refused("order_id", f"{order_id!r} does not rest there")
            return position.ahead_centi / 100
        if price_centi is None:
            return 0.0
        return self._visible(m, r, handicap, rested, price_centi) / 100

    def track_order(
        self,
        order_id: str,
        m: str,
        r: int,
        side: str,
        price: float,
        size: float = 0.0,
        handicap: float = 0.0,
    ) -> float:
        """Start (again) the queue position of an order resting on `side`; what is ahead of it."""
        arguments.order_id_to_track(order_id)
        rested = rested_side(side)
        price_centi = arguments.price_centi(price)
        key = arguments.finite_key(r, handicap)
        own_centi = arguments.size_centi("size", size)
        market = self._builder.market(m)
        if market is None:
            raise refused("m", f"market {m} is not held")
        orders = self._builder.orders
        if orders.is_full(order_id):
            raise refused("order_id", f"one more than the {orders.orders_max} of state.max_orders")
        depth = self._builder.depth(market)
        position = orders.track(order_id, market, depth, key, rested, price_centi, own_centi)
        return position.ahead_centi / 100

    def reseed_queue(
        self, order_id: str, ahead: float | None = None, size: float | None = None
    ) -> float:
        """Set what is ahead (None: the visible size now) and, where given, the own size."""
        position = self._tracked(order_id)
        ahead_centi = None if ahead is None else arguments.size_centi("ahead", ahead)
        own_centi = None if size is None else arguments.size_centi("size", size)
        if ahead_centi is None:
            market = self._builder.markets[position.market_id]
            taken = TAKEN_OF[position.side]
            depth = self._builder.depth(market)
            ahead_centi = market.visible_at(position.key, taken, depth, position.price_centi) or 0
        position.ahead_centi = float(ahead_centi)
        if own_centi is not None:
            position.own_centi = own_centi
        return position.ahead_centi / 100

    def untrack_order(self, order_id: str) -> bool:
        """Forget a queue position; whether there was one."""
        return self._builder.orders.untrack(order_id)

    # --- helpers --------------------------------------------------------------------------------

    def _now(self, m: str, now_ms: int | None) -> int | None:
        """A publish time: the one asked for, else the market's own last."""
        if now_ms is not None:
            return now_ms
        market = self._builder.market(m)
        return None if market is None else market.pt_ms

    def _market_signals(self, m: str) -> MarketSignals | None:
        market = self._builder.market(m)
        return None if market is None else market.signals

    def _runner_signals(self, m: str, r: int, handicap: float) -> RunnerSignals | None:
        signals, key = self._market_signals(m), runner_key(r, handicap)
        return None if signals is None or key is None else signals.runners.get(key)

    def _runner_now(self, m: str, r: int, handicap: float, now_ms: int | None) -> RunnerNow | None:
        signals, now = self._runner_signals(m, r, handicap), self._now(m, now_ms)
        book = self._runner(m, r, handicap)
        if signals is None or now is None or book is None:
            return None
        market = self._builder.markets[m]
        return RunnerNow(book, signals, market.ladder, self._builder.depth(market), now)

    def _visible(self, m: str, r: int, handicap: float, side: RestedSide, price_centi: int) -> int:
        """The size at a price where orders of `side` rest, 0 where none is seen."""
        book = self._runner(m, r, handicap)
        if book is None:
            return 0
        depth = self._builder.depth(self._builder.markets[m])
        return book.size_at(TAKEN_OF[side], depth, price_centi)

    def _tracked(self, order_id: str) -> Position:
        position = self._builder.orders.get(order_id)
        if position is None:
            raise refused("order_id", f"{order_id!r} is not tracked")
        return position
