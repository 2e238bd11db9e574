"""A market written as the venue would send its image: what `apply_snapshot` builds again.

Sizes come back exactly up to 2^51 hundredths, beyond any that the venue has ever shown.
"""

from __future__ import annotations

from typing import Any

from trader.betfair.books import Depth, MarketBook, RunnerBook
from trader.betfair.ladder import Ladder
from trader.betfair.messages import Definition, RunnerDefinition, RunnerKey

_LAY_ROW_OF_NOTHING: dict[Depth, tuple[str, list[int]]] = {
    "full": ("atl", [0, 0]),
    "best": ("batl", [0, 0, 0]),
    "display": ("bdatl", [0, 0, 0]),
}
"""By depth, a row that deletes what is not there: it says that such rows are shown."""


def snapshot_of(market: MarketBook) -> dict[str, Any]:
    """An `mc` entry: definition, ladders of every depth, traded volumes, last traded prices."""
    entry: dict[str, Any] = {"id": market.market_id, "img": True}
    defined: set[RunnerKey] = set()
    if market.definition is not None:
        entry["marketDefinition"] = _definition(market.definition)
        defined = {runner.key for runner in market.definition.runners}
    entries = {key: _runner(book) for key, book in market.runners.items()}
    rc = [fields for key, fields in entries.items() if len(fields) > 2 or key not in defined]
    if not rc:
        rc = list(entries.values())[:1]
    if rc:
        _show_depths(market, rc[0])
    entry["rc"] = rc
    return entry


def _show_depths(market: MarketBook, fields: dict[str, Any]) -> None:
    """The depths the market has shown, also those it has no rows of now (`book.source: auto`)."""
    for depth in market.depths_seen:
        name, row = _LAY_ROW_OF_NOTHING[depth]
        fields.setdefault(name, [row])


def _runner(book: RunnerBook) -> dict[str, Any]:
    fields = _key(book.key)
    for name, ladder in book.prices.items():
        if ladder:
            fields[name] = [[price / 100, size / 100] for price, size in ladder.items()]
    for name, levels in book.levels.items():
        if levels:
            fields[name] = [
                [level, price / 100, size / 100] for level, (price, size) in levels.items()
            ]
    if book.ltp_centi is not None:
        fields["ltp"] = book.ltp_centi / 100
    return fields


def _definition(definition: Definition) -> dict[str, Any]:
    fields = {
        "status": definition.status,
        "inPlay": definition.in_play,
        "version": definition.version,
        "betDelay": definition.bet_delay_s,
        "bspReconciled": definition.bsp_reconciled,
        "marketTime": definition.market_time,
        "eventTypeId": definition.event_type_id,
        "marketType": definition.market_type,
        "turnInPlayEnabled": definition.turn_in_play,
        "persistenceEnabled": definition.persistence,
        "numberOfWinners": definition.number_of_winners,
        "marketBaseRate": definition.base_rate_percent,
        "priceLadderDefinition": {"type": definition.ladder_type},
        **_lines(definition.ladder),
        "runners": [_runner_definition(runner) for runner in definition.runners],
    }
    return {name: value for name, value in fields.items() if value is not None}


def _lines(ladder: Ladder | None) -> dict[str, float]:
    """The lines of a LINE_RANGE market; none of another, or where they are not known."""
    if ladder is None or ladder.type != "LINE_RANGE":
        return {}
    (band,) = ladder.bands
    return {
        "lineMinUnit": band.first_centi / 100,
        "lineMaxUnit": band.last_centi / 100,
        "lineInterval": band.step_centi / 100,
    }


def _runner_definition(runner: RunnerDefinition) -> dict[str, Any]:
    fields = {
        **_key(runner.key),
        "status": runner.status,
        "sortPriority": runner.sort_priority,
        "adjustmentFactor": runner.adjustment_factor,
    }
    return {name: value for name, value in fields.items() if value is not None}


def _key(key: RunnerKey) -> dict[str, Any]:
    return {"id": key[0], "hc": key[1] / 100}
