"""The Rust executor as a child process: supervisor and transport behind the executor protocol."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Final, Literal

from trader.execution.connection import TransportSettings
from trader.execution.executor_py.secret_file import read_secret
from trader.execution.health import Health
from trader.execution.interfaces.executor import DryRunLimits, ExecutorStartError
from trader.execution.interfaces.intents import QuoteIntent
from trader.execution.interfaces.messages import DryFill, Heartbeat, MarketState
from trader.execution.ipc import Bus
from trader.execution.supervisor import Listening, Supervisor, find_binary
from trader.execution.transport import Transport
from trader.monitoring.metrics import Metrics


@dataclass(frozen=True, slots=True)
class External:
    """A sidecar that systemd, say, looks after: where it listens, and the file (0600) with the
    token it wants to hear."""

    listening: Listening
    token_file: Path


@dataclass(frozen=True, slots=True)
class RustExecutorConfig:
    """What the child's JSON and the transport are made from.

    Ports may be 0 (any free one); `host` and `port` are for `tcp`, with `uds` the socket is in the
    run directory. After a fall the link must be well for `recover_s` before new orders are sent
    (with `clock: wall`). Both sides look for the next message `spin_us` before they sleep. `clock`
    is `wire` for replay and the demo, `wall` for live; `trader_timeout_s` (without a word from the
    trader the executor cancels all) is for `wall` only.
    """

    clock: Literal["wall", "wire"] = "wire"
    limits: DryRunLimits = field(default_factory=DryRunLimits)
    transport: Literal["tcp", "uds"] = "tcp"
    host: str = "127.0.0.1"
    port: int = 0
    metrics_host: str = "127.0.0.1"
    metrics_port: int = 0
    heartbeat_ms: int = 1_000
    heartbeat_timeout_s: float = 5.0
    recover_s: float = 2.0
    trader_timeout_s: float = 10.0
    send_queue_max: int = 10_000
    connect_timeout_s: float = 5.0
    tick_timeout_s: float = 10.0
    ready_timeout_s: float = 10.0
    stop_grace_s: float = 5.0
    spin_us: int = 200
    log_level: str = "info"
    log_format: str = "json"
    strategy_commit: str = ""
    bundle_version: int = 1
    live: Mapping[str, Any] | None = None
    """The sections of a live executor: `betfair`, `journal`, `limits`, …; None: a dry run."""
    external: External | None = None
    """Where a sidecar is that somebody else looks after; None: it is started and ended here."""

    def render(self, run_dir: Path) -> dict[str, Any]:
        """The executor's JSON, but for `listen.token_file`, which the supervisor adds."""
        listen: dict[str, Any] = {"transport": self.transport, "spin_us": self.spin_us}
        if self.transport == "tcp":
            listen |= {"host": self.host, "port": self.port}
        else:
            listen |= {"socket": str(run_dir.absolute() / "executor.sock")}
        common: dict[str, Any] = {
            "listen": listen,
            "mode": "dry_run",
            "clock": self.clock,
            "limits": asdict(self.limits),
            "heartbeat_ms": self.heartbeat_ms,
            # In lockstep the trader may think as long as it likes (a debugger, a slow disk).
            "trader_timeout_s": self.trader_timeout_s if self.clock == "wall" else 0.0,
            "metrics": {"host": self.metrics_host, "port": self.metrics_port},
            "log": {"level": self.log_level, "format": self.log_format},
        }
        if self.live is None:
            return common
        # What rests is the trader's to cancel: it may stop the sidecar to go on with another.
        return common | dict(self.live) | {"mode": "live", "on_stop": "leave"}


_ARRIVES_MS: Final = 20
"""What we say is heard by then: a later heartbeat knows of it."""


