"""The way to the venue and back, on threads: requests go out on pools (cancels on one of their own:
no slow placement holds them up), the order stream is read on another thread, and what they bring
waits in an inbox until the engine's thread takes it.

With a `Lockstep` the venue stands still while the engine works, and one request is sent after the
other; what came is taken in in an order of its own, answers as they were asked for and then lines:
a run depends on no machine's speed and on no race of threads.
"""

from __future__ import annotations

import logging
import math
import threading
import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Final, Protocol

import msgspec

from trader.betfair.dial import StreamEndpoint, StreamError
from trader.betfair.stream import StreamClient, StreamCredentials, Subscription
from trader.execution.executor_py.venue_bets import OrderLine, read_order_line
from trader.execution.executor_py.venue_chores import Chores
from trader.execution.executor_py.venue_client import VenueClient, VenueError
from trader.execution.executor_py.venue_settings import VenueSettings
from trader.execution.interfaces.executor import ExecutorLost, ExecutorStartError
from trader.execution.orders import event as events
from trader.execution.orders import facts, request
from trader.execution.orders.kinds import Kind

PLACE_WORKERS: Final = 6
CANCEL_WORKERS: Final = 2
LOOK_WORKERS: Final = 2
"""The venue answers three listings of an account at a time; one is left to others."""
QUIET_TIMEOUT_S: Final = 20.0
"""The longest wait for answers: longer than the venue's own time for an order in play."""
HEARTBEAT_MS: Final = 1_000
LOOK_S: Final = 0.0005
_WAIT_S: Final = 0.2
PAUSE_FIRST_S: Final = 0.25
PAUSE_MAX_S: Final = 30.0

_log: Final = logging.getLogger("trader.executor")


class Lockstep(Protocol):
    """A venue whose time stands while we work, and that can be asked how far it is."""

    def parked_requests(self) -> int:
        """Requests it has taken and will only answer when its time goes on."""
        ...

    def lines_sent(self, connection_id: str) -> int:
        """Lines it has sent on a stream connection."""
        ...


@dataclass(frozen=True, slots=True)
class _Fact:
    """Something that came from the venue. `number` is the place of the request it answers."""

    number: int | None
    events: tuple[events.Event, ...]


