"""A recorded stream as a feed: its messages as they were published."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import msgspec

from trader.simulator.catalogue import Catalogue, CatalogueError, CatalogueMarket
from trader.simulator.feed_event import FeedEvent
from trader.simulator.recording import Recording, RecordingError

OPENING_EVENTS: Final = 200
OPENING_BYTES: Final = 8 << 20
"""How far is read on opening for the markets that the catalogue begins with."""
WITHOUT_MARKETS: Final = ("connection", "status")
"""What else a market stream says, and a recording of a whole connection has."""


class _Line(msgspec.Struct):
    """What of a stream message matters here; everything else in it is of the connection."""

    op: str
    pt: int | None = None
    ct: str | None = None
    mc: list[dict[str, Any]] | None = None


class RecordingFeed:
    """One file of recorded market messages. See `Recording` for what a file may be.

    Heartbeats, and messages that carry no market, leave nothing. A publish time that goes back
    counts as the latest one seen. `con`, `img` and `tv` of a market are passed on as they are;
    what belongs to the recorded connection (`clk`, `ct`, segments, `status`) is not. Reads line by
    line and holds none of them.

    The catalogue begins with the markets of the first `OPENING_EVENTS` events and grows as events
    are read. A recording without definitions has none.

    Raises `RecordingError`, on opening and while reading: as `Recording` does, for a line that is
    no market message, for a definition that no catalogue entry can be made of. It names the line
    by its number among those that are not blank.
    """

    def __init__(self, path: Path, shown_name: str | None = None) -> None:
        self._path = path
        self._shown_name = shown_name
        self._catalogue = Catalogue()
        self._decoder = msgspec.json.Decoder(_Line)
        self._first_pt_ms = self._read_opening()

    @property
    def first_pt_ms(self) -> int:
        return self._first_pt_ms

    def catalogue(self) -> tuple[CatalogueMarket, ...]:
        return self._catalogue.markets()

    def events(self) -> Iterator[FeedEvent]:
        with Recording(self._path, self._shown_name) as recording:
            yield from self._events(recording)

    def _read_opening(self) -> int:
        first_pt_ms: int | None = None
        with Recording(self._path, self._shown_name) as recording:
            for count, event in enumerate(self._events(recording), start=1):
                if first_pt_ms is None:
                    first_pt_ms = event.pt_ms
                if count == OPENING_EVENTS or recording.position >= OPENING_BYTES:
                    break
            if first_pt_ms is None:
                raise RecordingError(recording.name, None, "has no market in any of its messages")
            return first_pt_ms

    def _events(self, recording: Recording) -> Iterator[FeedEvent]:
        latest_ms = 0
        for raw in recording:
            line = self._read(raw, recording)
            if line.op in WITHOUT_MARKETS:
                continue
            if line.op != "mcm":
                raise _wrong(recording, f"is no message of the market stream, but op {line.op!r}")
            if line.pt is not None:
                latest_ms = max(latest_ms, line.pt)
            if not line.mc or line.ct == "HEARTBEAT":
                continue
            if line.pt is None:
                raise _wrong(recording, "has markets and no publish time (pt)")
            self._learn(line.mc, recording)
            yield FeedEvent(latest_ms, tuple(line.mc))

    def _read(self, raw: bytes, recording: Recording) -> _Line:
        try:
            return self._decoder.decode(raw)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            raise _wrong(recording, f"is no stream message: {error}") from None

    def _learn(self, changes: list[dict[str, Any]], recording: Recording) -> None:
        for place, change in enumerate(changes):
            if not isinstance(change.get("id"), str):
                raise _wrong(recording, f"has no market id in mc[{place}]")
            if change.get("marketDefinition") is not None:
                try:
                    self._catalogue.learn(change)
                except CatalogueError as error:
                    raise _wrong(recording, f"has a definition that is none: {error}") from None


def _wrong(recording: Recording, reason: str) -> RecordingError:
    return RecordingError(recording.name, recording.lines_read, reason)
