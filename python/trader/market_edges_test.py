"""Edges that look at a market as a whole, what one edge holds, and orders that are on their way."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from trader.execution.interfaces.intents import Action, Side
from trader.execution.interfaces.reports import Status
from trader.strategy.context import Runner, StrategyContext
from trader.strategy.edges.base import (
    Basket,
    Cancel,
    Edge,
    EdgeConfig,
    MarketEdge,
    MarketProposal,
    Place,
    Proposal,
    Replace,
)
from trader.testing import QUOTED, LiveScene, Scene

A, B = (Runner("1.1", selection, 0.0, 0) for selection in (1, 2))
BOTH = [*QUOTED, {"id": 2, "atb": [[1.4, 50.0]], "atl": [[1.5, 50.0]]}]


def leg(size_centi: int, price_centi: int = 320) -> Place:
    return Place(Side.BACK, price_centi, 0.05, 60_000, size_centi=size_centi)


class Baskets(MarketEdge[EdgeConfig]):
    """Wants what it is told to, once; counts when it is asked, and sees what it has."""

    name = "baskets"
    config_class = EdgeConfig

    def __init__(self) -> None:
        super().__init__(EdgeConfig(enabled=True, priority=0))
        self.wishes: list[MarketProposal] = []
        self.asked = 0
        self.seen: list[tuple[int, str | None]] = []
        self.forgotten: list[str] = []

    def decide_market(self, ctx: StrategyContext) -> Sequence[MarketProposal]:
        self.asked += 1
        self.seen = [(o.price_centi, o.pending) for r in (A, B) for o in ctx.orders(self.name, r)]
        wishes, self.wishes = self.wishes, []
        return wishes

    def forget(self, market_id: str) -> None:
        self.forgotten.append(market_id)


class Seeing(Edge[EdgeConfig]):
    """Sees what it holds itself, and what all edges hold together."""

    name = "seeing"
    config_class = EdgeConfig
    held = together = 0

    def decide(self, ctx: StrategyContext, runner: Runner) -> Sequence[Proposal]:
        self.held = ctx.held(self.name, runner).back_stake_centi
        self.together = ctx.position(runner).back_stake_centi
        return ()


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Scene]:
    scene = Scene(tmp_path, "edges.passive_maker.enabled=false")
    scene.define(rc=BOTH)
    yield scene
    scene.blotter.close()


@pytest.fixture
def edge(scene: Scene) -> Baskets:
    edge = Baskets()
    scene.session.engine.edges.append(edge)
    return edge


def refused(scene: Scene) -> dict[str, int]:
    return dict(scene.session.desk.counts.refused)


def test_it_is_asked_once_for_a_message_however_many_runners_it_touched(
    scene: Scene, edge: Baskets
) -> None:
    scene.change(BOTH)
    scene.change(QUOTED)
    assert edge.asked == 2
    scene.define("CLOSED", winner=1)
    assert edge.forgotten == ["1.1"]


def test_all_legs_of_a_basket_leave_with_just_their_sizes(scene: Scene, edge: Baskets) -> None:
    edge.wishes = [Basket(((A, leg(733)), (B, leg(1541, 150))))]
    scene.change(BOTH)
    orders = scene.session.router.open_orders()
    assert [(o.selection_id, o.price_centi, o.size_centi) for o in orders] == [
        (1, 320, 733),
        (2, 150, 1541),
    ]
    edge.wishes = [(A, Cancel(orders[0], "by hand"))]
    scene.change(BOTH)
    assert edge.seen == [(320, None), (150, None)]
    assert [o.selection_id for o in scene.session.router.open_orders()] == [2]


@pytest.mark.parametrize(
    ("overrides", "sizes", "reason"),
    [
        ((), (733, 2001), "max_stake"),
        ((), (733, 50), "below_minimum"),
        (("sizer.max_market_liability=10",), (1000, 1001), "exposure_cap"),
        (("risk.max_exposure=20",), (1000, 1001), "risk_exposure"),
        (("execution.limits.max_open_orders=1",), (733, 733), "max_open_orders"),
        (("fee_gate.min_net_edge=0.9",), (733, 733), "net_edge"),
    ],
)
def test_no_leg_leaves_when_one_of_them_may_not(
    tmp_path: Path, overrides: Sequence[str], sizes: tuple[int, int], reason: str
) -> None:
    scene = Scene(tmp_path, "edges.passive_maker.enabled=false", *overrides)
    edge = Baskets()
    scene.session.engine.edges.append(edge)
    scene.define(rc=BOTH)
    edge.wishes = [Basket(((A, leg(sizes[0])), (B, leg(sizes[1], 150))))]
    scene.change(BOTH)
    assert scene.open_sides() == []
    assert refused(scene) == {reason: 1}
    scene.blotter.close()


def test_a_basket_waits_until_another_edge_has_made_room_for_every_leg(tmp_path: Path) -> None:
    scene = Scene(tmp_path, "edges.passive_maker.priority=0")
    edge = Baskets()
    scene.session.engine.edges.append(edge)
    scene.define(rc=BOTH)
    assert scene.open_sides() == ["BACK", "LAY"] * 2
    basket = Basket(((A, leg(733)), (B, leg(733, 150))))
    edge.wishes = [basket]
    scene.change(BOTH)
    others = {order.edge for order in scene.session.router.open_orders()}
    assert others == {"passive_maker"}
    assert scene.session.desk.counts.cancels["taken_over"] == 2
    edge.wishes = [basket]
    scene.change(BOTH)
    mine = [o.selection_id for o in scene.session.router.open_orders() if o.edge == "baskets"]
    assert mine == [1, 2]
    scene.blotter.close()


BACK_A = (1, Side.BACK)


class Strong(Edge[EdgeConfig]):
    """Rests on the second runner, for as much as a leg is worth."""

    name = "strong"
    config_class = EdgeConfig

    def __init__(self, wish: Place) -> None:
        super().__init__(EdgeConfig(enabled=True, priority=0))
        self._wish = wish

    def decide(self, ctx: StrategyContext, runner: Runner) -> Sequence[Proposal]:
        return [] if runner == A or ctx.orders(self.name, runner) else [self._wish]


@pytest.mark.parametrize(
    ("legs", "reason"),
    [
        (((A, leg(733)), (B, leg(2001, 150))), "max_stake"),
        (((A, leg(733)), (B, leg(50, 150))), "below_minimum"),
    ],
)
def test_a_basket_that_may_not_leave_takes_nobodys_place(
    tmp_path: Path, legs: tuple[tuple[Runner, Place], ...], reason: str
) -> None:
    scene = Scene(tmp_path, "edges.passive_maker.priority=0")
    edge = Baskets()
    scene.session.engine.edges.append(edge)
    scene.define(rc=BOTH)
    edge.wishes = [Basket(legs)]
    scene.change(BOTH)
    assert scene.open_sides() == ["BACK", "LAY"] * 2
    assert refused(scene) == {reason: 1}
    scene.blotter.close()


def test_a_basket_of_which_one_leg_has_no_place_takes_nobodys(tmp_path: Path) -> None:
    scene = Scene(tmp_path, "edges.passive_maker.priority=0")
    edge = Baskets()
    scene.session.engine.edges.extend([Strong(leg(200, 150)), edge])
    scene.define(rc=BOTH)
    scene.change(BOTH)
    scene.change(BOTH)
    assert {o.edge for o in scene.session.router.open_orders()} == {"passive_maker", "strong"}
    edge.wishes = [Basket(((A, leg(733)), (B, leg(733, 150))))]
    scene.change(BOTH)
    assert refused(scene)["no_place"] == 1
    (kept,) = [o for o in scene.session.router.open_orders() if (o.selection_id, o.side) == BACK_A]
    assert kept.edge == "passive_maker"
    scene.blotter.close()


class Closer(Edge[EdgeConfig]):
    """Backs at once, at the best price, what it has laid of the first runner."""

    name = "closer"
    config_class = EdgeConfig

    def decide(self, ctx: StrategyContext, runner: Runner) -> Sequence[Proposal]:
        held = ctx.held(self.name, runner)
        price_centi = round(100 * (ctx.book.best(*runner[:3])[0] or 0))
        size_centi = (held.lose_e4 - held.win_e4) // price_centi
        if size_centi < 100 or ctx.orders(self.name, runner):
            return []
        place = Place(Side.BACK, price_centi, 0.0, 60_000, reduces=True, size_centi=size_centi)
        return [replace(place, closes=True)]


def test_a_closing_order_leaves_though_another_edge_rests_where_it_would_be_matched(
    tmp_path: Path,
) -> None:
    scene = Scene(tmp_path)
    scene.session.ledger.matched("before", A, Side.LAY, 1000, 320_000, "closer")
    scene.session.engine.edges.append(Closer(EdgeConfig(enabled=True, priority=0)))
    scene.define(rc=BOTH)
    assert "LAY" in scene.open_sides(), "at the price that the closing order takes"
    for size in range(4):
        scene.change([{"id": 1, "atb": [[3.0, 60.0 + size]]}], after_ms=500)
    assert scene.session.desk.counts.intents["closer", "PLACE"] == 1
    held = scene.session.ledger.held("closer", A)
    assert held is not None
    assert held.back_stake_centi == 1066
    scene.blotter.close()


def test_a_basket_leaves_though_another_edge_rests_where_it_would_be_matched(
    tmp_path: Path,
) -> None:
    scene = Scene(tmp_path, "edges.overround.enabled=true")
    cheap = [{"id": n, "atb": [[2.1, 50.0]], "atl": [[2.2, 50.0]]} for n in (1, 2)]
    scene.define(rc=cheap)
    for size in range(3):
        scene.change([{"id": 1, "atl": [[2.2, 60.0 + size]]}], after_ms=900)
    assert scene.session.desk.counts.intents["overround", "PLACE"] == 2
    scene.blotter.close()


def test_what_one_edge_holds_is_not_what_all_of_them_do(scene: Scene, edge: Baskets) -> None:
    seeing = Seeing(EdgeConfig(enabled=True, priority=0))
    scene.session.engine.edges.append(seeing)
    edge.wishes = [(A, leg(733))]
    scene.change(QUOTED)
    scene.change([{"id": 1, "atb": [[3.2, 99.0]], "atl": [[3.2, 0], [3.4, 50.0]]}])
    scene.change([{"id": 1, "atb": [[3.2, 98.0]]}])
    assert (seeing.held, seeing.together) == (0, 733)


def test_an_edge_sees_its_orders_on_their_way_and_does_not_ask_for_them_again(
    tmp_path: Path,
) -> None:
    scene = LiveScene(tmp_path)
    edge = Baskets()
    scene.session.engine.edges.append(edge)
    edge.wishes = [(B, leg(733, 150))]
    scene.define(rc=QUOTED)
    scene.change([{"id": 2, "atb": [[1.4, 50.0]]}])
    assert edge.seen == [(150, "PLACE")]
    scene.change(QUOTED)
    scene.change(QUOTED)
    placed = [(i.edge, i.side) for i in scene.venue.sent if i.action is Action.PLACE]
    assert sorted(placed) == [
        ("baskets", Side.BACK),
        ("passive_maker", Side.BACK),
        ("passive_maker", Side.LAY),
    ]
    (mine,) = [intent for intent in scene.venue.sent if intent.edge == "baskets"]
    scene.venue.says(mine, Status.ACCEPTED, Status.PLACED)
    scene.turns(1)
    scene.change([{"id": 2, "atb": [[1.4, 51.0]]}])
    assert edge.seen == [(150, None)]
    scene.blotter.close()


class Careless(Edge[EdgeConfig]):
    """Wants what it is told to, whatever the market is like."""

    name = "careless"
    config_class = EdgeConfig

    def __init__(self, *wishes: Proposal) -> None:
        super().__init__(EdgeConfig(enabled=True, priority=0))
        self.wishes = list(wishes)

    def decide(self, _ctx: StrategyContext, runner: Runner) -> Sequence[Proposal]:
        return self.wishes if runner == A else ()


def test_nothing_new_leaves_on_stale_data(scene: Scene, edge: Baskets) -> None:
    scene.session.engine.edges.append(Careless(leg(733)))
    scene.tell(status=503, mc=[{"id": "1.1", "rc": QUOTED}])
    assert refused(scene) == {"stale": 1}
    edge.wishes = [Basket(((B, leg(1541, 150)),))]
    scene.tell(status=503, mc=[{"id": "1.1", "rc": QUOTED}])
    assert edge.wishes == [], "it was asked"
    assert scene.open_sides() == []
    assert refused(scene) == {"stale": 3}


def test_nothing_new_leaves_for_a_market_that_is_not_open(scene: Scene, edge: Baskets) -> None:
    scene.session.engine.edges.append(Careless(leg(733)))
    scene.change(QUOTED)
    assert scene.open_sides() == ["BACK"], "the engine asks where something rests"
    edge.wishes = [Basket(((B, leg(1541, 150)),))]
    scene.define("SUSPENDED", rc=QUOTED)
    assert edge.wishes == [], "it was asked"
    assert refused(scene) == {"not_open": 2}
    assert scene.session.desk.counts.intents["careless", "PLACE"] == 1


@pytest.mark.parametrize("closes", [False, True])
def test_no_order_is_moved_on_stale_data_and_but_for_closing_ones_it_goes(
    scene: Scene, closes: bool
) -> None:
    careless = Careless(leg(733))
    scene.session.engine.edges.append(careless)
    scene.change(QUOTED)
    (resting,) = scene.session.router.open_orders()
    careless.wishes = [Replace(resting, 310, 0.05, 60_000, closes=closes)]
    scene.tell(status=503, mc=[{"id": "1.1", "rc": QUOTED}])
    assert refused(scene)["stale"] >= 1
    left = [order.price_centi for order in scene.session.router.open_orders()]
    assert left == ([320] if closes else [])
