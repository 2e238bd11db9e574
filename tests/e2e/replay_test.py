"""Every recording goes through the trader, and the summary's counts are the file's own."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import pytest

from tests.e2e.trader_process import (
    need_executor,
    need_rust_hotloop,
    outcome,
    read_blotter,
    read_summary,
    run_trader,
    succeed,
)
from tests.parity.recordings import market_streams

# Lines of op mcm, rc entries, markets: the table of the recordings' own README.
COUNTS: Final = {
    "adapter_rs__29788457.json": (8_272, 13_004, 4),
    "betfair_database__1.209492553.json": (18, 79, 1),
    "betfair_parser__1.127236622.bz2": (16_096, 66_333, 1),
    "betfair_parser__1.164917629.bz2": (298, 403, 1),
    "betfair_parser__1.242971311.bz2": (1_736, 6_672, 200),
    "flumine__1.197931750.json": (166, 989, 1),
    "flumine__1.200806927.json": (18_529, 21_895, 1),
    "kelvin__MarketStream-1.241629436.json": (7_679, 28_595, 1),
    "nautilus__sample.bz2": (10, 12, 1),
}
SETTLED: Final = ("flumine__1.200806927.json", "kelvin__MarketStream-1.241629436.json")


def recording(name: str) -> Path:
    return market_streams() / name


@pytest.mark.parametrize("name", COUNTS)
@pytest.mark.parametrize("hotloop", ["rust", "python"])
def test_counts_are_the_files_own(tmp_path: Path, name: str, hotloop: str) -> None:
    path = recording(name)
    if hotloop == "rust":
        need_rust_hotloop()
    succeed("replay", str(path), "--out", str(tmp_path), "--hotloop", hotloop)
    summary = read_summary(tmp_path)
    told = (summary["lines"], summary["runner_changes"], summary["markets"])
    assert told == COUNTS[name]
    assert (summary["seam_errors"], summary["lines_ignored"]) == (0, 0)
    assert summary["hotloop"] == hotloop


def test_the_recordings_are_the_ones_in_the_table() -> None:
    assert {path.name for path in market_streams().iterdir()} == set(COUNTS)


def test_the_summary_has_every_key_that_is_promised(tmp_path: Path) -> None:
    path = recording("flumine__1.197931750.json")
    succeed("replay", str(path), "--out", str(tmp_path), "--hotloop", "python")
    summary = read_summary(tmp_path)
    assert {
        *("lines", "runner_changes", "markets", "wall_s", "lines_per_s", "hotloop", "execution"),
        *("intents_total", "intents_per_minute_by_edge", "replace_place_ratio", "fee_share"),
        *("apply_delta_ns", "pfill_ttf_ns", "decision_us", "seam_errors", "p_fill", "ttf_ms"),
        "pnl",
    } <= summary.keys()
    assert set(summary["pnl"]) >= {"gross", "commission", "net"}
    assert set(summary["apply_delta_ns"]) >= {"mean", "p50", "p95", "p99", "max"}
    for key, why in summary["not_computed"].items():
        value: Any = summary
        for part in key.split("."):
            value = value[part]
        assert value is None
        assert why


@pytest.mark.parametrize("name", SETTLED)
def test_orders_are_placed_filled_and_settled_on_a_real_recording(
    tmp_path: Path, name: str
) -> None:
    path = recording(name)
    succeed("replay", str(path), "--out", str(tmp_path), "--hotloop", "python")
    summary, blotter = read_summary(tmp_path), read_blotter(tmp_path)
    assert summary["intents_total"] == len(blotter["intents"]) > 0
    assert summary["fills"] == len(blotter["fills"]) > 0
    assert [row[2] for row in blotter["settlements"]] == ["settled"]
    pnl = summary["pnl"]
    assert pnl["net"] == pytest.approx(pnl["gross"] - pnl["commission"])


def test_the_sidecar_gives_the_same_as_the_executor_in_process(tmp_path: Path) -> None:
    path = recording("kelvin__MarketStream-1.241629436.json")
    need_rust_hotloop()
    need_executor()
    for execution in ("python", "rust"):
        out = tmp_path / execution
        succeed("replay", str(path), "--out", str(out), "--execution", execution)
    assert outcome(tmp_path / "python") == outcome(tmp_path / "rust")


def test_several_files_are_played_apart_and_added_up(tmp_path: Path) -> None:
    names = ["flumine__1.197931750.json", "betfair_parser__1.164917629.bz2"]
    paths = [str(recording(name)) for name in names]
    succeed("replay", *paths, "--out", str(tmp_path / "both"), "--hotloop", "python")
    both = read_summary(tmp_path / "both")
    assert both["lines"] == sum(COUNTS[name][0] for name in names)
    for number, path in enumerate(paths):
        out = tmp_path / str(number)
        succeed("replay", path, "--out", str(out), "--hotloop", "python")
        assert both["inputs"][number] == read_summary(out)["inputs"][0]
    runs = {row[0] for row in read_blotter(tmp_path / "both")["intents"]}
    assert runs == {1, 2}


def test_the_same_replay_again_replaces_its_results(tmp_path: Path) -> None:
    path = recording("flumine__1.197931750.json")
    arguments = ("replay", str(path), "--out", str(tmp_path), "--hotloop", "python")
    succeed(*arguments)
    first = outcome(tmp_path)
    succeed(*arguments)
    assert outcome(tmp_path) == first
    names = sorted(entry.name for entry in tmp_path.iterdir())
    assert names == ["blotter.sqlite", "report.html", "summary.json"]


def test_another_replay_into_the_same_folder_is_refused(tmp_path: Path) -> None:
    path = recording("flumine__1.197931750.json")
    succeed("replay", str(path), "--out", str(tmp_path), "--hotloop", "python")
    before = outcome(tmp_path)
    again = run_trader(
        "replay", str(path), "--out", str(tmp_path), "--hotloop", "python", "--feed", "normalized"
    )
    assert again.returncode == 2
    assert "holds a different run (feed" in again.stderr
    assert outcome(tmp_path) == before
