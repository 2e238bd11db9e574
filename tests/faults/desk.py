"""A trader, its executor and a venue, each real: sockets, processes, a journal on the disk."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from tests.faults.judge import Verdict, judge
from tests.faults.sidecar import Sidecar, document
from tests.faults.trader import MakeLink, Trader, over_the_wire
from tests.faults.venue import Config, Scene, scene
from trader.execution.executor_py.from_document import python_executor
from trader.execution.executor_py.venue_executor import VenueExecutor
from trader.execution.transport import Transport
from trader.simulator.exchange.faults import FaultRule


class Desk(Trader):
    """A trader at a venue, which is the judge."""

    def __init__(self, make_link: MakeLink, scene: Scene) -> None:
        super().__init__(make_link, scene.folder)
        self.scene = scene
        self._diary_bytes = 0

    def diary_grows(self) -> bool:
        """Whether more reports were written into the diary since this was asked last."""
        diary = self.scene.folder / "reports"
        before, self._diary_bytes = self._diary_bytes, diary.stat().st_size if diary.exists() else 0
        return self._diary_bytes > before

    def recollect(self) -> None:
        """Takes up what traders of other processes have written into the diary."""
        self.forget()
        self.link = self.make_link(self.bus)
        self.connect()
        self.resume()

    def close_down(self) -> Verdict:
        """Cancels everything, waits until every intent has ended, and judges."""
        self.link.control("cancel_all", "the day is over")
        self.wait(lambda: all(self.is_ended(name) for name in self.intents))
        # What came too late has been taken away, too.
        self.wait(lambda: not any(bet["remaining"] for bet in self.scene.bets()))
        self.wait(lambda: self.last_seq() == len(self.reports))
        verdict = judge(self.intents, self.reports, self.scene.bets())
        assert not verdict.problems, "\n".join(verdict.problems)
        return verdict

    def last_seq(self) -> int:
        """How many reports the executor has made, as it says."""
        raise NotImplementedError

    def restart(self) -> None:
        """The executor dies and another begins."""
        self.go_away()
        self.come_back()

    def go_away(self) -> None:
        """The executor dies."""
        raise NotImplementedError

    def come_back(self) -> None:
        """Another begins."""
        raise NotImplementedError


class SidecarDesk(Desk):
    """With the Rust executor, which it may start again as a watchdog does (`restarts`)."""

    def __init__(self, scene: Scene, sidecar: Sidecar, *, restarts: bool) -> None:
        super().__init__(over_the_wire(sidecar.socket), scene)
        self.sidecar = sidecar
        self.restarts = restarts

    @property
    def transport(self) -> Transport:
        assert isinstance(self.link, Transport), "made so"
        return self.link

    def watch(self) -> None:
        if self.restarts and self.sidecar.ended() is not None:
            self.sidecar.bury()
            self.sidecar.start()

    def story(self) -> str:
        return self.sidecar.log()[-2_000:]

    def wait_until_ready(self) -> None:
        """Waits until the executor that runs now says that orders may be sent."""
        started = self.sidecar.started_ms

        def is_ready() -> bool:
            heartbeat = self.transport.heartbeat
            is_new = heartbeat is not None and heartbeat.ts_ms >= started
            return is_new and heartbeat is not None and heartbeat.state == "READY"

        self.wait(is_ready)

    def go_away(self) -> None:
        self.sidecar.kill()

    def come_back(self) -> None:
        self.sidecar.start()

    def last_seq(self) -> int:
        heartbeat = self.transport.heartbeat
        return -1 if heartbeat is None else heartbeat.next_report_seq - 1


class LocalDesk(Desk):
    """With the Python executor, in this process."""

    def __init__(self, scene: Scene, document: Config) -> None:
        super().__init__(lambda bus: python_executor(document, bus), scene)
        self.document = document

    @property
    def executor(self) -> VenueExecutor:
        assert isinstance(self.link, VenueExecutor), "made so"
        return self.link

    def go_away(self) -> None:
        """Not dead, but ended without a word: what it knew is in its journal only."""
        self.link.stop()

    def come_back(self) -> None:
        self.recollect()

    def last_seq(self) -> int:
        return self.executor.machine.book.last_seq


@contextmanager
def desk(
    *rules: FaultRule,
    tls: bool = False,
    disk: str | None = None,
    restarts: bool = False,
    connects: bool = True,
    **changes: Any,
) -> Iterator[SidecarDesk]:
    """A venue with one open market, the sidecar at it, and a trader connected to that.

    `disk`: what the first executor's disk does; `restarts`: an executor that has died is started
    again; `changes`: of its configuration.
    """
    with scene(*rules, tls=tls) as stage:
        sidecar = Sidecar(stage.folder, stage.betfair, changes)
        sidecar.start(disk)
        trading = SidecarDesk(stage, sidecar, restarts=restarts)
        try:
            if connects:
                trading.connect()
            yield trading
        finally:
            trading.link.stop()
            sidecar.stop()


@contextmanager
def local_desk(
    *rules: FaultRule, tls: bool = False, connects: bool = True, **changes: Any
) -> Iterator[LocalDesk]:
    """The same with the Python executor."""
    with scene(*rules, tls=tls) as stage:
        trading = LocalDesk(stage, document(stage.folder, stage.betfair, changes))
        try:
            if connects:
                trading.connect()
            yield trading
        finally:
            trading.link.stop()


DESKS: dict[str, Callable[..., Any]] = {"rust": desk, "python": local_desk}
