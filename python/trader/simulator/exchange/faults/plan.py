"""Which fault happens when: a list of rules, the first that applies counts.

A rule names a fault, the operation it happens to (an operation of the API such as `placeOrders`,
`login`; `batch` for several calls in one; `mcm` or `ocm` for messages of the streams; `*` for all
that the fault can happen to), and when: after so many calls, so many times, between two times
since the start, with a probability. A call counts for every rule of its operation, whichever rule
it meets. Chance is drawn from the plan's own seed, so that the same calls meet the same faults.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass
from random import Random
from typing import Any, Final

import msgspec

from trader.simulator.exchange.api.errors import ANGX

LOG_MAX: Final = 10_000
RULES_MAX: Final = 1_000

API_FAULTS: Final = {
    "delay_before": "`ms` before the request is carried out",
    "delay_after": "`ms` between its being carried out and the reply (the stream tells first)",
    "reset_before": "the connection is reset, nothing is carried out",
    "reset_after": "the connection is reset after it was carried out",
    "half_reply": "half of the reply, then the connection is closed",
    "http_error": "HTTP `status` instead of the reply",
    "timeout": "status TIMEOUT after 5 s (`ms`); carried out `late_ms` after the request, or not",
    "exception": "an APINGException `code`; of the identity service a refusal with that code",
    "bet_in_progress": "every instruction BET_IN_PROGRESS",
    "session_expiry": "the session of the request ends before it",
    "malformed_json": "the reply is broken JSON",
}
STREAM_FAULTS: Final = {
    "cut": "the connection is closed without a word",
    "status_503": "status 503 on what is sent for `ms`",
    "duplicate": "the message is sent twice",
    "reorder": "the message changes places with the next one",
    "hold": "nothing is sent for `ms` (the reply tells first)",
    "malformed_line": "half of the line only",
}
STREAM_OPERATIONS: Final = ("mcm", "ocm")
ORDER_OPERATIONS: Final = ("placeOrders", "cancelOrders", "replaceOrders", "updateOrders")
"""Those that are answered with an execution report."""
IDENTITY_OPERATIONS: Final = ("certlogin", "login", "keepAlive", "logout")
API_OPERATIONS: Final = (
    *ORDER_OPERATIONS,
    *IDENTITY_OPERATIONS,
    *("listCurrentOrders", "listClearedOrders", "listMarketCatalogue", "listMarketBook"),
    *("listRunnerBook", "listMarketProfitAndLoss", "listEventTypes", "listEvents"),
    *("listMarketTypes", "listCountries", "listVenues", "listCompetitions"),
    *("getAccountFunds", "getAccountDetails", "heartbeat"),
    *("batch", "unknown"),
)
"""All that the API has, as `Api.operation` calls them; `unknown` is whatever it does not have."""
_WORD: Final = re.compile("[A-Z][A-Z0-9_]{1,63}")
ORDER_FAULTS: Final = ("timeout", "bet_in_progress")
"""Faults that are execution reports."""
LASTING_FAULTS: Final = ("delay_before", "delay_after", "status_503", "hold")
"""Faults that are nothing without `ms`."""


class FaultError(ValueError):
    """A fault that cannot be; one line that says which and why."""


class FaultRule(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One rule; see the module."""

    fault: str
    operation: str = "*"
    probability: float = 1.0
    after_calls: int = 0
    """So many calls of the operation go by first."""
    times: int | None = None
    """So often at most; None: for ever."""
    from_ms: int = 0
    until_ms: int | None = None
    """Since the venue's start."""
    ms: int = 0
    late_ms: int = 0
    status: int = 503
    code: str = "UNEXPECTED_ERROR"
    executed: bool = True
    """Whether the request is carried out all the same."""

    def happens_to(self, operation: str) -> bool:
        """Whether the rule is about this operation."""
        return self.operation in ("*", operation) and operation in _operations_of(self.fault)

    def check(self) -> None:
        """Raises `FaultError`."""
        if self.fault not in API_FAULTS and self.fault not in STREAM_FAULTS:
            known = ", ".join([*API_FAULTS, *STREAM_FAULTS])
            raise FaultError(f"no fault {self.fault!r} (there are: {known})")
        possible = _operations_of(self.fault)
        if self.operation != "*" and self.operation not in possible:
            raise FaultError(
                f"{self.fault} happens to {', '.join(possible)}, not to {self.operation!r}"
            )
        if self.fault == "exception" and not self._has_code():
            raise FaultError(f"no exception {self.code!r} (there are: {', '.join(ANGX)})")
        if not 0.0 <= self.probability <= 1.0:
            raise FaultError(f"probability is 0 to 1, not {self.probability}")
        self._check_numbers()

    def _has_code(self) -> bool:
        """Whether the code is one of the API's; the identity service has many words of its own."""
        if self.operation in IDENTITY_OPERATIONS:
            return _WORD.fullmatch(self.code) is not None
        return self.code in ANGX

    def _check_numbers(self) -> None:
        numbers = (self.after_calls, self.from_ms, self.ms, self.late_ms)
        if min(numbers) < 0:
            raise FaultError("counts and times of a fault are not below 0")
        if self.times is not None and self.times < 1:
            raise FaultError(f"times is 1 or more, not {self.times}")
        if self.until_ms is not None and self.until_ms <= self.from_ms:
            raise FaultError(f"until_ms is after from_ms ({self.from_ms}), not {self.until_ms}")
        if self.fault in LASTING_FAULTS and self.ms == 0:
            raise FaultError(f"{self.fault} lasts for ms, above 0")
        if not 400 <= self.status <= 599:
            raise FaultError(f"status is 400 to 599, not {self.status}")


