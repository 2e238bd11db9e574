"""Follows every intent from its sending to its one terminal report."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import Final

from trader.execution.interfaces.intents import QuoteIntent
from trader.execution.interfaces.reports import ExecutionReport, FillEvent, Status

KEEP_ENDED: Final = 10_000


NO_ANSWERS: Final = (Status.ACCEPTED, Status.UNKNOWN)
"""That an intent was taken up, or is looked for: it may come to stand."""


@dataclass(slots=True)
class TrackedIntent:
    """What is known of one intent. Sizes in hundredths; fills in odds and account currency."""

    intent: QuoteIntent
    status: Status | None = None  # None until the first report
    acked: bool = False  # whether more was heard than that it was taken up, or is looked for
    ended: bool = False
    matched_centi: int = 0
    fills: list[FillEvent] = field(default_factory=list)

    @property
    def vwap(self) -> float | None:
        """The average odds matched, by size; None when nothing was matched."""
        size = sum(fill.size for fill in self.fills)
        return sum(fill.price * fill.size for fill in self.fills) / size if size else None


class AckTracker:
    """Intents in flight, open, and the last `keep_ended` that ended.

    A report after the end is dropped and counted in `late` (but an AMENDED one is taken: it is what
    the venue changes afterwards); one for an intent never sent here is counted in `unknown`.
    """

    def __init__(self, keep_ended: int = KEEP_ENDED) -> None:
        self._intents: dict[str, TrackedIntent] = {}
        self._ended: deque[str] = deque()
        self._keep_ended = keep_ended
        self.in_flight = 0
        self.late = 0
        self.unknown = 0

    def sent(self, intent: QuoteIntent) -> None:
        """Starts to follow an intent. Raises `ValueError` when its identity is already followed."""
        if intent.intent_id in self._intents:
            raise ValueError(f"intent {intent.intent_id} was already sent")
        self._intents[intent.intent_id] = TrackedIntent(intent)
        self.in_flight += 1

    def adopted(self, intent: QuoteIntent, *, acked: bool) -> None:
        """Follows an intent that a trader before this one has sent."""
        self.sent(intent)
        if acked:
            self._intents[intent.intent_id].acked = True
            self.in_flight -= 1

    def on_report(self, report: ExecutionReport) -> TrackedIntent | None:
        """Applies a report; None when it was dropped."""
        tracked = self._intents.get(report.intent_id)
        if tracked is None:
            self.unknown += 1
            return None
        if tracked.ended and report.status is not Status.AMENDED:
            self.late += 1
            return None
        if not tracked.acked and report.status not in NO_ANSWERS:
            tracked.acked = True
            self.in_flight -= 1
        tracked.status = report.status
        tracked.matched_centi = report.size_matched_centi
        tracked.fills.extend(_new_fills(report))
        if report.is_terminal:
            self._end(tracked)
        return tracked

    def get(self, intent_id: str) -> TrackedIntent | None:
        return self._intents.get(intent_id)

    def unacknowledged(self) -> list[QuoteIntent]:
        """The intents sent that were not answered, oldest first."""
        return [t.intent for t in self._intents.values() if not t.acked]

    def _end(self, tracked: TrackedIntent) -> None:
        tracked.ended = True
        self._ended.append(tracked.intent.intent_id)
        if len(self._ended) > self._keep_ended:
            del self._intents[self._ended.popleft()]


def _new_fills(report: ExecutionReport) -> tuple[FillEvent, ...]:
    """What this report adds; `fill_price` and `fill_size` serve for writers without a list."""
    if report.fill_events or report.fill_price is None or not report.fill_size:
        return report.fill_events
    return (FillEvent(report.fill_price, report.fill_size, report.ts_ms),)
