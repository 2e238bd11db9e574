"""flumine: its simulation over the file, with the strategies of `engine_replay`.

It reads the file itself, inside the clock, from a plain file in a folder of memory, as the trader
does. A strategy of flumine's is shown all runners of a book and not told which of them changed, so
it looks at all of them. Its latencies and the market's bet delay are set to 0, which is what a dry
run of the trader has; its limits are wide, and stay on, as the trader's do.
"""

import importlib
import time
from typing import Any

flumine: Any = importlib.import_module("flumine")
clients: Any = importlib.import_module("flumine.clients")
config: Any = importlib.import_module("flumine.config")
historical: Any = importlib.import_module("flumine.streams.betfairhistoricalstream")
market_module: Any = importlib.import_module("flumine.markets.market")
order_module: Any = importlib.import_module("flumine.order.order")
trade_module: Any = importlib.import_module("flumine.order.trade")
types_module: Any = importlib.import_module("flumine.order.ordertype")

PRICES = (1.2, 30.0)
AGE_MS = 1_500

EXECUTABLE = order_module.OrderStatus.EXECUTABLE


class Look(flumine.BaseStrategy):  # type: ignore[misc]  # its types are not known here
    """Reads the best prices of each runner; with `samples`, tells the time between two books."""

    books = looks = 0
    samples: list[int] | None = None
    since_ns = 0

    def check_market_book(self, _market: Any, book: Any) -> bool:
        self.books += 1
        if self.samples is not None:
            now = time.perf_counter_ns()
            self.samples.append(now - self.since_ns)
            self.since_ns = now
        return bool(book.status == "OPEN")

    def process_market_book(self, _market: Any, book: Any) -> None:
        for runner in book.runners:
            _best(runner.ex.available_to_back)
            _best(runner.ex.available_to_lay)
        self.looks += len(book.runners)

    def process_closed_market(self, _market: Any, _book: Any) -> None:
        self.books += 1


class Join(Look):
    """Rests one BACK of 2.00 at the lowest price to lay, and follows it once it is old enough.

    What it rests is kept by runner here, which is quicker than asking flumine's blotter for it.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.placed = self.moved = self.refused = 0
        self.resting: dict[tuple[int, float], tuple[Any, int]] = {}
        """The newest order of a runner, and when it came to its price (ms)."""

    def process_market_book(self, market: Any, book: Any) -> None:
        now_ms = book.publish_time_epoch
        for runner in book.runners:
            price = _best(runner.ex.available_to_lay)
            if runner.status != "ACTIVE" or price is None or not PRICES[0] <= price <= PRICES[1]:
                continue
            key = (runner.selection_id, runner.handicap)
            order, since_ms = self.resting.get(key, (None, 0))
            if order is not None and order.trade.orders[-1] is not order:
                order = order.trade.orders[-1]  # what replaced it
                self.resting[key] = (order, since_ms)
            if order is None or order.complete:
                self._place(market, runner, price, now_ms)
            elif (
                order.status is EXECUTABLE
                and order.order_type.price != price
                and now_ms - since_ms >= AGE_MS
            ):
                taken = market.replace_order(order, new_price=price)
                self.moved += taken
                self.refused += not taken
                self.resting[key] = (order, now_ms)

    def _place(self, market: Any, runner: Any, price: float, now_ms: int) -> None:
        trade = trade_module.Trade(market.market_id, runner.selection_id, runner.handicap, self)
        terms = types_module.LimitOrder(price=price, size=2.0)
        order = trade.create_order(side="BACK", order_type=terms)
        taken = market.place_order(order)
        self.placed += taken
        self.refused += not taken
        self.resting[runner.selection_id, runner.handicap] = (order, now_ms)


def _best(levels: Any) -> float | None:
    """flumine's levels are objects or mappings, by its settings."""
    if not levels:
        return None
    level = levels[0]
    return float(level["price"] if isinstance(level, dict) else level.price)


class Simulation:
    def __init__(self, path: str, orders: bool) -> None:
        config.place_latency = config.cancel_latency = 0.0
        config.update_latency = config.replace_latency = 0.0
        market_module.Market.bet_delay = 0
        client = clients.SimulatedClient(transaction_limit=None, min_bet_validation=False)
        self._framework = flumine.FlumineSimulation(client=client)
        kind = Join if orders else Look
        self._strategy = kind(
            streams=[historical.BetfairHistoricalStream(file_path=path)],
            max_order_exposure=1e9,
            max_selection_exposure=1e9,
        )
        self._framework.add_strategy(self._strategy)

    def whole(self) -> None:
        self._framework.run()

    def each(self, samples: list[int]) -> None:
        self._strategy.samples = samples
        self._strategy.since_ns = time.perf_counter_ns()
        self._framework.run()

    def counts(self) -> dict[str, int]:
        made = {"books": self._strategy.books, "looks": self._strategy.looks}
        if isinstance(self._strategy, Join):
            orders = [
                order
                for market in self._framework.markets.markets.values()
                for order in market.blotter.strategy_orders(self._strategy)
            ]
            made |= {
                "placed": self._strategy.placed,
                "moved": self._strategy.moved,
                "rejected": self._strategy.refused,
                # No order of its own: what flumine lapses when the market is suspended.
                "cancelled": sum(1 for order in orders if order.simulated.size_lapsed > 0),
                "fills": sum(len(order.simulated.matched) for order in orders),
            }
        return made


def start(_lines: list[bytes], path: str, options: dict[str, Any]) -> Simulation:
    return Simulation(path, options["orders"])
