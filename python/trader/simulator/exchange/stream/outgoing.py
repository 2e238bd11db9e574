"""The queue of lines to one client, with the faults that tests ask for.

What is sent is encoded once and waits here for the transport. A client that lets too much pile up
is cut off, as the venue does.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Any, Final

import msgspec

if TYPE_CHECKING:
    from trader.simulator.exchange.stream.hub import StreamHub
    from trader.simulator.exchange.stream.session import StreamSession

_ENCODER: Final = msgspec.json.Encoder()
_UNRELIABLE: Final = 503


class Outgoing:
    """`send` appends, `take` gives all that may go."""

    def __init__(self, hub: StreamHub, session: StreamSession) -> None:
        self._lines = 0
        self.is_closed = False
        self._hub = hub
        self._session = session
        self._queue: deque[bytes] = deque()
        self._bytes = 0
        self._held_until_ms = 0
        self._unreliable_until_ms = 0
        self._duplicate: str | None = None
        self._swap: str | None = None
        self._swapped: bytes | None = None
        self._malform = False

    @property
    def lines_sent(self) -> int:
        """Lines that went or may go now; not those that are held back."""
        return self._lines - (len(self._queue) if self._is_held() else 0)

    def send(self, message: dict[str, Any]) -> None:
        """One message to the client."""
        if self.is_closed:
            return
        now_ms = self._hub.venue.now_ms
        op = message["op"]
        if self._hub.on_message is not None and op in ("mcm", "ocm"):
            self._hub.on_message(self._session, op)  # may close it
        if now_ms < self._unreliable_until_ms and op in ("mcm", "ocm"):
            message = {**message, "status": _UNRELIABLE}
        line = _ENCODER.encode(message) + b"\r\n"
        if self._malform:
            self._malform = False
            line = line[: len(line) // 2] + b"\r\n"
        if self._is_over():
            return
        if self._swap == op:
            if self._swapped is None:
                self._swapped = line
                return
            self._append(line)
            line, self._swap, self._swapped = self._swapped, None, None
        self._append(line)
        if self._duplicate == op:
            self._duplicate = None
            self._append(line)

    def _is_held(self) -> bool:
        return self._hub.venue.now_ms < self._held_until_ms

    def _is_over(self) -> bool:
        return self.is_closed

    def take(self) -> list[bytes]:
        """What may go now; it is the transport's then."""
        if self._is_held() and not self.is_closed:
            return []
        lines = list(self._queue)
        self._queue.clear()
        self._bytes = 0
        return lines

    def close(self) -> None:
        """Nothing more is taken; what waits still goes."""
        if not self.is_closed:
            self.is_closed = True
            self._wake()

    def drop(self) -> None:
        """What waits goes nowhere."""
        self._queue.clear()
        self._bytes = 0

    def _append(self, line: bytes) -> None:
        self._lines += 1
        self._queue.append(line)
        self._bytes += len(line)
        if self._bytes > self._hub.limits.outgoing_bytes_max:
            self._hub.refused["SLOW_CONSUMER"] += 1
            self._session.cut()
        elif len(self._queue) == 1:
            self._wake()

    def _wake(self) -> None:
        if self._session.on_outgoing is not None:
            self._session.on_outgoing()

    # --- faults ---------------------------------------------------------------------------------

    def unreliable(self, for_ms: int) -> None:
        """Market and order messages say status 503 for so long."""
        self._unreliable_until_ms = self._hub.venue.now_ms + for_ms

    def hold(self, for_ms: int) -> None:
        """Nothing goes for so long."""
        self._held_until_ms = self._hub.venue.now_ms + for_ms
        self._hub.venue.timers.after(for_ms, self._wake)

    def duplicate_next(self, op: str) -> None:
        """The next message of `op` goes twice."""
        self._duplicate = op

    def swap_next(self, op: str) -> None:
        """The next two messages of `op` change places."""
        self._swap = op

    def malform_next(self) -> None:
        """The next line goes only half."""
        self._malform = True
