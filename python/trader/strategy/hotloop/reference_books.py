"""The reference's answers about books and markets: hundredths out as decimals, nothing computed."""

from __future__ import annotations

from trader.betfair.book_builder import BookBuilder
from trader.betfair.books import TAKEN_OF, RestedSide, RunnerBook, TakenSide
from trader.betfair.messages import RunnerKey
from trader.strategy.hotloop.arguments import refused, runner_key, taken_side
from trader.strategy.hotloop.interface import BestPrices, MarketInfo
from trader.strategy.hotloop.market_info import market_info


class Books:
    """The methods of `HotloopApi` that read books and markets; see there for their meaning."""

    _builder: BookBuilder

    # --- books --------------------------------------------------------------------------------

    def best(self, m: str, r: int, handicap: float = 0.0) -> BestPrices:
        """(back price, back size, lay price, lay size); None where that side is empty."""
        back = self._best(m, r, handicap, "BACK")
        lay = self._best(m, r, handicap, "LAY")
        back_price, back_size = _decimals(back) if back else (None, None)
        lay_price, lay_size = _decimals(lay) if lay else (None, None)
        return back_price, back_size, lay_price, lay_size

    def best2_sum(self, m: str, r: int, side: str, handicap: float = 0.0) -> float:
        """Sizes at the best two prices of the side taken, summed; 0.0 when empty."""
        ladder = self._ladder(m, r, handicap, taken_side(side))
        return sum(size for _, size in ladder[:2]) / 100

    def spread_ticks(self, m: str, r: int, handicap: float = 0.0) -> int | None:
        """Ladder ticks from best back to best lay; 0 or less when crossed.

        None when one-sided, when a best price is off the market's ladder, and when the market
        gives no ladder.
        """
        market = self._builder.market(m)
        back = self._best(m, r, handicap, "BACK")
        lay = self._best(m, r, handicap, "LAY")
        if market is None or market.ladder is None or back is None or lay is None:
            return None
        return market.ladder.ticks_between(back[0], lay[0])

    def ladder_top(
        self,
        m: str,
        r: int,
        side: str,
        n: int | None = 3,
        raw: bool = True,
        handicap: float = 0.0,
    ) -> list[tuple[float, float]]:
        """The best `n` (price, size) of the side taken, best first; all with None.

        `raw=False` leaves out the own size of tracked orders.
        """
        taken = taken_side(side)
        if n is not None and n < 0:
            raise refused("n", "is negative")
        ladder = self._ladder(m, r, handicap, taken)
        key = runner_key(r, handicap)
        if not raw and key is not None:
            ladder = self._without_own(ladder, m, key, TAKEN_OF[taken])
        return [_decimals(row) for row in ladder[:n]]

    def traded_ladder(self, m: str, r: int, handicap: float = 0.0) -> list[tuple[float, float]]:
        """(price, size traded), ascending price."""
        book = self._runner(m, r, handicap)
        traded = {} if book is None else book.prices["trd"]
        return [_decimals(row) for row in sorted(traded.items())]

    def last_traded(self, m: str, r: int, handicap: float = 0.0) -> float | None:
        """The last traded price the venue named."""
        book = self._runner(m, r, handicap)
        return None if book is None or book.ltp_centi is None else book.ltp_centi / 100

    # --- markets ------------------------------------------------------------------------------

    def get_mbr(self, m: str) -> float | None:
        """The market base rate: commission, percent; None when not known."""
        market = self._builder.market(m)
        if market is None or market.definition is None:
            return None
        return market.definition.base_rate_percent

    def market(self, m: str) -> MarketInfo | None:
        """The market's definition and marks; None when the market is not held."""
        market = self._builder.market(m)
        if market is None:
            return None
        return market_info(market, stale=self._builder.is_stale(market))

    def markets(self) -> list[str]:
        """Ids of the markets held, in the order they were first seen."""
        return list(self._builder.markets)

    def definition_seq(self, m: str) -> int:
        """Rises by one with each definition applied; 0 before the first."""
        market = self._builder.market(m)
        return 0 if market is None else market.definition_seq

    def last_pt_ms(self) -> int | None:
        """`pt` of the last message applied."""
        return self._builder.last_pt_ms

    def clocks(self) -> tuple[str | None, str | None]:
        """(initialClk, clk) to resubscribe with; held at the last good ones after a loss."""
        return self._builder.clocks()

    def stale_markets(self) -> list[str]:
        """Ids of the markets whose book may be untrue, in the order they were first seen."""
        return self._builder.stale_markets()

    def last_ts_ms(self) -> int | None:
        """Receipt time of the last line, mapping or snapshot taken without error."""
        return self._builder.last_ts_ms

    # --- helpers --------------------------------------------------------------------------------

    def _runner(self, m: str, r: int, handicap: float) -> RunnerBook | None:
        market, key = self._builder.market(m), runner_key(r, handicap)
        return None if market is None or key is None else market.runners.get(key)

    def _ladder(self, m: str, r: int, handicap: float, taken: TakenSide) -> list[tuple[int, int]]:
        book = self._runner(m, r, handicap)
        if book is None:
            return []
        return book.ladder(taken, self._builder.depth(self._builder.markets[m]))

    def _best(self, m: str, r: int, handicap: float, taken: TakenSide) -> tuple[int, int] | None:
        book = self._runner(m, r, handicap)
        if book is None:
            return None
        return book.best(taken, self._builder.depth(self._builder.markets[m]))

    def _without_own(
        self, ladder: list[tuple[int, int]], m: str, key: RunnerKey, side: RestedSide
    ) -> list[tuple[int, int]]:
        """The rows less the own size of orders resting on `side`; none that are only own."""
        own = self._builder.orders.own_sizes(m, key, side)
        rows: list[tuple[int, int]] = []
        for price, size in ladder:
            ours = min(own.get(price, 0), size)
            if ours:
                own[price] -= ours  # rows of best offers may show one price twice
            if size > ours:
                rows.append((price, size - ours))
        return rows


def _decimals(row: tuple[int, int]) -> tuple[float, float]:
    return row[0] / 100, row[1] / 100
