"""Feeds of feeds: moved in time, merged, repeated."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trader.betfair.book_builder import BookBuilder
from trader.simulator.catalogue import Catalogue, CatalogueMarket
from trader.simulator.feeds import (
    Feed,
    FeedError,
    FeedEvent,
    GeneratedFeed,
    MergedFeed,
    RepeatedFeed,
    ShiftedFeed,
    stream_lines,
)
from trader.simulator.generator import OFF_MS, RaceShape

SHAPE = RaceShape(
    pre_off_s=8.0, in_play_s=3.0, runners=4, messages_per_s=4.0, non_runner=True, bsp=True
)
TIMES = ("marketTime", "suspendTime", "openDate", "settledTime")


@dataclass(frozen=True)
class Listed:
    """A feed of given events."""

    held: tuple[FeedEvent, ...]

    @property
    def first_pt_ms(self) -> int:
        return self.held[0].pt_ms

    def catalogue(self) -> Sequence[CatalogueMarket]:
        catalogue = Catalogue()
        for event in self.held:
            for change in event.changes:
                catalogue.learn(change)
        return catalogue.markets()

    def events(self) -> Iterator[FeedEvent]:
        return iter(self.held)


def generated(seed: int = 1, first_market: int = 0) -> GeneratedFeed:
    return GeneratedFeed(seed, markets=2, shape=SHAPE, spacing_ms=500, first_market=first_market)


def definitions(feed: Feed) -> list[dict[str, Any]]:
    return [
        change["marketDefinition"]
        for event in feed.events()
        for change in event.changes
        if "marketDefinition" in change
    ]


def with_times_moved(definition: dict[str, Any], old: str, new: str) -> dict[str, Any]:
    """The definition with the beginning of each of its times put otherwise."""
    moved = copy.deepcopy(definition)
    for holder in (moved, *moved["runners"]):
        for key in (*TIMES, "removalDate"):
            if key in holder:
                assert holder[key].startswith(old)
                holder[key] = holder[key].replace(old, new, 1)
    return moved


def test_a_shifted_feed_has_every_time_moved_and_nothing_else() -> None:
    feed = generated()
    shifted = ShiftedFeed(feed, 86_400_000)
    assert shifted.first_pt_ms == feed.first_pt_ms + 86_400_000
    day, next_day = "2026-03-14T", "2026-03-15T"
    for before, after in zip(feed.events(), shifted.events(), strict=True):
        assert after.pt_ms == before.pt_ms + 86_400_000
        for old, new in zip(before.changes, after.changes, strict=True):
            expected = dict(old)
            if "marketDefinition" in old:
                definition = with_times_moved(old["marketDefinition"], day, next_day)
                expected["marketDefinition"] = definition
            assert new == expected
    told = definitions(shifted)
    assert any("settledTime" in d for d in told)
    assert any("removalDate" in runner for d in told for runner in d["runners"])


def test_the_catalogue_is_shifted_too() -> None:
    for old, new in zip(
        generated().catalogue(), ShiftedFeed(generated(), -60_001).catalogue(), strict=True
    ):
        assert new.market_start_time in ("2026-03-14T14:58:59.999Z", "2026-03-14T14:59:00.499Z")
        assert new.open_date == new.suspend_time == new.market_start_time
        assert new == replace(
            old,
            market_start_time=new.market_start_time,
            open_date=new.open_date,
            suspend_time=new.suspend_time,
        )


@given(st.integers(-(10**12), 10**12))
def test_a_feed_moved_there_and_back_is_the_feed(by_ms: int) -> None:
    feed = Listed(tuple(generated().events()))
    back = ShiftedFeed(ShiftedFeed(feed, by_ms), -by_ms)
    assert list(back.events()) == list(feed.events())
    assert back.catalogue() == tuple(feed.catalogue())


def test_a_feed_starts_when_it_is_told_to_and_its_source_stays_as_it_was() -> None:
    feed = Listed(tuple(generated().events()))
    before = copy.deepcopy(feed.held)
    now = ShiftedFeed.starting_at(feed, OFF_MS * 2)
    events = list(now.events())
    assert now.first_pt_ms == events[0].pt_ms == OFF_MS * 2
    assert feed.held == before


@pytest.mark.parametrize("told", ["soon", 5, "2026-03-14T15:00:00", "0001-01-01T00:00:00Z"])
def test_a_time_that_cannot_be_moved_says_of_which_market(told: object) -> None:
    change = {"id": "1.2", "marketDefinition": {"marketTime": told, "runners": []}}
    shifted = ShiftedFeed(Listed((FeedEvent(1, (change,)),)), -86_400_000)
    with pytest.raises(FeedError, match=r"market 1\.2: marketTime cannot be moved by -86400000"):
        list(shifted.events())


def test_merged_feeds_come_in_order_and_at_the_same_time_in_the_order_given() -> None:
    first, second = generated(1), generated(2, first_market=2)
    merged = MergedFeed([first, second])
    events = list(merged.events())
    assert all(a.pt_ms <= b.pt_ms for a, b in pairwise(events))
    assert events[0] == next(first.events())
    assert merged.first_pt_ms == first.first_pt_ms
    assert merged.catalogue() == first.catalogue() + second.catalogue()
    for feed in (first, second):
        ids = {market.market_id for market in feed.catalogue()}
        assert [e for e in events if e.changes[0]["id"] in ids] == list(feed.events())


def test_feeds_with_a_market_in_common_are_not_merged() -> None:
    with pytest.raises(FeedError, match=r"market 1\.900000001 is in two feeds"):
        MergedFeed([generated(1), generated(2)])
    with pytest.raises(FeedError, match="no feed"):
        MergedFeed([])


def test_a_repeated_feed_is_the_feed_and_copies_of_it_under_other_ids() -> None:
    feed = generated()
    repeated = RepeatedFeed(feed, 3, 1_000)
    events = list(repeated.events())
    source = list(feed.events())
    assert len(events) == repeated.events_total == 3 * len(source)
    assert all(a.pt_ms <= b.pt_ms for a, b in pairwise(events))
    ids = [market.market_id for market in repeated.catalogue()]
    assert ids == [f"1.{k}90000000{n}" for k in ("", 1, 2) for n in (1, 2)]
    starts = [market.market_start_time[17:23] for market in repeated.catalogue()]
    assert starts == ["00.000", "00.500", "01.000", "01.500", "02.000", "02.500"]
    assert [e for e in events if e.changes[0]["id"] in ids[:2]] == source
    last = [e for e in events if e.changes[0]["id"] in ids[4:]]
    assert [e.pt_ms - 2_000 for e in last] == [e.pt_ms for e in source]
    assert [e.changes[0].get("rc") for e in last] == [e.changes[0].get("rc") for e in source]
    told = [e.changes[0]["marketDefinition"] for e in last if "marketDefinition" in e.changes[0]]
    assert {definition["eventId"] for definition in told} == {"290000001"}
    assert {definition["marketTime"][17:23] for definition in told} == {"02.000", "02.500"}


def test_every_copy_is_a_market_of_its_own_to_a_reader() -> None:
    repeated = RepeatedFeed(generated(), 4)
    builder = BookBuilder()
    for line in stream_lines(repeated.events()):
        builder.apply_line(line)
    assert builder.counts.errors == 0
    assert len(builder.markets) == 8
    for market in builder.markets.values():
        assert market.definition is not None
        assert market.definition.status == "CLOSED"


def test_the_events_held_are_limited() -> None:
    with pytest.raises(FeedError, match="more than 10 events"):
        RepeatedFeed(generated(), 2, events_max=10)
    count = len(list(generated().events()))
    assert RepeatedFeed(generated(), 2, events_max=count).events_total == 2 * count


@pytest.mark.parametrize(
    ("copies", "spacing_ms", "said"),
    [(0, 0, "1 to 1,000 times, not 0"), (1_001, 0, "not 1,001"), (2, -1, "not -1 ms apart")],
)
def test_copies_that_cannot_be_are_refused(copies: int, spacing_ms: int, said: str) -> None:
    with pytest.raises(FeedError, match=said):
        RepeatedFeed(generated(), copies, spacing_ms)


@pytest.mark.parametrize("market_id", ["1.1900000001", "football", "1.x"])
def test_ids_that_leave_no_room_for_copies_are_refused(market_id: str) -> None:
    feed = Listed((FeedEvent(1, ({"id": market_id, "rc": []},)),))
    with pytest.raises(FeedError, match=f"market {market_id}: its id leaves no room"):
        RepeatedFeed(feed, 2)
