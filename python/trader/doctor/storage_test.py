"""Journal and blotter: who may write, who does, what is there, and how quick the disk is."""

from __future__ import annotations

import fcntl
import os
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from trader.doctor import storage
from trader.doctor.findings import Finding, Mark
from trader.doctor.storage import blotter, journal, journal_disk
from trader.doctor.testing import only, subject_of
from trader.execution.blotter_schema import SCHEMA_VERSION
from trader.execution.executor_py.journal_file import JournalFile, JournalSettings
from trader.execution.orders.journal import HEADER
from trader.live.folder import LiveFolder
from trader.simulator.output import LIVE_DRY_BLOTTER, LIVE_LOCK

GIB = 1 << 30


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "journal").mkdir(0o700)
    return tmp_path / "journal"


def looked_at(folder: Path | str, *more: str) -> Finding:
    return only(journal(subject_of(f"execution.journal.dir={folder}", *more)))


def test_a_folder_of_ones_own_that_nobody_has_is_well(folder: Path) -> None:
    assert looked_at(folder).mark is Mark.OK
    opened, _ = JournalFile.open(JournalSettings(folder))
    opened.close()
    before = {path: path.read_bytes() for path in folder.iterdir()}
    found = looked_at(folder)
    assert found.mark is Mark.OK
    assert "0 orders open" in found.found
    assert {path: path.read_bytes() for path in folder.iterdir()} == before, "it only reads"


def test_a_dry_run_needs_none_and_a_live_one_does() -> None:
    assert looked_at("''").mark is Mark.SKIPPED
    assert looked_at("''", "execution.dry_run=false").mark is Mark.FAIL


def test_one_that_is_in_use_fails_and_says_by_whom(folder: Path) -> None:
    opened, _ = JournalFile.open(JournalSettings(folder))
    try:
        found = looked_at(folder)
    finally:
        opened.close()
    assert found.mark is Mark.FAIL
    assert f"in use by process {os.getpid()} (python executor)" in found.found


def test_one_that_the_trader_at_work_has_is_right(folder: Path, tmp_path: Path) -> None:
    opened, _ = JournalFile.open(JournalSettings(folder))
    out = tmp_path / "out"
    try:
        with LiveFolder(out, "out"):
            found = only(journal(subject_of(f"execution.journal.dir={folder}", out=out)))
    finally:
        opened.close()
    assert found.mark is Mark.OK
    assert f"the trader at work has it: process {os.getpid()}" in found.found


def test_a_folder_that_others_read_is_warned_of_and_one_they_write_fails(folder: Path) -> None:
    folder.chmod(0o755)
    assert looked_at(folder).mark is Mark.WARN
    folder.chmod(0o770)
    assert looked_at(folder).mark is Mark.FAIL


def test_a_folder_of_another_user_fails(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 4_242)
    found = looked_at(folder)
    assert found.mark is Mark.FAIL
    assert "the trader is 4242" in found.found


def test_a_folder_that_is_not_there_is_made_where_it_can_be(folder: Path) -> None:
    assert looked_at(folder / "new").mark is Mark.WARN
    (folder / "file").touch()
    found = looked_at(folder / "file" / "new")
    assert found.mark is Mark.FAIL
    assert "install -d -m 0700" in found.advice


@pytest.mark.parametrize("held", [b"hotloop-orders 2\n", HEADER + b"\1" * 64], ids=["later", "bad"])
def test_a_journal_that_cannot_be_read_fails(folder: Path, held: bytes) -> None:
    (folder / "orders.journal").write_bytes(held)
    assert looked_at(folder).mark is Mark.FAIL


# --- its disk ------------------------------------------------------------------------------------


def on_disk(folder: Path, *more: str) -> Finding:
    return only(journal_disk(subject_of(f"execution.journal.dir={folder}", *more)))


def test_the_disk_is_measured_and_nothing_is_left_on_it(folder: Path) -> None:
    found = on_disk(folder)
    assert "fdatasync" in found.found
    assert list(folder.iterdir()) == []
    assert on_disk(folder / "none").mark is Mark.SKIPPED


@pytest.mark.parametrize(
    ("sync_ms", "fsync", "mark"),
    [
        (19.0, "always", Mark.OK),
        (21.0, "always", Mark.WARN),
        (21.0, "group_ms", Mark.OK),
        (201.0, "group_ms", Mark.WARN),
        (900.0, "never", Mark.OK),
    ],
)
def test_a_slow_disk_is_warned_of_where_it_is_waited_for(
    folder: Path, monkeypatch: pytest.MonkeyPatch, sync_ms: float, fsync: str, mark: Mark
) -> None:
    monkeypatch.setattr(storage, "sync_times_ms", lambda _: [sync_ms] * 3)
    monkeypatch.setattr(storage, "free_bytes", lambda _: 9 * GIB)
    assert on_disk(folder, f"execution.journal.fsync={fsync}").mark is mark


@pytest.mark.parametrize(
    ("free", "mark"), [(2 * GIB, Mark.OK), (GIB - 1, Mark.WARN), (GIB // 16, Mark.FAIL)]
)
def test_a_full_disk_fails(
    folder: Path, monkeypatch: pytest.MonkeyPatch, free: int, mark: Mark
) -> None:
    monkeypatch.setattr(storage, "sync_times_ms", lambda _: [0.1])
    monkeypatch.setattr(storage, "free_bytes", lambda _: free)
    assert on_disk(folder).mark is mark


def test_a_disk_that_cannot_be_written_fails(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(_: Path) -> list[float]:
        raise OSError(30, "Read-only file system")

    monkeypatch.setattr(storage, "sync_times_ms", broken)
    found = on_disk(folder)
    assert found.mark is Mark.FAIL
    assert "Read-only file system" in found.found


# --- the blotter ---------------------------------------------------------------------------------


def blotter_of(folder: Path) -> Finding:
    return only(blotter(subject_of(out=folder)))


def test_a_folder_without_a_blotter_or_none_at_all_is_well(tmp_path: Path) -> None:
    assert blotter_of(tmp_path / "new").mark is Mark.OK
    assert f"no {LIVE_DRY_BLOTTER} yet" in blotter_of(tmp_path).found


@pytest.mark.parametrize(
    ("version", "mark"),
    [(SCHEMA_VERSION, Mark.OK), (SCHEMA_VERSION - 1, Mark.FAIL), (9, Mark.FAIL)],
)
def test_a_blotter_of_another_schema_fails(tmp_path: Path, version: int, mark: Mark) -> None:
    with closing(sqlite3.connect(tmp_path / LIVE_DRY_BLOTTER)) as made:
        made.execute(f"PRAGMA user_version = {version}")
        made.commit()
    found = blotter_of(tmp_path)
    assert found.mark is mark
    assert f"schema {version}" in found.found


def test_what_is_no_blotter_fails(tmp_path: Path) -> None:
    (tmp_path / LIVE_DRY_BLOTTER).write_bytes(b"what is this? " * 100)
    assert "is no blotter" in blotter_of(tmp_path).found


def test_a_folder_in_which_a_trader_is_at_work_is_told(tmp_path: Path) -> None:
    with (tmp_path / LIVE_LOCK).open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        found = blotter_of(tmp_path)
    assert found.mark is Mark.OK
    assert "a trader is at work" in found.found


def test_a_file_in_the_place_of_a_folder_fails(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    for wrong in (tmp_path / "file", tmp_path / "file" / "out"):
        assert blotter_of(wrong).mark is Mark.FAIL
