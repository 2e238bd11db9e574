"""One executor to the trader, whichever of two runs: chosen at the start, changed while orders are
open, started again when it dies, replaced by the other when it will not come back.

What keeps an order from being placed twice is **the journal: whoever holds its lock is the
executor, and there is one.** Both executors read and write the same journal. So:

1. The other one is started only after the running one has given the journal up. A sidecar that is
   ours to supervise is asked to stop, and killed (SIGKILL, which a stopped process does not
   survive either) when it does not; the kernel frees the lock when the process is gone.
2. A sidecar that somebody else supervises is never killed here. While it holds the journal, alive
   or hanging, the other one refuses to start and orders stay paused; that is tried again.
3. The new one reads in the journal what the former has sent, holds it against the venue, and sends
   nothing again that may have arrived. What the former never took up (nobody reported on it) is
   handed to it once more, under its name: an intent that the journal knows is dropped.
"""

from __future__ import annotations

import logging
import time
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final, Literal, Protocol, TypeAlias

from trader.execution.interfaces.executor import (
    DryRunLimits,
    Executor,
    ExecutorLost,
    ExecutorStartError,
    SendQueueFullError,
)
from trader.execution.interfaces.intents import QuoteIntent
from trader.execution.interfaces.messages import DryFill, MarketState, MarketStatus
from trader.execution.interfaces.reports import ExecutionReport, Status
from trader.execution.ipc import Bus
from trader.monitoring.executor_metrics import ExecutorMoment, Measured
from trader.monitoring.metrics import Metrics

BackendName: TypeAlias = Literal["python", "rust"]
UNANSWERED_MAX: Final = 10_000
_LOOK_S: Final = 0.002

_log: Final = logging.getLogger(__name__)


class Backend(Executor, Protocol):
    """An executor with a journal."""

    @property
    def link_reason(self) -> str:
        """Why it cannot be reached; empty when it can."""

    @property
    def open_orders(self) -> int | None:
        """How many orders it has open, after all it was sent; None when it has not said."""


Makers: TypeAlias = Mapping[BackendName, Callable[[int], Backend]]
"""How each is made, not started, for a trader that has heard the reports up to a number."""


@dataclass(frozen=True, slots=True)
class SwitchPolicy:
    """What is done when the running one is away.

    With `supervise` "child" a backend that has died or hangs is ended and started again, `restarts`
    times within `restart_window_s` at most; after that the `fallback` takes over (None: orders are
    paused). With "external" somebody else starts the sidecar again, and the fallback takes over as
    soon as it has given the journal up. What fails is tried again after `retry_s`.
    `last_cancels_s`: for the venue to cancel what rests when the trader stops.
    """

    supervise: Literal["child", "external"] = "child"
    fallback: BackendName | None = None
    restarts: int = 5
    restart_window_s: float = 60.0
    retry_s: float = 2.0
    cancel_on_stop: bool = True
    last_cancels_s: float = 3.0


@dataclass(slots=True)
class _Seen:
    """What a new backend has to be told."""

    killed: str | None = None
    markets: dict[str, MarketState] = field(default_factory=dict)
    unanswered: dict[str, QuoteIntent] = field(default_factory=dict)
    open: set[str] = field(default_factory=set)


