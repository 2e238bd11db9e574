"""What is written while trading: the journal of orders, and the folder of blotter and summary."""

from __future__ import annotations

import fcntl
import os
import sqlite3
import stat
import statistics
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Final
from urllib.parse import quote

from trader.config.schema import JournalConfig
from trader.doctor.findings import Finding, Mark, fail, failed, ok, skipped, warn
from trader.doctor.subject import Subject
from trader.execution.blotter_schema import SCHEMA_VERSION
from trader.execution.executor_py.journal_file import LOCK, holder_of
from trader.execution.interfaces.executor import ExecutorStartError
from trader.live.adopt import read_journal
from trader.live.folder import holder as trader_of
from trader.simulator.output import BLOTTER, LIVE_DRY_BLOTTER, LIVE_LOCK

JOURNAL: Final = "journal"
JOURNAL_DISK: Final = "journal's disk"
BLOTTER_FOLDER: Final = "blotter"
SYNCS: Final = 16
SYNC_BYTES: Final = 512
SYNC_ALWAYS_MS: Final = 20.0
"""Before every order, with `fsync: always`: more than this is felt."""
SYNC_GROUP_MS: Final = 200.0
FREE_WARN_BYTES: Final = 1 << 30
FREE_FAIL_BYTES: Final = 64 << 20
_OTHERS: Final = stat.S_IRWXG | stat.S_IRWXO
_OTHERS_WRITE: Final = stat.S_IWGRP | stat.S_IWOTH


def journal(subject: Subject) -> list[Finding]:
    """Its folder, who has it, and what it holds. Nothing of it is changed."""
    named = subject.config.execution.journal.dir
    if not named:
        if not subject.is_live:
            return [skipped(JOURNAL, "a dry run keeps none (execution.journal.dir is empty)")]
        return [
            fail(
                JOURNAL,
                "execution.journal.dir is empty",
                "name a folder of the trader's own: what it has sent must outlive it",
            )
        ]
    folder = Path(named).absolute()
    if not folder.is_dir():
        return [_absent(JOURNAL, folder, "journal")]
    wrong = list(_modes(folder))
    if not failed(wrong) and (in_use := _in_use(folder, trader_of(subject.out))):
        wrong.append(in_use)
    return wrong or [_read(folder)]


def _read(folder: Path) -> Finding:
    """What it holds."""
    try:
        book = read_journal(folder, may_be_absent=True)
    except ExecutorStartError as error:
        return fail(JOURNAL, str(error), "keep the file; see docs/live_orders.md first")
    count = len(book.orders)
    what = f"{folder}: 0700, nobody has it, {count} order{'' if count == 1 else 's'} open"
    if book.killed:
        return warn(JOURNAL, f"{what}; KILLED: no new order is taken", "`trader resume` ends it")
    return ok(JOURNAL, what)


def _absent(name: str, folder: Path, what: str) -> Finding:
    """For a folder that the trader would make itself, if it can."""
    parent = next(one for one in folder.parents if one.exists())
    if not parent.is_dir() or not os.access(parent, os.W_OK | os.X_OK):
        return fail(
            name,
            f"{folder} is not there, and {parent} cannot be written to",
            f"make it, owned by the trader's user: install -d -m 0700 {folder}",
        )
    return warn(
        name,
        f"{folder} is not there; the first run makes it",
        f"right before the first run; else see whether it is the right {what}",
    )


def _modes(folder: Path) -> Iterator[Finding]:
    info = folder.stat()
    mode = stat.S_IMODE(info.st_mode)
    if info.st_uid != os.geteuid():
        yield fail(
            JOURNAL,
            f"{folder} belongs to user {info.st_uid}, the trader is {os.geteuid()}",
            f"chown -R {os.geteuid()} {folder}",
        )
    elif not os.access(folder, os.R_OK | os.W_OK | os.X_OK):
        yield fail(JOURNAL, f"{folder} cannot be written to ({mode:04o})", f"chmod 0700 {folder}")
    elif mode & _OTHERS_WRITE:
        found = f"{folder}: others can write to it ({mode:04o})"
        yield fail(JOURNAL, found, f"chmod 0700 {folder}")
    elif mode & _OTHERS:
        found = f"{folder}: others can read it ({mode:04o})"
        yield warn(JOURNAL, found, f"chmod 0700 {folder}")


def _in_use(folder: Path, trader: int | None) -> Finding | None:
    """Says who has it; right where that is the trader of this profile, or its sidecar. Where nobody
    has it, that is seen by having it for a moment ourselves, shared:
    an executor that starts in that moment is told that it is in use."""
    if not _is_locked(folder / LOCK):
        return None
    holder = holder_of(folder / LOCK)
    pid = holder.get("pid", "?")
    who = f"process {pid} ({holder.get('backend', 'unknown')} executor)"
    if trader is not None and trader in (pid, _parent(pid)):
        return ok(JOURNAL, f"{folder}: 0700, the trader at work has it: {who}")
    return fail(
        JOURNAL,
        f"{folder} is in use by {who}",
        "end that trader before another one is started; `trader orders` shows what is open",
    )


def _parent(pid: object) -> int | None:
    """Of a process; None where it is gone."""
    try:
        return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
    except (OSError, ValueError, IndexError):
        return None


