"""For tests of edges: an edge before a book of our making, with orders and positions as we say."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any, Final

from trader.config.loading import load
from trader.execution.interfaces.executor import OpenOrder
from trader.execution.interfaces.intents import Side
from trader.execution.ledger import Position
from trader.strategy.context import Runner, StrategyContext
from trader.strategy.edges.base import Edge, MarketEdge, MarketProposal, Place, Proposal
from trader.strategy.edges.registry import EDGES
from trader.strategy.hotloop.reference import Hotloop
from trader.strategy.testing import MARKET, A, market

MINUTE_MS: Final = 60_000


class Book(Hotloop):
    """A book whose chances of a fill we say, so that no test of an edge depends on their model."""

    def __init__(self) -> None:
        super().__init__()
        self.chances: dict[tuple[str, float], float] = {}
        """By side and price: within a minute, for whoever joins there. Elsewhere there is none."""

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
        del m, r, size, handicap, now_ms
        assert horizon_ms is not None, "an edge says within which time"
        missed = 1.0 - self.chances.get((side, price), 0.0)
        return 1.0 - float(missed ** (horizon_ms / MINUTE_MS)), 0.0


class Stage:
    """One edge as it is shipped, `overrides` being keys of its section; times are ms after 0."""

    def __init__(self, name: str, *overrides: str) -> None:
        config = load(None, [f"edges.{name}.{override}" for override in overrides])
        self.edge: Edge[Any] = EDGES[name](config.edges[name])
        self.book = Book()
        self.now_ms = 0
        self.view = dataclasses.replace(market(), status="OPEN", in_play=False)
        self.orders: dict[Runner, list[OpenOrder]] = {}
        self.held: dict[Runner, Position] = {}
        self.ahead: dict[str, float] = {}

    def tell(self, rc: Sequence[dict[str, Any]], after_ms: int = 1_000) -> None:
        """Changes of runners come, so long after the message before."""
        self.now_ms += after_ms
        change = {"id": MARKET, "rc": list(rc)}
        self.book.apply_delta({"op": "mcm", "pt": self.now_ms, "mc": [change]}, 0)

    def decide(self, runner: Runner = A) -> list[Proposal]:
        return list(self.edge.decide(self._context(), runner))

    def decide_market(self) -> list[MarketProposal]:
        assert isinstance(self.edge, MarketEdge)
        return list(self.edge.decide_market(self._context()))

    def place(self) -> Place:
        """What the edge wants for the first runner, which is one new order."""
        (wish,) = self.decide()
        assert isinstance(wish, Place)
        return wish

    def fill(self, side: Side, price_centi: int, size_centi: int, runner: Runner = A) -> None:
        """An order of the edge was matched."""
        position = self.held.setdefault(runner, Position())
        position.change(side, size_centi, size_centi * price_centi)

    def _context(self) -> StrategyContext:
        ctx = StrategyContext(
            self.book,
            self.view,
            lambda _edge, runner: self.orders.get(runner, ()),
            lambda runner: self.held.get(runner, Position()),
            lambda _edge, runner: self.held.get(runner, Position()),
            lambda _runner, order: self.ahead.get(order.intent_id),
        )
        ctx.now_ms = self.now_ms
        return ctx
