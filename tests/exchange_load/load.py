"""An exchange process under load: 200 markets on one stream, orders beside it.

Measured from the clients' side: every line the exchange says it has sent is counted where it
arrives, every order request is answered, and in the end the client's books are the venue's. Run

    ./bazelw run //tests/exchange_load:load -- --seconds 60

for the figures in docs/performance.md.
"""

from __future__ import annotations

import argparse
import http.client
import json
import multiprocessing
import sys
import threading
import time
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from typing import Any, Final

import msgspec

from trader.betfair.book_builder import BookBuilder
from trader.betfair.dial import StreamEndpoint
from trader.betfair.stream import StreamClient, StreamCredentials, Subscription

ORDER_CLIENTS: Final = 8
FIELDS: Final = ("EX_ALL_OFFERS", "EX_TRADED", "EX_TRADED_VOL", "EX_LTP", "EX_MARKET_DEF")
APP_KEY: Final = "paper-app-key"


@dataclass(frozen=True, slots=True)
class Load:
    """What is asked of the exchange."""

    markets: int
    messages_per_s: float
    orders_per_s: float
    seconds: float


@dataclass(slots=True)
class Figures:
    """What came of it."""

    lines: int = 0
    lines_sent: int = 0
    orders: int = 0
    failures: dict[str, int] = field(default_factory=dict)
    order_ms: list[float] = field(default_factory=list)
    seconds: float = 0.0
    lag_ms_max: int = 0
    events: int = 0
    differing_books: int = 0

    def told(self) -> dict[str, Any]:
        """For people and tests."""
        took = sorted(self.order_ms) or [0.0]
        return {
            "lines": self.lines,
            "lines_sent": self.lines_sent,
            "lines_per_s": round(self.lines / self.seconds, 1) if self.seconds else None,
            "market_events": self.events,
            "orders": self.orders,
            "orders_per_s": round(self.orders / self.seconds, 1) if self.seconds else None,
            "order_failures": self.failures,
            "order_ms": {
                "p50": round(took[len(took) // 2], 2),
                "p99": round(took[int(len(took) * 0.99)], 2),
                "max": round(took[-1], 2),
            },
            "venue_behind_ms_max": self.lag_ms_max,
            "seconds": round(self.seconds, 1),
            "differing_books": self.differing_books,
        }


def serve(load: Load, pipe: Connection) -> None:
    """The exchange's process: told to stop, it tells what it did and what it shows."""
    from tests.exchange_load.serving import run  # noqa: PLC0415  (in the child only)

    run(load, pipe)


def measure(load: Load) -> Figures:
    """Runs exchange and clients; raises when a client fails."""
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=serve, args=(load, theirs), daemon=True)
    process.start()
    ports = ours.recv()
    figures = Figures()
    try:
        _clients(load, ports, ours, figures)
    finally:
        process.join(20)
        process.kill()
    return figures


def _clients(load: Load, ports: dict[str, Any], pipe: Connection, figures: Figures) -> None:
    token = _login(ports["api"])
    stream = StreamClient(
        StreamEndpoint("127.0.0.1", ports["stream"], tls=False),
        Subscription(
            "marketSubscription",
            {"marketFilter": {}, "marketDataFilter": {"fields": list(FIELDS)}},
            heartbeat_ms=5_000,
        ),
        StreamCredentials(APP_KEY, lambda: token, lambda: token),
    )
    lines: list[bytes] = [_first(stream)]
    stop = threading.Event()
    workers = [
        threading.Thread(target=_orders, args=(load, number, ports["api"], token, stop, figures))
        for number in range(ORDER_CLIENTS)
    ]
    pipe.send("go")
    started_s = time.perf_counter()
    for worker in workers:
        worker.start()
    while time.perf_counter() - started_s < load.seconds:
        line = stream.next_line(0.1)
        if line is not None:
            lines.append(line)
    stop.set()
    for worker in workers:
        worker.join()
    figures.seconds = time.perf_counter() - started_s
    pipe.send("halt")
    told = pipe.recv()
    connection_id, _ = stream.position
    figures.lines_sent = told["lines"][connection_id]
    while stream.position[1] < figures.lines_sent:
        line = stream.next_line(5.0)
        if line is None:
            break
        lines.append(line)
    figures.lines = stream.position[1]
    figures.lag_ms_max, figures.events = told["lag_ms_max"], told["events"]
    stream.close()
    figures.differing_books = _differing(lines, told["books"])


def _first(stream: StreamClient) -> bytes:
    line = stream.next_line(20.0)
    assert line is not None, "the exchange sends an image"
    return line


def _differing(lines: list[bytes], books: list[dict[str, Any]]) -> int:
    """Runners whose book, built from the lines, is not the one the venue shows."""
    builder = BookBuilder()
    for line in lines:
        builder.apply_line(line)
    differing = 0
    for shown in books:
        market = builder.market(shown["market_id"])
        assert market is not None, "an image had it"
        for runner in shown["runners"]:
            built = market.runners[runner["selection_id"], runner["handicap_centi"]]
            traded = [row for row in sorted(built.prices["trd"].items()) if row[1]]
            differing += (
                built.ladder("BACK", "full") != [tuple(row) for row in runner["atb"]]
                or built.ladder("LAY", "full") != [tuple(row) for row in runner["atl"]]
                or traded != [tuple(row) for row in runner["trd"]]
            )
    return differing


# --- orders -------------------------------------------------------------------------------------


def _login(port: int) -> str:
    connection = http.client.HTTPConnection("127.0.0.1", port)
    headers = {
        "X-Application": APP_KEY,
        "Content-Type": "application/x-www-form-urlencoded",
    }
    connection.request("POST", "/api/login", "username=hotloop&password=paper-money", headers)
    answer = json.loads(connection.getresponse().read())
    connection.close()
    token: str = answer["token"]
    return token


def _orders(
    load: Load, number: int, port: int, token: str, stop: threading.Event, figures: Figures
) -> None:
    """One order client: a place far from the market, then its cancel, at an even pace."""
    connection = http.client.HTTPConnection("127.0.0.1", port)
    headers = {"X-Application": APP_KEY, "X-Authentication": token}
    pause_s = ORDER_CLIENTS / load.orders_per_s
    due_s = time.perf_counter() + pause_s * number / ORDER_CLIENTS
    bet: tuple[str, str] | None = None
    count = 0
    while not stop.wait(max(0.0, due_s - time.perf_counter())):
        due_s += pause_s
        count += 1
        market_id, body = _request(load, number + count * ORDER_CLIENTS, bet)
        began_s = time.perf_counter()
        connection.request("POST", "/exchange/betting/json-rpc/v1", body, headers)
        report = msgspec.json.decode(connection.getresponse().read())["result"]
        figures.order_ms.append((time.perf_counter() - began_s) * 1000)
        figures.orders += 1
        if report["status"] != "SUCCESS":
            code = report.get("errorCode", "?")
            figures.failures[code] = figures.failures.get(code, 0) + 1
            bet = None
        elif bet is None:
            bet = (market_id, report["instructionReports"][0]["betId"])
        else:
            bet = None
    connection.close()


def _request(load: Load, number: int, bet: tuple[str, str] | None) -> tuple[str, bytes]:
    """(market id, JSON-RPC body) of the next order request."""
    if bet is not None:
        market_id, bet_id = bet
        params: dict[str, Any] = {"marketId": market_id, "instructions": [{"betId": bet_id}]}
        method = "cancelOrders"
    else:
        index = number % load.markets
        market_id = f"1.{900_000_001 + index}"
        limit = {"size": 2.0, "price": 1000, "persistenceType": "LAPSE"}
        instruction = {
            "orderType": "LIMIT",
            "selectionId": 70_000_001 + index * 100,
            "side": "BACK",
            "limitOrder": limit,
            "customerOrderRef": f"load-{number}",
        }
        params = {"marketId": market_id, "instructions": [instruction]}
        method = "placeOrders"
    call = {"jsonrpc": "2.0", "method": f"SportsAPING/v1.0/{method}", "params": params, "id": 1}
    return market_id, msgspec.json.encode(call)


def main() -> int:
    """Prints the figures as JSON; 1 when a line was lost or a book differs."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--markets", type=int, default=200)
    parser.add_argument("--messages", type=float, default=5_000.0, help="market messages a second")
    parser.add_argument("--orders", type=float, default=500.0, help="order requests a second")
    parser.add_argument("--seconds", type=float, default=60.0)
    given = parser.parse_args()
    figures = measure(Load(given.markets, given.messages, given.orders, given.seconds))
    print(json.dumps(figures.told(), indent=2))
    lost = figures.lines_sent - figures.lines
    return 1 if lost or figures.differing_books else 0


if __name__ == "__main__":
    sys.exit(main())
