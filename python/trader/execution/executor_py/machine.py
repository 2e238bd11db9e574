"""The dry-run machine: pure, no I/O and no clock of its own.

It does what the Rust machine does, report for report; both run the scripts in
`proto_wire/machine`. `handle` takes what the trader says, `advance` the time.
"""

from __future__ import annotations

import heapq
from collections import deque
from dataclasses import dataclass
from typing import Final, TypeAlias

from trader.betfair import ladder
from trader.execution.interfaces.executor import DryRunLimits
from trader.execution.interfaces.intents import (
    Action,
    Persistence,
    QuoteIntent,
    Side,
    TimeInForce,
)
from trader.execution.interfaces.messages import (
    Control,
    ControlAction,
    DryFill,
    Ladder,
    MarketState,
    MarketStatus,
    RunnerStatus,
)
from trader.execution.interfaces.reports import ExecutionReport, FillEvent, Status

# The market heard of first is forgotten beyond this, unless it has open orders.
MAX_MARKETS: Final = 20_000
_DEADLINES_SPARE: Final = 100

MachineInput: TypeAlias = QuoteIntent | MarketState | DryFill | Control


@dataclass(slots=True)
class _Order:
    """A resting order. `value_e4` is the sum of price times size matched, both in hundredths."""

    number: int  # rises with placing
    intent_id: str
    action: Action
    market_id: str
    runner: tuple[int, int]  # selection id, handicap in hundredths
    side: Side
    persistence: Persistence
    price_centi: int
    remaining_centi: int
    deadline_ms: int
    placed_ms: int
    fill_or_kill: bool
    matched_centi: int = 0
    value_e4: int = 0

    @property
    def avg_price(self) -> float | None:
        return self.value_e4 / self.matched_centi / 100 if self.matched_centi else None


@dataclass(slots=True)
class _Market:
    state: MarketState
    runners: dict[tuple[int, int], RunnerStatus]


@dataclass(frozen=True, slots=True)
class _Refusal:
    code: str
    reject_class: str = "reject"
    status: Status = Status.REJECTED


