"""Every place has one owner; who takes it, who keeps it, and what is said of it."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trader.execution.interfaces.executor import OpenOrder
from trader.execution.interfaces.intents import Side
from trader.strategy.arbiter import HEDGE_PRIORITY, Arbiter, ArbiterConfig, Cannibalisation
from trader.strategy.context import Runner
from trader.strategy.edges.base import Cancel, Place, Proposal, Replace
from trader.strategy.testing import A, B, order

PRIORITIES = {"low": 1, "one": 5, "two": 5, "high": 9, "hedge": HEDGE_PRIORITY}


class Rig:
    """An arbiter and what it said."""

    def __init__(self, margin: float = 0.25, reserve_ms: int = 2_000) -> None:
        self.events: list[Cannibalisation] = []
        config = ArbiterConfig(takeover_margin=margin, reserve_ms=reserve_ms)
        self.arbiter = Arbiter(config, PRIORITIES, self.events.append)

    def judge(
        self, edge: str, wish: Proposal, *orders: OpenOrder, now_ms: int = 0
    ) -> list[tuple[str, Proposal]]:
        return self.arbiter.judge(edge, A, [wish], orders, now_ms)

    def kinds(self) -> list[tuple[str, str, str]]:
        return [(event.kind, event.edge, event.other) for event in self.events]


def back(value: float = 0.01, price_centi: int = 300, p_fill: float | None = None) -> Place:
    return Place(Side.BACK, price_centi, value, 1000, p_fill=p_fill)


def resting(edge: str, side: Side = Side.BACK, price_centi: int = 300) -> OpenOrder:
    return replace(order(A, side, price_centi, 200), edge=edge, intent_id=f"of-{edge}-{side}")


@pytest.fixture
def rig() -> Rig:
    return Rig()


def test_a_free_place_is_anybodys_and_an_owner_may_add_to_its_own(rig: Rig) -> None:
    assert rig.judge("one", back()) == [("one", back())]
    assert rig.judge("one", back(), resting("one")) == [("one", back())]
    assert rig.events == []


def test_cancels_are_never_refused(rig: Rig) -> None:
    cancel = Cancel(resting("low"), "no_edge")
    assert rig.judge("low", cancel, resting("high")) == [("low", cancel)]


def test_the_higher_priority_takes_the_place_and_the_lower_is_refused(rig: Rig) -> None:
    owner = resting("low")
    assert rig.judge("high", back(), owner) == [("low", Cancel(owner, "taken_over"))]
    assert rig.judge("low", back(9.9), resting("high")) == []
    assert rig.kinds() == [("taken_over", "high", "low"), ("refused", "low", "high")]


def test_who_has_won_a_place_gets_it_and_nobody_else_meanwhile(rig: Rig) -> None:
    rig.judge("high", back(), resting("low"))
    assert rig.judge("low", back(), now_ms=1_000) == [], "kept for the winner"
    assert rig.judge("high", back(), now_ms=1_500) == [("high", back())]
    rig.judge("high", back(), resting("low"), now_ms=2_000)
    assert rig.judge("low", back(), now_ms=4_000) == [("low", back())], "not for ever"


def test_between_equals_the_wish_must_be_worth_more_by_the_margin(rig: Rig) -> None:
    rig.judge("one", back(0.010))
    owner = resting("one")
    assert rig.judge("two", back(0.0125), owner) == []
    assert rig.judge("two", back(0.0126), owner) == [("one", Cancel(owner, "taken_over"))]


def test_a_wish_is_worth_its_edge_times_the_chance_of_a_fill(rig: Rig) -> None:
    rig.judge("one", back(0.010, p_fill=0.5))
    owner = resting("one")
    assert rig.judge("two", back(0.020, p_fill=0.3), owner) == []
    assert rig.judge("two", back(0.020, p_fill=0.4), owner) == [
        ("one", Cancel(owner, "taken_over"))
    ]


def test_an_owners_order_that_is_being_changed_is_not_cancelled_again(rig: Rig) -> None:
    owner = resting("low")
    owner.pending = "CANCEL"
    assert rig.judge("high", back(), owner) == []


def test_nobody_trades_with_himself(rig: Rig) -> None:
    lay = resting("one", Side.LAY, 310)
    assert rig.judge("two", back(price_centi=310), lay) == []
    assert rig.judge("two", back(price_centi=315), lay) == [("two", back(price_centi=315))]
    move = Replace(resting("two"), 305, 0.01, 1000)
    assert rig.judge("two", move, lay) == [("two", Cancel(move.order, "self_match"))]
    assert rig.kinds() == [("self_match", "two", "one")], "said once for an order in the way"
    assert rig.arbiter.counts == {"self_match": 2}


def test_what_ranks_higher_has_the_order_it_would_meet_taken_away(rig: Rig) -> None:
    lay = resting("one", Side.LAY, 310)
    assert rig.judge("hedge", back(0.0, 300), lay) == [("one", Cancel(lay, "self_match"))]


def test_an_edges_own_orders_are_its_own_affair(rig: Rig) -> None:
    assert rig.judge("one", back(), resting("one", Side.LAY, 400)) == [("one", back())]


def test_a_refusal_is_logged_once_for_an_order_and_again_for_the_next(rig: Rig) -> None:
    owner = resting("high")
    for _ in range(3):
        rig.judge("low", back(), owner)
    rig.judge("low", back(), replace(owner, intent_id="another"))
    assert rig.kinds() == [("refused", "low", "high")] * 2
    assert rig.arbiter.counts == {"refused": 4}


def test_a_fill_before_anothers_order_is_said(rig: Rig) -> None:
    rig.arbiter.filled("one", A, Side.BACK, [resting("two"), resting("one")], 7)
    rig.arbiter.filled("one", A, Side.BACK, [resting("two", Side.LAY)], 8)
    assert rig.kinds() == [("overtaken", "one", "two")]
    assert rig.events[0].ts_ms == 7


def test_a_closed_market_is_forgotten(rig: Rig) -> None:
    rig.judge("high", back(), resting("low"))
    rig.arbiter.forget(A.market_id)
    assert rig.judge("low", back(), now_ms=1) == [("low", back())]


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["low", "one", "two", "high"]),
            st.sampled_from(list(Side)),
            st.floats(0.0, 0.1),
            st.sampled_from([A, B]),
        ),
        max_size=40,
    )
)
def test_no_place_is_ever_two_edges(
    wishes: list[tuple[str, Side, float, Runner]],
) -> None:
    rig = Rig()
    orders: list[OpenOrder] = []
    for now_ms, (edge, side, value, runner) in enumerate(wishes):
        price_centi = 320 if side is Side.BACK else 300
        wish = Place(side, price_centi, value, 1000)
        standing = [o for o in orders if o.selection_id == runner.selection_id]
        for owner, allowed in rig.arbiter.judge(edge, runner, [wish], standing, now_ms):
            if isinstance(allowed, Cancel):
                orders.remove(allowed.order)
            else:
                fresh = order(runner, side, price_centi, 200)
                orders.append(replace(fresh, edge=owner, intent_id=str(now_ms)))
        for place in {(o.selection_id, o.side) for o in orders}:
            owners = {o.edge for o in orders if (o.selection_id, o.side) == place}
            assert len(owners) == 1


def closing(side: Side = Side.BACK, price_centi: int = 300) -> Place:
    return replace(Place(side, price_centi, 0.0, 1000, reduces=True), size_centi=200, closes=True)


def test_an_order_that_closes_takes_any_place_and_keeps_it(rig: Rig) -> None:
    owner = resting("high")
    assert rig.judge("low", closing(), owner) == [("high", Cancel(owner, "taken_over"))]
    assert rig.judge("low", closing()) == [("low", closing())]
    mine = resting("low")
    assert rig.judge("high", back(9.9), mine) == []
    assert rig.judge("low", back(0.01)) == [("low", back(0.01))]
    assert rig.judge("high", back(0.01), mine) == [("low", Cancel(mine, "taken_over"))]


def test_whoever_would_meet_an_order_that_closes_waits(rig: Rig) -> None:
    rig.judge("low", closing())
    mine = resting("low")
    assert rig.judge("high", Place(Side.LAY, 300, 0.1, 1000), mine) == []
    met = resting("high", Side.LAY)
    assert rig.judge("low", closing(), met) == [("high", Cancel(met, "self_match"))]


def test_who_makes_way_for_an_order_that_would_meet_its_own_does_not_come_back_first(
    rig: Rig,
) -> None:
    met = resting("one", Side.LAY)
    assert rig.judge("low", closing(), met) == [("one", Cancel(met, "self_match"))]
    again = Place(Side.LAY, 300, 0.1, 1000)
    assert rig.judge("one", again, now_ms=500) == [], "its place is kept"
    assert rig.judge("low", closing(), now_ms=500) == [("low", closing())]
    assert rig.judge("one", again, now_ms=2_000) == [("one", again)], "not for ever"


def test_the_place_of_an_order_that_is_only_on_its_way_is_kept_as_well(rig: Rig) -> None:
    met = replace(resting("one", Side.LAY), pending="PLACE")
    assert rig.judge("high", back(), met) == []
    assert rig.judge("one", Place(Side.LAY, 310, 0.1, 1000), now_ms=1) == []


@pytest.mark.parametrize("other", ["low", "hedge"])
def test_orders_that_take_risk_away_may_stand_side_by_side(rig: Rig, other: str) -> None:
    assert rig.judge(other, closing()) == [(other, closing())]
    standing = resting(other)
    assert rig.judge("one", closing(), standing) == [("one", closing())]
    both = [standing, resting("one")]
    assert rig.judge("high", back(9.9), *both) == []
    assert rig.judge("high", back(9.9), *reversed(both)) == [], "neither is anybody's to take"


def test_a_hedge_stands_beside_an_order_that_closes(rig: Rig) -> None:
    rig.judge("low", closing())
    hedge = Place(Side.BACK, 310, 0.0, 1000, reduces=True)
    assert rig.judge("hedge", hedge, resting("low")) == [("hedge", hedge)]


def test_of_two_orders_that_take_risk_away_and_would_meet_the_one_that_stands_goes(
    rig: Rig,
) -> None:
    rig.judge("one", closing(Side.LAY))
    met, mine = resting("one", Side.LAY), resting("two", price_centi=320)
    goes = [("one", Cancel(met, "self_match"))]
    assert rig.judge("two", closing(), met) == goes
    move = Replace(mine, 300, 0.0, 1000, reduces=True, closes=True)
    assert rig.judge("two", move, met, mine) == goes, "its own stays until it can be moved"
    assert rig.judge("one", closing(Side.LAY), now_ms=1) == [], "or it would be met again"
    assert rig.judge("two", closing(), now_ms=1) == [("two", closing())]


def test_an_order_that_closes_waits_for_no_place_that_is_kept(rig: Rig) -> None:
    rig.judge("high", back(), resting("one"))
    assert rig.judge("one", back(9.9), now_ms=1) == []
    assert rig.judge("low", closing(), now_ms=1) == [("low", closing())]
    hedge = Place(Side.BACK, 300, 0.0, 1000, reduces=True)
    assert rig.judge("hedge", hedge, now_ms=1) == [("hedge", hedge)]
    assert rig.judge("high", back(), now_ms=1) == [("high", back())], "and it stays kept"


def can_have(rig: Rig, edge: str, wish: Place, *orders: OpenOrder, now_ms: int = 0) -> bool:
    return rig.arbiter.can_have(edge, A, wish, orders, now_ms)


def test_whether_a_place_can_be_had_is_told_without_anybodys_loss(rig: Rig) -> None:
    low, met = resting("low"), resting("low", Side.LAY)
    high, above = resting("high"), resting("high", Side.LAY)
    assert can_have(rig, "one", back())
    assert can_have(rig, "one", back(), low, met)
    assert not can_have(rig, "one", back(), high)
    assert not can_have(rig, "one", back(), low, above)
    assert rig.events == []
    assert rig.arbiter.counts == {}
    assert rig.judge("two", back()) == [("two", back())], "nothing is kept for it"


def test_a_place_that_is_kept_for_another_cannot_be_had(rig: Rig) -> None:
    rig.judge("high", back(), resting("one"))
    assert not can_have(rig, "one", back(9.9), now_ms=1_999)
    assert can_have(rig, "high", back())
    assert can_have(rig, "one", back(9.9), now_ms=2_000)
