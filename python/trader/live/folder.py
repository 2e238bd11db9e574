"""The folder of a live trader: blotter, summary, report, the sidecar's files; one trader at a time.

Unlike a replay's it is never begun anew: each run is added to the blotter.
"""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, Final, Self

from trader.simulator.output import (
    BLOTTER,
    EXECUTOR,
    LIVE_DRY_BLOTTER,
    LIVE_LOCK,
    RELOAD,
    REPORT,
    SUMMARY,
    OutputError,
    replace_file,
)

_LOCKS: Final = Path("/proc/locks")


class LiveFolder:
    """Use as a context manager. Raises `OutputError`."""

    def __init__(self, path: Path, shown: str) -> None:
        self.path = path
        self.shown = shown
        self._lock: int | None = None

    def __enter__(self) -> Self:
        try:
            self.run_dir.mkdir(parents=True, exist_ok=True)
            lock = os.open(self.path / LIVE_LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise self._unwritable(error) from None
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(lock)
            raise OutputError(
                f"--out {self.shown}: another trader is at work there; end it, or name another"
                " folder"
            ) from None
        self._lock = lock
        os.truncate(lock, 0)
        os.pwrite(lock, f"{os.getpid()}\n".encode(), 0)
        return self

    def __exit__(self, *_: object) -> None:
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    def blotter(self, *, dry_run: bool) -> Path:
        """Dry runs have one of their own: their fills and report numbers are nothing to go on
        with."""
        return self.path / (LIVE_DRY_BLOTTER if dry_run else BLOTTER)

    @property
    def run_dir(self) -> Path:
        """Where the sidecar keeps its files."""
        return self.path / EXECUTOR

    def summary(self, summary: Mapping[str, Any]) -> None:
        """Puts the summary of this run in place of the former one."""
        text = json.dumps(summary, indent=2, ensure_ascii=False) + "\n"
        self._put(SUMMARY, text.encode())

    def reloaded(self, answer: Mapping[str, Any]) -> None:
        """Puts what came of reading the configuration anew in place of what came of it before."""
        self._put(RELOAD, (json.dumps(answer, ensure_ascii=False) + "\n").encode())

    def put_report(self, page: bytes) -> None:
        """Puts the page of the last day in place of the former one."""
        self._put(REPORT, page)

    def _put(self, name: str, content: bytes) -> None:
        try:
            replace_file(self.path / name, content, staged=self.path / f".{name}")
        except OSError as error:
            raise self._unwritable(error) from None

    def _unwritable(self, error: OSError) -> OutputError:
        return OutputError(f"--out {self.shown}: cannot be written: {error.strerror}")


def holder(folder: Path) -> int | None:
    """The process id of the live trader that is at work in a folder; None when nobody is. Raises
    `OutputError` where the lock cannot be read.

    The lock itself is not tried: a trader that starts just then would find it taken.
    """
    path = folder / LIVE_LOCK
    try:
        text = path.read_text(errors="replace")[:32].strip()
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise OutputError(f"{path}: cannot be read: {error.strerror}") from None
    # What a trader that was killed has left there may be somebody else's number by now.
    return int(text) if text.isdigit() and _has_open(int(text), path) else None


def _has_open(pid: int, path: Path) -> bool:
    there = path.stat()
    try:
        for link in Path(f"/proc/{pid}/fd").iterdir():
            with suppress(FileNotFoundError):  # closed since
                if os.path.samestat(link.stat(), there):
                    return True
    except FileNotFoundError:
        return False
    except PermissionError:
        return _has_locked(pid, there.st_ino)
    return False


def _has_locked(pid: int, inode: int) -> bool:
    """By the kernel's list of locks, which everybody may read: what a service has open nobody may
    look at from outside its user namespace (PrivateUsers=), not even its own user."""
    try:
        lines = _LOCKS.read_text().splitlines()
    except OSError:
        return False
    # 1: FLOCK  ADVISORY  WRITE 4711 fe:00:1234 0 EOF
    held = (words for line in lines if len(words := line.split()) >= 6 and words[1] == "FLOCK")
    return any((words[4], words[5].rpartition(":")[2]) == (str(pid), str(inode)) for words in held)
