"""What has to leave now: what follows from what is known and the time, in the order of its
urgency."""

from __future__ import annotations

from typing import Final

from trader.execution.orders import record as records
from trader.execution.orders.batching import Queue, gather, gathering_of, is_gathered
from trader.execution.orders.core import Core, Look
from trader.execution.orders.entries import HOUR_MS, Flight
from trader.execution.orders.kinds import URGENCY, Kind, Why
from trader.execution.orders.order import Doubt, Live, Order, Queued
from trader.execution.orders.request import Cancel, Request, Send
from trader.execution.orders.sending import (
    instructions_of,
    look_number,
    look_up_of,
    reference_of,
    send,
    send_new,
)

CANCEL_MAX: Final = 60
"""Bets that one request may cancel."""
LOOK_MAX: Final = 100
"""Orders that one request may look for."""


def dispatch(core: Core) -> None:
    """Sends whatever is due."""
    _send_again(core)
    _drop_unsent(core)
    _end_by_deadline(core)
    _send_cancels(core)
    _send_reductions(core)
    _end_strays(core)
    _send_orders(core)
    _send_look_ups(core)


# --- again --------------------------------------------------------------------------------------


def _send_again(core: Core) -> None:
    """Requests that the venue did not act on: again with the same reference, or not at all."""
    for number, flight in sorted(core.book.flights.items()):
        if flight.again_ms is None:
            continue
        if not _may_go_again(core, flight):
            _ground(core, number, flight)
            continue
        due_ms = flight.again_ms + core.backoff_ms(flight.attempts)
        if core.needs_login:
            continue  # woken by the session
        if due_ms > core.now_ms:
            core.wake_at(due_ms)
            continue
        instructions = instructions_of(core, flight.kind, flight.names)
        if instructions is not None and _is_paced(core, flight.names):
            send(core, number, flight.kind, flight.names, instructions)


def _may_go_again(core: Core, flight: Flight) -> bool:
    ends_ms = [flight.first_ms + core.config.windows.resend_ms]
    for name in flight.names:
        order = core.book.order(name)
        # One that has a bet by now must not leave again, whatever the venue said of its request.
        if (
            order is None
            or order.bet_id is not None
            or order.is_unwanted
            or not _target_stands(core, order)
        ):
            return False
        ends_ms.append(order.intent.deadline_ms)
    if min(ends_ms) > core.now_ms:
        core.wake_at(min(ends_ms))
        return True
    return False


def _target_stands(core: Core, order: Order) -> bool:
    target = core.book.target_of(order)
    return not order.is_replace or (target is not None and not target.is_complete)


def _ground(core: Core, request: int, flight: Flight) -> None:
    """It will not leave again. The venue has said that it did nothing; of a request of many parts
    that is looked at."""
    core.note(records.Grounded(request, core.now_ms))
    is_in_time = core.now_ms < flight.first_ms + core.config.windows.resend_ms
    order = core.book.order(flight.names[0])
    if len(flight.names) == 1 and is_in_time and order is not None and order.bet_id is None:
        core.note(records.Dropped(order.name, _why_dropped(core, order)))


# --- orders that never left ---------------------------------------------------------------------


def _drop_unsent(core: Core) -> None:
    gone = [
        (order.name, _why_dropped(core, order))
        for order in core.book.orders.values()
        if _is_to_be_dropped(core, order)
    ]
    for name, code in gone:
        core.note(records.Dropped(name, code))


def _is_to_be_dropped(core: Core, order: Order) -> bool:
    if isinstance(order.stage, Queued):
        is_late = order.intent.deadline_ms <= core.now_ms
        return order.is_unwanted or is_late or not _target_stands(core, order)
    if not isinstance(order.stage, Doubt) or not order.is_replace:
        return False
    # Its target ended whole: nothing was cancelled, so nothing was placed.
    target = core.book.target_of(order)
    bet = None if target is None else target.bet
    return bet is not None and bet.is_complete and bet.cancelled_centi == 0


def _why_dropped(core: Core, order: Order) -> str:
    if not _target_stands(core, order):
        return "TARGET_GONE"
    if order.cancels:
        return "CANCELLED"
    return {Why.KILL: "KILLED", Why.CANCEL_ALL: "CANCEL_ALL"}.get(
        order.ending or Why.DEADLINE, "TTL_PREVENTED"
    )


# --- the end of orders --------------------------------------------------------------------------


def _end_by_deadline(core: Core) -> None:
    due = []
    for order in core.book.orders.values():
        counts = isinstance(order.stage, Live | Queued) and order.ending is None
        if not counts or order.is_complete:
            continue
        if order.intent.deadline_ms > core.now_ms:
            core.wake_at(order.intent.deadline_ms)
        elif isinstance(order.stage, Live):
            due.append(order.name)
    for name in due:
        core.note(records.Ending(name, Why.DEADLINE))


def _send_cancels(core: Core) -> None:
    markets: dict[str, list[str]] = {}
    for order in core.book.orders.values():
        wants = isinstance(order.stage, Live) and order.is_unwanted and not order.is_complete
        is_held = order.is_cancelling or _is_moving(core, order)
        if wants and not is_held and _is_cancel_due(core, order):
            markets.setdefault(order.intent.market_id, []).append(order.name)
    for _, names in sorted(markets.items()):
        for first in range(0, len(names), CANCEL_MAX):
            send_new(core, Kind.CANCEL, names[first : first + CANCEL_MAX])


