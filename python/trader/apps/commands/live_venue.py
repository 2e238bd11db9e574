"""What `trader live` begins with: the venue, logged in; its market stream; orders left over."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from trader.apps.commands.live_executor import betfair_section
from trader.betfair.stream import StreamClient, StreamCredentials, Subscription
from trader.config.schema import BetfairConfig, Config
from trader.execution.executor_py.from_document import stream_endpoint, venue_client
from trader.execution.executor_py.venue_client import VenueClient
from trader.execution.orders.book import Book
from trader.live.adopt import await_journal, read_journal
from trader.live.subscription import MarketSet

JOURNAL_WAIT_S: Final = 10.0
"""For the sidecar of a trader that was killed to cancel what rests."""
STREAM_CURRENCY: Final = "GBP"
"""What the sizes of the market stream are in."""
_log: Final = logging.getLogger("trader.live")


@dataclass(frozen=True, slots=True)
class Venue:
    """The venue, logged in."""

    client: VenueClient
    app_key: str
    betfair: dict[str, Any]


def log_in(config: BetfairConfig) -> Venue:
    """Raises `ExecutorStartError`, also for an account in another currency than configured."""
    betfair = betfair_section(config)
    client, app_key = venue_client(betfair)
    client.login()
    currency = client.check_currency(config.currency or None)
    if currency != STREAM_CURRENCY:
        _log.warning(
            "the account is in %s: orders and money are, the stream's sizes are in %s",
            currency,
            STREAM_CURRENCY,
        )
    return Venue(client, app_key, betfair)


def market_stream(venue: Venue, markets: MarketSet, heartbeat_ms: int) -> StreamClient:
    """The market stream of these markets; it connects as it is asked for lines."""
    client = venue.client
    return StreamClient(
        stream_endpoint(venue.betfair),
        Subscription("marketSubscription", markets.body(), heartbeat_ms=heartbeat_ms),
        StreamCredentials(venue.app_key, lambda: client.token, lambda: client.login(client.token)),
    )


def left_over(config: Config, sections: dict[str, Any], is_over: Callable[[], bool]) -> Book:
    """What a trader before this one has left in the journal; read before the executor takes it up.
    Raises `ExecutorStartError`."""
    folder = Path(sections["journal"]["dir"])
    if config.execution.supervise == "child":
        await_journal(folder, JOURNAL_WAIT_S, is_over)
    return read_journal(folder, may_be_absent=True)
