"""Through the whole loop: selection by the clock, two edges, hedges, and the end by risk."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from trader.execution.interfaces.intents import Action, Side
from trader.execution.interfaces.reports import ExecutionReport, Status
from trader.strategy.context import Runner, StrategyContext
from trader.strategy.edges.base import Cancel, Edge, EdgeConfig, Place, Proposal
from trader.testing import QUOTED, Scene

OFF = "2023-11-14T22:15:00.000Z"
OFF_MS = 1_700_000_100_000
ORDERS = "select edge, action, side, price_centi, size_centi from intents order by ts_ms, intent_id"


class Resting(Edge[EdgeConfig]):
    """Keeps one order of 10.00 on runner 1 at a price, while the market is good."""

    name = "passive_maker"
    config_class = EdgeConfig

    def __init__(self, name: str, side: Side, price_centi: int, value: float = 0.01) -> None:
        super().__init__(EdgeConfig(enabled=True, priority=0))
        self.name = name  # type: ignore[misc]
        self.side = side
        self.price_centi = price_centi
        self.value = value

    def decide(self, ctx: StrategyContext, runner: Runner) -> Sequence[Proposal]:
        if runner.selection_id != 1:
            return ()
        orders = ctx.orders(self.name, runner)
        if ctx.market.stale or not ctx.market.is_open:
            return [Cancel(order, "stale") for order in orders]
        if orders:
            return ()
        return [Place(self.side, self.price_centi, self.value, 60_000, max_size_centi=1000)]


def scene_with(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *edges: Resting, settings: Sequence[str] = ()
) -> Scene:
    """A scene whose edges are these: the first by the name that the configuration knows."""
    built = iter(edges)
    monkeypatch.setattr("trader.reconfigure.EDGES", {"passive_maker": lambda _: next(built)})
    scene = Scene(tmp_path, *settings)
    scene.session.engine.edges.extend(built)
    return scene


def test_the_window_opens_and_closes_by_the_clock(tmp_path: Path) -> None:
    scene = Scene(tmp_path, "selector.before_off_s=97", "selector.until_off_s=95")
    scene.define(rc=QUOTED, marketTime=OFF)
    scene.define(marketTime=OFF)
    assert scene.open_sides() == [], "98 s before"
    scene.change(QUOTED)
    assert scene.open_sides() == ["BACK", "LAY"]
    scene.change(QUOTED)
    assert scene.pt == OFF_MS - 96_000
    scene.change(QUOTED)
    assert scene.open_sides() == []
    assert scene.session.desk.counts.cancels == {"too_late": 2}
    scene.blotter.close()


def test_a_place_that_is_lost_is_given_up_before_the_winner_gets_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    weak = Resting("passive_maker", Side.BACK, 320, value=0.01)
    strong = Resting("second", Side.BACK, 320, value=0.05)
    settings = ["edges.passive_maker.priority=0"]
    scene = scene_with(tmp_path, monkeypatch, weak, strong, settings=settings)
    scene.define(rc=QUOTED)
    for _ in range(3):
        scene.change(QUOTED)
    assert [order.edge for order in scene.session.router.open_orders()] == ["second"]
    events = scene.rows("select kind, edge, other from cannibalisation order by rowid")
    assert events[:2] == [
        ("taken_over", "second", "passive_maker"),
        ("refused", "passive_maker", "second"),
    ]
    assert scene.metrics.cannibalisation_total["taken_over"] >= 1
    scene.blotter.close()


def test_a_fill_is_hedged_at_once_and_the_hedge_crosses_when_it_expires(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    maker = Resting("passive_maker", Side.BACK, 320)
    scene = scene_with(
        tmp_path,
        monkeypatch,
        maker,
        settings=['hedge.edges=["passive_maker"]', "hedge.ttl_ms=3000"],
    )
    scene.define(rc=QUOTED)
    size = scene.session.router.open_orders()[0].size_centi
    maker.value = -1.0  # no more of these
    scene.change([{"id": 1, "atb": [[3.2, 99.0]], "atl": [[3.2, 0], [3.3, 50.0]]}])
    (hedge,) = scene.session.router.open_orders()
    assert (hedge.edge, hedge.side, hedge.price_centi) == ("hedge", Side.LAY, 315)
    assert hedge.size_centi == round(size * 320 / 315)
    scene.change([{"id": 1, "atb": [[3.2, 99.0]]}], after_ms=3000)
    runner = Runner("1.1", 1, 0.0, 0)
    scene.change([{"id": 1, "atb": [[3.2, 98.0]]}])
    position = scene.session.ledger.position(runner)
    assert position is not None
    assert abs(position.win_e4 - position.lose_e4) <= 330
    assert scene.rows(ORDERS)[-1][:4] == ("hedge", "PLACE", "LAY", 330)
    scene.blotter.close()


def test_what_may_be_lost_was_lost_and_nothing_leaves_any_more(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    maker = Resting("passive_maker", Side.BACK, 320)
    scene = scene_with(
        tmp_path, monkeypatch, maker, settings=["risk.max_loss=1", "risk.check_every_ms=1000"]
    )
    scene.define(rc=QUOTED)
    scene.change([{"id": 1, "atb": [[3.2, 99.0]], "atl": [[3.2, 0], [3.3, 50.0]]}])
    scene.change([{"id": 1, "atb": [[3.2, 0], [9.0, 10.0]], "atl": [[3.3, 0], [9.4, 10.0]]}])
    for _ in range(3):
        scene.change([{"id": 1, "atb": [[9.0, 11.0]]}])
    assert scene.open_sides() == []
    assert scene.metrics.kills_total == 1
    assert scene.session.desk.counts.refused["killed"] >= 1
    intents = scene.rows("select count(*) from intents")
    scene.change([{"id": 1, "atb": [[9.0, 12.0]]}])
    assert scene.rows("select count(*) from intents") == intents
    scene.blotter.close()


def test_the_estimates_of_every_order_are_kept(tmp_path: Path) -> None:
    scene = Scene(tmp_path)
    scene.define(rc=QUOTED)
    scene.change(QUOTED)
    kept = scene.rows("select p_fill, ttf_ms, size_ahead, last_traded_price from estimates")
    assert len(kept) == 2
    assert all(0.0 <= p <= 1.0 and ttf > 0 for p, ttf, *_ in kept)
    assert [row[2:] for row in kept] == [(50.0, 3.1), (50.0, 3.1)] or kept[0][2] == 50.0
    scene.blotter.close()


def test_a_market_that_an_image_of_everything_does_not_have_is_not_quoted(tmp_path: Path) -> None:
    scene = Scene(tmp_path)
    engine = scene.session.engine
    scene.define(rc=QUOTED)
    assert scene.open_sides() == ["BACK", "LAY"]
    engine.imaged(scene.pt)
    assert scene.open_sides() == ["BACK", "LAY"], "it was in the image"
    engine.imaged(scene.pt + 1)
    assert scene.open_sides() == []
    scene.change(QUOTED)
    assert scene.open_sides() == ["BACK", "LAY"], "it was heard of"
    scene.blotter.close()


def test_a_market_that_is_forgotten_takes_no_room_and_leaves_its_result(tmp_path: Path) -> None:
    scene = Scene(tmp_path)
    scene.define(rc=QUOTED)
    scene.change([{"id": 1, "atb": [[3.2, 99.0]], "atl": [[3.2, 0], [3.4, 50.0]]}])
    scene.define("CLOSED", winner=1)
    scene.session.engine.forget("1.1")
    assert scene.session.engine.markets.views() == []
    assert scene.session.ledger.markets() == []
    assert scene.session.results.by_market["1.1"].kind == "settled", "what it came to is kept"
    scene.blotter.close()


def test_what_the_venue_takes_back_afterwards_changes_what_was_won(tmp_path: Path) -> None:
    scene = Scene(tmp_path)
    scene.define(rc=QUOTED)
    order = scene.session.router.open_orders()[0]
    scene.change([{"id": 1, "atb": [[3.2, 99.0]], "atl": [[3.2, 0], [3.4, 50.0]]}])
    scene.define("CLOSED", winner=1)
    before = scene.session.results.by_market["1.1"]
    assert before.gross_e4 == order.size_centi * 220
    # Half of it is void, and the rest was matched at a better price.
    kept_centi = order.size_centi // 2
    scene.session.bus.publish(
        ExecutionReport.new(
            seq=999,
            intent_id=order.intent_id,
            ts_ms=scene.pt,
            action=Action.PLACE,
            status=Status.AMENDED,
            dry_run=True,
            size_matched_centi=kept_centi,
            avg_price_matched=3.5,
        )
    )
    scene.tell(ct="HEARTBEAT", after_ms=2_000)
    scene.tell(mc=[{"id": "1.2", "rc": [{"id": 9, "ltp": 2.0}]}])
    after = scene.session.results.by_market["1.1"]
    assert after.gross_e4 == kept_centi * 250
    assert scene.rows("select gross_e4 from settlements") == [(after.gross_e4,)]
    scene.blotter.close()


def test_what_the_venue_pays_is_the_result_also_of_a_market_of_another_run(tmp_path: Path) -> None:
    scene = Scene(tmp_path)
    results, runner = scene.session.results, Runner("1.9", 5, 0.0, 0)
    scene.session.ledger.carried(runner, 200_000, -100_000)
    assert results.unpaid() == ["1.9"]
    scene.session.engine.paid_out("1.9", 200_000, 10_000)
    assert results.unpaid() == []
    assert scene.rows("select market_id, kind, net_e4 from settlements") == [
        ("1.9", "venue", 190_000)
    ]
    scene.blotter.close()


def defined(market_id: str) -> dict[str, Any]:
    runners = [{"id": 1, "sortPriority": 1, "status": "ACTIVE"}]
    definition = {
        "status": "OPEN",
        "inPlay": False,
        "version": 9,
        "betDelay": 0,
        "numberOfWinners": 1,
        "marketBaseRate": 5.0,
        "bettingType": "ODDS",
        "runners": runners,
    }
    return {"id": market_id, "img": True, "marketDefinition": definition, "rc": QUOTED}


class Keeping(Resting):
    """Remembers what it was told to forget."""

    forgotten: tuple[str, ...] = ()

    def forget(self, market_id: str) -> None:
        self.forgotten = (*self.forgotten, market_id)


def test_a_market_that_ends_by_payment_alone_gives_its_place_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    edge = Keeping("passive_maker", Side.BACK, 320)
    scene = scene_with(tmp_path, monkeypatch, edge, settings=["selector.max_markets=1"])
    scene.define(rc=QUOTED)
    scene.session.engine.paid_out("1.1", 0, 0)
    assert edge.forgotten == ("1.1",)
    scene.tell(mc=[defined("1.2")])
    markets = {order.market_id for order in scene.session.router.open_orders()}
    assert "1.2" in markets
    scene.blotter.close()


def test_a_market_that_is_forgotten_gives_its_place_up(tmp_path: Path) -> None:
    scene = Scene(tmp_path, "selector.max_markets=1")
    scene.define(rc=QUOTED)
    scene.session.engine.forget("1.1")
    scene.tell(mc=[defined("1.2")])
    assert {o.market_id for o in scene.session.router.open_orders()} >= {"1.2"}
    scene.blotter.close()


def test_the_selector_is_asked_when_a_market_is_no_more_stale(tmp_path: Path) -> None:
    scene = Scene(
        tmp_path,
        *("hedge.edges=[passive_maker]", "hedge.ttl_ms=600000", "selector.until_off_s=60"),
    )
    scene.define(rc=QUOTED, marketTime=OFF)
    scene.change([{"id": 1, "trd": [[3.2, 500.0]], "atl": [[3.2, 0], [3.25, 50.0]]}])
    assert "hedge" in {order.edge for order in scene.session.router.open_orders()}
    late_ms = OFF_MS - 60_000 - scene.pt
    scene.change([{"id": 1, "atl": [[3.25, 51.0]]}], after_ms=late_ms)
    assert {order.edge for order in scene.session.router.open_orders()} == {"hedge"}
    scene.tell(status=503)
    scene.tell()
    assert {order.edge for order in scene.session.router.open_orders()} == {"hedge"}
    scene.blotter.close()
