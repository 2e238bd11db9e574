"""Feeds made of feeds: at another time, several as one, one many times over."""

from __future__ import annotations

import heapq
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from trader.simulator.catalogue import CatalogueMarket
from trader.simulator.feed_event import Feed, FeedEvent, publish_time
from trader.simulator.generator_definition import venue_time

EVENTS_MAX: Final = 500_000
COPIES_MAX: Final = 1_000
MARKETS_APART: Final = 1_000_000_000
EVENTS_APART: Final = 100_000_000
"""How far the ids of one copy are from those of the next: longer than the venue's are today."""
_DEFINITION_TIMES: Final = ("marketTime", "suspendTime", "openDate", "settledTime")
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MS: Final = timedelta(milliseconds=1)


class FeedError(ValueError):
    """Feeds that cannot be combined as asked; `str()` says which market and why."""


class ShiftedFeed:
    """A feed `by_ms` later (earlier if negative): publish times and every time in definitions.

    `starting_at` makes a recorded market happen now. Raises `FeedError` for a definition with a
    time that cannot be read.
    """

    def __init__(self, feed: Feed, by_ms: int) -> None:
        self._feed = feed
        self._by_ms = by_ms

    @classmethod
    def starting_at(cls, feed: Feed, first_pt_ms: int) -> ShiftedFeed:
        """The feed with its first event at that time."""
        return cls(feed, first_pt_ms - feed.first_pt_ms)

    @property
    def first_pt_ms(self) -> int:
        return self._feed.first_pt_ms + self._by_ms

    def catalogue(self) -> tuple[CatalogueMarket, ...]:
        return tuple(_shifted_market(market, self._by_ms) for market in self._feed.catalogue())

    def events(self) -> Iterator[FeedEvent]:
        by_ms = self._by_ms
        for event in self._feed.events():
            changes = event.changes
            if any("marketDefinition" in change for change in changes):
                changes = tuple(_shifted_change(change, by_ms) for change in changes)
            yield FeedEvent(event.pt_ms + by_ms, changes)


class MergedFeed:
    """Several feeds as one, in order of publish time; at the same time, in the order given.

    Raises `FeedError` for no feed, and when two of them have a market in common, as far as their
    catalogues tell.
    """

    def __init__(self, feeds: Sequence[Feed]) -> None:
        if not feeds:
            raise FeedError("there is no feed to merge")
        seen: set[str] = set()
        for feed in feeds:
            ids = {market.market_id for market in feed.catalogue()}
            if ids & seen:
                raise FeedError(f"market {min(ids & seen)} is in two feeds that are to be merged")
            seen |= ids
        self._feeds = tuple(feeds)

    @property
    def first_pt_ms(self) -> int:
        return min(feed.first_pt_ms for feed in self._feeds)

    def catalogue(self) -> tuple[CatalogueMarket, ...]:
        return tuple(market for feed in self._feeds for market in feed.catalogue())

    def events(self) -> Iterator[FeedEvent]:
        return heapq.merge(*(feed.events() for feed in self._feeds), key=publish_time)


class RepeatedFeed:
    """A feed many times over, each copy with market and event ids of its own: load for a venue.

    The feed is read once, when this is made, and held; a copy's event then costs little more than
    a new `id` in each change, so that the feed is never what limits a load. Copy number k is
    `spacing_ms * k` later; copy 0 is the feed itself. Selections have the same ids in every copy,
    as a horse or a team has in several of the venue's markets.

    Raises `FeedError` when the feed has more than `events_max` events, ids that are not the
    venue's numbers, or when the copies are not 1 to COPIES_MAX.
    """

    def __init__(
        self, feed: Feed, copies: int, spacing_ms: int = 0, *, events_max: int = EVENTS_MAX
    ) -> None:
        if not 1 <= copies <= COPIES_MAX:
            raise FeedError(f"a feed is repeated 1 to {COPIES_MAX:,} times, not {copies:,}")
        if spacing_ms < 0:
            raise FeedError(f"copies are not {spacing_ms} ms apart")
        held: list[FeedEvent] = []
        for event in feed.events():
            if len(held) == events_max:
                raise FeedError(f"a feed to repeat has more than {events_max:,} events")
            held.append(event)
        self._held = tuple(held)
        self._feed = feed
        self._copies = copies
        self._spacing_ms = spacing_ms
        self._ids = tuple(self._copied_ids(copy) for copy in range(copies))
        self.events_total = copies * len(held)

    @property
    def first_pt_ms(self) -> int:
        return self._feed.first_pt_ms

    def catalogue(self) -> tuple[CatalogueMarket, ...]:
        return tuple(
            _shifted_market(
                replace(
                    market,
                    market_id=copied_market_id(market.market_id, copy),
                    event_id=copied_event_id(market.event_id, copy),
                ),
                copy * self._spacing_ms,
            )
            for copy in range(self._copies)
            for market in self._feed.catalogue()
        )

    def events(self) -> Iterator[FeedEvent]:
        copies = (self._copy(copy) for copy in range(self._copies))
        return heapq.merge(*copies, key=publish_time)

    def _copy(self, copy: int) -> Iterator[FeedEvent]:
        if copy == 0:
            yield from self._held
            return
        by_ms, ids = copy * self._spacing_ms, self._ids[copy]
        for event in self._held:
            changes = tuple([{**change, "id": ids[change["id"]]} for change in event.changes])
            if any("marketDefinition" in change for change in changes):
                changes = tuple(_copied_change(change, copy, by_ms) for change in changes)
            yield FeedEvent(event.pt_ms + by_ms, changes)

    def _copied_ids(self, copy: int) -> dict[str, str]:
        ids = {change["id"] for event in self._held for change in event.changes}
        return {market_id: copied_market_id(market_id, copy) for market_id in sorted(ids)}


