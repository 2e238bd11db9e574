"""How often the journal was made durable, and how long that took."""

from __future__ import annotations

from pathlib import Path
from threading import Event

import pytest

from trader.execution.executor_py.journal_file import Fsync, JournalFile, JournalSettings
from trader.execution.orders.config import Config
from trader.execution.orders.machine import Machine
from trader.execution.orders.record import Began
from trader.execution.orders.snapshot import Snapshot
from trader.monitoring.latency import LatencyHistogram

PATIENCE_S = 30.0


def opened(folder: Path, fsync: Fsync) -> JournalFile:
    journal, _ = JournalFile.open(JournalSettings(folder, fsync=fsync, group_ms=1))
    return journal


def test_with_always_each_append_is_a_sync_and_so_is_shortening(tmp_path: Path) -> None:
    journal = opened(tmp_path, "always")
    assert (journal.sync_times.count, journal.last_sync_s) == (0, 0.0)
    for epoch in range(3):
        journal.append([Began(epoch)])
    assert journal.sync_times.count == 3
    assert journal.last_sync_s > 0
    machine, _ = Machine.recover(Config(), 0, [])
    journal.shorten(Snapshot.of(machine.book))
    assert (journal.sync_times.count, journal.shortened) == (4, 1)
    journal.close()


def test_with_group_ms_the_journals_own_thread_counts_its_syncs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced = Event()
    record = LatencyHistogram.record

    def told(times: LatencyHistogram, ns: int) -> None:
        record(times, ns)
        synced.set()

    monkeypatch.setattr(LatencyHistogram, "record", told)
    journal = opened(tmp_path, "group_ms")
    journal.append([Began(1)])
    assert synced.wait(PATIENCE_S)
    assert journal.sync_times.count >= 1
    journal.close()


def test_without_syncs_there_are_none(tmp_path: Path) -> None:
    journal = opened(tmp_path, "never")
    journal.append([Began(1)])
    journal.close()
    assert journal.sync_times.count == 0
