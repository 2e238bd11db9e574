"""Whichever half is Rust and however lines are fed: the same orders, fills and results."""

from __future__ import annotations

from itertools import product
from pathlib import Path
from typing import Any, Final

import pytest

from tests.e2e.trader_process import need_executor, need_rust_hotloop, outcome, succeed

SEEDS: Final = (7, 11)
BACKENDS: Final = ("python", "rust")
FEEDS: Final = ("raw", "normalized")
SHORT: Final = ("--set", "simulator.demo.pre_off_s=120", "--set", "simulator.demo.in_play_s=20")

Outcome = tuple[dict[str, Any], dict[str, list[Any]]]


def demo(
    out: Path, hotloop: str, execution: str, feed: str, seed: int, *, dry: bool = True
) -> Outcome:
    succeed(
        *("demo", "--out", str(out), "--speed", "max", "--seed", str(seed)),
        *("--hotloop", hotloop, "--execution", execution, "--set", f"simulator.feed={feed}"),
        *("--set", f"execution.dry_run={'true' if dry else 'false'}"),
        *SHORT,
    )
    return outcome(out)


@pytest.fixture(scope="module")
def reference(tmp_path_factory: pytest.TempPathFactory) -> dict[int, Outcome]:
    """Python in both halves, raw lines: what all others are held against."""
    folder = tmp_path_factory.mktemp("reference")
    return {seed: demo(folder / str(seed), "python", "python", "raw", seed) for seed in SEEDS}


@pytest.mark.parametrize("seed", SEEDS)
def test_the_reference_has_something_to_compare(reference: dict[int, Outcome], seed: int) -> None:
    summary, blotter = reference[seed]
    assert {"PLACE", "REPLACE", "CANCEL"} <= set(summary["intents_by_action"])
    assert len(blotter["fills"]) > 10
    assert [row[2] for row in blotter["settlements"]] == ["settled"]
    assert {row[5] for row in blotter["reports"]} >= {
        *("PLACED", "REPLACED", "CANCELLED", "FILLED", "PARTIALLY_FILLED"),
    }


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize(("hotloop", "execution", "feed"), list(product(BACKENDS, BACKENDS, FEEDS)))
def test_every_combination_gives_the_same_orders_fills_and_results(
    tmp_path: Path,
    reference: dict[int, Outcome],
    *,
    hotloop: str,
    execution: str,
    feed: str,
    seed: int,
) -> None:
    if hotloop == "rust":
        need_rust_hotloop()
    if execution == "rust":
        need_executor()
    summary, blotter = demo(tmp_path, hotloop, execution, feed, seed)
    expected_summary, expected_blotter = reference[seed]
    for table, rows in expected_blotter.items():
        assert blotter[table] == rows, f"{table} differs"
    assert summary == expected_summary


def test_at_the_simulated_exchange_both_hotloops_trade_the_same(tmp_path: Path) -> None:
    need_rust_hotloop()
    python = demo(tmp_path / "python", "python", "python", "raw", SEEDS[0], dry=False)
    rust = demo(tmp_path / "rust", "rust", "python", "raw", SEEDS[0], dry=False)
    again = demo(tmp_path / "again", "rust", "python", "raw", SEEDS[0], dry=False)
    for table, rows in python[1].items():
        assert rust[1][table] == rows, f"{table} differs"
        assert again[1][table] == rows, f"{table} differs from one run to the next"
    assert rust[0] == python[0] == again[0]
    assert len(rust[1]["fills"]) > 10
