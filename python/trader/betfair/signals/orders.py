"""The tracked orders of all markets: a bounded table of queue positions."""

from __future__ import annotations

from collections.abc import Iterable

from trader.betfair.books import TAKEN_OF, Depth, MarketBook, RestedSide
from trader.betfair.messages import RunnerKey
from trader.betfair.signals.market import MarketSignals
from trader.betfair.signals.matched import Trade
from trader.betfair.signals.queue import Position, Sight, advance
from trader.betfair.signals.settings import SignalSettings


class TrackedOrders:
    """Positions by order id and by market. Not bounded by itself: ask `is_full` before `track`."""

    def __init__(self, orders_max: int) -> None:
        self.orders_max = orders_max
        self._by_id: dict[str, Position] = {}
        self._by_market: dict[str, dict[str, Position]] = {}

    def get(self, order_id: str) -> Position | None:
        return self._by_id.get(order_id)

    def is_full(self, order_id: str) -> bool:
        """Whether tracking `order_id` would be one too many."""
        return order_id not in self._by_id and len(self._by_id) >= self.orders_max

    def track(
        self,
        order_id: str,
        market: MarketBook,
        depth: Depth,
        key: RunnerKey,
        side: RestedSide,
        price_centi: int,
        own_centi: int,
    ) -> Position:
        """Start a position at the tail of what is visible; the same id again starts anew."""
        self.untrack(order_id)
        visible = market.visible_at(key, TAKEN_OF[side], depth, price_centi)
        position = Position.at_tail(
            side,
            price_centi,
            visible,
            depth,
            order_id=order_id,
            market_id=market.market_id,
            key=key,
            own_centi=own_centi,
            frozen=not market.is_open,
        )
        self._by_id[order_id] = position
        self._by_market.setdefault(market.market_id, {})[order_id] = position
        return position

    def untrack(self, order_id: str) -> bool:
        position = self._by_id.pop(order_id, None)
        if position is None:
            return False
        in_market = self._by_market[position.market_id]
        del in_market[order_id]
        if not in_market:
            del self._by_market[position.market_id]
        return True

    def drop_market(self, market_id: str) -> None:
        for order_id in self._by_market.pop(market_id, {}):
            del self._by_id[order_id]

    def own_sizes(self, market_id: str, key: RunnerKey, side: RestedSide) -> dict[int, int]:
        """Price → own size that stands in the book, of the orders of one runner and side."""
        sizes: dict[int, int] = {}
        for position in self._by_market.get(market_id, {}).values():
            if (position.key, position.side) == (key, side) and position.own_centi:
                price = position.price_centi
                sizes[price] = sizes.get(price, 0) + position.own_centi
        return sizes

    def end_message(
        self,
        market: MarketBook,
        depth: Depth,
        signals: MarketSignals,
        settings: SignalSettings,
    ) -> None:
        """One message with an entry of `market` was applied; `signals` are brought past it."""
        for position in self._by_market.get(market.market_id, {}).values():
            visible = market.visible_at(
                position.key, TAKEN_OF[position.side], depth, position.price_centi
            )
            matched = _matched(position, signals.trades.get(position.key, ()))
            sight = Sight(market.is_open, depth, visible, signals.upset)
            advance(position, sight, matched, settings)


def _matched(position: Position, trades: Iterable[Trade]) -> int:
    """v: the matched volume at the position's price and side."""
    return sum(
        trade.of(position.side) for trade in trades if trade.price_centi == position.price_centi
    )
