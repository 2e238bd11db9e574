"""What `trader calibrate` reads: recordings line by line, into judges."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Final, TypeAlias

from trader.apps.interrupt import Interrupt
from trader.apps.progress import FileProgress
from trader.calibration.judging import Block, Judge
from trader.calibration.sampling import Plan
from trader.session import seam_starts
from trader.simulator.recording import Recording

LOOK_EVERY_LINES: Final = 16

Files: TypeAlias = Sequence[tuple[str, Path]]
"""As named on the command line, and where they are."""


def shown_names(files: Files) -> list[str]:
    """What each file is called in tables: its base name; where others have that too, the name as
    given, and a number where that is given again."""
    bases = Counter(path.name for _, path in files)
    names = [path.name if bases[path.name] == 1 else name for name, path in files]
    seen: Counter[str] = Counter()
    for at, name in enumerate(names):
        seen[name] += 1
        if seen[name] > 1:
            names[at] = f"{name} ({seen[name]})"
    return names


class Reader:
    """Recordings line by line, until Ctrl-C."""

    def __init__(self, interrupt: Interrupt, progress: FileProgress) -> None:
        self.interrupted = False
        self._interrupt = interrupt
        self._progress = progress
        self._bytes_before = 0

    def read(self, name: str, path: Path, what: str, line: Callable[[bytes], None]) -> bool:
        """Gives every line of a file away; False when it was interrupted. Raises
        `RecordingError`."""
        with Recording(path, name) as recording:
            for number, raw in enumerate(recording, start=1):
                line(raw)
                if self._interrupt.requested():
                    self.interrupted = True
                    return False
                if number % LOOK_EVERY_LINES == 0 and self._progress.is_due():
                    done = self._bytes_before + recording.position
                    self._progress.show(f"{name} ({what})", done, number)
            self._bytes_before += recording.size
        return True


def make_judge(name: str, blocks: Mapping[str, Block], plan: Plan, *, rust: bool) -> Judge:
    """Raises `StartError` where the backend asked for is not there."""
    with seam_starts():
        return Judge(name, blocks, plan, rust=rust)
