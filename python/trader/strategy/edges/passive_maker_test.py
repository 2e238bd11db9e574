"""passive_maker: joins both best prices where that pays, follows them, and knows when to leave."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import pytest

from trader.config.loading import load
from trader.execution.interfaces.executor import OpenOrder
from trader.execution.interfaces.intents import Side
from trader.execution.ledger import Position
from trader.strategy.context import MarketView, StrategyContext
from trader.strategy.edges.base import Cancel, Place, Proposal, Replace
from trader.strategy.edges.passive_maker import PassiveMaker, PassiveMakerConfig
from trader.strategy.edges.testing import Stage
from trader.strategy.hotloop.reference import Hotloop
from trader.strategy.testing import A, market, order

OPEN = dataclasses.replace(market(), status="OPEN", in_play=False)


def book(back: tuple[float, float] | None, lay: tuple[float, float] | None) -> Hotloop:
    entry = {"id": 1, "atb": [list(back)] if back else [], "atl": [list(lay)] if lay else []}
    hotloop = Hotloop()
    hotloop.apply_delta({"op": "mcm", "pt": 1, "mc": [{"id": "1.1", "rc": [entry]}]}, 0)
    return hotloop


def decide(
    hotloop: Hotloop,
    *overrides: str,
    view: MarketView = OPEN,
    orders: Sequence[OpenOrder] = (),
    position: Position | None = None,
    now_ms: int = 100_000,
) -> Sequence[Proposal]:
    everywhere = ("min_p_fill=0", "min_value=0")  # these books have seen no trade
    config = load(None, [f"edges.passive_maker.{key}" for key in (*everywhere, *overrides)])
    edge_config = config.edges["passive_maker"]
    assert isinstance(edge_config, PassiveMakerConfig)
    held = position if position is not None else Position()
    ctx = StrategyContext(
        hotloop,
        view,
        lambda _edge, _runner: orders,
        lambda _runner: held,
        lambda _edge, _runner: held,
        lambda _runner, _order: None,
    )
    ctx.now_ms = now_ms
    return PassiveMaker(edge_config).decide(ctx, A)


def held(side: Side, stake_centi: int) -> Position:
    position = Position()
    position.change(side, stake_centi, stake_centi * 300)
    return position


WIDE = book((3.0, 50.0), (3.2, 50.0))
NARROW = book((3.0, 50.0), (3.05, 50.0))


def test_it_joins_both_best_prices_of_a_wide_spread() -> None:
    back, lay = decide(WIDE)
    assert isinstance(back, Place)
    assert isinstance(lay, Place)
    assert (back.side, back.price_centi) == (Side.BACK, 320)
    assert (lay.side, lay.price_centi) == (Side.LAY, 300)
    assert back.gross_edge == pytest.approx(3.2 / 3.1 - 1)
    assert lay.gross_edge == pytest.approx(1 - 3.0 / 3.1)


def test_a_narrow_spread_is_not_joined() -> None:
    assert not decide(NARROW)
    assert len(decide(NARROW, "min_spread_ticks=1")) == 2


def test_the_microprice_leans_towards_the_thin_side() -> None:
    back, lay = decide(book((3.0, 90.0), (3.2, 10.0)))
    assert isinstance(back, Place)
    assert isinstance(lay, Place)
    assert lay.gross_edge > back.gross_edge, "much to back at 3.0: the price is likely to rise"


@pytest.mark.parametrize(
    "hotloop",
    [
        book(None, None),
        book((3.0, 5.0), None),
        book(None, (3.0, 5.0)),
        book((1.1, 5.0), (1.15, 5.0)),  # below min_price
        book((30.0, 5.0), (34.0, 5.0)),  # above max_price
        book((3.2, 5.0), (3.0, 5.0)),  # crossed
    ],
)
def test_without_two_good_prices_it_does_nothing(hotloop: Hotloop) -> None:
    assert not decide(hotloop)


def test_an_order_at_its_price_stays_also_when_the_spread_closes() -> None:
    orders = [order(A, Side.BACK, 320, 500), order(A, Side.LAY, 300, 500)]
    assert not decide(WIDE, orders=orders)
    orders = [order(A, Side.BACK, 305, 500), order(A, Side.LAY, 300, 500)]
    assert not decide(NARROW, orders=orders)


def test_an_order_follows_the_best_price_once_it_is_old_enough() -> None:
    late = order(A, Side.BACK, 330, 500)
    lay = order(A, Side.LAY, 300, 500)
    late.placed_ts_ms = 100_000 - 1500
    (move,) = decide(WIDE, orders=[late, lay])
    assert isinstance(move, Replace)
    assert (move.order, move.price_centi, move.ttl_ms) == (late, 320, 60_000)
    late.placed_ts_ms += 1
    assert not decide(WIDE, orders=[late, lay])


def test_an_order_off_the_best_price_of_a_narrow_spread_is_taken_away() -> None:
    old = order(A, Side.BACK, 330, 500)
    assert decide(NARROW, orders=[old, order(A, Side.LAY, 300, 500)]) == [Cancel(old, "spread")]


def test_an_order_that_is_being_changed_is_left_alone() -> None:
    busy = order(A, Side.BACK, 330, 500)
    busy.pending = "REPLACE"
    assert not decide(WIDE, orders=[busy, order(A, Side.LAY, 300, 500)])


def test_inventory_is_bounded_and_skews_the_edges() -> None:
    flat = {p.side: p.gross_edge for p in decide(WIDE) if isinstance(p, Place)}
    some = decide(WIDE, position=held(Side.BACK, 2000))
    by_side = {p.side: p for p in some if isinstance(p, Place)}
    assert by_side[Side.BACK].gross_edge < flat[Side.BACK]
    assert by_side[Side.LAY].gross_edge > flat[Side.LAY]
    assert (by_side[Side.BACK].reduces, by_side[Side.LAY].reduces) == (False, True)
    (only,) = decide(WIDE, position=held(Side.BACK, 5000))
    assert isinstance(only, Place)
    assert only.side is Side.LAY
    (only,) = decide(WIDE, position=held(Side.LAY, 5000))
    assert isinstance(only, Place)
    assert only.side is Side.BACK


def test_an_order_that_would_add_to_a_full_inventory_is_taken_away() -> None:
    back = order(A, Side.BACK, 320, 500)
    full = held(Side.BACK, 5000)
    orders = [back, order(A, Side.LAY, 300, 500)]
    assert decide(WIDE, orders=orders, position=full) == [Cancel(back, "no_edge")]


@pytest.mark.parametrize(
    ("changes", "reason", "override"),
    [
        ({"status": "SUSPENDED"}, "suspended", "cancel_when_suspended=false"),
        ({"stale": True}, "stale", "cancel_when_stale=false"),
    ],
)
def test_it_leaves_a_suspended_or_stale_market_unless_told_to_stay(
    changes: dict[str, object], reason: str, override: str
) -> None:
    view = dataclasses.replace(OPEN, **changes)  # type: ignore[arg-type]
    resting = order(A, Side.BACK, 320, 500)
    assert decide(WIDE, view=view, orders=[resting]) == [Cancel(resting, reason)]
    assert not decide(WIDE, view=view)
    assert not decide(WIDE, override, view=view, orders=[resting])


def test_it_leaves_at_the_off_unless_it_quotes_in_play() -> None:
    view = dataclasses.replace(OPEN, in_play=True)
    resting = order(A, Side.BACK, 320, 500)
    assert decide(WIDE, view=view, orders=[resting]) == [Cancel(resting, "in_play")]
    assert len(decide(WIDE, "quote_in_play=true", view=view)) == 2


def test_it_leaves_a_runner_that_is_removed() -> None:
    view = dataclasses.replace(OPEN, runners={A: "REMOVED"})
    resting = order(A, Side.BACK, 320, 500)
    assert decide(WIDE, view=view, orders=[resting]) == [Cancel(resting, "runner_not_active")]


def test_no_order_is_larger_than_what_is_left_to_the_bound() -> None:
    back, lay = decide(WIDE, "max_inventory=10", position=held(Side.BACK, 900))
    assert isinstance(back, Place)
    assert isinstance(lay, Place)
    # 9.00 backed at 3.0 would be levelled by a lay of 27 / 3.1 = 8.71 at the present price.
    assert (back.max_size_centi, lay.max_size_centi) == (
        int(100 * (10 - 27 / 3.1) * 3.1 / 3.2),
        int(100 * (10 + 27 / 3.1) * 3.1 / 3.0),
    )


@pytest.mark.parametrize("skew_edge", [0.0, 0.004])
@pytest.mark.parametrize("held", list(Side))
def test_what_takes_inventory_back_is_said_whatever_the_skew(held: Side, skew_edge: float) -> None:
    stage = Stage("passive_maker", f"skew_edge={skew_edge}", "min_p_fill=0", "min_value=0")
    stage.tell([{"id": 1, "atb": [[3.0, 50]], "atl": [[3.2, 50]]}])
    assert [reduces(wish) for wish in stage.decide()] == [False, False]
    stage.fill(held, 300, 1000)
    stage.tell([], after_ms=10_000)
    wishes = {wish.side: reduces(wish) for wish in stage.decide() if isinstance(wish, Place)}
    assert wishes == {side: side is not held for side in Side}


def reduces(wish: Proposal) -> bool:
    assert isinstance(wish, Place)
    return wish.reduces
