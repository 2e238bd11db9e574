"""Which fault happens when: a list of rules, the first that applies counts.

A rule names a fault, the operation it happens to (an operation of the API such as `placeOrders`,
`login`; `mcm` or `ocm` for messages of the streams; `*` for all of the fault's kind), and when:
after so many calls, so many times, between two times since the start, with a probability. Chance
is drawn from the plan's own seed, so that the same calls meet the same faults.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass
from random import Random
from typing import Any, Final

import msgspec

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
    "exception": "an APINGException `code`",
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

    def check(self) -> None:
        """Raises `FaultError`."""
        if self.fault not in API_FAULTS and self.fault not in STREAM_FAULTS:
            known = ", ".join([*API_FAULTS, *STREAM_FAULTS])
            raise FaultError(f"no fault {self.fault!r} (there are: {known})")
        on_stream = self.operation in STREAM_OPERATIONS
        if on_stream and self.fault not in STREAM_FAULTS:
            raise FaultError(f"{self.fault} is no fault of a stream, {self.operation} is one")
        if not on_stream and self.operation != "*" and self.fault in STREAM_FAULTS:
            raise FaultError(f"{self.fault} happens to mcm or ocm, not to {self.operation}")
        if not 0.0 <= self.probability <= 1.0:
            raise FaultError(f"probability is 0 to 1, not {self.probability}")
        numbers = (self.after_calls, self.times or 0, self.from_ms, self.ms, self.late_ms)
        if min(numbers) < 0:
            raise FaultError("counts and times of a fault are not below 0")
        if not 400 <= self.status <= 599:
            raise FaultError(f"status is 400 to 599, not {self.status}")


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
        faults = STREAM_FAULTS if operation in STREAM_OPERATIONS else API_FAULTS
        since_ms = now_ms - self._start_ms
        for active in self._rules:
            rule = active.rule
            if rule.fault not in faults or rule.operation not in ("*", operation):
                continue
            active.seen += 1
            if not self._applies(active, since_ms):
                continue
            active.done += 1
            self.log.append(DoneFault(now_ms, operation, rule.fault))
            return rule
        return None

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
