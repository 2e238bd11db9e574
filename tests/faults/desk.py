"""A trader, its executor and a venue, each real: sockets, processes, a journal on the disk.

The venue's ledger is the judge: `verdict` holds what the trader was told against it.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory, gettempdir
from typing import Any

from tests.e2e.executor_rig import binary
from tests.faults.judge import Verdict, judge
from tests.faults.trader import PATIENCE_S, STRATEGY, TOKEN, Trader
from trader.clock import WallClock
from trader.simulator.exchange.certificates import Certificates, make_certificates
from trader.simulator.exchange.embedded import EmbeddedExchange
from trader.simulator.exchange.faults import FaultPlan, FaultRule
from trader.simulator.exchange.testing import (
    QUOTES,
    T0_MS,
    MemoryFeed,
    defined,
    traded,
)
from trader.simulator.exchange.venue import Venue, VenueConfig

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
        """`disk`: what its disk does, in the words of `faulty_host.c`."""
        environment = os.environ | {
            "LD_PRELOAD": str(faulty_host()),
            "FAULTY_FILE": "/orders.journal",
            "FAULTY_CLOCK": str(self.folder / "clock"),
        }
        if disk is not None:
            environment["FAULTY_DISK"] = disk
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

    def set_clock(self, ms: int) -> None:
        """Sets the wall clock of the executor so far forward, or back."""
        made = self.folder / "clock.new"
        made.write_text(str(ms))
        made.replace(self.folder / "clock")

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


def faulty_host() -> Path:
    """The library of `faulty_host.c`: Bazel's, else made here."""
    named = os.environ.get("FAULTY_HOST")
    if named:
        return Path(named).absolute()
    source = Path(__file__).with_name("faulty_host.c")
    made = Path(gettempdir()) / f"faulty_host-{source.stat().st_mtime_ns}.so"
    if not made.exists():
        subprocess.run(["cc", "-shared", "-fPIC", "-o", made, source, "-ldl"], check=True)
    return made


class Desk(Trader):
    """A trader with its executor, which it may start again, and the venue, which is the judge."""

    def __init__(self, exchange: EmbeddedExchange, sidecar: Sidecar, *, restarts: bool) -> None:
        super().__init__(sidecar.socket, sidecar.folder)
        self.exchange, self.sidecar = exchange, sidecar
        self.restarts = restarts
        self._diary_bytes = 0
        """Whether an executor that has died is started again, as a watchdog does."""

    def watch(self) -> None:
        if self.restarts and self.sidecar.ended() is not None:
            self.sidecar.bury()
            self.sidecar.start()

    def diary_grows(self) -> bool:
        """Whether more reports were written into the diary since this was asked last."""
        diary = self.sidecar.folder / "reports"
        before, self._diary_bytes = self._diary_bytes, diary.stat().st_size if diary.exists() else 0
        return self._diary_bytes > before

    def recollect(self) -> None:
        """Takes up what traders of other processes have written into the diary."""
        self.forget()
        self.connect()

    def story(self) -> str:
        return self.sidecar.log()[-2_000:]

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
    connects: bool = True,
    **changes: Any,
) -> Iterator[Desk]:
    """A venue with one open market, an executor at it, and a trader connected to that.

    `disk`: what the first executor's disk does; `restarts`: an executor that has died is started
    again; `changes`: of its configuration.
    """
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
            made_desk = Desk(exchange, sidecar, restarts=restarts)
            try:
                if connects:
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
