"""A trader's page, from its first moment, tells alerts whether real money is traded."""

from __future__ import annotations

import urllib.request
from typing import cast

import pytest

from trader.apps.commands import live
from trader.apps.commands.common import served_metrics
from trader.apps.interrupt import HangUp, Interrupt
from trader.config.loading import load
from trader.live.listings import ListedMarket, Listings
from trader.monitoring.metrics import Metrics

PAGE = ("monitoring.metrics.enabled=true", "monitoring.metrics.port=0")


@pytest.mark.parametrize("dry_run", [False, True])
def test_the_page_says_before_anything_runs_whether_it_is_to_be_a_dry_run(dry_run: bool) -> None:
    with (
        served_metrics(load(None, PAGE), dry_run=dry_run) as metrics,
        urllib.request.urlopen(str(metrics.url), timeout=10) as answer,
    ):
        assert f"hotloop_dry_run {float(dry_run)}" in answer.read().decode().splitlines()


def test_whoever_waits_for_a_first_market_and_holds_nothing_has_no_money_at_stake(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    config = load(None, ["execution.dry_run=false"])
    desk = live._Desk(config, Interrupt(), HangUp(), lambda: config)
    metrics = Metrics()
    metrics.dry_run = False
    seen: list[bool] = []

    def find(_desk: live._Desk, _listings: Listings) -> list[ListedMarket]:
        seen.append(metrics.dry_run)
        return [ListedMarket("1.1", None)] if len(seen) == 3 else []

    monkeypatch.setattr(live._Desk, "_find", find)
    monkeypatch.setattr(live._Desk, "_wait", lambda _desk, _seconds: None)
    found = desk._first_markets(cast(Listings, None), None, metrics)
    assert found is not None
    assert seen == [False, True, True]
    assert not metrics.dry_run
