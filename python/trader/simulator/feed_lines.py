"""Events as lines of the market stream, as one subscription to all of their markets has them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, Final

import msgspec

from trader.simulator.feed_event import FeedEvent

HEARTBEAT_MS: Final = 5_000
"""Nothing is quiet for longer than this: a HEARTBEAT says that the stream is alive."""


def stream_lines(events: Iterable[FeedEvent]) -> Iterator[bytes]:
    """One line for each event and each heartbeat between them, without line ends.

    The first is the SUB_IMAGE; markets that begin later come with `img` of their own, as those do
    that a subscription by filter catches later.
    """
    encode = msgspec.json.Encoder().encode
    clk = 0
    last_ms: int | None = None
    for event in events:
        while last_ms is not None and event.pt_ms - last_ms > HEARTBEAT_MS:
            clk += 1
            last_ms += HEARTBEAT_MS
            yield encode({**_header(clk, last_ms), "ct": "HEARTBEAT"})
        clk += 1
        message = _header(clk, event.pt_ms, image=last_ms is None)
        message["mc"] = event.changes
        last_ms = event.pt_ms
        yield encode(message)


def _header(clk: int, pt_ms: int, *, image: bool = False) -> dict[str, Any]:
    message: dict[str, Any] = {"op": "mcm", "id": 1}
    if image:
        message |= {"initialClk": "AAAA", "conflateMs": 0, "heartbeatMs": HEARTBEAT_MS}
    message |= {"clk": f"A{clk:07d}", "pt": pt_ms}
    if image:
        message["ct"] = "SUB_IMAGE"
    return message
