"""The trader's side of the fault tests: what it asked for and what it was told."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final, Protocol, TypeAlias

import msgspec

from trader.execution.connection import TransportSettings
from trader.execution.interfaces.executor import ExecutorStartError
from trader.execution.interfaces.intents import QuoteIntent
from trader.execution.interfaces.reports import ExecutionReport, Status
from trader.execution.ipc import Bus
from trader.execution.scripts_for_tests import intent
from trader.execution.transport import Transport
from trader.simulator.exchange.testing import MARKET

PATIENCE_S: Final = 30.0
STRATEGY: Final = "hotloop"
TOKEN: Final = "a-token-of-the-desk"
RUNNER: Final = 101
HOUR_MS: Final = 3_600_000


class Link(Protocol):
    """What a trader needs of an executor, in this process or behind the wire."""

    def start(self) -> None: ...
    def submit(self, intent: QuoteIntent) -> None: ...
    def control(self, action: str, reason: str) -> None: ...
    def poll(self) -> None: ...
    def stop(self) -> None: ...


MakeLink: TypeAlias = Callable[[Bus], Link]


def over_the_wire(socket: str) -> MakeLink:
    """To the sidecar that listens there, whichever process that is just now."""
    settings = TransportSettings(
        socket_path=socket,
        token=TOKEN,
        clock="wall",
        heartbeat_timeout_s=PATIENCE_S,
        connect_timeout_s=PATIENCE_S,
        backoff_base_s=0.005,
        backoff_max_s=0.02,
    )
    return lambda bus: Transport(settings, bus)


class Trader:
    """A session with an executor, whichever process that is just now.

    With a `diary` (two files in that folder) a trader that dies is followed by one that knows what
    it knew.
    """

    def __init__(self, make_link: MakeLink, diary: Path | None = None) -> None:
        self.make_link = make_link
        self.intents: dict[str, QuoteIntent] = {}
        self.by_seq: dict[int, ExecutionReport] = {}
        self.by_intent: dict[str, list[ExecutionReport]] = defaultdict(list)
        self._diary = diary
        self._names = 0
        self.dry_run = False
        self.acked_ms: dict[str, float] = {}
        self._sent_s: dict[str, float] = {}
        self.forget()
        self.bus = Bus()
        self.bus.subscribe(self._heard)
        self.link = make_link(self.bus)

    @property
    def reports(self) -> list[ExecutionReport]:
        """Every report once, in their row."""
        return [self.by_seq[seq] for seq in sorted(self.by_seq)]

    # --- the session ----------------------------------------------------------------------------

    def connect(self) -> None:
        """Waits for an executor to listen, then opens the session."""
        self.wait(self._is_connected, polls=False)

    def resume(self) -> None:
        """Takes up where the trader before this one died: what nobody has answered is sent again.
        One that was taken up is known by its name."""
        for name, wish in list(self.intents.items()):
            if not self.by_intent.get(name):
                self.link.submit(wish)

    def _is_connected(self) -> bool:
        self.watch()
        try:
            self.link.start()
        except ExecutorStartError:
            self.link = self.make_link(self.bus)
            return False
        return True

    def watch(self) -> None:
        """Looks after the executor; the desk does."""

    def poll(self) -> None:
        """A turn of the engine."""
        self.watch()
        self.link.poll()

    def wait(self, done: Callable[[], bool], *, polls: bool = True) -> None:
        """Turns as an engine does until `done`; fails when that takes too long."""
        deadline = time.monotonic() + PATIENCE_S
        while not done():
            assert time.monotonic() < deadline, f"not in time; {self.story()}"
            if polls:
                self.poll()
            time.sleep(0.001)

    def story(self) -> str:
        """What a failed wait shows."""
        return ""

    # --- what it asks for -----------------------------------------------------------------------

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
            "ttl_ms": HOUR_MS,
            "strategy_ref": STRATEGY,
            "dry_run": self.dry_run,
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
                ttl_ms=HOUR_MS,
            )
        )

    def cancel(self, target: str) -> QuoteIntent:
        """A CANCEL of an order."""
        return self.submit(
            self.intents[target].cancel(intent_id=self._name("c"), ts_ms=self.now_ms)
        )

    def submit(self, wish: QuoteIntent) -> QuoteIntent:
        self.intents[wish.intent_id] = wish
        self._write("intents", wish)
        self._sent_s[wish.intent_id] = time.monotonic()
        self.link.submit(wish)
        return wish

    def _name(self, letter: str) -> str:
        self._names += 1
        return f"{letter}{self._names}"

    # --- what it was told ------------------------------------------------------------------------

    def _heard(self, report: ExecutionReport) -> None:
        sent_s = self._sent_s.get(report.intent_id)
        if sent_s is not None and report.status is not Status.ACCEPTED:
            self.acked_ms.setdefault(report.intent_id, (time.monotonic() - sent_s) * 1_000)
        self._write("reports", report)
        self._note(report)

    def _note(self, report: ExecutionReport) -> None:
        if report.seq not in self.by_seq:
            self.by_seq[report.seq] = report
            self.by_intent[report.intent_id].append(report)

    def statuses(self, name: str) -> list[str]:
        told = (report.status.value for report in self.by_intent[name])
        return [status for status in told if status != "ACCEPTED"]

    def settled(self, name: str) -> bool:
        """Whether more was said of an intent than that it was taken up, and what was not known of
        it is known."""
        statuses = self.statuses(name)
        return bool(statuses) and statuses[-1] != "UNKNOWN"

    def is_ended(self, name: str) -> bool:
        return any(report.status.is_terminal for report in self.by_intent[name])

    def matched(self, name: str) -> int:
        """How much of an order was told to be matched, hundredths."""
        return max((report.size_matched_centi for report in self.by_intent[name]), default=0)

    def open_orders(self) -> list[str]:
        """Orders that rest, as far as was told, and that nothing was asked for since."""
        touched = {wish.target_intent_id for wish in self.intents.values()}
        return [
            name
            for name, reports in self.by_intent.items()
            if name not in touched
            and reports
            and reports[-1].status in (Status.PLACED, Status.PARTIALLY_FILLED)
        ]

    def wait_for(self, name: str, *statuses: str) -> None:
        """Waits until the intent was told these, ACCEPTED left out."""
        self.wait(lambda: self.statuses(name)[: len(statuses)] == list(statuses))

    # --- the diary ------------------------------------------------------------------------------

    def _write(self, name: str, struct: msgspec.Struct) -> None:
        if self._diary is not None:
            with (self._diary / name).open("ab") as file:
                file.write(msgspec.json.encode(struct) + b"\n")

    def forget(self) -> None:
        """Knows what the diary says."""
        self.intents.clear()
        self.by_seq.clear()
        self.by_intent.clear()
        if self._diary is not None:
            self._remember(self._diary)

    def _remember(self, diary: Path) -> None:
        for line in _lines(diary / "intents"):
            wish = msgspec.json.decode(line, type=QuoteIntent)
            self.intents[wish.intent_id] = wish
        self._names = len(self.intents)
        for line in _lines(diary / "reports"):
            self._note(msgspec.json.decode(line, type=ExecutionReport))


def _lines(path: Path) -> list[bytes]:
    """Those that were written to their end."""
    if not path.exists():
        return []
    return [line for line in path.read_bytes().splitlines(keepends=True) if line.endswith(b"\n")]
