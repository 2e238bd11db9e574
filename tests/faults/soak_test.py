"""A dry run, then a while of trading with a stream that is cut again and again: how long orders
take to be answered, and that nothing is doubled, lost or mistaken for a stranger's.

`HOTLOOP_SOAK_S` seconds; the figures of ten minutes stand in `docs/live_orders.md`.
"""

from __future__ import annotations

import os
import random
import time
import urllib.request
from collections.abc import Callable
from typing import Any

import pytest

from tests.faults.busy import busy
from tests.faults.desk import DESKS, Desk, SidecarDesk, desk
from trader.config.loading import load
from trader.simulator.exchange.faults import FaultRule

SOAK_S = float(os.environ.get("HOTLOOP_SOAK_S", "6"))
CUTS = (
    FaultRule("cut", "ocm", probability=0.01),
    FaultRule("duplicate", "ocm", probability=0.05),
    FaultRule("reset_after", "placeOrders", probability=0.005),
    FaultRule("exception", "placeOrders", probability=0.01, code="SERVICE_BUSY"),
    FaultRule("session_expiry", "cancelOrders", probability=0.002),
)
FUNDS = {
    "funds_tolerance_centi": 100,
    "max_exposure_centi": 100_000_000,
    "max_market_exposure_centi": 100_000_000,
}
WINDOWS = {"look_up_ms": 2_000, "look_up_every_ms": 50, "backoff_ms": 20, "funds_ms": 5_000}

FAST = {"per_second": 1_000, "market_per_second": 1_000, "per_hour": 1_000_000}


def test_a_dry_run_sends_nothing() -> None:
    with desk() as trading:
        trading.dry_run = True
        busy(trading, random.Random(1), min(SOAK_S, 60.0) / 2)
        verdict = trading.close_down()
        assert verdict.intents > 50
        assert verdict.bets == 0
        assert all(report.dry_run for report in trading.reports)


@pytest.mark.parametrize("backend", DESKS)
def test_orders_through_cuts(backend: str) -> None:
    make: Callable[..., Any] = DESKS[backend]
    changes = {"betfair": {"funds_s": 1}, "limits": FUNDS, "reconcile": WINDOWS, "pacing": FAST}
    with make(*CUTS, **changes) as trading:
        rng = random.Random(2)
        until = time.monotonic() + (SOAK_S if backend == "rust" else min(SOAK_S, 60.0))
        while time.monotonic() < until:
            busy(trading, rng, min(1.0, until - time.monotonic()))
        refused = [r for r in trading.reports if r.reject_code == "FUNDS_MISMATCH"]
        assert not refused, "the tripwire is quiet"
        figures = answered(trading)
        if isinstance(trading, SidecarDesk):
            text = metrics(trading)
            assert "hotloop_executor_funds_trips_total 0" in text
            assert "hotloop_executor_unknown_bets_total 0" in text
        verdict = trading.close_down()
        assert verdict.bets > 20
        print(f"{backend}: {verdict}, faults {trading.scene.faults()}, intent to ACK {figures}")


def answered(trading: Desk) -> str:
    """From the sending of an order to the venue's word on it, as the trader saw it, ms; those that
    were refused here are left out."""
    there = {report.intent_id for report in trading.reports if report.bet_id is not None}
    took = sorted(ms for name, ms in trading.acked_ms.items() if name in there)
    at = [took[min(len(took) * part // 100, len(took) - 1)] for part in (50, 95, 99)]
    promised = load().slo.intent_ack_p99_ms
    words = "p50 {:.1f} ms, p95 {:.1f} ms, p99 {:.1f} ms".format(*at)
    return f"{words} of {promised:g} promised ({len(took)} answers)"


def metrics(trading: SidecarDesk) -> str:
    with urllib.request.urlopen(f"http://{trading.sidecar.pages()}/metrics", timeout=5) as reply:
        return str(reply.read().decode())
