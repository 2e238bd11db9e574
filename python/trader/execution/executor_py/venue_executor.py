"""The executor in this process that places real orders at a venue: the simulated exchange.

`VenueOrders` decides; here are the threads around it: requests on a pool (cancels on one of their
own: no slow placement holds them up), the order stream on another. What they bring is put in an
inbox and taken in on the engine's thread, in `tick` and `poll`.

With a `Lockstep` the venue stands still while the engine works, and `tick` returns when everything
that was caused so far has come back. What came is then taken in in an order of its own, answers as
they were asked for and then lines: a run depends on no machine's speed and on no race of threads.
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

from trader.betfair.stream import (
    StreamClient,
    StreamCredentials,
    StreamEndpoint,
    StreamError,
    Subscription,
)
from trader.execution.executor_py.order_lines import of_current_order, read_order_line
from trader.execution.executor_py.venue_client import Outcome, VenueClient
from trader.execution.executor_py.venue_facts import BetState, VenueRequest
from trader.execution.executor_py.venue_orders import VenueOrders
from trader.execution.interfaces.executor import (
    ConfigRejectedError,
    DryRunLimits,
    ExecutorLost,
    ExecutorStartError,
    SendQueueFullError,
)
from trader.execution.interfaces.intents import QuoteIntent
from trader.execution.interfaces.messages import DryFill, MarketState
from trader.execution.ipc import Bus

PLACE_WORKERS: Final = 6
CANCEL_WORKERS: Final = 2
IN_FLIGHT_MAX: Final = 1_000
START_TIMEOUT_S: Final = 20.0
QUIET_TIMEOUT_S: Final = 20.0
"""The longest wait for answers: longer than the venue's own time for an order in play."""
HEARTBEAT_MS: Final = 1_000
LOOK_UP_MS: Final = 20_000
_WAIT_S: Final = 0.2
_LOOK_S: Final = 0.0005

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
    """Something that came from the venue. `number` is that of the request it answers."""

    number: int | None
    request: VenueRequest | None
    outcome: Outcome | None
    states: tuple[BetState, ...] = ()
    is_image: bool = False


