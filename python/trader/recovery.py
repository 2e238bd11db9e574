"""After a refused line: gets the markets it left stale imaged again, one way or another.

A stale market that the second book holds is reseeded from there at once. For the others a new
subscription is asked for, where there is anybody to ask (a live stream). Otherwise they stay stale,
and so unquoted, until an image comes by itself. docs/decisions/0004-recovery-at-the-seam.md.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, TypeAlias

from trader.monitoring.metrics import Metrics
from trader.second_book import SecondBook
from trader.strategy.hotloop.errors import HotloopError
from trader.strategy.hotloop.interface import HotloopApi, Touched

RESUBSCRIBE_AGAIN_MS: Final = 10_000
"""Stream time after which a subscription is asked for again. The venue's image comes within a
second or two; a request that got lost must not leave a market unquoted for ever, and asking faster
would ask for a second image while the first one is on its way."""
_SHOWN_MARKETS: Final = 5
_NONE_HELD: Final = ""
"""Stands for what was lost while no market was held: the first image, perhaps."""

_log: Final = logging.getLogger("trader.recovery")

Resubscribe: TypeAlias = Callable[[list[str] | None], None]
"""Asks the venue for images of these markets; None: of all. Does not wait and does not raise."""


class SeamLost(Exception):  # noqa: N818  (a state of the world, as `ExecutorLost`)
    """The seam failed in a way it cannot go on from: its books cannot be trusted any more."""


@dataclass(slots=True)
class RecoveryCounts:
    """Markets imaged from the second book; times a subscription was asked for."""

    reseeds: int = 0
    resubscribes: int = 0


class Recovery:
    """For one engine, on its thread."""

    def __init__(
        self,
        book: HotloopApi,
        metrics: Metrics,
        *,
        second: SecondBook | None = None,
        resubscribe: Resubscribe | None = None,
    ) -> None:
        self.counts = RecoveryCounts()
        self._book = book
        self._metrics = metrics
        self._second = second
        self._resubscribe = resubscribe
        self._waiting: list[str] = []  # for an image; as of the last look
        self._asked_ms: dict[str, int] = {}  # of those: stream time of the last request
        self._told = False
        metrics.stale_markets = 0

    def mend(self, error: HotloopError, now_ms: int) -> list[Touched]:
        """Called after a refused line; the runners of the markets that were reseeded."""
        if not error.resubscribe:
            return []
        touched: list[Touched] = []
        waiting: list[str] = []
        for market_id in self._lost(error):
            seeded = self._reseed(market_id, now_ms)
            if seeded is None:
                waiting.append(market_id)
            else:
                touched += seeded
        self._wait_for(waiting if waiting or self._book.markets() else [_NONE_HELD])
        self._ask(now_ms)
        return touched

    def look_again(self, now_ms: int) -> None:
        """Called now and then: forgets what has been imaged, asks again for what was not."""
        if self._waiting:
            still = set(self._book.stale_markets() if self._book.markets() else [_NONE_HELD])
            self._wait_for([market_id for market_id in self._waiting if market_id in still])
            self._ask(now_ms)

    def _lost(self, error: HotloopError) -> list[str]:
        lost = self._book.stale_markets()
        named = error.market_id
        if named is not None and self._book.market(named) is None:
            # Its first image, it may be: what is not held cannot be marked.
            lost.append(named)
        return lost

    def _reseed(self, market_id: str, now_ms: int) -> list[Touched] | None:
        """The touched runners; None when there is no image, or the seam refuses that too."""
        image = self._second.image(market_id) if self._second is not None else None
        if image is None:
            return None
        try:
            touched = self._book.apply_snapshot(market_id, image, now_ms)
        except HotloopError as error:
            _log.info("market %s was not reseeded: %s", market_id, error.message)
            return None
        self.counts.reseeds += 1
        self._metrics.reseeds_total += 1
        _log.info("market %s was reseeded from the second book", market_id)
        return touched

    def _wait_for(self, market_ids: list[str]) -> None:
        waiting = set(market_ids)
        self._waiting = market_ids
        self._asked_ms = {m: at for m, at in self._asked_ms.items() if m in waiting}
        self._metrics.stale_markets = len(waiting - {_NONE_HELD})

    def _ask(self, now_ms: int) -> None:
        """Asks for what has not been asked for, or not for long."""
        if not self._waiting:
            return
        if self._resubscribe is None:
            self._tell()
            return
        due = [m for m in self._waiting if self._is_due(m, now_ms)]
        if not due:
            return
        self._asked_ms.update(dict.fromkeys(due, now_ms))
        self.counts.resubscribes += 1
        self._metrics.resubscribes_total += 1
        everything = set(self._book.markets()) <= set(self._waiting)
        self._resubscribe(None if everything else due)

    def _is_due(self, market_id: str, now_ms: int) -> bool:
        asked_ms = self._asked_ms.get(market_id)
        return asked_ms is None or now_ms - asked_ms >= RESUBSCRIBE_AGAIN_MS

    def _tell(self) -> None:
        stale = [market_id for market_id in self._waiting if market_id != _NONE_HELD]
        if self._told or not stale:
            return
        self._told = True
        more = len(stale) - _SHOWN_MARKETS
        _log.warning(
            "not quoted until an image comes, as changes were lost: market %s%s"
            " (said once; the metric hotloop_stale_markets tells how many)",
            ", ".join(stale[:_SHOWN_MARKETS]),
            f" and {more} more" if more > 0 else "",
        )
