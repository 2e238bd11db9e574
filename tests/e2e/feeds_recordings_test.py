"""Every recording is a feed: nothing of it is lost, and its markets are listed."""

from __future__ import annotations

import json
from itertools import pairwise
from typing import Any

import pytest

from tests.parity.recordings import market_streams, per_recording, read_lines
from trader.betfair.book_builder import BookBuilder
from trader.simulator.feeds import MergedFeed, RecordingFeed, ShiftedFeed, stream_lines

NAMES: dict[str, tuple[str, str, str]] = {
    "adapter_rs__29788457.json": ("Set Betting", "P Lorenzi v S Kirchheimer", "Tennis"),
    "betfair_parser__1.127236622.bz2": ("R7 1600m Grp1", "Rand (AUS) 1st Oct", "Horse Racing"),
    "flumine__1.197931750.json": ("OR 280m", "Sheffield 19th Apr", "Greyhound Racing"),
    "kelvin__MarketStream-1.241629436.json": (
        "market 1.241629436",
        "event 34173357",
        "Horse Racing",
    ),
}
"""Of the first market of each; the last recording has no names in it."""
WITHOUT_DEFINITIONS = "betfair_database__1.209492553.json"


def messages(name: str) -> list[dict[str, Any]]:
    decoded = [json.loads(line) for line in read_lines(name)]
    return [message for message in decoded if message.get("mc")]


@per_recording
def test_a_feed_has_every_change_of_the_recording_as_it_was(name: str) -> None:
    feed = RecordingFeed(market_streams() / name)
    expected = messages(name)
    events = list(feed.events())
    assert [list(event.changes) for event in events] == [message["mc"] for message in expected]
    assert [event.pt_ms for event in events] == [message["pt"] for message in expected]
    assert feed.first_pt_ms == events[0].pt_ms
    assert all(a.pt_ms <= b.pt_ms for a, b in pairwise(events))


@per_recording
def test_the_catalogue_has_each_market_and_every_runner(name: str) -> None:
    feed = RecordingFeed(market_streams() / name)
    changes = [change for message in messages(name) for change in message["mc"]]
    listed = {market.market_id: market for market in feed.catalogue()}
    if name == WITHOUT_DEFINITIONS:
        assert not listed
        return
    assert set(listed) == {change["id"] for change in changes}
    for change in changes:
        for runner in change.get("marketDefinition", {}).get("runners", ()):
            key = (runner["id"], float(runner.get("hc", 0.0)))
            assert key in {(r.selection_id, r.handicap) for r in listed[change["id"]].runners}


@pytest.mark.parametrize("name", NAMES)
def test_names_are_those_of_the_recording_or_made_from_ids(name: str) -> None:
    market = RecordingFeed(market_streams() / name).catalogue()[0]
    assert (market.market_name, market.event_name, market.event_type_name) == NAMES[name]


@per_recording
def test_a_recording_that_happens_now_gives_the_same_books(name: str) -> None:
    feed = RecordingFeed(market_streams() / name)
    now = ShiftedFeed.starting_at(feed, 1_800_000_000_000)
    assert books(now) == books(feed)


def books(feed: RecordingFeed | ShiftedFeed) -> dict[str, Any]:
    """What a client holds in the end, prices and sizes of every runner."""
    builder = BookBuilder(closed_retention_ms=10**12)
    for line in stream_lines(feed.events()):
        builder.apply_line(line)
    assert builder.counts.errors == 0
    return {
        market_id: {
            key: (runner.prices, runner.ltp_centi) for key, runner in market.runners.items()
        }
        for market_id, market in builder.markets.items()
    }


def test_all_recordings_happen_at_once() -> None:
    paths = [path for path in sorted(market_streams().iterdir()) if "parser" not in path.name]
    now_ms = 1_800_000_000_000
    feeds = [ShiftedFeed.starting_at(RecordingFeed(path), now_ms) for path in paths]
    merged = MergedFeed(feeds)
    events = list(merged.events())
    assert all(a.pt_ms <= b.pt_ms for a, b in pairwise(events))
    assert len(events) == sum(len(messages(path.name)) for path in paths)
    assert {events[place].pt_ms for place in range(len(feeds))} == {now_ms}
