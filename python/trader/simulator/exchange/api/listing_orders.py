"""listCurrentOrders and listClearedOrders.

Current are the bets of markets that are not settled: those with something unmatched, and those
that are complete. Cleared are settled and void bets of settled markets, and cancelled and lapsed
ones from their end on.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from trader.simulator.exchange.api.call import Answer, Call
from trader.simulator.exchange.api.dates import date_of, range_ms
from trader.simulator.exchange.api.errors import ApiError
from trader.simulator.exchange.api.parameters import ListClearedOrders, ListCurrentOrders
from trader.simulator.exchange.bets import Bet
from trader.simulator.exchange.stream.market_view import number
from trader.simulator.exchange.stream.order_view import REGULATOR

PAGE_MAX: Final = 1_000
BET_STATUSES: Final = ("SETTLED", "VOIDED", "LAPSED", "CANCELLED")
GROUPS: Final = ("EVENT_TYPE", "EVENT", "MARKET", "SIDE", "BET", "RUNNER", "STRATEGY")


def list_current_orders(call: Call, wanted: ListCurrentOrders, answer: Answer) -> None:
    """Answers with a CurrentOrderSummaryReport."""
    bets = [bet for bet in _candidates(call, wanted) if _is_wanted(call, bet, wanted)]
    bets.sort(key=_order_of(wanted.orderBy), reverse=wanted.sortDir == "LATEST_TO_EARLIEST")
    page, more = _page(bets, wanted.fromRecord, wanted.recordCount)
    answer({"currentOrders": [current_order(bet) for bet in page], "moreAvailable": more})


def _candidates(call: Call, wanted: ListCurrentOrders) -> Iterable[Bet]:
    """The bets that may be meant, without looking at all there are where some are named."""
    account = call.account
    if wanted.betIds:
        named = (account.bets.get(str(bet_id)) for bet_id in wanted.betIds)
        return [bet for bet in named if bet is not None]
    if wanted.customerOrderRefs:
        return [b for ref in wanted.customerOrderRefs for b in account.by_order_ref.get(ref, ())]
    markets = call.venue.markets
    ids = wanted.marketIds if wanted.marketIds else list(markets)
    return [
        bet
        for market_id in ids
        if market_id in markets and not markets[market_id].is_settled
        for bet in markets[market_id].bets.values()
    ]


def _is_wanted(call: Call, bet: Bet, wanted: ListCurrentOrders) -> bool:
    if bet.account_id != call.account.account_id or call.venue.markets[bet.market_id].is_settled:
        return False
    if wanted.orderProjection == "EXECUTABLE" and not bet.is_executable:
        return False
    if wanted.orderProjection == "EXECUTION_COMPLETE" and bet.is_executable:
        return False
    first, last = range_ms(wanted.dateRange or wanted.placedDateRange)
    refs, strategies = wanted.customerOrderRefs, wanted.customerStrategyRefs
    return (
        first <= bet.placed_ms <= last
        and (not wanted.marketIds or bet.market_id in wanted.marketIds)
        and (not refs or bet.customer_order_ref in refs)
        and (not strategies or (bet.customer_strategy_ref or "") in strategies)
    )


def _order_of(order_by: str | None) -> Callable[[Bet], tuple[Any, ...]]:
    if order_by == "BY_MARKET":
        return lambda bet: (bet.market_id, bet.placed_ms, bet.bet_id)
    if order_by == "BY_MATCH_TIME":
        return lambda bet: (bet.matched_ms or 0, bet.bet_id)
    return lambda bet: (bet.placed_ms, bet.bet_id)


def _page(items: Sequence[Any], first: int | None, count: int | None) -> tuple[Sequence[Any], bool]:
    """(the records asked for, whether there are more)."""
    start = first or 0
    size = min(count or PAGE_MAX, PAGE_MAX)
    if start < 0 or size < 0:
        raise ApiError("INVALID_INPUT_DATA", "fromRecord and recordCount are not below 0")
    return items[start : start + size], len(items) > start + size


def current_order(bet: Bet) -> dict[str, Any]:
    """A bet as `currentOrders` tells it."""
    order: dict[str, Any] = {
        "betId": bet.bet_id,
        "marketId": bet.market_id,
        "selectionId": bet.runner[0],
        "handicap": bet.runner[1] / 100,
        "priceSize": {"price": number(bet.price_centi), "size": number(bet.size_centi)},
        "bspLiability": number(bet.liability_centi),
        "side": bet.side,
        "status": "EXECUTABLE" if bet.is_executable else "EXECUTION_COMPLETE",
        "persistenceType": bet.persistence,
        "orderType": bet.order_type,
        "placedDate": date_of(bet.placed_ms),
        "averagePriceMatched": round(bet.average_price, 8),
        "sizeMatched": number(bet.matched_centi),
        "sizeRemaining": number(bet.remaining_centi),
        "sizeLapsed": number(bet.lapsed_centi),
        "sizeCancelled": number(bet.cancelled_centi),
        "sizeVoided": number(bet.voided_centi),
        "regulatorCode": REGULATOR,
    }
    if bet.matched_ms is not None:
        order["matchedDate"] = date_of(bet.matched_ms)
    if bet.customer_order_ref is not None:
        order["customerOrderRef"] = bet.customer_order_ref
    if bet.customer_strategy_ref is not None:
        order["customerStrategyRef"] = bet.customer_strategy_ref
    return order


# --- cleared orders -----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Cleared:
    """One cleared bet, whichever way."""

    bet: Bet
    outcome: str
    size_centi: int
    profit_e4: int
    at_ms: int


def list_cleared_orders(call: Call, wanted: ListClearedOrders, answer: Answer) -> None:
    """Answers with a ClearedOrderSummaryReport."""
    if wanted.betStatus not in BET_STATUSES:
        raise ApiError("INVALID_INPUT_DATA", f"betStatus is one of {', '.join(BET_STATUSES)}")
    group_by = wanted.groupBy or "BET"
    if group_by not in GROUPS:
        raise ApiError("INVALID_INPUT_DATA", f"groupBy is one of {', '.join(GROUPS)}")
    cleared = [one for one in _cleared(call, wanted.betStatus) if _is_meant(call, one, wanted)]
    entries = [_cleared_bet(call, one) for one in cleared]
    if group_by != "BET":
        entries = _grouped(call, cleared, group_by)
    page, more = _page(entries, wanted.fromRecord, wanted.recordCount)
    answer({"clearedOrders": list(page), "moreAvailable": more})


def _cleared(call: Call, status: str) -> Iterable[_Cleared]:
    account = call.account
    if status in ("SETTLED", "VOIDED"):
        for one in call.venue.settlements.cleared.get(account.account_id, ()):
            if one.status == status:
                yield _Cleared(one.bet, one.outcome, one.size_centi, one.profit_e4, one.settled_ms)
        return
    for bet in account.bets.values():
        size_centi = bet.lapsed_centi if status == "LAPSED" else bet.cancelled_centi
        at_ms = bet.lapsed_ms if status == "LAPSED" else bet.cancelled_ms
        if size_centi and at_ms is not None and not bet.is_executable:
            yield _Cleared(bet, "", size_centi, 0, at_ms)


def _is_meant(call: Call, one: _Cleared, wanted: ListClearedOrders) -> bool:
    bet = one.bet
    market = call.venue.markets[bet.market_id]
    raw = market.raw_definition or {}
    first, last = range_ms(wanted.settledDateRange)
    bet_ids = {str(bet_id) for bet_id in wanted.betIds or ()}
    return (
        first <= one.at_ms <= last
        and (not wanted.marketIds or bet.market_id in wanted.marketIds)
        and (not wanted.eventIds or raw.get("eventId") in wanted.eventIds)
        and (not wanted.eventTypeIds or raw.get("eventTypeId") in wanted.eventTypeIds)
        and (not bet_ids or bet.bet_id in bet_ids)
        and (wanted.side is None or bet.side == wanted.side)
        and (not wanted.customerOrderRefs or bet.customer_order_ref in wanted.customerOrderRefs)
        and (
            not wanted.customerStrategyRefs
            or (bet.customer_strategy_ref or "") in wanted.customerStrategyRefs
        )
    )


def _cleared_bet(call: Call, one: _Cleared) -> dict[str, Any]:
    bet = one.bet
    raw = call.venue.markets[bet.market_id].raw_definition or {}
    entry: dict[str, Any] = {
        "eventTypeId": raw.get("eventTypeId", ""),
        "eventId": raw.get("eventId", ""),
        "marketId": bet.market_id,
        "selectionId": bet.runner[0],
        "handicap": bet.runner[1] / 100,
        "betId": bet.bet_id,
        "placedDate": date_of(bet.placed_ms),
        "persistenceType": bet.persistence,
        "orderType": bet.order_type,
        "side": bet.side,
        "priceRequested": number(bet.price_centi),
        "settledDate": date_of(one.at_ms),
        "betCount": 1,
        "priceMatched": round(bet.average_price, 8),
        "priceReduced": bet.is_price_reduced,
    }
    if one.outcome:
        entry["betOutcome"] = one.outcome
        entry["sizeSettled"] = number(one.size_centi)
        entry["profit"] = _money(one.profit_e4)
    else:
        entry["sizeCancelled"] = number(one.size_centi)
    if bet.matched_ms is not None:
        entry["lastMatchedDate"] = date_of(bet.matched_ms)
    if bet.customer_order_ref is not None:
        entry["customerOrderRef"] = bet.customer_order_ref
    if bet.customer_strategy_ref is not None:
        entry["customerStrategyRef"] = bet.customer_strategy_ref
    return entry


def _grouped(call: Call, cleared: Sequence[_Cleared], group_by: str) -> list[dict[str, Any]]:
    """One entry a group, in the order of their first bet. Commission is a market's: it is told by
    market and above only."""
    groups: dict[tuple[tuple[str, Any], ...], list[_Cleared]] = {}
    for one in cleared:
        groups.setdefault(_group_of(call, one.bet, group_by), []).append(one)
    entries = []
    for key, bets in groups.items():
        entry: dict[str, Any] = dict(key)
        entry |= {
            "settledDate": date_of(max(one.at_ms for one in bets)),
            "betCount": len(bets),
            "profit": _money(sum(one.profit_e4 for one in bets)),
        }
        if group_by in ("EVENT_TYPE", "EVENT", "MARKET"):
            entry["commission"] = _money(_commission_e4(call, {b.bet.market_id for b in bets}))
        entries.append(entry)
    return entries


def _group_of(call: Call, bet: Bet, group_by: str) -> tuple[tuple[str, Any], ...]:
    raw = call.venue.markets[bet.market_id].raw_definition or {}
    names: dict[str, Any] = {"eventTypeId": raw.get("eventTypeId", "")}
    if group_by == "STRATEGY":
        return (("customerStrategyRef", bet.customer_strategy_ref or ""),)
    if group_by != "EVENT_TYPE":
        names["eventId"] = raw.get("eventId", "")
    if group_by in ("MARKET", "RUNNER", "SIDE"):
        names["marketId"] = bet.market_id
    if group_by in ("RUNNER", "SIDE"):
        names |= {"selectionId": bet.runner[0], "handicap": bet.runner[1] / 100}
    if group_by == "SIDE":
        names["side"] = bet.side
    return tuple(names.items())


def _commission_e4(call: Call, market_ids: set[str]) -> int:
    results = call.venue.settlements.markets.get(call.account.account_id, ())
    return sum(result.commission_e4 for result in results if result.market_id in market_ids)


def _money(amount_e4: int) -> float:
    """An amount in whole hundredths, a half away from zero."""
    sign = -1 if amount_e4 < 0 else 1
    return number(sign * ((abs(amount_e4) + 50) // 100))