def _is_locked(lock: Path) -> bool:
    """Whether another process has it. Raises `OSError` where that cannot be seen."""
    try:
        opened = os.open(lock, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return False
    try:
        fcntl.flock(opened, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(opened)
    return False


def journal_disk(subject: Subject) -> list[Finding]:
    """How long the journal's disk takes to have something for good, and what is free on it."""
    settings = subject.config.execution.journal
    folder = Path(settings.dir).absolute() if settings.dir else None
    if folder is None or not folder.is_dir():
        return [skipped(JOURNAL_DISK, "there is no folder of a journal yet")]
    try:
        took_ms = sync_times_ms(folder)
        free = free_bytes(folder)
    except OSError as error:
        return [
            fail(
                JOURNAL_DISK,
                f"{folder}: {error.strerror}",
                "see the disk: it must be writable, local, and have room",
            )
        ]
    return [_of_disk(settings, took_ms, free)]


def _of_disk(settings: JournalConfig, took_ms: list[float], free: int) -> Finding:
    middle, worst = statistics.median(took_ms), max(took_ms)
    what = f"fdatasync {middle:.1f} ms, at worst {worst:.1f} of {len(took_ms)}; {_size(free)} free"
    if free < max(FREE_FAIL_BYTES, 2 * settings.rotate_bytes):
        need = max(FREE_FAIL_BYTES, 2 * settings.rotate_bytes)
        return fail(JOURNAL_DISK, what, f"make room: {_size(need)} at least")
    if settings.fsync == "always" and middle > SYNC_ALWAYS_MS:
        return warn(
            JOURNAL_DISK,
            f"{what}; with journal.fsync: always every order waits for it",
            "a quicker disk, or journal.fsync: group_ms",
        )
    if settings.fsync == "group_ms" and middle > SYNC_GROUP_MS:
        return warn(JOURNAL_DISK, what, "a quicker disk: this one may hold orders up")
    if free < FREE_WARN_BYTES:
        return warn(JOURNAL_DISK, what, f"make room: {_size(FREE_WARN_BYTES)} or more")
    return ok(JOURNAL_DISK, what)


def sync_times_ms(folder: Path) -> list[float]:
    """How long each of some small writes took until the disk had it. Raises `OSError`."""
    took = []
    with tempfile.TemporaryFile(dir=folder) as file:
        for _ in range(SYNCS):
            os.write(file.fileno(), b"\0" * SYNC_BYTES)
            started = time.perf_counter()
            os.fdatasync(file.fileno())
            took.append((time.perf_counter() - started) * 1000)
    return took


def free_bytes(folder: Path) -> int:
    """What this user may still write there. Raises `OSError`."""
    found = os.statvfs(folder)
    return found.f_bavail * found.f_frsize


def blotter(subject: Subject) -> list[Finding]:
    """Whether the folder of blotter and summary can be written, is free, and is of this version."""
    folder = subject.out
    if not folder.exists():
        found = _absent(BLOTTER_FOLDER, folder, "--out")
        if found.mark is Mark.WARN:  # nothing outlives its absence: a run makes it
            return [ok(BLOTTER_FOLDER, found.found)]
        return [found]
    try:
        with tempfile.TemporaryFile(dir=folder):
            free = free_bytes(folder)
        locked = _is_locked(folder / LIVE_LOCK)
    except OSError as error:
        return [
            fail(
                BLOTTER_FOLDER,
                f"{folder} cannot be written: {error.strerror}",
                "name another folder with --out, or make this one writable for the trader's user",
            )
        ]
    if locked:
        return [ok(BLOTTER_FOLDER, f"a trader is at work in {folder}; a second one is refused")]
    name = BLOTTER if subject.is_live else LIVE_DRY_BLOTTER
    return [_of_blotter(folder / name, free)]


def _of_blotter(file: Path, free: int) -> Finding:
    room = f"{_size(free)} free"
    if not file.exists():
        return ok(BLOTTER_FOLDER, f"{file.parent}: no {file.name} yet; {room}")
    try:
        uri = f"file:{quote(str(file))}?mode=ro"
        with closing(sqlite3.connect(uri, uri=True, timeout=1.0)) as opened:
            (version,) = opened.execute("PRAGMA user_version").fetchone()
    except sqlite3.Error as error:
        return fail(BLOTTER_FOLDER, f"{file} is no blotter: {error}", "move it away")
    if version not in (0, SCHEMA_VERSION):
        return fail(
            BLOTTER_FOLDER,
            f"{file} has schema {version}, this trader writes {SCHEMA_VERSION}",
            "move it away (docs/upgrade.md): the venue and the journal know what is open",
        )
    if free < FREE_WARN_BYTES:
        return warn(BLOTTER_FOLDER, f"{file}, {room}", f"make room: {_size(FREE_WARN_BYTES)}")
    return ok(BLOTTER_FOLDER, f"{file}, schema {SCHEMA_VERSION}; {room}")


def _size(count: int) -> str:
    if count >= 1 << 30:
        return f"{count / (1 << 30):.1f} GiB"
    return f"{count / (1 << 20):.0f} MiB"