class VenueLink:
    """Of one executor. What is not said to be for any thread is for the engine's."""

    def __init__(
        self,
        client: VenueClient,
        stream: StreamEndpoint,
        app_key: str,
        settings: VenueSettings,
        lockstep: Lockstep | None,
    ) -> None:
        self.lost: str | None = None
        """Why nothing can be done any more; written where that is found out."""
        self.is_logged_out = self.is_stale = False
        self.in_flight = 0
        """Requests that have not ended."""
        self._client = client
        self._lockstep = lockstep
        self.stream = StreamClient(
            stream,
            Subscription(
                "orderSubscription",
                {"orderFilter": {"customerStrategyRefs": [settings.strategy_ref]}},
                heartbeat_ms=HEARTBEAT_MS,
                silent_s=None if lockstep is None else math.inf,
            ),
            StreamCredentials(app_key, lambda: client.token, self._login_again),
        )
        self._pools = {
            Kind.CANCEL: ThreadPoolExecutor(CANCEL_WORKERS, "venue-cancel"),
            Kind.LOOK_UP: ThreadPoolExecutor(LOOK_WORKERS, "venue-look"),
        }
        self._pools[Kind.PLACE] = self._pools[Kind.REPLACE] = ThreadPoolExecutor(
            PLACE_WORKERS, "venue-place"
        )
        self._halt = threading.Event()
        self._threads: list[threading.Thread] = [
            threading.Thread(target=self._read, name="venue-orders", daemon=True),
        ]
        if lockstep is None:
            self._threads.append(Chores(client, settings, self._heard, self._halt))
        self._inbox: deque[_Fact] = deque()
        self._came = threading.Condition()
        self._asked = 0
        self._position = ("", 0)

    def start(self) -> None:
        """Reads the order stream, and does what has to be done now and then, from now on."""
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Ends the threads and the stream; requests that have not left do not."""
        self._halt.set()
        for pool in self._pools.values():
            pool.shutdown(wait=False, cancel_futures=True)
        for thread in self._threads:
            if thread.ident is not None:
                thread.join(timeout=2.0)
        self.stream.close()

    def raise_if_lost(self) -> None:
        """Raises `ExecutorLost`."""
        if self.lost is not None:
            raise ExecutorLost(self.lost)

    @property
    def has_come(self) -> bool:
        """Whether something waits to be taken in."""
        return bool(self._inbox)

    def take_in(self) -> list[events.Event]:
        """What has come since it was last asked."""
        came = [self._inbox.popleft() for _ in range(len(self._inbox))]
        if self._lockstep is not None:
            came.sort(key=lambda fact: math.inf if fact.number is None else fact.number)
        return [event for fact in came for event in fact.events]

    def send(self, wanted: request.Request, more_s: float) -> None:
        """`more_s`: how much longer than usual the venue may take."""
        self._on_a_worker(wanted.kind, lambda: self._ask(wanted, more_s))

    def log_in(self) -> None:
        """Until there is a session, which is then told."""
        self._on_a_worker(Kind.PLACE, self._log_in)

    def await_quiet(self) -> None:
        """In lockstep: until all that was asked has come back, or waits for a later time. Raises
        `ExecutorLost`."""
        self._wait(self._is_quiet)

    def _on_a_worker(self, kind: Kind, ask: Callable[[], tuple[events.Event, ...]]) -> None:
        number = self._asked
        self._asked += 1
        with self._came:
            self.in_flight += 1

        def work() -> None:
            happened = ask()
            with self._came:
                self.in_flight -= 1
                self._inbox.append(_Fact(number, happened))
                self._came.notify_all()

        self._pools[kind].submit(work)
        if self._lockstep is not None:
            self._wait(self._is_taken)

    def _wait(self, is_over: Callable[[], bool]) -> None:
        deadline_s = time.monotonic() + QUIET_TIMEOUT_S
        with self._came:
            while not is_over():
                self.raise_if_lost()
                if time.monotonic() > deadline_s:
                    raise ExecutorLost(f"the venue does not answer for {QUIET_TIMEOUT_S:g} s")
                self._came.wait(LOOK_S)  # the venue does not tell when it parks a request

    def _is_taken(self) -> bool:
        """Whether the venue has every request so far: answered, or kept for a later time."""
        assert self._lockstep is not None, "asked in lockstep only"
        return self.in_flight <= self._lockstep.parked_requests()

    def _is_quiet(self) -> bool:
        assert self._lockstep is not None, "asked in lockstep only"
        connection_id, lines = self._position
        return self._is_taken() and lines >= self._lockstep.lines_sent(connection_id)

    # --- the other threads ----------------------------------------------------------------------

    def _ask(self, wanted: request.Request, more_s: float) -> tuple[events.Event, ...]:
        """On a worker: one request."""
        try:
            if wanted.kind is Kind.LOOK_UP:
                return (events.Looked(wanted.number, self._look(wanted)),)
            return (events.Answered(wanted.number, self._client.change(wanted, more_s)),)
        except Exception as error:
            _log.exception("a request failed")
            if wanted.kind is Kind.LOOK_UP:
                return (events.Looked(wanted.number, None),)
            return (events.Answered(wanted.number, facts.Lost(str(error)[:200])),)

    def _look(self, wanted: request.Request) -> list[facts.Bet] | None:
        try:
            return self._client.look_up(wanted)
        except VenueError as error:
            _log.warning("a look-up failed: %s", error)
            return None

    def _log_in(self) -> tuple[events.Event, ...]:
        """On a worker: until there is a session."""
        pause_s = PAUSE_FIRST_S
        while not self._halt.is_set():
            try:
                self._login_again()
            except ExecutorStartError as error:
                _log.error("no session: %s", error)
                self._halt.wait(pause_s)
                pause_s = min(pause_s * 2, PAUSE_MAX_S)
            else:
                return (events.LoggedIn(),)
        return ()

    def _login_again(self) -> str:
        try:
            token = self._client.login(instead_of=self._client.token)
        except ExecutorStartError:
            self.is_logged_out = True
            raise
        self.is_logged_out = False
        return token

    def _read(self) -> None:
        """On the stream's thread: lines into the inbox."""
        bets: list[facts.Bet] = []
        is_image = False
        try:
            while not self._halt.is_set():
                raw = self.stream.next_line(_WAIT_S)
                if raw is not None:
                    line = read_order_line(raw)
                    self.is_stale = line.is_stale
                    bets += line.bets
                    is_image = is_image or line.is_image
                    if line.is_whole:
                        self._heard(*_told(tuple(bets), line, is_image=is_image))
                        bets, is_image = [], False
                self._position = self.stream.position
        except (StreamError, ExecutorStartError, msgspec.MsgspecError) as error:
            if not self._halt.is_set():
                self.lost = f"the order stream is lost: {error}"
        with self._came:
            self._came.notify_all()

    def _heard(self, *happened: events.Event) -> None:
        with self._came:
            self._inbox.append(_Fact(None, happened))
            self._came.notify_all()


def _told(
    bets: tuple[facts.Bet, ...], line: OrderLine, *, is_image: bool
) -> tuple[events.Event, ...]:
    if line.is_stale:
        _log.warning("the venue says that its order stream may be old")
    if is_image:
        return (events.Reconciled(list(bets)),)
    return tuple(events.Shown(bet) for bet in bets)
