"""Which markets the stream is subscribed to: what the catalogue lists, and what we are in.

A market that we have orders or money in stays until it is over, whatever the catalogue says.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from trader.live.listings import ListedMarket
from trader.order_desk import OrderDesk
from trader.strategy.markets import Markets

SUBSCRIBED_MAX: Final = 200
"""Markets that the venue lets one subscription have."""
FIELDS: Final = ("EX_ALL_OFFERS", "EX_TRADED", "EX_TRADED_VOL", "EX_LTP", "EX_MARKET_DEF")


class MarketSet:
    """For the loop's thread. `named`: the markets that the selector wants by id; when these are
    over, there is nothing left to do."""

    def __init__(
        self, named: Sequence[str], listed: Sequence[ListedMarket], held: Sequence[str] = ()
    ) -> None:
        """`held`: what a run before this one is in."""
        self._named = tuple(named)
        self._listed = [market.market_id for market in listed]
        self._subscribed: tuple[str, ...] = self._wanted(held)

    @property
    def subscribed(self) -> tuple[str, ...]:
        """Ids of the markets that the stream is asked for."""
        return self._subscribed

    def body(self) -> dict[str, Any]:
        """The request's fields beside `op` and `id`."""
        return {
            "marketFilter": {"marketIds": list(self._subscribed)},
            "marketDataFilter": {"fields": list(FIELDS)},
        }

    def rename(self, named: Sequence[str]) -> None:
        """The selector wants these by id from now on."""
        self._named = tuple(named)

    def listed(self, markets: Sequence[ListedMarket]) -> None:
        """The catalogue, asked anew."""
        self._listed = [market.market_id for market in markets]

    def changed(self, markets: Markets, desk: OrderDesk) -> Mapping[str, Any] | None:
        """The next request, if it has to be another one; None when what there is will do."""
        held = [view.market_id for view in markets.views() if view.status != "CLOSED"]
        resting = [runner.market_id for runner in desk.orders.by_runner()]
        wanted = self._wanted(dict.fromkeys([*resting, *held]))
        if set(wanted) <= set(self._subscribed):
            return None  # what is over costs nothing to keep, an image of everything does
        self._subscribed = wanted
        return self.body()

    def are_over(self, markets: Markets, unpaid: Sequence[str]) -> bool:
        """Whether every market that was named has closed, and none is left that has to pay."""
        if not self._named:
            return False
        for market_id in self._named:
            view = markets.get(market_id)
            if view is None or view.status != "CLOSED":
                return False
        return not unpaid

    def _wanted(self, held: Mapping[str, None] | Sequence[str]) -> tuple[str, ...]:
        """What we are in comes first."""
        return tuple(dict.fromkeys([*held, *self._listed]))[:SUBSCRIBED_MAX]
