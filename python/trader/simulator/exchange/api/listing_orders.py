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
from trader.simulator.exchange.api.parameters import (
    BetStatus,
    ListClearedOrders,
    ListCurrentOrders,
    OrderBy,
    RunnerId,
)
from trader.simulator.exchange.bets import Bet
from trader.simulator.exchange.stream.market_view import number
from trader.simulator.exchange.stream.order_view import REGULATOR

PAGE_MAX: Final = 1_000
NAMED_MAX: Final = 250
"""Bets and markets together that one listCurrentOrders names."""
CLEARED_NAMED_MAX: Final = 1_000


def list_current_orders(call: Call, wanted: ListCurrentOrders, answer: Answer) -> None:
    """Answers with a CurrentOrderSummaryReport."""
    check_named(NAMED_MAX, wanted.betIds, wanted.marketIds)
    date_in = _dated(wanted.orderBy)
    first, last = range_ms(wanted.dateRange or wanted.placedDateRange)
    bets = [
        bet
        for bet in _candidates(call, wanted)
        if (at_ms := date_in(bet)) is not None
        and first <= at_ms <= last
        and _is_wanted(call, bet, wanted)
    ]
    bets.sort(key=_order_of(wanted.orderBy), reverse=wanted.sortDir == "LATEST_TO_EARLIEST")
    page, more = _page(bets, wanted.fromRecord, wanted.recordCount)
    answer({"currentOrders": [current_order(bet) for bet in page], "moreAvailable": more})


def check_named(most: int, *lists: Sequence[Any] | None) -> None:
    """Raises `ApiError` where a request names more bets and markets than it may."""
    count = sum(len(named or ()) for named in lists)
    if count > most:
        raise ApiError("REQUEST_SIZE_EXCEEDS_LIMIT", f"{count} bets and markets, {most} at most")


def _candidates(call: Call, wanted: ListCurrentOrders) -> Iterable[Bet]:
    """The bets that may be meant, without looking at all there are where some are named."""
    account = call.account
    if wanted.betIds:
        ids = dict.fromkeys(str(bet_id) for bet_id in wanted.betIds)
        named = (account.bets.get(bet_id) for bet_id in ids)
        return [bet for bet in named if bet is not None]
    if wanted.customerOrderRefs:
        refs = dict.fromkeys(wanted.customerOrderRefs)
        return [bet for ref in refs for bet in account.by_order_ref.get(ref, ())]
    held = call.venue.markets
    markets = [held[key] for key in dict.fromkeys(wanted.marketIds or held) if key in held]
    is_live = wanted.orderProjection == "EXECUTABLE"
    return [
        bet for m in markets if not m.is_settled for bet in (m.live if is_live else m.bets).values()
    ]


def _is_wanted(call: Call, bet: Bet, wanted: ListCurrentOrders) -> bool:
    if bet.account_id != call.account.account_id or call.venue.markets[bet.market_id].is_settled:
        return False
    if wanted.orderProjection == "EXECUTABLE" and not bet.is_executable:
        return False
    if wanted.orderProjection == "EXECUTION_COMPLETE" and bet.is_executable:
        return False
    refs, strategies = wanted.customerOrderRefs, wanted.customerStrategyRefs
    return (
        (not wanted.marketIds or bet.market_id in wanted.marketIds)
        and (not refs or bet.customer_order_ref in refs)
        and (not strategies or (bet.customer_strategy_ref or "") in strategies)
    )


def _dated(order_by: OrderBy | None) -> Callable[[Bet], int | None]:
    """The date that an order is about: of the bets listed, and that a range is of. Bets that have
    no such date are left out."""
    if order_by == "BY_MATCH_TIME":
        return lambda bet: bet.matched_ms
    if order_by == "BY_VOID_TIME":  # when it was is not kept: what is void was matched then
        return lambda bet: bet.matched_ms if bet.voided_centi else None
    if order_by == "BY_SETTLED_TIME":  # no market here is settled in part
        return lambda _bet: None
    return lambda bet: bet.placed_ms


