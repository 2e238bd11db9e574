"""What the metrics tell of the market stream and of what waits for the engine, live.

For the loop's thread. A line costs one reading of the wall clock and two assignments; the rest is
looked at a few times a second.
"""

from __future__ import annotations

from typing import Final

from trader.betfair.stream import StreamClient
from trader.live.chores import Chores
from trader.live.subscription import MarketSet
from trader.session import Session

_CHANGES: Final = b'"mc"'
"""What a message that changes markets has, and a heartbeat has not."""


class Measures:
    """Of one live run; what it writes are attributes of the session's metrics."""

    def __init__(
        self, session: Session, stream: StreamClient, markets: MarketSet, chores: Chores
    ) -> None:
        self._session = session
        self._metrics = session.metrics
        self._stream = stream
        self._markets = markets
        self._chores = chores

    def line(self, line: bytes, arrived_ns: int) -> None:
        """The engine has taken a line, which came at that time of the wall (unix time, ns)."""
        arrived_s = arrived_ns / 1e9
        self._metrics.last_line_timestamp = arrived_s
        if _CHANGES in line:
            pt_ms = self._session.book.last_pt_ms()
            if pt_ms is not None:
                # Below 0 where our clock is behind the venue's: that is worth seeing, too.
                self._metrics.stream_lag = arrived_s - pt_ms / 1000

    def look(self) -> None:
        """Now and then, and before a line is taken: what waits is counted, too."""
        metrics, stream = self._metrics, self._stream
        metrics.stream_up = stream.is_up
        metrics.stream_reconnects_total = max(0, stream.counts.connects - 1)
        metrics.subscribed_markets = len(self._markets.subscribed)
        waiting = stream.waiting_lines + len(self._chores.news) + len(self._session.bus)
        metrics.event_queue_depth = waiting
