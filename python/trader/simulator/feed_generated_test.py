"""Generated markets beside one another: ids apart, in order of time, the same every time."""

from __future__ import annotations

import hashlib
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trader.betfair.book_builder import BookBuilder
from trader.simulator.feed_generated import MARKETS_MAX, RACES_A_MEETING
from trader.simulator.feeds import GeneratedFeed, stream_lines
from trader.simulator.generator import OFF_MS, Race, RaceShape

SHAPE = RaceShape(
    pre_off_s=8.0,
    in_play_s=3.0,
    runners=4,
    messages_per_s=4.0,
    non_runner=True,
    bsp=True,
    suspensions_in_play=1,
)


def digest(feed: GeneratedFeed) -> str:
    return hashlib.sha256(b"\n".join(stream_lines(feed.events()))).hexdigest()


def test_the_same_arguments_give_the_same_bytes_and_another_seed_gives_others() -> None:
    feed = GeneratedFeed(3, markets=5, shape=SHAPE, spacing_ms=2_000)
    again = GeneratedFeed(3, markets=5, shape=SHAPE, spacing_ms=2_000)
    other = GeneratedFeed(4, markets=5, shape=SHAPE, spacing_ms=2_000)
    assert digest(feed) == digest(feed) == digest(again)
    assert digest(feed) != digest(other)


def test_one_market_is_the_race_of_the_seed() -> None:
    feed = GeneratedFeed(7, shape=SHAPE)
    race = Race(7, SHAPE)
    assert feed.first_pt_ms == race.first_pt_ms
    assert feed.catalogue() == (race.catalogue(),)
    assert list(feed.events()) == list(race.events())


def test_markets_events_and_selections_have_ids_of_their_own() -> None:
    markets = GeneratedFeed(1, markets=2 * RACES_A_MEETING + 1, shape=SHAPE).catalogue()
    assert len({market.market_id for market in markets}) == len(markets)
    assert markets[0].market_id == "1.900000001"
    assert len({market.event_id for market in markets}) == 3
    assert len({(market.event_id, market.event_name) for market in markets}) == 3
    selections = [runner.selection_id for market in markets for runner in market.runners]
    assert len(set(selections)) == len(selections) == 4 * len(markets)


def test_markets_of_a_meeting_have_the_same_event_though_it_lasts_for_hours() -> None:
    feed = GeneratedFeed(1, markets=RACES_A_MEETING, shape=SHAPE, spacing_ms=1_800_000)
    assert {market.event_id for market in feed.catalogue()} == {"90000001"}
    starts = [market.market_start_time[11:16] for market in feed.catalogue()]
    assert starts == ["15:00", "15:30", "16:00", "16:30", "17:00", "17:30", "18:00", "18:30"]


@settings(max_examples=15)
@given(
    seed=st.integers(0, 2**32),
    markets=st.integers(1, 6),
    spacing_ms=st.integers(0, 20_000),
    first_market=st.integers(0, 50),
)
def test_every_market_lives_its_life_and_time_never_goes_back(
    seed: int, markets: int, spacing_ms: int, first_market: int
) -> None:
    feed = GeneratedFeed(
        seed, markets=markets, shape=SHAPE, spacing_ms=spacing_ms, first_market=first_market
    )
    events = list(feed.events())
    assert events[0].pt_ms == feed.first_pt_ms == OFF_MS - 8_000
    assert all(a.pt_ms <= b.pt_ms for a, b in pairwise(events))
    builder = BookBuilder()
    for line in stream_lines(events):
        builder.apply_line(line)
    assert builder.counts.errors == 0
    assert set(builder.markets) == {market.market_id for market in feed.catalogue()}
    for place, listed in enumerate(feed.catalogue()):
        definition = builder.markets[listed.market_id].definition
        assert definition is not None
        assert definition.status == "CLOSED"
        assert definition.market_time == listed.market_start_time
        closed_ms = builder.markets[listed.market_id].pt_ms
        assert closed_ms is not None
        assert closed_ms > OFF_MS + place * spacing_ms


@pytest.mark.parametrize(
    ("bad", "said"),
    [
        ({"markets": 0}, "1 to 10,000 generated markets"),
        ({"markets": 1, "first_market": -1}, "not 1 from -1"),
        ({"markets": 2, "first_market": MARKETS_MAX - 1}, "not 2 from 9,999"),
        ({"spacing_ms": -5}, "not -5 ms apart"),
    ],
)
def test_a_feed_that_cannot_be_is_refused(bad: dict[str, Any], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        GeneratedFeed(1, shape=SHAPE, **bad)


def test_a_market_is_the_same_whichever_number_its_feed_begins_at() -> None:
    whole = GeneratedFeed(5, markets=3, shape=SHAPE, spacing_ms=1_000)
    last = GeneratedFeed(5, shape=SHAPE, first_off_ms=OFF_MS + 2_000, first_market=2)
    assert last.catalogue() == whole.catalogue()[2:]
    market_id = last.catalogue()[0].market_id
    assert list(last.events()) == [e for e in whole.events() if e.changes[0]["id"] == market_id]
