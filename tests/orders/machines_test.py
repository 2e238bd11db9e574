"""Lives of the simulation, played by both machines: the Rust one makes them, the Python one has to
do the same at every step."""

from __future__ import annotations

import json
import os
import subprocess
from typing import Final

import pytest

from tests.orders.playing import differing

SEEDS: Final = int(os.environ.get("HOTLOOP_SEEDS", "1500"))
INTENTS: Final = 14


def test_both_machines_do_the_same_at_every_step() -> None:
    program = os.environ.get("HOTLOOP_SCRIPTS")
    if program is None:
        pytest.skip("HOTLOOP_SCRIPTS names no program: cargo build -p orders --example scripts")
    arguments = [program, "simulate", "1", str(SEEDS), str(INTENTS)]
    steps = seeds = 0
    with subprocess.Popen(arguments, stdout=subprocess.PIPE) as simulation:
        assert simulation.stdout is not None, "it is piped"
        for line in simulation.stdout:
            script = json.loads(line)
            difference = differing(script)
            assert difference is None, difference
            seeds += 1
            steps += len(script["steps"])
    assert simulation.returncode == 0
    print(f"{seeds} lives, {steps} steps")
    assert seeds == SEEDS
