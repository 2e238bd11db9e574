"""The executor killed at any moment: no order twice, none lost, the truth in the end."""

from __future__ import annotations

import json
import random
import time
from collections.abc import Callable

import pytest

from tests.faults.busy import KILLS, SEED, busy, one_of_each
from tests.faults.desk import LocalDesk, desk, local_desk
from tests.faults.sidecar import faulty_host
from tests.faults.trader import PATIENCE_S
from tests.faults.trader_program import trader_program

KILLS_A_DAY = 25
TRADER_KILLS = max(8, KILLS // 10)
WRITES_MAX = 60
PYTHON_STEP = 1 if KILLS > 50 else 4
"""A Python process takes a second to start: the default run leaves writes out."""


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
            assert verdict.bets > KILLS_A_DAY, "something was placed"
            print(f"{killed} kills, {verdict}")


def test_no_limit_is_passed_however_often_it_is_killed() -> None:
    rng = random.Random(SEED)
    limits = {"max_open_orders": 6, "max_exposure_centi": 6_000}
    with desk(limits=limits) as trading:
        for _ in range(max(10, KILLS // 5)):
            trading.wait_until_ready()
            until = time.monotonic() + rng.uniform(0.0, 0.1)
            while time.monotonic() < until:
                busy(trading, rng, 0.005)
                resting = [bet for bet in trading.scene.bets() if bet["remaining"]]
                assert len(resting) <= limits["max_open_orders"]
                assert trading.scene.exposure_centi() <= limits["max_exposure_centi"]
            trading.sidecar.kill()
            trading.sidecar.start()
        codes = {report.reject_code for report in trading.reports}
        assert codes & {"MAX_OPEN_ORDERS", "MAX_EXPOSURE"}, "they were reached"
        trading.close_down()


def test_a_trader_killed_at_random_moments_finds_every_order_again() -> None:
    rng = random.Random(SEED)
    with desk(connects=False) as trading:
        for number in range(TRADER_KILLS):
            with trader_program(
                trading.sidecar.socket, trading.scene.folder, f"{SEED} {number}"
            ) as program:
                # Only once it trades: to start takes longer than what is looked at here.
                trading.wait(trading.diary_grows, polls=False)
                time.sleep(rng.uniform(0.0, 0.15))
                program.kill()
            if rng.random() < 0.5:
                trading.sidecar.kill()
                trading.sidecar.start()
        trading.recollect()
        verdict = trading.close_down()
        print(f"{TRADER_KILLS} kills of the trader, {verdict}")


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
            trading.close_down()
            if trading.sidecar.deaths == 0:
                break
    assert number > 10, "it was killed in the middle of its work"


def test_the_python_executor_killed_at_random_moments() -> None:
    rng = random.Random(SEED)
    with local_desk(connects=False) as trading:
        link = written(trading)
        for number in range(TRADER_KILLS):
            with trader_program(link, trading.scene.folder, f"{SEED} {number}") as program:
                trading.wait(trading.diary_grows, polls=False)
                time.sleep(rng.uniform(0.0, 0.15))
                program.kill()
        trading.recollect()
        verdict = trading.close_down()
        assert verdict.bets > TRADER_KILLS, "something was placed"
        print(f"{TRADER_KILLS} kills, {verdict}")


@pytest.mark.parametrize("kind", ["die", "tear"])
def test_the_python_executor_killed_at_writes_of_its_journal(kind: str) -> None:
    rng = random.Random(SEED)
    for number in range(2, WRITES_MAX, PYTHON_STEP):
        fault = f"die {number}" if kind == "die" else _torn(number, rng)
        host = {"LD_PRELOAD": str(faulty_host()), "FAULTY_FILE": "/orders.journal"}
        with local_desk(connects=False) as trading:
            folder, link = trading.scene.folder, written(trading)
            with trader_program(link, folder, "each", host | {"FAULTY_DISK": fault}) as program:
                died = program.wait(PATIENCE_S) != 0
            trading.recollect()
            trading.close_down()
            if not died:
                break
    assert number > 10, "it was killed in the middle of its work"


def written(trading: LocalDesk) -> str:
    """The document of its executor, for another process."""
    path = trading.scene.folder / "executor.json"
    path.write_text(json.dumps(trading.document))
    return str(path)
