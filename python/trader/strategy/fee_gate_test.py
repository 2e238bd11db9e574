"""The fee gate lets through what earns something after commission."""

from __future__ import annotations

import pytest

from trader.config.loading import load
from trader.strategy.fee_gate import FeeGate, Refused


def gate(mbr: float | None, *overrides: str) -> FeeGate:
    return FeeGate(load(None, overrides).fee_gate, lambda _market: mbr)


def test_the_commission_is_the_base_rate_less_the_discount() -> None:
    assert gate(5.0).commission("1.1") == pytest.approx(0.05)
    assert gate(5.0, "fee_gate.discount=0.4").commission("1.1") == pytest.approx(0.03)


def test_commission_takes_from_a_gain_and_gives_nothing_on_a_loss() -> None:
    assert gate(5.0).net_edge("1.1", 0.02) == pytest.approx(0.019)
    assert gate(5.0).net_edge("1.1", -0.02) == -0.02


@pytest.mark.parametrize(("gross", "passes"), [(0.011, True), (0.0105, False), (-0.01, False)])
def test_the_edge_after_commission_must_reach_the_least(gross: float, passes: bool) -> None:
    check = gate(5.0, "fee_gate.min_net_edge=0.01").check("1.1", gross, reduces=False)
    assert check == (None if passes else Refused("net_edge"))


@pytest.mark.parametrize(("gross", "passes"), [(0.0001, True), (0.0, False), (-0.0001, False)])
def test_an_order_that_reduces_inventory_needs_only_some_edge(gross: float, passes: bool) -> None:
    check = gate(5.0, "fee_gate.min_net_edge=0.01").check("1.1", gross, reduces=True)
    assert check == (None if passes else Refused("net_edge"))


def test_without_a_base_rate_orders_are_refused_unless_one_is_assumed() -> None:
    assert gate(None).check("1.1", 0.5, reduces=False) == Refused("unknown_mbr")
    assuming = gate(None, "fee_gate.unknown_mbr=assume", "fee_gate.assumed_mbr_percent=8")
    assert assuming.commission("1.1") == pytest.approx(0.08)
    assert assuming.check("1.1", 0.5, reduces=False) is None


def test_beyond_the_free_transactions_of_a_clock_hour_an_order_must_earn_its_charge() -> None:
    of = gate(5.0, "fee_gate.transaction_charge=0.002", "fee_gate.free_transactions_per_hour=2")
    for ts_ms in (0, 1):
        assert of.check_charge("1.1", 0.001, 100, ts_ms) is None
        of.transaction(ts_ms)
    # 0.1 % of 1.00, less 5 % commission, is under a fifth of a penny; of 2.20 it is above.
    assert of.check_charge("1.1", 0.001, 100, 2) == Refused("transaction_charge")
    assert of.check_charge("1.1", 0.001, 220, 2) is None
    assert of.check_charge("1.1", 0.001, 100, 3_600_000) is None, "the next hour is free again"


def test_what_was_charged_is_added_up_and_the_hours_do_not_go_back() -> None:
    of = gate(5.0, "fee_gate.transaction_charge=0.002", "fee_gate.free_transactions_per_hour=1")
    for ts_ms in (0, 1, 3_600_000, 3_599_999):
        of.transaction(ts_ms)
    assert of.charged_transactions == 2
    assert of.charges_e4() == 40
