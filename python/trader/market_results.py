"""What each market has come to: settled by its definition, paid out by the venue, or marked."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from typing import Final, Protocol

from trader.execution.blotter import Blotter
from trader.execution.ledger import Ledger, MarketResult, to_money, totals
from trader.monitoring.metrics import Metrics
from trader.strategy.context import MarketView, Runner
from trader.strategy.hotloop.interface import HotloopApi
from trader.strategy.markets import Markets

_log: Final = logging.getLogger("trader.results")


class ResultObserver(Protocol):
    """Hears of a market's result (again, when it changes)."""

    def result(self, result: MarketResult) -> None: ...


class MarketResults:
    """For the engine's thread."""

    def __init__(
        self,
        *,
        book: HotloopApi,
        markets: Markets,
        ledger: Ledger,
        blotter: Blotter,
        metrics: Metrics,
        observer: ResultObserver | None = None,
    ) -> None:
        self.by_market: dict[str, MarketResult] = {}
        """The results kept: those of markets that have ended."""
        self._book = book
        self._markets = markets
        self._ledger = ledger
        self._blotter = blotter
        self._metrics = metrics
        self._observer = observer
        self._book_lost = False

    def value(self, view: MarketView) -> None:
        """A market has ended: settles it by its definition, or marks it at the last prices."""
        result = self.valued(view)
        if result is not None:
            self._keep(result)

    def value_rest(self) -> None:
        """The run has ended: values what has not."""
        for market_id in self._ledger.markets():
            view = self._markets.get(market_id)
            if market_id not in self.by_market and view is not None:
                self.value(view)

    def valued(self, view: MarketView) -> MarketResult | None:
        """A market's result as of now: settled, or marked; None when nothing was matched."""
        return self._ledger.settle(view) or self._ledger.mark(view, self._price)

    def now(self) -> list[MarketResult]:
        """What every market has come to as of now."""
        results = dict(self.by_market)
        for market_id in self._ledger.markets():
            view = self._markets.get(market_id)
            if market_id not in results and view is not None:
                result = self.valued(view)
                if result is not None:
                    results[market_id] = result
        return list(results.values())

    def amended(self, market_ids: Iterable[str]) -> None:
        """What the venue has changed after the orders' ends changes the results that were kept;
        not those it has paid out, which it tells itself."""
        for market_id in market_ids:
            kept, view = self.by_market.get(market_id), self._markets.get(market_id)
            if kept is not None and kept.kind != "venue" and view is not None:
                self.value(view)

    def unpaid(self) -> list[str]:
        """Markets we have matches in that are over, or not heard of in this run, and of which the
        venue has not told what they pay."""
        return [
            market_id
            for market_id in self._ledger.markets()
            if not self._is_paid(market_id) and self._may_be_over(market_id)
        ]

    def _is_paid(self, market_id: str) -> bool:
        result = self.by_market.get(market_id)
        return result is not None and result.kind == "venue"

    def _may_be_over(self, market_id: str) -> bool:
        view = self._markets.get(market_id)
        is_silent = market_id in self._markets.silent
        return view is None or view.status == "CLOSED" or is_silent

    def paid_out(self, view: MarketView, gross_e4: int, commission_e4: int) -> None:
        """The venue has settled a market: that counts, whatever we worked out."""
        market_id = view.market_id
        result = self._ledger.paid_out(view, gross_e4, commission_e4)
        before = self.by_market.get(market_id)
        if before is not None and before.kind == "venue" and before.net_e4 == result.net_e4:
            return
        if before is not None and before.kind == "settled" and before.net_e4 != result.net_e4:
            _log.warning(
                "market %s: the venue has paid %.2f, by its definition it should be %.2f",
                market_id,
                to_money(result.net_e4),
                to_money(before.net_e4),
            )
        self._keep(result)

    def book_lost(self) -> None:
        """The seam cannot be asked any more: what did not settle is valued without prices."""
        self._book_lost = True

    def _keep(self, result: MarketResult) -> None:
        self.by_market[result.market_id] = result
        self._blotter.settlement(result)
        gross_e4, commission_e4, net_e4 = totals(self.by_market)
        self._metrics.gross_profit = to_money(gross_e4)
        self._metrics.commission = to_money(commission_e4)
        self._metrics.pnl = to_money(net_e4)
        if self._observer is not None:
            self._observer.result(result)

    def _price(self, runner: Runner) -> float | None:
        """A price to value a position at: the middle of the book, else the last traded."""
        if self._book_lost:
            return None
        market_id, selection_id, handicap, _ = runner
        back, _, lay, _ = self._book.best(market_id, selection_id, handicap)
        if back is not None and lay is not None:
            return (back + lay) / 2
        return self._book.last_traded(market_id, selection_id, handicap)
