"""flumine, unchanged, runs an example strategy at the exchange to the settlement.

It is a program of its own, since it pins other versions of the libraries we share.
"""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any, Final

import pytest

from tests.exchange.rig import rig
from trader.clock import ScaledClock
from trader.simulator.feeds import GeneratedFeed
from trader.simulator.generator import RaceShape

SHAPE: Final = RaceShape(runners=4, pre_off_s=120.0, in_play_s=10.0, messages_per_s=5.0)
SPEED: Final = 8.0
TIMEOUT_S: Final = 150.0


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, Any], dict[str, Any]]:
    """(what flumine believes in the end, the ledger)."""
    program = os.environ.get("FLUMINE_PROGRAM")
    if program is None:
        pytest.skip("FLUMINE_PROGRAM names no program to run (the build graph sets it)")
    feed = GeneratedFeed(3, shape=SHAPE)
    clock = ScaledClock(feed.first_pt_ms, SPEED)
    with rig(tmp_path_factory.mktemp("exchange"), feed, clock) as running:
        done = subprocess.run(
            [str(Path(program).absolute()), json.dumps(running.arguments())],
            capture_output=True,
            text=True,
            timeout=TIMEOUT_S,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        told: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
        return told, running.account()


def test_it_saw_the_market_to_its_end(run: tuple[dict[str, Any], dict[str, Any]]) -> None:
    told, _ = run
    assert told["seen"] > 100
    assert told["status"] == "CLOSED"
    assert len(told["books"]) == SHAPE.runners
    assert {runner["status"] for runner in told["books"].values()} == {"WINNER", "LOSER"}


def test_its_orders_are_the_ledgers(run: tuple[dict[str, Any], dict[str, Any]]) -> None:
    told, account = run
    theirs = {order["bet_id"]: order for order in told["orders"]}
    ours = {bet["bet_id"]: bet for bet in account["bets"]}
    assert len(theirs) == len(told["orders"]), "no bet belongs to two orders"
    assert set(theirs) == set(ours)
    assert len(ours) >= SHAPE.runners
    for bet_id, order in theirs.items():
        bet = ours[bet_id]
        assert round(order["size_matched"] * 100) == bet["matched_centi"], bet_id
        assert round(order["size_cancelled"] * 100) == bet["cancelled_centi"], bet_id
        assert round(order["size_lapsed"] * 100) == bet["lapsed_centi"], bet_id
        value = sum(match["price_centi"] * match["size_centi"] for match in bet["matches"])
        if bet["matched_centi"]:
            average = value / bet["matched_centi"] / 100
            assert order["average_price"] == pytest.approx(average, abs=0.005)


def test_its_profits_are_the_settlements(run: tuple[dict[str, Any], dict[str, Any]]) -> None:
    """flumine keeps a profit by reference: a replaced bet's is its first order's."""
    told, account = run
    refs = {bet["bet_id"]: bet["customer_order_ref"] for bet in account["bets"]}
    settled: dict[str, list[float]] = {}
    for bet_id, one in account["cleared"].items():
        settled.setdefault(refs[bet_id], []).append(one["profit_e4"] / 10_000)
    theirs = {
        order["order_ref"]: order["profit"]
        for order in told["orders"]
        if order["profit"] is not None
    }
    assert set(theirs) == set(settled)
    assert settled, "something was matched"
    for ref, profit in theirs.items():
        assert any(abs(profit - ours) < 0.0051 for ours in settled[ref]), ref
    (settlement,) = account["settlements"]
    assert settlement["gross_e4"] == sum(one["profit_e4"] for one in account["cleared"].values())
