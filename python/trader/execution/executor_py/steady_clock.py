"""The time of a live executor: the wall's, which nobody can set back, and which always goes on."""

from __future__ import annotations

import time
from typing import Final

STEP_MS: Final = 1_000
"""A difference between the wall and this clock that is worth a word."""


class SteadyClock:
    """A clock that steps forward with the wall and never back."""

    def __init__(self, now_ms: int) -> None:
        """It is `now_ms` now, or later: some of it has been seen already."""
        self._at_ns = time.monotonic_ns()
        self._ms = now_ms

    def read(self) -> tuple[int, int]:
        """The time, and by how much the wall has been set forward, or back; 0 if it has not."""
        return self.read_at(time.monotonic_ns(), time.time_ns() // 1_000_000)

    def read_at(self, at_ns: int, wall_ms: int) -> tuple[int, int]:
        """The same of these two clocks."""
        steady_ms = self._ms + (at_ns - self._at_ns) // 1_000_000
        ahead_ms = wall_ms - steady_ms
        if ahead_ms > 0:
            self._at_ns, self._ms = at_ns, wall_ms
            steady_ms = wall_ms
        return steady_ms, ahead_ms if abs(ahead_ms) >= STEP_MS else 0
