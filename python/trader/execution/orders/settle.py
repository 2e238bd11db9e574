"""What the trader is owed: reports that follow from what is known and have not been made."""

from __future__ import annotations

from dataclasses import dataclass

import msgspec

from trader.betfair.error_codes import ErrorClass
from trader.execution.interfaces.intents import QuoteIntent
from trader.execution.interfaces.reports import ExecutionReport, FillEvent, Status
from trader.execution.orders import record as records
from trader.execution.orders.checks import TTL_PREVENTED, Refusal
from trader.execution.orders.core import Core
from trader.execution.orders.entries import NotDone
from trader.execution.orders.facts import Bet
from trader.execution.orders.kinds import Why
from trader.execution.orders.order import Again, Doubt, Live, Order, Queued, Refused, Sent
from trader.execution.orders.request import Tell


@dataclass(frozen=True, slots=True)
class _Draft:
    """What is to be said of an intent."""

    status: Status
    code: str | None = None
    error_class: ErrorClass | None = None
    venue_code: str | None = None


def settle(core: Core) -> None:
    """Makes every report that is owed."""
    for order in list(core.book.orders.values()):
        while (draft := _owed(core, order)) is not None:
            _report_order(core, order, draft)
    for name in sorted(core.book.amended):
        _amend(core, name)
    for name in sorted(core.book.cancels):
        _settle_cancel(core, name)


def refuse(core: Core, intent: QuoteIntent, refusal: Refusal) -> None:
    """An intent that never stood."""
    is_late = refusal == TTL_PREVENTED
    core.counters.ttl_prevented += is_late
    status = Status.EXPIRED if is_late else Status.REJECTED
    _tell(core, intent, _Draft(status, refusal.code, refusal.error_class))


def _amend(core: Core, name: str) -> None:
    """What became known of an order after its end."""
    ended = core.book.ended.get(name)
    if ended is None or ended.bet is None:
        return
    bet = ended.bet
    _tell(
        core,
        ended.intent,
        _Draft(Status.AMENDED),
        bet_id=bet.bet_id,
        matched=(bet.matched_centi, bet.value),
        remaining_centi=max(bet.remaining_centi, 0),
    )


def _owed(core: Core, order: Order) -> _Draft | None:
    """The next report that an order is owed."""
    if core.book.order(order.name) is not order:
        return None
    match order.stage:
        case Refused():
            return _of_refused(order, order.stage)
        case Doubt() if not order.told.unknown:
            return _Draft(Status.UNKNOWN, "IN_DOUBT", "ambiguous")
        case Queued() | Sent() | Again() if not order.told.accepted:
            return _Draft(Status.ACCEPTED)
        case Live():
            return _of_live(core, order)
        case _:
            return None


def _of_live(core: Core, order: Order) -> _Draft | None:
    told, bet = order.told, order.bet
    if not told.placed:
        return _Draft(Status.PLACED)
    if bet is None:
        return None
    if bet.is_complete:
        # Whether it was replaced or only cancelled, its replacement's answer says.
        mover = core.book.mover_of(order)
        waits = bet.cancelled_centi > 0 and mover is not None and mover.is_uncertain
        return None if waits else _of_complete(order, bet)
    if (bet.matched_centi, bet.value) != (told.matched_centi, told.value):
        return _Draft(Status.PARTIALLY_FILLED)
    return _Draft(Status.PLACED) if bet.cancelled_centi != told.cancelled_centi else None


def _of_refused(order: Order, stage: Refused) -> _Draft:
    """How an order is told that has no bet."""
    code, error_class = stage.code, stage.class_
    if error_class is None:
        if code == "CANCELLED":
            return _Draft(Status.CANCELLED)
        if code in ("CANCEL_ALL", "KILLED"):
            return _Draft(Status.CANCELLED, code)
        if code == "TTL_PREVENTED":
            return _Draft(Status.EXPIRED, code, "reject")
        error_class = "gone" if code == "TARGET_GONE" and order.is_replace else "reject"
    return _Draft(Status.REJECTED, code, error_class, stage.venue_code)


