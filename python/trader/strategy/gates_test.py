"""An order that closes what its edge holds passes whatever it costs, and no other does."""

from __future__ import annotations

from dataclasses import replace

import pytest

from trader.config.loading import load
from trader.execution.interfaces.executor import OpenOrder
from trader.execution.interfaces.intents import Side
from trader.execution.ledger import Ledger, MarketResult
from trader.strategy.edges.base import Place, Replace
from trader.strategy.exposure import Exposure
from trader.strategy.fee_gate import FeeGate, Refused
from trader.strategy.gates import Gates
from trader.strategy.risk import Risk
from trader.strategy.sizer import Sizer
from trader.strategy.testing import A, B, fill, market, order, record


class Rig:
    """Gates in front of a market where `scalp` has backed 10.00 at 3.00 and another edge, too."""

    def __init__(self, *overrides: str) -> None:
        config = load(None, ["sizer.max_market_liability=0.01", *overrides])
        self.ledger = Ledger(0.0, 5.0)
        for name in ("scalp", "passive_maker"):
            fill_ = replace(fill(A, Side.BACK, 300, 1000), edge=name, intent_id=name)
            record(self.ledger, fill_)
        exposure = Exposure(self.ledger, lambda _: market(), lambda _: ())
        sizer = Sizer(config.sizer, config.execution.limits.dry_run(), self.ledger, 0.0, exposure)
        self.risk = Risk(config.risk, exposure)
        self.gates = Gates(
            FeeGate(config.fee_gate, lambda _: 5.0), sizer, self.risk, exposure, self.ledger
        )

    def place(
        self, side: Side, price_centi: int, size_centi: int, *orders: OpenOrder
    ) -> int | Refused:
        wish = Place(side, price_centi, 0.0, 1, True, size_centi=size_centi, closes=True)
        return self.gates.place("scalp", market(), A, wish, orders, 0)

    def move(self, target: OpenOrder, price_centi: int, *orders: OpenOrder) -> Refused | None:
        wish = Replace(target, price_centi, 0.0, 1, True, closes=True)
        return self.gates.move(market(), A, wish, [target, *orders], 0)


@pytest.fixture
def rig() -> Rig:
    return Rig()


def closing(price_centi: int, size_centi: int) -> OpenOrder:
    return replace(order(A, Side.LAY, price_centi, size_centi), edge="scalp", intent_id="I9")


def test_it_passes_without_an_edge_a_base_rate_or_room_under_the_caps(rig: Rig) -> None:
    assert rig.place(Side.LAY, 310, 968) == 968, "30.00 / 3.10 is 9.677"
    assert rig.place(Side.LAY, 600, 500) == 500


@pytest.mark.parametrize(
    ("side", "price_centi", "size_centi"),
    [(Side.LAY, 310, 970), (Side.BACK, 310, 200), (Side.LAY, 300, 2000)],
)
def test_it_may_not_be_worth_more_than_its_edge_holds(
    rig: Rig, side: Side, price_centi: int, size_centi: int
) -> None:
    assert rig.place(side, price_centi, size_centi) == Refused("not_closing")


def test_what_closes_already_counts_and_what_others_have_there_does_not(rig: Rig) -> None:
    assert rig.place(Side.LAY, 300, 500, closing(300, 500)) == 500
    assert rig.place(Side.LAY, 300, 502, closing(300, 500)) == Refused("not_closing")
    others = replace(closing(300, 500), edge="passive_maker")
    elsewhere = replace(closing(300, 500), selection_id=B.selection_id)
    assert rig.place(Side.LAY, 300, 1000, others, elsewhere) == 1000


def test_it_may_be_moved_to_what_the_market_offers_beside_no_other(rig: Rig) -> None:
    target = closing(280, 1071)
    assert rig.move(target, 305) is None
    other = replace(closing(300, 500), intent_id="I8")
    assert rig.move(target, 305, other) == Refused("not_closing")