def _order_of(order_by: OrderBy | None) -> Callable[[Bet], tuple[Any, ...]]:
    if order_by == "BY_MARKET":
        return lambda bet: (bet.market_id, bet.placed_ms, bet.bet_id)
    date_in = _dated(order_by)
    return lambda bet: (date_in(bet), bet.placed_ms, bet.bet_id)


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
    check_named(CLEARED_NAMED_MAX, wanted.betIds)
    check_named(CLEARED_NAMED_MAX, wanted.marketIds)
    # Only what is settled comes in groups.
    group_by = (wanted.groupBy or "BET") if wanted.betStatus == "SETTLED" else "BET"
    first, last = range_ms(wanted.settledDateRange)
    bet_ids = frozenset(str(bet_id) for bet_id in wanted.betIds or ())
    cleared = [
        one
        for one in _cleared(call, wanted.betStatus)
        if first <= one.at_ms <= last
        and (not bet_ids or one.bet.bet_id in bet_ids)
        and _is_meant(call, one, wanted)
    ]
    entries: Sequence[tuple[Bet, dict[str, Any]]]
    if group_by == "BET":
        page, more = _page(cleared, wanted.fromRecord, wanted.recordCount)
        entries = [(one.bet, _cleared_bet(call, one)) for one in page]
    else:
        entries, more = _page(
            _grouped(call, cleared, group_by), wanted.fromRecord, wanted.recordCount
        )
    if wanted.includeItemDescription:
        for bet, entry in entries:
            entry["itemDescription"] = _item(call, bet, group_by)
    answer({"clearedOrders": [entry for _, entry in entries], "moreAvailable": more})


def _cleared(call: Call, status: BetStatus) -> Iterable[_Cleared]:
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
    return (
        (not wanted.marketIds or bet.market_id in wanted.marketIds)
        and (not wanted.eventIds or raw.get("eventId") in wanted.eventIds)
        and (not wanted.eventTypeIds or raw.get("eventTypeId") in wanted.eventTypeIds)
        and (not wanted.runnerIds or any(_is_on(bet, runner) for runner in wanted.runnerIds))
        and (wanted.side is None or bet.side == wanted.side)
        and (not wanted.customerOrderRefs or bet.customer_order_ref in wanted.customerOrderRefs)
        and (
            not wanted.customerStrategyRefs
            or (bet.customer_strategy_ref or "") in wanted.customerStrategyRefs
        )
    )


def _is_on(bet: Bet, runner: RunnerId) -> bool:
    return (bet.market_id, bet.runner[0], bet.runner[1] / 100) == (
        runner.marketId,
        runner.selectionId,
        runner.handicap or 0.0,
    )


def _item(call: Call, bet: Bet, group_by: str) -> dict[str, Any]:
    """What a bet, or the group that it is the first of, is about, in words."""
    market = call.venue.catalogue.get(bet.market_id)
    if market is None or group_by == "STRATEGY":
        return {}
    item: dict[str, Any] = {"eventTypeDesc": market.event_type_name}
    if group_by == "EVENT_TYPE":
        return item
    item["eventDesc"] = market.event_name
    if group_by == "EVENT":
        return item
    item |= {
        "marketDesc": market.market_name,
        "marketType": market.market_type,
        "marketStartTime": market.market_start_time,
        "numberOfWinners": call.venue.markets[bet.market_id].definition.number_of_winners or 0,
    }
    if market.each_way_divisor is not None:
        item["eachWayDivisor"] = market.each_way_divisor
    if group_by != "MARKET":
        spot = (bet.runner[0], bet.runner[1] / 100)
        names = {(one.selection_id, one.handicap): one.name for one in market.runners}
        item["runnerDesc"] = names.get(spot, "")
    return item


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


def _grouped(
    call: Call, cleared: Sequence[_Cleared], group_by: str
) -> list[tuple[Bet, dict[str, Any]]]:
    """(its first bet, entry) of each group, in the order of those bets. Commission is a market's:
    it is told by market and above only."""
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
        entries.append((bets[0].bet, entry))
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
