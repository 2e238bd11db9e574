"""The judge finds what it is there for."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.faults.judge import judge
from trader.execution.interfaces.intents import Action, QuoteIntent
from trader.execution.interfaces.reports import ExecutionReport, Status
from trader.execution.scripts_for_tests import intent

Story = tuple[dict[str, QuoteIntent], list[ExecutionReport], list[dict[str, Any]]]


def report(seq: int, name: str, status: Status, **more: Any) -> ExecutionReport:
    return ExecutionReport.new(
        seq=seq,
        intent_id=name,
        ts_ms=0,
        action=Action.PLACE,
        status=status,
        dry_run=False,
        **more,
    )


def bet(number: str, ref: str, **more: Any) -> dict[str, Any]:
    return {"id": number, "ref": ref, "remaining": 0, "matched": 0, "size": 500} | more


def story() -> Story:
    """Two orders: one cancelled, one moved."""
    first = intent("a")
    moved = intent("b").replace(intent_id="c", ts_ms=0, price_centi=210, ttl_ms=1)
    intents = {"a": first, "b": intent("b"), "c": moved}
    reports = [
        report(1, "a", Status.PLACED, bet_id="1"),
        report(2, "a", Status.CANCELLED, bet_id="1", size_matched_centi=100),
        report(3, "b", Status.REPLACED, bet_id="2"),
        report(4, "c", Status.CANCELLED, bet_id="3"),
    ]
    return intents, reports, [bet("1", "a", matched=100), bet("2", "b"), bet("3", "b")]


def test_a_true_story_is_taken() -> None:
    assert judge(*story()).problems == []


def _no_end(told: Story) -> None:
    del told[1][3]


def _two_ends(told: Story) -> None:
    told[1].append(report(5, "c", Status.CANCELLED, bet_id="3"))


def _gap(told: Story) -> None:
    told[1].append(report(9, "x", Status.PLACED))


def _another_bet(told: Story) -> None:
    told[2].append(bet("4", "a"))


def _bet_is_missing(told: Story) -> None:
    del told[2][0]


def _matched_otherwise(told: Story) -> None:
    told[2][0]["matched"] = 200


def _still_rests(told: Story) -> None:
    told[2][1]["remaining"] = 100


def _one_bet_for_two(told: Story) -> None:
    told[1][3] = report(4, "c", Status.CANCELLED, bet_id="2")


@pytest.mark.parametrize(
    "lie",
    [
        _no_end,
        _two_ends,
        _gap,
        _another_bet,
        _bet_is_missing,
        _matched_otherwise,
        _still_rests,
        _one_bet_for_two,
    ],
)
def test_a_story_that_is_not_true_is_found(lie: Callable[[Story], None]) -> None:
    told = story()
    lie(told)
    assert judge(*told).problems


def test_a_late_bet_that_was_taken_away_again_is_no_duplicate_and_one_that_matched_is() -> None:
    intents, reports, bets = story()
    intents["d"] = intent("d")
    reports.append(report(5, "d", Status.REJECTED, reject_code="NOT_PLACED"))
    bets.append(bet("9", "d"))
    assert judge(intents, reports, bets).problems == []
    bets[-1]["matched"] = 100
    assert judge(intents, reports, bets).duplicates
