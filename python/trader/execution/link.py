"""The reader: keeps a session with the executor alive and hands what it hears to the engine.

It reads, drops repeated reports, watches the heartbeat, reconnects with jittered exponential
backoff. It never sends but HELLO: after a reconnect the engine's thread sends what is unconfirmed.

It is a thread of its own (`serve_from`), or is driven by the engine's (`serve_in_steps`), which in
lockstep waits for answers anyway: that saves the hand-over between two threads, which costs more
than all else of a round trip.
"""

from __future__ import annotations

import logging
import random
import threading
import time
from collections.abc import Callable, Generator
from dataclasses import dataclass
from queue import SimpleQueue
from typing import Final, TypeAlias, TypeVar

from trader.execution.connection import (
    Connection,
    ConnectionFailed,
    HelloRejected,
    TransportSettings,
)
from trader.execution.interfaces.messages import (
    ConfigAck,
    ConfigReject,
    ControlAck,
    ErrorMessage,
    Goodbye,
    Heartbeat,
    Message,
    TickAck,
)
from trader.execution.interfaces.reports import ExecutionReport
from trader.monitoring.metrics import Metrics

T = TypeVar("T")
Steps: TypeAlias = Generator[None, None, T]
"""Work in steps that each end soon; gives a `T` in the end."""

log = logging.getLogger(__name__)

# Reasons to refuse a session that waiting does not cure.
_FINAL_REJECTS: Final = frozenset(
    {"BAD_TOKEN", "UNSUPPORTED_WIRE", "UNSUPPORTED_BUNDLE", "BAD_HELLO"}
)
# Errors that end a connection through no fault of a message: the next connection makes them good.
_CURED_BY_RECONNECTING: Final = frozenset({"TRUNCATED", "REPORTS_UNACKED"})


@dataclass(frozen=True, slots=True)
class Connected:
    """A session stands and all reports from before it were handed over."""

    connection: Connection


@dataclass(frozen=True, slots=True)
class Disconnected:
    reason: str


@dataclass(frozen=True, slots=True)
class Lost:
    """There will be no further connection."""

    reason: str


Event: TypeAlias = (
    ExecutionReport
    | TickAck
    | ControlAck
    | ConfigAck
    | ConfigReject
    | ErrorMessage
    | Connected
    | Disconnected
    | Lost
)


