"""What is due now and then at the venue: the session prolonged, the account's funds asked for, the
dead man's switch kept from acting."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from typing import Final

from trader.execution.executor_py.venue_client import VenueClient, VenueError
from trader.execution.executor_py.venue_settings import VenueSettings
from trader.execution.interfaces.executor import ExecutorStartError
from trader.execution.orders import event as events

BEATS: Final = 3
"""A heartbeat is sent so many times in the silence after which the venue acts."""
_LOOK_S: Final = 0.25

_log: Final = logging.getLogger("trader.executor")


class Chores(threading.Thread):
    """On a thread of its own, until `halt` is set. `heard` takes what the machine has to know."""

    def __init__(
        self,
        client: VenueClient,
        settings: VenueSettings,
        heard: Callable[[events.Event], None],
        halt: threading.Event,
    ) -> None:
        super().__init__(name="venue-chores", daemon=True)
        self._client, self._settings = client, settings
        self._heard, self._halt = heard, halt

    def run(self) -> None:
        settings = self._settings
        chores = [(settings.keep_alive_s, self._keep_alive), (settings.funds_s, self._funds)]
        if settings.heartbeat_s:
            chores.append((settings.heartbeat_s / BEATS, self._beat))
            self._beat()
        done_s = [time.monotonic()] * len(chores)
        while not self._halt.wait(_LOOK_S):
            for place, (every_s, chore) in enumerate(chores):
                if time.monotonic() - done_s[place] >= every_s:
                    done_s[place] = time.monotonic()
                    chore()

    def _keep_alive(self) -> None:
        try:
            if not self._client.keep_alive():
                self._client.login(instead_of=self._client.token)
        except (VenueError, ExecutorStartError) as error:
            _log.warning("the session was not prolonged: %s", error)

    def _funds(self) -> None:
        try:
            self._heard(events.Funds(self._client.exposure_centi()))
        except VenueError as error:
            _log.warning("the account's funds are not known: %s", error)

    def _beat(self) -> None:
        try:
            done = self._client.heartbeat(self._settings.heartbeat_s)
        except VenueError as error:
            _log.warning("the venue has not heard us: %s", error)
            return
        if done != "NONE":
            _log.warning("the venue's dead man's switch has acted: %s", done)
