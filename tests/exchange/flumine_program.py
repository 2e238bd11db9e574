"""flumine against the exchange: one JSON line of what it believes in the end.

An example strategy: it joins the best price to back on each runner with a small order, moves it
once, cancels what is old, and goes on until the market has closed and was cleared.
"""

from __future__ import annotations

import argparse
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
TOLD_ERRORS_MAX: Final = 20

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
controls: Any = importlib.import_module("flumine.controls.loggingcontrols")


class Joiner(flumine.BaseStrategy):  # type: ignore[misc]  # its types are not known here
    """Joins the best price to back; see the module."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.books: list[dict[str, Any]] = []
        """Every book it was shown."""
        self.statuses: dict[int, str] = {}
        self.placed: dict[int, int] = {}
        self.offers: dict[int, float | None] = {}
        self.balance: float | None = None

    def check_market_book(self, _market: Any, book: Any) -> bool:
        self._note(book)
        return book.status == "OPEN" and not book.inplay

    def process_closed_market(self, _market: Any, book: Any) -> None:
        self._note(book)

    def finish(self, framework: Any) -> None:
        framework.clients.update_account_details()
        (client,) = framework.clients
        self.balance = client.account_funds.available_to_bet_balance

    def _note(self, book: Any) -> None:
        self.books.append(_shown(book))
        for runner in book.runners:
            self.statuses[runner.selection_id] = runner.status

    def process_market_book(self, market: Any, book: Any) -> None:
        for runner in book.runners:
            offers = _levels(runner.ex.available_to_lay)
            price = self.offers[runner.selection_id] = offers[0][0] / 100 if offers else None
            count = self.placed.get(runner.selection_id, 0)
            live = [
                order
                for order in market.blotter.strategy_orders(self)
                if order.selection_id == runner.selection_id and not order.complete
            ]
            if runner.status == "ACTIVE" and price and not live and count < ORDERS_A_RUNNER_MAX:
                self.placed[runner.selection_id] = count + 1
                trade = trade_module.Trade(
                    market.market_id, runner.selection_id, runner.handicap, self
                )
                terms = types_module.LimitOrder(price=price, size=2.0)
                market.place_order(trade.create_order(side="BACK", order_type=terms))

    def process_orders(self, market: Any, orders: list[Any]) -> None:
        for order in orders:
            is_resting = order.status == order_module.OrderStatus.EXECUTABLE
            if not is_resting or order.elapsed_seconds is None or order.elapsed_seconds < OLD_S:
                continue
            best = self.offers[order.selection_id]
            moved = order.trade.notes_str == "moved"
            if best and best != order.order_type.price and not moved:
                order.trade.notes["moved"] = "moved"
                market.replace_order(order, new_price=best)
            elif moved:
                market.cancel_order(order)


class Settled(controls.LoggingControl):  # type: ignore[misc]  # its types are not known here
    """Keeps what flumine logs of cleared markets."""

    NAME = "SETTLED"

    def __init__(self) -> None:
        super().__init__()
        self.markets: list[dict[str, Any]] = []

    def _process_cleared_markets(self, event: Any) -> None:
        for market in event.event.orders:
            self.markets.append(
                {
                    "market_id": market.market_id,
                    "profit": market.profit,
                    "commission": market.commission,
                    "bets": market.bet_count,
                }
            )


class Errors(logging.Handler):
    """Keeps what flumine and betfairlightweight log as an error."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.told: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        if len(self.told) < TOLD_ERRORS_MAX:
            self.told.append(self.format(record))


def _shown(book: Any) -> dict[str, Any]:
    """A book with prices and sizes in hundredths, as the exchange's oracle words it."""
    runners = [
        {
            "selection_id": runner.selection_id,
            "handicap_centi": round(runner.handicap * 100),
            "atb": _levels(runner.ex.available_to_back),
            "atl": _levels(runner.ex.available_to_lay),
            "trd": _levels(runner.ex.traded_volume),
            "tv_centi": round(runner.total_matched * 100),
            "ltp": runner.last_price_traded,
        }
        for runner in book.runners
    ]
    return {
        "at_ms": book.publish_time_epoch,
        "market_id": book.market_id,
        "status": book.status,
        "in_play": book.inplay,
        "version": book.version,
        "runners": sorted(runners, key=lambda runner: int(runner["selection_id"])),
    }


def _levels(levels: Any) -> list[list[int]]:
    """Levels as [price, size]; flumine's are objects or mappings."""
    rows = [level if isinstance(level, dict) else _row(level) for level in levels]
    return [[round(row["price"] * 100), round(row["size"] * 100)] for row in rows]


def _row(level: Any) -> dict[str, float]:
    return {"price": level.price, "size": level.size}


def _arguments() -> dict[str, Any]:
    parser = argparse.ArgumentParser(prog="flumine_program", description=__doc__)
    parser.add_argument("exchange", help="a JSON object: where it is and who we are there")
    given: dict[str, Any] = json.loads(parser.parse_args().exchange)
    return given


def main() -> None:
    given = _arguments()
    errors = Errors()
    logging.basicConfig(level=logging.ERROR, stream=sys.stderr)
    logging.getLogger().addHandler(errors)
    redirect(given["api_port"], given["stream_port"], given["ca_file"])
    trading = betfairlightweight.APIClient(
        given["username"],
        given["password"],
        app_key=given["app_key"],
        cert_files=(given["client_cert"], given["client_key"]),
    )
    framework = flumine.Flumine(client=clients.BetfairClient(trading))
    settled = Settled()
    framework.add_logging_control(settled)
    strategy = _strategy()
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
    told = _told(framework, strategy) | {"cleared": settled.markets, "errors": errors.told}
    print(json.dumps(told), flush=True)


def _strategy() -> Joiner:
    stream = streams.BetfairMarketStream(
        market_filter=filters.streaming_market_filter(event_type_ids=["7"]),
        market_data_filter=filters.streaming_market_data_filter(
            fields=["EX_ALL_OFFERS", "EX_TRADED", "EX_LTP", "EX_TRADED_VOL", "EX_MARKET_DEF"]
        ),
    )
    return Joiner(
        stream=stream,
        max_order_exposure=1_000,
        max_selection_exposure=1_000,
        max_live_trade_count=100,
    )


def _watch(framework: Any, done: threading.Event) -> None:
    """Ends flumine when its market has closed and was cleared, or when it takes too long."""
    waited = 0.0
    while not done.wait(0.2) and waited < TIMEOUT_S:
        waited += 0.2
        markets = list(framework.markets.markets.values())
        if markets and all(market.orders_cleared and market.market_cleared for market in markets):
            break
    framework.handler_queue.put(events.TerminationEvent(None))


def _told(framework: Any, strategy: Any) -> dict[str, Any]:
    orders = [
        {
            "bet_id": order.bet_id,
            "order_ref": order.customer_order_ref,
            "selection_id": order.selection_id,
            "side": order.side,
            "price": order.order_type.price,
            "is_replacement": order is not order.trade.orders[0],
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
    catalogues = [market.market_catalogue for market in framework.markets.markets.values()]
    return {
        "books": strategy.books,
        "statuses": strategy.statuses,
        "balance": strategy.balance,
        "orders": orders,
        "names": [runner.runner_name for one in catalogues if one for runner in one.runners],
    }


if __name__ == "__main__":
    main()