def _is_cancel_due(core: Core, order: Order) -> bool:
    due_ms = order.cancel_after_ms + core.cancel_backoff_ms(order.cancel_attempts)
    if due_ms > core.now_ms:
        core.wake_at(due_ms)
        return False
    return True


def _is_moving(core: Core, order: Order) -> bool:
    """Whether a request to move it has not ended: at the venue one of the two would fail, nobody
    knows which."""
    mover = core.book.mover_of(order)
    return order.is_replaced or (mover is not None and mover.is_uncertain)


def _send_reductions(core: Core) -> None:
    due = []
    for name, cancel in sorted(core.book.cancels.items()):
        order = core.book.order(cancel.intent.target_intent_id)
        if order is None or not isinstance(order.stage, Live) or _is_moving(core, order):
            continue
        waits = cancel.intent.size_centi == 0 or cancel.is_sent or cancel.outcome is not None
        if not waits and _is_cancel_due(core, order):
            due.append(name)
    for name in due:
        send_new(core, Kind.CANCEL, [name])


def _end_strays(core: Core) -> None:
    """Bets that no open order has."""
    every_ms = core.config.windows.look_up_every_ms
    due = []
    for name, (bet, due_ms) in list(core.strays.items()):
        if due_ms <= core.now_ms:
            core.strays[name] = (bet, core.now_ms + every_ms)
            due.append((bet.market_id, bet.bet_id))
        core.wake_at(core.strays[name][1])
    for market_id, bet_id in sorted(due):
        number = look_number(core)
        reference = reference_of(core, number)
        cancel = Cancel(bet_id, None)
        core.effects.append(Send(Request(number, Kind.CANCEL, reference, market_id, [cancel])))


# --- orders -------------------------------------------------------------------------------------


def _send_orders(core: Core) -> None:
    """Hedges, then replacements, then new orders, each as they came, as fast as they may."""
    if not core.is_ready or core.needs_login:
        return
    pacing = core.config.pacing
    core.gathered = {
        key: due_ms
        for key, due_ms in core.gathered.items()
        if due_ms + pacing.batch_window_ms > core.now_ms
    }
    queue = _queue(core)
    while queue:
        is_later, kind, name = queue.pop(0)
        on_their_way = core.book.flights.values()
        if sum(flight.kind is not Kind.CANCEL for flight in on_their_way) >= pacing.in_flight:
            return  # woken by an answer
        names = [name]
        if is_later and pacing.batch_window_ms > 0:
            names, queue = gather(core, kind, name, queue)
            if not is_gathered(core, kind, names):
                continue
        if _is_paced(core, names):
            core.gathered.pop(gathering_of(core, kind, names), None)
            send_new(core, kind, names)


def _queue(core: Core) -> Queue:
    queued = [
        (not order.is_hedge, URGENCY[_kind_of(order)], number, order.name)
        for number, order in core.book.orders.items()
        if isinstance(order.stage, Queued) and _can_leave(core, order)
    ]
    kinds = tuple(Kind)
    return [(is_later, kinds[urgency], name) for is_later, urgency, _, name in sorted(queued)]


def _kind_of(order: Order) -> Kind:
    return Kind.REPLACE if order.is_replace else Kind.PLACE


def _is_paced(core: Core, names: list[str]) -> bool:
    """Takes what these orders need of the second's and the hour's instructions; if there is none,
    sees to it that they come again."""
    pacing = core.config.pacing
    if core.book.transactions(core.now_ms) + len(names) > pacing.per_hour:
        core.wake_at((core.now_ms // HOUR_MS + 1) * HOUR_MS)
        core.counters.paced += 1
        return False
    order = core.book.order(names[0])
    market_id = "" if order is None else order.intent.market_id
    ready_ms = core.pace.take(pacing, market_id, len(names), core.now_ms)
    if ready_ms is not None:
        core.wake_at(ready_ms)
        core.counters.paced += 1
    return ready_ms is None


def _can_leave(core: Core, order: Order) -> bool:
    """A replacement needs the bet that it moves, and that nobody else is about to end."""
    if not order.is_replace:
        return True
    target = core.book.target_of(order)
    return (
        target is not None
        and target.bet_id is not None
        and not target.is_unwanted
        and not target.is_cancelling
        and not target.is_complete
    )


# --- looking ------------------------------------------------------------------------------------


def _send_look_ups(core: Core) -> None:
    looked_for = {name for look in core.looks.values() for name in look.names}
    due = []
    for order in core.book.orders.values():
        looks = isinstance(order.stage, Doubt) or (order.is_unsure and order.bet_id is not None)
        if not looks or order.name in looked_for:
            continue
        due_ms = core.look_after.get(order.name, 0)
        if due_ms > core.now_ms:
            core.wake_at(due_ms)
        else:
            due.append(order.name)
    for first in range(0, len(due), LOOK_MAX):
        _look_up(core, due[first : first + LOOK_MAX])
    core.look_after = {
        name: due_ms for name, due_ms in core.look_after.items() if name in core.book.numbers
    }


def _look_up(core: Core, names: list[str]) -> None:
    number = look_number(core)
    instructions = [part for name in names for part in look_up_of(core, name)]
    for name in names:
        core.look_after[name] = core.now_ms + core.config.windows.look_up_every_ms
    core.looks[number] = Look(names, core.now_ms)
    core.effects.append(Send(Request(number, Kind.LOOK_UP, "", "", instructions)))
