"""The durable state as one record: what a journal begins with once it has been shortened."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from trader.execution.interfaces.reports import ExecutionReport
from trader.execution.orders.entries import Cancel, Ended, Flight
from trader.execution.orders.exposure import Exposure
from trader.execution.orders.order import Order
from trader.execution.orders.variants import from_plain, to_plain

if TYPE_CHECKING:
    from trader.execution.orders.book import Book


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Everything that a `Book` knows. Lists are in the order that the book keeps."""

    epoch: int
    next_request: int
    next_number: int
    last_ms: int
    last_seq: int
    killed: bool
    hour: tuple[int, int]
    orders: list[tuple[int, Order]]
    cancels: list[Cancel]
    flights: list[tuple[int, Flight]]
    unacked: list[ExecutionReport]
    dry: list[ExecutionReport]
    ended: list[Ended]
    amended: list[str]
    exposure: Exposure
    remembered: list[str]

    @staticmethod
    def of(book: Book) -> Snapshot:
        """All that is known now; what the book does later does not change it."""
        snapshot = Snapshot(
            epoch=book.epoch,
            next_request=book.next_request,
            next_number=book.next_number,
            last_ms=book.last_ms,
            last_seq=book.last_seq,
            killed=book.killed,
            hour=book.hour,
            orders=list(book.orders.items()),
            cancels=[book.cancels[name] for name in sorted(book.cancels)],
            flights=list(book.flights.items()),
            unacked=list(book.unacked),
            dry=[book.dry[name] for name in sorted(book.dry)],
            ended=list(book.ended.values()),
            amended=sorted(book.amended),
            exposure=Exposure(dict(sorted(book.exposure.markets.items()))),
            remembered=list(book.remembered),
        )
        copied: Snapshot = from_plain(Snapshot, to_plain(snapshot))
        return copied

    def restore(self, book: Book) -> None:
        """The book knows what the snapshot says and nothing else, but remembers as many intents as
        before."""
        own: Snapshot = from_plain(Snapshot, to_plain(self))  # the book changes what it holds
        book.__init__(book.max_remembered)  # type: ignore[misc]
        book.epoch, book.next_request = own.epoch, own.next_request
        book.next_number, book.last_ms, book.last_seq = own.next_number, own.last_ms, own.last_seq
        book.killed, book.hour = own.killed, own.hour
        for number, order in own.orders:
            if order.bet_id is not None:
                book.bets[order.bet_id] = order.name
            book.numbers[order.name] = number
            book.orders[number] = order
        book.cancels.update({cancel.intent.intent_id: cancel for cancel in own.cancels})
        book.flights.update(own.flights)
        book.unacked.extend(own.unacked)
        book.dry.update({report.intent_id: report for report in own.dry})
        for ended in own.ended:
            name = ended.intent.intent_id
            if ended.bet is not None:
                book.bets[ended.bet.bet_id] = name
            book.ended[name] = ended
        book.amended.update(own.amended)
        book.exposure = own.exposure
        for intent_id in own.remembered:
            book.remember(intent_id)
