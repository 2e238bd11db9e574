"""Goes on where a trader before this one was killed: its open orders, its positions, its hedges.

What was placed, and what of it was matched, the journal of orders knows for certain; which fills
were heard of, and of which edge, the blotter. Both are read before the executor starts, and handed
to the parts of the session that would know it themselves had they not been killed. Reports that the
blotter does not have come again from the executor.
"""

from __future__ import annotations

import fcntl
import logging
import os
import time
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path
from typing import Final

from trader.execution.blotter import Blotter
from trader.execution.executor_py.journal_file import FILE, LOCK
from trader.execution.interfaces.executor import ExecutorStartError, OpenOrder
from trader.execution.interfaces.intents import QuoteIntent
from trader.execution.orders import journal
from trader.execution.orders.book import Book
from trader.execution.orders.order import Order
from trader.execution.switching import SwitchingExecutor
from trader.session import Session
from trader.strategy.context import Runner
from trader.strategy.markets import closed_market, market_state

_LOOK_S: Final = 0.05
_log: Final = logging.getLogger("trader.live")


def read_journal(folder: Path, *, may_be_absent: bool = False) -> Book:
    """What a journal knows, whoever writes to it. Raises `ExecutorStartError`."""
    path = folder / FILE
    book = Book(max_remembered=1)
    try:
        held = journal.read(path.read_bytes())
    except FileNotFoundError:
        if may_be_absent:
            return book
        raise ExecutorStartError(f"journal {path}: there is none") from None
    except OSError as error:
        raise ExecutorStartError(f"journal {path}: {error.strerror}") from None
    except journal.JournalError as error:
        raise ExecutorStartError(f"journal {path}: {error}") from None
    for record in held.records:
        book.apply(record)
    return book


def await_journal(folder: Path, patience_s: float, is_over: Callable[[], bool]) -> None:
    """Waits until nobody has the journal, for so long at most: the sidecar of a trader that was
    killed cancels what rests before it ends. Whoever starts an executor says who still has it."""
    try:
        lock = os.open(folder / LOCK, os.O_RDONLY)
    except FileNotFoundError:
        return
    except OSError as error:
        raise ExecutorStartError(f"journal {folder / LOCK}: {error.strerror}") from None
    try:
        until_s = time.monotonic() + patience_s
        while time.monotonic() < until_s and not is_over():
            try:
                fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
                return
            except BlockingIOError:
                time.sleep(_LOOK_S)
    finally:
        os.close(lock)


def markets_of(book: Book) -> list[str]:
    """Ids of the markets that a journal has orders or matches in."""
    orders = [order.intent.market_id for order in book.orders.values()]
    return list(dict.fromkeys([*orders, *book.exposure.names()]))


def without_paid(book: Book, blotter: Blotter) -> list[str]:
    """Takes out of a journal's positions the markets that the venue has paid out in a run before:
    the journal itself forgets them only when it is shortened. Their ids."""
    paid = blotter.paid(list(book.exposure.names()))
    for market_id in paid:
        book.exposure.settle(market_id)
    return paid


def adopt(
    session: Session, book: Book, blotter: Blotter, heard_seq: int, paid: Iterable[str] = ()
) -> None:
    """Before the first turn of a session that was just opened. `heard_seq`: the last report that
    the blotter has; `paid`: markets that the executor has to hear are over."""
    for market_id in paid:
        session.router.market(market_state(closed_market(market_id, None)))
    for order in book.orders.values():
        resting = _as_resting(order) if order.told.placed else None
        session.desk.adopt(_runner(order.intent), order.intent, resting)
        _matched(session, order.intent, order.told.matched_centi, order.told.value)
    for cancel in book.cancels.values():
        session.desk.adopt(_runner(cancel.intent), cancel.intent, None)
    unheard = {report.intent_id for report in book.unacked if report.seq > heard_seq}
    for name, ended in book.ended.items():
        _matched(session, ended.intent, *ended.told)
        if name in unheard:
            session.desk.adopt(_runner(ended.intent), ended.intent, None)
    intents = {order.name: order.intent for order in book.orders.values()}
    intents |= {name: cancel.intent for name, cancel in book.cancels.items()}
    intents |= {name: book.ended[name].intent for name in unheard if name in book.ended}
    for name in blotter.without(intents):
        blotter.intent(intents[name])
    _carry(session, book)
    for market_id in session.ledger.markets():
        session.desk.carried(market_id)
    if isinstance(session.executor, SwitchingExecutor):
        session.executor.adopted(order.name for order in book.orders.values())
    _restore_matches(session, book, blotter)
    if book.orders or session.ledger.markets():
        _log.warning(
            "going on with %d open orders and matches in %d markets of a run before this one",
            len(book.orders),
            len(session.ledger.markets()),
        )


def _matched(session: Session, intent: QuoteIntent, size_centi: int, value_e4: int) -> None:
    if size_centi:
        runner = _runner(intent)
        session.ledger.matched(
            intent.intent_id, runner, intent.side, size_centi, value_e4, intent.edge
        )


def _carry(session: Session, book: Book) -> None:
    """What the journal has of positions and no order tells any more; markets it has settled are
    none of ours."""
    ledger = session.ledger
    for market_id in ledger.markets():
        if market_id not in book.exposure.markets:
            ledger.forget(market_id)
    for market_id, runners in book.exposure.markets.items():
        for (selection_id, handicap_centi), profit in runners:
            runner = Runner.of(market_id, selection_id, handicap_centi)
            known = ledger.position(runner)
            win_e4, lose_e4 = (known.win_e4, known.lose_e4) if known is not None else (0, 0)
            if (win_e4, lose_e4) != (profit.if_wins, profit.if_loses):
                ledger.carried(runner, profit.if_wins - win_e4, profit.if_loses - lose_e4)


def _restore_matches(session: Session, book: Book, blotter: Blotter) -> None:
    """Whose matches they were: to be evened out by the hedge, or held by an edge. What an edge
    holds of orders that the journal still tells, the ledger has from there."""
    for match in blotter.matches_in(list(book.exposure.names())):
        session.hedge.restore(match)
        if match.intent_id not in book.numbers and match.intent_id not in book.ended:
            key = match.key
            runner = Runner.of(key.market_id, key.selection_id, key.handicap_centi)
            session.ledger.restore_held(
                match.intent_id, match.edge, runner, match.side, match.size_centi, match.value_e4
            )


def _runner(intent: QuoteIntent) -> Runner:
    return Runner.of(intent.market_id, intent.selection_id, intent.handicap_centi)


def _as_resting(order: Order) -> OpenOrder:
    return replace(
        OpenOrder.of(order.intent),
        size_centi=order.size_centi,
        remaining_centi=max(order.remaining_centi, 0),
        matched_centi=order.told.matched_centi,
    )
