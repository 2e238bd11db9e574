"""What the book says of an order as it leaves: it compares two runs, and the estimates are judged
by it afterwards."""

from __future__ import annotations

from time import perf_counter_ns

from trader.betfair.books import RestedSide
from trader.calibration.orders_sent import OrdersSent
from trader.desk_counts import DeskCounts, seconds_power
from trader.execution.blotter import Blotter
from trader.execution.interfaces.intents import QuoteIntent, Side
from trader.monitoring.metrics import Metrics
from trader.strategy.context import Runner
from trader.strategy.hotloop.interface import HotloopApi


class OrderEstimates:
    """For the order desk, on its thread."""

    def __init__(
        self,
        book: HotloopApi,
        counts: DeskCounts,
        sent: OrdersSent,
        blotter: Blotter,
        metrics: Metrics,
    ) -> None:
        self._book = book
        self._counts = counts
        self._sent = sent
        self._blotter = blotter
        self._metrics = metrics

    def estimate(self, runner: Runner, intent: QuoteIntent) -> None:
        """Asks the book of a new order, or a moved one, and writes down what it says."""
        market_id, selection_id, handicap, _ = runner
        side: RestedSide = "BACK" if intent.side is Side.BACK else "LAY"
        book, price = self._book, intent.price_centi / 100
        size = intent.size_centi / 100
        started_ns = perf_counter_ns()
        p_fill, ttf_ms = book.pfill_ttf(
            market_id, selection_id, side, price, size, handicap=handicap
        )
        self._metrics.pfill_ttf.record(perf_counter_ns() - started_ns)
        ahead = book.size_ahead(market_id, selection_id, side, price, handicap=handicap)
        self._blotter.estimate(
            intent.intent_id,
            p_fill=p_fill,
            ttf_ms=ttf_ms,
            size_ahead=ahead,
            last_traded_ts_ms=book.last_traded_ts_ms(market_id, selection_id, handicap),
            last_traded_price=book.last_traded(market_id, selection_id, handicap),
        )
        self._counts.p_fill[min(int(p_fill * 10), 9)] += 1
        self._counts.ttf_s[seconds_power(ttf_ms)] += 1
        self._sent.sent(
            runner,
            side,
            intent.price_centi,
            intent.size_centi,
            intent.ts_ms,
            p_fill=p_fill,
            ahead=ahead,
        )
