"""With a Hotloop in the shadow of the other a run comes out as it does without, and both agree."""

from __future__ import annotations

from pathlib import Path

from tests.e2e.trader_process import need_rust_hotloop, outcome, read_summary, succeed

RACE = ("simulator.demo.pre_off_s=30", "simulator.demo.in_play_s=5")


def options(*settings: str) -> list[str]:
    return [part for one in settings for part in ("--set", one)]


def test_a_replay_with_both_comes_out_as_with_either_and_nothing_differs(tmp_path: Path) -> None:
    need_rust_hotloop()
    race = tmp_path / "race.jsonl"
    succeed("generate", "--out", str(race), *options(*RACE))
    outcomes = {}
    for hotloop in ("python", "rust", "both"):
        out = tmp_path / hotloop
        succeed("replay", str(race), "--out", str(out), "--hotloop", hotloop)
        outcomes[hotloop] = outcome(out)
    assert outcomes["both"] == outcomes["python"] == outcomes["rust"]
    assert read_summary(tmp_path / "python")["shadow"] is None
    summary = read_summary(tmp_path / "both")
    assert summary["hotloop"] == "python"
    shadow = summary["shadow"]
    assert shadow.pop("comparisons") > 50_000
    assert shadow == {"backend": "rust", "differences": {}, "lines_skipped": 0, "lost": None}
    assert sum(summary["intents_by_action"].values()) > 10


def test_the_demo_trades_at_its_exchange_with_both_and_nothing_differs(tmp_path: Path) -> None:
    need_rust_hotloop()
    said = succeed(
        *("demo", "--hotloop", "both", "--speed", "max", "--out", str(tmp_path / "demo")),
        *options(*RACE),
    )
    shadow = read_summary(tmp_path / "demo")["shadow"]
    assert shadow["differences"] == {}
    assert f"shadow: {shadow['comparisons']:,} answers compared, 0 differences" in said
    assert "as the ledger has it" in said
