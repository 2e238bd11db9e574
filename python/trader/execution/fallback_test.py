"""Two executors, and an intent that belongs to one of them for ever."""

from __future__ import annotations

from typing import TypeAlias

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trader.execution.executor_py.executor import PythonExecutor
from trader.execution.fallback import FallbackExecutor
from trader.execution.interfaces.executor import (
    ConfigRejectedError,
    DryRunLimits,
    ExecutorLost,
    OrderLimitError,
)
from trader.execution.interfaces.intents import QuoteIntent
from trader.execution.interfaces.messages import (
    Control,
    ControlAction,
    DryFill,
    Ladder,
    MarketState,
    MarketStatus,
)
from trader.execution.interfaces.reports import ExecutionReport, Status
from trader.execution.ipc import Bus
from trader.execution.router import Router
from trader.execution.scripts_for_tests import Advance, Step, intent, say, scripts
from trader.monitoring.metrics import Metrics

MARKET = MarketState(
    market_id="1.9",
    status=MarketStatus.OPEN,
    in_play=False,
    version=1,
    bet_delay=0,
    ladder=Ladder.CLASSIC,
    runners=(),
    winners=1,
    event_type_id=None,
)


class Sidecar(PythonExecutor):
    """One that may be away: what it is given waits, as in a send queue, and it may be lost."""

    name = "rust"

    def __init__(self, bus: Bus, limits: DryRunLimits) -> None:
        super().__init__(bus, limits)
        self.away = ""
        self.lost = ""
        self.durable = False
        self.given: list[str] = []
        self.waiting: list[Step] = []

    @property
    def health_reason(self) -> str:  # type: ignore[override]
        return self.lost or self.away

    def submit(self, intent: QuoteIntent) -> None:
        self.given.append(intent.intent_id)
        self._when_there(intent)

    def market(self, state: MarketState) -> None:
        self._when_there(state)

    def dry_fill(self, fill: DryFill) -> None:
        self._when_there(fill)

    def control(self, action: str, reason: str) -> None:
        self._when_there(Control(action=ControlAction(action), reason=reason))

    def clock(self, ts_ms: int) -> None:
        self._when_there(Advance(ts_ms))

    def tick(self, ts_ms: int) -> None:
        self.clock(ts_ms)
        self._bus.drain()

    def poll(self) -> None:
        self._raise_if_lost()
        super().poll()

    def come_back(self) -> None:
        self.away = ""
        waiting, self.waiting = self.waiting, []
        for step in waiting:
            self._when_there(step)

    def _when_there(self, step: Step) -> None:
        self._raise_if_lost()
        if self.away:
            self.waiting.append(step)
        elif isinstance(step, Advance):
            super().clock(step.ts_ms)
        else:
            self._post(self.machine.handle(step))

    def _raise_if_lost(self) -> None:
        if self.lost:
            raise ExecutorLost(self.lost)


Told: TypeAlias = list[tuple[str, Status]]


class Rig:
    def __init__(self, max_open_orders: int = 200) -> None:
        self.bus, self.metrics = Bus(), Metrics()
        limits = DryRunLimits(max_open_orders=max_open_orders)
        self.sidecar = Sidecar(self.bus, limits)
        self.stand_in = PythonExecutor(self.bus, limits)
        self.both = FallbackExecutor(self.sidecar, self.stand_in, self.bus, limits, self.metrics)
        self.heard: list[ExecutionReport] = []
        self.bus.subscribe(self.heard.append)
        self.both.start()

    def statuses(self) -> Told:
        return [(report.intent_id, report.status) for report in self.heard]


def test_new_orders_go_to_the_python_executor_while_the_sidecar_is_away() -> None:
    rig = Rig()
    rig.both.submit(intent("a"))
    rig.sidecar.away = "no heartbeat"
    assert rig.both.healthy
    rig.both.submit(intent("b"))
    rig.sidecar.come_back()
    rig.both.submit(intent("c"))
    rig.both.tick(1)
    assert rig.sidecar.given == ["a", "c"]
    assert rig.stand_in.machine.open_orders == 1
    assert sorted(rig.statuses()) == [(name, Status.PLACED) for name in "abc"]
    assert rig.metrics.executor_switches_total == 2


def test_what_the_sidecar_was_given_is_never_given_to_the_other() -> None:
    rig = Rig()
    order = intent("a")
    rig.both.submit(order)
    rig.sidecar.away = "cut"
    rig.both.submit(order.cancel(intent_id="stop", ts_ms=1))
    rig.both.tick(1)
    assert rig.statuses() == [("a", Status.PLACED)]
    assert not rig.stand_in.machine.duplicates
    rig.sidecar.come_back()
    rig.both.tick(2)
    assert rig.statuses()[1:] == [("a", Status.CANCELLED), ("stop", Status.CANCELLED)]


