"""overround: all runners or none, in proportion, once for each offer, and evened out afterwards."""

from __future__ import annotations

import dataclasses

import pytest

from trader.execution.interfaces.intents import Side
from trader.strategy.context import Runner
from trader.strategy.edges.base import Basket, Cancel, MarketProposal, Place
from trader.strategy.edges.testing import Stage
from trader.strategy.testing import A, B, C, order

RUNNERS = (A, B, C)


def staged(*levels: tuple[float, float, float, float], overrides: tuple[str, ...] = ()) -> Stage:
    """(back price, size, lay price, size) of each of the three runners."""
    stage = Stage("overround", *overrides)
    tell(stage, *levels)
    return stage


def tell(stage: Stage, *levels: tuple[float, float, float, float]) -> None:
    stage.tell(
        [
            {"id": runner.selection_id, "img": True, "atb": [[back, more]], "atl": [[lay, most]]}
            for runner, (back, more, lay, most) in zip(RUNNERS, levels, strict=True)
        ]
    )


def legs(wishes: list[MarketProposal]) -> list[tuple[Runner, Side, int, int | None]]:
    (basket,) = wishes
    assert isinstance(basket, Basket)
    assert all(place.ttl_ms == 2_000 for _, place in basket.legs)
    return [(r, place.side, place.price_centi, place.size_centi) for r, place in basket.legs]


def closes(wishes: list[MarketProposal]) -> list[tuple[Runner, Side, int, int | None]]:
    told = []
    for wish in wishes:
        assert isinstance(wish, tuple)
        runner, place = wish
        assert isinstance(place, Place)
        assert place.closes
        told.append((runner, place.side, place.price_centi, place.size_centi))
    return told


CHEAP = ((2.2, 30.0, 2.22, 30.0), (4.4, 9.0, 4.5, 30.0), (4.6, 30.0, 4.7, 30.0))
DEAR = ((1.98, 30.0, 2.0, 30.0), (3.6, 30.0, 3.7, 30.0), (3.8, 30.0, 3.9, 30.0))


def test_backs_all_in_proportion_up_to_what_is_offered() -> None:
    wishes = staged(*CHEAP).decide_market()
    # 9.00 at 4.40 pays 39.60, and so must the others: 18.00 at 2.20, 8.608 at 4.60.
    assert legs(wishes) == [
        (A, Side.BACK, 220, 1800),
        (B, Side.BACK, 440, 900),
        (C, Side.BACK, 460, 860),
    ]
    (basket,) = wishes
    assert isinstance(basket, Basket)
    for _, place in basket.legs:
        assert place.gross_edge == pytest.approx((8.60 * 4.6 - 35.6) / 35.6)


def test_lays_all_when_the_other_side_is_over_the_hundred() -> None:
    wishes = staged(*DEAR, overrides=("max_stake=10",)).decide_market()
    # 10.00 at 2.00 would cost 20.00 in all, and so must the others.
    assert legs(wishes) == [
        (A, Side.LAY, 200, 1000),
        (B, Side.LAY, 370, 540),
        (C, Side.LAY, 390, 512),
    ]
    (basket,) = wishes
    assert isinstance(basket, Basket)
    assert basket.legs[0][1].gross_edge == pytest.approx((20.52 - 20.0) / 20.52)


def test_the_margin_after_commission_must_be_enough() -> None:
    margin = (8.60 * 4.6 - 35.6) / 35.6
    for override, asks in ((margin * 0.95 - 1e-6, True), (margin * 0.95 + 1e-6, False)):
        stage = staged(*CHEAP, overrides=(f"min_margin={override}",))
        assert bool(stage.decide_market()) is asks
    stage = staged(*CHEAP, overrides=(f"min_margin={margin * 0.95 + 1e-6}",))
    stage.view = dataclasses.replace(stage.view, mbr=2.0)
    assert stage.decide_market()


@pytest.mark.parametrize(
    "changes",
    [
        {"number_of_winners": 2},
        {"number_of_winners": None},
        {"market_type": "EACH_WAY"},
        {"in_play": True},
        {"ladder": "LINE_RANGE"},
        {"runners": {A: "ACTIVE", B: "REMOVED", C: "REMOVED"}},
    ],
)
def test_other_markets_are_left(changes: dict[str, object]) -> None:
    stage = staged(*CHEAP)
    stage.view = dataclasses.replace(stage.view, **changes)  # type: ignore[arg-type]
    assert stage.decide_market() == []


