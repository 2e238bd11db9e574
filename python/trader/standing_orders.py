"""Our orders by runner and by market: those that rest, and those on their way to the executor."""

from __future__ import annotations

from collections.abc import Callable, Container, Sequence
from dataclasses import replace
from typing import Final, TypeVar

from trader.execution.interfaces.executor import OpenOrder
from trader.execution.interfaces.intents import Action, QuoteIntent
from trader.execution.router import Router
from trader.strategy.context import Runner

T = TypeVar("T")
NO_ORDERS: Final[Sequence[OpenOrder]] = ()


class StandingOrders:
    """A view over the router's open orders; told by the order desk what was sent and answered."""

    def __init__(self, router: Router) -> None:
        self._router = router
        self._coming: dict[str, dict[str, tuple[Runner, OpenOrder]]] = {}  # new ones, by market
        self._moving: dict[str, dict[str, QuoteIntent]] = {}  # by market
        self._on_the_way: dict[str, str] = {}  # intent → market
        self._by_runner: dict[Runner, list[OpenOrder]] = {}
        self._changed = False

    def sent(self, runner: Runner, intent: QuoteIntent) -> None:
        """A PLACE or a REPLACE was handed to the executor."""
        market_id = intent.market_id
        self._on_the_way[intent.intent_id] = market_id
        if intent.action is Action.PLACE:
            coming = self._coming.setdefault(market_id, {})
            coming[intent.intent_id] = (runner, replace(OpenOrder.of(intent), pending="PLACE"))
        else:
            self._moving.setdefault(market_id, {})[intent.intent_id] = intent

    def answered(self, intent_id: str) -> None:
        """An intent rests now, or has ended."""
        market_id = self._on_the_way.pop(intent_id, None)
        if market_id is None:
            return
        _leave(self._coming, market_id, intent_id)
        _leave(self._moving, market_id, intent_id)

    def changed(self) -> None:
        """An order is another than it was."""
        self._changed = True

    def is_on_the_way(self, intent_id: str) -> bool:
        return intent_id in self._on_the_way

    def by_runner(self) -> dict[Runner, list[OpenOrder]]:
        """All resting orders; runners without any are not in it. Do not change it."""
        if self._changed:
            self._changed = False
            self._by_runner = {}
            for order in self._router.open_orders():
                runner = Runner.of(order.market_id, order.selection_id, order.handicap_centi)
                self._by_runner.setdefault(runner, []).append(order)
        return self._by_runner

    def on(self, runner: Runner) -> Sequence[OpenOrder]:
        """All resting orders on a runner, oldest first."""
        return self.by_runner().get(runner, NO_ORDERS)

    def of(self, edge: str, runner: Runner) -> Sequence[OpenOrder]:
        """One edge's orders on a runner, oldest first, those on their way included."""
        orders = self.standing(runner)
        return [order for order in orders if order.edge == edge] if orders else NO_ORDERS

    def standing(self, runner: Runner) -> Sequence[OpenOrder]:
        """All orders on a runner, those on their way included."""
        coming = self._coming.get(runner.market_id)
        if not coming:
            return self.on(runner)
        return [*self.on(runner), *(order for whose, order in coming.values() if whose == runner)]

    def ids(self, belongs: Callable[[str, str], bool]) -> set[str]:
        """Ids of the orders that rest, or may come to, where `belongs(market id, edge)`."""
        orders = [*self._router.open_orders()]
        orders += [order for coming in self._coming.values() for _, order in coming.values()]
        intents = [intent for moving in self._moving.values() for intent in moving.values()]
        found = {o.intent_id for o in orders if belongs(o.market_id, o.edge)}
        return found | {i.intent_id for i in intents if belongs(i.market_id, i.edge)}

    def moved_from(self, intent_ids: Container[str]) -> set[str]:
        """Ids of the moves under way of these orders."""
        intents = [intent for moving in self._moving.values() for intent in moving.values()]
        return {i.intent_id for i in intents if i.target_intent_id in intent_ids}

    def at_risk(self, market_id: str) -> Sequence[OpenOrder]:
        """A market's resting orders with those on their way, as they may come to stand.

        One message can touch all runners of a market, and nothing is heard back before its end:
        each order must fit under the caps beside those sent just before it.
        """
        orders = self._router.open_orders(market_id)
        moving = self._moving.get(market_id)
        if moving:
            # Until a move is answered either price may be matched: the higher one costs a lay more.
            moves = {intent.target_intent_id: intent.price_centi for intent in moving.values()}
            orders = [
                replace(order, price_centi=moves[order.intent_id])
                if moves.get(order.intent_id, 0) > order.price_centi
                else order
                for order in orders
            ]
        coming = self._coming.get(market_id)
        return [*orders, *(order for _, order in coming.values())] if coming else orders


def _leave(by_market: dict[str, dict[str, T]], market_id: str, intent_id: str) -> None:
    of_market = by_market.get(market_id)
    if of_market is not None:
        of_market.pop(intent_id, None)
        if not of_market:
            del by_market[market_id]
