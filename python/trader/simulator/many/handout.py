"""Which input is played next, what became of it, and when to end; whoever plays them."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Sequence
from typing import Final, Protocol

from trader.simulator.many.inputs import ReplayInput
from trader.simulator.many.job import Failure, Kind, Outcome, PartRecord, Stopped
from trader.simulator.many.parts import Parts

TRIES: Final = 2
"""How often an input is begun before it is given up, as its worker dies of it."""
_OF_ONE_INPUT: Final[frozenset[Kind]] = frozenset({"recording", "hotloop", "worker"})


class Progress(Protocol):
    """What is shown while inputs are played. Bytes are those of all inputs of the run."""

    def show(self, files_done: int, bytes_done: int, lines: int) -> None: ...

    def text(self, text: str) -> None: ...


class Handout:
    """The state of a run over many inputs, each known by its place (from 0).

    `stop()`: whether the person wants it to end. `kept(record)` hears of every part there is.
    """

    def __init__(
        self,
        inputs: Sequence[ReplayInput],
        parts: Parts,
        done: Iterable[int],
        *,
        stop: Callable[[], bool],
        kept: Callable[[PartRecord], None],
        progress: Progress,
    ) -> None:
        self.inputs = inputs
        self.parts = parts
        self.finished = set(done)
        self.failures: dict[int, Failure] = {}
        self._pending = deque(n for n in range(len(inputs)) if n not in self.finished)
        self._tries = [0] * len(inputs)
        self._playing: dict[int, tuple[int, int]] = {}  # number: bytes, lines
        self._bytes_done = sum(inputs[number].size for number in self.finished)
        self._lines_done = 0
        self._stop = stop
        self._is_fatal = False
        self._kept = kept
        self._progress = progress
        for number in sorted(self.finished):
            self._kept(parts.record(number))

    @property
    def ends(self) -> bool:
        """Whether everything should come to its end, also what is being played."""
        return self._is_fatal or self._stop()

    @property
    def pending(self) -> int:
        """How many inputs nobody has begun."""
        return len(self._pending)

    def take(self) -> int | None:
        """The next input to play; None when there is none, or none should be begun."""
        if not self._pending or self.ends:
            return None
        number = self._pending.popleft()
        self._tries[number] += 1
        self._playing[number] = (0, 0)
        return number

    def progress(self, number: int, position: int, lines: int) -> None:
        self._playing[number] = (position, lines)

    def text(self, text: str) -> None:
        self._progress.text(text)

    def show(self) -> None:
        """Brings what is shown up to date."""
        positions = self._playing.values()
        self._progress.show(
            len(self.finished),
            self._bytes_done + sum(position for position, _ in positions),
            self._lines_done + sum(lines for _, lines in positions),
        )

    def ended(self, number: int, outcome: Outcome) -> None:
        """An input's end; a finished one's part must be in place."""
        del self._playing[number]
        if outcome is None:
            record = self.parts.record(number)
            self.finished.add(number)
            self._bytes_done += self.inputs[number].size
            self._lines_done += record.summary.lines
            self._kept(record)
        elif isinstance(outcome, Stopped):
            self._pending.appendleft(number)
        else:
            self._failed(number, outcome)

    def lost(self, number: int, how: str) -> None:
        """The worker that played it is gone: it is tried once more."""
        del self._playing[number]
        if self.ends:
            return
        name = self.inputs[number].name
        if self._tries[number] < TRIES:
            self.text(f"trader: warning: {name}: its worker {how}; it is tried once more")
            self._pending.appendleft(number)
            return
        message = f"{name}: its worker {how}, {TRIES} times; look for memory, or leave it out"
        self._failed(number, Failure("worker", message))

    def _failed(self, number: int, failure: Failure) -> None:
        self.failures[number] = failure
        self._is_fatal |= failure.kind not in _OF_ONE_INPUT
