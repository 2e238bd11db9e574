"""The bounded send queue: what was said to the executor and is not known to have been handled.

The executor handles messages strictly in order, so whatever shows that one message was handled
shows it of all before it. What shows it: any report of an intent, a report with a fill for a
DRY_FILL, CONTROL_ACK, TICK_ACK, the answer to a CONFIG. After a connection was lost and the
executor's reports were caught up with, what is left here was not handled, or had no effect and has
none when repeated; it is sent again.

Overflow: at `capacity` messages a PLACE or REPLACE is refused. Everything else (cancels, controls,
fills, ticks) has as much room again, so that a full queue does not keep an order from being
cancelled; beyond that it is refused as well. MARKET messages are not counted: with
`latest_market_only` there is at most one a market (a later one takes the place of the earlier, at
the end of the queue: what shows that an intent was handled says nothing of a MARKET sent after it),
without it they are bounded by the ticks that clear the queue.
"""

from __future__ import annotations

from collections import OrderedDict, deque
from dataclasses import dataclass
from enum import Enum
from typing import Final

from trader.execution.interfaces.executor import SendQueueFullError


class Kind(Enum):
    NEW_ORDER = 1  # PLACE, REPLACE
    CANCEL = 2
    DRY_FILL = 3
    CONTROL = 4
    MARKET = 5
    TICK = 6
    CONFIG = 7


@dataclass(slots=True)
class _Entry:
    kind: Kind
    key: str  # intent id or market id; empty for the rest
    frame: bytes


class Outbox:
    """Entries have running numbers; those below `first_number` are confirmed. One thread only."""

    def __init__(self, capacity: int, *, latest_market_only: bool) -> None:
        if capacity < 1:
            raise ValueError(f"send queue of {capacity} messages: at least 1 is needed")
        self.capacity: Final = capacity
        self._latest_market_only = latest_market_only
        self._entries: OrderedDict[int, _Entry] = OrderedDict()  # by number
        self._next_number = 0
        self._markets = 0
        self._intents: dict[str, int] = {}
        self._market_at: dict[str, int] = {}
        self._fills: dict[str, deque[int]] = {}
        self._controls: deque[int] = deque()
        self._ticks: deque[int] = deque()
        self._configs: deque[int] = deque()

    def __len__(self) -> int:
        """How many messages are not confirmed."""
        return len(self._entries)

    @property
    def first_number(self) -> int:
        """The oldest that is not confirmed; the next one's number if all are."""
        return next(iter(self._entries), self._next_number)

    @property
    def ticks(self) -> int:
        """How many of them are ticks."""
        return len(self._ticks)

    def add(self, kind: Kind, key: str, frame: bytes) -> int:
        """Notes a message; returns its number. Raises `SendQueueFullError`, see above."""
        self._check_room(kind)
        if kind is Kind.MARKET and self._latest_market_only and key in self._market_at:
            del self._entries[self._market_at[key]]
            self._markets -= 1
        number = self._next_number
        self._next_number += 1
        self._entries[number] = _Entry(kind, key, frame)
        if kind is Kind.TICK:
            self._ticks.append(number)
        elif kind in {Kind.NEW_ORDER, Kind.CANCEL}:
            self._intents.setdefault(key, number)
        elif kind is Kind.DRY_FILL:
            self._fills.setdefault(key, deque()).append(number)
        elif kind is Kind.CONTROL:
            self._controls.append(number)
        elif kind is Kind.CONFIG:
            self._configs.append(number)
        else:
            self._markets += 1
            self._market_at[key] = number
        return number

    def frames(self) -> bytes:
        """All unconfirmed messages as they go over the wire: in order.

        With `latest_market_only` the MARKETs come first, so that no order is checked against less
        than is known by now.
        """
        entries = list(self._entries.values())
        if self._latest_market_only:
            entries.sort(key=lambda entry: entry.kind is not Kind.MARKET)
        return b"".join(entry.frame for entry in entries)

    def on_report(self, intent_id: str, *, is_fill: bool) -> None:
        """A report of this intent was heard."""
        number = self._intents.get(intent_id)
        if number is not None:
            self._confirm(number)
        fills = self._fills.get(intent_id)
        if is_fill and fills:
            self._confirm(fills[0])

    def on_control_ack(self) -> None:
        if self._controls:
            self._confirm(self._controls[0])

    def on_config_answer(self) -> None:
        if self._configs:
            self._confirm(self._configs[0])

    def on_tick_ack(self) -> None:
        if self._ticks:
            self._confirm(self._ticks[0])

    def _check_room(self, kind: Kind) -> None:
        if kind is Kind.MARKET:
            return
        held = len(self._entries) - self._markets
        room = self.capacity if kind is Kind.NEW_ORDER else 2 * self.capacity
        if held >= room:
            raise SendQueueFullError(
                f"{held} messages wait for the executor, {room} is the most for {kind.name}"
            )

    def _confirm(self, number: int) -> None:
        """Everything up to and with `number` was handled."""
        while self._entries and self.first_number <= number:
            self._forget(*self._entries.popitem(last=False))

    def _forget(self, number: int, entry: _Entry) -> None:
        if entry.kind is Kind.TICK:
            self._ticks.popleft()
        elif entry.kind in {Kind.NEW_ORDER, Kind.CANCEL}:
            # The number differs when one identity was sent twice.
            if self._intents.get(entry.key) == number:
                del self._intents[entry.key]
        elif entry.kind is Kind.DRY_FILL:
            fills = self._fills[entry.key]
            fills.popleft()
            if not fills:
                del self._fills[entry.key]
        elif entry.kind is Kind.CONTROL:
            self._controls.popleft()
        elif entry.kind is Kind.CONFIG:
            self._configs.popleft()
        else:
            self._markets -= 1
            if self._market_at.get(entry.key) == number:
                del self._market_at[entry.key]
