"""What may be lost, by market: orders matched so far in the worst outcome, and what still rests,
all of it counted as filled."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from trader.execution.interfaces.intents import QuoteIntent, Side


def liability(side: Side, price_centi: int, size_centi: int) -> int:
    """What an open order may cost, hundredths of hundredths."""
    return size_centi * (100 if side is Side.BACK else price_centi - 100)


@dataclass(slots=True)
class Profit:
    """Profit of one runner's bets, hundredths of hundredths."""

    if_wins: int = 0
    if_loses: int = 0


@dataclass(slots=True)
class Exposure:
    """Matched bets by market and runner. JSON has no keys but texts, so a market's runners are a
    list; there are few."""

    markets: dict[str, list[tuple[tuple[int, int], Profit]]] = field(default_factory=dict)

    def matched(self, intent: QuoteIntent, before: tuple[int, int], after: tuple[int, int]) -> None:
        """What is matched of an order has changed from (size, value) to another."""
        size, value = after[0] - before[0], after[1] - before[1]
        if (size, value) == (0, 0):
            return
        sign = 1 if intent.side is Side.BACK else -1
        runner = (intent.selection_id, intent.handicap_centi)
        runners = self.markets.setdefault(intent.market_id, [])
        profit = next((profit for of, profit in runners if of == runner), None)
        if profit is None:
            profit = Profit()
            runners.append((runner, profit))
        profit.if_wins += sign * (value - size * 100)
        profit.if_loses -= sign * size * 100

    def settle(self, market_id: str) -> None:
        """The market is settled: nothing of it can be lost any more."""
        self.markets.pop(market_id, None)

    def worst(self, market_id: str) -> int:
        """The most that what is matched in a market may cost: whichever of our runners wins, or
        none of them."""
        runners = [profit for _, profit in self.markets.get(market_id, [])]
        none = sum(profit.if_loses for profit in runners)
        winner = min((none - one.if_loses + one.if_wins for one in runners), default=0)
        return -min(none, winner, 0)

    def names(self) -> Iterable[str]:
        """The markets with anything matched."""
        return self.markets.keys()
