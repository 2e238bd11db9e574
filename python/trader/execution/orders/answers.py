"""What a request that left, and the answer that came, tell of its orders."""

from __future__ import annotations

from typing import TYPE_CHECKING

from trader.betfair.error_codes import class_of
from trader.execution.orders import record as records
from trader.execution.orders.entries import HOUR_MS, Cancel, Flight, NotDone
from trader.execution.orders.entries import Done as CancelDone
from trader.execution.orders.facts import (
    Answer,
    Done,
    Failed,
    Lost,
    NotSent,
    Refused,
    Replied,
    TimedOut,
    Told,
)
from trader.execution.orders.kinds import Kind
from trader.execution.orders.order import AGAIN, SENT, Doubt, Order
from trader.execution.orders.order import Refused as OrderRefused

if TYPE_CHECKING:
    from trader.execution.orders.book import Book


def sent(book: Book, record: records.Sent) -> None:
    """A request leaves, for the first time or again."""
    book.next_request = max(book.next_request, record.request + 1)
    flight = book.flights.get(record.request)
    if flight is None:
        names = list(record.names)
        flight = Flight(record.kind, names, record.at_ms, book.epoch, 0, None)
        book.flights[record.request] = flight
    flight.attempts += 1
    flight.again_ms = None
    if record.kind in (Kind.PLACE, Kind.REPLACE):
        _count(book, record.at_ms, len(record.names))
    for name in record.names:
        cancel = book.cancels.get(name)
        if record.kind is Kind.CANCEL and cancel is not None:
            cancel.is_sent = True
            continue
        order = book.order(name)
        if order is not None:
            _order_sent(order, record.kind, record.at_ms)


def _order_sent(order: Order, kind: Kind, at_ms: int) -> None:
    if kind in (Kind.PLACE, Kind.REPLACE):
        order.stage = SENT
        if order.first_sent_ms is None:
            order.first_sent_ms = at_ms
    elif kind is Kind.CANCEL:
        order.is_cancelling = True


def _count(book: Book, at_ms: int, transactions: int) -> None:
    hour = at_ms // HOUR_MS
    before = book.hour[1] if book.hour[0] == hour else 0
    book.hour = (hour, before + transactions)


def answered(book: Book, request: int, at_ms: int, answer: Answer) -> None:
    """A request ended."""
    flight = book.flights.get(request)
    if flight is None:
        return
    code = _code_of(answer)
    is_placing = flight.kind in (Kind.PLACE, Kind.REPLACE)
    goes_again = is_placing and code is not None and class_of(code) in ("transient", "auth")
    if goes_again:
        flight.again_ms = at_ms
    else:
        del book.flights[request]
    for place, name in enumerate(flight.names):
        if goes_again:
            order = book.order(name)
            if order is not None and order.bet_id is None:
                order.stage = AGAIN
            continue
        told = _told_of(answer, code, place)
        if is_placing:
            _placed(book, name, told, at_ms)
        else:
            _cancelled(book, name, told, at_ms)


def _code_of(answer: Answer) -> str | None:
    match answer:
        case Replied():
            return None
        case Refused():
            return answer.code
        case NotSent():
            return "SERVICE_BUSY"
        case Lost():
            return "UNEXPECTED_ERROR"


def _told_of(answer: Answer, code: str | None, place: int) -> Told:
    if not isinstance(answer, Replied):
        return Failed(code or "")
    return answer.told[place] if place < len(answer.told) else TimedOut()


def _placed(book: Book, name: str, told: Told, at_ms: int) -> None:
    """What a reply says of an order that was to be placed, or moved to."""
    order = book.order(name)
    if order is None:
        return
    if isinstance(told, Done) and told.bet_id is not None:
        if order.bet is None:
            order.size_centi = told.size_centi
        _take_over(book, order, told.bet_id)
        book.claim(name, told.bet_id)
    elif order.bet_id is not None:
        return  # the stream was quicker, and knows better
    elif not isinstance(told, Failed) or class_of(told.code) == "ambiguous":
        order.stage = Doubt(at_ms)
    else:
        _failed(book, order, told.code)
    if order.is_uncertain:
        target = book.target_of(order)
        if target is not None:
            target.is_unsure = True


def _failed(book: Book, order: Order, code: str) -> None:
    """It has no bet."""
    error_class = class_of(code)
    is_gone = error_class == "gone" and order.is_replace
    if error_class == "gone" and not is_gone:
        error_class = "reject"  # it says that the market has moved past the version it named
    order.stage = OrderRefused("TARGET_GONE" if is_gone else code, error_class, code)
    # CANCELLED_NOT_PLACED: the old bet is gone, and nobody asked for that.
    book.release_target(order.name, is_unsure=is_gone or code == "CANCELLED_NOT_PLACED")


def _cancelled(book: Book, name: str, told: Told, at_ms: int) -> None:
    cancel = book.cancels.get(name)
    if cancel is not None and cancel.intent.size_centi != 0:
        _reduced(book, cancel, told, at_ms)
        return
    order = book.order(name)
    if order is None:
        return
    order.is_cancelling = False
    # Whatever was said, the bet shows what it came to.
    order.is_unsure = True
    order.cancel_after_ms = at_ms
    if not isinstance(told, Failed):
        # Done, as far as we know: until the bet is shown it is not asked for again at once.
        order.cancel_attempts = 1
        return
    order.cancel_attempts += 1
    error_class = class_of(told.code)
    if error_class in ("reject", "halt") and told.code != "NO_ACTION_REQUIRED":
        waiting, order.cancels = order.cancels, []
        for waits in waiting:
            book.refuse_cancel(waits, told.code, error_class)


def _reduced(book: Book, cancel: Cancel, told: Told, at_ms: int) -> None:
    """What a reply says of a CANCEL of a part."""
    cancel.is_sent = False
    if isinstance(told, Done):
        cancel.outcome = CancelDone()
    elif isinstance(told, TimedOut):
        # A part taken off twice is too much: what it came to, the order's next report says.
        cancel.outcome = NotDone("TIMEOUT", "ambiguous")
    else:
        error_class = class_of(told.code)
        if error_class not in ("transient", "auth"):  # else it did nothing, and may be sent again
            cancel.outcome = NotDone(told.code, error_class)
    order = book.order(cancel.intent.target_intent_id)
    if order is not None:
        order.is_unsure = True
        order.cancel_after_ms = at_ms
        order.cancel_attempts += 1


def grounded(book: Book, request: int, at_ms: int) -> None:
    """A request will not leave again."""
    flight = book.flights.pop(request, None)
    for name in [] if flight is None else flight.names:
        order = book.order(name)
        if order is not None and order.bet_id is None:
            order.stage = Doubt(at_ms)


def _take_over(book: Book, order: Order, bet_id: str) -> None:
    """A reply has named an order's bet. What was taken for it by its looks is not, nor is it the
    bet of another."""
    if order.bet_id is not None and order.bet_id != bet_id:
        book.bets.pop(order.bet_id, None)
        order.bet_id = order.bet = None
    owner = book.bets.get(bet_id)
    other = book.order(owner) if owner != order.name else None
    if other is not None:
        other.bet_id = other.bet = None
        other.stage = Doubt(book.last_ms)
