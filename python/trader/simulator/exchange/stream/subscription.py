"""What both kinds of subscription share: intervals, heartbeats, places, segments."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import msgspec

from trader.clock import Timer
from trader.simulator.exchange.stream.places import place_of, read_place
from trader.simulator.exchange.stream.requests import StreamRequest

if TYPE_CHECKING:
    from trader.simulator.exchange.stream.session import StreamSession

HEARTBEAT_MIN_MS: Final = 500
HEARTBEAT_MAX_MS: Final = 5_000
CONFLATE_MAX_MS: Final = 120_000
DELAYED_CONFLATE_MS: Final = 180_000


class RefusedError(Exception):
    """A request is refused with a status code; `closes`: the connection with it."""

    def __init__(self, code: str, message: str, *, closes: bool = True) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.closes = closes


class Subscription:
    """One subscription of a session. Raises `RefusedError` for a request it cannot take."""

    op: str
    """Of its messages."""
    array: str
    """Where their changes stand."""

    def __init__(self, session: StreamSession, request: StreamRequest, initial_clk: str) -> None:
        self.id = request.id if request.id is not None else 0
        self.initial_clk = initial_clk
        self.heartbeat_ms = _within(
            request.heartbeatMs, HEARTBEAT_MAX_MS, HEARTBEAT_MIN_MS, HEARTBEAT_MAX_MS
        )
        self.conflate_ms = _within(request.conflateMs, 0, 0, CONFLATE_MAX_MS)
        if session.is_delayed:
            self.conflate_ms = DELAYED_CONFLATE_MS
        self._session = session
        self._venue = session.hub.venue
        self._takes_segments = request.segmentationEnabled is True
        self._resume_seq = self._place(request)
        self._sent_ms = self._venue.now_ms
        self._beat: Timer | None = None
        self._flush: Timer | None = None

    def end(self) -> None:
        """No more messages."""
        for timer in (self._beat, self._flush):
            if timer is not None:
                timer.cancel()

    def _place(self, request: StreamRequest) -> int | None:
        """The sequence number to go on from; None for an image."""
        if request.clk is None or request.initialClk is None:
            return None
        seq = read_place(request.clk)
        if request.initialClk != self.initial_clk or seq is None or seq > self._venue.seq:
            raise RefusedError("INVALID_CLOCK", "The place in the stream is not known")
        return seq

    def _send_first(self, kind: str, changes: list[dict[str, Any]]) -> None:
        """SUB_IMAGE or RESUB_DELTA, in segments where it is large; heartbeats begin."""
        head = {
            "op": self.op,
            "id": self.id,
            "initialClk": self.initial_clk,
            "conflateMs": self.conflate_ms,
            "heartbeatMs": self.heartbeat_ms,
            "pt": self._venue.now_ms,
            "ct": kind,
        }
        self._send(head, changes)
        self._await_beat()

    def _send_changes(self, changes: list[dict[str, Any]]) -> None:
        self._send({"op": self.op, "id": self.id, "pt": self._venue.now_ms}, changes)

    def _send(self, head: dict[str, Any], changes: list[dict[str, Any]]) -> None:
        head["clk"] = place_of(self._venue.seq)
        self._sent_ms = self._venue.now_ms
        parts = self._segments(changes) if self._takes_segments else [changes]
        if len(parts) == 1:
            self._session.outgoing.send(head | {self.array: changes})
            return
        for index, part in enumerate(parts):
            last = index == len(parts) - 1
            kind = "SEG_START" if index == 0 else "SEG_END" if last else "SEG"
            message = head | {"segmentType": kind, self.array: part}
            if not last:
                del message["clk"]  # the place is reached with the last one
            self._session.outgoing.send(message)

    def _segments(self, changes: list[dict[str, Any]]) -> list[list[dict[str, Any]]]:
        """The changes in parts of about the size of a segment."""
        limit = self._session.hub.limits.segment_bytes
        if len(changes) < 2:
            return [changes]
        parts: list[list[dict[str, Any]]] = [[]]
        size = 0
        for entry in changes:
            length = len(msgspec.json.encode(entry))
            if parts[-1] and size + length > limit:
                parts.append([])
                size = 0
            parts[-1].append(entry)
            size += length
        return parts

    def _await_beat(self) -> None:
        def ring() -> None:
            now_ms = self._venue.now_ms
            if now_ms - self._sent_ms >= self.heartbeat_ms:
                self._sent_ms = now_ms
                head = {"op": self.op, "id": self.id, "clk": place_of(self._venue.seq)}
                self._session.outgoing.send(head | {"pt": now_ms, "ct": "HEARTBEAT"})
            self._await_beat()

        due_ms = self._sent_ms + self.heartbeat_ms
        self._beat = self._venue.timers.at(due_ms, ring)


def _within(value: int | None, default: int, low: int, high: int) -> int:
    """A number brought into its range, as the venue does."""
    return default if value is None else max(low, min(value, high))
