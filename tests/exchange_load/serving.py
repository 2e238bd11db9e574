"""The exchange's own process of the load measurement."""

from __future__ import annotations

import gc
from multiprocessing.connection import Connection
from typing import TYPE_CHECKING, Any

from trader.clock import ScaledClock, SteppedClock
from trader.simulator.exchange.embedded import EmbeddedExchange
from trader.simulator.exchange.oracle import book
from trader.simulator.exchange.server import ExchangeServer
from trader.simulator.exchange.venue import Venue, VenueConfig
from trader.simulator.feeds import Feed, FeedEvent, GeneratedFeed
from trader.simulator.generator import RaceShape

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tests.exchange_load.load import Load
    from trader.simulator.catalogue import CatalogueMarket

WARM_UP_MS = 4_000


class Held:
    """A feed's events, made before anybody measures."""

    def __init__(self, feed: Feed, until_ms: int) -> None:
        self.first_pt_ms = feed.first_pt_ms
        self._events: list[FeedEvent] = []
        for event in feed.events():
            if event.pt_ms > until_ms:
                break
            self._events.append(event)
        self._catalogue = feed.catalogue()

    def catalogue(self) -> Sequence[CatalogueMarket]:
        return self._catalogue

    def events(self) -> Iterator[FeedEvent]:
        return iter(self._events)


def run(load: Load, pipe: Connection) -> None:
    """Serves until told to halt; then tells lines, lag and all books."""
    shape = RaceShape(
        runners=8,
        pre_off_s=load.seconds + 60.0,
        in_play_s=10.0,
        messages_per_s=load.messages_per_s / load.markets / 0.75,
    )
    feed = GeneratedFeed(1, markets=load.markets, shape=shape, spacing_ms=0)
    until_ms = feed.first_pt_ms + WARM_UP_MS + round(load.seconds * 1000) + 5_000
    held = Held(feed, until_ms)
    gc.collect()
    gc.freeze()  # what was made beforehand is no garbage: the collector need not look at it
    venue = Venue(VenueConfig(), held)
    venue.advance(feed.first_pt_ms + WARM_UP_MS)
    clock = SteppedClock(venue.now_ms)
    with EmbeddedExchange(venue, clock) as exchange:
        ports = exchange.ports
        pipe.send({"stream": ports.stream, "api": ports.api})
        pipe.recv()

        def go(server: ExchangeServer) -> None:
            server.clock = ScaledClock(server.venue.now_ms, 1.0)
            server.wake()

        before = venue.events
        exchange.call(go)
        pipe.recv()
        told: dict[str, Any] = exchange.call(_halt)
        told["events"] = venue.events - before
        pipe.send(told)
        pipe.poll(20)


def _halt(server: ExchangeServer) -> dict[str, Any]:
    """Time stands still from now on."""
    server.clock = SteppedClock(server.venue.now_ms)
    return {
        "lines": {s.connection_id: s.lines_sent for s in server.hub.sessions.values()},
        "lag_ms_max": server.lag_ms_max,
        "books": [book(market) for market in server.venue.markets.values()],
    }
