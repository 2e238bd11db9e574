"""For tests: the vectors of the wire, and a small executor peer.

The peer speaks the real framing over the Python machine, with cuts on demand. It serves one
connection at a time, handles messages in order as the executor does, keeps reports for those who
come back, and can end a connection at any message and any byte of its answers.
"""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from trader.execution.connection import frame_of
from trader.execution.executor_py.machine import DryRunMachine
from trader.execution.framing import FrameDecoder
from trader.execution.interfaces.executor import DryRunLimits
from trader.execution.interfaces.intents import QuoteIntent
from trader.execution.interfaces.messages import (
    Control,
    ControlAck,
    DryFill,
    ErrorMessage,
    Heartbeat,
    Hello,
    HelloAck,
    HelloReject,
    MarketState,
    Message,
    ReportAck,
    Tick,
    TickAck,
    decode,
)
from trader.execution.interfaces.reports import ExecutionReport
from trader.execution.interfaces.wire import WireStruct

PROTO_WIRE: Final = Path(__file__).parents[3] / "proto_wire"


def load_vectors(kind: str) -> dict[str, dict[str, Any]]:
    """The files of `proto_wire/<kind>` (`machine`, `vectors/v1/messages`), see `read_vectors`."""
    return read_vectors(PROTO_WIRE / kind)


def read_vectors(folder: Path) -> dict[str, dict[str, Any]]:
    """The files of a folder by name without ending.

    Raises `FileNotFoundError` when there are none: a test over nothing proves nothing.
    """
    vectors = {path.stem: json.loads(path.read_bytes()) for path in sorted(folder.glob("*.json"))}
    if not vectors:
        raise FileNotFoundError(f"no vectors in {folder}")
    return vectors


@dataclass(frozen=True, slots=True)
class Cut:
    """Ends a connection after so many messages, or so many bytes of the answers to them."""

    messages: int
    answer_bytes: int = 0


@dataclass
class FakePeer:
    """`with FakePeer() as peer:` listens on a free port of loopback.

    `cuts[n]` ends the n-th connection; connections beyond the list are served to their end.
    `wire_versions` and `bundle_versions` are those of HELLO (S2); `reject` answers it whatever it
    says. `on_message` may change what is answered to a message.
    """

    clock: str = "wire"
    cuts: list[Cut] = field(default_factory=list)
    reject: HelloReject | None = None
    wire_versions: tuple[int, ...] = (1,)
    bundle_versions: tuple[int, ...] = (1,)
    limits: DryRunLimits = field(default_factory=DryRunLimits)
    instance: str = "fake"
    on_message: Callable[[Message], list[WireStruct] | None] = lambda _message: None

    def __post_init__(self) -> None:
        self.machine = DryRunMachine(self.limits)
        self.reports: list[ExecutionReport] = []
        self.acked = 0  # reports up to this seq are not kept
        self.heard: list[Message] = []
        self.connections = 0
        self._current: socket.socket | None = None
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> FakePeer:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self.drop()
        self._thread.join()
        self._listener.close()

    def drop(self) -> None:
        """Ends the current connection, whatever is under way."""
        current = self._current
        if current is not None:
            try:
                current.shutdown(socket.SHUT_RDWR)
            except OSError:
                return

    def say(self, *messages: WireStruct) -> None:
        """Sends messages on the current connection, out of turn."""
        assert self._current is not None, "nobody is connected"
        self._current.sendall(b"".join(frame_of(message) for message in messages))

    def _run(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            with connection:
                self._current = connection
                number, self.connections = self.connections, self.connections + 1
                try:
                    self._serve(connection, number)
                except OSError:
                    continue
                finally:
                    self._current = None

    def _serve(self, connection: socket.socket, number: int) -> None:
        cut = self.cuts[number] if number < len(self.cuts) else None
        decoder = FrameDecoder()
        handled, budget = -1, cut.answer_bytes if cut else 0
        while data := connection.recv(1 << 16):
            decoder.feed(data)
            answers = bytearray()
            while (text := decoder.next_frame()) is not None:
                if cut and handled == cut.messages:
                    connection.sendall(answers[:budget])
                    return
                handled += 1
                answer = self._answer(decode(text))
                if handled == 0:
                    connection.sendall(answer)
                else:
                    answers += answer
            if cut and len(answers) > budget:
                connection.sendall(answers[:budget])
                return
            connection.sendall(answers)
            budget -= len(answers)

    def _answer(self, message: Message) -> bytes:
        self.heard.append(message)
        if isinstance(message, ReportAck):
            self._forget(message.seq)
        other = self.on_message(message)
        answers: list[WireStruct] = other if other is not None else self._usual(message)
        return b"".join(frame_of(answer) for answer in answers)

    def _usual(self, message: Message) -> list[WireStruct]:
        if isinstance(message, Hello):
            return self._hello(message)
        if isinstance(message, Tick):
            if message.ts_ms < self.machine.now_ms:
                return [ErrorMessage(code="CLOCK_BACK", message="the clock went back")]
            reports = self._keep(self.machine.advance(message.ts_ms))
            return [*reports, TickAck(ts_ms=message.ts_ms, last_seq=self.machine.next_seq - 1)]
        if isinstance(message, QuoteIntent | DryFill | MarketState):
            return [*self._keep(self.machine.handle(message))]
        if isinstance(message, Control):
            reports = self._keep(self.machine.handle(message))
            ack = ControlAck(action=message.action, open_orders=self.machine.open_orders)
            return [*reports, ack]
        return []

    def _hello(self, hello: Hello) -> list[WireStruct]:
        if self.reject is not None:
            return [self.reject]
        common = set(hello.wire_versions) & set(self.wire_versions)
        if not common:
            return [_unsupported("UNSUPPORTED_WIRE", self.wire_versions)]
        if hello.bundle_version not in self.bundle_versions:
            return [_unsupported("UNSUPPORTED_BUNDLE", self.bundle_versions)]
        ack = HelloAck(
            wire_version=max(common),
            executor_version="0.0.0",
            session_id=f"{self.instance}-{self.connections}",
            capabilities={"dry_run": True, "clock": self.clock},
            next_report_seq=self.machine.next_seq,
        )
        self._forget(hello.last_report_seq)
        return [ack, *self.reports[self.acked :], self.heartbeat()]

    def heartbeat(self) -> Heartbeat:
        return Heartbeat(
            ts_ms=self.machine.now_ms,
            state="READY",
            reason="",
            open_orders=self.machine.open_orders,
            queue_depth=0,
            venue="dry_run",
            next_report_seq=self.machine.next_seq,
        )

    def _forget(self, seq: int) -> None:
        if seq <= len(self.reports):
            self.acked = max(self.acked, seq)

    def _keep(self, reports: list[ExecutionReport]) -> list[ExecutionReport]:
        self.reports.extend(reports)
        return reports


def _unsupported(code: str, supported: tuple[int, ...]) -> HelloReject:
    return HelloReject(code=code, message="not spoken here", supported=supported)
