"""Our orders at a venue: what is known of each, and what is to be done; pure, no I/O, no clock.

Facts come from the trader (`intent`), from replies (`replied`), from the order stream and from
look-ups (`order`), and from time (`advance`), in any order and repeated: replies and stream race
each other. Each call leaves reports in `take_reports` and requests in `take_requests`.

What is known of a bet only grows: a fact that is older than what is known changes nothing. After
an ambiguous outcome nothing is sent again: the order is looked up until it is found or `look_up_ms`
have passed.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final, Literal

from trader.execution.executor_py.venue_client import Outcome
from trader.execution.executor_py.venue_facts import BetState, VenueRequest
from trader.execution.interfaces.intents import Action, QuoteIntent
from trader.execution.interfaces.reports import ExecutionReport, FillEvent, Status

UNCLAIMED_MAX: Final = 1_000
"""States of bets that no reply has named yet; the oldest is forgotten beyond."""
LOOK_UP_EVERY_MS: Final = 1_000
_NEVER_MS: Final = 1 << 62


@dataclass(slots=True)
class _Order:
    """One PLACE or REPLACE intent that may have a bet."""

    intent: QuoteIntent
    size_centi: int
    bet: BetState | None = None
    bet_id: str | None = None
    reported_centi: int = 0
    reported_value: float = 0.0
    placed_reported: bool = False
    waiting: list[VenueRequest] = field(default_factory=list)
    """What is to be asked about it once its bet id is known."""
    ended_by: Literal["cancel", "replace", "deadline"] | None = None
    """Why its remainder will be found cancelled."""
    ender: QuoteIntent | None = None
    awaits_reply: bool = False
    """A replacement is on its way: how the order ended is only told when it is answered, which says
    whether the new bet is there."""
    unknown_since_ms: int | None = None
    looked_up_ms: int = 0


class VenueOrders:
    """All live orders of one executor. The caller bounds how many there are."""

    def __init__(self, look_up_ms: int) -> None:
        self._look_up_ms = look_up_ms
        self._now_ms = 0
        self._next_look_ms = _NEVER_MS
        self._seq = 0
        self._orders: dict[str, _Order] = {}
        self._by_bet: dict[str, str] = {}
        self._unclaimed: dict[str, BetState] = {}
        self._seen: set[str] = set()
        self._reports: list[ExecutionReport] = []
        self._requests: list[VenueRequest] = []
        self.duplicates = 0

    def __len__(self) -> int:
        return len(self._orders)

    def take_reports(self) -> list[ExecutionReport]:
        """The reports since the last time, in order."""
        reports, self._reports = self._reports, []
        return reports

    def take_requests(self) -> list[VenueRequest]:
        """What is to be asked since the last time, in order."""
        requests, self._requests = self._requests, []
        return requests

    # --- the trader -----------------------------------------------------------------------------

    def intent(self, intent: QuoteIntent) -> None:
        """One wish; one that was seen before makes nothing."""
        if intent.intent_id in self._seen:
            self.duplicates += 1
            return
        self._seen.add(intent.intent_id)
        if intent.action is not Action.CANCEL and intent.deadline_ms <= self._now_ms:
            self._answer(intent, Status.EXPIRED, "TTL_PREVENTED")
        elif intent.action is Action.PLACE:
            self._orders[intent.intent_id] = _Order(intent, intent.size_centi)
            self._next_look_ms = min(self._next_look_ms, intent.deadline_ms)
            self._requests.append(VenueRequest("place", intent))
        else:
            self._about(intent)

    def cancel_all(self) -> None:
        """Every order is to be cancelled; each ends with a report of its own."""
        for order in list(self._orders.values()):
            self._end_by(order, "cancel", VenueRequest("cancel", order.intent))

    def _about(self, intent: QuoteIntent) -> None:
        """A REPLACE or CANCEL of an order."""
        target = self._orders.get(intent.target_intent_id or "")
        if target is None or target.ended_by is not None:
            self._answer(intent, Status.REJECTED, "TARGET_GONE", "gone")
        elif intent.action is Action.CANCEL:
            if intent.size_centi:
                self._answer(intent, Status.REJECTED, "UNSUPPORTED_SIZE_REDUCTION", "reject")
                return
            self._end_by(target, "cancel", VenueRequest("cancel", intent), intent)
        elif intent.price_centi == target.intent.price_centi:
            self._answer(intent, Status.REJECTED, "NO_ACTION_REQUIRED", "reject")
        else:
            self._end_by(target, "replace", VenueRequest("replace", intent), intent)

    def _end_by(
        self,
        order: _Order,
        how: Literal["cancel", "replace", "deadline"],
        request: VenueRequest,
        ender: QuoteIntent | None = None,
    ) -> None:
        if order.ended_by is not None:
            return
        order.ended_by, order.ender = how, ender
        order.awaits_reply = how == "replace"
        if order.bet_id is None:
            order.waiting.append(request)
        else:
            self._requests.append(VenueRequest(request.kind, request.intent, order.bet_id))

    def advance(self, now_ms: int) -> None:
        """It is `now_ms` on the trader's clock: orders past their deadline are cancelled, those in
        doubt looked up, and given up when that has lasted too long."""
        self._now_ms = max(self._now_ms, now_ms)
        if self._now_ms < self._next_look_ms:
            return
        for order in list(self._orders.values()):
            if order.unknown_since_ms is not None:
                self._look_again(order, order.unknown_since_ms)
            elif order.intent.deadline_ms <= self._now_ms:
                self._end_by(order, "deadline", VenueRequest("cancel", order.intent))
        self._next_look_ms = min(map(_next_look_ms, self._orders.values()), default=_NEVER_MS)

    # --- the venue ------------------------------------------------------------------------------

    def replied(self, request: VenueRequest, outcome: Outcome) -> None:
        """The answer to a request."""
        if request.kind == "place":
            self._placed(request.intent.intent_id, outcome)
        elif request.kind == "replace":
            self._replaced(request, outcome)
        elif request.kind == "cancel":
            self._cancelled(request, outcome)

    def order(self, state: BetState) -> None:
        """The state of a bet, from the stream or a look-up."""
        intent_id = self._by_bet.get(state.bet_id)
        if intent_id is None and state.order_ref in self._orders:
            # A replaced bet may carry the reference of the bet it replaced: that one has its own.
            order = self._orders[state.order_ref]
            intent_id = state.order_ref if order.bet_id is None else None
        if intent_id is None:
            self._unclaimed[state.bet_id] = state
            if len(self._unclaimed) > UNCLAIMED_MAX:
                del self._unclaimed[next(iter(self._unclaimed))]
            return
        order = self._orders[intent_id]
        self._claim(order, state.bet_id)
        self._know(order, state)

    def look_up_all(self) -> None:
        """The stream has begun anew: what ended meanwhile is not on it."""
        for order in self._orders.values():
            if order.bet_id is not None:
                self._look_up(order)

    # --- outcomes -------------------------------------------------------------------------------

    def _placed(self, intent_id: str, outcome: Outcome) -> None:
        order = self._orders.get(intent_id)
        if order is None:
            return  # the stream has told its whole life already
        if outcome.error_class is None and outcome.report is not None:
            self._accepted(order, str(outcome.report["betId"]))
        elif order.bet_id is not None:
            return  # the stream knows better
        elif outcome.error_class == "ambiguous":
            self._doubt(order, outcome)
        else:
            self._reject(order, outcome)

    def _accepted(self, order: _Order, bet_id: str) -> None:
        """The venue named the bet of an order."""
        self._claim(order, bet_id)
        self._report_placed(order)
        state = self._unclaimed.pop(bet_id, None)
        if state is not None:
            self._know(order, state)

    def _replaced(self, request: VenueRequest, outcome: Outcome) -> None:
        """The target's end comes with its own state; the new bet begins with the reply."""
        intent = request.intent
        target = self._orders.get(intent.target_intent_id or "")
        report = outcome.report or {}
        placed = report.get("placeInstructionReport") or {}
        size_centi = round(placed.get("instruction", {}).get("limitOrder", {}).get("size", 0) * 100)
        if outcome.error_class is None and placed.get("betId"):
            order = self._orders[intent.intent_id] = _Order(intent, size_centi)
            self._next_look_ms = min(self._next_look_ms, intent.deadline_ms)
            self._accepted(order, str(placed["betId"]))
        elif outcome.error_class == "ambiguous":
            order = self._orders[intent.intent_id] = _Order(intent, 0)
            self._doubt(order, outcome)
        else:
            if target is not None:
                target.ender = None
                # What was not cancelled rests on.
                target.ended_by = "cancel" if outcome.code == "CANCELLED_NOT_PLACED" else None
            self._answer(intent, Status.REJECTED, outcome.code, outcome.error_class)
        if target is not None:
            target.awaits_reply = False
            if target.bet is not None and target.bet.is_complete:
                self._end(target, target.bet)

    def _cancelled(self, request: VenueRequest, outcome: Outcome) -> None:
        """A cancel is answered when its order has ended, which the order's state tells; only what
        did not work is answered here."""
        intent = request.intent
        own = intent.action is Action.CANCEL
        target = self._orders.get((intent.target_intent_id if own else intent.intent_id) or "")
        if outcome.error_class is None or target is None:
            return
        if outcome.error_class in ("transient", "ambiguous") and request.attempt < 5:
            again = VenueRequest("cancel", intent, request.bet_id, request.attempt + 1)
            self._requests.append(again)  # a cancel may be sent twice: the second finds nothing
            return
        if outcome.error_class == "gone":
            self._look_up(target)
            return
        target.ended_by = target.ender = None
        if own:
            self._answer(intent, Status.REJECTED, outcome.code, outcome.error_class)

    def _reject(self, order: _Order, outcome: Outcome) -> None:
        del self._orders[order.intent.intent_id]
        self._answer(order.intent, Status.REJECTED, outcome.code, outcome.error_class)
        self._answer_waiting(order)

    def _answer_waiting(self, order: _Order) -> None:
        """Who asked to end an order that has no bet is told that there is none."""
        for request in order.waiting:
            if request.intent is not order.intent:
                self._answer(request.intent, Status.REJECTED, "TARGET_GONE", "gone")

    # --- doubt ----------------------------------------------------------------------------------

    def _doubt(self, order: _Order, outcome: Outcome) -> None:
        order.unknown_since_ms = self._now_ms
        self._next_look_ms = self._now_ms
        self._report(order, Status.UNKNOWN, outcome.code, outcome.error_class)
        self._look_up(order)

    def _look_again(self, order: _Order, since_ms: int) -> None:
        if self._now_ms - since_ms >= self._look_up_ms:
            self._reject(order, Outcome(None, "reject", "NOT_PLACED"))
        elif self._now_ms - order.looked_up_ms >= LOOK_UP_EVERY_MS:
            self._look_up(order)

    def _look_up(self, order: _Order) -> None:
        order.looked_up_ms = self._now_ms
        self._requests.append(VenueRequest("look_up", order.intent, order.bet_id))

    # --- what is known --------------------------------------------------------------------------

    def _claim(self, order: _Order, bet_id: str) -> None:
        """A bet is known to be an order's."""
        if order.bet_id is not None:
            return
        order.bet_id = bet_id
        order.unknown_since_ms = None
        self._by_bet[bet_id] = order.intent.intent_id
        for request in order.waiting:
            self._requests.append(VenueRequest(request.kind, request.intent, bet_id))
        order.waiting.clear()

    def _know(self, order: _Order, state: BetState) -> None:
        """Takes a state in, if it is newer than what is known, and reports what is new."""
        if order.bet is not None and state.progress <= order.bet.progress:
            return
        order.bet = state
        order.size_centi = state.size_centi
        self._report_placed(order)
        if not state.is_complete:
            events = self._new_fill(order, state)
            if events:
                self._report(order, Status.PARTIALLY_FILLED, events=events)
        elif not order.awaits_reply:
            self._end(order, state)

    def _end(self, order: _Order, state: BetState) -> None:
        """The bet is complete, and why is known."""
        events = self._new_fill(order, state)
        del self._orders[order.intent.intent_id]
        del self._by_bet[state.bet_id]
        status, code = _end_of(order, state)
        self._report(order, status, code, events=events)
        ender = order.ender
        if ender is not None and ender.action is Action.CANCEL:
            if state.cancelled_centi:
                self._answer(ender, Status.CANCELLED)
            else:
                self._answer(ender, Status.REJECTED, "TARGET_GONE", "gone")

    def _new_fill(self, order: _Order, state: BetState) -> tuple[FillEvent, ...]:
        """What was matched since the last report, at its own average."""
        size_centi = state.matched_centi - order.reported_centi
        value = state.average_price * state.matched_centi
        if size_centi <= 0:
            return ()
        price = (value - order.reported_value) / size_centi
        order.reported_centi, order.reported_value = state.matched_centi, value
        at_ms = state.matched_ms if state.matched_ms is not None else self._now_ms
        return (FillEvent(round(price, 4), size_centi / 100, at_ms),)

    # --- reports --------------------------------------------------------------------------------

    def _report_placed(self, order: _Order) -> None:
        if not order.placed_reported:
            order.placed_reported = True
            self._report(order, Status.PLACED)

    def _report(
        self,
        order: _Order,
        status: Status,
        code: str | None = None,
        error_class: str | None = None,
        events: tuple[FillEvent, ...] = (),
    ) -> None:
        state = order.bet
        matched_centi = order.reported_centi
        remaining = order.size_centi if state is None else state.remaining_centi
        self._add(
            order.intent,
            status,
            code,
            error_class,
            bet_id=order.bet_id,
            fill_events=events,
            size_remaining_centi=0 if status.is_terminal else remaining,
            size_matched_centi=matched_centi,
            avg_price_matched=order.reported_value / matched_centi if matched_centi else None,
        )

    def _answer(
        self,
        intent: QuoteIntent,
        status: Status,
        code: str | None = None,
        error_class: str | None = None,
    ) -> None:
        self._add(intent, status, code, error_class)

    def _add(
        self,
        intent: QuoteIntent,
        status: Status,
        code: str | None,
        error_class: str | None,
        *,
        bet_id: str | None = None,
        fill_events: tuple[FillEvent, ...] = (),
        size_remaining_centi: int = 0,
        size_matched_centi: int = 0,
        avg_price_matched: float | None = None,
    ) -> None:
        self._seq += 1
        self._reports.append(
            ExecutionReport.new(
                seq=self._seq,
                intent_id=intent.intent_id,
                ts_ms=self._now_ms,
                action=intent.action,
                status=status,
                dry_run=False,
                bet_id=bet_id,
                fill_events=fill_events,
                size_remaining_centi=size_remaining_centi,
                size_matched_centi=size_matched_centi,
                avg_price_matched=avg_price_matched,
                reject_code=code,
                reject_class=error_class,
            )
        )


def _next_look_ms(order: _Order) -> int:
    """When time does something to an order next."""
    if order.unknown_since_ms is not None:
        return order.looked_up_ms + LOOK_UP_EVERY_MS
    return _NEVER_MS if order.ended_by is not None else order.intent.deadline_ms


def _end_of(order: _Order, state: BetState) -> tuple[Status, str | None]:
    """How an order ended whose bet is complete."""
    if state.voided_centi:
        return Status.VOIDED, None
    if state.lapsed_centi:
        return Status.LAPSED, None
    if not state.cancelled_centi:
        return Status.FILLED, None
    if order.intent.time_in_force is not None:
        return Status.EXPIRED, "FOK_KILLED"
    return _CANCELLED_BY[order.ended_by]


_CANCELLED_BY: Final[dict[str | None, tuple[Status, str | None]]] = {
    "replace": (Status.REPLACED, None),
    "deadline": (Status.EXPIRED, "TTL_EXPIRED"),
    "cancel": (Status.CANCELLED, None),
    None: (Status.CANCELLED, None),
}
