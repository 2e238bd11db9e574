"""The dry-run machine: the vectors both languages run, and what always holds."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings

from trader.execution.executor_py import machine as machine_module
from trader.execution.executor_py.machine import DryRunMachine
from trader.execution.interfaces.executor import DryRunLimits
from trader.execution.interfaces.intents import Action, QuoteIntent
from trader.execution.interfaces.messages import (
    Control,
    ControlAction,
    DryFill,
    Ladder,
    MarketState,
    MarketStatus,
    decode,
)
from trader.execution.interfaces.reports import ExecutionReport, Status
from trader.execution.scripts_for_tests import Advance, Step, intent, scripts
from trader.execution.testing import load_vectors

VECTORS = load_vectors("machine")


def run(machine: DryRunMachine, script: list[Step]) -> list[ExecutionReport]:
    reports: list[ExecutionReport] = []
    for step in script:
        if isinstance(step, Advance):
            reports += machine.advance(step.ts_ms)
        else:
            reports += machine.handle(step)
    return reports


@pytest.mark.parametrize("name", VECTORS)
def test_vector(name: str) -> None:
    vector = VECTORS[name]
    machine = DryRunMachine(DryRunLimits(**vector["config"]), vector["clock_ms"])
    for number, step in enumerate(vector["steps"]):
        given_step = step["in"]
        if "advance_ms" in given_step:
            reports = machine.advance(given_step["advance_ms"])
        else:
            message: Any = decode(msgspec.json.encode(given_step))
            reports = machine.handle(message)
        got = [msgspec.json.decode(report.to_wire()) for report in reports]
        for report in got:
            del report["latency"]
        assert got == step["reports"], f"step {number} of {vector['clause']}: {given_step}"


@settings(deadline=None)
@given(scripts())
def test_seq_is_gap_free_and_time_does_not_go_back(script: list[Step]) -> None:
    reports = run(DryRunMachine(DryRunLimits(max_open_orders=3)), script)
    assert [report.seq for report in reports] == list(range(1, len(reports) + 1))
    assert all(a.ts_ms <= b.ts_ms for a, b in pairwise(reports))


@settings(deadline=None)
@given(scripts())
def test_each_intent_ends_at_most_once_and_says_nothing_afterwards(script: list[Step]) -> None:
    ended: set[str] = set()
    for report in run(DryRunMachine(DryRunLimits()), script):
        assert report.intent_id not in ended
        if report.is_terminal:
            ended.add(report.intent_id)
            assert report.size_remaining_centi == 0


@settings(deadline=None)
@given(scripts())
def test_every_intent_is_answered_and_all_end_when_all_time_is_over(script: list[Step]) -> None:
    machine = DryRunMachine(DryRunLimits())
    reports = run(machine, [*script, Advance(10**12)])
    sent = {step.intent_id for step in script if isinstance(step, QuoteIntent)}
    assert {report.intent_id for report in reports if report.is_terminal} == sent
    assert machine.open_orders == 0


@settings(deadline=None)
@given(scripts())
def test_what_is_matched_is_what_was_filled(script: list[Step]) -> None:
    filled: dict[str, int] = {}
    for report in run(DryRunMachine(DryRunLimits()), script):
        filled.setdefault(report.intent_id, 0)
        filled[report.intent_id] += sum(round(event.size * 100) for event in report.fill_events)
        assert report.size_matched_centi == filled[report.intent_id]
        assert (report.avg_price_matched is None) == (report.size_matched_centi == 0)


@settings(deadline=None)
@given(scripts())
def test_a_script_said_twice_makes_no_order_twice(script: list[Step]) -> None:
    """Intents are repeated after a reconnect; nothing may come of the repetition."""
    intents: list[Step] = [step for step in script if isinstance(step, QuoteIntent)]
    machine = DryRunMachine(DryRunLimits())
    once = run(machine, intents)
    assert once
    assert run(machine, intents) == []
    assert machine.duplicates >= len(intents)


def test_limit_of_open_orders_holds() -> None:
    machine = DryRunMachine(DryRunLimits(max_open_orders=2))
    reports = run(machine, [intent(f"i{n}") for n in range(4)])
    assert [r.reject_code for r in reports] == [None, None, "MAX_OPEN_ORDERS", "MAX_OPEN_ORDERS"]
    assert machine.open_orders == 2


def test_ended_orders_with_far_deadlines_do_not_pile_up() -> None:
    machine = DryRunMachine(DryRunLimits())
    for number in range(2_000):
        machine.handle(order := intent(f"i{number}", ttl_ms=10**9))
        machine.handle(order.cancel(intent_id=f"c{number}", ts_ms=0))
    assert len(machine._deadlines) < 200


def test_average_is_by_size() -> None:
    machine = DryRunMachine(DryRunLimits())
    machine.handle(intent("a", size_centi=300))
    for price, size in ((200, 100), (300, 200)):
        reports = machine.handle(
            DryFill(intent_id="a", price_centi=price, size_centi=size, ts_ms=0)
        )
    assert reports[0].status is Status.FILLED
    assert reports[0].avg_price_matched == (200 * 100 + 300 * 200) / 300 / 100


def test_earlier_time_is_ignored() -> None:
    machine = DryRunMachine(DryRunLimits(), 1_000)
    assert machine.advance(999) == []
    assert machine.now_ms == 1_000


def test_markets_are_bounded_but_those_with_orders_stay(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(machine_module, "MAX_MARKETS", 2)
    machine = DryRunMachine(DryRunLimits())

    def suspend(market_id: str) -> MarketState:
        return MarketState(
            market_id=market_id,
            status=MarketStatus.SUSPENDED,
            in_play=False,
            version=1,
            bet_delay=0,
            ladder=Ladder.CLASSIC,
            runners=(),
            winners=1,
            event_type_id=None,
        )

    machine.handle(intent("a", market_id="1.1"))
    for number in range(1, 5):
        machine.handle(suspend(f"1.{number}"))
    codes = [
        machine.handle(intent(f"b{number}", market_id=f"1.{number}"))[0].reject_code
        for number in range(1, 5)
    ]
    assert codes == ["MARKET_NOT_OPEN", None, None, "MARKET_NOT_OPEN"]


def test_kill_refuses_until_resume() -> None:
    machine = DryRunMachine(DryRunLimits())
    machine.handle(intent("a"))
    killed = machine.handle(Control(action=ControlAction.KILL, reason="test"))
    assert [(r.status, r.reject_code) for r in killed] == [(Status.CANCELLED, "KILLED")]
    assert machine.handle(intent("b"))[0].reject_code == "KILLED"
    machine.handle(Control(action=ControlAction.RESUME, reason="test"))
    assert machine.handle(intent("c"))[0].status is Status.PLACED
    assert machine.handle(intent("c", action=Action.PLACE)) == []
