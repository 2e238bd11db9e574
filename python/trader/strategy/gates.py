"""The gates an order passes on its way out: fee gate, sizer, risk; in this order.

What an edge wants comes out as a size, or is refused with one of few words.
"""

from __future__ import annotations

from collections.abc import Sequence

from trader.execution.interfaces.executor import OpenOrder
from trader.execution.interfaces.intents import Side
from trader.strategy.context import MarketView, Runner
from trader.strategy.edges.base import Place, Replace
from trader.strategy.exposure import Exposure
from trader.strategy.fee_gate import FeeGate, Refused
from trader.strategy.risk import Risk
from trader.strategy.sizer import Sizer, loss_e4_per_centi


class Gates:
    """For the engine's thread. `exposure` and `risk` are told what happens by the order desk."""

    def __init__(self, fee_gate: FeeGate, sizer: Sizer, risk: Risk, exposure: Exposure) -> None:
        self.fee_gate = fee_gate
        self.risk = risk
        self.exposure = exposure
        self._sizer = sizer

    def place(
        self,
        view: MarketView,
        runner: Runner,
        wish: Place,
        resting: Sequence[OpenOrder],
        now_ms: int,
    ) -> int | Refused:
        """The size (hundredths) of a new order. `resting`: the market's orders, those on their
        way included."""
        market_id = view.market_id
        refused = self.fee_gate.check(market_id, wish.gross_edge, wish.reduces)
        if refused is not None:
            return refused
        size = self._sizer.size_centi(
            view,
            runner,
            side=wish.side,
            price_centi=wish.price_centi,
            gross_edge=wish.gross_edge,
            resting=resting,
            max_size_centi=wish.max_size_centi,
        )
        if isinstance(size, Refused):
            return size
        if not wish.reduces:
            refused = self.fee_gate.check_charge(market_id, wish.gross_edge, size, now_ms)
        new_loss_e4 = size * loss_e4_per_centi(wish.side, wish.price_centi)
        return refused or self.risk.check(market_id, new_loss_e4, wish.reduces) or size

    def move(
        self,
        view: MarketView,
        runner: Runner,
        wish: Replace,
        resting: Sequence[OpenOrder],
        now_ms: int,
    ) -> Refused | None:
        """None when an order may be moved."""
        order, market_id = wish.order, view.market_id
        refused = self.fee_gate.check(market_id, wish.gross_edge, wish.reduces)
        refused = refused or self._sizer.check_move(view, runner, order, wish.price_centi, resting)
        if refused is None and not wish.reduces:
            refused = self.fee_gate.check_charge(
                market_id, wish.gross_edge, order.remaining_centi, now_ms
            )
        more_e4 = 0
        if order.side is Side.LAY:  # a back loses its stake at any price
            more_e4 = max(0, wish.price_centi - order.price_centi) * order.remaining_centi
        return refused or self.risk.check(market_id, more_e4, wish.reduces)

    def hedge(self, market_id: str, size_centi: int, price_centi: int) -> Refused | None:
        """None when a hedge may leave: it takes risk away, whatever that costs."""
        if not self._sizer.takes(size_centi, price_centi):
            return Refused("below_minimum")
        return self.risk.check(market_id, 0, True)
