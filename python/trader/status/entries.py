"""Intents, reports and results as rows of the page; on the server's threads, of what no longer
changes."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from trader.execution.interfaces.intents import Action, QuoteIntent
from trader.execution.interfaces.reports import ExecutionReport
from trader.execution.ledger import MarketResult, to_money
from trader.status.board import Happened
from trader.status.document import Entry
from trader.status.names import Names

MESSAGE_MAX: Final = 200


def entries(happened: Iterable[Happened], after_seq: int, names: Names) -> list[Entry]:
    """Rows of what came after a number, oldest first."""
    return [_entry(one, names) for one in happened if one.seq > after_seq]


def _entry(one: Happened, names: Names) -> Entry:
    if isinstance(one.what, QuoteIntent):
        return _of_intent(one, one.what, names)
    if isinstance(one.what, ExecutionReport):
        return _of_report(one, one.what, names)
    return _of_result(one, one.what, names)


def _of_intent(one: Happened, intent: QuoteIntent, names: Names) -> Entry:
    is_cancel = intent.action is Action.CANCEL
    return Entry(
        seq=one.seq,
        ts_ms=one.ts_ms,
        kind="intent",
        market_id=intent.market_id,
        text=intent.action.value,
        selection_id=intent.selection_id,
        handicap=intent.handicap_centi / 100,
        name=names.runner(intent.market_id, intent.selection_id),
        edge=intent.edge,
        side=intent.side.value,
        price=intent.price_centi / 100 if intent.price_centi and not is_cancel else None,
        size=intent.size_centi / 100 if intent.size_centi else None,
        intent_id=intent.intent_id,
    )


def _of_report(one: Happened, report: ExecutionReport, names: Names) -> Entry:
    intent = one.intent
    is_fill = bool(report.fill_size)
    price = report.fill_price if is_fill else None
    return Entry(
        seq=one.seq,
        ts_ms=one.ts_ms,
        kind="report",
        market_id="" if intent is None else intent.market_id,
        text=report.status.value,
        of=report.action.value,
        selection_id=None if intent is None else intent.selection_id,
        handicap=0.0 if intent is None else intent.handicap_centi / 100,
        name="" if intent is None else names.runner(intent.market_id, intent.selection_id),
        edge="" if intent is None else intent.edge,
        side="" if intent is None else intent.side.value,
        price=price if is_fill or intent is None else intent.price_centi / 100 or None,
        size=report.fill_size if is_fill else None,
        code=(report.reject_code or "")[:MESSAGE_MAX],
        intent_id=report.intent_id,
    )


def _of_result(one: Happened, result: MarketResult, names: Names) -> Entry:
    return Entry(
        seq=one.seq,
        ts_ms=one.ts_ms,
        kind="result",
        market_id=result.market_id,
        text=f"{result.kind.upper()} {to_money(result.net_e4):+.2f}",
        name=names.market(result.market_id),
    )