class DryRunMachine:
    """Orders that rest until the simulator fills them, the trader ends them, or time does.

    `seq` of reports is gap-free from 1; their `ts_ms` is the machine's now.
    """

    def __init__(self, limits: DryRunLimits, now_ms: int = 0) -> None:
        self._limits = limits
        self.now_ms = now_ms
        self._next_seq = 1
        self._next_number = 0
        self._orders: dict[str, _Order] = {}  # in placing order
        self._deadlines: list[tuple[int, int, str]] = []  # (deadline, number, intent id)
        self._fill_or_kill: dict[str, None] = {}
        self._markets: dict[str, _Market] = {}
        self._remembered: set[str] = set()
        self._remembered_order: deque[str] = deque()
        self.killed = False
        self.duplicates = 0
        self.ttl_prevented = 0
        self.ignored_fills = 0

    @property
    def open_orders(self) -> int:
        return len(self._orders)

    def has(self, intent_id: str | None) -> bool:
        """Whether an order of this name stands."""
        return intent_id in self._orders

    @property
    def next_seq(self) -> int:
        """The number the next new report will have."""
        return self._next_seq

    def handle(self, message: MachineInput) -> list[ExecutionReport]:
        """The reports a message causes, in order."""
        if isinstance(message, QuoteIntent):
            return self._on_intent(message)
        if isinstance(message, DryFill):
            return self._on_fill(message)
        if isinstance(message, MarketState):
            return self._on_market(message)
        return self._on_control(message)

    def set_limits(self, limits: DryRunLimits) -> None:
        """Keeps to other limits from now on. What stands stays, also above a lower limit."""
        self._limits = limits
        self._forget()

    def advance(self, now_ms: int) -> list[ExecutionReport]:
        """The reports that time causes. A time in the past is ignored.

        FILL_OR_KILL orders placed before now go first, then those whose deadline has come, in
        order of deadline and then of placing.
        """
        self.now_ms = max(self.now_ms, now_ms)
        reports = [
            self._end(self._orders[intent_id], Status.EXPIRED, "FOK_KILLED")
            for intent_id in list(self._fill_or_kill)
            if self._orders[intent_id].placed_ms < self.now_ms
        ]
        while self._deadlines and self._deadlines[0][0] <= self.now_ms:
            order = self._orders.get(heapq.heappop(self._deadlines)[2])
            if order is not None:
                reports.append(self._end(order, Status.EXPIRED, "TTL_EXPIRED"))
        return reports

    # --- intents ---

    def _on_intent(self, intent: QuoteIntent) -> list[ExecutionReport]:
        if not self._remember(intent.intent_id):
            self.duplicates += 1
            return []
        if intent.action is Action.CANCEL:
            return self._cancel(intent)
        refusal = self._check(intent)
        if intent.action is Action.REPLACE:
            return self._replace(intent, refusal)
        refusal = refusal or self._check_new(intent)
        if refusal is not None:
            return [self._refuse(intent, refusal)]
        return [self._place(intent, self._order_of(intent))]

    def _remember(self, intent_id: str) -> bool:
        """Whether an intent is new. Open orders are known however many intents came since."""
        if intent_id in self._remembered or intent_id in self._orders:
            return False
        self._remembered.add(intent_id)
        self._remembered_order.append(intent_id)
        self._forget()
        return True

    def _forget(self) -> None:
        """Of the identities seen, the oldest that are too many."""
        while len(self._remembered) > self._limits.max_remembered_intents:
            self._remembered.remove(self._remembered_order.popleft())

    def _check(self, intent: QuoteIntent) -> _Refusal | None:
        """What PLACE and REPLACE have in common, in this order."""
        if self.now_ms > intent.deadline_ms:
            self.ttl_prevented += 1
            return _Refusal("TTL_PREVENTED", status=Status.EXPIRED)
        if self.killed:
            return _Refusal("KILLED", "halt")
        market = self._markets.get(intent.market_id)
        if market is not None and market.state.status is not MarketStatus.OPEN:
            return _Refusal("MARKET_NOT_OPEN")
        runners = market.runners if market is not None else {}
        if _is_gone(runners.get((intent.selection_id, intent.handicap_centi))):
            return _Refusal("RUNNER_REMOVED")
        kind = market.state.ladder if market is not None else Ladder.CLASSIC
        return None if _on_ladder(intent.price_centi, kind) else _Refusal("INVALID_ODDS")

    def _check_new(self, intent: QuoteIntent) -> _Refusal | None:
        """What only a PLACE is asked, after `_check`."""
        limits = self._limits
        payout_e4 = intent.price_centi * intent.size_centi
        too_small = intent.size_centi < limits.min_size_centi
        if too_small and payout_e4 < limits.min_payout_centi * 100:
            return _Refusal("INVALID_BET_SIZE")
        market = self._markets.get(intent.market_id)
        known = market.state.version if market is not None else None
        if (
            known is not None
            and intent.market_version is not None
            and intent.market_version < known
        ):
            return _Refusal("INVALID_MARKET_VERSION")
        if len(self._orders) >= limits.max_open_orders:
            return _Refusal("MAX_OPEN_ORDERS")
        return None

    def _order_of(self, intent: QuoteIntent) -> _Order:
        return _Order(
            number=self._next_number,
            intent_id=intent.intent_id,
            action=intent.action,
            market_id=intent.market_id,
            runner=(intent.selection_id, intent.handicap_centi),
            side=intent.side,
            persistence=intent.persistence,
            price_centi=intent.price_centi,
            remaining_centi=intent.size_centi,
            deadline_ms=intent.deadline_ms,
            placed_ms=self.now_ms,
            fill_or_kill=intent.time_in_force is TimeInForce.FILL_OR_KILL,
        )

    def _place(self, intent: QuoteIntent, order: _Order) -> ExecutionReport:
        self._next_number += 1
        self._orders[intent.intent_id] = order
        if len(self._deadlines) > _DEADLINES_SPARE + 2 * len(self._orders):
            # Those of ended orders stay behind; without this they would pile up until their time.
            self._deadlines = [d for d in self._deadlines if d[2] in self._orders]
            heapq.heapify(self._deadlines)
        heapq.heappush(self._deadlines, (order.deadline_ms, order.number, order.intent_id))
        if order.fill_or_kill:
            self._fill_or_kill[intent.intent_id] = None
        return self._report(order, Status.PLACED)

    def _cancel(self, intent: QuoteIntent) -> list[ExecutionReport]:
        """Ends the target, then the cancel itself. No deadline, market or kill stops it."""
        target = self._orders.get(intent.target_intent_id or "")
        if target is None:
            return [self._refuse(intent, _Refusal("TARGET_GONE", "gone"))]
        if intent.size_centi != 0:
            return [self._refuse(intent, _Refusal("UNSUPPORTED_SIZE_REDUCTION"))]
        return [
            self._end(target, Status.CANCELLED),
            self._answer(intent, Status.CANCELLED),
        ]

    def _replace(self, intent: QuoteIntent, refusal: _Refusal | None) -> list[ExecutionReport]:
        """Ends the target and opens the replace intent with what remained, at the new price."""
        target = self._orders.get(intent.target_intent_id or "")
        if refusal is not None:
            return [self._refuse(intent, refusal)]
        if target is None:
            return [self._refuse(intent, _Refusal("TARGET_GONE", "gone"))]
        order = self._order_of(intent)
        if (order.market_id, order.runner, order.side) != (
            target.market_id,
            target.runner,
            target.side,
        ):
            return [self._refuse(intent, _Refusal("TARGET_MISMATCH"))]
        if intent.size_centi != 0:
            return [self._refuse(intent, _Refusal("REPLACE_CHANGES_SIZE"))]
        if intent.price_centi == target.price_centi:
            return [self._refuse(intent, _Refusal("NO_ACTION_REQUIRED"))]
        order.persistence = target.persistence
        order.remaining_centi = target.remaining_centi
        order.fill_or_kill = target.fill_or_kill
        return [self._end(target, Status.REPLACED), self._place(intent, order)]

    # --- what happens to resting orders ---

    def _on_fill(self, fill: DryFill) -> list[ExecutionReport]:
        """A fill of what is resting, cut to what remains; one for no such order is counted."""
        order = self._orders.get(fill.intent_id)
        if order is None:
            self.ignored_fills += 1
            return []
        size_centi = min(fill.size_centi, order.remaining_centi)
        order.remaining_centi -= size_centi
        order.matched_centi += size_centi
        order.value_e4 += fill.price_centi * size_centi
        events = (FillEvent(fill.price_centi / 100, size_centi / 100, fill.ts_ms),)
        if order.remaining_centi > 0:
            return [self._report(order, Status.PARTIALLY_FILLED, events=events)]
        return [self._end(order, Status.FILLED, events=events)]

    def _on_market(self, state: MarketState) -> list[ExecutionReport]:
        """A market's new state; orders lapse when it closes, turns in-play or loses a runner."""
        before = self._markets.get(state.market_id)
        runners = {(r.selection_id, r.handicap_centi): r.status for r in state.runners}
        self._markets[state.market_id] = _Market(state, runners)
        self._trim_markets()
        turned = before is not None and not before.state.in_play and state.in_play
        mine = [order for order in self._orders.values() if order.market_id == state.market_id]
        if state.status is MarketStatus.CLOSED:
            return [self._end(order, Status.LAPSED, "MARKET_CLOSED") for order in mine]
        lapse = [o for o in mine if turned and o.persistence is Persistence.LAPSE]
        reports = [self._end(order, Status.LAPSED, "IN_PLAY") for order in lapse]
        gone = [o for o in mine if _is_gone(runners.get(o.runner)) and o.intent_id in self._orders]
        return reports + [self._end(order, Status.LAPSED, "RUNNER_REMOVED") for order in gone]

    def _trim_markets(self) -> None:
        """Forgets markets over the limit, in the order they were first heard of."""
        for _ in range(len(self._markets) - MAX_MARKETS):
            market_id = next(iter(self._markets))
            market = self._markets.pop(market_id)
            if any(order.market_id == market_id for order in self._orders.values()):
                self._markets[market_id] = market

    def _on_control(self, control: Control) -> list[ExecutionReport]:
        if control.action is ControlAction.RESUME:
            self.killed = False
            return []
        code = "CANCEL_ALL"
        if control.action is ControlAction.KILL:
            self.killed = True
            code = "KILLED"
        return [self._end(order, Status.CANCELLED, code) for order in list(self._orders.values())]

    # --- reports ---

    def _end(
        self,
        order: _Order,
        status: Status,
        code: str | None = None,
        events: tuple[FillEvent, ...] = (),
    ) -> ExecutionReport:
        """Takes an order off the book with its terminal report; matched totals stay."""
        del self._orders[order.intent_id]
        self._fill_or_kill.pop(order.intent_id, None)
        order.remaining_centi = 0
        return self._report(order, status, code=code, events=events)

    def _report(
        self,
        order: _Order,
        status: Status,
        code: str | None = None,
        events: tuple[FillEvent, ...] = (),
    ) -> ExecutionReport:
        return ExecutionReport.new(
            seq=self._take_seq(),
            intent_id=order.intent_id,
            ts_ms=self.now_ms,
            action=order.action,
            status=status,
            dry_run=True,
            fill_events=events,
            size_remaining_centi=order.remaining_centi,
            size_matched_centi=order.matched_centi,
            avg_price_matched=order.avg_price,
            reject_code=code,
        )

    def _refuse(self, intent: QuoteIntent, refusal: _Refusal) -> ExecutionReport:
        return self._answer(intent, refusal.status, refusal.code, refusal.reject_class)

    def _answer(
        self,
        intent: QuoteIntent,
        status: Status,
        code: str | None = None,
        reject_class: str | None = None,
    ) -> ExecutionReport:
        """The one report of an intent that never became an order."""
        return ExecutionReport.new(
            seq=self._take_seq(),
            intent_id=intent.intent_id,
            ts_ms=self.now_ms,
            action=intent.action,
            status=status,
            dry_run=True,
            reject_code=code,
            reject_class=reject_class,
        )

    def _take_seq(self) -> int:
        seq = self._next_seq
        self._next_seq += 1
        return seq


def _is_gone(status: RunnerStatus | None) -> bool:
    """Whether a runner takes no bets any more; one the market never named is taken as running."""
    return status is not None and status is not RunnerStatus.ACTIVE


def _on_ladder(price_centi: int, kind: Ladder) -> bool:
    """A line market's lines are not told to the executor, so any of them will do."""
    if kind is Ladder.LINE_RANGE:
        return True
    prices = ladder.CLASSIC if kind is Ladder.CLASSIC else ladder.FINEST
    return prices.is_on_ladder(price_centi)
