"""For the tests of the executor wire: the real binary running, and what was heard of it."""

from __future__ import annotations

import os
import random
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest

from trader.execution.connection import TransportSettings
from trader.execution.executor_py.executor import PythonExecutor
from trader.execution.interfaces.executor import DryRunLimits, ExecutorStartError
from trader.execution.interfaces.reports import ExecutionReport, Status
from trader.execution.ipc import Bus
from trader.execution.rust_executor import RustExecutor, RustExecutorConfig
from trader.execution.scripts_for_tests import Step, say
from trader.execution.supervisor import Supervisor, find_binary
from trader.execution.transport import Transport
from trader.monitoring.metrics import Metrics

PATIENCE_S = 30.0
WIRE = RustExecutorConfig(clock="wire", log_level="warn", heartbeat_ms=50)
WALL = replace(WIRE, clock="wall")


def binary() -> Path:
    try:
        return find_binary()
    except ExecutorStartError as error:
        if "TEST_SRCDIR" in os.environ:
            # Under Bazel the binary is a dependency of this test: it must be there.
            raise
        pytest.skip(f"{error}; build it with `cargo build -p executor` or set HOTLOOP_EXECUTOR")


class Rig:
    """A running Rust executor and what was heard of it."""

    def __init__(self, executor: RustExecutor, bus: Bus, metrics: Metrics, run_dir: Path) -> None:
        self.executor, self.bus, self.metrics, self.run_dir = executor, bus, metrics, run_dir
        self.heard: list[ExecutionReport] = []
        bus.subscribe(self.heard.append)

    def statuses(self) -> list[tuple[str, Status]]:
        return [(report.intent_id, report.status) for report in self.heard]

    def poll_until(self, done: Callable[[], bool]) -> None:
        """Polls as an engine does until `done`; fails when that takes too long."""
        poll_until(self.executor.poll, done)


def poll_until(poll: Callable[[], object], done: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not done():
        assert time.monotonic() < deadline, "it did not happen in time"
        poll()
        time.sleep(0.002)


@contextmanager
def running(config: RustExecutorConfig = WIRE) -> Iterator[Rig]:
    with TemporaryDirectory() as folder:
        bus, metrics = Bus(), Metrics()
        executor = RustExecutor(bus, config, binary(), Path(folder), metrics)
        executor.start()
        try:
            yield Rig(executor, bus, metrics, Path(folder))
        finally:
            executor.stop()


@contextmanager
def supervised(config: RustExecutorConfig = WIRE) -> Iterator[Supervisor]:
    """The process alone, for tests that bring their own transports."""
    with TemporaryDirectory() as folder:
        supervisor = Supervisor(binary(), Path(folder))
        supervisor.start(config.render(Path(folder)), PATIENCE_S)
        try:
            yield supervisor
        finally:
            supervisor.stop(PATIENCE_S)


def transport_to(supervisor: Supervisor, bus: Bus, **changes: Any) -> Transport:
    fields: dict[str, Any] = {
        **asdict(supervisor.listening),
        "token": supervisor.token,
        "clock": "wire",
        "backoff_base_s": 0.001,
        "backoff_max_s": 0.01,
        "tick_timeout_s": PATIENCE_S,
    }
    return Transport(TransportSettings(**{**fields, **changes}), bus, rng=random.Random(1))


def python_reports(script: list[Step], limits: DryRunLimits) -> list[bytes]:
    bus, heard = Bus(), list[bytes]()
    bus.subscribe(lambda report: heard.append(report.comparable()))
    executor = PythonExecutor(bus, limits)
    for step in script:
        say(executor, step)
    bus.drain()
    return heard


def is_running(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state not in {"Z", "X"}
