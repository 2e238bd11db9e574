"""All stream connections of the venue: hears of every change and gives each session its part."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from trader.simulator.exchange.market import ExchangeMarket
from trader.simulator.exchange.stream.positions import Positions, Row, Spot
from trader.simulator.exchange.stream.session import StreamSession

if TYPE_CHECKING:
    from trader.simulator.exchange.venue import Changes, Venue


@dataclass(frozen=True, slots=True)
class StreamLimits:
    """The venue's limits; the defaults are Betfair's where it publishes them."""

    connections_max: int = 10
    """Authenticated connections of one account."""
    connections_total_max: int = 1_000
    markets_max: int = 200
    line_bytes_max: int = 1024 * 1024
    outgoing_bytes_max: int = 256 * 1024 * 1024
    """A client that lets more than this pile up is cut off."""
    idle_ms: int = 15_000
    """So long a connection may be without a subscription."""
    subscriptions_a_second_max: int = 20
    segment_bytes: int = 64 * 1024
    """Messages beyond are sent in segments, to clients that take them."""


class StreamHub:
    """A venue has one. `connect` for each new connection."""

    def __init__(self, venue: Venue, limits: StreamLimits | None = None) -> None:
        self.venue = venue
        self.limits = limits if limits is not None else StreamLimits()
        self.sessions: dict[str, StreamSession] = {}
        """Open ones by connection id."""
        self.on_message: Callable[[StreamSession, str], None] | None = None
        """Hears of each market or order message just before it is sent; may do it harm."""
        self.refused: Counter[str] = Counter()
        """Status codes that ended or refused something, with how often."""
        self._positions: dict[str, Positions] = {}
        self._connections = 0
        venue.listen(self)

    def connect(self) -> StreamSession:
        """A new connection; where there are too many it is closed at once."""
        self._connections += 1
        number = self._connections
        connection_id = f"{number:03d}-{self.venue.now_ms % 1_000_000:06d}-{number:06d}"
        session = StreamSession(self, connection_id)
        if len(self.sessions) >= self.limits.connections_total_max:
            session.refuse(None, "MAX_CONNECTION_LIMIT_EXCEEDED", "the venue has no room")
            return session
        self.sessions[connection_id] = session
        return session

    def forget(self, session: StreamSession) -> None:
        """A session is closed."""
        self.sessions.pop(session.connection_id, None)

    def connections_of(self, account_id: str) -> int:
        """Authenticated connections of an account."""
        return sum(1 for session in self.sessions.values() if session.account_id == account_id)

    def positions(self, account_id: str) -> Positions:
        """What an account has matched."""
        found = self._positions.get(account_id)
        if found is None:
            found = self._positions[account_id] = Positions()
        return found

    def changed(self, changes: Changes) -> None:
        """The venue's changes, to whom they concern: orders first, then markets."""
        rows: dict[str, dict[Spot, set[Row]]] = {}
        for account_id, bets in changes.bets.items():
            positions = self.positions(account_id)
            of_account = rows[account_id] = {}
            for bet in bets:
                changed = positions.update(bet, changes.seq)
                if changed:
                    of_account.setdefault((bet.market_id, bet.runner), set()).update(changed)
        closed = self._closed(changes)
        for session in list(self.sessions.values()):
            session.orders_changed(changes, rows, closed)
        for session in list(self.sessions.values()):
            session.markets_changed(changes)

    def _closed(self, changes: Changes) -> list[ExchangeMarket]:
        """The markets that have closed with these changes."""
        markets = self.venue.markets
        return [
            markets[market_id]
            for market_id, changed in changes.markets.items()
            if changed.definition and markets[market_id].status == "CLOSED"
        ]
