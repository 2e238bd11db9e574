"""Time, as every part of the product has it: a clock that can be read, and timers that need none.

What decides something is told the time and never reads a clock: books run on publish time, orders
on the time of the message being handled, the simulated exchange on the time it is advanced to. A
clock is read only where time comes from outside, by the shells around those parts:

- `WallClock`: the machine's time, which here never goes back;
- `ScaledClock`: starts at a given time and runs a given number of times faster than the machine's;
- `SteppedClock`: stands until somebody advances it. A replay steps it, and gives the same result
  on any machine.

`Timers` is the other half: things to be done at a time, done in order of time and then of asking
by whoever advances. A part that has its timers and is advanced in one large step does exactly what
it does when advanced in many small ones.

All times are integer milliseconds since 1970 UTC.
"""

from __future__ import annotations

import heapq
import time
from collections.abc import Callable
from typing import Final, Protocol

_SPARE: Final = 64


class Clock(Protocol):
    """Something that tells the time. It never goes back."""

    def now_ms(self) -> int:
        """Milliseconds since 1970 UTC."""
        ...

    def seconds_until(self, due_ms: int) -> float | None:
        """Real seconds to wait until it will be `due_ms`, 0.0 if it is; None when waiting does not
        bring it about, because somebody has to advance this clock."""
        ...


class ScaledClock:
    """`speed` seconds a real second, from `start_ms` on. Raises `ValueError` for no speed."""

    def __init__(self, start_ms: int, speed: float) -> None:
        if not speed > 0:
            raise ValueError(f"a clock runs forwards: its speed is above 0, not {speed}")
        self._start_ms = start_ms
        self._speed = speed
        self._started_s = time.monotonic()

    def now_ms(self) -> int:
        return self._start_ms + int((time.monotonic() - self._started_s) * 1000 * self._speed)

    def seconds_until(self, due_ms: int) -> float | None:
        due_s = self._started_s + (due_ms - self._start_ms) / 1000 / self._speed
        return max(0.0, due_s - time.monotonic())


class WallClock(ScaledClock):
    """The machine's time at the start, and what passed since by a clock nobody sets back."""

    def __init__(self) -> None:
        super().__init__(time.time_ns() // 1_000_000, 1.0)


class SteppedClock:
    """Time stands until `advance`."""

    def __init__(self, now_ms: int) -> None:
        self._now_ms = now_ms

    def now_ms(self) -> int:
        return self._now_ms

    def seconds_until(self, due_ms: int) -> float | None:
        return 0.0 if due_ms <= self._now_ms else None

    def advance(self, to_ms: int) -> None:
        """It is now `to_ms`; `ValueError` when that is in the past."""
        if to_ms < self._now_ms:
            raise ValueError(f"time does not go back: it is {self._now_ms}, not {to_ms}")
        self._now_ms = to_ms


class Timer:
    """One thing to be done; `cancel` it at any time."""

    __slots__ = ("action", "due_ms")

    def __init__(self, due_ms: int, action: Callable[[], None]) -> None:
        self.due_ms = due_ms
        self.action: Callable[[], None] | None = action

    def cancel(self) -> None:
        """It will not be done; harmless afterwards and twice."""
        self.action = None


class Timers:
    """Things to be done, in order of their time, and of asking where that is the same."""

    def __init__(self, now_ms: int) -> None:
        self.now_ms = now_ms
        """The time of what is being done, or the last time advanced to."""
        self._asked = 0
        self._heap: list[tuple[int, int, Timer]] = []
        self._sweep_at = _SPARE

    def at(self, due_ms: int, action: Callable[[], None]) -> Timer:
        """Does `action` at `due_ms`, or with the next advance where that is past."""
        timer = Timer(max(due_ms, self.now_ms), action)
        if len(self._heap) >= self._sweep_at:
            self._sweep()
        heapq.heappush(self._heap, (timer.due_ms, self._asked, timer))
        self._asked += 1
        return timer

    def after(self, delay_ms: int, action: Callable[[], None]) -> Timer:
        """Does `action` when `delay_ms` has passed."""
        return self.at(self.now_ms + delay_ms, action)

    def next_due_ms(self) -> int | None:
        """When the next thing is to be done; None when there is nothing."""
        while self._heap and self._heap[0][2].action is None:
            heapq.heappop(self._heap)
        return self._heap[0][0] if self._heap else None

    def advance(self, to_ms: int) -> None:
        """Does all that is due until `to_ms`, each at its own time, and leaves it `to_ms`.

        A time in the past is taken as the present: what is due now is done.
        """
        while (due_ms := self.next_due_ms()) is not None and due_ms <= max(to_ms, self.now_ms):
            timer = heapq.heappop(self._heap)[2]
            self.now_ms = max(self.now_ms, due_ms)
            action, timer.action = timer.action, None
            assert action is not None, "a cancelled timer is not the next one"
            action()
        self.now_ms = max(self.now_ms, to_ms)

    def _sweep(self) -> None:
        """Forgets cancelled timers, which otherwise wait in the heap for their time."""
        self._heap = [entry for entry in self._heap if entry[2].action is not None]
        heapq.heapify(self._heap)
        self._sweep_at = _SPARE + 2 * len(self._heap)
