"""Carries out what hedge-on-fill wants, as soon as the market can be traded."""

from __future__ import annotations

from trader.execution.hedge import HEDGE, HedgeOnFill, RunnerKey
from trader.order_desk import OrderDesk
from trader.strategy.context import MarketView, Runner
from trader.strategy.hotloop.interface import HotloopApi
from trader.strategy.markets import Markets


class Hedging:
    """Between the hedge and the order desk, on the engine's thread."""

    def __init__(
        self, hedge: HedgeOnFill, desk: OrderDesk, markets: Markets, book: HotloopApi, ttl_ms: int
    ) -> None:
        self._hedge = hedge
        self._desk = desk
        self._markets = markets
        self._book = book
        self._ttl_ms = ttl_ms

    def reconfigure(self, ttl_ms: int) -> None:
        """Hedges sent from now on rest for so long."""
        self._ttl_ms = ttl_ms

    @property
    def is_due(self) -> bool:
        """Whether anything waits to be hedged."""
        return bool(self._hedge.due)

    def send(self, now_ms: int) -> bool:
        """Orders what evens out the fills heard of; whether anything was sent."""
        sent = False
        for key in list(self._hedge.due):
            view = self._markets.get(key.market_id)
            is_stale = view is None or view.stale or self._markets.is_stale(key.market_id)
            if view is None or is_stale or not view.is_open:
                continue  # as soon as it can be traded
            if not self._hedge.is_waiting(key, now_ms):
                del self._hedge.due[key]
                sent |= self._send(key, view, now_ms)
        return sent

    def forget(self, market_id: str) -> None:
        """A market has closed."""
        self._hedge.forget(market_id)

    def _send(self, key: RunnerKey, view: MarketView, now_ms: int) -> bool:
        handicap = key.handicap_centi / 100
        runner = Runner.of(key.market_id, key.selection_id, key.handicap_centi)
        if view.runners.get(runner) != "ACTIVE":
            return False  # bets on it are void, or it is decided
        back, _, lay, _ = self._book.best(key.market_id, key.selection_id, handicap)
        best = (_centi(back), _centi(lay))
        mine = [o for o in self._desk.orders.standing(runner) if o.edge == HEDGE]
        wish = self._hedge.wish(key, mine, best, now_ms)
        if wish is None:
            if self._hedge.is_waiting(key, now_ms):  # for a price
                self._hedge.due[key] = None
            return False
        turned = [order for order in mine if order.side is not wish.side]
        if turned:
            # The position has turned round: what rests the other way goes first; its end is heard,
            # and this runner looked at again.
            for order in turned:
                self._desk.cancel(runner, order, "turned", now_ms)
            return True
        outcome = self._desk.hedge(view, runner, wish, self._ttl_ms, now_ms)
        if outcome in ("makes_room", "waits"):
            self._hedge.due[key] = None
        return outcome in ("sent", "makes_room")


def _centi(price: float | None) -> int | None:
    return None if price is None else round(price * 100)
