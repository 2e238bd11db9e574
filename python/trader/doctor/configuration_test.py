"""Flags are told, and limits that quarrel are."""

from __future__ import annotations

import pytest

from trader.doctor.configuration import flags, limits, own_edges, valid
from trader.doctor.findings import Mark
from trader.doctor.testing import only, subject_of


def test_without_an_enabled_edge_nothing_would_trade() -> None:
    assert only(valid(subject_of())).mark is Mark.OK
    found = only(valid(subject_of("edges.passive_maker.enabled=false")))
    assert found.mark is Mark.WARN
    assert "no edge is enabled" in found.found


def test_edges_of_ones_own_are_skipped_where_there_are_none() -> None:
    assert only(own_edges(subject_of())).mark is Mark.SKIPPED


def test_live_is_said_aloud() -> None:
    assert "dry run: nothing is sent" in only(flags(subject_of())).found
    everywhere = only(flags(subject_of("execution.dry_run=false")))
    assert everywhere.mark is Mark.WARN
    assert "LIVE: ORDERS GO TO THE VENUE in every selected market" in everywhere.found
    said = only(
        flags(subject_of("execution.dry_run=false", "execution.live_scope.everywhere=true"))
    )
    assert (said.mark, said.found) == (Mark.OK, everywhere.found)
    scope = "execution.live_scope.market_ids=['1.2']"
    some = only(flags(subject_of("execution.dry_run=false", scope)))
    assert some.mark is Mark.OK
    assert "LIVE: ORDERS GO TO THE VENUE in markets 1.2" in some.found


def test_rust_paths_are_named_as_such() -> None:
    paths = ("hotloop.enabled=true", "hotloop.rust=true", "execution.backend=rust")
    assert "hotloop rust, execution rust (child" in only(flags(subject_of(*paths))).found


def test_the_limits_of_base_yaml_agree() -> None:
    assert only(limits(subject_of())).mark is Mark.OK


@pytest.mark.parametrize(
    ("override", "found"),
    [
        ("sizer.bankroll=1000", "risk.max_exposure 2500 is above sizer.bankroll 1000"),
        ("risk.max_loss=6000", "risk.max_loss 6000 is above sizer.bankroll"),
        ("risk.max_market_loss=1500", "risk.max_market_loss 1500 is above risk.max_loss"),
        ("sizer.max_runner_liability=450", "is above sizer.max_market_liability 400"),
        ("sizer.max_market_liability=2100", "is above sizer.max_total_liability 2000"),
        ("risk.max_exposure=1500", "sizer.max_total_liability 2000 is above risk.max_exposure"),
        (
            "execution.limits.max_market_exposure_centi=30000",
            "is above execution.limits.max_market_exposure_centi / 100 300",
        ),
        (
            "execution.limits.max_exposure_centi=200000",
            "is above execution.limits.max_exposure_centi / 100 2000",
        ),
        ("sizer.max_stake=500", "sizer.max_stake 500 can never be staked"),
        ("execution.pacing.per_hour=6000", "above the 5000 transactions of an hour"),
        ("fee_gate.free_transactions_per_hour=1000", "above the 1000 transactions of an hour"),
        ("execution.pacing.market_per_second=200", "is above per_second 100"),
        ("execution.limits.max_open_orders=9000", "is above hotloop.state.max_orders 5000"),
    ],
)
def test_limits_that_quarrel_are_warned_of(override: str, found: str) -> None:
    told = limits(subject_of(override))
    assert all(one.mark is Mark.WARN and one.advice for one in told)
    assert any(found in one.found for one in told), told
