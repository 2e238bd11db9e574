"""How closely a stream's messages follow one another, and which horizons it can judge.

A conflated stream gathers what happens for a second, say, and then tells it at once: whether an
order was filled within that second cannot be read from it. It shows in the shortest times between
two messages of one market, which in a stream that is not conflated are short in quiet markets too.
"""

from __future__ import annotations

from typing import Final

STEP_MS: Final = 10
LONGEST_MS: Final = 60_000
SHORTEST_SHARE: Final = 0.05
"""The spacing is the time that this share of the messages do not exceed."""
MESSAGES_IN_HORIZON: Final = 2


class Spacing:
    """Times between messages of a market, counted in steps of 10 ms."""

    __slots__ = ("_counts",)

    def __init__(self) -> None:
        self._counts: dict[int, int] = {}

    def add(self, ms: int) -> None:
        step = min(ms, LONGEST_MS) // STEP_MS
        self._counts[step] = self._counts.get(step, 0) + 1

    @property
    def ms(self) -> int | None:
        """The spacing, rounded down to 10 ms; None of fewer than two messages."""
        total = sum(self._counts.values())
        if not total:
            return None
        seen = 0
        for step in sorted(self._counts):
            seen += self._counts[step]
            if seen >= total * SHORTEST_SHARE:
                return step * STEP_MS
        raise AssertionError("all times were counted")

    def can_judge(self, horizon_ms: int) -> bool:
        """Whether a horizon holds at least two messages at this spacing."""
        spacing = self.ms
        return spacing is None or spacing * MESSAGES_IN_HORIZON <= horizon_ms
