"""`trader live` with an edge from a file: it trades, and where it fails nothing of it is left."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import pytest

from tests.live.rig import live_trader, races, verdict

EDGE: Final = """\
from trader.execution.interfaces.intents import Side
from trader.strategy.edges.base import Edge, EdgeConfig, Place


class Patient(Edge[EdgeConfig]):
    name, config_class = "patient", EdgeConfig

    def __init__(self, config):
        super().__init__(config)
        self.resting = set()

    def decide(self, ctx, runner):
        if ctx.orders(self.name, runner):
            self.resting.add(runner)
            if len(self.resting) == 3:
                raise LookupError("three orders are out")
            return ()
        return [Place(Side.LAY, 101, 0.5, 60_000)]
"""


@pytest.mark.parametrize("backend", ["python", "rust"])
def test_an_edge_that_fails_live_ends_trading_and_its_orders_are_cancelled(
    tmp_path: Path, backend: str
) -> None:
    (tmp_path / "patient.py").write_text(EDGE)
    with races(tmp_path, pre_off_s=60.0) as venue:
        profile = venue.profile(execution={"backend": backend})
        profile["edge_files"] = ["patient.py"]  # beside the profile
        with live_trader(tmp_path, profile, "--without-shipped-edges") as trader:
            assert trader.wait() == 2, trader.said()
            last = trader.said().splitlines()[-1]
            assert last.startswith(f"trader: {tmp_path}/patient.py:16: edge patient failed at ")
            assert last.endswith("LookupError: three orders are out")
            bets = venue.scene.bets()
            assert len(bets) >= 3
            assert not any(bet["remaining"] for bet in bets)
            assert verdict(venue, trader).problems == []
            ((ended,),) = trader.rows("select ended from runs")
            assert ended.startswith("failed: ")
            assert trader.rows("select distinct edge from intents") == [("patient",)]
