"""What an operation knows of its caller, and what the API counts of callers."""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from trader.clock import Timer
from trader.simulator.exchange.accounts import Account, Session
from trader.simulator.exchange.api.errors import ApiError

if TYPE_CHECKING:
    from trader.simulator.exchange.venue import Venue

REF_WINDOW_MS: Final = 60_000
INSTRUCTIONS_A_SECOND_MAX: Final = 1_000
HOUR_MS: Final = 3_600_000

Answer: TypeAlias = Callable[[Any], None]
"""Takes an operation's result; called once."""
Refuse: TypeAlias = Callable[[ApiError], None]
"""Takes why there is no result, in the place of an `Answer`."""

_log: Final = logging.getLogger("trader.exchange")


@dataclass(slots=True)
class Traffic:
    """What one account has sent."""

    second: int = 0
    in_second: int = 0
    hour: int = 0
    transactions: int = 0
    """Bets placed and failed transactions of the clock hour, as the venue charges them."""
    refs: dict[str, int] = field(default_factory=dict)
    """customerRef → until when a repeat is known."""
    refs_by_age: deque[tuple[int, str]] = field(default_factory=deque)


@dataclass(slots=True)
class Call:
    """One operation's surroundings."""

    venue: Venue
    session: Session
    traffic: Traffic
    refuse: Refuse
    """For what goes wrong later: what goes wrong at once is raised."""
    has_delayed_key: bool = False
    """The application key is one for delayed data; no bets are placed with it."""

    @property
    def account(self) -> Account:
        return self.session.account

    def later(self, delay_ms: int, act: Callable[[], None]) -> Timer:
        """Does `act` when `delay_ms` of the venue's time has passed. Whatever it raises refuses
        the call: timers are no place for exceptions, and somebody waits for the reply."""

        def act_then() -> None:
            try:
                act()
            except ApiError as error:
                self.refuse(error)
            except Exception:
                _log.exception("a call failed after its delay")
                self.refuse(ApiError("UNEXPECTED_ERROR", "the call failed after its delay"))

        return self.venue.timers.after(delay_ms, act_then)

    def check_room(self, count: int) -> None:
        """Raises `ApiError` where the venue has no room for so many more bets."""
        if len(self.venue.bets) + count > self.venue.config.bets_max:
            raise ApiError("UNEXPECTED_ERROR", "the exchange holds as many bets as it may")

    def count_instructions(self, count: int) -> None:
        """Raises `ApiError` where the account sends more than it may in a second."""
        traffic, second = self.traffic, self.venue.now_ms // 1000
        traffic.in_second = traffic.in_second + count if traffic.second == second else count
        traffic.second = second
        if traffic.in_second > INSTRUCTIONS_A_SECOND_MAX:
            raise ApiError("TOO_MANY_REQUESTS", "more than 1,000 instructions in a second")

    def count_transactions(self, count: int) -> None:
        """Counts what the venue charges beyond 5,000 in a clock hour."""
        traffic, hour = self.traffic, self.venue.now_ms // HOUR_MS
        traffic.transactions = traffic.transactions + count if traffic.hour == hour else count
        traffic.hour = hour

    def is_repeat(self, ref: str) -> bool:
        """Whether a customerRef was sent within the window; it is remembered from now on."""
        traffic, now_ms = self.traffic, self.venue.now_ms
        while traffic.refs_by_age and traffic.refs_by_age[0][0] <= now_ms:
            del traffic.refs[traffic.refs_by_age.popleft()[1]]
        if ref in traffic.refs:
            return True
        traffic.refs[ref] = now_ms + REF_WINDOW_MS
        traffic.refs_by_age.append((now_ms + REF_WINDOW_MS, ref))
        return False
