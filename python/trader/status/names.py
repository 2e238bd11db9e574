"""What markets and runners are called, where anybody has told: the venue's catalogue, mostly."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

MARKETS_MAX: Final = 1_000
RUNNERS_MAX: Final = 200
LENGTH_MAX: Final = 80


class Names:
    """Of the latest `MARKETS_MAX` markets that were named. Written by one thread, read by any."""

    def __init__(self) -> None:
        self._markets: dict[str, str] = {}
        self._runners: dict[str, dict[int, str]] = {}

    def named(self, market_id: str, name: str, runners: Mapping[int, str]) -> None:
        """A market's name and those of its runners by selection id, shortened where need be."""
        for kept in (self._markets, self._runners):
            kept.pop(market_id, None)
            if len(kept) >= MARKETS_MAX:
                del kept[next(iter(kept))]
        self._markets[market_id] = name[:LENGTH_MAX]
        listed = list(runners.items())[:RUNNERS_MAX]
        self._runners[market_id] = {selection: text[:LENGTH_MAX] for selection, text in listed}

    def market(self, market_id: str) -> str:
        """Empty where nobody has told."""
        return self._markets.get(market_id, "")

    def runner(self, market_id: str, selection_id: int) -> str:
        """Empty where nobody has told."""
        return self._runners.get(market_id, {}).get(selection_id, "")
