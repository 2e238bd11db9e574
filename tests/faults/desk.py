"""A trader, its executor and a venue, each real: sockets, processes, a journal on the disk.

The venue's ledger is the judge: `verdict` holds what the trader was told against it.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from tests.e2e.executor_rig import binary
from trader.clock import WallClock
from trader.execution.connection import TransportSettings
from trader.execution.interfaces.intents import QuoteIntent
from trader.execution.interfaces.reports import ExecutionReport
from trader.execution.ipc import Bus
from trader.execution.scripts_for_tests import intent
from trader.execution.transport import Transport
from trader.simulator.exchange.certificates import Certificates, make_certificates
from trader.simulator.exchange.embedded import EmbeddedExchange
from trader.simulator.exchange.faults import FaultPlan, FaultRule
from trader.simulator.exchange.testing import (
    MARKET,
    QUOTES,
    T0_MS,
    MemoryFeed,
    defined,
    traded,
)
from trader.simulator.exchange.venue import Venue, VenueConfig

PATIENCE_S = 30.0
STRATEGY = "hotloop"
TOKEN = "a-token-of-the-desk"
RUNNER = 101

Config = dict[str, Any]


def secret(folder: Path, name: str, text: str) -> str:
    """A file of mode 0600; its path."""
    path = folder / name
    path.touch(0o600)
    path.write_text(text)
    return str(path)


@dataclass
class Sidecar:
    """The Rust executor as a process of its own, with a journal that outlives it."""

    folder: Path
    betfair: Config
    changes: Config = field(default_factory=dict)
    process: subprocess.Popen[bytes] | None = None
    starts: int = 0

    @property
    def socket(self) -> str:
        return str(self.folder / "executor.sock")

    @property
    def journal(self) -> Path:
        return self.folder / "journal" / "orders.journal"

    def config(self) -> Config:
        config: Config = {
            "listen": {
                "transport": "uds",
                "socket": self.socket,
                "token_file": secret(self.folder, "token", TOKEN),
            },
            "mode": "live",
            "betfair": self.betfair,
            "journal": {"dir": str(self.folder / "journal")},
            "limits": {"funds_tolerance_centi": 0},
            "reconcile": {"look_up_ms": 400, "look_up_every_ms": 50, "backoff_ms": 20},
            "heartbeat_ms": 50,
            "trader_timeout_s": 0,
            "on_stop": "leave",
            "log": {"level": "info", "format": "text"},
        }
        for key, value in self.changes.items():
            is_section = isinstance(value, dict) and isinstance(config.get(key), dict)
            config[key] = config[key] | value if is_section else value
        return config

    def start(self) -> None:
        path = self.folder / "executor.json"
        path.write_text(json.dumps(self.config()))
        with (self.folder / "executor.log").open("ab") as log:
            self.process = subprocess.Popen(
                [binary(), "--config", path], stdout=subprocess.PIPE, stderr=log
            )
        self.starts += 1

    def kill(self) -> None:
        assert self.process is not None, "it runs"
        self.process.kill()
        self.process.wait()
        self._close()

    def ended(self) -> int | None:
        return self.process.poll() if self.process is not None else 0

    def signal(self, number: signal.Signals) -> None:
        assert self.process is not None, "it runs"
        self.process.send_signal(number)

    def stop(self) -> int:
        """SIGTERM; its exit code."""
        assert self.process is not None, "it runs"
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGCONT)
            self.process.terminate()
        code = self.process.wait(PATIENCE_S)
        self._close()
        return code

    def log(self) -> str:
        return (self.folder / "executor.log").read_text()

    def _close(self) -> None:
        assert self.process is not None and self.process.stdout is not None, "made so"
        self.process.stdout.close()


class Desk:
    """The trader's side: intents, reports, and the venue's ledger."""

    def __init__(self, exchange: EmbeddedExchange, sidecar: Sidecar) -> None:
        self.exchange, self.sidecar = exchange, sidecar
        self.intents: dict[str, QuoteIntent] = {}
        self.reports: list[ExecutionReport] = []
        self.by_intent: dict[str, list[ExecutionReport]] = defaultdict(list)
        self.bus = Bus()
        self.bus.subscribe(self._heard)
        self.transport = self._transport()
        self._names = 0

    def _heard(self, report: ExecutionReport) -> None:
        self.reports.append(report)
        self.by_intent[report.intent_id].append(report)

    def _transport(self) -> Transport:
        settings = TransportSettings(
            socket_path=self.sidecar.socket,
            token=TOKEN,
            clock="wall",
            heartbeat_timeout_s=PATIENCE_S,
            connect_timeout_s=PATIENCE_S,
            backoff_base_s=0.005,
            backoff_max_s=0.02,
        )
        return Transport(settings, self.bus)

    def connect(self) -> None:
        """Waits for the executor to listen, then opens the session."""
        self.wait(lambda: os.path.exists(self.sidecar.socket), poll=False)
        self.transport.start()

    @property
    def now_ms(self) -> int:
        return time.time_ns() // 1_000_000

    def place(self, **changes: Any) -> QuoteIntent:
        """A back of 5.00 at 3.30, which rests."""
        fields = {
            "market_id": MARKET,
            "selection_id": RUNNER,
            "price_centi": 330,
            "size_centi": 500,
            "ttl_ms": 3_600_000,
            "strategy_ref": STRATEGY,
            "dry_run": False,
            "ts_ms": self.now_ms,
        } | changes
        return self.submit(intent(self._name("i"), **fields))

    def move(self, target: str, price_centi: int) -> QuoteIntent:
        """A REPLACE of an order."""
        return self.submit(
            self.intents[target].replace(
                intent_id=self._name("m"),
                ts_ms=self.now_ms,
                price_centi=price_centi,
                ttl_ms=3_600_000,
            )
        )

    def cancel(self, target: str) -> QuoteIntent:
        """A CANCEL of an order."""
        return self.submit(
            self.intents[target].cancel(intent_id=self._name("c"), ts_ms=self.now_ms)
        )

    def _name(self, letter: str) -> str:
        self._names += 1
        return f"{letter}{self._names}"

    def submit(self, wish: QuoteIntent) -> QuoteIntent:
        self.intents[wish.intent_id] = wish
        self.transport.submit(wish)
        return wish

    def statuses(self, name: str) -> list[str]:
        told = (report.status.value for report in self.by_intent[name])
        return [status for status in told if status != "ACCEPTED"]

    def is_ended(self, name: str) -> bool:
        return any(report.status.is_terminal for report in self.by_intent[name])

    def wait(self, done: Callable[[], bool], *, poll: bool = True) -> None:
        """Polls as an engine does until `done`; fails when that takes too long."""
        deadline = time.monotonic() + PATIENCE_S
        while not done():
            assert time.monotonic() < deadline, f"not in time; {self.sidecar.log()[-2_000:]}"
            if poll:
                self.transport.poll()
            time.sleep(0.001)

    def wait_for(self, name: str, *statuses: str) -> None:
        """Waits until the intent was told these, ACCEPTED left out."""
        self.wait(lambda: self.statuses(name)[: len(statuses)] == list(statuses))

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


@contextmanager
def desk(
    *rules: FaultRule, tls: bool = False, funds: str = "hotloop", **changes: Any
) -> Iterator[Desk]:
    """A venue with one open market, an executor at it, and a trader connected to that."""
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
            sidecar = Sidecar(folder, betfair_of(exchange, folder, certificates), changes)
            sidecar.start()
            made_desk = Desk(exchange, sidecar)
            try:
                made_desk.connect()
                yield made_desk
            finally:
                made_desk.transport.stop()
                sidecar.stop()


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
