"""For tests: a transport to the peer of `testing`, with what it heard."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from trader.execution.connection import TransportSettings
from trader.execution.executor_py.executor import PythonExecutor
from trader.execution.interfaces.reports import ExecutionReport, Status
from trader.execution.ipc import Bus
from trader.execution.scripts_for_tests import Step, say
from trader.execution.testing import FakePeer
from trader.execution.transport import Transport
from trader.monitoring.metrics import Metrics

PATIENCE_S = 20.0


class Client:
    """A transport, what it heard, and its metrics."""

    def __init__(self, peer: FakePeer, **settings: Any) -> None:
        self.bus = Bus()
        self.heard: list[ExecutionReport] = []
        self.bus.subscribe(self.heard.append)
        self.metrics = Metrics()
        given_settings: dict[str, Any] = {
            "host": "127.0.0.1",
            "port": peer.port,
            "token": "secret-token",
            "clock": peer.clock,
            "backoff_base_s": 0.001,
            "backoff_max_s": 0.01,
            "tick_timeout_s": PATIENCE_S,
        }
        self.gone: str | None = None
        self.transport = Transport(
            TransportSettings(**{**given_settings, **settings}),
            self.bus,
            self.metrics,
            gone=lambda: self.gone,
            rng=random.Random(1),
        )

    def statuses(self) -> list[tuple[str, Status]]:
        return [(report.intent_id, report.status) for report in self.heard]

    def poll_until(self, done: Callable[[], bool]) -> None:
        """Polls as an engine does until `done`; fails when that takes too long."""
        wait_until(done, self.transport.poll)


def wait_until(done: Callable[[], bool], meanwhile: Callable[[], None] = lambda: None) -> None:
    """Does `meanwhile` until `done`; fails when that takes too long."""
    deadline = time.monotonic() + PATIENCE_S
    while not done():
        assert time.monotonic() < deadline, "it did not happen in time"
        meanwhile()
        time.sleep(0.001)


@contextmanager
def connected(peer: FakePeer, **settings: Any) -> Iterator[Client]:
    client = Client(peer, **settings)
    with peer:
        client.transport.start()
        try:
            yield client
        finally:
            client.transport.stop()


def play(executor: Transport | PythonExecutor, script: list[Step]) -> None:
    for step in script:
        say(executor, step)