def _of_complete(order: Order, bet: Bet) -> _Draft:  # noqa: PLR0911  (a ladder of ends)
    """How an order ended whose bet is complete."""
    # It lives on, whatever else befell it.
    if order.is_replaced and bet.cancelled_centi > 0:
        return _Draft(Status.REPLACED)
    if bet.voided_centi > 0 and bet.matched_centi == 0:
        return _Draft(Status.VOIDED)
    if bet.lapsed_centi > 0:
        return _Draft(Status.LAPSED)
    if bet.cancelled_centi == 0:
        return _Draft(Status.FILLED)
    if order.is_fill_or_kill:
        return _Draft(Status.EXPIRED, "FOK_KILLED")
    if order.cancels:
        return _Draft(Status.CANCELLED)
    match order.ending:
        case Why.DEADLINE:
            return _Draft(Status.EXPIRED, "TTL_EXPIRED")
        case Why.KILL:
            return _Draft(Status.CANCELLED, "KILLED")
        case Why.CANCEL_ALL:
            return _Draft(Status.CANCELLED, "CANCEL_ALL")
        case None:
            return _Draft(Status.CANCELLED, "BY_THE_VENUE")


def _report_order(core: Core, order: Order, draft: _Draft) -> None:
    status, told = draft.status, order.told
    core.counters.doubts += status is Status.UNKNOWN
    core.counters.ttl_prevented += draft.code == "TTL_PREVENTED"
    before = (told.matched_centi, told.value)
    tells_fills = status not in (Status.ACCEPTED, Status.UNKNOWN, Status.PLACED)
    matched = order.matched if tells_fills else before
    remaining = max(order.remaining_centi, 0) + order.matched[0] - matched[0]
    _tell(
        core,
        order.intent,
        draft,
        bet_id=order.bet_id,
        matched=matched,
        remaining_centi=0 if status.is_terminal else remaining,
        events=_new_fill(core, order, before, matched),
    )


def _new_fill(
    core: Core, order: Order, before: tuple[int, int], now: tuple[int, int]
) -> tuple[FillEvent, ...]:
    size, value = now[0] - before[0], now[1] - before[1]
    if size <= 0:
        return ()
    at_ms = None if order.bet is None else order.bet.matched_ms
    return (FillEvent(value / (size * 100), size / 100, core.now_ms if at_ms is None else at_ms),)


def _settle_cancel(core: Core, name: str) -> None:
    cancel = core.book.cancels[name]
    outcome = cancel.outcome
    if isinstance(outcome, NotDone):
        draft = _Draft(Status.REJECTED, outcome.code, outcome.class_)
    elif outcome is not None:
        draft = _Draft(Status.CANCELLED)
    elif not cancel.is_sent and core.book.order(cancel.intent.target_intent_id) is None:
        draft = _Draft(Status.REJECTED, "TARGET_GONE", "gone")
    else:
        return
    _tell(core, cancel.intent, draft)


def _tell(
    core: Core,
    intent: QuoteIntent,
    draft: _Draft,
    *,
    bet_id: str | None = None,
    matched: tuple[int, int] = (0, 0),
    remaining_centi: int = 0,
    events: tuple[FillEvent, ...] = (),
) -> None:
    size_centi, value = matched
    report = ExecutionReport.new(
        seq=core.book.last_seq + 1,
        intent_id=intent.intent_id,
        ts_ms=core.now_ms,
        action=intent.action,
        status=draft.status,
        dry_run=False,
        bet_id=bet_id,
        fill_events=events,
        size_remaining_centi=remaining_centi,
        size_matched_centi=size_centi,
        avg_price_matched=value / (size_centi * 100) if size_centi > 0 else None,
        reject_code=draft.code,
        reject_class=draft.error_class,
        venue_code=draft.venue_code,
    )
    _say(core, report)


def relay(core: Core, report: ExecutionReport) -> None:
    """A report of the dry run, numbered as ours are."""
    _say(core, msgspec.structs.replace(report, seq=core.book.last_seq + 1))


def end_dry(core: Core, report: ExecutionReport) -> None:
    """A dry order that a process before this one had."""
    ended = msgspec.structs.replace(
        report,
        ts_ms=core.now_ms,
        status=Status.CANCELLED,
        size_remaining_centi=0,
        reject_code="RESTARTED",
        fill_price=None,
        fill_size=None,
        fill_events=(),
    )
    relay(core, ended)


def _say(core: Core, report: ExecutionReport) -> None:
    core.note(records.Report(report))
    core.effects.append(Tell(report))