class Link(threading.Thread):
    """Events go to `inbox` in lists, in order. The plain attributes may be read from any thread."""

    def __init__(
        self,
        settings: TransportSettings,
        metrics: Metrics,
        gone: Callable[[], str | None],
        rng: random.Random | None = None,
    ) -> None:
        """`gone` says why the executor's process has ended (None while it runs or is unknown)."""
        super().__init__(name="executor-link", daemon=True)
        self.inbox: SimpleQueue[list[Event]] = SimpleQueue()
        self.heartbeat: Heartbeat | None = None
        self.heartbeat_at = 0.0  # time.monotonic() of the newest heartbeat (or of HELLO_ACK)
        self.connected = False
        self.last_seq = 0
        self.reason = ""  # of the last failure
        self._settings = settings
        self._metrics = metrics
        self._gone = gone
        self._rng = rng if rng is not None else random.Random()
        self._ending = threading.Event()
        self._left = False
        self._gap_at = -1
        self._joined = False  # whether `last_seq` is where this trader stands with the executor
        self._lost = False
        self._instance: str | None = None
        self._steps: Steps[None] = _nothing()

    def open(self) -> Connection:
        """A session, on the caller's thread. Raises `ConnectionFailed`."""
        connection = Connection(self._settings, self.last_seq)
        self.heartbeat_at = time.monotonic()
        return connection

    def serve_from(self, connection: Connection) -> None:
        """Starts the thread on a session just opened."""
        self._steps = self._keep_alive(connection)
        self.start()

    def serve_in_steps(self, connection: Connection) -> None:
        """The caller's thread will do it all, with `step`."""
        self._steps = self._keep_alive(connection)

    def step(self) -> None:
        """Waits a moment for something to happen; what did is in `inbox`."""
        try:
            next(self._steps)
        except StopIteration:
            if not self._lost:
                self._lose("the connection to the executor was ended")
        except Exception as error:
            self._fail(error)

    def end(self) -> None:
        """There will be no further connection; the one there is may still be written to."""
        self._ending.set()

    def leave(self) -> None:
        """Asks the thread to end, whatever connection it has just made; the caller joins."""
        self._left = True
        if not self.is_alive():
            # There is none: what it was about to do ends here.
            self._steps.close()

    def run(self) -> None:
        try:
            for _ in self._steps:
                continue
        except Exception as error:
            self._fail(error)

    def _fail(self, error: Exception) -> None:
        """Whatever it is, the engine must not wait for what will never come."""
        log.exception("executor link failed")
        self._lose(f"executor link failed: {error!r}")
        self.connected = False

    def _keep_alive(self, connection: Connection | None) -> Steps[None]:
        while connection is not None:
            try:
                self.reason = yield from self._serve(connection)
            finally:
                self.connected = False
                connection.close()
            if self._ending.is_set():
                return
            log.warning("executor connection lost: %s", self.reason)
            self.inbox.put([Disconnected(self.reason)])
            connection = yield from self._reconnect()

    def _serve(self, connection: Connection) -> Steps[str]:
        """Reads until the connection ends or the trader stops; returns why."""
        instance = connection.hello_ack.session_id.rpartition("-")[0]
        durable = connection.hello_ack.capabilities.get("durable") is True
        if self._instance not in {None, instance} and not durable:
            return self._lose("executor was started anew: the orders and reports before are gone")
        self._instance = instance
        deadline = time.monotonic() + self._settings.connect_timeout_s
        try:
            # Asked every time: the engine can only abort a connection it has taken notice of.
            while not self._left:
                self._hear(connection, connection.receive())
                self._check_time(deadline)
                yield
            return "trader stops"
        except ConnectionFailed as error:
            return str(error)
        finally:
            connection.abort()

    def _hear(self, connection: Connection, messages: list[Message]) -> None:
        """Hands over what the engine must know. Raises `ConnectionFailed` to end the connection."""
        events: list[Event] = []
        try:
            for message in messages:
                self._hear_one(message, events)
                if not self.connected and isinstance(message, Heartbeat):
                    self._catch_up(message)
                    events.append(Connected(connection))
        finally:
            # What came before a message that ends the connection was heard.
            if events:
                self.inbox.put(events)

    def _hear_one(self, message: Message, events: list[Event]) -> None:
        if isinstance(message, ExecutionReport):
            if self._is_new(message):
                events.append(message)
        elif isinstance(message, Heartbeat):
            self._on_heartbeat(message)
        elif isinstance(message, ErrorMessage) and message.code in _CURED_BY_RECONNECTING:
            raise ConnectionFailed(f"executor ended it: {message.code}: {message.message}")
        elif isinstance(message, TickAck | ControlAck | ConfigAck | ConfigReject | ErrorMessage):
            events.append(message)
        elif isinstance(message, Goodbye):
            raise ConnectionFailed(f"executor said goodbye: {message.reason}")
        else:
            raise ConnectionFailed(f"executor sent {type(message).__name__}")

    def _is_new(self, report: ExecutionReport) -> bool:
        """Drops repeats by seq."""
        if report.seq <= self.last_seq:
            self._metrics.duplicate_reports_total += 1
            return False
        self._expect(report.seq)
        self.last_seq = report.seq
        return True

    def _catch_up(self, heartbeat: Heartbeat) -> None:
        """The first heartbeat of a connection: all reports the executor kept were before it (S8).

        A trader new to an executor that has been running misses those acknowledged long ago; they
        were another trader's.
        """
        self._expect(heartbeat.next_report_seq)
        self.last_seq = max(self.last_seq, heartbeat.next_report_seq - 1)
        self.connected = True

    def _expect(self, next_seq: int) -> None:
        """A gap before `next_seq` is asked for again once, by reconnecting, then final."""
        if self._joined and next_seq > self.last_seq + 1:
            gap = f"reports {self.last_seq + 1} to {next_seq - 1} are missing"
            if self._gap_at == self.last_seq:
                raise ConnectionFailed(self._lose(gap))
            self._gap_at = self.last_seq
            raise ConnectionFailed(gap)
        self._joined = True

    def _on_heartbeat(self, heartbeat: Heartbeat) -> None:
        self.heartbeat_at = time.monotonic()
        self.heartbeat = heartbeat
        self._metrics.executor_heartbeats_total += 1

    def _check_time(self, deadline: float) -> None:
        now = time.monotonic()
        silent_s = now - self.heartbeat_at
        if silent_s > self._settings.heartbeat_timeout_s:
            self._metrics.executor_heartbeats_missed_total += 1
            raise ConnectionFailed(f"no heartbeat from executor for {silent_s:.1f} s")
        if not self.connected and now > deadline:
            raise ConnectionFailed("executor did not send the reports it owes in time")

    def _reconnect(self) -> Steps[Connection | None]:
        """A new session, however long it takes; None when there will be none."""
        attempt = 0
        while not self._ending.is_set() and not self._lost_for_good():
            ceiling_s = min(
                self._settings.backoff_max_s, self._settings.backoff_base_s * 2**attempt
            )
            attempt = min(attempt + 1, 30)
            # Full jitter: traders that lost the same executor do not come back in step.
            if self._ending.wait(self._rng.uniform(0.0, ceiling_s)):
                return None
            try:
                connection = self.open()
            except HelloRejected as error:
                self.reason = str(error)
                if error.code in _FINAL_REJECTS:
                    self._lose(str(error))
                yield
            except ConnectionFailed as error:
                self.reason = str(error)
                yield
            else:
                self._metrics.transport_reconnects_total += 1
                log.info("executor connection is back after %d attempts", attempt)
                return connection
        return None

    def _lost_for_good(self) -> bool:
        why = self._gone()
        if why is not None and not self._lost:
            self._lose(why)
        return self._lost

    def _lose(self, reason: str) -> str:
        self._lost = True
        self.reason = reason
        log.error("executor is lost: %s", reason)
        self.inbox.put([Lost(reason)])
        return reason


def _nothing() -> Steps[None]:
    """No steps."""
    yield from ()
