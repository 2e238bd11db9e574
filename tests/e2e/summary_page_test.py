"""docs/summary.md lists every key that a replay and a demo write into summary.json, and no others.

A live trader's own keys are looked at in `tests/live/reload_test.py`.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

from tests.e2e.summary_keys import listed, written
from tests.e2e.trader_process import need_rust_hotloop, read_summary, succeed

SHORT: Final = ("--set", "simulator.demo.pre_off_s=30", "--set", "report.enabled=false")
LIVE: Final = "A live trader"
EDGE: Final = """\
from collections.abc import Sequence

from trader.execution.interfaces.intents import Side
from trader.strategy.context import Runner, StrategyContext
from trader.strategy.edges.base import Edge, EdgeConfig, Place, Proposal


class JoinTheBack(Edge[EdgeConfig]):
    name, config_class = "join_the_back", EdgeConfig

    def decide(self, ctx: StrategyContext, runner: Runner) -> Sequence[Proposal]:
        market_id, selection_id, handicap, _ = runner
        _, _, best_lay, _ = ctx.book.best(market_id, selection_id, handicap)
        if best_lay is None or ctx.orders(self.name, runner):
            return ()
        return [Place(Side.BACK, round(best_lay * 100), 0.01, ttl_ms=30_000, reduces=False)]
"""


def test_no_key_is_listed_twice() -> None:
    assert len(listed()) == len(set(listed())) > 90


def test_every_key_of_a_run_is_listed_and_every_listed_key_is_one_of_a_run(tmp_path: Path) -> None:
    need_rust_hotloop()
    race, edge = tmp_path / "race.jsonl", tmp_path / "join.py"
    edge.write_text(EDGE)
    succeed("generate", "--out", str(race), *SHORT[:2])
    shadowed = ("--hotloop", "both", "--set", "hotloop.shadow_every=1000")
    out = ("--out", str(tmp_path / "replay"))
    succeed("replay", str(race), *out, *SHORT, *shadowed, "--edge", str(edge))
    succeed("demo", "--speed", "max", "--out", str(tmp_path / "demo"), *SHORT)
    replay, demo = (written(read_summary(tmp_path / name)) for name in ("replay", "demo"))
    # `shadow` is either null or has the keys below it.
    assert replay | demo == set(listed()) - set(listed(LIVE))
    assert demo - replay == {"shadow", *listed("A demo")}
    assert "shadow.backend" in replay