class RustExecutor:
    """Fulfils `interfaces.executor.Executor`. A killed child is not started again here: in dry run
    its orders are gone with it, and the trader is told so by `ExecutorLost`.
    """

    name = "rust"

    def __init__(
        self,
        bus: Bus,
        config: RustExecutorConfig,
        binary: Path | None = None,
        run_dir: Path = Path("run"),
        metrics: Metrics | None = None,
        heard_seq: int = 0,
    ) -> None:
        """`binary` None: found by `supervisor.find_binary` when started. `heard_seq`: the last
        report that this trader has heard."""
        self._heard_seq = heard_seq
        self._bus = bus
        self._config = config
        self._binary = binary
        self._run_dir = run_dir
        self._metrics = metrics if metrics is not None else Metrics()
        self._supervisor: Supervisor | None = None
        self._transport: Transport | None = None
        self._control_ms = 0
        # In lockstep nothing may depend on how long anything took.
        self._health = Health(config.recover_s if config.clock == "wall" else 0.0)

    @property
    def healthy(self) -> bool:
        return not self.health_reason

    @property
    def health_reason(self) -> str:
        heartbeat = self.heartbeat
        reason = self.link_reason
        if not reason and self._config.live is not None and heartbeat is not None:
            # A dry run says of each intent why it is refused.
            reason = heartbeat.reason
        return self._health.judge(reason, time.monotonic())

    @property
    def open_orders(self) -> int | None:
        """As its newest heartbeat says, if that came after the last control."""
        heartbeat = self.heartbeat
        if heartbeat is None or heartbeat.ts_ms <= self._control_ms:
            return None
        return heartbeat.open_orders + heartbeat.queue_depth

    @property
    def link_reason(self) -> str:
        """Why it cannot be reached; empty when it can."""
        return self._transport.health_reason if self._transport is not None else "not started"

    @property
    def durable(self) -> bool:
        """Whether the orders of the executor outlive its process, as it says itself."""
        ack = self._transport.hello_ack if self._transport is not None else None
        return ack is not None and ack.capabilities.get("durable") is True

    @property
    def heartbeat(self) -> Heartbeat | None:
        """The newest heartbeat; None before the first."""
        return self._transport.heartbeat if self._transport is not None else None

    @property
    def heartbeat_age_s(self) -> float | None:
        """Seconds since it was last heard of; None while it is not started."""
        return self._transport.heartbeat_age_s if self._transport is not None else None

    @property
    def pid(self) -> int | None:
        """The child's process id while it is supervised."""
        return self._supervisor.pid if self._supervisor is not None else None

    @property
    def metrics_address(self) -> tuple[str, int]:
        """Where the executor's own metrics and `/status` are (host, port)."""
        return self._supervisor.metrics if self._supervisor is not None else ("", 0)

    def start(self) -> None:
        """Starts the child and opens the session. On the main thread: see `supervisor`.

        Raises `ExecutorStartError`; nothing is left running then.
        """
        if self._transport is not None:
            raise ExecutorStartError("executor is already started")
        config = self._config
        if config.external is not None:
            listening, token = config.external.listening, read_secret(config.external.token_file)
        else:
            supervisor = self._supervise()
            listening, token = supervisor.listening, supervisor.token
        transport = Transport(
            TransportSettings(
                host=listening.host,
                port=listening.port,
                socket_path=listening.socket_path,
                token=token,
                clock=config.clock,
                strategy_commit=config.strategy_commit,
                bundle_version=config.bundle_version,
                send_queue_max=config.send_queue_max,
                heartbeat_timeout_s=config.heartbeat_timeout_s,
                connect_timeout_s=config.connect_timeout_s,
                tick_timeout_s=config.tick_timeout_s,
                # Where a thread of its own reads, it may sleep: spinning it would stop the others.
                spin_us=config.spin_us if config.clock == "wire" else 0,
            ),
            self._bus,
            self._metrics,
            gone=self._gone,
            heard_seq=self._heard_seq,
        )
        try:
            transport.start()
        except BaseException:
            # Also when the person at the desk does not want to wait.
            transport.stop()
            self._end_child()
            raise
        self._transport = transport

    def _supervise(self) -> Supervisor:
        config = self._config
        binary = self._binary if self._binary is not None else find_binary()
        supervisor = Supervisor(binary, self._run_dir)
        supervisor.start(config.render(self._run_dir), config.ready_timeout_s)
        self._supervisor = supervisor
        return supervisor

    def _gone(self) -> str | None:
        """One of somebody else's comes back, as far as we know."""
        return self._supervisor.gone() if self._supervisor is not None else None

    def _end_child(self) -> None:
        if self._supervisor is not None:
            self._supervisor.stop(self._config.stop_grace_s)
            self._supervisor = None

    def submit(self, intent: QuoteIntent) -> None:
        self._session().submit(intent)

    def market(self, state: MarketState) -> None:
        self._session().market(state)

    def dry_fill(self, fill: DryFill) -> None:
        self._session().dry_fill(fill)

    def control(self, action: str, reason: str) -> None:
        self._control_ms = time.time_ns() // 1_000_000 + _ARRIVES_MS
        self._session().control(action, reason)

    def set_limits(self, limits: DryRunLimits) -> None:
        self._session().configure(json.dumps({"limits": asdict(limits)}, sort_keys=True))

    def clock(self, ts_ms: int) -> None:
        self._session().clock(ts_ms)

    def tick(self, ts_ms: int) -> None:
        self._session().tick(ts_ms)

    def poll(self) -> None:
        self._session().poll()

    def stop(self) -> None:
        """Goodbye; to a child of ours SIGTERM, and SIGKILL after the grace. Safe to call twice."""
        if self._transport is not None:
            self._transport.stop()
        self._end_child()

    def _session(self) -> Transport:
        if self._transport is None:
            raise ExecutorStartError("executor is not started")
        return self._transport
