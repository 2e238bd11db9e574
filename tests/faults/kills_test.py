"""The executor killed at any moment: no order twice, none lost, the truth in the end."""

from __future__ import annotations

import os
import random
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from tests.faults.desk import Desk, desk
from tests.faults.trader import Trader
from trader.execution.interfaces.intents import Side

KILLS = int(os.environ.get("HOTLOOP_KILLS", "50"))
SEED = int(os.environ.get("HOTLOOP_SEED", "1"))
KILLS_A_DAY = 25
TRADER_KILLS = max(8, KILLS // 10)
WRITES_MAX = 60


def test_killed_at_random_moments_nothing_is_placed_twice_or_lost() -> None:
    rng = random.Random(SEED)
    killed = 0
    while killed < KILLS:
        with desk() as trading:
            for _ in range(min(KILLS_A_DAY, KILLS - killed)):
                if rng.random() < 0.8:
                    trading.wait_until_ready()
                busy(trading, rng, rng.uniform(0.0, 0.06))
                trading.sidecar.kill()
                killed += 1
                trading.sidecar.start()
            verdict = trading.close_down()
            assert not verdict.problems, "\n".join(verdict.problems)
            assert verdict.bets > KILLS_A_DAY, "something was placed"
            print(f"{killed} kills, {verdict}")


def test_a_trader_killed_at_random_moments_finds_every_order_again() -> None:
    rng = random.Random(SEED)
    with desk(connects=False) as trading:
        for number in range(TRADER_KILLS):
            with trader_program(trading, f"{SEED} {number}") as program:
                # Only once it trades: to start takes longer than what is looked at here.
                trading.wait(trading.diary_grows, polls=False)
                time.sleep(rng.uniform(0.0, 0.15))
                program.kill()
            if rng.random() < 0.5:
                trading.sidecar.kill()
                trading.sidecar.start()
        trading.recollect()
        verdict = trading.close_down()
        assert not verdict.problems, "\n".join(verdict.problems)
        print(f"{TRADER_KILLS} kills of the trader, {verdict}")


@contextmanager
def trader_program(trading: Desk, seed: str) -> Iterator[subprocess.Popen[bytes]]:
    command = [sys.executable, "-m", "tests.faults.trader_program"]
    folder = trading.sidecar.folder
    arguments = [trading.sidecar.socket, str(folder), seed]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    with (folder / "trader.log").open("ab") as log:
        program = subprocess.Popen([*command, *arguments], env=environment, stderr=log)
    try:
        yield program
    finally:
        program.kill()
        program.wait()


def busy(trading: Trader, rng: random.Random, seconds: float) -> None:
    """A trader that places, moves and cancels for so long."""
    until_ms = trading.now_ms + seconds * 1_000
    while trading.now_ms < until_ms:
        trading.poll()
        time.sleep(rng.uniform(0.0, 0.004))
        open_orders = trading.open_orders()
        action = rng.random()
        if len(open_orders) < 20 and (action < 0.5 or not open_orders):
            back = rng.random() < 0.5
            trading.place(
                side=Side.BACK if back else Side.LAY,
                # Some meet what is offered and are matched, in part or whole.
                price_centi=rng.choice([330, 340, 298] if back else [200, 210, 310]),
                selection_id=rng.choice([101, 102, 103]),
                size_centi=rng.choice([200, 500]),
            )
        elif open_orders and action < 0.75:
            name = rng.choice(open_orders)
            at = trading.intents[name].price_centi
            trading.move(name, at + rng.choice([10, 20]))
        elif open_orders:
            trading.cancel(rng.choice(open_orders))


def one_of_each(trading: Desk) -> None:
    """Placed, matched in part, moved, cancelled, ended by the desk."""
    trading.place()
    trading.place(side=Side.BACK, price_centi=298, size_centi=900, selection_id=102)
    trading.place(side=Side.LAY, price_centi=200)
    settle = trading.settled
    trading.wait(lambda: settle("i1") and settle("i2") and settle("i3"))
    trading.move("i1", 340)
    trading.wait(lambda: settle("m4"))
    trading.cancel("i3")
    trading.wait(lambda: settle("c5"))


@pytest.mark.parametrize("kind", ["die", "tear"])
def test_killed_at_every_write_of_its_journal(kind: str) -> None:
    rng = random.Random(SEED)
    at_every_write(lambda number: f"die {number}" if kind == "die" else _torn(number, rng))


def _torn(number: int, rng: random.Random) -> str:
    return f"tear {number} {rng.choice([1, 5, 11, 12, 13, 40, 200])}"


def at_every_write(fault: Callable[[int], str]) -> None:
    number = 1  # the first writes the header
    while True:
        number += 1
        assert number < WRITES_MAX, "it ends"
        with desk(disk=fault(number), restarts=True) as trading:
            one_of_each(trading)
            verdict = trading.close_down()
            assert not verdict.problems, f"write {number}: " + "\n".join(verdict.problems)
            if trading.sidecar.deaths == 0:
                break
    assert number > 10, "it was killed in the middle of its work"
