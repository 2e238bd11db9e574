"""What a feed gives: everything that happened on a venue's markets, in order of publish time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from operator import attrgetter
from typing import Any, Final, Protocol

from trader.simulator.catalogue import CatalogueMarket


@dataclass(frozen=True, slots=True)
class FeedEvent:
    """What happened on the venue's markets at one publish time.

    `pt_ms` is milliseconds since 1970 UTC. `changes` are `mc` entries exactly as the stream spells
    them, decoded; feeds share them, so no reader changes them.
    """

    pt_ms: int
    changes: tuple[dict[str, Any], ...]


class Feed(Protocol):
    """Markets as they happened, or as they might have."""

    @property
    def first_pt_ms(self) -> int:
        """The publish time of the first event."""
        ...

    def catalogue(self) -> Sequence[CatalogueMarket]:
        """What listMarketCatalogue tells of each market the feed knows of.

        A recording may come to know of more while its events are read; whoever wants to hear of
        those at once keeps a `Catalogue` and has it learn from each change.
        """
        ...

    def events(self) -> Iterator[FeedEvent]:
        """Everything from the beginning, at times that never go back. May be called again."""
        ...


publish_time: Final = attrgetter("pt_ms")
"""The order of events, for merging."""
