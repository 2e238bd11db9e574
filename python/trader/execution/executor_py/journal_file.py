"""The journal as a file: one process appends to it. What is written survives the death of this
process; what is synced, a loss of power, too. The Rust executor's is the same, file and lock.
"""

from __future__ import annotations

import fcntl
import os
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter_ns
from typing import Any, Final, Literal, Self, TypeAlias

import msgspec

from trader.execution.interfaces.executor import ExecutorLost, ExecutorStartError
from trader.execution.orders import journal
from trader.execution.orders.record import Record, Shortened
from trader.execution.orders.snapshot import Snapshot
from trader.monitoring.latency import LatencyHistogram

Fsync: TypeAlias = Literal["always", "group_ms", "never"]
FILE: Final = "orders.journal"
LOCK: Final = "lock"


@dataclass(frozen=True, slots=True)
class JournalSettings:
    """Where it is; when it is synced (`always`: before anything that follows from it leaves;
    `group_ms`: so many ms later at most, and nothing waits); after how many bytes of growth it is
    shortened to what is known."""

    folder: Path
    fsync: Fsync = "group_ms"
    group_ms: int = 5
    rotate_bytes: int = 64 << 20


class JournalInUseError(ExecutorStartError):
    """Another executor has it; `holder` is what that says of itself: `backend`, `pid`, and of a
    sidecar `control` (an address) and `token_file`."""

    def __init__(self, message: str, holder: Mapping[str, Any]) -> None:
        super().__init__(message)
        self.holder = holder


class JournalFile:
    """An open journal, this process's alone."""

    @classmethod
    def open(cls, settings: JournalSettings) -> tuple[Self, journal.Read]:
        """It, and what it holds. Raises `ExecutorStartError`; nothing has been changed then."""
        folder = settings.folder
        try:
            folder.mkdir(parents=True, exist_ok=True)
            lock = os.open(folder / LOCK, os.O_WRONLY | os.O_CREAT, 0o600)
            try:
                made = cls(settings, lock)
                return made, made._read()
            except BaseException:
                os.close(lock)
                raise
        except OSError as error:
            raise ExecutorStartError(f"journal {folder}: {error.strerror}") from None

    def __init__(self, settings: JournalSettings, lock: int) -> None:
        folder = settings.folder
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise JournalInUseError(
                f"journal {folder} is in use by another executor; give each its own folder",
                holder_of(folder / LOCK),
            ) from None
        os.ftruncate(lock, 0)
        os.write(lock, msgspec.json.encode({"backend": "python", "pid": os.getpid()}))
        self._settings = settings
        self._lock = lock
        self._path = folder / FILE
        self._file = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
        self._length = self._base = 0
        self._dirty = threading.Event()
        self._closed = False
        self._broken = ""
        self._swap = threading.Lock()
        self._timing = threading.Lock()
        self.shortened = 0
        self.last_sync_s = 0.0
        self.sync_times = LatencyHistogram()
        self._syncer: threading.Thread | None = None

    @property
    def length(self) -> int:
        """How many bytes it has."""
        return self._length

    @property
    def is_long(self) -> bool:
        """Whether it has grown so much that it is worth shortening."""
        return self._length >= max(self._base * 2, self._settings.rotate_bytes)

    def append(self, records: list[Record]) -> None:
        """Raises `ExecutorLost`: nothing may be appended after that, for the file may end with
        half a record."""
        if self._broken:
            raise ExecutorLost(self._broken)
        data = b"".join(journal.append(record) for record in records)
        try:
            self._write(self._file, data)
            if self._settings.fsync == "always":
                self._make_durable(self._file)
        except OSError as error:
            self._broken = f"journal {self._path}: {error.strerror}"
            raise ExecutorLost(self._broken) from None
        self._length += len(data)
        self._dirty.set()

    def shorten(self, snapshot: Snapshot) -> None:
        """Puts a journal of this one record in its place, all of it or nothing. Raises
        `ExecutorLost`."""
        made = self._path.with_name("orders.journal.new")
        data = journal.HEADER + journal.append(Shortened(snapshot))
        try:
            new = os.open(made, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
            self._write(new, data)
            self._make_durable(new)
            os.close(new)
            made.replace(self._path)
            self._sync_folder()
            with self._swap:
                os.close(self._file)
                self._file = os.open(self._path, os.O_WRONLY | os.O_APPEND)
        except OSError as error:
            self._broken = f"journal {self._path}: {error.strerror}"
            raise ExecutorLost(self._broken) from None
        self._length = self._base = len(data)
        self.shortened += 1

    def close(self) -> None:
        """Gives it up; another process may take it."""
        if self._closed:
            return
        self._closed = True
        self._dirty.set()
        if self._syncer is not None:
            self._syncer.join()
        os.close(self._file)
        os.close(self._lock)

    def _read(self) -> journal.Read:
        try:
            held = journal.read(self._path.read_bytes())
        except journal.JournalError as error:
            raise ExecutorStartError(f"journal {self._path}: {error}") from None
        os.ftruncate(self._file, held.whole_bytes)
        self._length = held.whole_bytes
        if not self._length:
            self._write(self._file, journal.HEADER)
            self._length = len(journal.HEADER)
        os.fdatasync(self._file)
        self._sync_folder()
        self._base = self._length
        if self._settings.fsync == "group_ms":
            self._syncer = threading.Thread(target=self._sync, name="journal", daemon=True)
            self._syncer.start()
        return held

    def _sync(self) -> None:
        """On a thread of its own: what was written is synced a moment later."""
        pause = threading.Event()
        while not self._closed:
            self._dirty.wait()
            pause.wait(self._settings.group_ms / 1000)
            self._dirty.clear()
            try:
                with self._swap:
                    self._make_durable(self._file)
            except OSError as error:
                self._broken = f"journal {self._path}: {error.strerror}"
                return

    def _make_durable(self, file: int) -> None:
        """Syncs a file, and notes how long that took: the engine's thread does, and that of the
        journal."""
        started_ns = perf_counter_ns()
        os.fdatasync(file)
        took_ns = perf_counter_ns() - started_ns
        with self._timing:
            self.last_sync_s = took_ns / 1e9
            self.sync_times.record(took_ns)

    def _sync_folder(self) -> None:
        folder = os.open(self._path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)

    @staticmethod
    def _write(file: int, data: bytes) -> None:
        while data:
            data = data[os.write(file, data) :]


def holder_of(lock: Path) -> Mapping[str, Any]:
    """What the process that has a lock says of itself; empty where it has not said it yet."""
    try:
        said = msgspec.json.decode(lock.read_bytes())
    except (OSError, msgspec.DecodeError):
        return {}
    return said if isinstance(said, dict) else {}
