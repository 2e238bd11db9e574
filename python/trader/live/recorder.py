"""The stream as it came, in a file that can be replayed: one line of JSON for each message.

A recording never ends trading: when the disk is full it stops with a warning, and what was written
until then can be replayed. A process that is killed leaves at most its last line unfinished, which
a replay counts as one refused line.
"""

from __future__ import annotations

import logging
import time
from pathlib import Path
from typing import Final

from trader.simulator.output import OutputError

FLUSH_S: Final = 1.0
_log: Final = logging.getLogger("trader.live")


class Recorder:
    """Writes one new file, up to `max_bytes`."""

    def __init__(self, folder: Path, started_ms: int, max_bytes: int) -> None:
        """Raises `OutputError`."""
        name = time.strftime("stream-%Y%m%dT%H%M%SZ", time.gmtime(started_ms / 1000))
        self.path = folder / f"{name}-{started_ms % 1000:03d}.jsonl"
        self.bytes_written = 0
        self.why_stopped: str | None = None
        self._max_bytes = max_bytes
        self._flushed_s = time.monotonic()
        try:
            folder.mkdir(parents=True, exist_ok=True)
            self._file = self.path.open("xb")
        except OSError as error:
            raise OutputError(f"--record {folder}: cannot be written: {error.strerror}") from None

    def line(self, raw: bytes) -> None:
        """Keeps a line of the stream, without its end."""
        if self.why_stopped is not None:
            return
        if self.bytes_written + len(raw) + 1 > self._max_bytes:
            self._stop(f"live.record_max_bytes is {self._max_bytes}")
            return
        try:
            self._file.write(raw + b"\n")
            self.bytes_written += len(raw) + 1
            if time.monotonic() - self._flushed_s >= FLUSH_S:
                self._flushed_s = time.monotonic()
                self._file.flush()
        except OSError as error:
            self._stop(error.strerror or str(error))

    def close(self) -> None:
        """Writes what is kept back; safe to call twice."""
        try:
            self._file.close()
        except OSError as error:
            self._stop(error.strerror or str(error))

    def _stop(self, why: str) -> None:
        if self.why_stopped is None:
            self.why_stopped = why
            _log.error("the recording %s has stopped, trading goes on: %s", self.path.name, why)
