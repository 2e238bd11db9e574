"""betfairlightweight, unchanged, at an exchange whose time we step: log-in, streams, comparisons.

The exchange's time stands between steps, so what a stream has read up to the last line that was
sent is all there is, and both sides can be compared.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from betfairlightweight import APIClient, StreamListener, filters

from tests.exchange.redirect import redirect
from tests.exchange.rig import Rig, rig
from trader.simulator.exchange.oracle import book
from trader.simulator.feeds import Feed

ALL_OFFERS: Final = ("EX_ALL_OFFERS", "EX_TRADED", "EX_LTP", "EX_TRADED_VOL", "EX_MARKET_DEF")
TIMEOUT_S: Final = 20.0
LINES_TO_SUBSCRIBE: Final = 3
"""The connection's, and the answers to the authentication and to the subscription."""
FAR: Final = 100.0
FARTHER: Final = 110.0
"""Prices at which the favourite is not laid."""


class ReadStream:
    """One of betfairlightweight's streams on a thread that reads it, with its raw lines."""

    def __init__(self, trading: Trading, listener: StreamListener, unique_id: int = 0) -> None:
        self.listener: Any = listener
        self.lines: list[str] = []
        """Those that came, the connection's first included."""
        self.error: Exception | None = None
        """What ended it."""
        self._came = threading.Condition()
        self._real = listener.on_data
        listener.on_data = self._on_data
        self.stream: Any = trading.client.streaming.create_stream(
            unique_id=unique_id, listener=listener
        )
        self._thread = threading.Thread(target=self._read, daemon=True)

    def start(self) -> None:
        """Reads from now on; it has asked for something, and is answered when this returns."""
        self._thread.start()
        self.wait_for_lines(LINES_TO_SUBSCRIBE)

    def wait_for_lines(self, count: int) -> None:
        """Until so many lines have been taken in."""
        with self._came:
            is_there = self._came.wait_for(lambda: len(self.lines) >= count, TIMEOUT_S)
        assert is_there, f"{len(self.lines)} of {count} lines came, {self.error}"

    def wait_for_end(self) -> None:
        """Until the other side has closed it."""
        self._thread.join(TIMEOUT_S)
        assert not self._thread.is_alive(), "the stream ends"

    def stop(self) -> None:
        """Ends it from our side; the listener keeps what it has."""
        self.stream.stop()
        self.wait_for_end()
        self.listener.on_data = self._real

    def _on_data(self, raw: str) -> Any:
        answer = self._real(raw)
        with self._came:
            self.lines.append(raw)
            self._came.notify_all()
        return answer

    def _read(self) -> None:
        try:
            self.stream.start()
        except Exception as error:
            self.error = error


@dataclass(frozen=True, slots=True)
class Trading:
    """A logged-in client."""

    rig: Rig
    client: Any

    @property
    def market_id(self) -> str:
        """The venue's only market."""
        (market_id,) = self.rig.venue.markets
        return market_id

    def book(self) -> dict[str, Any]:
        """What the venue shows of the market."""
        market = self.rig.venue.markets[self.market_id]
        return self.rig.exchange.call(lambda _: book(market))

    def bet(self, bet_id: str) -> dict[str, Any]:
        """A bet of the ledger."""
        (found,) = [bet for bet in self.bets() if bet["bet_id"] == bet_id]
        return found

    def bets(self) -> list[dict[str, Any]]:
        """All bets of the ledger."""
        found: list[dict[str, Any]] = self.rig.account()["bets"]
        return found

    def step(self, ms: int) -> None:
        """Time goes on at the venue."""
        self.rig.exchange.step(self.rig.venue.now_ms + ms)

    def play_out(self) -> None:
        """Time goes on until nothing happens any more."""
        while self.rig.exchange.step_on():
            pass

    def caught_up(self, stream: ReadStream) -> None:
        """Waits until a stream has read all the venue has sent it."""
        connection_id = stream.listener.connection_id
        # Asked on the exchange's own thread: all that followed from the last reply is counted.
        sent = self.rig.exchange.call(lambda server: server.hub.sessions[connection_id].lines_sent)
        stream.wait_for_lines(sent)

    def stream_markets(
        self, listener: StreamListener | None = None, **subscription: Any
    ) -> ReadStream:
        """A market stream that is read; of every market with every offer by default."""
        wanted = {
            "market_filter": filters.streaming_market_filter(event_type_ids=["7"]),
            "market_data_filter": filters.streaming_market_data_filter(fields=list(ALL_OFFERS)),
        } | subscription
        stream = ReadStream(self, listener if listener is not None else quiet_listener())
        stream.stream.subscribe_to_markets(**wanted)
        stream.start()
        return stream

    def stream_orders(
        self, listener: StreamListener | None = None, **subscription: Any
    ) -> ReadStream:
        """An order stream that is read."""
        stream = ReadStream(self, listener if listener is not None else quiet_listener())
        stream.stream.subscribe_to_orders(**subscription)
        stream.start()
        return stream

    def prices(self, runner: int = 0) -> tuple[int, float, float]:
        """(selection id, best to back, best to lay) of a runner."""
        market = self.rig.venue.markets[self.market_id]
        display = list(market.runners.values())[runner]
        back, lay = display.ladder("atb")[0][0], display.ladder("atl")[0][0]
        return display.key[0], back / 100, lay / 100

    def place(self, side: str, price: float, size: float, **changes: Any) -> Any:
        """A LIMIT order, on the first runner by default; its execution report."""
        limit = filters.limit_order(
            size=size,
            price=price,
            persistence_type=changes.pop("persistence_type", "LAPSE"),
            time_in_force=changes.pop("time_in_force", None),
            min_fill_size=changes.pop("min_fill_size", None),
        )
        instruction = filters.place_instruction(
            order_type="LIMIT",
            selection_id=changes.pop("selection_id", self.prices()[0]),
            side=side,
            limit_order=limit,
            customer_order_ref=changes.pop("order_ref", None),
        )
        return self.client.betting.place_orders(self.market_id, [instruction], **changes)


