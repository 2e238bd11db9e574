"""What live trading asks the venue now and then, on a thread of its own: the engine never waits.

What came of it lies in a queue until the loop takes it: markets to subscribe to, and what was paid
out. The session is prolonged as well. What fails is said and tried again with the next turn.
"""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

from trader.execution.executor_py.venue_client import VenueClient, VenueError
from trader.execution.interfaces.executor import ExecutorStartError
from trader.live.listings import ListedMarket, Listings, PaidOut

_LOOK_S: Final = 0.2
_log: Final = logging.getLogger("trader.live")


@dataclass(frozen=True, slots=True)
class Catalogue:
    """What may be selected now, the first to start first."""

    markets: tuple[ListedMarket, ...]


News: TypeAlias = Catalogue | PaidOut


@dataclass(frozen=True, slots=True)
class ChoreTimes:
    """Seconds between two questions."""

    catalogue_s: float
    settled_s: float
    keep_alive_s: float


class Chores:
    """Started with `start`, ended with `stop`."""

    def __init__(
        self,
        client: VenueClient,
        listings: Listings,
        times: ChoreTimes,
        find: Callable[[Listings], Sequence[ListedMarket]],
    ) -> None:
        """`find` asks for the markets that may be selected now."""
        self.news: deque[News] = deque()
        self._client = client
        self._listings = listings
        self._find = find
        self._unpaid: tuple[str, ...] = ()
        self._halt = threading.Event()
        self._every: list[tuple[float, Callable[[], None]]] = [
            (times.catalogue_s, self._catalogue),
            (times.settled_s, self._settled),
            (times.keep_alive_s, self._keep_alive),
        ]
        self._thread = threading.Thread(target=self._run, name="live-chores", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Returns when the thread has ended, or soon: a question under way has its own time."""
        self._halt.set()
        self._thread.join(timeout=1.0)

    def await_payment(self, market_ids: Sequence[str]) -> None:
        """These markets have closed, and the venue has not said what they pay."""
        self._unpaid = tuple(market_ids)

    def _run(self) -> None:
        done_s = [time.monotonic()] * len(self._every)
        while not self._halt.wait(_LOOK_S):
            for place, (every_s, chore) in enumerate(self._every):
                if time.monotonic() - done_s[place] >= every_s:
                    done_s[place] = time.monotonic()
                    try:
                        chore()
                    except (VenueError, ExecutorStartError) as error:
                        _log.warning("%s; tried again in %g s", error, every_s)

    def _catalogue(self) -> None:
        try:
            markets = self._find(self._listings)
        except VenueError:
            self._renew()
            raise
        self.news.append(Catalogue(tuple(markets)))

    def _settled(self) -> None:
        self.news.extend(self._listings.paid_out(self._unpaid))

    def _keep_alive(self) -> None:
        if not self._client.keep_alive():
            self._renew()

    def _renew(self) -> None:
        """Logs in again where the session has ended; a session that stands is kept."""
        if not self._client.keep_alive():
            self._client.login(instead_of=self._client.token)
