"""The selector goes by definition and clock, and says why it refuses."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from trader.config.loading import load
from trader.strategy.context import MarketView
from trader.strategy.selector import Selector, catalogue_filter
from trader.strategy.testing import A, B, C, market

OFF_MS = 10_000_000
ONE_REMOVED = {A: "ACTIVE", B: "REMOVED", C: "ACTIVE"}


def selector(*overrides: str) -> Selector:
    return Selector(load(None, overrides).selector)


def view(market_id: str = "1.1", **changes: Any) -> MarketView:
    named: dict[str, Any] = {
        "status": "OPEN",
        "in_play": False,
        "market_type": "WIN",
        "event_type_id": "7",
        "off_ms": OFF_MS,
    }
    return replace(market(), market_id=market_id, **{**named, **changes})


def test_without_wishes_every_open_market_is_quoted_also_one_that_does_not_say_when() -> None:
    assert selector().refuses(view(), 0) is None
    assert selector().refuses(view(off_ms=None, event_type_id=None, market_type=None), 0) is None


@pytest.mark.parametrize(
    ("override", "changes", "reason"),
    [
        ('selector.market_ids=["1.2"]', {}, "not_selected"),
        ('selector.event_types=["1"]', {}, "not_selected"),
        ('selector.market_types=["PLACE"]', {}, "not_selected"),
        ("selector.min_runners=4", {}, "runners"),
        ("selector.max_runners=2", {}, "runners"),
        (
            "selector.min_runners=3",
            {"runners": {A: "ACTIVE", B: "REMOVED", C: "ACTIVE"}},
            "runners",
        ),
        ("selector.in_play=false", {"in_play": True}, "in_play"),
    ],
)
def test_what_the_definition_says_is_held_against_every_key(
    override: str, changes: dict[str, Any], reason: str
) -> None:
    assert selector(override).refuses(view(**changes), 0) == reason


def test_the_same_market_with_another_definition_is_judged_anew() -> None:
    of = selector("selector.in_play=false")
    assert of.refuses(view(), 0) is None
    assert of.refuses(view(in_play=True), 0) == "in_play"


def test_the_window_is_before_the_scheduled_start() -> None:
    of = selector("selector.before_off_s=600", "selector.until_off_s=5")
    one = view()
    times = [OFF_MS - 600_001, OFF_MS - 600_000, OFF_MS - 5_001, OFF_MS - 5_000]
    assert [of.refuses(one, at) for at in times] == ["too_early", None, None, "too_late"]


def test_a_year_before_is_no_limit() -> None:
    assert selector().refuses(view(off_ms=10**15), 0) is None


def test_places_are_kept_until_a_market_closes() -> None:
    of = selector("selector.max_markets=2")
    first, second, third = (view(f"1.{n}") for n in (1, 2, 3))
    assert [of.refuses(one, 0) for one in (first, second, third, first)] == [
        None,
        None,
        "max_markets",
        None,
    ]
    of.forget("1.1")
    assert of.refuses(third, 0) is None
    assert of.refuses(first, 0) == "max_markets"


def test_a_market_that_is_not_open_takes_no_place() -> None:
    of = selector("selector.max_markets=1")
    assert of.refuses(view("1.1", status="SUSPENDED"), 0) is None
    assert of.refuses(view("1.2"), 0) is None
    assert of.refuses(view("1.1"), 0) == "max_markets"


def test_the_catalogue_is_asked_for_what_may_be_selected() -> None:
    config = load(
        None,
        [
            'selector.event_types=["7"]',
            'selector.countries=["GB"]',
            "selector.before_off_s=3600",
            "selector.in_play=false",
        ],
    ).selector
    assert catalogue_filter(config, 0) == {
        "eventTypeIds": ["7"],
        "marketCountries": ["GB"],
        "marketStartTime": {"to": "1970-01-01T01:00:00Z"},
        "inPlayOnly": False,
    }
    assert catalogue_filter(load(None, []).selector, 0) == {}