def _operations_of(fault: str) -> tuple[str, ...]:
    """What a fault can happen to."""
    if fault in STREAM_FAULTS:
        return STREAM_OPERATIONS
    return ORDER_OPERATIONS if fault in ORDER_FAULTS else API_OPERATIONS


@dataclass(frozen=True, slots=True)
class DoneFault:
    """One fault that happened."""

    at_ms: int
    operation: str
    fault: str


@dataclass(slots=True)
class _Active:
    rule: FaultRule
    seen: int = 0
    done: int = 0


class FaultPlan:
    """The rules of a venue, and what they did so far."""

    def __init__(self, seed: int, start_ms: int, rules: Iterable[FaultRule] = ()) -> None:
        self.log: deque[DoneFault] = deque(maxlen=LOG_MAX)
        self._rng = Random(seed)
        self._start_ms = start_ms
        self._rules: list[_Active] = []
        self.add(rules)

    @property
    def rules(self) -> list[FaultRule]:
        """The rules in force, in their order."""
        return [active.rule for active in self._rules]

    def add(self, rules: Iterable[FaultRule]) -> None:
        """More rules, after those there are. All or none: raises `FaultError`."""
        new = list(rules)
        for rule in new:
            rule.check()
        if len(self._rules) + len(new) > RULES_MAX:
            raise FaultError(f"more than {RULES_MAX} rules")
        self._rules += [_Active(rule) for rule in new]

    def clear(self) -> None:
        """No more faults."""
        self._rules.clear()

    def choose(self, operation: str, now_ms: int) -> FaultRule | None:
        """The fault of one call of an operation, counted as done; None: it goes well."""
        if operation not in API_OPERATIONS and operation not in STREAM_OPERATIONS:
            operation = "unknown"
        since_ms = now_ms - self._start_ms
        chosen: FaultRule | None = None
        for active in self._rules:
            if not active.rule.happens_to(operation):
                continue
            active.seen += 1
            if chosen is None and self._applies(active, since_ms):
                active.done += 1
                self.log.append(DoneFault(now_ms, operation, active.rule.fault))
                chosen = active.rule
        return chosen

    def _applies(self, active: _Active, since_ms: int) -> bool:
        rule = active.rule
        if active.seen <= rule.after_calls:
            return False
        if rule.times is not None and active.done >= rule.times:
            return False
        if since_ms < rule.from_ms or (rule.until_ms is not None and since_ms >= rule.until_ms):
            return False
        return rule.probability >= 1.0 or self._rng.random() < rule.probability


def read_rules(raw: Any) -> list[FaultRule]:
    """Rules from plain data: a list, or an object with a list `faults`. Raises `FaultError`."""
    entries = raw.get("faults") if isinstance(raw, dict) else raw
    if not isinstance(entries, list):
        raise FaultError("faults are a list of rules, or an object with a list `faults`")
    rules = []
    for index, entry in enumerate(entries):
        try:
            rule = msgspec.convert(entry, FaultRule)
            rule.check()
        except (msgspec.ValidationError, FaultError) as error:
            raise FaultError(f"faults[{index}]: {error}") from None
        rules.append(rule)
    return rules
