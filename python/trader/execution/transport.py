"""The client of the executor wire: intents out, reports in, nothing lost or doubled.

The engine's thread does all sending and owns all state (the outbox, the bus's turn); the `link`
reads and reconnects, and hands over events through one queue. So nothing here needs a lock, a send
costs no switch of threads, and a report is heard only when the engine asks.

With `clock: wall` the link is a thread and each message goes out at once. With `clock: wire`
messages are gathered and go out with the next tick, in one write, and the engine's thread, which
waits for the answer, does the link's work meanwhile.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from queue import Empty
from typing import Final

from trader.execution.connection import (
    Connection,
    ConnectionFailed,
    TransportSettings,
    frame_of,
)
from trader.execution.interfaces.executor import (
    ConfigRejectedError,
    ExecutorLost,
    ExecutorProtocolError,
    ExecutorStartError,
)
from trader.execution.interfaces.intents import Action, QuoteIntent
from trader.execution.interfaces.messages import (
    ConfigAck,
    ConfigPush,
    ConfigReject,
    Control,
    ControlAck,
    ControlAction,
    DryFill,
    ErrorMessage,
    Goodbye,
    Heartbeat,
    HeartbeatAck,
    HelloAck,
    MarketState,
    ReportAck,
    Tick,
    TickAck,
)
from trader.execution.interfaces.reports import ExecutionReport
from trader.execution.ipc import Bus
from trader.execution.link import Connected, Disconnected, Event, Link, Lost
from trader.execution.outbox import Kind, Outbox
from trader.monitoring.metrics import Metrics

_LOOK_EVERY_S: Final = 0.05


class Transport:
    """One session with one executor, over as many connections as it takes.

    All methods are for the engine's thread. `gone` says why the executor's process has ended, when
    somebody knows (the supervisor); then reconnecting is given up.
    """

    def __init__(
        self,
        settings: TransportSettings,
        bus: Bus,
        metrics: Metrics | None = None,
        gone: Callable[[], str | None] = lambda: None,
        rng: random.Random | None = None,
        heard_seq: int = 0,
    ) -> None:
        """`heard_seq`: the last report that this trader has heard, from whichever executor."""
        self._settings = settings
        self._bus = bus
        self._metrics = metrics if metrics is not None else Metrics()
        self._lockstep = settings.clock == "wire"
        self._outbox = Outbox(settings.send_queue_max, latest_market_only=not self._lockstep)
        self._link = Link(settings, self._metrics, gone, rng)
        self._link.last_seq = heard_seq
        self._connection: Connection | None = None
        self._gathered = bytearray()
        self._clock_ms = -1
        self._heard_seq = 0
        self._acked_seq = 0
        self._acked_heartbeat: Heartbeat | None = None
        self._ticks_again = 0  # sent again after a reconnect and not yet answered
        self._config_answer: ConfigAck | ConfigReject | None = None
        self._lost = ""
        self._look_at = 0.0
        self.hello_ack: HelloAck | None = None

    # --- health ---

    @property
    def healthy(self) -> bool:
        """Whether new orders may be sent.

        In lockstep a broken connection only makes the next tick wait, so only a lost executor
        counts: what a replay does must not depend on the speed of a reconnect.
        """
        return not self.health_reason

    @property
    def health_reason(self) -> str:
        """Why it is not healthy; empty when it is."""
        if self._lost:
            return self._lost
        if self._lockstep:
            return "" if self.hello_ack is not None else "not connected"
        if not self._link.connected or self._connection is None:
            return self._link.reason or "not connected"
        silent_s = time.monotonic() - self._link.heartbeat_at
        if silent_s > self._settings.heartbeat_timeout_s:
            return f"no heartbeat from executor for {silent_s:.1f} s"
        return ""

    @property
    def heartbeat(self) -> Heartbeat | None:
        """The newest heartbeat."""
        return self._link.heartbeat

    @property
    def heartbeat_age_s(self) -> float:
        """Seconds since the newest heartbeat, or since the session was opened."""
        return time.monotonic() - self._link.heartbeat_at

    # --- life ---

    def start(self) -> None:
        """Connects, says HELLO and takes the reports the executor owes.

        Raises `ExecutorStartError`.
        """
        try:
            connection = self._link.open()
        except ConnectionFailed as error:
            raise ExecutorStartError(str(error)) from None
        clock = connection.hello_ack.capabilities.get("clock")
        if clock != self._settings.clock:
            connection.close()
            raise ExecutorStartError(
                f"executor runs with clock {clock!r}, the trader needs {self._settings.clock!r}"
            )
        if self._lockstep:
            self._link.serve_in_steps(connection)
        else:
            self._link.serve_from(connection)
        deadline = time.monotonic() + self._settings.connect_timeout_s
        try:
            while self._connection is None:
                self._wait(deadline, "did not finish the handshake")
        except ExecutorLost as error:
            self.stop()
            raise ExecutorStartError(str(error)) from None

    def stop(self, reason: str = "trader stops") -> None:
        """Says goodbye and ends the connection; safe to call twice."""
        self._link.end()
        if self._connection is not None:
            self._write(bytes(self._gathered) + self._acks() + frame_of(Goodbye(reason=reason)))
            self._gathered.clear()
        if self._connection is not None:
            self._connection.abort()
            self._connection = None
        self._link.leave()
        if self._link.is_alive():
            self._link.join()
        self._lost = self._lost or "stopped"

    # --- what the router calls ---

    def submit(self, intent: QuoteIntent) -> None:
        """Raises `SendQueueFullError`, `ExecutorLost`."""
        kind = Kind.CANCEL if intent.action is Action.CANCEL else Kind.NEW_ORDER
        self._say(kind, intent.intent_id, frame_of(intent))

    def market(self, state: MarketState) -> None:
        """Raises `ExecutorLost`."""
        self._say(Kind.MARKET, state.market_id, frame_of(state))

    def dry_fill(self, fill: DryFill) -> None:
        """Raises `SendQueueFullError`, `ExecutorLost`."""
        self._say(Kind.DRY_FILL, fill.intent_id, frame_of(fill))

    def control(self, action: str, reason: str) -> None:
        """Raises `ValueError` for an unknown action, `SendQueueFullError`, `ExecutorLost`."""
        self._say(Kind.CONTROL, "", frame_of(Control(action=ControlAction(action), reason=reason)))

    def configure(self, body: str) -> None:
        """Gives the executor another configuration, the text of its file, and waits for its answer.

        Raises `ConfigRejectedError` (nothing has changed then), `SendQueueFullError`,
        `ExecutorLost`.
        """
        if self.hello_ack is None or self.hello_ack.capabilities.get("config") is not True:
            raise ConfigRejectedError("", "this executor takes no configuration while it runs")
        push = ConfigPush(bundle_version=self._settings.bundle_version, body=body)
        number = self._say(Kind.CONFIG, "", frame_of(push))
        self._flush()
        deadline = time.monotonic() + self._settings.tick_timeout_s
        while self._outbox.first_number <= number:
            self._wait(deadline, "did not answer a configuration")
        if isinstance(self._config_answer, ConfigReject):
            raise ConfigRejectedError(self._config_answer.path, self._config_answer.why)

    def clock(self, ts_ms: int) -> None:
        """Lockstep: puts virtual time on without waiting. A time not later is ignored."""
        if self._lockstep and ts_ms > self._clock_ms:
            self._clock_ms = ts_ms
            self._say(Kind.TICK, "", frame_of(Tick(ts_ms=ts_ms)))

    def tick(self, ts_ms: int) -> None:
        """Returns when every report caused so far was delivered; with `clock: wall` as `poll`.

        Raises `ExecutorLost` when the executor is gone or does not answer within
        `tick_timeout_s`, `ExecutorProtocolError` when it refused a message.
        """
        if not self._lockstep:
            self.poll()
            return
        self._raise_if_lost()
        self._clock_ms = max(self._clock_ms, ts_ms)
        number = self._outbox.add(Kind.TICK, "", frame := frame_of(Tick(ts_ms=self._clock_ms)))
        self._gathered += self._acks()
        self._gathered += frame
        self._flush()
        deadline = time.monotonic() + self._settings.tick_timeout_s
        while self._outbox.first_number <= number:
            self._wait(deadline, "did not answer a tick")
        self._deliver()

    def poll(self) -> None:
        """Takes what came in, delivers reports, acknowledges them and heartbeats.

        Raises `ExecutorLost` when the executor is gone for good, `ExecutorProtocolError`.
        """
        if self._lockstep and not self._lost:
            self._look_in()
        while not self._link.inbox.empty():
            self._take(self._link.inbox.get())
        self._deliver()
        self._raise_if_lost()
        if self._link.heartbeat is not self._acked_heartbeat or not self._lockstep:
            self._gathered += self._acks()
        self._flush()

    # --- sending ---

    def _say(self, kind: Kind, key: str, frame: bytes) -> int:
        """Its number in the outbox."""
        self._raise_if_lost()
        number = self._outbox.add(kind, key, frame)
        self._metrics.transport_send_queue_depth = len(self._outbox)
        if self._connection is None:
            # It goes out with everything unconfirmed when there is a connection again.
            return number
        self._gathered += frame
        if not self._lockstep:
            self._flush()
        return number

    def _acks(self) -> bytes:
        """Acknowledgements that are due: of reports delivered, of the newest heartbeat."""
        acks = b""
        if self._heard_seq > self._acked_seq and not len(self._bus):
            acks += frame_of(ReportAck(seq=self._heard_seq))
            self._acked_seq = self._heard_seq
        heartbeat = self._link.heartbeat
        if heartbeat is not None and heartbeat is not self._acked_heartbeat:
            acks += frame_of(HeartbeatAck(ts_ms=heartbeat.ts_ms))
            self._acked_heartbeat = heartbeat
        return acks

    def _flush(self) -> None:
        if self._gathered:
            gathered, self._gathered = self._gathered, bytearray()
            self._write(gathered)

    def _write(self, frames: bytes | bytearray) -> None:
        """Writes to the connection, if there is one. A failed write ends it; nothing is lost."""
        if self._connection is None or not frames:
            return
        try:
            self._connection.send(frames)
        except OSError:
            # Part of a frame may be out: only a new connection can go on. The link thread makes it.
            self._connection.abort()
            self._connection = None

    # --- hearing ---

    def _look_in(self) -> None:
        """Lockstep: now and then takes what came unasked, heartbeats and the connection's end."""
        now = time.monotonic()
        if now < self._look_at:
            return
        self._look_at = now + _LOOK_EVERY_S
        if self._connection is None or self._connection.has_data:
            self._link.step()

    def _next_events(self, deadline: float) -> list[Event]:
        """Raises `Empty` at the deadline."""
        inbox = self._link.inbox
        if not self._lockstep:
            return inbox.get(timeout=max(deadline - time.monotonic(), 0.0))
        while inbox.empty():
            if time.monotonic() >= deadline:
                raise Empty
            self._link.step()
        return inbox.get()

    def _wait(self, deadline: float, complaint: str) -> None:
        """Takes the next events. Raises `ExecutorLost` at the deadline or when it is lost."""
        self._raise_if_lost()
        try:
            events = self._next_events(deadline)
        except Empty:
            since = f" ({self._link.reason})" if self._link.reason else ""
            raise ExecutorLost(f"executor {complaint} in time{since}") from None
        self._take(events)
        self._raise_if_lost()

    def _take(self, events: list[Event]) -> None:
        """Applies events. Raises `ExecutorProtocolError` after the last if one was a refusal."""
        refused: ErrorMessage | None = None
        for event in events:
            if isinstance(event, ExecutionReport):
                is_fill = bool(event.fill_events)
                self._outbox.on_report(event.intent_id, is_fill=is_fill)
                self._heard_seq = event.seq
                self._bus.post(event)
            elif isinstance(event, TickAck):
                self._on_tick_answer()
            elif isinstance(event, ControlAck):
                self._outbox.on_control_ack()
            elif isinstance(event, ConfigAck | ConfigReject):
                self._config_answer = event
                self._outbox.on_config_answer()
            elif isinstance(event, ErrorMessage):
                if event.code == "CLOCK_BACK" and self._ticks_again:
                    # It had handled this tick and later ones before the connection was lost.
                    self._on_tick_answer()
                else:
                    refused = event
            else:
                self._on_link(event)
        self._metrics.transport_send_queue_depth = len(self._outbox)
        if refused is not None:
            raise ExecutorProtocolError(refused.code, refused.message)

    def _on_tick_answer(self) -> None:
        self._outbox.on_tick_ack()
        self._ticks_again = max(self._ticks_again - 1, 0)

    def _on_link(self, event: Connected | Disconnected | Lost) -> None:
        if isinstance(event, Connected):
            self._connection = event.connection
            self.hello_ack = event.connection.hello_ack
            self._gathered.clear()
            # HELLO told the executor what was heard; it need not be acknowledged again, but may.
            self._acked_seq = 0
            self._ticks_again = self._outbox.ticks
            self._write(self._outbox.frames())
        else:
            self._connection = None
            if isinstance(event, Lost):
                self._lost = event.reason

    def _deliver(self) -> None:
        self._bus.drain()

    def _raise_if_lost(self) -> None:
        if self._lost:
            raise ExecutorLost(self._lost)
