"""Segmentation: one message sent as SEG_START, SEG…, SEG_END lines, put together again."""

from __future__ import annotations

from dataclasses import replace

from trader.betfair.messages import MarketChange, Message
from trader.betfair.normalize import MessageError


class SegmentBuffer:
    """Holds the validated segments of at most one message; bounded by `bytes_max`."""

    def __init__(self, bytes_max: int) -> None:
        self.bytes_max = bytes_max
        self._start: Message | None = None
        self._changes: list[MarketChange] = []
        self._size_bytes = 0

    def clear(self) -> None:
        """Throw away what was collected."""
        self._start = None
        self._changes = []
        self._size_bytes = 0

    def add(self, part: Message, size_bytes: int) -> Message | None:
        """The whole message with its last segment, None before.

        `part` is a message with a `segment`; `size_bytes` the length of its line. Raises
        `MessageError` (and leaves the caller to `clear`) for a segment without a start, a message
        beyond `bytes_max`, and a whole without `pt`.
        """
        if part.segment == "SEG_START":
            self.clear()
            self._start = part
        if self._start is None:
            raise MessageError(f"{part.segment} without SEG_START", field="segmentType")
        self._size_bytes += size_bytes
        if self._size_bytes > self.bytes_max:
            raise MessageError(
                f"segments of one message exceed {self.bytes_max} bytes", field="segmentType"
            )
        self._changes += part.changes
        if part.segment != "SEG_END":
            return None
        whole = replace(part, kind=self._start.kind, segment=None, changes=tuple(self._changes))
        self.clear()
        if whole.changes and whole.pt_ms is None:
            raise MessageError("pt missing", field="pt")
        return whole