def copied_market_id(market_id: str, copy: int) -> str:
    """The market's id in a copy of its feed. Raises `FeedError` for an id not like 1.234567890."""
    exchange, _, number = market_id.partition(".")
    if not number.isdecimal() or int(number) >= MARKETS_APART:
        raise FeedError(f"market {market_id}: its id leaves no room for those of copies")
    return f"{exchange}.{int(number) + copy * MARKETS_APART}" if copy else market_id


def copied_event_id(event_id: str, copy: int) -> str:
    """The event's id in a copy of its feed. Raises `FeedError` for an id that is no number."""
    if not event_id.isdecimal() or int(event_id) >= EVENTS_APART:
        raise FeedError(f"event {event_id}: its id leaves no room for those of copies")
    return str(int(event_id) + copy * EVENTS_APART) if copy else event_id


def _copied_change(change: dict[str, Any], copy: int, by_ms: int) -> dict[str, Any]:
    definition = change.get("marketDefinition")
    if definition is None:
        return change
    event_id = copied_event_id(definition["eventId"], copy)
    copied = {**change, "marketDefinition": {**definition, "eventId": event_id}}
    return _shifted_change(copied, by_ms)


def _shifted_change(change: dict[str, Any], by_ms: int) -> dict[str, Any]:
    definition: Mapping[str, Any] | None = change.get("marketDefinition")
    if definition is None:
        return change
    market_id = change["id"]
    moved: dict[str, Any] = {
        key: _shifted_time(definition[key], by_ms, f"market {market_id}: {key}")
        for key in _DEFINITION_TIMES
        if definition.get(key) is not None
    }
    if any("removalDate" in runner for runner in definition["runners"]):
        moved["runners"] = [_shifted_runner(r, by_ms, market_id) for r in definition["runners"]]
    return {**change, "marketDefinition": {**definition, **moved}}


def _shifted_runner(runner: dict[str, Any], by_ms: int, market_id: str) -> dict[str, Any]:
    removed = runner.get("removalDate")
    if removed is None:
        return runner
    where = f"market {market_id}: removalDate"
    return {**runner, "removalDate": _shifted_time(removed, by_ms, where)}


def _shifted_market(market: CatalogueMarket, by_ms: int) -> CatalogueMarket:
    where = f"market {market.market_id}"
    opens, suspends = market.open_date, market.suspend_time
    return replace(
        market,
        market_start_time=_shifted_time(market.market_start_time, by_ms, where),
        open_date=None if opens is None else _shifted_time(opens, by_ms, where),
        suspend_time=None if suspends is None else _shifted_time(suspends, by_ms, where),
    )


def _shifted_time(told: Any, by_ms: int, where: str) -> str:
    try:
        # The difference of a time without a zone is a TypeError, as is a time that is no text.
        moment_ms = (datetime.fromisoformat(told) - _EPOCH) // _MS
        return venue_time(moment_ms + by_ms)
    except (TypeError, ValueError, OverflowError, OSError):
        raise FeedError(f"{where} cannot be moved by {by_ms} ms: {told!r:.40}") from None
