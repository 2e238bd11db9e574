"""The cutover's check: replays with either half in Rust are compared, and are equal."""

from __future__ import annotations

from itertools import product
from pathlib import Path

import pytest

from tests.e2e.trader_process import (
    need_executor,
    need_rust_hotloop,
    read_summary,
    run_trader,
    succeed,
)
from trader.simulator.generator import Race, RaceShape

BACKENDS = ("python", "rust")


def replay(race: Path, out: Path, *arguments: str) -> Path:
    succeed("replay", str(race), "--out", str(out), *arguments)
    return out


@pytest.fixture(scope="module")
def race(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("race") / "race.json"
    path.write_bytes(b"\n".join(Race(7, RaceShape(pre_off_s=120.0, in_play_s=10.0)).lines()))
    return path


@pytest.fixture(scope="module")
def reference(race: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("reference") / "out"
    return replay(race, out, "--hotloop", "python", "--execution", "python")


@pytest.mark.parametrize(("hotloop", "execution"), list(product(BACKENDS, BACKENDS)))
def test_every_combination_of_backends_is_equal(
    race: Path, reference: Path, tmp_path: Path, hotloop: str, execution: str
) -> None:
    if hotloop == "rust":
        need_rust_hotloop()
    if execution == "rust":
        need_executor()
    how = ("--hotloop", hotloop, "--execution", execution, "--feed", "normalized")
    out = replay(race, tmp_path / "out", *how)
    assert read_summary(out)["fills"] > 0
    printed = succeed("compare", str(reference), str(out))
    assert f"B: {out}: replay, hotloop {hotloop}, execution {execution}" in printed
    assert "\nequal: all " in printed
    assert "\x1b" not in printed


def test_another_configuration_is_not_compared(race: Path, reference: Path, tmp_path: Path) -> None:
    other = "edges.passive_maker.min_spread_ticks=3"
    out = replay(race, tmp_path / "out", "--hotloop", "python", "--set", other)
    done = run_trader("compare", str(reference), str(out))
    assert (done.returncode, done.stdout) == (2, "")
    assert "edges.passive_maker.min_spread_ticks is 3, not" in done.stderr
    assert done.stderr.count("\n") == 1
