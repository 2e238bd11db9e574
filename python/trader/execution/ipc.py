"""The in-process bus: reports from whichever executor runs to whoever listens.

Reports are delivered one at a time, in order, on the engine's thread only. A report that is
published while another is being delivered (a hedge placed by a subscriber, say) waits its turn, so
all subscribers see the same order.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

from trader.execution.interfaces.reports import ExecutionReport

Subscriber = Callable[[ExecutionReport], object]


class Bus:
    """`post` from any thread; `publish` and `drain` from the engine's thread only.

    Unbounded by itself: what bounds it is that the executor stops at its limit of unacknowledged
    reports, and reports are acknowledged only after they were delivered here.
    """

    def __init__(self) -> None:
        self._subscribers: list[Subscriber] = []
        self._queue: deque[ExecutionReport] = deque()
        self._delivering = False
        self._halted = False

    def subscribe(self, subscriber: Subscriber) -> Callable[[], None]:
        """Hears every later report, after those who subscribed before; returns `unsubscribe`."""
        self._subscribers = [*self._subscribers, subscriber]

        def unsubscribe() -> None:
            self._subscribers = [s for s in self._subscribers if s is not subscriber]

        return unsubscribe

    def post(self, report: ExecutionReport) -> None:
        """Queues a report for the next `drain`; safe from any thread."""
        self._queue.append(report)

    def publish(self, report: ExecutionReport) -> None:
        """Queues a report and delivers all queued ones now (or after the one being delivered)."""
        self._queue.append(report)
        self.drain()

    def drain(self) -> int:
        """Delivers the queued reports; returns how many. Within a delivery it does nothing.

        An exception of a subscriber goes to the caller; the reports behind it stay queued, the
        report itself is not delivered again.
        """
        if self._delivering or self._halted or not self._queue:
            return 0
        self._delivering = True
        delivered = 0
        try:
            while self._queue:
                report = self._queue.popleft()
                delivered += 1
                for subscriber in self._subscribers:
                    subscriber(report)
        finally:
            self._delivering = False
        return delivered

    def halt(self) -> None:
        """Delivers nothing any more: who keeps the reports has failed. They wait, and as long as
        any waits the executor is not told that they were heard."""
        self._halted = True

    @property
    def is_halted(self) -> bool:
        return self._halted

    def __len__(self) -> int:
        """How many reports wait; one at least after `halt`, that with which it failed."""
        return max(len(self._queue), int(self._halted))
