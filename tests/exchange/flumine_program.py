"""flumine against the exchange: one JSON line of what it believes in the end.

An example strategy: it joins the best price to back on each runner with a small order, moves it
once, cancels what is old, and goes on until the market has closed and was cleared.
"""

from __future__ import annotations

import importlib
import json
import logging
import sys
import threading
from typing import Any, Final

from tests.exchange.redirect import redirect

ORDERS_A_RUNNER_MAX: Final = 4
OLD_S: Final = 2.0
TIMEOUT_S: Final = 100.0

flumine: Any = importlib.import_module("flumine")
clients: Any = importlib.import_module("flumine.clients")
filters: Any = importlib.import_module("betfairlightweight.filters")
betfairlightweight: Any = importlib.import_module("betfairlightweight")
trade_module: Any = importlib.import_module("flumine.order.trade")
types_module: Any = importlib.import_module("flumine.order.ordertype")
workers: Any = importlib.import_module("flumine.worker")
events: Any = importlib.import_module("flumine.events.events")
streams: Any = importlib.import_module("flumine.streams.betfairmarketstream")
order_module: Any = importlib.import_module("flumine.order.order")


class Joiner(flumine.BaseStrategy):  # type: ignore[misc]  # its types are not known here
    """Joins the best price to back; see the module."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.books: dict[int, Any] = {}
        self.seen = 0
        self.placed: dict[int, int] = {}
        self.status = ""

    def check_market_book(self, _market: Any, book: Any) -> bool:
        self.seen += 1
        self._note(book)
        return book.status == "OPEN" and not book.inplay

    def process_closed_market(self, _market: Any, book: Any) -> None:
        self._note(book)

    def _note(self, book: Any) -> None:
        self.status = book.status
        for runner in book.runners:
            self.books[runner.selection_id] = {
                "status": runner.status,
                "back": _levels(runner.ex.available_to_back),
                "lay": _levels(runner.ex.available_to_lay),
            }

    def process_market_book(self, market: Any, book: Any) -> None:
        for runner in book.runners:
            offers = _levels(runner.ex.available_to_lay)
            count = self.placed.get(runner.selection_id, 0)
            live = [
                order
                for order in market.blotter.strategy_orders(self)
                if order.selection_id == runner.selection_id and not order.complete
            ]
            if runner.status == "ACTIVE" and offers and not live and count < ORDERS_A_RUNNER_MAX:
                self.placed[runner.selection_id] = count + 1
                trade = trade_module.Trade(
                    market.market_id, runner.selection_id, runner.handicap, self
                )
                terms = types_module.LimitOrder(price=offers[0][0], size=2.0)
                market.place_order(trade.create_order(side="BACK", order_type=terms))

    def process_orders(self, market: Any, orders: list[Any]) -> None:
        for order in orders:
            is_resting = order.status == order_module.OrderStatus.EXECUTABLE
            if not is_resting or order.elapsed_seconds is None or order.elapsed_seconds < OLD_S:
                continue
            best = self.books[order.selection_id]["lay"]
            moved = order.trade.notes_str == "moved"
            if best and best[0][0] != order.order_type.price and not moved:
                order.trade.notes["moved"] = "moved"
                market.replace_order(order, new_price=best[0][0])
            elif moved:
                market.cancel_order(order)


def _levels(levels: Any) -> list[list[float]]:
    """The best three as [price, size]; flumine's are objects or mappings."""
    rows = [level if isinstance(level, dict) else vars(level) for level in list(levels)[:3]]
    return [[row["price"], row["size"]] for row in rows]


def main() -> None:
    """Arguments: one JSON object with where the exchange is and who we are there."""
    logging.basicConfig(level=logging.WARNING, stream=sys.stderr)
    given = json.loads(sys.argv[1])
    redirect(given["api_port"], given["stream_port"], given["ca_file"])
    trading = betfairlightweight.APIClient(
        given["username"],
        given["password"],
        app_key=given["app_key"],
        cert_files=(given["client_cert"], given["client_key"]),
    )
    framework = flumine.Flumine(client=clients.BetfairClient(trading))
    stream = streams.BetfairMarketStream(
        market_filter=filters.streaming_market_filter(event_type_ids=["7"]),
        market_data_filter=filters.streaming_market_data_filter(
            fields=["EX_ALL_OFFERS", "EX_TRADED", "EX_LTP", "EX_TRADED_VOL", "EX_MARKET_DEF"]
        ),
    )
    strategy = Joiner(
        stream=stream,
        max_order_exposure=1_000,
        max_selection_exposure=1_000,
        max_live_trade_count=100,
    )
    framework.add_strategy(strategy)
    # flumine asks for cleared orders once a minute: here once a second.
    framework.add_worker(
        workers.BackgroundWorker(framework, function=workers.poll_market_closure, interval=1)
    )
    done = threading.Event()
    thread = threading.Thread(target=_watch, args=(framework, done), daemon=True)
    thread.start()
    framework.run()
    done.set()
    print(json.dumps(_told(framework, strategy)), flush=True)


def _watch(framework: Any, done: threading.Event) -> None:
    """Ends flumine when its market has closed and was cleared, or when it takes too long."""
    waited = 0.0
    while not done.wait(0.2) and waited < TIMEOUT_S:
        waited += 0.2
        markets = list(framework.markets.markets.values())
        if markets and all(market.orders_cleared for market in markets):
            break
    framework.handler_queue.put(events.TerminationEvent(None))


def _told(framework: Any, strategy: Any) -> dict[str, Any]:
    orders = [
        {
            "bet_id": order.bet_id,
            "order_ref": order.customer_order_ref,
            "selection_id": order.selection_id,
            "side": order.side,
            "size_matched": order.size_matched,
            "size_remaining": order.size_remaining,
            "size_cancelled": order.size_cancelled,
            "size_lapsed": order.size_lapsed,
            "average_price": order.average_price_matched,
            "status": order.status.value if order.status else None,
            "profit": order.cleared_order.profit if order.cleared_order else None,
        }
        for market in framework.markets.markets.values()
        for order in market.blotter.strategy_orders(strategy)
    ]
    return {
        "seen": strategy.seen,
        "status": strategy.status,
        "books": strategy.books,
        "orders": orders,
    }


if __name__ == "__main__":
    main()
