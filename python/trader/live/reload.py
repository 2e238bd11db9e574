"""A running live trader reads its configuration anew: all of what changed is taken, or nothing.

Asked by SIGHUP. The answer is put into `reload.json` in the run's folder, whole, for whoever asks
(`trader reload`): when reading began tells whether the answer is to one's own question.
"""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Callable, Mapping
from typing import Any, Final

from trader.config.loading import ConfigError
from trader.config.reloading import (
    OF_THE_EXECUTOR,
    OF_THE_ORDERS,
    OF_THE_POLICY,
    changed,
    in_the_way,
    is_of,
    scope_in_the_way,
)
from trader.config.schema import Config
from trader.execution.interfaces.executor import ExecutionError
from trader.monitoring.metrics import Metrics
from trader.reconfigure import ReloadRefusedError
from trader.session import Session, StartError
from trader.strategy.watched_edge import EdgeFailedError

EVERY_S: Final = 1.0
"""Between the beginnings of two reloads: however often it is asked, trading goes on in between."""
SHOWN_KEYS: Final = 8

_REFUSALS: Final = (
    ConfigError,
    EdgeFailedError,
    ExecutionError,
    ReloadRefusedError,
    StartError,
)
_log: Final = logging.getLogger("trader.reload")


def _nobody(_is_reloading: bool) -> None:
    """Nobody is told."""


class Reload:
    """For the loop's thread."""

    def __init__(
        self,
        session: Session,
        metrics: Metrics,
        *,
        asked: Callable[[], bool],
        read: Callable[[], Config],
        begin_executor: Callable[[Config, bool], None],
        answer: Callable[[Mapping[str, Any]], None],
        told: Callable[[bool], None] = _nobody,
    ) -> None:
        """`read` raises `ConfigError`. `begin_executor` goes on with the executor of a
        configuration, anew or not, or raises `ExecutionError` with all as it was. `answer` keeps
        what came of it. `told` hears that a reload begins (True) and has ended."""
        self.counts = {"taken": 0, "refused": 0}
        self._session = session
        self._metrics = metrics
        self._asked = asked
        self._read = read
        self._begin_executor = begin_executor
        self._answer = answer
        self._told = told
        self._not_before_s = 0.0

    def look(self) -> Config | None:
        """The configuration that was taken just now, if one was."""
        if time.monotonic() < self._not_before_s or not self._asked():
            return None
        self._not_before_s = time.monotonic() + EVERY_S
        self._told(True)
        try:
            return self._reload()
        finally:
            self._told(False)

    def _reload(self) -> Config | None:
        began_ns = time.monotonic_ns()
        config: Config | None = None
        keys: tuple[str, ...] = ()
        error = ""
        try:
            config = self._read()
            keys = changed(self._session.settings.config, config)
            self._take(config, keys)
        except _REFUSALS as refused:
            config, error = None, " ".join(str(refused).split())
        self._tell(began_ns, keys, error)
        return config

    def _take(self, config: Config, keys: tuple[str, ...]) -> None:
        settings = self._session.settings
        was = settings.config
        is_dry = was.execution.dry_run
        why = in_the_way(keys, dry_run=is_dry)
        if why is None and not is_dry:
            why = scope_in_the_way(was.execution.live_scope, config.execution.live_scope)
        if why is not None:
            key, _, rest = why.partition(": ")
            raise ReloadRefusedError(key, rest)
        plan = settings.plan(config)
        settings.try_on(plan)
        try:
            self._change_executor(was, config, keys)
        except BaseException:
            settings.take_off(plan)
            raise
        settings.take(plan)

    def _change_executor(self, was: Config, config: Config, keys: tuple[str, ...]) -> None:
        executor = self._session.executor
        if was.execution.dry_run:
            if was.execution.limits != config.execution.limits:
                executor.set_limits(config.execution.limits.dry_run())
            return
        of_it = [key for key in keys if key != "execution.backend"]
        anew = any(is_of(key, (*OF_THE_EXECUTOR, *OF_THE_ORDERS)) for key in of_it)
        policy = any(is_of(key, OF_THE_POLICY) for key in of_it)
        # The one that should run may be replaced by the other: asked to reload, it is tried again.
        if anew or policy or executor.name != config.execution.backend:
            self._begin_executor(config, anew)

    def _tell(self, began_ns: int, keys: tuple[str, ...], error: str) -> None:
        outcome = "refused" if error else "taken"
        self.counts[outcome] += 1
        self._metrics.reloads_total[outcome] += 1
        self._metrics.reload_error = error
        session = self._session
        shadow = session.shadow
        config = session.settings.config
        number = sum(self.counts.values())
        what = error or (_shown(keys) if keys else "nothing has changed")
        _log.log(
            logging.ERROR if error else logging.WARNING, "reload %d %s: %s", number, outcome, what
        )
        self._answer(
            {
                "number": number,
                "outcome": outcome,
                "changed": list(keys),
                "error": error or None,
                "hotloop": config.hotloop.backend,
                "shadow": (shadow.backend or None) if shadow is not None else None,
                "execution": session.executor.name,
                "pid": os.getpid(),
                "ts_ms": time.time_ns() // 1_000_000,
                "began_monotonic_ns": began_ns,
                "took_ms": (time.monotonic_ns() - began_ns) // 1_000_000,
            }
        )


def _shown(keys: tuple[str, ...]) -> str:
    more = len(keys) - SHOWN_KEYS
    return ", ".join(keys[:SHOWN_KEYS]) + (f" and {more} more" if more > 0 else "")
