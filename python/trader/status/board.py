"""Between the engine's thread and those that serve the page: snapshots and events out, controls in.

Only the engine's thread touches the session: in `turn`, which it calls between lines. While nobody
looks a turn is a look at the clock. Everything is bounded: readers, events, controls; a slow reader
gets the newest snapshot and the events that are still kept, nothing waits for it.
"""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from time import monotonic
from typing import Final, NamedTuple, Protocol, TypeAlias

from trader.execution.interfaces.intents import QuoteIntent
from trader.execution.interfaces.reports import ExecutionReport
from trader.execution.ledger import MarketResult
from trader.session import Observer, Session
from trader.status.document import Answer, State, View
from trader.strategy.hotloop.errors import is_panic

EVERY_S: Final = 0.25
"""Between two snapshots, while somebody looks."""
EVENTS_MAX: Final = 200
READERS_MAX: Final = 5
"""Browsers keep six connections to a server: where each page has one, one is left for a kill."""
CONTROLS: Final = ("kill", "cancel-all")

_log: Final = logging.getLogger("trader.status")


class Focus(NamedTuple):
    """What a reader looks at closely; a market of "" is the first one there is."""

    market_id: str = ""
    selection_id: int | None = None
    handicap: float = 0.0


class Happened(NamedTuple):
    """An event as it was: an intent, a report with the intent it is about, or a result."""

    seq: int
    ts_ms: int
    what: QuoteIntent | ExecutionReport | MarketResult
    intent: QuoteIntent | None = None


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What the engine's thread has last told; never changed afterwards."""

    number: int
    state: State
    views: Mapping[Focus, View]
    happened: tuple[Happened, ...]


@dataclass(slots=True)
class Reader:
    """Somebody who looks. `seen`: the number of the last snapshot taken."""

    focus: Focus
    seen: int = 0
    is_replaced: bool = False


@dataclass(slots=True)
class _Request:
    action: str
    done: threading.Event = field(default_factory=threading.Event)
    answer: Answer | None = None


Look: TypeAlias = Callable[
    [Session, Collection[Focus], float | None], tuple[State, Mapping[Focus, View]]
]
"""Makes what is told; the number is the age of the last line in seconds."""


class CarryOut(Protocol):
    """Does a control on the engine's thread."""

    def __call__(self, session: Session, action: str) -> Answer: ...


class TooManyReadersError(Exception):
    """As many look as may."""


