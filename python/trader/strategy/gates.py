"""The gates an order passes on its way out: fee gate, sizer, risk; in this order.

What an edge wants comes out as a size, or is refused with one of few words.

Orders that close what their own edge holds pass neither fee gate nor caps: they take risk away,
whatever that costs. That they do is not taken on trust: with the edge's other orders on that side
they must not be worth more than what it holds. Nor is it that an order takes inventory back
(`reduces`): risk lets it pass as such only up to what stands open on the runner, all edges and
their orders on that side together.
"""

from __future__ import annotations

from collections.abc import Sequence

from trader.execution.interfaces.executor import OpenOrder
from trader.execution.interfaces.intents import Side
from trader.execution.ledger import Ledger, Position
from trader.strategy.context import MarketView, Runner
from trader.strategy.edges.base import Place, Replace
from trader.strategy.exposure import Exposure
from trader.strategy.fee_gate import FeeGate, Refused
from trader.strategy.risk import Risk
from trader.strategy.sizer import Sizer, loss_e4_per_centi


class Gates:
    """For the engine's thread. `exposure` and `risk` are told what happens by the order desk."""

    def __init__(
        self, fee_gate: FeeGate, sizer: Sizer, risk: Risk, exposure: Exposure, ledger: Ledger
    ) -> None:
        self.fee_gate = fee_gate
        self.risk = risk
        self.exposure = exposure
        self._sizer = sizer
        self._ledger = ledger

    def resize(self, sizer: Sizer) -> None:
        """Sizes are another sizer's from now on."""
        self._sizer = sizer

    def place(
        self,
        edge: str,
        view: MarketView,
        runner: Runner,
        wish: Place,
        resting: Sequence[OpenOrder],
        now_ms: int,
    ) -> int | Refused:
        """The size (hundredths) of a new order. `resting`: the market's orders, those on their
        way included."""
        market_id = view.market_id
        if wish.closes:
            return self._place_closing(edge, runner, wish, resting)
        refused = self.fee_gate.check(market_id, wish.gross_edge, wish.reduces)
        if refused is not None:
            return refused
        open_e4 = 0
        most_centi = wish.max_size_centi
        if wish.reduces:
            open_e4 = self._open_e4(runner, wish.side, resting)
            refused = self.risk.check(market_id, 0, False)
            if refused is not None:  # for all but what takes inventory back
                open_centi = open_e4 // wish.price_centi
                if open_centi <= 0:
                    return refused
                most_centi = open_centi if most_centi is None else min(most_centi, open_centi)
        size = self._sizer.size_centi(
            view,
            runner,
            side=wish.side,
            price_centi=wish.price_centi,
            gross_edge=wish.gross_edge,
            resting=resting,
            max_size_centi=most_centi,
            exact_centi=wish.size_centi,
        )
        if isinstance(size, Refused):
            return size
        if not wish.reduces:
            refused = self.fee_gate.check_charge(market_id, wish.gross_edge, size, now_ms)
            if refused is not None:
                return refused
        new_loss_e4 = size * loss_e4_per_centi(wish.side, wish.price_centi)
        reduces = wish.reduces and size * wish.price_centi <= open_e4
        return self.risk.check(market_id, new_loss_e4, reduces) or size

    def _place_closing(
        self, edge: str, runner: Runner, wish: Place, resting: Sequence[OpenOrder]
    ) -> int | Refused:
        size_centi = wish.size_centi or 0
        if not self._sizer.takes(size_centi, wish.price_centi):
            return Refused("below_minimum")
        value_e4 = size_centi * wish.price_centi
        not_closing = self._not_closing(
            edge, runner, wish.side, value_e4, wish.price_centi, resting
        )
        return not_closing or self.risk.check(runner.market_id, 0, True) or size_centi

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
        if wish.closes:
            others = [other for other in resting if other.intent_id != order.intent_id]
            value_e4 = order.remaining_centi * wish.price_centi
            # A move keeps its size, so at a higher price it levels too much: as much as the price
            # has moved, which is let pass up to the least bet there is at the price it leaves.
            spare_e4 = min(
                order.remaining_centi * max(0, wish.price_centi - order.price_centi),
                self._sizer.min_size_centi * order.price_centi,
            )
            spare_e4 += wish.price_centi
            not_closing = self._not_closing(
                order.edge, runner, order.side, value_e4, spare_e4, others
            )
            return not_closing or self.risk.check(market_id, 0, True)
        refused = self.fee_gate.check(market_id, wish.gross_edge, wish.reduces)
        refused = refused or self._sizer.check_move(view, runner, order, wish.price_centi, resting)
        if refused is None and not wish.reduces:
            refused = self.fee_gate.check_charge(
                market_id, wish.gross_edge, order.remaining_centi, now_ms
            )
        more_e4 = 0
        if order.side is Side.LAY:  # a back loses its stake at any price
            more_e4 = max(0, wish.price_centi - order.price_centi) * order.remaining_centi
        reduces = False
        if wish.reduces:
            others = [other for other in resting if other.intent_id != order.intent_id]
            value_e4 = order.remaining_centi * wish.price_centi
            reduces = value_e4 <= self._open_e4(runner, order.side, others)
        return refused or self.risk.check(market_id, more_e4, reduces)

    def hedge(self, market_id: str, size_centi: int, price_centi: int) -> Refused | None:
        """None when a hedge may leave: it takes risk away, whatever that costs."""
        if not self._sizer.takes(size_centi, price_centi):
            return Refused("below_minimum")
        return self.risk.check(market_id, 0, True)

    def _not_closing(
        self,
        edge: str,
        runner: Runner,
        side: Side,
        value_e4: int,
        spare_e4: int,
        resting: Sequence[OpenOrder],
    ) -> Refused | None:
        """None when an order of that value (size times price) takes back what the edge holds, and
        not more of it than there is beside its other orders; `spare_e4` is let pass."""
        own = [order for order in resting if order.edge == edge]
        open_e4 = _open_e4(self._ledger.held(edge, runner), runner, side, own)
        return None if value_e4 <= open_e4 + spare_e4 else Refused("not_closing")

    def _open_e4(self, runner: Runner, side: Side, resting: Sequence[OpenOrder]) -> int:
        """What an order on that side can take back of what all edges hold on a runner."""
        return _open_e4(self._ledger.position(runner), runner, side, resting)


def _open_e4(
    position: Position | None, runner: Runner, side: Side, resting: Sequence[OpenOrder]
) -> int:
    """What orders on that side can take back of a position beside those that rest there, as size
    times price; below 0 where they would add to it."""
    open_e4 = position.win_e4 - position.lose_e4 if position is not None else 0
    if side is Side.BACK:
        open_e4 = -open_e4
    for order in resting:
        if order.side is side and _is_on(order, runner):
            open_e4 -= order.remaining_centi * order.price_centi
    return open_e4


def _is_on(order: OpenOrder, runner: Runner) -> bool:
    return (order.selection_id, order.handicap_centi) == (
        runner.selection_id,
        runner.handicap_centi,
    )
