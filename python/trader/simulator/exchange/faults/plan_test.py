"""Which fault is chosen, and which rules can be."""

from __future__ import annotations

from typing import Any

import pytest

from trader.simulator.exchange.api import Api, HttpRequest
from trader.simulator.exchange.faults import FaultError, FaultPlan, FaultRule
from trader.simulator.exchange.faults.plan import (
    API_FAULTS,
    API_OPERATIONS,
    IDENTITY_OPERATIONS,
    LASTING_FAULTS,
    LOG_MAX,
    ORDER_OPERATIONS,
    RULES_MAX,
    STREAM_FAULTS,
    STREAM_OPERATIONS,
    read_rules,
)
from trader.simulator.exchange.testing import MemoryFeed, defined
from trader.simulator.exchange.venue import Venue, VenueConfig


def rule(fault: str, operation: str = "placeOrders", **more: Any) -> FaultRule:
    return FaultRule(fault, operation, **more)


def test_chance_is_the_same_for_a_seed() -> None:
    def drawn(seed: int) -> list[bool]:
        plan = FaultPlan(seed, 0, [rule("exception", probability=0.3)])
        return [plan.choose("placeOrders", now) is not None for now in range(200)]

    assert drawn(1) == drawn(1) != drawn(2)
    assert 30 < sum(drawn(1)) < 90


def test_a_rule_has_its_time_and_its_count() -> None:
    plan = FaultPlan(
        1, 1_000, [rule("exception", after_calls=1, times=2, from_ms=10, until_ms=100)]
    )
    chosen = [plan.choose("placeOrders", at) is not None for at in (1_000, 1_005, 1_020, 1_030)]
    assert chosen == [False, False, True, True]
    assert plan.choose("placeOrders", 1_040) is None, "twice is enough"
    assert plan.choose("cancelOrders", 1_040) is None
    assert [(done.at_ms, done.fault) for done in plan.log] == [
        (1_020, "exception"),
        (1_030, "exception"),
    ]


def test_a_call_counts_for_every_rule_whichever_it_meets() -> None:
    plan = FaultPlan(1, 0, [rule("exception", times=1), rule("half_reply", after_calls=2, times=1)])
    chosen = [plan.choose("placeOrders", 0) for _ in range(4)]
    assert [None if one is None else one.fault for one in chosen] == [
        "exception",
        None,
        "half_reply",
        None,
    ]


@pytest.mark.parametrize("fault", [*API_FAULTS, *STREAM_FAULTS])
def test_every_fault_happens_to_all_of_its_kind(fault: str) -> None:
    plan = FaultPlan(1, 0, read_rules([{"fault": fault, "ms": 1}]))
    happened = {
        operation
        for operation in (*API_OPERATIONS, *STREAM_OPERATIONS)
        if plan.choose(operation, 0) is not None
    }
    if fault in STREAM_FAULTS:
        assert happened == set(STREAM_OPERATIONS)
    elif fault in ("timeout", "bet_in_progress"):
        assert happened == set(ORDER_OPERATIONS)
    else:
        assert happened == set(API_OPERATIONS)


def test_the_operations_are_those_of_the_api() -> None:
    api = Api(Venue(VenueConfig(), MemoryFeed([defined(0, image=True)])))
    betting = {name for _, name in api._operations}
    addresses = [HttpRequest("POST", f"/api/{name}", {}, b"") for name in IDENTITY_OPERATIONS]
    assert [Api.operation(request) for request in addresses] == list(IDENTITY_OPERATIONS)
    # An operation that is new in the API has to be named there too.
    assert betting | {*IDENTITY_OPERATIONS, "batch", "unknown"} == set(API_OPERATIONS)


def test_an_operation_that_nobody_knows_is_unknown() -> None:
    plan = FaultPlan(1, 0, [rule("exception", "unknown")])
    assert plan.choose("listHorses", 0) is not None
    assert [done.operation for done in plan.log] == ["unknown"]


def test_what_a_plan_remembers_has_a_limit() -> None:
    plan = FaultPlan(1, 0, [rule("exception")])
    for at_ms in range(LOG_MAX + 5):
        plan.choose("placeOrders", at_ms)
    assert (len(plan.log), plan.log[0].at_ms) == (LOG_MAX, 5)
    with pytest.raises(FaultError, match="more than 1000 rules"):
        plan.add([rule("exception")] * RULES_MAX)
    assert len(plan.rules) == 1


def test_rules_are_added_all_or_none() -> None:
    plan = FaultPlan(1, 0)
    with pytest.raises(FaultError):
        plan.add([rule("exception"), rule("teleport")])
    assert plan.rules == []


@pytest.mark.parametrize("fault", LASTING_FAULTS)
def test_a_fault_that_lasts_says_for_how_long(fault: str) -> None:
    with pytest.raises(FaultError, match=f"{fault} lasts for ms"):
        read_rules([{"fault": fault}])


@pytest.mark.parametrize(
    ("raw", "why"),
    [
        (5, "a list of rules"),
        ([{"fault": "teleport"}], "no fault 'teleport'"),
        (
            [{"fault": "timeout", "operation": "mcm"}],
            "to placeOrders, .*, not to 'mcm'",
        ),
        ([{"fault": "timeout", "operation": "login"}], "not to 'login'"),
        ([{"fault": "reset_after", "operation": "placeOrder"}], "not to 'placeOrder'"),
        ([{"fault": "cut", "operation": "placeOrders"}], "cut happens to mcm, ocm, not to"),
        ([{"fault": "timeout", "probability": 2}], "probability"),
        ([{"fault": "timeout", "ms": -1}], "not below 0"),
        ([{"fault": "timeout", "times": 0}], "times is 1 or more"),
        ([{"fault": "cut", "from_ms": 5, "until_ms": 5}], "until_ms is after from_ms"),
        ([{"fault": "exception", "code": "TOO_MANY"}], "no exception 'TOO_MANY'"),
        ([{"fault": "exception", "operation": "login", "code": "so?"}], "no exception 'so"),
        ([{"fault": "http_error", "status": 200}], "400 to 599"),
        ([{"fault": "timeout", "when": "now"}], "unknown field"),
        ([{"fault": "cut"}, {"operation": "x"}], r"faults\[1\]"),
    ],
)
def test_a_rule_that_cannot_be_says_why(raw: Any, why: str) -> None:
    with pytest.raises(FaultError, match=why):
        read_rules(raw)
