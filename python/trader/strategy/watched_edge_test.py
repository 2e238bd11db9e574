"""What an untried edge gives is looked at; what is wrong is told with file, line and runner."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import pytest

from trader.execution.interfaces.executor import OpenOrder
from trader.execution.interfaces.intents import Side
from trader.strategy import watched_edge
from trader.strategy.context import FLAT, Runner, StrategyContext
from trader.strategy.edges.base import (
    Basket,
    Cancel,
    Edge,
    EdgeConfig,
    MarketEdge,
    Place,
    Replace,
)
from trader.strategy.hotloop.reference import Hotloop
from trader.strategy.testing import A, B, market, order
from trader.strategy.watched_edge import EdgeFailedError, WatchedEdge, WatchedMarketEdge

CONFIG = EdgeConfig(enabled=True, priority=1)
GOOD = Place(Side.BACK, 300, 0.01, 1000)
ORDER = replace(order(A, Side.BACK, 300, 500), edge="mine")
MOVING = replace(ORDER, intent_id="I3", pending="REPLACE")
COMING = replace(ORDER, intent_id="I4", pending="PLACE")
ON_B = replace(order(B, Side.BACK, 300, 500), edge="mine", intent_id="I5")
FOREIGN = replace(ORDER, edge="other", intent_id="I6")
ENDED = replace(ORDER, intent_id="I7")


def standing(edge: str, runner: Runner) -> Sequence[OpenOrder]:
    orders = {A: (ORDER, MOVING, COMING, FOREIGN), B: (ON_B,)}
    return [one for one in orders.get(runner, ()) if one.edge == edge]


def watched(
    decide: Callable[[StrategyContext], Any], *, ladder: str = "CLASSIC", closes: bool = False
) -> tuple[WatchedEdge, StrategyContext]:
    """An edge of this file that decides so, and a context to ask it with."""

    class Mine(Edge[EdgeConfig]):
        name, config_class = "mine", EdgeConfig
        closes_itself = closes

        def decide(self, ctx: StrategyContext, runner: Runner) -> Any:
            assert runner == A
            return decide(ctx)

    ctx = StrategyContext(
        Hotloop(),
        replace(market(), ladder=ladder),
        standing,
        lambda _: FLAT,
        lambda *_: FLAT,
        lambda *_: None,
    )
    ctx.now_ms = 77
    return WatchedEdge(Mine, CONFIG, __file__), ctx


@pytest.mark.parametrize(
    "wishes",
    [
        (),
        [],
        [GOOD],
        (GOOD, Cancel(ORDER, "why"), Cancel(MOVING, "why")),
        [Replace(ORDER, 310, 1, 1000, p_fill=0.5), Cancel(COMING, "why")],
        [Replace(replace(ORDER, pending="PLACE"), 310, 1, 1000)],  # as it was when it was sent
        [Place(Side.LAY, 300, -0.5, 1, max_size_centi=200)],
        [Place(Side.LAY, 101, 0.1, 1), Place(Side.BACK, 100_000, 0.1, 1)],
    ],
)
def test_what_can_be_judged_goes_through_as_it_is(wishes: Any) -> None:
    edge, ctx = watched(lambda _: wishes)
    assert edge.name == "mine"
    assert edge.decide(ctx, A) is wishes or not wishes


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (None, "decide gave None, not a list of Place, Replace and Cancel"),
        (GOOD, "decide gave Place(side="),
        ([GOOD, 3], "decide gave 3: it is no Place, Replace or Cancel"),
        ([Place(Side.BACK, 3.0, 0.01, 1000)], "price_centi is a whole number from 101 to 100000, "),  # type: ignore[arg-type]
        ([Place(Side.BACK, 100, 0.01, 1000)], "price_centi is a whole number from 101"),
        ([Place(Side.BACK, 100_001, 0.01, 1000)], "price_centi is a whole number from 101"),
        ([Place(Side.BACK, True, 0.01, 1000)], "price_centi is a whole number from 101"),
        ([Replace(ORDER, 100, 0.01, 1000)], "price_centi is a whole number from 101"),
        ([Place(Side.BACK, 300, 0.01, 0)], "ttl_ms is a whole number above 0"),
        ([Place(Side.BACK, 300, float("nan"), 1)], "gross_edge is a number, a share of 1"),
        ([Place(Side.BACK, 300, "x", 1)], "gross_edge is a number, a share of 1"),  # type: ignore[arg-type]
        ([Place(Side.BACK, 300, 0.1, 1, p_fill=float("inf"))], "p_fill is a number, a share of 1"),
        ([Place(Side.BACK, 300, 0.1, 1, max_size_centi=2.0)], "max_size_centi is a whole number"),  # type: ignore[arg-type]
        ([Place(Side.BACK, 300, 0.1, 1, size_centi=2.0)], "size_centi is a whole number"),  # type: ignore[arg-type]
        ([Place(Side.BACK, 300, 0.1, 1, closes=True)], "closes_itself = True"),
        ([Replace(ORDER, 300, 0.1, 1, closes=True)], "closes_itself = True"),
        ([Cancel(None, "why")], "order is one of ctx.orders(self.name, runner)"),  # type: ignore[arg-type]
        ([Replace(None, 300, 0.1, 1)], "order is one of ctx.orders(self.name, runner)"),  # type: ignore[arg-type]
        ([Cancel(ORDER, None)], "reason is a text"),  # type: ignore[arg-type]
        *(
            ([wish], "its order is none of ctx.orders(self.name, runner)")
            for other in (ENDED, ON_B, FOREIGN)
            for wish in (Cancel(other, "why"), Replace(other, 310, 0.1, 1))
        ),
        ([Replace(ORDER, 310, 0.1, 1), Cancel(ORDER, "why")], "its order is in a wish before it"),
        ([Place("BACK", 300, 0.1, 1)], "side is Side.BACK or Side.LAY"),  # type: ignore[arg-type]
    ],
)
def test_what_cannot_be_is_refused_with_what_it_should_be(given: Any, said: str) -> None:
    edge, ctx = watched(lambda _: given)
    with pytest.raises(EdgeFailedError) as caught:
        edge.decide(ctx, A)
    told = str(caught.value)
    assert told.startswith(f"{__file__}: edge mine failed at 77 ms, market {A.market_id}, runner 1")
    assert said in told
    assert "\n" not in told


def test_an_edge_that_says_that_it_closes_itself_may_close_and_tells_the_size() -> None:
    close = Place(Side.BACK, 300, 0.1, 1, size_centi=200, closes=True)
    edge, ctx = watched(lambda _: [close], closes=True)
    assert edge.decide(ctx, A) == [close]
    edge, ctx = watched(lambda _: [replace(close, size_centi=None)], closes=True)
    with pytest.raises(EdgeFailedError, match="an order that closes tells its size"):
        edge.decide(ctx, A)


def test_the_prices_of_a_line_market_are_no_odds() -> None:
    line = [Place(Side.BACK, 50, 0.1, 1)]
    edge, ctx = watched(lambda _: line, ladder="LINE_RANGE")
    assert edge.decide(ctx, A) is line


@pytest.mark.parametrize("order", [MOVING, COMING])
def test_a_move_of_what_is_under_way_is_passed_over_and_ends_nothing(order: OpenOrder) -> None:
    edge, ctx = watched(lambda _: [GOOD, Replace(order, 310, 0.1, 1)])
    assert edge.decide(ctx, A) == [GOOD]


def test_an_exception_is_told_with_the_edges_own_line() -> None:
    edge, ctx = watched(lambda ctx: ctx.book.ladder_top("1.1", 1, "NEITHER"))
    with pytest.raises(EdgeFailedError, match=r"watched_edge_test\.py:\d+: edge mine failed at 77"):
        edge.decide(ctx, A)


def test_an_edge_that_cannot_be_made_fails_at_once() -> None:
    class Broken(Edge[EdgeConfig]):
        name, config_class = "broken", EdgeConfig

        def __init__(self, config: EdgeConfig) -> None:
            super().__init__(config)
            raise KeyError("nothing")

        def decide(self, ctx: StrategyContext, runner: Runner) -> tuple[()]:
            raise NotImplementedError

    with pytest.raises(EdgeFailedError, match="edge broken failed as it is made: KeyError"):
        WatchedEdge(Broken, CONFIG, __file__)


LEG = (A, Place(Side.BACK, 300, 0.01, 1000, size_centi=200))


def watched_market(given: Any) -> tuple[WatchedMarketEdge, StrategyContext]:
    """An edge of this file that wants this of a market, and a context to ask it with."""

    class Mine(MarketEdge[EdgeConfig]):
        name, config_class = "mine", EdgeConfig

        def decide_market(self, ctx: StrategyContext) -> Any:
            return given if given != "fails" else ctx.book.ladder_top("1.1", 1, "NEITHER")

        def forget(self, market_id: str) -> None:
            raise KeyError(market_id)

    _, ctx = watched(lambda _: ())
    edge = watched_edge.watched(Mine, CONFIG, __file__)
    assert isinstance(edge, WatchedMarketEdge)
    return edge, ctx


@pytest.mark.parametrize(
    "given", [(), [LEG], [Basket((LEG,)), (A, GOOD)], [(A, Cancel(ORDER, "x")), (B, GOOD)]]
)
def test_what_can_be_judged_of_a_market_goes_through_as_it_is(given: Any) -> None:
    edge, ctx = watched_market(given)
    assert edge.decide_market(ctx) is given
    assert edge.decide(ctx, A) == ()


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (None, "decide_market gave None, not a list of (runner, wish) and Basket"),
        ([GOOD], "it is no (runner, wish)"),
        ([(A, 3)], "it is no Place, Replace or Cancel"),
        ([(A._replace(market_id="1.9"), GOOD)], "its runner is none of this market's"),
        ([Basket(((A._replace(selection_id=9), LEG[1]),))], "its runner is none of this market's"),
        ([(B, Cancel(ORDER, "x"))], "its order is none of ctx.orders(self.name, runner)"),
        ([Basket(((A, Place(Side.BACK, 0, 0.1, 1, size_centi=1)),))], "price_centi is a whole"),
        ("fails", "HotloopError"),
    ],
)
def test_what_cannot_be_of_a_market_is_refused(given: Any, said: str) -> None:
    edge, ctx = watched_market(given)
    with pytest.raises(EdgeFailedError) as caught:
        edge.decide_market(ctx)
    told = str(caught.value)
    assert f"edge mine failed at 77 ms, market {A.market_id}" in told
    assert said in told


def test_what_fails_as_a_market_ends_is_told() -> None:
    edge, _ = watched_market(())
    with pytest.raises(EdgeFailedError, match=r"edge mine failed as market 1\.1 ends: KeyError"):
        edge.forget("1.1")
