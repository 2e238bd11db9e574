"""One trader, two executors, one journal: changed over with orders open, killed, stopped."""

from __future__ import annotations

import os
import random
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.executor_rig import binary
from tests.faults.busy import busy
from tests.faults.desk import Desk
from tests.faults.sidecar import Sidecar, document
from tests.faults.venue import Scene, scene
from trader.execution.executor_py.from_document import python_executor
from trader.execution.interfaces.executor import ExecutorStartError
from trader.execution.ipc import Bus
from trader.execution.rust_executor import External, RustExecutor, RustExecutorConfig
from trader.execution.supervisor import Listening
from trader.execution.switching import BackendName, SwitchingExecutor, SwitchPolicy

POLICY = SwitchPolicy(fallback="python", retry_s=0.05)


class SwitchingDesk(Desk):
    """With both executors, in the hands of the trader."""

    def __init__(
        self,
        scene: Scene,
        backend: BackendName,
        policy: SwitchPolicy,
        *,
        external: Sidecar | None = None,
    ) -> None:
        sections = document(scene.folder, scene.betfair, {})
        self.policy = policy
        self.broken_binary = False

        def rust(bus: Bus, heard_seq: int) -> RustExecutor:
            config = RustExecutorConfig(
                clock="wall",
                transport="uds",
                heartbeat_ms=50,
                heartbeat_timeout_s=0.5,
                recover_s=0.0,
                stop_grace_s=0.3,
                live=sections,
                external=None if external is None else _address(external),
            )
            path = Path("/bin/false") if self.broken_binary else binary()
            return RustExecutor(bus, config, path, scene.folder, heard_seq=heard_seq)

        def make(bus: Bus) -> SwitchingExecutor:
            return SwitchingExecutor(
                bus,
                {
                    "rust": lambda heard_seq: rust(bus, heard_seq),
                    "python": lambda heard_seq: python_executor(sections, bus, heard_seq),
                },
                backend,
                policy,
            )

        super().__init__(make, scene)

    @property
    def executor(self) -> SwitchingExecutor:
        assert isinstance(self.link, SwitchingExecutor), "made so"
        return self.link

    def pid(self) -> int:
        sidecar = self.executor.active
        assert isinstance(sidecar, RustExecutor) and sidecar.pid is not None, "it runs"
        return sidecar.pid

    def wait_until_ready(self) -> None:
        self.wait(lambda: self.executor.healthy)

    def last_seq(self) -> int:
        return len(self.reports)


def _address(sidecar: Sidecar) -> External:
    return External(Listening(socket_path=sidecar.socket), sidecar.folder / "token")


@contextmanager
def switching(
    backend: BackendName = "rust", policy: SwitchPolicy = POLICY, **faults: Any
) -> Iterator[SwitchingDesk]:
    with scene(**faults) as stage:
        trading = SwitchingDesk(stage, backend, policy)
        try:
            trading.connect()
            trading.wait_until_ready()
            yield trading
        finally:
            trading.link.stop()


@pytest.mark.parametrize("first", ["rust", "python"])
def test_changed_over_with_orders_open(first: BackendName) -> None:
    other: BackendName = "python" if first == "rust" else "rust"
    with switching(first) as trading:
        trading.place()
        trading.wait_for("i1", "PLACED")
        trading.executor.switch(other)
        assert trading.executor.name == other
        trading.wait_until_ready()
        trading.move("i1", 340)
        trading.wait_for("i1", "PLACED", "REPLACED")
        trading.executor.switch(first)
        trading.wait_until_ready()
        trading.cancel("m2")
        trading.wait_for("m2", "PLACED", "CANCELLED")
        verdict = trading.close_down()
        assert verdict.bets == 2


def test_changed_over_again_and_again_in_the_midst_of_trading() -> None:
    rng = random.Random(1)
    with switching() as trading:
        for number in range(6):
            busy(trading, rng, 0.15)
            trading.executor.switch("python" if number % 2 == 0 else "rust")
            trading.wait_until_ready()
        assert trading.close_down().bets > 20


def test_a_sidecar_that_dies_is_started_again() -> None:
    with switching() as trading:
        trading.place()
        trading.wait_for("i1", "PLACED")
        os.kill(trading.pid(), signal.SIGKILL)
        trading.move("i1", 340)  # while nobody is there
        trading.wait_for("i1", "PLACED", "REPLACED")
        assert trading.executor.name == "rust"
        trading.close_down()


