"""`trader live` when things go wrong; the venue's ledger is the judge: no orphan order, nothing
placed twice, and the money in the blotter is the money at the venue."""

from __future__ import annotations

import os
import random
import signal
import time
from pathlib import Path

import pytest

from tests.faults.sidecar import faulty_host
from tests.live.rig import (
    LiveTrader,
    Races,
    booked_e4,
    children,
    is_the_same,
    live_trader,
    net_e4,
    races,
    verdict,
)
from trader.simulator.exchange.faults import FaultRule

BACKENDS = ["python", "rust"]
PLACED = "select count(*) from reports where status = 'PLACED'"


def judged(venue: Races, trader: LiveTrader) -> None:
    """Everything is over, and the venue agrees."""
    assert trader.wait() == 0, trader.said()
    found = verdict(venue, trader)
    assert found.problems == []
    assert found.bets > 5
    assert not any(bet["remaining"] for bet in venue.scene.bets())
    assert is_the_same(booked_e4(trader), net_e4(venue))


STREAM_FAULTS = {
    "cut": FaultRule("cut", "mcm", after_calls=40, probability=0.05, times=3),
    "503": FaultRule("status_503", "mcm", after_calls=30, times=1, ms=1_500),
    "garbage": FaultRule("malformed_line", "mcm", after_calls=40, probability=0.05, times=2),
    "silent": FaultRule("hold", "mcm", after_calls=40, times=1, ms=2_500),
}


@pytest.mark.parametrize(
    ("fault", "backend"), [*((fault, "rust") for fault in STREAM_FAULTS), ("cut", "python")]
)
def test_the_market_stream_goes_wrong(tmp_path: Path, fault: str, backend: str) -> None:
    with races(tmp_path, STREAM_FAULTS[fault], pre_off_s=12.0) as venue:
        profile = venue.profile(execution={"backend": backend})
        with live_trader(tmp_path, profile) as trader:
            judged(venue, trader)
            assert venue.scene.faults() >= 1
            if fault in ("cut", "silent"):
                assert "the market stream is away" in trader.said()


@pytest.mark.parametrize("backend", BACKENDS)
def test_the_trader_is_killed_with_orders_open_and_goes_on(tmp_path: Path, backend: str) -> None:
    random_s = random.Random(5)
    with races(tmp_path, pre_off_s=25.0) as venue:
        profile = venue.profile(execution={"backend": backend}, hedge={"edges": ["passive_maker"]})
        with live_trader(tmp_path, profile) as trader:
            for life in range(1, 4):
                trader.wait_for(f"{PLACED} and run = {life}", random_s.randint(1, 6))
                trader.kill()
                trader.wait()
                trader.start()
            judged(venue, trader)
            if backend == "python":  # the sidecar has cancelled what was open
                assert "going on with" in trader.said()
            assert trader.rows("select count(*) from runs") == [(4,)]
            told = trader.rows("select seq from reports where seq > 0")
            assert len(told) == len(set(told)), "each report is kept once"


def test_a_sidecar_whose_trader_is_gone_cancels_what_rests_and_ends(tmp_path: Path) -> None:
    with races(tmp_path, pre_off_s=40.0) as venue:
        profile = venue.profile(execution={"backend": "rust"})
        with live_trader(tmp_path, profile) as trader:
            trader.wait_for(PLACED, 4)
            left = children(trader)
            trader.kill()
            trader.wait()
            deadline_s = time.monotonic() + 20.0
            while any(bet["remaining"] for bet in venue.scene.bets()):
                assert time.monotonic() < deadline_s, "in time"
                time.sleep(0.1)
            while any(is_alive(pid) for pid in left):
                assert time.monotonic() < deadline_s, "in time"
                time.sleep(0.1)


def test_the_sidecar_is_killed_and_started_again(tmp_path: Path) -> None:
    with races(tmp_path, pre_off_s=20.0) as venue:
        profile = venue.profile(execution={"backend": "rust"})
        with live_trader(tmp_path, profile) as trader:
            for count in (4, 12):
                trader.wait_for(PLACED, count)
                for pid in children(trader):
                    os.kill(pid, signal.SIGKILL)
            judged(venue, trader)
            assert trader.said().count("was started again") >= 1


@pytest.mark.parametrize(
    ("backend", "writes"), [("python", 44), ("rust", 44), ("python", 250), ("rust", 250)]
)
def test_a_blotter_without_room_ends_trading_and_leaves_nothing_behind(
    tmp_path: Path, backend: str, writes: int
) -> None:
    disk = {
        "LD_PRELOAD": str(faulty_host()),
        "FAULTY_FILE": "blotter.sqlite-wal",
        "FAULTY_DISK": f"full {writes}",
    }
    with races(tmp_path, pre_off_s=25.0) as venue:
        profile = venue.profile(execution={"backend": backend})
        with live_trader(tmp_path, profile, env=disk) as trader:
            assert trader.wait() == 2, trader.said()
            assert "the blotter cannot be written" in trader.said()
            assert len(venue.scene.bets()) > (2 if writes > 200 else 0)
            assert not any(bet["remaining"] for bet in venue.scene.bets())
            # With room again it goes on where it was, and the money is right.
            trader.env = {}
            trader.start()
            judged(venue, trader)


def is_alive(pid: int) -> bool:
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except FileNotFoundError:
        return False
    return stat.rpartition(")")[2].split()[0] != "Z"
