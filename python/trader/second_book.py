"""A Python BookBuilder that is fed with every line beside the seam, to reseed the seam from.

What it refuses is its own matter: it marks the markets concerned, and gives no image of them until
the venue sent one. Nothing else depends on it.
"""

from __future__ import annotations

import logging
from typing import Any, Final

from trader.betfair.book_builder import BookBuilder
from trader.betfair.normalize import MessageError
from trader.strategy.hotloop.config import HotloopConfig

_log: Final = logging.getLogger("trader.second_book")


class SecondBook:
    """Lines in, images of markets out."""

    def __init__(self, builder: BookBuilder) -> None:
        self._builder = builder

    def reconfigure(self, config: HotloopConfig) -> None:
        """The seam's block is another one from now on."""
        builder = self._builder
        if builder.signal_settings is not None:
            builder.signal_settings = config.signals
        builder.markets_max = config.max_markets
        builder.closed_retention_ms = config.closed_retention_ms
        builder.segments.bytes_max = config.max_segment_bytes

    def take(self, raw: bytes, ts_ms: int) -> None:
        """One stream line, received at `ts_ms`; never raises for what stands in it."""
        try:
            self._builder.apply_line(raw, ts_ms=ts_ms)
        except MessageError as error:
            _log.debug("the second book refused a line: %s", error.message)

    def image(self, market_id: str) -> dict[str, Any] | None:
        """The market as an `mc` entry for `apply_snapshot`; None when it is not held, or may be
        untrue here as well."""
        market = self._builder.market(market_id)
        if market is None or self._builder.is_stale(market):
            return None
        return self._builder.snapshot(market_id)