def quiet_listener() -> StreamListener:
    """One that does not measure latencies, as the venue's time is not the wall's."""
    return StreamListener(max_latency=None)


def api_client(running: Rig, **changes: Any) -> APIClient:
    """A client with the account's credentials."""
    given = running.arguments()
    return APIClient(
        changes.pop("username", given["username"]),
        changes.pop("password", given["password"]),
        app_key=given["app_key"],
        cert_files=(given["client_cert"], given["client_key"]),
        **changes,
    )


@contextmanager
def logged_in(folder: Path, feed: Feed) -> Iterator[Trading]:
    """An exchange that plays `feed`, stepped, and a client at it, from log-in to log-out."""
    with rig(folder, feed) as running:
        ports = running.exchange.ports
        restore = redirect(ports.api, ports.stream, str(running.certificates.ca_file))
        try:
            client = api_client(running)
            client.login()
            yield Trading(running, client)
            client.logout()
        finally:
            restore()


# --- comparisons ----------------------------------------------------------------------------------


def equal_books(trading: Trading, stream: ReadStream) -> None:
    """Every runner's whole book as betfairlightweight has it is the one the venue shows."""
    trading.caught_up(stream)
    (snapped,) = stream.listener.snap(market_ids=[trading.market_id])
    shown = trading.book()
    assert snapped.status == shown["status"]
    assert snapped.inplay == shown["in_play"]
    assert snapped.version == shown["version"]
    theirs = {runner.selection_id: runner for runner in snapped.runners}
    assert len(theirs) == len(shown["runners"])
    for ours in shown["runners"]:
        runner = theirs[ours["selection_id"]]
        equal_offers(runner, ours, traded=True)
        assert runner.last_price_traded == ours["ltp"]
        assert round(runner.total_matched * 100) == ours["tv_centi"]


def equal_offers(runner: Any, ours: dict[str, Any], *, traded: bool) -> None:
    """A runner's ladders, best first, are those of the venue's book."""
    arrays = [("atb", runner.ex.available_to_back), ("atl", runner.ex.available_to_lay)]
    if traded:
        arrays.append(("trd", runner.ex.traded_volume))
    for array, levels in arrays:
        got = [(round(level.price * 100), round(level.size * 100)) for level in levels]
        assert got == [tuple(row) for row in ours[array]], array


def equal_orders(trading: Trading, stream: ReadStream) -> None:
    """Every bet as betfairlightweight's order cache has it is the one in the ledger."""
    trading.caught_up(stream)
    snapped = stream.listener.snap()
    theirs = {order.bet_id: order for cache in snapped for order in cache.orders}
    bets = trading.bets()
    assert set(theirs) == {bet["bet_id"] for bet in bets}
    for ours in bets:
        equal_sizes(theirs[ours["bet_id"]], ours)
    matched = {
        (runner["selectionId"], side): runner[name]
        for cache in snapped
        for runner in cache.matches
        for side, name in (("BACK", "matchedBacks"), ("LAY", "matchedLays"))
    }
    for (selection_id, side), levels in matched.items():
        got = {round(level.price * 100): round(level.size * 100) for level in levels}
        assert got == matched_at(bets, selection_id, side)


def equal_sizes(order: Any, ours: dict[str, Any]) -> None:
    """A LIMIT order's parts and status are those of the ledger's bet."""
    for name in ("matched", "remaining", "cancelled", "lapsed", "voided"):
        assert round(getattr(order, f"size_{name}") * 100) == ours[f"{name}_centi"], name
    assert order.status == ours["status"].replace("EXPIRED", "EXECUTION_COMPLETE")
    assert round(order.price_size.price * 100) == ours["price_centi"]
    assert (order.customer_order_ref or None) == ours["customer_order_ref"]
    assert (order.customer_strategy_ref or None) == ours["customer_strategy_ref"]


def matched_at(bets: list[dict[str, Any]], selection_id: int, side: str) -> dict[int, int]:
    """Price → size of what the ledger's bets on one side of a runner were matched at."""
    found: dict[int, int] = {}
    for bet in bets:
        if (bet["selection_id"], bet["side"]) == (selection_id, side):
            for match in bet["matches"]:
                found[match["price_centi"]] = (
                    found.get(match["price_centi"], 0) + (match["size_centi"])
                )
    return found
