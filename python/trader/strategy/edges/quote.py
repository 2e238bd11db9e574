"""What the edges that trade ticks read of a runner: its two best prices, and where they point."""

from __future__ import annotations

from typing import Final, NamedTuple

from trader.betfair.ladder import CLASSIC, FINEST, Ladder
from trader.execution.interfaces.intents import Side
from trader.strategy.context import Runner, StrategyContext

LADDERS: Final = {"CLASSIC": CLASSIC, "FINEST": FINEST}
"""Ladders of odds, by the name that a market's definition gives. Lines are no odds."""


class Quote(NamedTuple):
    """The best prices to back and to lay at (hundredths), with their sizes.

    `micro` is the microprice (decimal odds): the two prices weighted by the size on the other side,
    so that it leans towards where the book is thin.
    """

    ladder: Ladder
    back_centi: int
    back_size: float
    lay_centi: int
    lay_size: float

    @property
    def micro(self) -> float:
        weighted = self.back_centi * self.lay_size + self.lay_centi * self.back_size
        return weighted / (self.back_size + self.lay_size) / 100

    @property
    def spread_ticks(self) -> int | None:
        """None when a price is off the ladder."""
        return self.ladder.ticks_between(self.back_centi, self.lay_centi)

    def joining(self, side: Side) -> int:
        """The price at which an order of that side rests with the best of its kind."""
        return self.lay_centi if side is Side.BACK else self.back_centi

    def taking(self, side: Side) -> int:
        """The price at which an order of that side is matched at once."""
        return self.back_centi if side is Side.BACK else self.lay_centi

    def forecast(self, ticks: float) -> float:
        """The microprice (decimal odds) after a move of so many ticks, up is positive."""
        if ticks > 0:
            step_centi = moved(self.ladder, self.lay_centi, 1) - self.lay_centi
        else:
            step_centi = self.back_centi - moved(self.ladder, self.back_centi, -1)
        return max(self.micro + ticks * step_centi / 100, 1.01)


def quote_of(ctx: StrategyContext, runner: Runner) -> Quote | None:
    """The runner's best prices; None without both, when they cross, or where prices are lines."""
    ladder = LADDERS.get(ctx.market.ladder)
    if ladder is None:
        return None
    market_id, selection_id, handicap, _ = runner
    back, back_size, lay, lay_size = ctx.book.best(market_id, selection_id, handicap)
    if back is None or back_size is None or lay is None or lay_size is None or back >= lay:
        return None
    return Quote(ladder, round(back * 100), back_size, round(lay * 100), lay_size)


def moved(ladder: Ladder, price_centi: int, ticks: int) -> int:
    """A price so many ticks higher, or lower where negative; the ladder's end is not passed."""
    step = ladder.next_price if ticks > 0 else ladder.prev_price
    for _ in range(abs(ticks)):
        price_centi = step(price_centi) or price_centi
    return price_centi


def value(side: Side, price_centi: int, true_price: float) -> float:
    """What a stake of 1 earns at a price where `true_price` (decimal odds) is right, before
    commission: price / true - 1 to a backer, the opposite to a layer."""
    earned = price_centi / 100 / true_price - 1.0
    return earned if side is Side.BACK else -earned
