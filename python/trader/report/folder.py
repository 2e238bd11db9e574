"""A run's folder as the report reads it: which files, opened read-only, of which version.

A finished run has `summary.json` and `blotter.sqlite`; the folder of a live trader has its blotter
from the start (that of dry runs under a name of its own) and a summary of the run that ended last,
which says which one that was.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import msgspec

from trader.execution.blotter_schema import SCHEMA_VERSION
from trader.simulator.output import (
    BLOTTER,
    LAST_START,
    LIVE_DRY_BLOTTER,
    LIVE_LOCK,
    STAGING,
    SUMMARY,
    OutputError,
)

_AGAIN: Final = "make the run anew"


class ReportError(OutputError):
    """No report can be made; one line with the folder, the reason and what to do."""


@dataclass(frozen=True, slots=True)
class RunFolder:
    """What is there. `summary` is None while a live trader runs: the one that is there is of
    another start than the last one of this blotter."""

    shown: str
    is_live: bool
    summary: dict[str, Any] | None
    blotter: sqlite3.Connection


@contextmanager
def opened_folder(folder: Path, shown: str) -> Iterator[RunFolder]:
    """Opens a run's files without ever writing to them; one moment of a blotter that is being
    written. Raises `ReportError`."""
    if not folder.is_dir():
        why = "is not a folder" if folder.exists() else "does not exist"
        raise ReportError(f"{shown}: {why}; name the --out folder of a replay, demo or live trader")
    is_live = (folder / LIVE_LOCK).exists()
    path = _blotter(folder, shown, is_live=is_live)
    summary = _summary(folder, shown, may_be_absent=is_live)
    where = f"{shown}/{path.name}"
    try:
        connection = sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True)
    except sqlite3.Error as error:
        raise ReportError(f"{where}: cannot be opened: {error}") from None
    try:
        connection.isolation_level = None
        connection.execute("BEGIN")  # all that is read is of one moment
        _check_version(connection, where)
        if is_live and summary is not None and not _is_of_last_run(summary, connection, path):
            summary = None
        yield RunFolder(shown, is_live, summary, connection)
    except sqlite3.Error as error:
        raise ReportError(f"{where}: cannot be read: {error}; {_AGAIN}") from None
    finally:
        connection.close()


def _blotter(folder: Path, shown: str, *, is_live: bool) -> Path:
    names = (BLOTTER, LIVE_DRY_BLOTTER) if is_live else (BLOTTER,)
    there = [folder / name for name in names if (folder / name).exists()]
    if there:
        return max(there, key=_changed_ns)
    if (folder / STAGING).exists():
        raise ReportError(f"{shown}: its run has not ended, or was killed; wait, or {_AGAIN}")
    raise ReportError(f"{shown}: holds no run (no {BLOTTER}); name the --out folder of one")


def _changed_ns(path: Path) -> int:
    """When a blotter was last written, its write-ahead log included."""
    log = path.with_name(f"{path.name}-wal")
    changed_ns = [path.stat().st_mtime_ns]
    with suppress(FileNotFoundError):  # it goes where a trader ends
        changed_ns.append(log.stat().st_mtime_ns)
    return max(changed_ns)


def _summary(folder: Path, shown: str, *, may_be_absent: bool) -> dict[str, Any] | None:
    where = f"{shown}/{SUMMARY}"
    try:
        document = msgspec.json.decode((folder / SUMMARY).read_bytes(), type=dict[str, Any])
    except FileNotFoundError:
        if may_be_absent:
            return None
        raise ReportError(
            f"{where}: is missing, and the {BLOTTER} alone does not tell how its run ended; "
            f"{_AGAIN}"
        ) from None
    except OSError as error:
        raise ReportError(f"{where}: cannot be read: {error.strerror}") from None
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise ReportError(f"{where}: is not a summary: {error}; {_AGAIN}") from None
    if not isinstance(document.get("pnl"), dict) or "intents_by_action" not in document:
        raise ReportError(f"{where}: is not a summary of this program; {_AGAIN}")
    return document


def _is_of_last_run(summary: dict[str, Any], blotter: sqlite3.Connection, path: Path) -> bool:
    """Whether a live trader's summary is of the last run of this blotter, which has ended."""
    last = blotter.execute("SELECT run, ended FROM runs ORDER BY run DESC LIMIT 1").fetchone()
    if last is None or last[1] is None:
        return False
    return summary.get(LAST_START) == {"blotter": path.name, "run": last[0]}


def _check_version(blotter: sqlite3.Connection, where: str) -> None:
    (version,) = blotter.execute("PRAGMA user_version").fetchone()
    if version != SCHEMA_VERSION:
        age = "an older" if version < SCHEMA_VERSION else "a newer"
        raise ReportError(
            f"{where}: is of {age} version (schema {version}, this program reads "
            f"{SCHEMA_VERSION}); {_AGAIN} with this version, or use the one that made it"
        )