class StatusBoard:
    """Fulfils `session.Observer`. The methods say whose thread they are for."""

    def __init__(self, look: Look, carry_out: CarryOut, is_enabled: bool = True) -> None:
        self._look = look
        self._carry_out = carry_out
        self._is_enabled = is_enabled
        self._changed = threading.Condition()
        self._readers: dict[str, Reader] = {}
        self._asked = 0  # of those who want one snapshot, how many wait
        self._requests: deque[_Request] = deque()
        self._snapshot: Snapshot | None = None
        self._turned_s: float | None = None
        self._has_failed = False
        self._blind_since_s: float | None = None
        self._closed = False
        # The engine's thread alone:
        self._happened: deque[Happened] = deque(maxlen=EVENTS_MAX)
        self._seq = 0
        self._lines = 0
        self._line_s: float | None = None
        self._now_ms = 0

    # --- the engine's thread --------------------------------------------------------------------

    def intent(self, intent: QuoteIntent) -> None:
        if self._is_enabled:
            self._keep(intent.ts_ms, intent)

    def report(self, report: ExecutionReport, intent: QuoteIntent | None) -> None:
        if self._is_enabled:
            self._keep(report.ts_ms, report, intent)

    def result(self, result: MarketResult) -> None:
        if self._is_enabled:
            self._keep(self._now_ms, result)

    def turn(self, session: Session) -> None:
        """Carries out what was asked for, and tells what there is while somebody looks. Raises what
        a control raises, after it was answered; nothing else."""
        if not self._is_enabled:
            return
        if self._requests:
            self._take_requests(session)
        now_s = monotonic()
        if self._turned_s is not None and now_s - self._turned_s < EVERY_S:
            return
        self._turned_s = now_s
        self._now_ms = session.engine.now_ms
        if session.engine.counts.lines != self._lines:
            self._lines, self._line_s = session.engine.counts.lines, now_s
        if self._readers or self._asked:
            self._tell(session, now_s)

    def close(self) -> None:
        """The trader ends: every reader is let go, every control that waits is answered."""
        with self._changed:
            self._closed = True
            requests, self._requests = list(self._requests), deque()
            self._changed.notify_all()
        for request in requests:
            request.answer = _not_done(request.action, "the trader has ended")
            request.done.set()

    def _keep(
        self,
        ts_ms: int,
        what: QuoteIntent | ExecutionReport | MarketResult,
        intent: QuoteIntent | None = None,
    ) -> None:
        self._seq += 1
        self._happened.append(Happened(self._seq, ts_ms, what, intent))

    def _tell(self, session: Session, now_s: float) -> None:
        with self._changed:
            foci = {reader.focus for reader in self._readers.values()}
        line_age_s = None if self._line_s is None else now_s - self._line_s
        try:
            state, views = self._look(session, foci, line_age_s)
        except BaseException as error:
            # Whatever is wrong with a page, it must not end the trading.
            if not isinstance(error, Exception) and not is_panic(error):
                raise
            if self._blind_since_s is None:
                self._blind_since_s = now_s
            if not self._has_failed:
                self._has_failed = True
                _log.exception("the status page cannot tell how things are (said once)")
            return
        self._blind_since_s = None
        with self._changed:
            number = self._snapshot.number + 1 if self._snapshot is not None else 1
            self._snapshot = Snapshot(number, state, views, tuple(self._happened))
            self._changed.notify_all()

    def _take_requests(self, session: Session) -> None:
        while self._requests:
            request = self._requests[0]
            try:
                request.answer = self._carry_out(session, request.action)
            except BaseException as error:
                request.answer = _not_done(request.action, f"{type(error).__name__}: {error}")
                raise
            finally:
                with self._changed:
                    self._requests.popleft()
                request.done.set()

    # --- the server's threads -------------------------------------------------------------------

    @property
    def is_closed(self) -> bool:
        return self._closed

    @property
    def silent_s(self) -> float | None:
        """Since the engine's thread last came by; None before the first time."""
        return None if self._turned_s is None else monotonic() - self._turned_s

    @property
    def blind_s(self) -> float | None:
        """Since the engine's thread comes by and fails to tell how things are; None when it does
        not fail."""
        since_s = self._blind_since_s
        return None if since_s is None else monotonic() - since_s

    def join(self, name: str, focus: Focus) -> Reader:
        """Somebody looks from now on, until `leave`; who looked under this name before is let go.

        Raises `TooManyReadersError`.
        """
        with self._changed:
            former = self._readers.pop(name, None)
            if former is not None:
                former.is_replaced = True
                self._changed.notify_all()
            if len(self._readers) >= READERS_MAX:
                raise TooManyReadersError(f"{READERS_MAX} pages look already; close one")
            seen = self._snapshot.number if self._snapshot is not None else 0
            reader = self._readers[name] = Reader(focus, seen)
            return reader

    def leave(self, name: str, reader: Reader) -> None:
        """Looks no more."""
        with self._changed:
            if self._readers.get(name) is reader:
                del self._readers[name]

    def wait(self, reader: Reader, timeout_s: float) -> Snapshot | None:
        """The newest snapshot that the reader has not seen; None when none came in time, and when
        there will be none (`is_closed`, `reader.is_replaced`)."""
        with self._changed:
            self._changed.wait_for(
                lambda: self._closed or reader.is_replaced or self._is_new(reader.seen), timeout_s
            )
            if self._closed or reader.is_replaced or not self._is_new(reader.seen):
                return None
            assert self._snapshot is not None, "it is new"
            reader.seen = self._snapshot.number
            return self._snapshot

    def ask(self, timeout_s: float) -> Snapshot | None:
        """A snapshot made from now on; None when the engine's thread makes none in time."""
        with self._changed:
            seen = self._snapshot.number if self._snapshot is not None else 0
            self._asked += 1
            try:
                self._changed.wait_for(lambda: self._closed or self._is_new(seen), timeout_s)
            finally:
                self._asked -= 1
            return self._snapshot if self._is_new(seen) and not self._closed else None

    def control(self, action: str, timeout_s: float) -> Answer | None:
        """Has the engine's thread do one of `CONTROLS`; None when it does not come by in time: then
        it is done as soon as it does. Two at once for the same are one."""
        with self._changed:
            if self._closed:
                return _not_done(action, "the trader has ended")
            request = next((one for one in self._requests if one.action == action), None)
            if request is None:
                request = _Request(action)
                self._requests.append(request)
        request.done.wait(timeout_s)
        return request.answer

    def _is_new(self, seen: int) -> bool:
        return self._snapshot is not None and self._snapshot.number > seen


class Observers:
    """Several who hear of the same."""

    def __init__(self, *observers: Observer) -> None:
        self._observers = observers

    def intent(self, intent: QuoteIntent) -> None:
        for observer in self._observers:
            observer.intent(intent)

    def report(self, report: ExecutionReport, intent: QuoteIntent | None) -> None:
        for observer in self._observers:
            observer.report(report, intent)

    def result(self, result: MarketResult) -> None:
        for observer in self._observers:
            observer.result(result)


def _not_done(action: str, why: str) -> Answer:
    return Answer(action=action, done=False, message=why, open_orders=0, killed=False)
