"""Segmentation: one message sent as SEG_START, SEG…, SEG_END lines, put together again."""

from __future__ import annotations

from dataclasses import replace

from trader.betfair.messages import MarketChange, Message
from trader.betfair.normalize import MessageError


class SegmentBuffer:
    """Holds the validated segments of at most one message; bounded by `bytes_max`."""

    def __init__(self, bytes_max: int) -> None:
        self.bytes_max = bytes_max
        self.clear()

    def market_ids(self) -> set[str]:
        """The markets of the segments collected so far."""
        return {change.market_id for change in self._changes}

    def clear(self) -> None:
        """Throw away what was collected."""
        self._start: Message | None = None
        self._changes: list[MarketChange] = []
        self._initial_clk: str | None = None
        self._clk: str | None = None
        self._size_bytes = 0

    def add(self, part: Message, size_bytes: int) -> Message | None:
        """The whole message with its last segment, None before.

        `part` is a message with a `segment`; `size_bytes` the length of its line. Raises
        `MessageError` for a segment without a start, a message beyond `bytes_max`, and a whole
        without `pt`. What was collected stays, also with the last segment, until the caller calls
        `clear`: should the message be refused after all, the markets it carries are still known.
        """
        start = part if part.segment == "SEG_START" else self._start
        if start is None:
            raise MessageError(f"{part.segment} without SEG_START", field="segmentType")
        size_bytes += 0 if start is part else self._size_bytes
        if size_bytes > self.bytes_max:
            raise MessageError(
                f"segments of one message exceed {self.bytes_max} bytes", field="segmentType"
            )
        if start is part:
            self.clear()
            self._start = part
        self._size_bytes = size_bytes
        self._changes += part.changes
        if part.initial_clk is not None:
            self._initial_clk = part.initial_clk
        if part.clk is not None:
            self._clk = part.clk
        if part.segment != "SEG_END":
            return None
        whole = replace(
            part,
            kind=start.kind,
            segment=None,
            changes=tuple(self._changes),
            initial_clk=self._initial_clk,
            clk=self._clk,
        )
        if whole.changes and whole.pt_ms is None:
            raise MessageError("pt missing", field="pt")
        return whole