def test_a_removed_runner_does_not_count_and_just_after_its_removal_nothing_is_begun() -> None:
    stage = staged(*CHEAP)
    stage.view = dataclasses.replace(stage.view, runners={A: "ACTIVE", B: "ACTIVE", C: "REMOVED"})
    assert legs(stage.decide_market()) == [(A, Side.BACK, 220, 1800), (B, Side.BACK, 440, 900)]
    for status in ("ACTIVE", "REMOVED"):
        stage.now_ms += 1
        definition = {
            "status": "OPEN",
            "runners": [{"id": 3, "status": status, "adjustmentFactor": 20.0}],
        }
        change = {"id": "1.1", "marketDefinition": definition}
        stage.book.apply_delta({"op": "mcm", "pt": stage.now_ms, "mc": [change]}, 0)
    fresh = Stage("overround")
    fresh.book, fresh.view, fresh.now_ms = stage.book, stage.view, stage.now_ms
    assert fresh.book.rf_seen_recently("1.1")
    assert fresh.decide_market() == []


def test_a_book_of_a_hundred_and_one_with_a_runner_unpriced_are_left() -> None:
    fair = (3.0, 30.0, 3.05, 30.0)
    assert staged(fair, fair, fair).decide_market() == []
    stage = staged(*CHEAP)
    stage.tell([{"id": 3, "atb": [[4.6, 0]]}])
    assert stage.decide_market() == []


def test_an_offer_that_was_taken_is_not_asked_for_again_until_it_changes() -> None:
    stage = staged(*CHEAP)
    for runner, side, price, size in legs(stage.decide_market()):
        assert size is not None
        stage.fill(side, price, size, runner)
    stage.tell([{"id": 2, "atb": [[4.4, 7]]}])
    assert stage.decide_market() == [], "the other two are as they were"
    stage.tell([{"id": 1, "atb": [[2.2, 29]]}, {"id": 3, "atb": [[4.6, 29]]}])
    assert legs(stage.decide_market())


def test_the_same_offers_count_as_new_after_a_while() -> None:
    stage = staged(*CHEAP)
    for runner, side, price, size in legs(stage.decide_market()):
        assert size is not None
        stage.fill(side, price, size, runner)
    stage.tell([], after_ms=59_999)
    assert stage.decide_market() == []
    stage.tell([], after_ms=1)
    assert legs(stage.decide_market())


def test_a_basket_that_was_refused_is_asked_for_again_at_once() -> None:
    stage = staged(*CHEAP)
    assert stage.decide_market()
    stage.tell([], after_ms=1_000)
    assert stage.decide_market(), "nothing rests and nothing was matched"
    stage.tell([], after_ms=2_000)
    assert stage.decide_market() == [], "it may have been sent, and have expired"


def test_while_legs_stand_it_waits_and_in_a_market_that_stops_they_go() -> None:
    stage = staged(*CHEAP)
    leg = order(B, Side.BACK, 440, 900)
    stage.orders[B] = [leg]
    assert stage.decide_market() == []
    stage.view = dataclasses.replace(stage.view, status="SUSPENDED")
    assert stage.decide_market() == [(B, Cancel(leg, "market"))]
    leg.pending = "CANCEL"
    assert stage.decide_market() == []


def test_what_stands_over_is_closed_and_what_all_have_is_kept() -> None:
    stage = staged(*CHEAP)
    stage.fill(Side.BACK, 220, 1800, A)  # 39.60
    stage.fill(Side.BACK, 440, 450, B)  # 19.80
    stage.fill(Side.BACK, 460, 860, C)  # 39.56
    assert closes(stage.decide_market()) == [
        (A, Side.LAY, 222, round(19.80 / 2.22 * 100)),
        (C, Side.LAY, 470, round(19.76 / 4.70 * 100)),
    ]


def test_a_leg_alone_is_closed_whole_on_either_side() -> None:
    stage = staged(*CHEAP)
    stage.fill(Side.BACK, 440, 900, B)
    assert closes(stage.decide_market()) == [(B, Side.LAY, 450, 880)]
    stage = staged(*DEAR)
    stage.fill(Side.LAY, 370, 540, B)
    stage.fill(Side.LAY, 390, 512, C)
    assert closes(stage.decide_market()) == [
        (B, Side.BACK, 360, 555),
        (C, Side.BACK, 380, round(19.968 / 3.8 * 100)),
    ]


def test_a_basket_needs_the_size_of_every_leg() -> None:
    with pytest.raises(ValueError, match="size_centi"):
        Basket(((A, Place(Side.BACK, 220, 0.01, 1_000)),))
