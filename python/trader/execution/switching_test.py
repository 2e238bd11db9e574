"""One executor after the other, where neither needs a venue: what is heard, and how often."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from trader.execution.interfaces.executor import DryRunLimits, ExecutorStartError
from trader.execution.interfaces.intents import Action, QuoteIntent
from trader.execution.interfaces.messages import DryFill, MarketState
from trader.execution.interfaces.reports import ExecutionReport, FillEvent, Status
from trader.execution.ipc import Bus
from trader.execution.switching import BackendName, Makers, SwitchingExecutor, SwitchPolicy


def filled(seq: int) -> ExecutionReport:
    return ExecutionReport.new(
        seq=seq,
        intent_id="1",
        ts_ms=1,
        action=Action.PLACE,
        status=Status.PARTIALLY_FILLED,
        dry_run=False,
        fill_events=(FillEvent(2.0, 1.0, 1),),
        size_matched_centi=100,
    )


class Journalled:
    """An executor that says at its start what its journal has and the trader has not heard."""

    durable = True
    healthy = True
    health_reason = link_reason = ""
    open_orders = 0

    def __init__(
        self,
        name: str,
        bus: Bus,
        journal: Sequence[ExecutionReport],
        heard_seq: int,
        *,
        starts: bool,
    ) -> None:
        self.name = name
        self._bus = bus
        self._journal = [report for report in journal if report.seq > heard_seq]
        self._starts = starts

    def start(self) -> None:
        for report in self._journal:
            self._bus.post(report)
        if not self._starts:
            raise ExecutorStartError(f"{self.name} cannot log in")

    def submit(self, intent: QuoteIntent) -> None:
        pass

    def market(self, state: MarketState) -> None:
        pass

    def dry_fill(self, fill: DryFill) -> None:
        pass

    def control(self, action: str, reason: str) -> None:
        pass

    def set_limits(self, limits: DryRunLimits) -> None:
        pass

    def clock(self, ts_ms: int) -> None:
        pass

    def tick(self, ts_ms: int) -> None:
        self.clock(ts_ms)
        self.poll()

    def poll(self) -> None:
        self._bus.drain()

    def stop(self) -> None:
        pass


class Rig:
    """Two of them over one journal; `broken`: who does not start."""

    def __init__(self, backend: BackendName = "rust", policy: SwitchPolicy | None = None) -> None:
        self.bus = Bus()
        self.journal: list[ExecutionReport] = []
        self.broken: set[str] = set()
        self.executor = SwitchingExecutor(self.bus, self.makers(), backend, policy)
        self.heard: list[int] = []
        self.bus.subscribe(lambda report: self.heard.append(report.seq))
        self.executor.start()

    def makers(self) -> Makers:
        def made(name: str, heard_seq: int) -> Journalled:
            starts = name not in self.broken
            return Journalled(name, self.bus, self.journal, heard_seq, starts=starts)

        return {
            "rust": lambda heard_seq: made("rust", heard_seq),
            "python": lambda heard_seq: made("python", heard_seq),
        }


def test_what_one_that_does_not_start_has_said_is_not_said_again_by_the_former() -> None:
    rig = Rig()
    rig.journal = [filled(1), filled(2)]
    rig.broken = {"python"}
    with pytest.raises(ExecutorStartError, match="python cannot log in"):
        rig.executor.switch("python")
    assert rig.executor.name == "rust"
    rig.executor.poll()
    assert rig.heard == [1, 2]


def test_what_waits_to_be_heard_is_not_said_again_by_the_next() -> None:
    rig = Rig()
    rig.journal = [filled(1)]
    rig.bus.post(filled(1))
    rig.executor.switch("python")
    rig.executor.poll()
    assert rig.heard == [1]


def test_while_nobody_starts_what_is_said_each_time_is_heard_once() -> None:
    rig = Rig(policy=SwitchPolicy(retry_s=0.0))
    rig.journal = [filled(1)]
    rig.broken = {"python", "rust"}
    with pytest.raises(ExecutorStartError):
        rig.executor.switch("python")
    for _ in range(3):
        rig.executor.poll()
    rig.broken = set()
    rig.executor.poll()
    rig.executor.poll()
    assert rig.executor.healthy
    assert rig.heard == [1]


@pytest.mark.parametrize(("runs", "wanted"), [("rust", "rust"), ("python", "rust")])
def test_a_sidecar_of_somebody_else_is_not_gone_on_with_as_if_it_had_the_new_configuration(
    runs: BackendName, wanted: BackendName
) -> None:
    """Also after a fallback: it would trade by limits and a live scope of before."""
    policy = SwitchPolicy(supervise="external", fallback="python")
    rig = Rig(runs, policy)
    with pytest.raises(ExecutorStartError, match="restart it and the trader"):
        rig.executor.reconfigure(rig.makers(), wanted, policy, anew=True)
    assert rig.executor.name == runs
    rig.executor.reconfigure(rig.makers(), wanted, policy, anew=False)
    assert rig.executor.name == wanted


def test_the_python_executor_of_an_external_configuration_begins_anew() -> None:
    policy = SwitchPolicy(supervise="external")
    rig = Rig("python", policy)
    before = rig.executor.active
    rig.executor.reconfigure(rig.makers(), "python", policy, anew=True)
    assert rig.executor.active is not before