class VenueExecutor:
    """Fulfils `interfaces.executor.Executor`."""

    name = "python"

    def __init__(
        self,
        bus: Bus,
        client: VenueClient,
        stream: StreamEndpoint,
        app_key: str,
        *,
        strategy_ref: str,
        lockstep: Lockstep | None = None,
    ) -> None:
        self.orders = VenueOrders(LOOK_UP_MS)
        self._bus = bus
        self._client = client
        self._lockstep = lockstep
        self._stream = StreamClient(
            stream,
            Subscription(
                "orderSubscription",
                {"orderFilter": {"customerStrategyRefs": [strategy_ref]}},
                heartbeat_ms=HEARTBEAT_MS,
                silent_s=None if lockstep is None else math.inf,
            ),
            StreamCredentials(
                app_key, lambda: client.token, lambda: client.login(instead_of=client.token)
            ),
        )
        self._placing = ThreadPoolExecutor(PLACE_WORKERS, "venue-place")
        self._cancelling = ThreadPoolExecutor(CANCEL_WORKERS, "venue-cancel")
        self._reader = threading.Thread(target=self._read, name="venue-orders", daemon=True)
        self._inbox: deque[_Fact] = deque()
        self._came = threading.Condition()
        self._in_flight = 0
        self._asked = 0
        self._position = ("", 0)
        self._images = 0
        self._stopping = False
        self._started = False
        self._lost: str | None = None
        self._ending = False

    # --- Executor -------------------------------------------------------------------------------

    @property
    def healthy(self) -> bool:
        return self._started and self._lost is None

    @property
    def health_reason(self) -> str:
        if self._lost is not None:
            return self._lost
        return "" if self._started else "not started"

    def start(self) -> None:
        """Logs in and waits for the image of the order stream. Raises `ExecutorStartError`."""
        self._client.login()
        self._reader.start()
        with self._came:
            came = self._came.wait_for(
                lambda: self._images > 0 or self._lost is not None, START_TIMEOUT_S
            )
        if self._lost is not None or not came:
            raise ExecutorStartError(self._lost or "the venue's order stream gives no image")
        self._started = True

    def submit(self, intent: QuoteIntent) -> None:
        if self._lost is not None:
            raise ExecutorLost(self._lost)
        if self._in_flight >= IN_FLIGHT_MAX:
            raise SendQueueFullError(f"{self._in_flight} requests wait for the venue")
        if intent.dry_run:
            raise ValueError(f"intent {intent.intent_id} is dry: it is not for a venue")
        self.orders.intent(intent)
        self._act()

    def market(self, state: MarketState) -> None:
        """The venue knows its markets itself."""

    def dry_fill(self, fill: DryFill) -> None:
        raise ValueError(f"intent {fill.intent_id} rests at a venue: its fills come from there")

    def control(self, action: str, reason: str) -> None:
        if action not in ("cancel_all", "kill", "resume"):
            raise ValueError(f"no control action {action!r}")
        if action != "resume":
            _log.info("%s: %s", action, reason)
            self.orders.cancel_all()
            self._ending = True
            self._act()

    def set_limits(self, limits: DryRunLimits) -> None:
        del limits
        raise ConfigRejectedError("limits", "what goes to a venue has only the venue's limits")

    def clock(self, ts_ms: int) -> None:
        self.orders.advance(ts_ms)
        self._act()

    def tick(self, ts_ms: int) -> None:
        self.orders.advance(ts_ms)
        self._act()
        if self._ending and self._lockstep is None:
            self._until(lambda: len(self.orders) == 0)
        self.poll()
        self._ending = False
        if self._lost is not None:
            raise ExecutorLost(self._lost)

    def poll(self) -> None:
        if self._lockstep is not None:
            self._wait(self._is_quiet)
            while self._inbox:
                self._take_in()
                self._wait(self._is_quiet)
        else:
            self._take_in()
        self._bus.drain()

    def stop(self) -> None:
        self._stopping = True
        self._placing.shutdown(wait=False, cancel_futures=True)
        self._cancelling.shutdown(wait=False, cancel_futures=True)
        if self._reader.ident is not None:
            self._reader.join(timeout=2.0)
        self._stream.close()

    # --- the engine's thread --------------------------------------------------------------------

    def _act(self) -> None:
        """Asks what there is to ask, and posts what there is to report. In lockstep one request
        after the other, so that they come to the venue in this order."""
        for request in self.orders.take_requests():
            with self._came:
                self._in_flight += 1
            pool = self._cancelling if request.kind == "cancel" else self._placing
            pool.submit(self._ask, self._asked, request)
            self._asked += 1
            if self._lockstep is not None:
                self._wait(self._is_taken)
        for report in self.orders.take_reports():
            self._bus.post(report)

    def _take_in(self) -> None:
        facts = [self._inbox.popleft() for _ in range(len(self._inbox))]
        if self._lockstep is not None:
            facts.sort(key=lambda fact: math.inf if fact.number is None else fact.number)
        for fact in facts:
            if fact.request is not None and fact.outcome is not None:
                self.orders.replied(fact.request, fact.outcome)
            if fact.is_image:
                self.orders.look_up_all()
            for state in fact.states:
                self.orders.order(state)
        self._act()

    def _until(self, is_over: Callable[[], bool]) -> None:
        """Takes in what comes until `is_over`. Raises `ExecutorLost` when that takes too long."""
        self._take_in()
        while not is_over():
            self._wait(lambda: bool(self._inbox) or is_over())
            self._take_in()

    def _wait(self, is_over: Callable[[], bool]) -> None:
        deadline_s = time.monotonic() + QUIET_TIMEOUT_S
        with self._came:
            while not is_over():
                if self._lost is not None:
                    raise ExecutorLost(self._lost)
                if time.monotonic() > deadline_s:
                    raise ExecutorLost(f"the venue does not answer for {QUIET_TIMEOUT_S:g} s")
                self._came.wait(_LOOK_S)  # the venue does not tell when it parks a request

    def _is_taken(self) -> bool:
        """Whether the venue has every request so far: answered, or kept for a later time."""
        assert self._lockstep is not None, "asked in lockstep only"
        return self._in_flight <= self._lockstep.parked_requests()

    def _is_quiet(self) -> bool:
        assert self._lockstep is not None, "asked in lockstep only"
        connection_id, lines = self._position
        return self._is_taken() and lines >= self._lockstep.lines_sent(connection_id)

    # --- the other threads ----------------------------------------------------------------------

    def _ask(self, number: int, request: VenueRequest) -> None:
        """On a worker: one request, and its answer into the inbox."""
        try:
            fact = self._answer(number, request)
        except Exception as error:
            _log.exception("a request failed")
            fact = _Fact(
                number, request, Outcome(None, "ambiguous", "CLIENT_ERROR", str(error)[:200])
            )
        with self._came:
            self._in_flight -= 1
            self._inbox.append(fact)
            self._came.notify_all()

    def _answer(self, number: int, request: VenueRequest) -> _Fact:
        intent, bet_id = request.intent, request.bet_id
        if request.kind == "place":
            return _Fact(number, request, self._client.place(intent, intent.intent_id))
        if request.kind == "look_up":
            orders = self._client.current([intent.intent_id], [bet_id] if bet_id else [])
            return _Fact(
                number, None, None, tuple(of_current_order(order) for order in orders or ())
            )
        assert bet_id is not None, "asked about a bet that is known"
        if request.kind == "cancel":
            return _Fact(number, request, self._client.cancel(intent.market_id, bet_id))
        price_centi = intent.price_centi
        return _Fact(
            number,
            request,
            self._client.replace(intent.market_id, bet_id, price_centi, intent.intent_id),
        )

    def _read(self) -> None:
        """On the stream's thread: lines into the inbox."""
        try:
            while not self._stopping:
                line = self._stream.next_line(_WAIT_S)
                if line is not None:
                    is_image, states = read_order_line(line)
                    self._heard(_Fact(None, None, None, tuple(states), is_image=is_image))
                self._position = self._stream.position
        except (StreamError, ExecutorStartError, msgspec.MsgspecError) as error:
            if not self._stopping:
                self._lost = f"the order stream is lost: {error}"
        with self._came:
            self._came.notify_all()

    def _heard(self, fact: _Fact) -> None:
        with self._came:
            self._images += fact.is_image
            self._inbox.append(fact)
            self._came.notify_all()
