"""Ctrl-C and SIGTERM: asked once, a run ends after the line it is at; asked twice, at once.

A live view whose reader has gone asks as well. Signals that come together are one: what ends a
process group or a pipeline often sends two.
"""

from __future__ import annotations

import signal
from time import monotonic
from types import FrameType
from typing import Final, Self

SIGNALS: Final = (signal.SIGINT, signal.SIGTERM)
TOGETHER_S: Final = 0.3


class Interrupt:
    """Use as a context manager on the main thread; `requested()` is what the run looks at."""

    def __init__(self) -> None:
        self._requested = False
        self._signalled_s: float | None = None
        self._former: list[tuple[signal.Signals, object]] = []

    def __enter__(self) -> Self:
        for number in SIGNALS:
            self._former.append((number, signal.signal(number, self._on_signal)))
        return self

    def __exit__(self, *_: object) -> None:
        for number, handler in self._former:
            signal.signal(number, handler)  # type: ignore[arg-type]
        self._former.clear()

    def requested(self) -> bool:
        return self._requested

    def request(self) -> None:
        """Ends the run as a first signal does."""
        self._requested = True

    def _on_signal(self, _number: int, _frame: FrameType | None) -> None:
        now_s = monotonic()
        if self._signalled_s is None:
            self._signalled_s = now_s
            self._requested = True
        elif now_s - self._signalled_s > TOGETHER_S:
            raise KeyboardInterrupt


class HangUp:
    """SIGHUP: asked as often as one likes, and answered once for all that came before. Use as a
    context manager on the main thread."""

    def __init__(self) -> None:
        self._asked = False
        self._former: object = None

    def __enter__(self) -> Self:
        self._former = signal.signal(signal.SIGHUP, self._on_signal)
        return self

    def __exit__(self, *_: object) -> None:
        signal.signal(signal.SIGHUP, self._former)  # type: ignore[arg-type]

    def taken(self) -> bool:
        """Whether it came since the last time this was asked."""
        asked, self._asked = self._asked, False
        return asked

    def _on_signal(self, _number: int, _frame: FrameType | None) -> None:
        self._asked = True
