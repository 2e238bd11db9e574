"""A catalogue entry says what the definition says, and names what has no name."""

from __future__ import annotations

from typing import Any

import pytest

from trader.simulator.catalogue import (
    Catalogue,
    CatalogueError,
    CatalogueRunner,
    LineRange,
    market_of,
)

LIVE: dict[str, Any] = {
    "bspMarket": True,
    "turnInPlayEnabled": True,
    "persistenceEnabled": True,
    "marketBaseRate": 5,
    "eventId": "34173357",
    "eventTypeId": "7",
    "bettingType": "ODDS",
    "marketType": "WIN",
    "marketTime": "2025-04-01T13:02:00.000Z",
    "suspendTime": "2025-04-01T13:02:00.000Z",
    "runners": [
        {"status": "ACTIVE", "sortPriority": 2, "id": 270592},
        {"status": "REMOVED", "sortPriority": 1, "id": 56297029, "hc": -1.5},
    ],
    "regulators": ["MR_INT"],
    "venue": "Lingfield",
    "countryCode": "GB",
    "discountAllowed": True,
    "timezone": "Europe/London",
    "openDate": "2025-04-01T12:00:00.000Z",
    "raceType": "Flat",
    "priceLadderDefinition": {"type": "CLASSIC"},
}
NAMED: dict[str, Any] = {
    **LIVE,
    "name": "5f Hcap",
    "eventName": "Lingfield 1st Apr",
    "runners": [
        {"sortPriority": 2, "id": 270592, "name": "Amber Ridge"},
        {"sortPriority": 1, "id": 56297029, "hc": -1.5},
    ],
}


def test_a_live_definition_gives_everything_but_names() -> None:
    market = market_of("1.241629436", LIVE)
    assert (market.market_id, market.market_name) == ("1.241629436", "market 1.241629436")
    assert (market.event_id, market.event_name) == ("34173357", "event 34173357")
    assert (market.event_type_id, market.event_type_name) == ("7", "Horse Racing")
    assert (market.country_code, market.venue) == ("GB", "Lingfield")
    assert (market.timezone, market.open_date) == ("Europe/London", "2025-04-01T12:00:00.000Z")
    assert market.market_start_time == market.suspend_time == "2025-04-01T13:02:00.000Z"
    assert (market.market_type, market.betting_type, market.race_type) == ("WIN", "ODDS", "Flat")
    assert market.market_base_rate == 5.0
    assert (market.bsp_market, market.discount_allowed) == (True, True)
    assert (market.turn_in_play_enabled, market.persistence_enabled) == (True, True)
    assert (market.regulators, market.ladder_type) == (("MR_INT",), "CLASSIC")
    assert (market.line_range, market.each_way_divisor) == (None, None)
    assert market.runners == (
        CatalogueRunner(270592, 0.0, "selection 270592", 2),
        CatalogueRunner(56297029, -1.5, "selection 56297029", 1),
    )


def test_names_in_the_definition_are_the_names() -> None:
    market = market_of("1.2", NAMED)
    assert (market.market_name, market.event_name) == ("5f Hcap", "Lingfield 1st Apr")
    assert [runner.name for runner in market.runners] == ["Amber Ridge", "selection 56297029"]


def test_what_a_definition_may_lack_is_none_or_the_usual() -> None:
    bare = {key: LIVE[key] for key in ("eventId", "marketTime", "bettingType", "runners")}
    market = market_of("1.2", bare | {"eventTypeId": "99"})
    assert market.event_type_name == "event type 99"
    assert (market.venue, market.country_code, market.open_date) == (None, None, None)
    assert (market.ladder_type, market.market_base_rate, market.regulators) == ("CLASSIC", 0.0, ())
    assert not (market.bsp_market or market.turn_in_play_enabled or market.discount_allowed)


def test_a_line_market_has_its_lines() -> None:
    lines = {"lineMinUnit": 0.5, "lineMaxUnit": 300, "lineInterval": 1.0}
    ladder = {"priceLadderDefinition": {"type": "LINE_RANGE"}}
    market = market_of("1.2", LIVE | lines | ladder)
    assert (market.ladder_type, market.line_range) == ("LINE_RANGE", LineRange(0.5, 300.0, 1.0))


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"eventId": None}, "market 1.2: eventId is missing"),
        ({"eventTypeId": 7}, "market 1.2: eventTypeId is of the wrong kind: 7"),
        ({"marketTime": None}, "market 1.2: marketTime is missing"),
        ({"bettingType": None}, "market 1.2: bettingType is missing"),
        ({"marketBaseRate": True}, "market 1.2: marketBaseRate is of the wrong kind: True"),
        ({"bspMarket": 1}, "market 1.2: bspMarket is of the wrong kind: 1"),
        ({"runners": None}, "market 1.2: runners is missing"),
        ({"runners": [3]}, "market 1.2: runners[0] is not an object"),
        ({"runners": [{"id": 4}, {}]}, "market 1.2: runners[1].id is missing"),
        ({"runners": [{"id": "4"}]}, "market 1.2: runners[0].id is of the wrong kind: '4'"),
    ],
)
def test_a_definition_that_is_none_says_which_field(change: dict[str, Any], said: str) -> None:
    with pytest.raises(CatalogueError) as caught:
        market_of("1.2", LIVE | change)
    assert str(caught.value) == said


def test_a_catalogue_learns_a_market_once_and_then_what_is_new_of_it() -> None:
    catalogue = Catalogue()
    assert catalogue.learn({"id": "1.2", "rc": []}) is None
    first = catalogue.learn({"id": "1.2", "marketDefinition": LIVE})
    assert first == market_of("1.2", LIVE)
    assert catalogue.learn({"id": "1.2", "marketDefinition": LIVE | {"inPlay": True}}) is None
    named = catalogue.learn({"id": "1.2", "marketDefinition": NAMED})
    assert named is not None
    assert named.runners[0].name == "Amber Ridge"
    assert catalogue.learn({"id": "1.2", "marketDefinition": LIVE}) is None, "names are kept"
    later = LIVE | {"marketTime": "2025-04-01T13:05:00.000Z"}
    moved = catalogue.learn({"id": "1.2", "marketDefinition": later})
    assert moved is not None
    assert (moved.market_name, moved.market_start_time[11:16]) == ("5f Hcap", "13:05")
    assert catalogue.markets() == (moved,)


def test_a_catalogue_has_a_limit() -> None:
    catalogue = Catalogue(markets_max=1)
    catalogue.learn({"id": "1.2", "marketDefinition": LIVE})
    catalogue.learn({"id": "1.2", "marketDefinition": NAMED})
    with pytest.raises(CatalogueError, match=r"market 1\.3 would be one more"):
        catalogue.learn({"id": "1.3", "marketDefinition": LIVE})
