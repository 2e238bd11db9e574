"""Risk and exposure: the last word on every order, and the kill switch."""

from __future__ import annotations

from dataclasses import replace

import pytest

from trader.config.loading import load
from trader.execution.interfaces.executor import OpenOrder
from trader.execution.interfaces.intents import Side
from trader.execution.ledger import Ledger, MarketResult
from trader.strategy.context import MarketView
from trader.strategy.exposure import Exposure
from trader.strategy.fee_gate import Refused
from trader.strategy.risk import Risk
from trader.strategy.testing import A, fill, market, order, record


class Rig:
    """Two markets with orders to choose, and the risk over both."""

    def __init__(self, *overrides: str) -> None:
        self.ledger = Ledger(0.0, 5.0)
        self.orders: dict[str, list[OpenOrder]] = {"1.1": [], "1.2": []}
        self.views: dict[str, MarketView] = {"1.1": market(), "1.2": self._second()}
        self.exposure = Exposure(self.ledger, self.views.get, self.orders.__getitem__)
        self.risk = Risk(load(None, overrides).risk, self.exposure)

    @staticmethod
    def _second() -> MarketView:
        one = market()
        runners = {runner._replace(market_id="1.2"): s for runner, s in one.runners.items()}
        return replace(one, market_id="1.2", runners=runners)


def result(market_id: str, net: float) -> MarketResult:
    return MarketResult(market_id, "settled", round(net * 10_000), 0, 5.0, "", ())


def test_exposure_adds_up_the_worst_of_every_market() -> None:
    rig = Rig()
    record(rig.ledger, fill(A, Side.BACK, 300, 1000))
    rig.orders["1.2"].append(order(A, Side.LAY, 400, 500))
    rig.exposure.changed("1.1")
    rig.exposure.changed("1.2")
    assert rig.exposure.total_e4() == 100_000 + 150_000
    assert rig.exposure.others_e4("1.1") == 150_000
    assert rig.exposure.others_e4("1.2") == 100_000


def test_only_what_has_changed_is_worked_out_and_what_is_settled_is_gone() -> None:
    rig = Rig()
    record(rig.ledger, fill(A, Side.BACK, 300, 1000))
    assert rig.exposure.total_e4() == 0, "not told yet"
    rig.exposure.changed("1.1")
    assert rig.exposure.total_e4() == 100_000
    rig.exposure.settled("1.1")
    assert rig.exposure.total_e4() == 0


def test_a_market_that_is_forgotten_is_not_remembered_as_settled() -> None:
    rig = Rig()
    rig.exposure.settled("1.1")
    record(rig.ledger, fill(A, Side.BACK, 300, 1000))
    rig.exposure.changed("1.1")
    assert rig.exposure.total_e4() == 0, "nothing of it is at stake any more"
    rig.exposure.forget("1.1")
    rig.exposure.changed("1.1")
    assert rig.exposure.total_e4() == 100_000


def test_what_orders_can_lose_is_bounded_without_working_it_out() -> None:
    rig = Rig()
    asked: list[str] = []

    def view_of(market_id: str) -> MarketView:
        asked.append(market_id)
        return rig.views[market_id]

    exposure = Exposure(rig.ledger, view_of, rig.orders.__getitem__)
    exposure.sent("1.1", 100)
    exposure.less("1.1")
    assert exposure.fits(50, 150)
    assert asked == []
    assert exposure.fits(150, 150), "nothing rests: worked out, it is 0"
    assert asked == ["1.1"]
    rig.orders["1.1"].append(order(A, Side.BACK, 300, 10))
    exposure.changed("1.1")
    assert not exposure.fits(0, 999), "what may be more is always worked out"
    assert exposure.fits(0, 1_000)


def test_no_order_leaves_past_the_exposure_but_one_that_takes_inventory_back() -> None:
    rig = Rig("risk.max_exposure=15")
    record(rig.ledger, fill(A, Side.BACK, 300, 1000))
    rig.exposure.changed("1.1")
    assert rig.risk.check("1.2", 50_000, False) is None
    assert rig.risk.check("1.2", 50_001, False) == Refused("risk_exposure")
    assert rig.risk.check("1.2", 50_001, True) is None


def test_a_market_that_has_lost_what_it_may_only_takes_inventory_back() -> None:
    rig = Rig("risk.max_market_loss=20")
    assert rig.risk.look(0, [result("1.1", -20.0), result("1.2", -19.99)]) is None
    assert rig.risk.check("1.1", 1, False) == Refused("market_loss")
    assert rig.risk.check("1.1", 1, True) is None
    assert rig.risk.check("1.2", 1, False) is None
    rig.risk.look(1, [result("1.1", 5.0)])
    assert rig.risk.check("1.1", 1, False) == Refused("market_loss"), "it stays so"


def test_a_market_that_is_barred_stays_so_over_a_reload_until_it_was_judged_anew() -> None:
    rig = Rig("risk.max_market_loss=40")
    rig.risk.look(1_000, [result("1.1", -40.0)])
    for changed in ("risk.max_loss=7000", "risk.max_market_loss=50"):
        rig.risk.reconfigure(load(None, ["risk.max_market_loss=40", changed]).risk)
        assert rig.risk.check("1.1", 1, False) == Refused("market_loss")
        if changed == "risk.max_loss=7000":
            rig.risk.look(2_000, [result("1.1", -39.0)])
            assert rig.risk.check("1.1", 1, False) == Refused("market_loss"), "it was too much"
    rig.risk.look(3_000, [result("1.1", -40.0)])
    assert rig.risk.check("1.1", 1, False) is None


def test_the_kill_switch_is_pulled_once_by_all_markets_together() -> None:
    rig = Rig("risk.max_loss=30")
    assert rig.risk.look(0, [result("1.1", -40.0), result("1.2", 10.01)]) is None
    why = rig.risk.look(1, [result("1.1", -40.0), result("1.2", 10.0)])
    assert why == "lost 30.00, which is risk.max_loss 30"
    assert rig.risk.look(2, [result("1.1", -99.0)]) is None, "said once"
    assert rig.risk.check("1.2", 0, True) == Refused("killed"), "nothing new at all"


@pytest.mark.parametrize(("now_ms", "due"), [(999, False), (1_000, True)])
def test_it_looks_by_the_clock(now_ms: int, due: bool) -> None:
    rig = Rig("risk.check_every_ms=1000")
    rig.risk.look(0, ())
    assert rig.risk.is_due(now_ms) is due
