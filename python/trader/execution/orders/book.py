"""What is known: orders, requests on their way, reports the trader has not acknowledged. Changed by
records only."""

from __future__ import annotations

from collections import OrderedDict, deque
from typing import Final

from trader.betfair.error_codes import ErrorClass
from trader.execution.interfaces.intents import Action, QuoteIntent
from trader.execution.interfaces.reports import ExecutionReport, Status
from trader.execution.orders import answers
from trader.execution.orders import record as records
from trader.execution.orders.entries import HOUR_MS, Cancel, Done, Ended, Flight, NotDone
from trader.execution.orders.exposure import Exposure
from trader.execution.orders.facts import Bet
from trader.execution.orders.order import LIVE, Order, Refused, matched_of
from trader.execution.orders.record import Record

ENDED_MAX: Final = 10_000
"""Orders that have ended and of which the venue may still say something."""


class Book:
    """The durable state. Orders are kept in the order of their taking up."""

    def __init__(self, max_remembered: int) -> None:
        self.max_remembered = max_remembered
        self.epoch = 0
        self.next_request = 1
        self.last_ms = 0
        self.last_seq = 0
        self.killed = False
        self.orders: dict[int, Order] = {}
        self.cancels: dict[str, Cancel] = {}
        self.flights: dict[int, Flight] = {}
        self.unacked: deque[ExecutionReport] = deque()
        self.dry: dict[str, ExecutionReport] = {}
        self.ended: OrderedDict[str, Ended] = OrderedDict()
        self.amended: set[str] = set()
        self.exposure = Exposure()
        self.remembered: OrderedDict[str, None] = OrderedDict()
        self.next_number = 0
        self.numbers: dict[str, int] = {}
        self.bets: dict[str, str] = {}
        self.hour = (0, 0)

    # --- questions ------------------------------------------------------------------------------

    def order(self, name: str | None) -> Order | None:
        """The open order of a name."""
        number = self.numbers.get(name) if name is not None else None
        return None if number is None else self.orders[number]

    def target_of(self, order: Order) -> Order | None:
        """The open order that a REPLACE moves."""
        return self.order(order.intent.target_intent_id)

    def mover_of(self, order: Order) -> Order | None:
        """The REPLACE that is to move an order, while it is open."""
        return self.order(order.replace)

    def knows(self, intent_id: str) -> bool:
        """Whether an intent was taken up before: as far as there is room for ids, and whatever
        still stands or ended lately."""
        return (
            intent_id in self.remembered
            or intent_id in self.numbers
            or intent_id in self.cancels
            or intent_id in self.ended
        )

    def transactions(self, now_ms: int) -> int:
        """Transactions of the clock hour of `now_ms`."""
        hour, count = self.hour
        return count if hour == now_ms // HOUR_MS else 0

    def epoch_of(self, request: int) -> int:
        """The process that numbered a request first: its reference is made of both."""
        flight = self.flights.get(request)
        return self.epoch if flight is None else flight.epoch

    # --- records --------------------------------------------------------------------------------

    def apply(self, record: Record) -> None:
        """Takes in one record, whatever made it."""
        self._time(record)
        match record:
            case records.Shortened():
                record.snapshot.restore(self)
            case records.Began():
                self.epoch = record.epoch
            case records.Taken():
                self._take_up(record.intent)
            case records.Adopted():
                self._take_up(record.intent)
                self._learned(record.intent.intent_id, record.bet)
            case records.Switch():
                self.killed = record.killed
            case records.Report():
                self._reported(record.report)
            case records.Acked():
                while self.unacked and self.unacked[0].seq <= record.seq:
                    self.unacked.popleft()
            case _:
                self._apply_to_order(record)

    def _apply_to_order(self, record: Record) -> None:
        """What was asked of the venue about an order, or has become of it."""
        match record:
            case records.Sent():
                answers.sent(self, record)
            case records.Answered():
                answers.answered(self, record.request, record.at_ms, record.answer)
            case records.Grounded():
                answers.grounded(self, record.request, record.at_ms)
            case records.Learned():
                self._learned(record.name, record.bet)
            case records.NotFound():
                self._refuse(record.name, Refused("NOT_PLACED", "reject", None))
                self.release_target(record.name, is_unsure=True)
            case records.Dropped():
                self._refuse(record.name, Refused(record.code, None, None))
                self.release_target(record.name, is_unsure=False)
            case records.Ending() if (order := self.order(record.name)) is not None:
                order.ending = record.why

    def _time(self, record: Record) -> None:
        """A machine's time never goes back, whatever the clock does."""
        if isinstance(record, records.Sent | records.Answered | records.Grounded):
            self.last_ms = max(self.last_ms, record.at_ms)
        elif isinstance(record, records.Report):
            self.last_ms = max(self.last_ms, record.report.ts_ms)

    def _refuse(self, name: str, stage: Refused) -> None:
        order = self.order(name)
        if order is not None:
            order.stage = stage

    def _take_up(self, intent: QuoteIntent) -> None:
        self.remember(intent.intent_id)
        target = self.order(intent.target_intent_id)
        if intent.action is Action.PLACE:
            self._open(Order(intent, intent.intent_id, intent.size_centi))
        elif intent.action is Action.REPLACE:
            if target is not None:
                target.replace = intent.intent_id
                self._open(Order(intent, target.venue_ref, target.remaining_centi))
        else:
            self.cancels[intent.intent_id] = Cancel(intent)
            if intent.size_centi == 0 and target is not None:
                target.cancels.append(intent.intent_id)

    def remember(self, intent_id: str) -> None:
        """Adds an id that is not among them; the oldest goes if there are too many."""
        self.remembered[intent_id] = None
        self.set_max_remembered(self.max_remembered)

    def set_max_remembered(self, most: int) -> None:
        """Remembers so many intents from now on."""
        self.max_remembered = most
        while len(self.remembered) > self.max_remembered:
            self.remembered.popitem(last=False)

    def _open(self, order: Order) -> None:
        self.numbers[order.name] = self.next_number
        self.orders[self.next_number] = order
        self.next_number += 1

    def _learned(self, name: str, bet: Bet) -> None:
        """More is known of a bet."""
        ended = self.ended.get(name)
        if ended is not None:
            self.bets[bet.bet_id] = name
            if ended.bet is None or (bet.matched_centi, bet.value) != ended.told:
                self.amended.add(name)
            ended.bet = bet
            return
        self.claim(name, bet.bet_id)
        order = self.order(name)
        if order is not None:
            order.size_centi = bet.size_centi
            order.is_unsure = order.is_unsure and not bet.is_complete
            order.bet = bet

    def claim(self, name: str, bet_id: str) -> None:
        """A bet is known to be an order's."""
        order = self.order(name)
        if order is None:
            return
        if order.bet_id is None:
            order.bet_id, order.stage = bet_id, LIVE
            self.bets[bet_id] = name
        target = self.target_of(order)
        if target is not None and not target.is_replaced:
            target.is_replaced = True
            target.is_unsure = not target.is_complete

    def release_target(self, name: str, *, is_unsure: bool) -> None:
        """The order that this one was to move stays as it is; `is_unsure`: if it still is."""
        order = self.order(name)
        target = None if order is None else self.target_of(order)
        if target is not None and target.replace == name:
            target.replace = None
            target.is_unsure = target.is_unsure or is_unsure

    def refuse_cancel(self, name: str, code: str, error_class: ErrorClass) -> None:
        cancel = self.cancels.get(name)
        if cancel is not None:
            cancel.outcome = NotDone(code, error_class)

    # --- reports --------------------------------------------------------------------------------

    def _reported(self, report: ExecutionReport) -> None:
        name = report.intent_id
        if name not in self.remembered:
            self.remember(name)  # refused on sight: its report is all there is of it
        self.last_seq = report.seq
        self.unacked.append(report)
        if report.dry_run:
            if report.status.is_terminal:
                self.dry.pop(name, None)
            else:
                self.dry[name] = report
        elif report.status is Status.AMENDED:
            self._amend_told(name)
        elif name in self.cancels:
            if report.status.is_terminal:
                del self.cancels[name]
        else:
            order = self.order(name)
            if order is not None:  # else an intent that was refused and never stood
                self._order_told(order, report.status)

    def _amend_told(self, name: str) -> None:
        self.amended.discard(name)
        ended = self.ended.get(name)
        if ended is not None:
            before, ended.told = ended.told, matched_of(ended.bet)
            self.exposure.matched(ended.intent, before, ended.told)

    def _order_told(self, order: Order, status: Status) -> None:
        told = order.told
        before = now = (told.matched_centi, told.value)
        if status is Status.ACCEPTED:
            told.accepted = True
        elif status is Status.UNKNOWN:
            told.unknown = True
        else:
            told.placed = True
        if status not in (Status.ACCEPTED, Status.UNKNOWN, Status.PLACED):
            now = order.matched  # what is matched is told by a report of its own
        told.matched_centi, told.value = now
        told.cancelled_centi = 0 if order.bet is None else order.bet.cancelled_centi
        self.exposure.matched(order.intent, before, now)
        if status.is_terminal:
            self._close(order, status)

    def _close(self, order: Order, status: Status) -> None:
        """An order has been told to have ended."""
        del self.orders[self.numbers.pop(order.name)]
        for name in order.cancels:
            if status is not Status.CANCELLED:
                self.refuse_cancel(name, "TARGET_GONE", "gone")
            elif name in self.cancels:
                self.cancels[name].outcome = Done()
        told = (order.told.matched_centi, order.told.value)
        self.ended[order.name] = Ended(order.intent, order.venue_ref, order.bet, told)
        if len(self.ended) > ENDED_MAX:
            _, oldest = self.ended.popitem(last=False)
            if oldest.bet is not None:
                self.bets.pop(oldest.bet.bet_id, None)
