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
from tempfile import TemporaryDirectory, gettempdir
from typing import Any

from tests.e2e.executor_rig import binary
from tests.faults.judge import Verdict, judge
from trader.clock import WallClock
from trader.execution.connection import TransportSettings
from trader.execution.interfaces.executor import ExecutorStartError
from trader.execution.interfaces.intents import QuoteIntent
from trader.execution.interfaces.reports import ExecutionReport, Status
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
    deaths: int = 0
    started_ms: int = 0

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

    def start(self, disk: str | None = None) -> None:
        """`disk`: what its disk does, in the words of `faulty_disk.c`."""
        environment = dict(os.environ)
        if disk is not None:
            environment |= {
                "LD_PRELOAD": str(faulty_disk()),
                "FAULTY_DISK_FILE": "/orders.journal",
                "FAULTY_DISK_FAULT": disk,
            }
        path = self.folder / "executor.json"
        path.write_text(json.dumps(self.config()))
        with (self.folder / "executor.log").open("ab") as log:
            self.process = subprocess.Popen(
                [binary(), "--config", path],
                stdout=subprocess.PIPE,
                stderr=log,
                env=environment,
            )
        self.started_ms = time.time_ns() // 1_000_000

    def kill(self) -> None:
        assert self.process is not None, "it runs"
        self.process.kill()
        self.process.wait()
        self.bury()

    def bury(self) -> None:
        """It has died."""
        assert self.process is not None and self.process.stdout is not None, "made so"
        self.process.stdout.close()
        self.process = None
        self.deaths += 1

    def ended(self) -> int | None:
        return self.process.poll() if self.process is not None else 0

    def signal(self, number: signal.Signals) -> None:
        assert self.process is not None, "it runs"
        self.process.send_signal(number)

    def stop(self) -> int:
        """SIGTERM; its exit code."""
        if self.process is None:
            return 0
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGCONT)
            self.process.terminate()
        code = self.process.wait(PATIENCE_S)
        assert self.process.stdout is not None, "made so"
        self.process.stdout.close()
        self.process = None
        return code

    def log(self) -> str:
        return (self.folder / "executor.log").read_text()


def faulty_disk() -> Path:
    """The library of `faulty_disk.c`: Bazel's, else made here."""
    named = os.environ.get("FAULTY_DISK")
    if named:
        return Path(named).absolute()
    source = Path(__file__).with_name("faulty_disk.c")
    made = Path(gettempdir()) / f"faulty_disk-{source.stat().st_mtime_ns}.so"
    if not made.exists():
        subprocess.run(["cc", "-shared", "-fPIC", "-o", made, source, "-ldl"], check=True)
    return made


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
        self.restarts = False
        """Whether an executor that has died is started again, as a watchdog does."""
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
        """Waits for an executor to listen, then opens the session."""
        self.wait(self._is_connected, poll=False)

    def _is_connected(self) -> bool:
        self._watch()
        try:
            self.transport.start()
        except ExecutorStartError:
            self.transport = self._transport()
            return False
        return True

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

    def poll(self) -> None:
        """A turn of the engine."""
        self._watch()
        self.transport.poll()

    def _watch(self) -> None:
        if self.restarts and self.sidecar.ended() is not None:
            self.sidecar.bury()
            self.sidecar.start()

    def wait_until_ready(self) -> None:
        """Waits until the executor that runs now says that orders may be sent."""
        started = self.sidecar.started_ms

        def is_ready() -> bool:
            heartbeat = self.transport.heartbeat
            is_new = heartbeat is not None and heartbeat.ts_ms >= started
            return is_new and heartbeat is not None and heartbeat.state == "READY"

        self.wait(is_ready)

    def close_down(self) -> Verdict:
        """Cancels everything, waits until every intent has ended, and judges."""
        self.transport.control("cancel_all", "the day is over")
        self.wait(lambda: all(self.is_ended(name) for name in self.intents))
        # What came too late has been taken away, too.
        self.wait(lambda: not any(bet["remaining"] for bet in self.bets()))
        self.wait(lambda: not self.tells_more())
        return judge(self.intents, self.reports, self.bets())

    def tells_more(self) -> bool:
        """Whether the executor has reports that were not heard, as its heartbeat says."""
        heartbeat = self.transport.heartbeat
        return heartbeat is None or heartbeat.next_report_seq != len(self.reports) + 1

    def settled(self, name: str) -> bool:
        """Whether more was said of an intent than that it was taken up, and what was not known of
        it is known."""
        statuses = self.statuses(name)
        return bool(statuses) and statuses[-1] != "UNKNOWN"

    def open_orders(self) -> list[str]:
        """Orders that rest, as far as was told, and that nothing was asked for since."""
        touched = {wish.target_intent_id for wish in self.intents.values()}
        return [
            name
            for name, reports in self.by_intent.items()
            if name not in touched
            and reports[-1].status in (Status.PLACED, Status.PARTIALLY_FILLED)
        ]

    def wait(self, done: Callable[[], bool], *, poll: bool = True) -> None:
        """Polls as an engine does until `done`; fails when that takes too long."""
        deadline = time.monotonic() + PATIENCE_S
        while not done():
            assert time.monotonic() < deadline, f"not in time; {self.sidecar.log()[-2_000:]}"
            if poll:
                self.poll()
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
    *rules: FaultRule,
    tls: bool = False,
    disk: str | None = None,
    restarts: bool = False,
    **changes: Any,
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
            sidecar.start(disk)
            made_desk = Desk(exchange, sidecar)
            made_desk.restarts = restarts
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
