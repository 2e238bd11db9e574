"""How fast instructions may leave: token buckets that are empty at the start, so that a restart is
no way around them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from trader.execution.orders.config import Pacing

SECOND_MS: Final = 1_000
_MARKETS_MAX: Final = 1_000
"""Markets whose buckets are kept; a full bucket is as good as none."""


@dataclass(slots=True)
class _Bucket:
    """Thousandths of an instruction, so that nothing is rounded."""

    tokens: int
    at_ms: int

    def fill(self, per_second: int, now_ms: int) -> None:
        gained = min(max(now_ms - self.at_ms, 0), SECOND_MS) * per_second
        self.tokens = min(self.tokens + gained, per_second * SECOND_MS)
        self.at_ms = now_ms

    def ready_ms(self, per_second: int, count: int) -> int:
        """When it holds so many instructions, as many as fit into it at most."""
        missing = min(count, per_second) * SECOND_MS - self.tokens
        if missing <= 0:
            return self.at_ms
        return self.at_ms + (missing + per_second - 1) // max(per_second, 1)


class Pace:
    """The buckets. `trips` counts the times an instruction had to wait."""

    def __init__(self, now_ms: int) -> None:
        self._all = _Bucket(0, now_ms)
        self._markets: dict[str, _Bucket] = {}
        self.trips = 0

    def take(self, config: Pacing, market_id: str, count: int, now_ms: int) -> int | None:
        """Takes so many instructions for a market; where there is no room, when there will be."""
        self._all.fill(config.per_second, now_ms)
        full = config.market_per_second * SECOND_MS
        if len(self._markets) > _MARKETS_MAX:
            for bucket in self._markets.values():
                bucket.fill(config.market_per_second, now_ms)
            self._markets = {name: one for name, one in self._markets.items() if one.tokens < full}
        market = self._markets.setdefault(market_id, _Bucket(full, now_ms))
        market.fill(config.market_per_second, now_ms)
        ready_ms = max(
            self._all.ready_ms(config.per_second, count),
            market.ready_ms(config.market_per_second, count),
        )
        if ready_ms > now_ms:
            self.trips += 1
            return ready_ms
        self._all.tokens -= count * SECOND_MS
        market.tokens -= count * SECOND_MS
        return None
