"""What a blotter knows to be matched, by edge: for a trader that goes on after one before it."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence

from trader.execution.hedge import EdgeMatch, RunnerKey
from trader.execution.interfaces.intents import Side
from trader.execution.interfaces.reports import Status, matched_totals


def matches_in(db: sqlite3.Connection, market_ids: Sequence[str]) -> list[EdgeMatch]:
    """Every fill that is kept of these markets, all runs together, oldest first.

    Of an order that the venue has voided or amended its last totals stand for all its fills, in
    the place of the last; one of which nothing is left is not given.
    """
    marks = ",".join("?" * len(market_ids))
    rows = db.execute(
        "SELECT market_id, selection_id, handicap_centi, intent_id, edge, side, price_centi, "
        f"size_centi FROM fills WHERE market_id IN ({marks}) ORDER BY rowid",
        market_ids,
    ).fetchall()
    amended = _amended_in(db, market_ids, marks)
    last = {row[3]: number for number, row in enumerate(rows)}
    matches: list[EdgeMatch] = []
    for number, row in enumerate(rows):
        intent_id, price_centi, size_centi = row[3], row[6], row[7]
        size_centi, value_e4 = amended.get(intent_id, (size_centi, size_centi * price_centi))
        if size_centi > 0 and (intent_id not in amended or last[intent_id] == number):
            key = RunnerKey(*row[:3])
            matches.append(EdgeMatch(key, intent_id, row[4], Side(row[5]), size_centi, value_e4))
    return matches


def _amended_in(
    db: sqlite3.Connection, market_ids: Sequence[str], marks: str
) -> dict[str, tuple[int, int]]:
    """The last totals (size, and size times price) of the orders that the venue has changed after
    they were matched: their fills are the truth no more. By intent."""
    rows = db.execute(
        "SELECT intent_id, size_matched_centi, avg_price_matched FROM reports "
        "WHERE status IN (?, ?) AND intent_id IN "
        f"(SELECT intent_id FROM fills WHERE market_id IN ({marks})) ORDER BY rowid",
        (Status.AMENDED.value, Status.VOIDED.value, *market_ids),
    )
    return {intent_id: matched_totals(size, price) for intent_id, size, price in rows}
