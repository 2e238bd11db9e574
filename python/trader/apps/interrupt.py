"""Ctrl-C and SIGTERM: asked once, a run ends after the line it is at; asked twice, at once."""

from __future__ import annotations

import signal
from types import FrameType
from typing import Final, Self

SIGNALS: Final = (signal.SIGINT, signal.SIGTERM)


class Interrupt:
    """Use as a context manager on the main thread; `requested()` is what the run looks at."""

    def __init__(self) -> None:
        self._requested = False
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

    def _on_signal(self, _number: int, _frame: FrameType | None) -> None:
        if self._requested:
            raise KeyboardInterrupt
        self._requested = True
