"""What the pages of a live trader and of its executor say while it trades, whichever executes."""

from __future__ import annotations

import re
import socket
import time
import urllib.request
from pathlib import Path
from typing import Any, Final

import pytest

from tests.live.rig import LiveTrader, live_trader, races

LOOKED: Final = "hotloop_executor_funds_last_look_timestamp_seconds"
TRADED: Final = "select count(*) from intents"


def free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])


def scraped(port: int) -> dict[str, float]:
    """Series → value."""
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=10) as answer:
        lines = answer.read().decode().splitlines()
    samples = (line.rsplit(" ", 1) for line in lines if not line.startswith("#"))
    return {series: float(value) for series, value in samples}


def trader_port(trader: LiveTrader) -> int:
    """Where the trader's page is, as it says itself."""

    def said() -> re.Match[str] | None:
        return re.search(r"metrics: http://127.0.0.1:(\d+)/metrics", trader.said())

    trader.until(lambda: said() is not None, "it says where its page is")
    found = said()
    assert found is not None
    return int(found[1])


def total(page: dict[str, float], name: str) -> float:
    """Over all labels."""
    return sum(value for series, value in page.items() if series.partition("{")[0] == name)


def profile(backend: str, port: int, *, dry_run: bool = False) -> dict[str, Any]:
    """The sections of a trader whose sidecar serves its page at `port`."""
    return {
        "execution": {
            "backend": backend,
            "dry_run": dry_run,
            "metrics": {"port": port},
            "limits": {"funds_tolerance_centi": 500},
        },
        "betfair": {"funds_s": 1},
        "hotloop": {"enabled": True, "rust": True},
        "monitoring": {"metrics": {"enabled": True}},
    }


@pytest.mark.parametrize("backend", ["python", "rust"])
def test_both_pages_tell_of_the_stream_the_orders_and_the_venue(
    tmp_path: Path, backend: str
) -> None:
    sidecar_port = free_port()
    with races(tmp_path, pre_off_s=60.0) as venue:
        began_s = time.time()
        sections = profile(backend, sidecar_port)
        with live_trader(tmp_path, venue.profile(**sections)) as trader:
            port = trader_port(trader)
            trader.wait_for(TRADED, 10)
            executor_port = port if backend == "python" else sidecar_port
            trader.until(lambda: scraped(executor_port)[LOOKED] > 0, "funds are looked at")
            # What is brought up to date now and then has been, too.
            trader.until(lambda: scraped(port)["hotloop_images_total"] >= 1, "a turn later")
            page, executor = scraped(port), scraped(executor_port)
    now_s = time.time()
    assert page["hotloop_stream_up"] == 1
    assert page["hotloop_stream_reconnects_total"] == 0
    assert began_s <= page["hotloop_last_line_timestamp_seconds"] <= now_s
    # The venue's clock is this machine's.
    assert abs(page["hotloop_stream_lag_seconds"]) < 60
    assert page["hotloop_subscribed_markets"] == page["hotloop_markets"] == 1
    assert page["hotloop_exposure"] > 0
    assert page["hotloop_dry_run"] == 0
    assert page["hotloop_event_queue_depth"] >= 0
    placed = sum(n for series, n in page.items() if 'action="PLACE"' in series and "edge" in series)
    # Figures are read while the engine goes on.
    assert placed > 0
    assert abs(page["hotloop_pfill_ttf_seconds_count"] - placed) <= 1
    (build,) = (series for series in page if series.startswith("hotloop_build_info"))
    assert f'execution="{backend}"' in build and 'hotloop="rust"' in build
    assert page["process_resident_memory_bytes"] > 1e6

    assert total(executor, "hotloop_executor_intents_total") >= 10
    assert total(executor, "hotloop_executor_reports_total") >= 10
    assert executor['hotloop_executor_venue_requests_total{kind="place"}'] > 0
    assert executor['hotloop_executor_venue_state{state="connected"}'] == 1
    assert total(executor, "hotloop_executor_venue_state") == 1
    assert executor["hotloop_executor_halted"] == 0
    assert executor["hotloop_executor_intent_ack_seconds_count"] > 0
    assert executor["hotloop_executor_exposure_account_currency"] > 0
    assert executor["hotloop_executor_journal_bytes"] > 0
    syncs = executor["hotloop_executor_journal_syncs_total"]
    assert syncs > 0
    assert abs(executor["hotloop_executor_journal_sync_seconds_count"] - syncs) <= 2
    assert began_s - 1 <= executor[LOOKED] <= now_s + 1
    assert executor["hotloop_executor_funds_difference"] == 0
    assert executor["process_resident_memory_bytes"] > 1e6
    of_executor = [name for name in page if name.startswith("hotloop_executor_journal")]
    assert bool(of_executor) == (backend == "python"), "whoever executes serves these, once"


@pytest.mark.parametrize("backend", ["python", "rust"])
def test_of_a_dry_run_there_is_what_does_not_need_a_venue(tmp_path: Path, backend: str) -> None:
    sidecar_port = free_port()
    with races(tmp_path, pre_off_s=60.0) as venue:
        sections = profile(backend, sidecar_port, dry_run=True)
        with live_trader(tmp_path, venue.profile(**sections)) as trader:
            port = trader_port(trader)
            executor_port = port if backend == "python" else sidecar_port
            trader.until(lambda: scraped(port)["hotloop_open_orders"] > 0, "orders rest")
            page, executor = scraped(port), scraped(executor_port)
    assert page["hotloop_dry_run"] == 1
    assert executor['hotloop_executor_intents_total{action="PLACE"}'] > 0
    assert executor['hotloop_executor_reports_total{status="PLACED"}'] > 0
    assert executor["hotloop_executor_intent_ack_seconds_count"] > 0
    assert total(executor, "hotloop_executor_venue_requests_total") == 0
    assert LOOKED not in executor
    assert "hotloop_executor_exposure_account_currency" not in executor
