"""The executor through what goes wrong at a venue: each kind of fault in each operation, and kills
in the midst of it."""

from __future__ import annotations

import random

import pytest

from tests.faults.busy import SEED, busy, one_of_each
from tests.faults.desk import DESKS, Desk, desk
from trader.simulator.exchange.faults import FaultRule

OPERATIONS = ("placeOrders", "replaceOrders", "cancelOrders")
FAULTS: dict[str, dict[str, object]] = {
    "slow request": {"fault": "delay_before", "ms": 300},
    "slow reply": {"fault": "delay_after", "ms": 300},
    "no reply in time": {"fault": "delay_after", "ms": 3_000},
    "reset before": {"fault": "reset_before"},
    "reset after": {"fault": "reset_after"},
    "half a reply": {"fault": "half_reply"},
    "500, done": {"fault": "http_error", "status": 500, "executed": True},
    "503, not done": {"fault": "http_error", "status": 503, "executed": False},
    "429": {"fault": "http_error", "status": 429, "executed": False},
    "TIMEOUT, done late": {"fault": "timeout", "ms": 200, "late_ms": 300},
    "TIMEOUT, not done": {"fault": "timeout", "ms": 200, "executed": False},
    "busy": {"fault": "exception", "code": "SERVICE_BUSY"},
    "too many": {"fault": "exception", "code": "TOO_MANY_REQUESTS"},
    "unexpected, done": {"fault": "exception", "code": "UNEXPECTED_ERROR", "executed": True},
    "in progress, done": {"fault": "bet_in_progress", "executed": True},
    "in progress, not done": {"fault": "bet_in_progress", "executed": False},
    "session over": {"fault": "session_expiry"},
    "garbage, done": {"fault": "malformed_json", "executed": True},
}
STREAM_FAULTS: dict[str, dict[str, object]] = {
    "cut": {"fault": "cut"},
    "503": {"fault": "status_503", "ms": 300},
    "twice": {"fault": "duplicate"},
    "out of order": {"fault": "reorder"},
    "late": {"fault": "hold", "ms": 300},
    "half a line": {"fault": "malformed_line"},
}


def rule(fields: dict[str, object], operation: str, times: int) -> FaultRule:
    return FaultRule(operation=operation, times=times, **fields)  # type: ignore[arg-type]


@pytest.mark.parametrize("operation", OPERATIONS)
@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("backend", DESKS)
def test_a_fault_in_a_request(backend: str, fault: str, operation: str) -> None:
    with DESKS[backend](rule(FAULTS[fault], operation, 1)) as trading:
        through(trading)


@pytest.mark.parametrize("fault", STREAM_FAULTS)
@pytest.mark.parametrize("backend", DESKS)
def test_a_fault_in_the_order_stream(backend: str, fault: str) -> None:
    with DESKS[backend](rule(STREAM_FAULTS[fault], "ocm", 3)) as trading:
        through(trading)


@pytest.mark.parametrize("fault", FAULTS | STREAM_FAULTS)
def test_killed_in_the_midst_of_a_fault(fault: str) -> None:
    fields = FAULTS.get(fault)
    rules = (
        [rule(fields, operation, 3) for operation in OPERATIONS]
        if fields is not None
        else [rule(STREAM_FAULTS[fault], "ocm", 5)]
    )
    rng = random.Random(f"{SEED} {fault}")
    with desk(*rules) as trading:
        for _ in range(3):
            trading.wait_until_ready()
            busy(trading, rng, rng.uniform(0.0, 0.2))
            trading.sidecar.kill()
            trading.sidecar.start()
        trading.close_down()


def through(trading: Desk) -> None:
    one_of_each(trading)
    trading.close_down()
    assert trading.scene.faults() > 0, "the fault happened"
