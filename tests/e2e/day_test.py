"""A day of generated markets through `trader replay`: memory stays flat, progress is shown, an
interruption loses nothing. HOTLOOP_MARKETS says how many (the long target: 200)."""

from __future__ import annotations

import bz2
import os
import re
import signal
import subprocess
import time
from pathlib import Path
from typing import Final

import pytest

from tests.e2e.trader_process import command, environment, outcome, read_summary
from trader.simulator.generator import Race, RaceCard, RaceShape

MARKETS: Final = int(os.environ.get("HOTLOOP_MARKETS", "8"))
LONG: Final = MARKETS >= 100
SHAPE: Final = RaceShape() if LONG else RaceShape(pre_off_s=60.0, in_play_s=10.0)
OFF_MS: Final = 1_700_000_000_000
RSS: Final = re.compile(rb"VmRSS:\s+(\d+) kB")
TIMEOUT_S: Final = 3_000.0


@pytest.fixture(scope="module")
def day(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """Files as an official archive has them, one market each, ten minutes apart."""
    folder = tmp_path_factory.mktemp("day")
    names = []
    for number in range(MARKETS):
        card = RaceCard(
            market_id=f"1.{900_000_001 + number}",
            event_id=str(30_000_000 + number // 8),
            first_selection_id=1_000 * (number + 1),
            off_ms=OFF_MS + number * 600_000,
        )
        lines = b"".join(line + b"\n" for line in Race(number, SHAPE, card).lines())
        path = folder / f"{card.market_id}.bz2"
        path.write_bytes(bz2.compress(lines, 1))
        names.append(str(path))
    return names


class Watched:
    """A replay in a process of its own, with what it and its workers hold in memory."""

    def __init__(self, files: list[str], out: Path, workers: int) -> None:
        # The page holds all that it shows, which is another matter (docs/reports.md).
        more = ("--set", "report.enabled=false")
        arguments = ("replay", *files, "--out", str(out), "--workers", str(workers), *more)
        self.peaks_kb: list[int] = []
        self.process = subprocess.Popen(
            command(*arguments),
            env=environment(),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    def look(self) -> None:
        """Notes what the largest of its processes holds now."""
        pid = self.process.pid
        try:
            children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        except FileNotFoundError:
            return
        held = [_rss_kb(int(child)) for child in [str(pid), *children]]
        self.peaks_kb.append(max(held))

    def end(self) -> tuple[int, str, str]:
        """Exit code, standard output, standard error."""
        deadline_s = time.monotonic() + TIMEOUT_S
        while self.process.poll() is None:
            assert time.monotonic() < deadline_s, "in time"
            self.look()
            time.sleep(0.05)
        stdout, stderr = self.process.communicate()
        return self.process.returncode, stdout, stderr


def _rss_kb(pid: int) -> int:
    try:
        found = RSS.search(Path(f"/proc/{pid}/status").read_bytes())
    except (FileNotFoundError, ProcessLookupError):
        return 0
    return int(found.group(1)) if found else 0


def test_a_day_is_played_in_flat_memory_through_an_interruption(
    day: list[str], tmp_path: Path
) -> None:
    whole, cut = tmp_path / "whole", tmp_path / "cut"
    first = Watched(day, whole, 2)
    started_s = time.monotonic()
    code, _, stderr = first.end()
    took_s = time.monotonic() - started_s
    assert code == 0, stderr
    summary = read_summary(whole)
    assert summary["markets"] == MARKETS
    assert summary["pnl"]["markets_settled"] > 0
    third = len(first.peaks_kb) // 3
    early_kb, late_kb = max(first.peaks_kb[: 2 * third]), max(first.peaks_kb[2 * third :])
    assert late_kb <= 1.15 * early_kb, (early_kb, late_kb)

    second = Watched(day, cut, 2)
    while len(list(cut.glob(".running/parts/*.record"))) < MARKETS // 3:
        assert second.process.poll() is None, second.process.communicate()
        time.sleep(0.01)
    os.killpg(second.process.pid, signal.SIGINT)
    assert second.end()[0] == 130
    done = len(list(cut.glob(".running/parts/*.record")))
    assert MARKETS // 3 <= done < MARKETS
    code, _, stderr = Watched(day, cut, 2).end()
    assert code == 0, stderr
    assert f"goes on: {done} of {MARKETS} inputs are finished" in stderr
    assert outcome(cut) == outcome(whole)
    if LONG:
        print(
            f"{MARKETS} markets, {summary['lines']:,} lines in {took_s:.0f} s with 2 workers; "
            f"the largest process held {early_kb // 1024} MiB, later {late_kb // 1024} MiB; "
            f"interrupted after {done} markets and gone on with"
        )
