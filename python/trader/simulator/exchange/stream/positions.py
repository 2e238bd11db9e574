"""What each account has matched, by market, runner, side and price: `mb` and `ml` of the stream.

Brought forward with each bet that changes, so that nothing is added up over all bets.
"""

from __future__ import annotations

from typing import TypeAlias

from trader.betfair.books import RestedSide
from trader.betfair.messages import RunnerKey
from trader.simulator.exchange.bets import Bet

Spot: TypeAlias = tuple[str, RunnerKey]
"""(market id, runner)."""
Row: TypeAlias = tuple[str | None, RestedSide, int]
"""(strategy or None for all of them together, side, price)."""


class Positions:
    """One account's matched sizes; prices that came to 0 are kept, to be told as gone."""

    def __init__(self) -> None:
        self.sizes: dict[Spot, dict[Row, int]] = {}
        self.changed: dict[Spot, dict[Row, int]] = {}
        """When (the venue's sequence number) each changed last."""
        self._counted: dict[str, dict[int, int]] = {}

    def update(self, bet: Bet, seq: int) -> set[Row]:
        """Counts a bet as it is now; the rows of its runner that changed."""
        now: dict[int, int] = {}
        for match in bet.matches:
            now[match.price_centi] = now.get(match.price_centi, 0) + match.size_centi
        before = self._counted.get(bet.bet_id, {})
        if now == before:
            return set()
        self._counted[bet.bet_id] = now
        spot = (bet.market_id, bet.runner)
        sizes, changed = self.sizes.setdefault(spot, {}), self.changed.setdefault(spot, {})
        rows: set[Row] = set()
        for price_centi in now.keys() | before.keys():
            difference = now.get(price_centi, 0) - before.get(price_centi, 0)
            if not difference:
                continue
            for strategy in (None, bet.customer_strategy_ref or ""):
                row: Row = (strategy, bet.side, price_centi)
                sizes[row] = sizes.get(row, 0) + difference
                changed[row] = seq
                rows.add(row)
        return rows

    def rows_of(self, spot: Spot, since: int = -1) -> set[Row]:
        """The rows of a runner that changed after `since`."""
        return {row for row, at in self.changed.get(spot, {}).items() if at > since}

    def drop_market(self, market_id: str, bets: list[str]) -> None:
        """A market is settled: its positions are gone."""
        for spot in [spot for spot in self.sizes if spot[0] == market_id]:
            del self.sizes[spot], self.changed[spot]
        for bet_id in bets:
            self._counted.pop(bet_id, None)
