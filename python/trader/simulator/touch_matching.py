"""Simple touch fills: which of our resting orders the recorded market would have matched.

The recorded market does not know our orders, so what follows is a rule, and a conservative one:

- A BACK of ours at p stands in `atl`, behind the size seen there when it was placed. It is matched
  in either of two ways. The market crosses it: the best price to back (the highest `atb`) comes to
  p or above, so somebody offers to lay at a price that our order would have taken. Or the market
  trades at it: the volume traded at p or above since the placing exceeds the size that stood ahead
  (nobody lays above p while we offer p, so what traded beyond came past us too).
- A LAY at p mirrors this: crossed when the best price to lay (the lowest `atl`) comes to p or
  below, traded by volume at p or below.

Traded volume counts both sides of a plain match (and one of a cross match), so half of its rise is
taken. What an order is entitled to in its life is the largest crossing size ever seen or the
volume that came past its queue, whichever is more: the same offer standing in ten messages fills
it once. Fills are at the order's own price. Cancellations ahead of it do not advance it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from trader.execution.interfaces.executor import OpenOrder
from trader.execution.interfaces.intents import Side
from trader.execution.interfaces.messages import DryFill
from trader.strategy.context import Runner
from trader.strategy.hotloop.interface import HotloopApi


@dataclass(slots=True)
class Resting:
    """What is remembered of an order since its placing. Sizes in hundredths.

    `base_centi` is the volume traded at its price or beyond when it was placed, `passed_centi` the
    volume that came past its queue since, `crossed_centi` the largest crossing size seen, and
    `granted_centi` what its fills so far come to.
    """

    price: float
    is_back: bool
    ahead_centi: int
    base_centi: int
    traded_ts_ms: int | None
    passed_centi: int = 0
    crossed_centi: int = 0
    granted_centi: int = 0


class TouchMatcher:
    """Keeps one `Resting` for each open order; bounded by the executor's limit of open orders."""

    def __init__(self, book: HotloopApi) -> None:
        self._book = book
        self._resting: dict[str, Resting] = {}

    def __len__(self) -> int:
        return len(self._resting)

    def placed(self, intent_id: str, runner: Runner, side: Side, price_centi: int) -> None:
        """An order came to rest: notes the queue and the traded volume it starts from."""
        price = price_centi / 100
        market_id, selection_id, handicap, _ = runner
        ahead = self._book.size_ahead(market_id, selection_id, side.value, price, None, handicap)
        is_back = side is Side.BACK
        self._resting[intent_id] = Resting(
            price=price,
            is_back=is_back,
            ahead_centi=round(ahead * 100),
            base_centi=self._traded_centi(runner, price, is_back),
            traded_ts_ms=self._book.last_traded_ts_ms(market_id, selection_id, handicap),
        )

    def ended(self, intent_id: str) -> None:
        """An order rests no more; unknown ones are ignored."""
        self._resting.pop(intent_id, None)

    def match(self, runner: Runner, orders: Sequence[OpenOrder], now_ms: int) -> list[DryFill]:
        """The fills that the runner's book as it is now gives its resting orders, oldest first."""
        fills: list[DryFill] = []
        for order in orders:
            resting = self._resting.get(order.intent_id)
            if resting is None:
                continue
            self._look(runner, resting)
            entitled = max(resting.crossed_centi, resting.passed_centi)
            size_centi = min(entitled - resting.granted_centi, order.remaining_centi)
            if size_centi > 0:
                resting.granted_centi += size_centi
                fills.append(
                    DryFill(
                        intent_id=order.intent_id,
                        price_centi=order.price_centi,
                        size_centi=size_centi,
                        ts_ms=now_ms,
                    )
                )
        return fills

    def _look(self, runner: Runner, resting: Resting) -> None:
        """Brings an order's entitlement up to the present book."""
        market_id, selection_id, handicap, _ = runner
        best_back, _, best_lay, _ = self._book.best(market_id, selection_id, handicap)
        opposite = best_back if resting.is_back else best_lay
        if opposite is not None and (
            opposite >= resting.price if resting.is_back else opposite <= resting.price
        ):
            crossing = self._crossing_centi(runner, resting)
            resting.crossed_centi = max(resting.crossed_centi, crossing)
        traded_ts_ms = self._book.last_traded_ts_ms(market_id, selection_id, handicap)
        # The traded ladder is long: read it on trades only. Several messages may have one time.
        if traded_ts_ms != resting.traded_ts_ms or traded_ts_ms == self._book.last_pt_ms():
            resting.traded_ts_ms = traded_ts_ms
            volume = self._traded_centi(runner, resting.price, resting.is_back)
            passed = (volume - resting.base_centi) // 2 - resting.ahead_centi
            resting.passed_centi = max(resting.passed_centi, passed)

    def _crossing_centi(self, runner: Runner, resting: Resting) -> int:
        """Size on the other side at prices our order would have taken."""
        market_id, selection_id, handicap, _ = runner
        side = "BACK" if resting.is_back else "LAY"  # the side taken: BACK reads atb
        levels = self._book.ladder_top(market_id, selection_id, side, None, True, handicap)
        total = 0
        for price, size in levels:  # best first
            if (price < resting.price) if resting.is_back else (price > resting.price):
                break
            total += round(size * 100)
        return total

    def _traded_centi(self, runner: Runner, price: float, is_back: bool) -> int:
        """Volume traded so far at `price` or beyond: above it for a back, below it for a lay."""
        market_id, selection_id, handicap, _ = runner
        ladder = self._book.traded_ladder(market_id, selection_id, handicap)
        if is_back:
            return sum(round(size * 100) for at, size in ladder if at >= price)
        return sum(round(size * 100) for at, size in ladder if at <= price)