@pytest.mark.parametrize("price_centi", [300, 1000, 100_000])
def test_a_move_may_not_turn_the_position_round(rig: Rig, price_centi: int) -> None:
    assert rig.place(Side.LAY, 101, 2970) == 2970
    assert rig.move(closing(101, 2970), price_centi) == Refused("not_closing")


def test_a_move_may_level_too_much_by_the_least_bet_there_is(rig: Rig) -> None:
    target = closing(250, 1200)  # just what is held; 1.00 is the least bet: 2.50 at its price
    assert rig.move(target, 271) is None, "32.52 of 30.00 and 2.50, and the price for rounding"
    assert rig.move(target, 273) == Refused("not_closing")


def reducing(size_centi: int, side: Side = Side.LAY) -> Place:
    return Place(side, 300, 0.05, 1, reduces=True, size_centi=size_centi)


def roomy() -> Rig:
    return Rig(
        *("sizer.max_market_liability=1000", "sizer.max_runner_liability=1000"),
        *("risk.max_market_loss=10", "risk.max_loss=1000"),
    )


def barred() -> Rig:
    """The same where the market has lost what it may: no order but such as take inventory back."""
    rig = roomy()
    rig.risk.look(0, [MarketResult(A.market_id, "marked", -1_000_000, 0, 5.0, "", ())])
    assert rig.risk.killed is None
    return rig


def test_risk_lets_pass_no_more_than_takes_inventory_back() -> None:
    place = barred().gates.place
    assert place("mine", market(), A, reducing(2000), (), 0) == 2000, "what both edges have backed"
    other = replace(closing(300, 500), edge="passive_maker")
    assert place("mine", market(), A, reducing(1500), (other,), 0) == 1500
    assert place("mine", market(), A, reducing(1501), (other,), 0) == Refused("market_loss")
    assert place("mine", market(), A, reducing(200, Side.BACK), (), 0) == Refused("market_loss")
    assert place("mine", market(), B, reducing(200), (), 0) == Refused("market_loss")


def test_where_nothing_else_may_leave_an_order_is_cut_to_what_takes_inventory_back() -> None:
    wish = Place(Side.LAY, 300, 0.9, 1, reduces=True)
    other = replace(closing(300, 1650), edge="passive_maker")
    assert roomy().gates.place("mine", market(), A, wish, (other,), 0) == 2000
    assert barred().gates.place("mine", market(), A, wish, (other,), 0) == 350


def test_a_move_in_a_barred_market_must_take_inventory_back() -> None:
    resting = replace(closing(300, 1000), edge="mine")
    move = Replace(resting, 290, 0.05, 1, reduces=True)
    gates = barred().gates
    assert gates.move(market(), A, move, [resting], 0) is None
    elsewhere = replace(move, order=replace(resting, selection_id=B.selection_id))
    assert gates.move(market(), B, elsewhere, [resting], 0) == Refused("market_loss")


def test_the_exchange_and_the_kill_switch_have_their_word(rig: Rig) -> None:
    assert rig.place(Side.LAY, 300, 99) == Refused("below_minimum")
    rig.risk.killed = "lost"
    assert rig.place(Side.LAY, 300, 500) == Refused("killed")
    assert rig.move(closing(280, 500), 330) == Refused("killed")


def test_what_an_edge_holds_is_told_apart_and_comes_back_after_a_restart(rig: Rig) -> None:
    held = rig.ledger.held("scalp", A)
    assert held is not None
    assert (held.back_stake_centi, held.win_e4) == (1000, 200_000)
    rig.ledger.restore_held("I5", "scalp", A, Side.LAY, 400, 124_000)
    rig.ledger.restore_held("scalp", "scalp", A, Side.BACK, 1000, 300_000)
    assert (held.back_stake_centi, held.lay_stake_centi) == (1000, 400), "the second is known"
    both = rig.ledger.position(A)
    assert both is not None
    assert (both.back_stake_centi, both.lay_stake_centi) == (2000, 0), "carried tells the rest"
    rig.ledger.forget("1.1")
    assert rig.ledger.held("scalp", A) is None