def test_an_order_of_the_python_executor_stays_there_when_the_sidecar_is_back() -> None:
    rig = Rig()
    rig.sidecar.away = "cut"
    order = intent("a")
    rig.both.submit(order)
    rig.sidecar.come_back()
    moved = order.replace(intent_id="b", ts_ms=1, price_centi=210, ttl_ms=1_000)
    rig.both.submit(moved)
    rig.both.dry_fill(DryFill(intent_id="b", price_centi=210, size_centi=100, ts_ms=1))
    rig.both.submit(moved.cancel(intent_id="c", ts_ms=2))
    rig.both.tick(2)
    assert rig.sidecar.given == []
    assert rig.statuses()[-3:] == [
        ("b", Status.PARTIALLY_FILLED),
        ("b", Status.CANCELLED),
        ("c", Status.CANCELLED),
    ]


def test_the_limit_is_one_limit_over_both_and_counts_what_is_not_answered() -> None:
    rig = Rig(max_open_orders=2)
    router = Router(rig.both, rig.bus)
    rig.both.submit(intent("a"))
    rig.sidecar.away = "cut"
    rig.both.submit(intent("b"))
    with pytest.raises(OrderLimitError, match="2 orders stand, 2 is the most"):
        rig.both.submit(intent("c"))
    assert not router.send(intent("d"))
    rig.both.tick(1)
    refused = next(report for report in rig.heard if report.intent_id == "d")
    assert (refused.reject_code, refused.reject_class) == ("MAX_OPEN_ORDERS", "reject")


def test_a_kill_kills_both() -> None:
    rig = Rig()
    rig.both.submit(intent("a"))
    rig.sidecar.away = "cut"
    rig.both.submit(intent("b"))
    rig.both.control("kill", "test")
    rig.both.submit(intent("c"))
    rig.sidecar.come_back()
    rig.both.submit(intent("d"))
    rig.both.tick(1)
    assert [r.reject_code for r in rig.heard if r.is_terminal] == ["KILLED"] * 4


def test_a_sidecar_lost_for_good_ends_its_orders_with_what_they_had_matched() -> None:
    rig = Rig()
    rig.both.submit(intent("a"))
    rig.both.dry_fill(DryFill(intent_id="a", price_centi=200, size_centi=100, ts_ms=1))
    rig.both.tick(5)
    rig.sidecar.lost = "executor was ended by SIGKILL"
    rig.both.poll()
    rig.both.submit(intent("b"))
    rig.both.market(MARKET)
    rig.both.tick(6)
    last = rig.heard[-2]
    assert (last.intent_id, last.status, last.reject_code) == (
        "a",
        Status.CANCELLED,
        "EXECUTOR_LOST",
    )
    assert (last.size_matched_centi, last.avg_price_matched, last.ts_ms) == (100, 2.0, 5)
    assert rig.statuses()[-1] == ("b", Status.PLACED)
    assert rig.both.name == "python"


def test_orders_of_a_lost_sidecar_that_keeps_a_journal_are_not_said_to_have_ended() -> None:
    rig = Rig()
    rig.sidecar.durable = True
    rig.both.submit(intent("a"))
    rig.both.tick(1)
    rig.sidecar.lost = "killed"
    rig.both.tick(2)
    assert rig.statuses() == [("a", Status.PLACED)]


def test_limits_change_for_both_or_for_none() -> None:
    rig = Rig()
    with pytest.raises(ConfigRejectedError, match=r"limits\.max_open_orders: 0 is not"):
        rig.both.set_limits(DryRunLimits(max_open_orders=0))
    rig.both.set_limits(DryRunLimits(min_size_centi=600, min_payout_centi=2_000))
    rig.both.submit(intent("a"))
    rig.sidecar.away = "cut"
    rig.both.submit(intent("b"))
    rig.both.tick(1)
    assert [r.reject_code for r in rig.heard] == ["INVALID_BET_SIZE"] * 2


@settings(deadline=None, max_examples=150)
@given(scripts(max_steps=60), st.lists(st.booleans(), min_size=10, max_size=60))
def test_whatever_comes_and_goes_no_intent_is_at_both_and_each_ends_once(
    script: list[Step], outages: list[bool]
) -> None:
    rig = Rig(max_open_orders=4)
    router = Router(rig.both, rig.bus)
    sent: set[str] = set()
    for number, step in enumerate(script):
        if outages[number % len(outages)]:
            rig.sidecar.away = "cut"
        else:
            rig.sidecar.come_back()
        if not isinstance(step, QuoteIntent):
            say(rig.both, step)
        elif step.intent_id not in sent:
            sent.add(step.intent_id)
            router.send(step)
        assert rig.sidecar.machine.open_orders + rig.stand_in.machine.open_orders <= 4
    rig.sidecar.come_back()
    rig.both.tick(10**9)
    rig.both.poll()
    assert not set(rig.stand_in.machine._remembered) & set(rig.sidecar.given)
    ended = [report.intent_id for report in rig.heard if report.is_terminal]
    assert sorted(ended) == sorted(sent)
