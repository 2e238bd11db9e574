"""An exchange with certificates on loopback, led to by the venue's own host names."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from trader.clock import Clock, SteppedClock
from trader.simulator.exchange.certificates import Certificates, make_certificates
from trader.simulator.exchange.embedded import EmbeddedExchange
from trader.simulator.exchange.oracle import ledger
from trader.simulator.exchange.venue import Venue, VenueConfig
from trader.simulator.feeds import Feed


@dataclass(frozen=True, slots=True)
class Rig:
    """A running exchange and its certificates."""

    exchange: EmbeddedExchange
    certificates: Certificates

    @property
    def venue(self) -> Venue:
        """Only to be read while the exchange is quiet."""
        return self.exchange.venue

    def account(self) -> dict[str, Any]:
        """The one account's ledger."""
        told = self.exchange.call(lambda server: ledger(server.venue))
        account: dict[str, Any] = told["accounts"]["hotloop"]
        return account

    def arguments(self) -> dict[str, Any]:
        """What a client program is told."""
        return {
            "api_port": self.exchange.ports.api,
            "stream_port": self.exchange.ports.stream,
            "ca_file": str(self.certificates.ca_file),
            "client_cert": str(self.certificates.client_cert_file),
            "client_key": str(self.certificates.client_key_file),
            "username": "hotloop",
            "password": "paper-money",
            "app_key": "paper-app-key",
        }


@contextmanager
def rig(
    folder: Path, feed: Feed, clock: Clock | None = None, config: VenueConfig | None = None
) -> Iterator[Rig]:
    """TLS on; stepped unless a clock is given."""
    certificates = make_certificates(folder)
    venue = Venue(config if config is not None else VenueConfig(), feed)
    chosen = clock if clock is not None else SteppedClock(venue.now_ms)
    tls = certificates.server_context()
    with EmbeddedExchange(venue, chosen, tls=tls) as exchange:
        yield Rig(exchange, certificates)
