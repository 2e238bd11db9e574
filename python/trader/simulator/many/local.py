"""Workers on this machine: fresh interpreters, each of which plays one input after the other.

A worker is told to stop by a message, and stops by itself when the process that hands out is gone,
however that went: its end of the pipe says so. Signals of the terminal are not its affair.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import signal
import time
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from pathlib import Path
from queue import SimpleQueue
from threading import Event, Thread
from types import FrameType
from typing import Any, Final

from trader.simulator.many.handout import Handout
from trader.simulator.many.inputs import ReplayInput
from trader.simulator.many.job import JobSettings, Outcome, play_input

LOOK_EVERY_S: Final = 0.1
"""How often Ctrl-C is looked for and the progress shown."""
STOP_WITHIN_S: Final = 10.0
"""What a worker has to end its line and its sidecar; then it is killed."""
SIGNALS: Final = (signal.SIGINT, signal.SIGTERM)
_STOP: Final = "stop"


def play_locally(handout: Handout, settings: JobSettings, workers_max: int, run_dir: Path) -> None:
    """Plays everything that the handout has. Raises `OutputError` when a part cannot be kept, and
    `RuntimeError` for an error in a worker that nobody foresaw."""
    with _pool(handout, settings, workers_max, run_dir) as workers:
        while not handout.ends:
            for worker in workers:
                if worker.number is None and (number := handout.take()) is not None:
                    worker.play(number, handout.inputs[number])
            if all(worker.number is None for worker in workers):
                return
            _hear(workers, handout)
        _stop(workers, handout)


@contextmanager
def _pool(
    handout: Handout, settings: JobSettings, workers_max: int, run_dir: Path
) -> Iterator[list[_Worker]]:
    count = min(workers_max, handout.pending)
    workers = [
        _Worker(settings, handout.parts.work_folder(), run_dir / f"worker-{place}")
        for place in range(1, count + 1)
    ]
    try:
        yield workers
    finally:
        for worker in workers:
            worker.close()


def _hear(workers: list[_Worker], handout: Handout) -> None:
    """Takes in what workers say within a moment."""
    busy = {worker.connection: worker for worker in workers if worker.number is not None}
    for connection in wait(list(busy), LOOK_EVERY_S):
        busy[connection].hear(handout)  # type: ignore[index]
    handout.show()


def _stop(workers: list[_Worker], handout: Handout) -> None:
    """Lets those that play come to their end, and takes in what is finished in that moment."""
    for worker in workers:
        worker.tell_stop()
    deadline_s = time.monotonic() + STOP_WITHIN_S
    while time.monotonic() < deadline_s and any(worker.number is not None for worker in workers):
        _hear(workers, handout)


class _Worker:
    """One worker's place: the process that has it now, and the input that it plays."""

    def __init__(self, settings: JobSettings, folder: Path, run_dir: Path) -> None:
        self.number: int | None = None
        self._settings = settings
        self._folder = folder
        self._run_dir = run_dir
        self._process: BaseProcess | None = None
        self._connection: Connection | None = None

    @property
    def connection(self) -> Connection:
        assert self._connection is not None, "only a worker that plays is listened to"
        return self._connection

    def play(self, number: int, one: ReplayInput) -> None:
        if self._process is None:
            self._start()
        self.number = number
        with contextlib.suppress(OSError):  # it died idle: heard of as the end of its pipe
            self.connection.send(one)

    def tell_stop(self) -> None:
        if self._connection is not None:
            with contextlib.suppress(OSError):
                self._connection.send(_STOP)

    def hear(self, handout: Handout) -> None:
        """Takes one message, or the worker's death."""
        number = self.number
        assert number is not None, "only a worker that plays is listened to"
        try:
            kind, *what = self.connection.recv()
        except (EOFError, OSError):
            how = self._end()
            self.number = None
            handout.lost(number, how)
            return
        if kind == "progress":
            handout.progress(number, *what)
        elif kind == "text":
            handout.text(*what)
        elif kind == "unforeseen":
            raise RuntimeError(f"{handout.inputs[number].name}: a worker failed:\n{what[0]}")
        else:
            outcome: Outcome = what[0]
            if outcome is None:
                handout.parts.put(number, self._folder)
            self.number = None
            handout.ended(number, outcome)

    def close(self) -> None:
        """Ends it: at once, if it plays still."""
        if self._process is None:
            return
        if self.number is not None:
            self._process.kill()
        self._end()

    def _start(self) -> None:
        context = multiprocessing.get_context("spawn")
        self._connection, theirs = context.Pipe()
        self._process = context.Process(
            target=work,
            args=(theirs, self._settings, self._folder, self._run_dir),
            name="replay worker",
        )
        # Held back until it has handlers of its own: its imports would end in a traceback.
        signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS)
        try:
            self._process.start()
        finally:
            signal.pthread_sigmask(signal.SIG_UNBLOCK, SIGNALS)
            theirs.close()  # so that its end is heard

    def _end(self) -> str:
        """Waits for its end and says how that was."""
        process, connection = self._process, self._connection
        assert process is not None, "there is one"
        assert connection is not None, "there is one"
        connection.close()
        process.join(STOP_WITHIN_S)
        if process.exitcode is None:
            process.kill()
            process.join()
        code = process.exitcode
        process.close()
        self._process = self._connection = None
        if code is not None and code < 0:
            return f"was ended by {signal.Signals(-code).name}"
        return f"ended with exit code {code}"


def work(connection: Connection, settings: JobSettings, folder: Path, run_dir: Path) -> None:
    """A worker's life: inputs in, outcomes out, until it is told to stop or nobody is there."""
    for number in SIGNALS:
        signal.signal(number, _ignored)  # SIG_IGN would be its sidecar's, too
    signal.pthread_sigmask(signal.SIG_UNBLOCK, SIGNALS)
    inputs: SimpleQueue[ReplayInput | None] = SimpleQueue()
    stop = Event()
    Thread(target=_listen, args=(connection, inputs, stop), daemon=True).start()
    try:
        while (one := inputs.get()) is not None:
            connection.send(_played(connection, settings, one, folder, run_dir, stop))
    except OSError:
        os._exit(1)  # nobody is there to hear it


def _ignored(_number: int, _frame: FrameType | None) -> None:
    """The terminal's signals go to all; the process that hands out says what follows."""


def _played(
    connection: Connection,
    settings: JobSettings,
    one: ReplayInput,
    folder: Path,
    run_dir: Path,
    stop: Event,
) -> tuple[Any, ...]:
    """The message that tells of an input's end."""
    for left_over in folder.iterdir():  # of one that was not finished
        left_over.unlink()
    teller = _Pipe(connection)
    try:
        outcome = play_input(settings, one, folder, run_dir, stop=stop.is_set, teller=teller)
    except ConnectionError:
        raise
    except Exception:
        return ("unforeseen", traceback.format_exc())
    return ("end", outcome)


def _listen(connection: Connection, inputs: SimpleQueue[ReplayInput | None], stop: Event) -> None:
    """Takes what is sent, so that a stop is heard while an input is played."""
    while True:
        try:
            message = connection.recv()
        except (EOFError, OSError):
            message = _STOP
        if message == _STOP:
            stop.set()
            inputs.put(None)
            return
        inputs.put(message)


class _Pipe:
    """Tells the process that hands out. Raises `OSError` when it is gone."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def progress(self, position: int, lines: int) -> None:
        self._connection.send(("progress", position, lines))

    def text(self, text: str) -> None:
        self._connection.send(("text", text))
