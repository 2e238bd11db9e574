"""The Rust executor as a process: started, killed, stopped, on a machine that fails it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import gettempdir

from tests.e2e.executor_rig import binary
from tests.faults.trader import PATIENCE_S, TOKEN
from tests.faults.venue import Config, secret


def document(folder: Path, betfair: Config, changes: Config) -> Config:
    """What either executor is told: windows are short, so that tests are."""
    config: Config = {
        "betfair": betfair,
        "journal": {"dir": str(folder / "journal")},
        "limits": {"funds_tolerance_centi": 0},
        "reconcile": {"look_up_ms": 400, "look_up_every_ms": 50, "backoff_ms": 20},
        "on_stop": "leave",
    }
    for key, value in changes.items():
        is_section = isinstance(value, dict) and isinstance(config.get(key), dict)
        config[key] = config[key] | value if is_section else value
    return config


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
        """The whole document."""
        return {
            "listen": {
                "transport": "uds",
                "socket": self.socket,
                "token_file": secret(self.folder, "token", TOKEN),
            },
            "heartbeat_ms": 50,
            "trader_timeout_s": 0,
            "log": {"level": "info", "format": "text"},
            "mode": "live",
        } | document(self.folder, self.betfair, self.changes)

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

    def pages(self) -> str:
        """Where it serves its metrics, as its journal's lock says."""
        said = json.loads((self.folder / "journal" / "lock").read_text())
        return str(said["control"])

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


def fails_to_start(sidecar: Sidecar, disk: str | None = None) -> tuple[int, str]:
    """Its exit code and what it says."""
    sidecar.start(disk)
    assert sidecar.process is not None, "started"
    code = sidecar.process.wait(10)
    sidecar.bury()
    return code, sidecar.log().splitlines()[-1]


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
