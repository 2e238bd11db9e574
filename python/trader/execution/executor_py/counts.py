"""What an executor in this process counts as it works, for the metrics page.

For the engine's thread; `moment` may be asked on any (`monitoring.executor_metrics` says why).
"""

from __future__ import annotations

from collections import Counter
from time import perf_counter_ns
from typing import Any, Final, get_args

from trader.betfair.error_codes import ErrorClass
from trader.execution.interfaces.intents import Action
from trader.execution.interfaces.reports import ExecutionReport, Status
from trader.execution.orders.kinds import Kind
from trader.monitoring.executor_metrics import ExecutorMoment
from trader.monitoring.latency import LatencyHistogram

TTL_PREVENTED: Final = "TTL_PREVENTED"
REQUEST_KINDS: Final = {
    Kind.PLACE: "place",
    Kind.REPLACE: "replace",
    Kind.CANCEL: "cancel",
    Kind.LOOK_UP: "look_up",
}


class Counts:
    """All values that a label may have are there from the start, so that a rate can be taken from
    the first scrape on; a class that is none of these is not counted."""

    def __init__(self) -> None:
        self.unknown_bets = 0
        self._intents = Counter(dict.fromkeys((action.value for action in Action), 0))
        self._reports = Counter(dict.fromkeys((status.value for status in Status), 0))
        self._rejects = Counter(dict.fromkeys(get_args(ErrorClass), 0))
        self._requests = Counter(dict.fromkeys(REQUEST_KINDS.values(), 0))
        self._ttl_prevented = 0
        self._ack = LatencyHistogram()
        self._asked_ns: dict[str, int] = {}

    @property
    def waiting(self) -> int:
        """Intents taken and not answered."""
        return len(self._asked_ns)

    def intent(self, action: Action) -> None:
        """An intent was given to the executor, for the first time or again."""
        self._intents[action] += 1

    def asked(self, intent_id: str) -> None:
        """It is a new one: its first report is waited for."""
        self._asked_ns[intent_id] = perf_counter_ns()

    def forget(self, intent_id: str) -> None:
        """Nothing will be reported on it."""
        self._asked_ns.pop(intent_id, None)

    def report(self, report: ExecutionReport) -> None:
        """A report was made. That an intent was taken up is not yet an answer to it."""
        self._reports[report.status] += 1  # the text itself: to ask for it costs more than to count
        if report.reject_code is not None:
            self._refused(report)
        if self._asked_ns and report.status is not Status.ACCEPTED:
            asked_ns = self._asked_ns.pop(report.intent_id, None)
            if asked_ns is not None:
                self._ack.record(perf_counter_ns() - asked_ns)

    def _refused(self, report: ExecutionReport) -> None:
        if report.reject_class in self._rejects:
            self._rejects[report.reject_class] += 1
        if report.reject_code == TTL_PREVENTED:
            self._ttl_prevented += 1

    def request(self, kind: Kind) -> None:
        """A request leaves for the venue."""
        self._requests[REQUEST_KINDS[kind]] += 1

    def moment(self, **others: Any) -> ExecutorMoment:
        """These counts, and others that the executor knows."""
        return ExecutorMoment(
            intents=self._intents,
            reports=self._reports,
            rejects=self._rejects,
            requests=self._requests,
            intent_ack=self._ack,
            ttl_prevented=self._ttl_prevented,
            unknown_bets=self.unknown_bets,
            **others,
        )
