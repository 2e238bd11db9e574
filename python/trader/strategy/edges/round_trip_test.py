"""In on a signal, out by ticks, loss, time or the off; only with what the edge itself holds."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

import pytest

from trader.execution.interfaces.executor import OpenOrder
from trader.execution.interfaces.intents import Side
from trader.strategy.edges.base import Cancel, Place, Replace
from trader.strategy.edges.testing import Stage
from trader.strategy.testing import A, order

TAKES = ("entry=take", "max_spread_ticks=4")
BOOK = [{"id": 1, "atb": [[3.15, 50]], "atl": [[3.2, 10], [3.25, 10], [3.3, 10], [3.35, 80]]}]
SWEPT = [
    {
        "id": 1,
        "atb": [[3.3, 60]],
        "atl": [[3.2, 0], [3.25, 0], [3.3, 0]],
        "trd": [[3.2, 40], [3.25, 40], [3.3, 40]],
    }
]


def swept(*overrides: str) -> Stage:
    """After a sweep upwards: 3.30 to back, 3.35 to lay."""
    stage = Stage("sweep_follow", *TAKES, *overrides)
    stage.tell([BOOK[0] | {"trd": [[3.2, 20], [3.25, 20], [3.3, 20]]}])
    assert stage.decide() == []
    stage.tell(SWEPT)
    return stage


def holding(*overrides: str) -> Stage:
    """10.00 laid at 3.35 after that."""
    stage = swept(*overrides)
    assert stage.place().side is Side.LAY
    stage.fill(Side.LAY, 335, 1000)
    return stage


def rests(stage: Stage, side: Side, price_centi: int, size_centi: int) -> OpenOrder:
    resting = order(A, side, price_centi, size_centi)
    resting.placed_ts_ms = stage.now_ms
    stage.orders[A] = [resting]
    return resting


def to(back: float, lay: float) -> list[dict[str, Any]]:
    """The best prices, wherever they were."""
    return [{"id": 1, "img": True, "atb": [[back, 60]], "atl": [[lay, 80]]}]


def moved_to(stage: Stage, back: float, lay: float, after_ms: int = 1_000) -> None:
    stage.now_ms += after_ms
    change = {"id": "1.1", "img": True, "rc": to(back, lay)}
    stage.book.apply_delta({"op": "mcm", "pt": stage.now_ms, "mc": [change]}, 0)


def test_it_takes_or_joins_in_the_direction_of_the_move() -> None:
    place = swept().place()
    assert (place.side, place.price_centi) == (Side.LAY, 335)
    # What is expected is 1.5 ticks (0.075) above the microprice.
    micro = (3.3 * 80 + 3.35 * 60) / 140
    assert place.gross_edge == pytest.approx(1 - 3.35 / (micro + 0.075))
    assert place.max_size_centi == 1000
    joined = swept("entry=join").place()
    assert (joined.side, joined.price_centi) == (Side.LAY, 330)
    assert joined.gross_edge > place.gross_edge


@pytest.mark.parametrize("override", ["max_spread_ticks=0", "max_price=3.2", "min_price=3.4"])
def test_it_stays_out_of_books_that_are_too_wide_or_elsewhere(override: str) -> None:
    if override == "max_spread_ticks=0":
        stage = swept()
        moved_to(stage, 3.1, 3.4)
        assert stage.decide() == []
        return
    assert swept(override).decide() == []


def test_it_stays_out_shortly_before_the_off_and_in_play() -> None:
    stage = swept()
    late_ms = stage.now_ms + 20_000 + 30_000
    stage.view = dataclasses.replace(stage.view, off_ms=late_ms)
    assert stage.decide() == [], "it could not be held as long as it may be"
    stage.view = dataclasses.replace(stage.view, off_ms=late_ms + 1)
    assert stage.place().size_centi is None
    stage.view = dataclasses.replace(stage.view, in_play=True)
    assert stage.decide() == []
    stage = swept("trade_in_play=true")
    stage.view = dataclasses.replace(stage.view, in_play=True)
    assert stage.place().size_centi is None


def test_an_entry_follows_the_price_and_goes_with_the_signal() -> None:
    stage = swept("entry=join", "follow_ms=5000")
    entry = rests(stage, Side.LAY, 325, 1000)
    assert stage.decide() == [], "it is too young to be moved"
    entry.placed_ts_ms -= 1_000
    (move,) = stage.decide()
    assert isinstance(move, Replace)
    assert (move.price_centi, move.closes) == (330, False)
    entry.pending = "REPLACE"
    assert stage.decide() == []
    entry.pending = None
    stage.tell([], after_ms=6_001)
    assert stage.decide() == [Cancel(entry, "no_signal")]
    wrong = rests(stage, Side.BACK, 335, 1000)
    again = swept("entry=join")
    again.orders[A] = [wrong]
    assert again.decide() == [Cancel(wrong, "turned")]


def test_what_it_holds_is_levelled_some_ticks_better() -> None:
    stage = holding()
    close = stage.place()
    assert (close.side, close.price_centi) == (Side.BACK, 345)
    assert (close.size_centi, close.closes, close.reduces) == (971, True, True)
    assert round(1000 * 335 / 345) == 971


def test_the_rest_of_an_entry_is_taken_away_when_something_is_held() -> None:
    stage = swept("entry=join")
    stage.decide()
    entry = rests(stage, Side.LAY, 330, 400)
    stage.fill(Side.LAY, 330, 600)
    cancel, close = stage.decide()
    assert cancel == Cancel(entry, "in")
    assert isinstance(close, Place)
    assert (close.price_centi, close.size_centi) == (340, round(600 * 330 / 340))


@pytest.mark.parametrize(("back", "lay", "crosses"), [(3.3, 3.35, False), (3.25, 3.3, True)])
def test_it_crosses_when_the_loss_is_so_many_ticks(back: float, lay: float, crosses: bool) -> None:
    stage = holding("stop_ticks=2")
    moved_to(stage, back, lay)
    close = stage.place()
    assert close.price_centi == (round(back * 100) if crosses else 345)


def test_it_crosses_when_it_was_held_so_long() -> None:
    stage = holding("max_hold_ms=5000")
    assert stage.place().price_centi == 345
    stage.tell([], after_ms=4_999)
    assert stage.place().price_centi == 345
    stage.tell([], after_ms=1)
    assert stage.place().price_centi == 330


def test_it_is_out_before_the_off_and_when_the_market_turns_in_play() -> None:
    stage = holding()
    stage.view = dataclasses.replace(stage.view, off_ms=stage.now_ms + 20_001)
    assert stage.place().price_centi == 345
    stage.view = dataclasses.replace(stage.view, off_ms=stage.now_ms + 20_000)
    assert stage.place().price_centi == 330
    stage.view = dataclasses.replace(stage.view, off_ms=None, in_play=True)
    assert stage.place().price_centi == 330


def test_a_closing_order_stays_at_its_price_and_is_moved_at_once_to_cross() -> None:
    stage = holding("stop_ticks=2")
    stage.decide()
    close = rests(stage, Side.BACK, 345, 971)
    assert stage.decide() == []
    moved_to(stage, 3.2, 3.25)
    (move,) = stage.decide()
    assert isinstance(move, Replace)
    assert (move.order, move.price_centi, move.closes) == (close, 320, True)


@pytest.mark.parametrize(("lay", "anew"), [(13.0, True), (13.5, True), (21.0, True), (11.5, False)])
def test_a_closing_order_is_not_moved_to_where_it_would_level_too_much(
    lay: float, anew: bool
) -> None:
    stage = Stage("scalp", "max_hold_ms=5000")
    stage.fill(Side.BACK, 1200, 1000)
    moved_to(stage, 11.5, 12)
    close = stage.place()
    assert (close.side, close.price_centi, close.size_centi) == (Side.LAY, 1100, 1091)
    closing = rests(stage, Side.LAY, 1100, 1091)
    moved_to(stage, lay - 0.5, lay, after_ms=5_000)
    (wish,) = stage.decide()
    if not anew:
        assert isinstance(wish, Replace), "half a point of 10.91 is less than can be ordered"
        return
    assert wish == Cancel(closing, "size")
    stage.orders[A] = []
    again = stage.place()
    assert again.size_centi == round(12_000 / lay), "levels what is held at its price"


def test_a_closing_order_of_another_size_than_is_held_is_ordered_anew() -> None:
    stage = holding()
    stage.decide()
    close = rests(stage, Side.BACK, 345, 500)
    assert stage.decide() == [Cancel(close, "size")]
    close.pending = "CANCEL"
    assert stage.decide() == []
    for size_centi, stays in ((872, True), (871, False), (971, True), (973, False)):
        close = rests(stage, Side.BACK, 345, size_centi)
        assert stage.decide() == ([] if stays else [Cancel(close, "size")]), size_centi


def test_after_a_trip_it_rests_and_a_rest_too_small_to_close_is_left() -> None:
    stage = holding("rest_ms=10000")
    stage.decide()
    stage.fill(Side.BACK, 345, 900)
    assert stage.decide() == [], "0.71 is held: less than can be closed"
    moved_to(stage, 3.15, 3.2)
    stage.tell(BOOK)
    stage.tell(SWEPT, after_ms=7_000)
    assert stage.decide() == [], "nine seconds of ten"
    stage.tell([], after_ms=1_000)
    assert stage.place().side is Side.LAY


def test_the_next_trip_knows_its_own_price_and_time() -> None:
    stage = holding("rest_ms=0")
    stage.decide()
    stage.fill(Side.BACK, 345, 971)
    assert not any(isinstance(wish, Place) and wish.closes for wish in stage.decide())
    stage.now_ms += 60_000
    stage.fill(Side.LAY, 330, 1000)
    close = stage.place()
    assert close.price_centi == 340, "two ticks above the second entry, and not held too long"


CANNOT_TRADE: list[dict[str, Any]] = [
    {"stale": True},
    {"status": "SUSPENDED"},
    {"runners": {A: "REMOVED"}},
]


@pytest.mark.parametrize("change", CANNOT_TRADE)
@pytest.mark.parametrize("side", list(Side))
def test_entries_go_when_a_market_cannot_be_traded(change: dict[str, Any], side: Side) -> None:
    stage = swept()
    stage.view = dataclasses.replace(stage.view, **change)
    entry = rests(stage, side, 330, 1000)
    assert stage.decide() == [Cancel(entry, "market")]


@pytest.mark.parametrize("change", CANNOT_TRADE)
@pytest.mark.parametrize(("entry", "closing"), [(Side.BACK, Side.LAY), (Side.LAY, Side.BACK)])
def test_closing_orders_stay_when_a_market_cannot_be_traded(
    change: dict[str, Any], entry: Side, closing: Side
) -> None:
    stage = swept()
    stage.view = dataclasses.replace(stage.view, **change)
    stage.fill(entry, 330, 1000)
    rest = rests(stage, entry, 330, 1000)
    closes = order(A, closing, 330, 1000)
    stage.orders[A].append(closes)
    assert stage.decide() == [Cancel(rest, "market")]


@pytest.mark.parametrize("side", list(Side))
def test_entries_go_while_there_is_no_price_on_one_side(side: Side) -> None:
    stage = swept()
    stage.tell([{"id": 1, "atl": [[3.35, 0]]}])
    entry = rests(stage, side, 330, 1000)
    assert stage.decide() == [Cancel(entry, "no_quote")]
    stage.fill(side.BACK if side is Side.LAY else Side.LAY, 330, 1000)
    assert stage.decide() == [], "now it closes what is held"


@pytest.mark.parametrize("made", [swept, holding])
def test_what_is_kept_of_a_market_goes_with_it(made: Callable[[], Stage]) -> None:
    stage = made()
    stage.decide()
    assert any(kept_by(stage)), "the sweep, or the trip that came of it"
    stage.edge.forget("1.1")
    assert not any(kept_by(stage))


def kept_by(stage: Stage) -> list[dict[Any, Any]]:
    return [value for value in vars(stage.edge).values() if isinstance(value, dict)]


def test_after_a_restart_it_closes_what_it_holds_at_the_average_price() -> None:
    stage = Stage("sweep_follow")
    stage.fill(Side.BACK, 330, 500)
    stage.fill(Side.BACK, 340, 500)
    stage.tell(to(3.3, 3.35))
    close = stage.place()
    assert (close.side, close.price_centi) == (Side.LAY, 325)
    assert close.size_centi == round(1000 * 335 / 325)


def test_after_a_restart_with_an_earlier_trip_it_counts_from_what_the_market_offers() -> None:
    stage = Stage("sweep_follow")
    stage.fill(Side.BACK, 300, 1000)
    stage.fill(Side.LAY, 296, 1014)
    stage.fill(Side.BACK, 300, 1000)
    stage.tell(to(3.2, 3.25))
    close = stage.place()
    assert (close.side, close.price_centi) == (Side.LAY, 315), "two ticks below 3.25"


def test_without_both_prices_nothing_is_done() -> None:
    stage = holding()
    stage.tell([{"id": 1, "atl": [[3.35, 0]]}])
    assert stage.decide() == []