def test_a_sidecar_that_hangs_is_ended_before_another_begins() -> None:
    with switching(policy=SwitchPolicy(fallback="python", restarts=0)) as trading:
        trading.place()
        trading.wait_for("i1", "PLACED")
        pid = trading.pid()
        os.kill(pid, signal.SIGSTOP)
        trading.place()  # it is in the hands of one that may be alive
        trading.wait(lambda: trading.executor.name == "python")
        with pytest.raises(ProcessLookupError):
            os.kill(pid, signal.SIGCONT)
        trading.wait_for("i2", "PLACED")
        verdict = trading.close_down()
        assert verdict.bets == 2


def test_a_sidecar_that_does_not_start_any_more_is_replaced() -> None:
    with switching(policy=SwitchPolicy(fallback="python", restarts=2, retry_s=0.01)) as trading:
        trading.place()
        trading.wait_for("i1", "PLACED")
        trading.broken_binary = True
        os.kill(trading.pid(), signal.SIGKILL)
        trading.wait(lambda: trading.executor.name == "python" and trading.executor.healthy)
        trading.cancel("i1")
        trading.wait_for("i1", "PLACED", "CANCELLED")
        trading.close_down()


def test_without_a_fallback_orders_are_paused() -> None:
    with switching(policy=SwitchPolicy(restarts=0, retry_s=0.01)) as trading:
        trading.place()
        trading.wait_for("i1", "PLACED")
        os.kill(trading.pid(), signal.SIGKILL)
        trading.wait(lambda: not trading.executor.healthy)
        assert trading.executor.name == "rust"
        trading.executor.switch("python")  # by hand
        trading.wait_until_ready()
        trading.close_down()


def test_a_sidecar_of_somebody_else_is_left_alone_while_it_may_be_alive() -> None:
    with scene() as stage:
        sidecar = Sidecar(stage.folder, stage.betfair)
        sidecar.start()
        policy = SwitchPolicy(supervise="external", fallback="python", retry_s=0.05)
        trading = SwitchingDesk(stage, "rust", policy, external=sidecar)
        try:
            trading.wait(lambda: Path(sidecar.socket).exists(), polls=False)
            trading.connect()
            trading.wait_until_ready()
            trading.place()
            trading.wait_for("i1", "PLACED")
            sidecar.signal(signal.SIGSTOP)
            trading.place()
            trading.wait(lambda: "in use by another executor" in trading.executor.why_away)
            with pytest.raises(ExecutorStartError, match="in use by another executor"):
                trading.executor.switch("python")
            sidecar.signal(signal.SIGCONT)
            trading.wait_for("i2", "PLACED")
            assert trading.executor.name == "rust"
            sidecar.signal(signal.SIGSTOP)
            trading.place()
            sidecar.kill()
            trading.wait(lambda: trading.executor.name == "python")
            trading.wait_for("i3", "PLACED")
            assert trading.close_down().bets == 3
        finally:
            trading.link.stop()
            sidecar.stop()


def test_killed_again_and_again_in_the_midst_of_trading() -> None:
    rng = random.Random(2)
    policy = SwitchPolicy(fallback="python", restarts=1_000, retry_s=0.01)
    with switching(policy=policy) as trading:
        for _ in range(10):
            busy(trading, rng, rng.uniform(0.0, 0.1))
            os.kill(trading.pid(), signal.SIGKILL)
            before = trading.executor.restarts
            trading.wait(lambda: trading.executor.restarts > before)  # noqa: B023  (used at once)
            trading.wait_until_ready()
        assert trading.close_down().bets > 10


@pytest.mark.parametrize("first", ["rust", "python"])
def test_a_dry_order_ends_with_the_executor_that_had_it_and_a_live_one_does_not(
    first: BackendName,
) -> None:
    with switching(first) as trading:
        trading.place(dry_run=True)
        trading.place()
        trading.wait_for("i1", "PLACED")
        trading.wait_for("i2", "PLACED")
        trading.executor.switch("python" if first == "rust" else "rust")
        trading.wait_for("i1", "PLACED", "CANCELLED")
        assert trading.by_intent["i1"][-1].reject_code == "RESTARTED"
        trading.wait_until_ready()
        assert trading.statuses("i2") == ["PLACED"]
        assert trading.close_down().bets == 1
