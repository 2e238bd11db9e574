"""`trader live` under a service manager: it hears of the loop that trades, and of nothing else."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import pytest

from tests.live.rig import LiveTrader, live_trader, races
from trader.monitoring.manager_for_tests import Manager

WATCHDOG_S: Final = 0.3
HANGS: Final = """\
from trader.strategy.edges.base import Edge, EdgeConfig


class Hangs(Edge[EdgeConfig]):
    name, config_class = "hangs", EdgeConfig

    def __init__(self, config):
        super().__init__(config)
        self.decisions = 0

    def decide(self, ctx, runner):
        self.decisions += 1
        while self.decisions > 200:
            pass
        return ()
"""


@pytest.fixture
def manager() -> Iterator[Manager]:
    with TemporaryDirectory(prefix="hotloop-") as folder:  # short: a socket's path is limited
        one = Manager(f"{folder}/notify")
        yield one
        one.close()


def _variables(manager: Manager) -> dict[str, str]:
    return {"NOTIFY_SOCKET": manager.name, "WATCHDOG_USEC": str(round(WATCHDOG_S * 1e6))}


def _is_life(said: str) -> bool:
    return said == "WATCHDOG=1\n"


def _is_ready(said: str) -> bool:
    return said.startswith("READY=1\n")


def _stop(trader: LiveTrader, manager: Manager) -> None:
    trader.kill(signal.SIGTERM)
    assert trader.wait() == 130, trader.said()
    assert any(said.startswith("STOPPING=1\n") for said in manager.heard())


@pytest.mark.parametrize("backend", ["python", "rust"])
def test_it_is_ready_with_the_first_image_and_a_stopped_process_gives_no_sign_of_life(
    tmp_path: Path, manager: Manager, backend: str
) -> None:
    with races(tmp_path, pre_off_s=60.0) as venue:
        profile = venue.profile(execution={"backend": backend})
        with live_trader(tmp_path, profile, env=_variables(manager)) as trader:
            start = manager.wait_for(_is_ready, "READY")
            assert "STATUS=trading: the first image is in" in start[-1]
            assert not any(_is_life(said) for said in start)
            manager.wait_for(_is_life, "a sign of life")
            manager.wait_for(lambda said: "orders open" in said, "a status")
            assert trader.process is not None
            trader.kill(signal.SIGSTOP)
            os.waitid(os.P_PID, trader.process.pid, os.WSTOPPED | os.WNOWAIT)
            assert manager.is_quiet(4 * WATCHDOG_S)
            trader.kill(signal.SIGCONT)
            manager.wait_for(_is_life, "a sign of life")
            _stop(trader, manager)


def test_a_loop_that_hangs_in_an_edge_gives_no_sign_of_life(
    tmp_path: Path, manager: Manager
) -> None:
    (tmp_path / "hangs.py").write_text(HANGS)
    with races(tmp_path, pre_off_s=60.0) as venue:
        profile = venue.profile(execution={"backend": "rust"})
        profile["edge_files"] = ["hangs.py"]
        more = ("--without-shipped-edges",)
        with live_trader(tmp_path, profile, *more, env=_variables(manager)) as trader:
            manager.wait_for(_is_ready, "READY")
            manager.wait_for(_is_life, "a sign of life")
            # Its other threads, and its sidecar, are well all the time.
            trader.until(lambda: manager.is_quiet(4 * WATCHDOG_S), "it hangs")
            assert manager.is_quiet(4 * WATCHDOG_S)


def test_while_the_venue_lists_no_market_it_is_ready_says_so_and_lives(
    tmp_path: Path, manager: Manager
) -> None:
    with races(tmp_path, pre_off_s=60.0) as venue:
        profile = venue.profile(selector={"market_ids": [], "event_types": ["999"]})
        with live_trader(tmp_path, profile, env=_variables(manager)) as trader:
            start = manager.wait_for(_is_ready, "READY")
            assert "the venue lists no market" in start[-1]
            for _ in range(3):
                manager.wait_for(_is_life, "a sign of life")
            trader.kill(signal.SIGTERM)
            assert trader.wait() == 130, trader.said()