class SwitchingExecutor:
    """Fulfils `interfaces.executor.Executor`. Build it before other subscribers join the bus."""

    durable = True

    def __init__(
        self,
        bus: Bus,
        backends: Makers,
        backend: BackendName,
        policy: SwitchPolicy | None = None,
        metrics: Metrics | None = None,
        heard_seq: int = 0,
    ) -> None:
        """`backends`: how each is made, not started, for a trader that has heard the reports up to
        a number, which is `heard_seq` to begin with."""
        self._bus = bus
        self._make = backends
        self._policy = policy if policy is not None else SwitchPolicy()
        self._metrics = metrics if metrics is not None else Metrics()
        self._name: BackendName = backend
        self._active: Backend | None = None
        self._away = "not started"
        self._retry_at_s = 0.0
        self._restarts: deque[float] = deque()
        self._seen = _Seen()
        self._stopped = False
        self._heard_seq = heard_seq
        self.restarts = 0
        self._said = ""
        bus.subscribe(self._on_report)

    # --- Executor -------------------------------------------------------------------------------

    @property
    def name(self) -> str:
        """Of the one that runs."""
        return self._name

    @property
    def healthy(self) -> bool:
        return not self.health_reason

    @property
    def health_reason(self) -> str:
        return self._active.health_reason if self._active is not None else self._away

    @property
    def active(self) -> Backend | None:
        """The one that runs; None while nobody does."""
        return self._active

    @property
    def why_away(self) -> str:
        """Why the last start of an executor has failed, or the last one was ended."""
        return self._away

    def start(self) -> None:
        """Raises `ExecutorStartError`: at the start nothing is replaced by anything."""
        self._begin(self._name)

    def submit(self, intent: QuoteIntent) -> None:
        if len(self._seen.unanswered) >= UNANSWERED_MAX:
            raise SendQueueFullError(f"{UNANSWERED_MAX} intents wait for an executor")
        self._seen.unanswered[intent.intent_id] = intent
        self._tell(lambda backend: backend.submit(intent))

    def market(self, state: MarketState) -> None:
        self._seen.markets[state.market_id] = state
        self._tell(lambda backend: backend.market(state))
        if state.status is MarketStatus.CLOSED:
            del self._seen.markets[state.market_id]

    def dry_fill(self, fill: DryFill) -> None:
        self._tell(lambda backend: backend.dry_fill(fill))

    def control(self, action: str, reason: str) -> None:
        """Raises `ExecutorLost` while there is nobody to do it: it must not be thought done."""
        if action != "cancel_all":
            self._seen.killed = reason if action == "kill" else None
        if self._active is None:
            raise ExecutorLost(self._away)
        self._active.control(action, reason)

    def adopted(self, intent_ids: Iterable[str]) -> None:
        """These orders are open, of a trader before this one: nobody has reported on them yet."""
        self._seen.open.update(intent_ids)

    def set_limits(self, limits: DryRunLimits) -> None:
        self._tell(lambda backend: backend.set_limits(limits))

    def clock(self, ts_ms: int) -> None:
        self._tell(lambda backend: backend.clock(ts_ms))

    def tick(self, ts_ms: int) -> None:
        self._tell(lambda backend: backend.tick(ts_ms))
        self._watch()

    def poll(self) -> None:
        self._tell(lambda backend: backend.poll())
        self._watch()

    def stop(self) -> None:
        """Cancels what rests (`cancel_on_stop`) and ends the one that runs."""
        if not self._stopped and self._policy.cancel_on_stop and self._active is not None:
            self._cancel_the_rest()
        self._stopped = True
        self._end("stopped")

    def moment(self) -> ExecutorMoment | None:
        """The figures of the one that runs, where that is in this process."""
        active: object = self._active
        return active.moment() if isinstance(active, Measured) else None

    # --- changing -------------------------------------------------------------------------------

    def switch(self, backend: BackendName, *, made_before: Makers | None = None) -> None:
        """Changes to the other executor, orders open or not. Raises `ExecutorStartError` when that
        does not start: then the former one runs again (of `made_before`, where executors are made
        in another way by now), or nobody does and `health_reason` says so.
        """
        if backend == self._name and self._active is not None:
            return
        if not self._is_ours:
            # Only once it has given the journal up: until then the other one does not start.
            self._begin(backend)
            return
        former = self._name
        self._end(f"switching to {backend}")
        self._begin_or_go_back(backend, former, made_before or self._make)
        _log.warning("orders are in the hands of the %s executor", backend)

    def reconfigure(
        self,
        backends: Makers,
        backend: BackendName,
        policy: SwitchPolicy,
        *,
        anew: bool,
    ) -> None:
        """Goes on with what these make: `anew` also where the same one runs already, which reads
        its orders in the journal as any other would. Raises `ExecutorStartError` when that does
        not start: then all is as it was before, or nobody runs and `health_reason` says so."""
        if policy.supervise != self._policy.supervise:
            raise ExecutorStartError("who supervises the sidecar cannot change while it runs")
        if anew and policy.supervise == "external" and "rust" in (self._name, backend):
            raise ExecutorStartError(
                "the sidecar is somebody else's (execution.supervise: external), and reads its"
                " configuration when it is started: restart it and the trader"
            )
        former = (self._make, self._policy)
        self._make, self._policy = backends, policy
        try:
            if anew and self._active is not None and backend == self._name:
                self._end("configured anew")
                self._begin_or_go_back(backend, backend, former[0])
            else:
                self.switch(backend, made_before=former[0])
        except ExecutorStartError:
            self._make, self._policy = former
            raise
        self._restarts.clear()

    def _begin_or_go_back(
        self, backend: BackendName, back: BackendName, made_before: Makers
    ) -> None:
        """Raises `ExecutorStartError` when the one does not start; the former runs then, if that
        does."""
        try:
            self._begin(backend)
        except ExecutorStartError as error:
            _log.error("%s does not start, %s goes on: %s", backend, back, error)
            self._make = made_before
            self._try(back)
            raise

    def _begin(self, backend: BackendName) -> None:
        """Raises `ExecutorStartError`; nobody runs then."""
        # What the former one has said, or one that did not start, is heard before it is asked for
        # again: a match that is told twice would be evened out twice.
        self._bus.drain()
        try:
            made = self._make[backend](self._heard_seq)
            made.start()
        except ExecutorStartError as error:
            self._away = str(error)
            raise
        if backend != self._name:
            self._metrics.executor_switches_total += 1
        former = self._active
        self._active, self._name, self._away = made, backend, ""
        if former is not None:
            former.stop()  # somebody else's, and it has no journal any more
        self._tell_all()

    def _tell_all(self) -> None:
        """Everything that it may not know; what it knows is dropped by its name."""
        if self._seen.killed is not None:
            why = self._seen.killed
            self._tell(lambda backend: backend.control("kill", why))
        for state in list(self._seen.markets.values()):
            self._tell(lambda backend, state=state: backend.market(state))  # type: ignore[misc]
        for intent in list(self._seen.unanswered.values()):
            self._tell(lambda backend, intent=intent: backend.submit(intent))  # type: ignore[misc]

    def _end(self, why: str) -> None:
        active, self._active = self._active, None
        if active is not None:
            self._away = why
            active.stop()

    # --- watching -------------------------------------------------------------------------------

    def _watch(self) -> None:
        """A backend that is away is started again, or replaced."""
        if self._stopped:
            return
        reason = self._away if self._active is None else self._active.link_reason
        if not reason:
            self._said = ""
            return
        if reason != self._said:
            _log.error("the %s executor is away: %s", self._name, reason)
            self._said = reason
        if self._is_ours and self._active is not None:
            self._end(reason)
            self._retry_at_s = 0.0
        now_s = time.monotonic()
        if now_s < self._retry_at_s:
            return
        self._retry_at_s = now_s + self._policy.retry_s
        if self._active is None and self._may_restart(now_s) and self._try(self._name):
            self.restarts += 1
            self._metrics.executor_restarts_total += 1
            _log.warning("the %s executor was started again", self._name)
            return
        fallback = self._policy.fallback
        if fallback is not None and fallback != self._name and self._try(fallback):
            _log.error("orders are in the hands of the %s executor", fallback)

    @property
    def _is_ours(self) -> bool:
        """Whether the one that runs is ours to end."""
        return self._policy.supervise == "child" or self._name == "python"

    def _may_restart(self, now_s: float) -> bool:
        while self._restarts and now_s - self._restarts[0] > self._policy.restart_window_s:
            self._restarts.popleft()
        if len(self._restarts) >= self._policy.restarts:
            return False
        self._restarts.append(now_s)
        return True

    def _try(self, backend: BackendName) -> bool:
        try:
            self._begin(backend)
        except ExecutorStartError as error:
            _log.error("the %s executor does not start: %s", backend, error)
            return False
        return True

    def _tell(self, call: Callable[[Backend], None]) -> None:
        """Nothing while nobody runs. That it is lost shows in `link_reason`, which is looked at
        next."""
        if self._active is None:
            return
        try:
            call(self._active)
        except ExecutorLost as error:
            _log.debug("the %s executor: %s", self._name, error)

    def _cancel_the_rest(self) -> None:
        self._tell(lambda backend: backend.control("cancel_all", "the trader stops"))
        deadline_s = time.monotonic() + self._policy.last_cancels_s
        while self._are_open() and time.monotonic() < deadline_s:
            self._tell(lambda backend: backend.poll())
            time.sleep(_LOOK_S)
        if self._are_open():
            _log.error("stopped with orders open: see `trader orders`")

    def _are_open(self) -> bool:
        """Whether orders rest or may come to rest. While nobody hears reports, the executor is
        asked itself."""
        if not self._bus.is_halted:
            return bool(self._seen.open or self._seen.unanswered)
        return self._active is not None and self._active.open_orders != 0

    def _on_report(self, report: ExecutionReport) -> None:
        self._heard_seq = max(self._heard_seq, report.seq)
        self._seen.unanswered.pop(report.intent_id, None)
        if report.status is Status.AMENDED:
            return  # of an order that has ended
        if report.is_terminal:
            self._seen.open.discard(report.intent_id)
        else:
            self._seen.open.add(report.intent_id)
