"""What the account says is held against the configuration. The whole way is in tests/live."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any, cast

import pytest

from trader.doctor import venue
from trader.doctor.findings import Finding, Mark
from trader.doctor.testing import only, subject_of
from trader.execution.executor_py.venue_client import VenueClient, VenueError

FUNDS = {"availableToBetBalance": 9_000.0, "exposure": -12.5}


class Account:
    """A client that is logged in; `broken` is raised whatever is asked."""

    def __init__(self, currency: str, funds: Any, broken: Exception | None = None) -> None:
        self._currency, self._funds, self._broken = currency, funds, broken
        account = SimpleNamespace(get_account_funds=lambda: funds)
        betting = SimpleNamespace(list_market_catalogue=lambda **_: [])
        self.api = SimpleNamespace(account=account, betting=betting)

    def currency(self) -> str:
        if self._broken is not None:
            raise self._broken
        return self._currency

    def listing(self, call: Callable[..., Any], **named: Any) -> Any:
        if self._broken is not None:
            raise self._broken
        return call(**named)


def account(client: Account, *overrides: str) -> Finding:
    subject = subject_of(*overrides)
    subject.visit.client = cast(VenueClient, client)
    return only(venue.account(subject))


def test_funds_and_currency_are_told() -> None:
    found = account(Account("GBP", FUNDS), "betfair.currency=GBP")
    assert found.mark is Mark.OK
    assert found.found == "GBP, 9000.00 to bet with, 12.50 at risk"


def test_another_currency_than_the_configured_one_fails() -> None:
    found = account(Account("EUR", FUNDS), "betfair.currency=GBP")
    assert found.mark is Mark.FAIL
    assert found.found == "is in EUR, betfair.currency says GBP"


def test_another_currency_than_the_streams_is_warned_of() -> None:
    found = account(Account("EUR", FUNDS))
    assert found.mark is Mark.WARN
    assert "stream are in GBP" in found.found


def test_less_money_than_may_be_at_risk_is_warned_of() -> None:
    found = account(Account("GBP", FUNDS), "risk.max_exposure=9000.01")
    assert found.mark is Mark.WARN
    assert account(Account("GBP", FUNDS), "risk.max_exposure=9000").mark is Mark.OK


@pytest.mark.parametrize(
    "client",
    [
        Account("GBP", FUNDS, VenueError("ACCESS_DENIED")),
        Account("GBP", {}),
        Account("GBP", {"availableToBetBalance": None, "exposure": 0}),
    ],
)
def test_funds_that_cannot_be_read_fail(client: Account) -> None:
    assert account(client).mark is Mark.FAIL


def test_no_market_is_a_warning_and_then_nothing_is_subscribed_to() -> None:
    subject = subject_of()
    subject.visit.client = cast(VenueClient, Account("GBP", FUNDS))
    assert only(venue.catalogue(subject)).mark is Mark.WARN
    found = only(venue.stream(subject))
    assert found.mark is Mark.WARN
    assert "not subscribed" in found.found


@pytest.mark.parametrize(
    ("ahead_ms", "mark"),
    [
        (0.0, Mark.OK),
        (1_499.0, Mark.OK),
        (-1_500.0, Mark.WARN),
        (9_999.0, Mark.WARN),
        (-10_000.0, Mark.FAIL),
        (240_000.0, Mark.FAIL),
    ],
)
def test_the_clock_is_judged_by_the_smallest_difference(ahead_ms: float, mark: Mark) -> None:
    subject = subject_of()
    subject.visit.clock_ahead_ms = {"a": ahead_ms, "b": -300_000.0}
    found = only(venue.clock(subject))
    assert found.mark is mark
    assert found.found.endswith("by a")
