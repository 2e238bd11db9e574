"""Many generated markets beside one another, each with its own ids and its own time of the off."""

from __future__ import annotations

import heapq
from collections.abc import Iterator
from typing import Final

from trader.simulator.catalogue import CatalogueMarket
from trader.simulator.feed_event import FeedEvent, publish_time
from trader.simulator.generator import OFF_MS, Race, RaceCard, RaceShape

MARKETS_MAX: Final = 10_000
"""The highest number a market can have: so many have ids apart."""
RACES_A_MEETING: Final = 8
SPACING_MS: Final = 60_000
SEED_STEP: Final = 1_000_003
FIRST_MARKET: Final = 900_000_001
FIRST_EVENT: Final = 90_000_001
FIRST_SELECTION: Final = 70_000_001
SELECTIONS_APART: Final = 100
VENUES: Final = (
    "Nowhere Park",
    "Ashgrove",
    "Brindle Moor",
    "Castle Fen",
    "Draycott",
    "Elmbridge",
    "Farrow Down",
    "Gorse Hill",
)
RACE_NAMES: Final = ("1m Hcap", "5f Nov Stks", "7f Mdn Stks", "1m2f Hcap", "6f Hcap", "2m Hcap")
USUAL_SHAPE: Final = RaceShape()


class GeneratedFeed:
    """`markets` races of one shape, the first off at `first_off_ms`, the others `spacing_ms` apart.

    Eight races in a row are one event, a meeting. Everything depends on the arguments alone; the
    first race is `Race(seed, shape)`. Feeds that are to be merged begin at different
    `first_market`s, so that their ids differ. Every race is held while events are read, some tens
    of kilobytes each.

    Raises `ValueError` for less than one market, numbers beyond MARKETS_MAX or a negative spacing.
    """

    def __init__(
        self,
        seed: int,
        *,
        markets: int = 1,
        shape: RaceShape = USUAL_SHAPE,
        first_off_ms: int = OFF_MS,
        spacing_ms: int = SPACING_MS,
        first_market: int = 0,
    ) -> None:
        last = first_market + markets
        if markets < 1 or first_market < 0 or last > MARKETS_MAX:
            raise ValueError(
                f"a feed has 1 to {MARKETS_MAX:,} generated markets, numbered from 0, "
                f"not {markets:,} from {first_market:,}"
            )
        if spacing_ms < 0:
            raise ValueError(f"races are not {spacing_ms} ms apart")
        self._seed = seed
        self._shape = shape
        self._cards = tuple(
            card_of(number, first_off_ms + place * spacing_ms)
            for place, number in enumerate(range(first_market, last))
        )
        self._numbers = range(first_market, last)
        self._first_pt_ms = self._race(0).first_pt_ms
        self._catalogue = tuple(self._race(place).catalogue() for place in range(markets))

    @property
    def first_pt_ms(self) -> int:
        return self._first_pt_ms

    def catalogue(self) -> tuple[CatalogueMarket, ...]:
        return self._catalogue

    def events(self) -> Iterator[FeedEvent]:
        races = (self._race(place) for place in range(len(self._cards)))
        return heapq.merge(*(race.events() for race in races), key=publish_time)

    def _race(self, place: int) -> Race:
        seed = self._seed + self._numbers[place] * SEED_STEP
        return Race(seed, self._shape, self._cards[place])


def card_of(number: int, off_ms: int) -> RaceCard:
    """The card of the generated market of that number, from 0."""
    meeting, race = divmod(number, RACES_A_MEETING)
    return RaceCard(
        market_id=f"1.{FIRST_MARKET + number}",
        event_id=str(FIRST_EVENT + meeting),
        first_selection_id=FIRST_SELECTION + number * SELECTIONS_APART,
        off_ms=off_ms,
        venue=VENUES[meeting % len(VENUES)],
        market_name=RACE_NAMES[race % len(RACE_NAMES)],
        first_name=number * 5,
    )
