"""One input played by a worker, whoever the worker is: its blotter, its record, and how it ended.

What goes in and out crosses processes by pickle.
"""

from __future__ import annotations

import functools
import hashlib
import pickle
import sqlite3
import time
from collections.abc import Callable
from contextlib import redirect_stderr
from dataclasses import dataclass
from io import TextIOBase
from pathlib import Path
from typing import Final, Literal, Protocol, TypeAlias

import trader
from trader.collector import clear_away
from trader.config.schema import Config, LogConfig
from trader.execution.blotter import Blotter
from trader.execution.interfaces.executor import ExecutionError
from trader.monitoring.metrics import Metrics, Total
from trader.session import MakeExecutor, Session, StartError
from trader.simulator.many.inputs import ReplayInput
from trader.simulator.output import sync
from trader.simulator.recording import Recording, RecordingError
from trader.simulator.replay import Replay, Source
from trader.simulator.summary import InputSummary
from trader.strategy.watched_edge import EdgeFailedError

BLOTTER: Final = "blotter.sqlite"
RECORD: Final = "record"
TELL_EVERY_S: Final = 0.2

Kind: TypeAlias = Literal["recording", "hotloop", "worker", "edge", "executor", "output", "program"]
"""What failed. The first three are one input's affair and the others go on; the rest would fail
with any input."""


@dataclass(frozen=True, slots=True)
class JobSettings:
    """What all inputs of a run have in common. The functions are found by their names in the
    worker; `program` is what `program_digest` gave where the run was started."""

    config: Config
    command: str
    make_executor: MakeExecutor
    set_up_log: Callable[[LogConfig], None]
    program: str


@dataclass(frozen=True, slots=True)
class PartRecord:
    """A finished input: its summary, its share of the metrics, the seconds it took."""

    summary: InputSummary
    totals: dict[str, Total]
    wall_s: float


@dataclass(frozen=True, slots=True)
class Failure:
    """Why an input was not finished; `message` is one line that says which, where and why."""

    kind: Kind
    message: str


@dataclass(frozen=True, slots=True)
class Stopped:
    """The worker was asked to stop before the input's end; nothing of it is kept."""


Outcome: TypeAlias = Failure | Stopped | None
"""None: the input is finished, and its files are written."""


class Teller(Protocol):
    """Where a worker says how it gets on."""

    def progress(self, position: int, lines: int) -> None:
        """`position`: how many of the input's bytes (`ReplayInput.size`) are read."""

    def text(self, text: str) -> None:
        """What it would write on standard error."""


def play_input(
    settings: JobSettings,
    one: ReplayInput,
    folder: Path,
    run_dir: Path,
    *,
    stop: Callable[[], bool],
    teller: Teller,
) -> Outcome:
    """Plays one input; when it returns None `folder` has `BLOTTER` and `RECORD`, on the disk.

    `run_dir`: for the sidecar's own files. An error that is none of the foreseen is raised.
    """
    if settings.program != program_digest():
        message = "a worker has another version of the program; install the same one everywhere"
        return Failure("program", message)
    clear_away()  # of the input before
    with redirect_stderr(_Told(teller)):
        settings.set_up_log(settings.config.monitoring.log)
        try:
            return _play(settings, one, folder, run_dir, stop, teller)
        except RecordingError as error:
            return Failure("recording", str(error))
        except (EdgeFailedError, StartError, ExecutionError) as error:
            kind: Kind = "edge" if isinstance(error, EdgeFailedError) else "executor"
            return Failure(kind, str(error))
        except sqlite3.Error as error:
            return Failure("output", f"{folder}: cannot be written: {error}")
        except ConnectionError:
            raise  # whoever is told has gone
        except OSError as error:
            return Failure("output", f"{folder}: cannot be written: {error.strerror}")


def _play(
    settings: JobSettings,
    one: ReplayInput,
    folder: Path,
    run_dir: Path,
    stop: Callable[[], bool],
    teller: Teller,
) -> Outcome:
    watched = _Watched(one, teller)
    metrics = Metrics()
    with Blotter(folder / BLOTTER) as blotter:
        replay = Replay(
            settings.config,
            command=settings.command,
            blotter=blotter,
            metrics=metrics,
            make_executor=settings.make_executor,
            run_dir=run_dir,
            stop=stop,
            watch=watched.watch,
        )
        summary = replay.run([Source(one.name, watched.open)])
    if summary.interrupted:
        return Stopped()
    if summary.executor_lost is not None:
        return Failure("executor", summary.executor_lost)
    if summary.seam_lost is not None:
        return Failure("hotloop", f"{one.name}: {summary.seam_lost}")
    record = PartRecord(summary.inputs[0], metrics.totals(), summary.wall_s)
    (folder / RECORD).write_bytes(pickle.dumps(record))
    for name in (BLOTTER, RECORD):
        sync(folder / name)
    return None


@functools.cache
def program_digest() -> str:
    """What the results depend on besides inputs and configuration: the trader's own modules and
    the compiled Hotloop, where there is one. (The sidecar says its version itself.)"""
    root = Path(trader.__file__).parent
    digest = hashlib.sha256()
    for path in sorted(root.rglob("*.py")):
        if not path.name.endswith("_test.py"):
            digest.update(f"{path.relative_to(root)}\0".encode())
            digest.update(path.read_bytes())
    try:
        import hotloop  # noqa: PLC0415  (absent where only Python is used)
    except ImportError:
        return digest.hexdigest()
    package = Path(hotloop.__file__ or "").parent
    for library in sorted(package.glob("*.so")):
        digest.update(library.read_bytes())
    return digest.hexdigest()


class _Watched:
    """The input as the replay opens it, and how far it has come."""

    def __init__(self, one: ReplayInput, teller: Teller) -> None:
        self._one = one
        self._teller = teller
        self._recording: Recording | None = None
        self._next_s = 0.0

    def open(self) -> Recording:
        self._recording = self._one.open()
        return self._recording

    def watch(self, session: Session) -> None:
        now_s = time.monotonic()
        recording = self._recording
        if recording is None or now_s < self._next_s:
            return
        self._next_s = now_s + TELL_EVERY_S
        position = recording.position * self._one.size // recording.size
        self._teller.progress(position, session.engine.counts.lines)


class _Told(TextIOBase):
    """A standard error that is told, line by line."""

    def __init__(self, teller: Teller) -> None:
        self._teller = teller
        self._begun = ""

    def writable(self) -> bool:
        return True

    def write(self, text: str) -> int:
        *lines, self._begun = (self._begun + text).split("\n")
        for line in lines:
            self._teller.text(line)
        return len(text)
