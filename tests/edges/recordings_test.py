"""Each edge alone over every recording: what is promised of any run holds, and docs/edges.md says
what comes of it."""

from __future__ import annotations

from typing import Final

import pytest

from tests.e2e.trader_process import need_executor, need_rust_hotloop
from tests.edges.playing import SHIPPED, Played, play
from tests.edges.table import NOTHING, PAGE, cell, rows
from tests.parity.recordings import RECORDINGS, per_recording, read_lines
from trader.config.loading import load
from trader.execution.ledger import to_money
from trader.strategy.edges.base import EdgeConfig

per_edge = pytest.mark.parametrize("edge", SHIPPED)
SHORT: Final = (
    "betfair_parser__1.164917629.bz2",
    "betfair_parser__1.242971311.bz2",
    "flumine__1.197931750.json",
)
"""Short enough for the Python signals."""


@per_recording
@per_edge
def test_what_is_promised_of_any_run_holds_and_the_page_says_what_came_of_it(
    name: str, edge: str
) -> None:
    lines = read_lines(name)
    need_rust_hotloop()
    played = play(edge, lines, rust=True)
    assert played.session.engine.counts.seam_errors == 0
    assert_nothing_is_left_open(played)
    assert_limits_held(played)
    assert_the_blotter_is_the_summary(played, edge)
    assert play(edge, lines, rust=True).rows == played.rows, "the same again"
    assert rows(PAGE.read_text())[name][edge] == cell(played), (
        "the page is behind: python -m tests.edges.table --write"
    )


@pytest.mark.parametrize("name", SHORT)
@per_edge
def test_the_python_signals_come_to_the_same(name: str, edge: str) -> None:
    lines = read_lines(name)
    need_rust_hotloop()
    assert play(edge, lines).rows == play(edge, lines, rust=True).rows


def test_all_together_they_come_to_the_same_with_either_executor() -> None:
    lines = read_lines("kelvin__MarketStream-1.241629436.json")
    need_rust_hotloop()
    need_executor()
    together = [f"edges.{edge}.enabled=true" for edge in SHIPPED]
    here, beside = (
        play("scalp", lines, [*together, f"execution.backend={backend}"], rust=True)
        for backend in ("python", "rust")
    )
    assert here.rows == beside.rows
    assert {row[3] for row in here.rows["fills"]} >= {"passive_maker", "scalp", "sweep_follow"}
    assert_nothing_is_left_open(here)


def test_the_page_has_every_edge_and_every_recording() -> None:
    told = rows(PAGE.read_text())
    assert list(told) == [*RECORDINGS, "all"]
    assert all(tuple(cells) == SHIPPED for cells in told.values())
    for edge in SHIPPED:
        parts = [figures(told[name][edge]) for name in RECORDINGS]
        orders, filled, net = (sum(column) for column in zip(*parts, strict=True))
        total = figures(told["all"][edge])
        assert total[:2] == (orders, filled)
        assert total[2] == pytest.approx(net, abs=0.005 * len(RECORDINGS) + 0.005)


def figures(told: str) -> tuple[int, int, float]:
    """What a cell says."""
    if told == NOTHING:
        return 0, 0, 0.0
    orders, filled, net = told.split(" / ")
    return int(orders), int(filled), float(net)


def test_the_page_explains_every_parameter() -> None:
    text = PAGE.read_text()
    for edge, config in load().edges.items():
        assert isinstance(config, EdgeConfig)
        section = text.split(f"\n## {edge}\n", 1)[1].split("\n## ", 1)[0]
        shared = text.split("\n## Round trips\n", 1)[1].split("\n## ", 1)[0]
        names = type(config).__dataclass_fields__.keys() - {"enabled", "priority"}
        missing = [key for key in names if f"`{key}`" not in section + shared]
        assert not missing, f"{edge}: {missing}"


def assert_nothing_is_left_open(played: Played) -> None:
    assert played.session.router.open_orders() == []
    assert played.session.router.in_flight == 0


def assert_limits_held(played: Played) -> None:
    """No order was larger than the largest stake or smaller than the venue takes, and never could
    more be lost than the caps say."""
    sizer = load().sizer
    for size_centi, price_centi in played.rows["orders"]:
        assert size_centi <= sizer.max_stake * 100
        assert size_centi >= 100 or size_centi * price_centi >= 100_000
    markets = len(played.session.book.markets())
    most = min(sizer.max_total_liability, sizer.max_market_liability * markets)
    assert to_money(played.worst_loss_e4) <= most
    for result in played.session.results.by_market.values():
        assert to_money(-result.net_e4) <= sizer.max_market_liability


def assert_the_blotter_is_the_summary(played: Played, edge: str) -> None:
    counts = played.session.desk.counts
    assert len(played.rows["orders"]) == played.orders == counts.intents[edge, "PLACE"]
    assert {key[0] for key in counts.intents} <= {edge}
    assert len(played.rows["fills"]) == counts.fills
    staked = sum(row[-1] for row in played.rows["fills"])
    assert staked == counts.filled_stake_centi
    gross = {row[1]: row[3] for row in played.rows["settlements"]}
    assert gross == {m: r.gross_e4 for m, r in played.session.results.by_market.items()}
    assert sum(gross.values()) == played.gross_e4
