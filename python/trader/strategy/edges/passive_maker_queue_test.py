"""passive_maker weighs the chance of a fill: where to join, and whether to keep a place."""

from __future__ import annotations

import dataclasses

import pytest

from trader.execution.interfaces.executor import OpenOrder
from trader.execution.interfaces.intents import Side
from trader.strategy.edges.base import Cancel, Place, Proposal, Replace
from trader.strategy.edges.testing import Stage
from trader.strategy.testing import A, order

MICRO = (3.1 * 1000 + 3.2 * 50) / 1050


def staged(*overrides: str, back: float = 0.01, inside: float = 0.9, lay: float = 0.5) -> Stage:
    """3.10 to 3.20 with much to lay at 3.20, which leans the price down. The chances: of a back at
    3.20, of one a tick inside the spread, and of a lay at 3.10."""
    stage = Stage("passive_maker", *overrides)
    stage.tell([{"id": 1, "atb": [[3.1, 50]], "atl": [[3.2, 1000]]}])
    stage.tell([], after_ms=10_000)
    stage.book.chances = {("BACK", 3.2): back, ("BACK", 3.15): inside, ("LAY", 3.1): lay}
    return stage


def rests(stage: Stage, side: Side, price_centi: int, ahead: float | None = None) -> OpenOrder:
    resting = order(A, side, price_centi, 500)
    resting.intent_id = f"at {price_centi}"
    resting.placed_ts_ms = stage.now_ms - 1_500
    if ahead is not None:
        stage.ahead[resting.intent_id] = ahead
    stage.orders.setdefault(A, []).append(resting)
    return resting


def of(stage: Stage, side: Side) -> list[Proposal]:
    """What is wanted on one side."""

    def side_of(wish: Proposal) -> Side:
        return wish.side if isinstance(wish, Place) else wish.order.side

    return [wish for wish in stage.decide() if side_of(wish) is side]


def moves(stage: Stage) -> list[int]:
    """Where its backs are to be moved to."""
    return [wish.price_centi for wish in of(stage, Side.BACK) if isinstance(wish, Replace)]


def test_it_joins_where_a_fill_is_likely_enough_and_says_how_likely() -> None:
    place = staged().place()
    assert (place.side, place.price_centi) == (Side.LAY, 310)
    assert place.p_fill == pytest.approx(0.5)
    assert len(staged(back=0.021).decide()) == 2
    assert len(staged("min_p_fill=0.01").decide()) == 2
    assert staged("min_p_fill=0.51").decide() == []


def test_what_it_expects_after_commission_must_be_enough() -> None:
    worth = 0.5 * (1 - 3.1 / MICRO) * 0.95
    assert staged(f"min_value={worth * 0.999}").place().side is Side.LAY
    stage = staged(f"min_value={worth * 1.001}")
    assert stage.decide() == []
    stage = staged(f"min_value={worth * 1.001}")
    stage.view = dataclasses.replace(stage.view, mbr=2.0)
    assert stage.place().side is Side.LAY


def test_a_place_that_does_not_pay_is_looked_at_again_after_a_while() -> None:
    stage = staged(lay=0.0)
    assert stage.decide() == []
    stage.book.chances["LAY", 3.1] = 0.5
    stage.now_ms += 1_499
    assert stage.decide() == []
    stage.now_ms += 1
    assert stage.place().side is Side.LAY


def test_an_order_that_takes_inventory_back_needs_no_chance() -> None:
    stage = staged("min_p_fill=1", "min_value=1")
    stage.fill(Side.LAY, 310, 1000)
    place = stage.place()
    assert (place.side, place.reduces) == (Side.BACK, True)


def test_behind_a_long_queue_it_moves_a_tick_inside_the_spread() -> None:
    stage = staged()
    waiting = rests(stage, Side.BACK, 320, ahead=1000.0)
    (move,) = of(stage, Side.BACK)
    assert isinstance(move, Replace)
    assert (move.order, move.price_centi) == (waiting, 315)
    assert move.p_fill == pytest.approx(0.9)
    assert move.gross_edge == pytest.approx(3.15 / MICRO - 1)
    for nowhere in (staged(inside=0.0), staged("queue_margin=1000")):
        rests(nowhere, Side.BACK, 320, ahead=1000.0)
        assert of(nowhere, Side.BACK) == []


def test_a_place_at_the_front_of_the_queue_is_kept() -> None:
    stage = staged()
    rests(stage, Side.BACK, 320, ahead=0.0)
    # With 5.00 of 1005.00 to go a hundredth of the time is enough (no less is counted).
    assert 1 - (1 - 0.01) ** 100 > 0.6
    assert of(stage, Side.BACK) == []
    unknown = staged()
    rests(unknown, Side.BACK, 320)
    assert moves(unknown) == [315], "it counts as the last of the queue"


def test_a_place_is_thought_over_now_and_then() -> None:
    stage = staged()
    waiting = rests(stage, Side.BACK, 320, ahead=0.0)
    assert moves(stage) == []
    stage.ahead[waiting.intent_id] = 1000.0
    stage.now_ms += 1_499
    assert moves(stage) == []
    stage.now_ms += 1
    assert moves(stage) == [315]


def test_a_lay_moves_up_a_tick_likewise() -> None:
    stage = Stage("passive_maker")
    stage.tell([{"id": 1, "atb": [[3.1, 1000]], "atl": [[3.2, 50]]}])
    stage.book.chances = {("LAY", 3.15): 0.9, ("LAY", 3.1): 0.01}
    rests(stage, Side.LAY, 310, ahead=1000.0)
    (move,) = of(stage, Side.LAY)
    assert isinstance(move, Replace)
    assert move.price_centi == 315


def test_a_spread_of_one_tick_has_no_inside() -> None:
    stage = Stage("passive_maker", "min_spread_ticks=1")
    stage.tell([{"id": 1, "atb": [[3.15, 50]], "atl": [[3.2, 1000]]}])
    stage.book.chances = {("BACK", 3.15): 0.9}
    rests(stage, Side.BACK, 320, ahead=1000.0)
    assert of(stage, Side.BACK) == []


def test_alone_inside_the_spread_it_stays_while_it_is_worth_more_there() -> None:
    stage = staged()
    rests(stage, Side.BACK, 315, ahead=0.0)
    assert of(stage, Side.BACK) == []
    back_again = staged(back=0.9, inside=0.1)
    rests(back_again, Side.BACK, 315, ahead=0.0)
    assert moves(back_again) == [320]
    nowhere = staged(inside=0.0)
    fallen = rests(nowhere, Side.BACK, 315, ahead=0.0)
    assert of(nowhere, Side.BACK) == [Cancel(fallen, "p_fill")]


def test_it_follows_the_price_where_that_pays() -> None:
    stage = staged(back=0.5)
    behind = rests(stage, Side.BACK, 325)
    (move,) = of(stage, Side.BACK)
    assert isinstance(move, Replace)
    assert (move.order, move.price_centi) == (behind, 320)
    assert move.p_fill == pytest.approx(0.5)
    stage = staged()
    behind = rests(stage, Side.BACK, 325)
    assert of(stage, Side.BACK) == [Cancel(behind, "p_fill")]


def test_what_is_kept_of_a_market_goes_with_it() -> None:
    stage = staged()
    rests(stage, Side.BACK, 320, ahead=1000.0)
    stage.decide()
    stage.orders.clear()
    stage.decide()
    kept = [value for value in vars(stage.edge).values() if isinstance(value, dict)]
    assert len(kept) == 2
    assert all(kept)
    stage.edge.forget("1.1")
    assert not any(value for value in vars(stage.edge).values() if isinstance(value, dict))
