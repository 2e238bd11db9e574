"""flumine, unchanged, runs an example strategy at the exchange to the settlement.

It is a program of its own, since it pins other versions of the libraries we share.
"""

from __future__ import annotations

import json
import os
import subprocess
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import pytest

from tests.exchange.rig import rig
from trader.clock import ScaledClock
from trader.simulator.exchange.oracle import book
from trader.simulator.feeds import GeneratedFeed
from trader.simulator.generator import RaceShape

if TYPE_CHECKING:
    from trader.simulator.exchange.venue import Changes, Venue

SHAPE: Final = RaceShape(runners=4, pre_off_s=120.0, in_play_s=10.0, messages_per_s=5.0)
SPEED: Final = 8.0
TIMEOUT_S: Final = 150.0

Json = dict[str, Any]


@dataclass
class Shown:
    """Hears of every change of a venue and keeps what its market showed after each."""

    venue: Venue
    books: list[Json] = field(default_factory=list)

    def changed(self, changes: Changes) -> None:
        for market_id in changes.markets:
            found = json.loads(json.dumps(book(self.venue.markets[market_id])))
            del found["is_settled"]
            found["runners"].sort(key=lambda runner: runner["selection_id"])
            self.books.append({"at_ms": changes.at_ms} | found)


@dataclass(frozen=True)
class Run:
    """flumine's run from the first book to the settlement."""

    told: Json
    """What flumine believes in the end."""
    account: Json
    """The ledger."""
    shown: list[Json]
    """Every book the venue showed, in order."""
    names: list[str]
    """The venue's names of the runners."""


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    program = os.environ.get("FLUMINE_PROGRAM")
    if program is None:
        pytest.skip("FLUMINE_PROGRAM names no program to run (the build graph sets it)")
    feed = GeneratedFeed(3, shape=SHAPE)
    clock = ScaledClock(feed.first_pt_ms, SPEED)
    with rig(tmp_path_factory.mktemp("exchange"), feed, clock) as running:
        shown = Shown(running.venue)
        running.exchange.call(lambda server: server.venue.listen(shown))
        done = subprocess.run(
            [str(Path(program).absolute()), json.dumps(running.arguments())],
            capture_output=True,
            text=True,
            timeout=TIMEOUT_S,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        told: Json = json.loads(done.stdout.splitlines()[-1])
        (market,) = running.venue.catalogue.values()
        names = [runner.name for runner in market.runners]
        return Run(told, running.account(), shown.books, names)


def test_nothing_was_an_error_to_it(run: Run) -> None:
    assert run.told["errors"] == []


def test_it_saw_the_market_to_its_end(run: Run) -> None:
    assert len(run.told["books"]) > 100
    assert {book["status"] for book in run.told["books"]} == {"OPEN", "SUSPENDED", "CLOSED"}
    assert run.told["books"][-1]["status"] == "CLOSED"
    assert sorted(run.told["statuses"].values()) == ["LOSER"] * (SHAPE.runners - 1) + ["WINNER"]
    assert sorted(run.told["names"]) == sorted(run.names)


def test_its_books_are_all_the_venue_showed(run: Run) -> None:
    """After its image each change, none twice, none missing, to the last price and size."""
    image, *seen = run.told["books"]
    begins = [at for at, one in enumerate(run.shown) if one == seen[0]]
    assert begins, "the first change it saw is one of the venue's"
    assert any(run.shown[at : at + len(seen)] == seen for at in begins)
    before = [run.shown[at - 1] for at in begins if at > 0]
    assert image | {"at_ms": 0} in [one | {"at_ms": 0} for one in before]


def test_its_orders_are_the_ledgers(run: Run) -> None:
    theirs = {order["bet_id"]: order for order in run.told["orders"]}
    ours = {bet["bet_id"]: bet for bet in run.account["bets"]}
    assert len(theirs) == len(run.told["orders"]), "no bet belongs to two orders"
    assert set(theirs) == set(ours)
    assert len(ours) >= SHAPE.runners
    for bet_id, order in theirs.items():
        bet = ours[bet_id]
        assert (order["selection_id"], order["side"]) == (bet["selection_id"], bet["side"])
        assert round(order["price"] * 100) == bet["price_centi"]
        for name in ("matched", "remaining", "cancelled", "lapsed"):
            assert round(order[f"size_{name}"] * 100) == bet[f"{name}_centi"], (bet_id, name)
        assert order["status"] == "Execution complete"
        assert bet["remaining_centi"] == 0
        value = sum(match["price_centi"] * match["size_centi"] for match in bet["matches"])
        if bet["matched_centi"]:
            average = value / bet["matched_centi"] / 100
            assert order["average_price"] == pytest.approx(average, abs=0.005)


def test_it_was_matched_replaced_and_cancelled(run: Run) -> None:
    """Else the comparison would say little."""
    bets = run.account["bets"]
    assert any(bet["matched_centi"] for bet in bets)
    assert any(order["is_replacement"] for order in run.told["orders"])
    replaced = sum(order["is_replacement"] for order in run.told["orders"])
    assert sum(bet["cancelled_centi"] > 0 for bet in bets) > replaced, "some were only cancelled"


def test_its_profits_are_the_settlements(run: Run) -> None:
    """flumine keeps a profit by reference: a replaced bet's is its first order's."""
    refs = {bet["bet_id"]: bet["customer_order_ref"] for bet in run.account["bets"]}
    settled: dict[str, list[float]] = {}
    for bet_id, one in run.account["cleared"].items():
        settled.setdefault(refs[bet_id], []).append(one["profit_e4"] / 10_000)
    theirs = {
        order["order_ref"]: order["profit"]
        for order in run.told["orders"]
        if order["profit"] is not None
    }
    assert set(theirs) == set(settled)
    assert settled, "something was matched"
    for ref, profit in theirs.items():
        assert any(abs(profit - ours) < 0.0051 for ours in settled[ref]), ref


def test_its_market_and_its_balance_are_the_settlements(run: Run) -> None:
    (settlement,) = run.account["settlements"]
    cleared = run.account["cleared"].values()
    assert settlement["gross_e4"] == sum(one["profit_e4"] for one in cleared)
    for market in run.told["cleared"]:
        assert market["market_id"] == settlement["market_id"]
        assert market["profit"] == pytest.approx(settlement["gross_e4"] / 10_000, abs=0.0051)
        assert market["commission"] == pytest.approx(settlement["commission_e4"] / 10_000)
        assert market["bets"] == len(cleared)
    assert run.told["cleared"], "it heard of it"
    assert run.told["balance"] == pytest.approx(run.account["balance_e4"] / 10_000, abs=0.01)
