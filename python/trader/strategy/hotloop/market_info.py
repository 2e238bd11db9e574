"""What `market()` answers, from a market's book."""

from __future__ import annotations

from trader.betfair.books import MarketBook
from trader.betfair.messages import UNDEFINED, Definition, RunnerDefinition
from trader.strategy.hotloop.interface import MarketInfo, RunnerInfo


def market_info(market: MarketBook, *, stale: bool) -> MarketInfo:
    """The market's definition and marks."""
    definition = market.definition or UNDEFINED
    return {
        "status": definition.status,
        "in_play": definition.in_play,
        "version": definition.version,
        "bet_delay": definition.bet_delay_s,
        "ladder": definition.ladder_type,
        "bsp_reconciled": definition.bsp_reconciled,
        "market_time": definition.market_time,
        "event_type_id": definition.event_type_id,
        "market_type": definition.market_type,
        "turn_in_play": definition.turn_in_play,
        "persistence": definition.persistence,
        "stale": stale,
        "pt": market.pt_ms,
        "ts": market.ts_ms,
        "number_of_winners": definition.number_of_winners,
        "mbr": definition.base_rate_percent,
        "runners": _runner_infos(market, definition),
    }


def _runner_infos(market: MarketBook, definition: Definition) -> list[RunnerInfo]:
    """The definition's runners in its order; without one, the known runners."""
    runners = definition.runners
    if market.definition is None:
        runners = tuple(RunnerDefinition(key, None, None, None) for key in market.runners)
    return [
        {
            "id": runner.key[0],
            "handicap": runner.key[1] / 100,
            "status": runner.status or "UNKNOWN",
            "sort_priority": runner.sort_priority,
            "adjustment_factor": runner.adjustment_factor,
        }
        for runner in runners
    ]
