"""The venue of the fault tests: a real exchange on sockets, whose ledger is the judge."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from tests.faults.trader import STRATEGY
from trader.clock import WallClock
from trader.simulator.exchange.certificates import Certificates, make_certificates
from trader.simulator.exchange.embedded import EmbeddedExchange
from trader.simulator.exchange.exposure import exposure_e4
from trader.simulator.exchange.faults import FaultPlan, FaultRule
from trader.simulator.exchange.server import ExchangeServer
from trader.simulator.exchange.testing import (
    QUOTES,
    T0_MS,
    MemoryFeed,
    defined,
    traded,
)
from trader.simulator.exchange.venue import Venue, VenueConfig

Config = dict[str, Any]


@dataclass
class Scene:
    """A venue with one open market, a folder for everything else, and what an executor's
    configuration says of the venue."""

    exchange: EmbeddedExchange
    folder: Path
    betfair: Config

    def bets(self) -> list[dict[str, Any]]:
        """Every bet at the venue."""
        return self.exchange.call(
            lambda server: [
                {
                    "ref": bet.customer_order_ref,
                    "id": bet.bet_id,
                    "remaining": bet.remaining_centi,
                    "matched": bet.matched_centi,
                    "size": bet.size_centi,
                    "price": bet.price_centi,
                }
                for bet in server.venue.bets.values()
            ]
        )

    def remaining(self, bet_id: str) -> int:
        """What rests of a bet, hundredths."""
        return next(int(bet["remaining"]) for bet in self.bets() if bet["id"] == bet_id)

    def cancel(self, bet_id: str) -> None:
        """Somebody at the venue's site cancels a bet."""
        self.exchange.call(lambda server: server.venue.cancel(server.venue.bets[bet_id], None))

    def sessions(self) -> int:
        """Sessions that stand."""
        return self.exchange.call(lambda server: len(server.venue.sessions))

    def exposure_centi(self) -> int:
        """What all bets of the account may cost, as the venue has it."""

        def cost(server: ExchangeServer) -> int:
            (account,) = server.venue.accounts.values()
            return abs(exposure_e4(server.venue, account)) // 100

        return self.exchange.call(cost)

    def faults(self) -> int:
        """How many have happened."""
        return self.exchange.call(lambda server: len(server.plan.log))


@contextmanager
def scene(*rules: FaultRule, tls: bool = False) -> Iterator[Scene]:
    """A venue that goes wrong by these rules."""
    with TemporaryDirectory() as made:
        folder = Path(made)
        now_ms = time.time_ns() // 1_000_000 - T0_MS
        # The venue ends with its feed: this one goes on.
        events = [defined(now_ms, image=True, rc=QUOTES), traded(now_ms + 3_600_000)]
        venue = Venue(VenueConfig(), MemoryFeed(events))
        certificates = make_certificates(folder) if tls else None
        context = certificates.server_context() if certificates else None
        plan = FaultPlan(1, venue.now_ms, rules)
        with EmbeddedExchange(venue, WallClock(), plan=plan, tls=context) as exchange:
            yield Scene(exchange, folder, betfair_of(exchange, folder, certificates))


def secret(folder: Path, name: str, text: str) -> str:
    """A file of mode 0600; its path."""
    path = folder / name
    path.touch(0o600)
    path.write_text(text)
    return str(path)


def betfair_of(
    exchange: EmbeddedExchange, folder: Path, certificates: Certificates | None
) -> Config:
    url = exchange.api_url
    session = {
        "username_file": secret(folder, "username", "hotloop"),
        "password_file": secret(folder, "password", "paper-money"),
    }
    config: Config = {
        "api_url": url,
        "identity_url": url,
        "certlogin_url": url,
        "stream": {"host": "127.0.0.1", "port": exchange.ports.stream, "tls": False},
        "app_key_file": secret(folder, "app-key", "paper-app-key"),
        "session": session,
        "strategy_ref": STRATEGY,
        "timeout_ms": 2_000,
    }
    if certificates is not None:
        config["ca_file"] = str(certificates.ca_file)
        config["stream"]["tls"] = True
        session["cert_file"] = str(certificates.client_cert_file)
        session["key_file"] = str(certificates.client_key_file)
    return config
