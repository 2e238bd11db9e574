"""The account's money, and the heartbeat that cancels its bets when it falls silent."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from trader.clock import Timer
from trader.simulator.exchange.api.call import Answer, Call
from trader.simulator.exchange.api.errors import ApiError
from trader.simulator.exchange.api.parameters import Heartbeat, Nothing
from trader.simulator.exchange.exposure import available_e4, exposure_e4
from trader.simulator.exchange.stream.market_view import number

if TYPE_CHECKING:
    from trader.simulator.exchange.accounts import Account
    from trader.simulator.exchange.venue import Venue

HEARTBEAT_MIN_S: Final = 10
HEARTBEAT_MAX_S: Final = 300


def get_account_funds(call: Call, wanted: Nothing, answer: Answer) -> None:
    """Answers with an AccountFundsResponse."""
    del wanted
    account = call.account
    answer(
        {
            "availableToBetBalance": number(available_e4(call.venue, account) // 100),
            "exposure": number(exposure_e4(call.venue, account) // 100),
            "retainedCommission": 0.0,
            "exposureLimit": number(-(account.config.deposit_e4 // 100)),
            "discountRate": account.config.discount_percent,
            "pointsBalance": 0,
            "wallet": "UK",
        }
    )


def get_account_details(call: Call, wanted: Nothing, answer: Answer) -> None:
    """Answers with an AccountDetailsResponse."""
    del wanted
    account = call.account
    answer(
        {
            "currencyCode": account.config.currency,
            "firstName": "Paper",
            "lastName": "Money",
            "localeCode": "en",
            "region": "GBR",
            "timezone": "Europe/London",
            "discountRate": account.config.discount_percent,
            "pointsBalance": 0,
            "countryCode": "GB",
        }
    )


class Heartbeats:
    """Accounts that asked for their LIMIT bets to be cancelled when they fall silent."""

    def __init__(self) -> None:
        self._timers: dict[str, Timer] = {}
        self._done: dict[str, str] = {}
        """Account id → what was done when it was silent, until its next heartbeat is told."""

    def heartbeat(self, call: Call, wanted: Heartbeat, answer: Answer) -> None:
        """Answers with a HeartbeatReport. 0 seconds unregisters."""
        seconds = wanted.preferredTimeoutSeconds
        if seconds < 0:
            raise ApiError("INVALID_INPUT_DATA", "preferredTimeoutSeconds is not below 0")
        account = call.account
        done = self._done.pop(account.account_id, "NONE")
        timer = self._timers.pop(account.account_id, None)
        if timer is not None:
            timer.cancel()
        actual = 0
        if seconds:
            actual = max(HEARTBEAT_MIN_S, min(seconds, HEARTBEAT_MAX_S))
            venue = call.venue
            self._timers[account.account_id] = venue.timers.after(
                actual * 1000, lambda: self._silent(venue, account)
            )
        answer({"actionPerformed": done, "actualTimeoutSeconds": actual})

    def _silent(self, venue: Venue, account: Account) -> None:
        del self._timers[account.account_id]
        left = False
        for market in venue.markets.values():
            for bet in list(market.live.values()):
                if bet.account_id != account.account_id or bet.order_type != "LIMIT":
                    continue
                if market.status == "OPEN":
                    venue.cancel(bet)
                else:
                    left = True
        self._done[account.account_id] = "SOME_BETS_NOT_CANCELLED" if left else "ALL_BETS_CANCELLED"
        venue.flush()
