"""What markets there are (catalogue, events, types) and what they look like (listMarketBook)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from typing import Any, Final

from trader.simulator.catalogue import CatalogueMarket
from trader.simulator.exchange.api.call import Answer, Call
from trader.simulator.exchange.api.dates import range_ms
from trader.simulator.exchange.api.errors import ApiError
from trader.simulator.exchange.api.listing_orders import current_order
from trader.simulator.exchange.api.parameters import (
    ListMarketBook,
    ListMarketCatalogue,
    ListMarkets,
    ListProfitAndLoss,
    MarketFilter,
    TimeRange,
)
from trader.simulator.exchange.display import RunnerDisplay
from trader.simulator.exchange.exposure import runner_outcomes_e4
from trader.simulator.exchange.market import ExchangeMarket
from trader.simulator.exchange.stream.market_view import best_levels, number

CATALOGUE_MAX: Final = 1_000
BOOKS_MAX: Final = 40
"""Market books of one request: what the venue's data limits come to with best offers."""
DEPTH_DEFAULT: Final = 3
DEPTH_MAX: Final = 10


def list_market_catalogue(call: Call, wanted: ListMarketCatalogue, answer: Answer) -> None:
    """Answers with MarketCatalogue entries."""
    if not 0 < wanted.maxResults <= CATALOGUE_MAX:
        raise ApiError("TOO_MUCH_DATA", f"maxResults is 1 to {CATALOGUE_MAX}")
    projection = set(wanted.marketProjection or ())
    markets = [market for market in _matching(call, wanted.filter) if _is_listed(call, market)]
    markets.sort(key=_sort_key(call, wanted.sort))
    answer([_catalogue(call, m, projection) for m in markets[: wanted.maxResults]])


def list_event_types(call: Call, wanted: ListMarkets, answer: Answer) -> None:
    """Answers with EventTypeResult entries."""
    answer(
        _counted(
            _matching(call, wanted.filter),
            lambda m: (m.event_type_id, m.event_type_name),
            lambda key: {"eventType": {"id": key[0], "name": key[1]}},
        )
    )


def list_events(call: Call, wanted: ListMarkets, answer: Answer) -> None:
    """Answers with EventResult entries."""
    found: dict[str, dict[str, Any]] = {}
    for market in _matching(call, wanted.filter):
        entry = found.setdefault(market.event_id, {"event": _event(market), "marketCount": 0})
        entry["marketCount"] += 1
    answer(list(found.values()))


def list_market_types(call: Call, wanted: ListMarkets, answer: Answer) -> None:
    """Answers with MarketTypeResult entries."""
    answer(
        _counted(
            _matching(call, wanted.filter),
            lambda m: (m.market_type or "",),
            lambda key: {"marketType": key[0]},
        )
    )


def list_countries(call: Call, wanted: ListMarkets, answer: Answer) -> None:
    """Answers with CountryCodeResult entries."""
    answer(
        _counted(
            _matching(call, wanted.filter),
            lambda m: (m.country_code or "",),
            lambda key: {"countryCode": key[0]},
        )
    )


def list_venues(call: Call, wanted: ListMarkets, answer: Answer) -> None:
    """Answers with VenueResult entries."""
    answer(
        _counted(
            [m for m in _matching(call, wanted.filter) if m.venue],
            lambda m: (m.venue or "",),
            lambda key: {"venue": key[0]},
        )
    )


def list_competitions(call: Call, wanted: ListMarkets, answer: Answer) -> None:
    """Answers with no competition: no market of the venue belongs to one."""
    del call, wanted
    answer([])


def _counted(
    markets: Iterable[CatalogueMarket],
    key_of: Callable[[CatalogueMarket], tuple[str, ...]],
    entry_of: Callable[[tuple[str, ...]], dict[str, Any]],
) -> list[dict[str, Any]]:
    counts = Counter(key_of(market) for market in markets)
    return [entry_of(key) | {"marketCount": count} for key, count in counts.items()]


def _is_listed(call: Call, market: CatalogueMarket) -> bool:
    """Closed markets are not in the catalogue any more."""
    held = call.venue.markets.get(market.market_id)
    return held is None or held.status != "CLOSED"


def _matching(call: Call, wanted: MarketFilter) -> list[CatalogueMarket]:
    return [m for m in call.venue.catalogue.values() if _matches(call, m, wanted)]


def _matches(call: Call, market: CatalogueMarket, wanted: MarketFilter) -> bool:
    sets = (
        (wanted.eventTypeIds, market.event_type_id),
        (wanted.eventIds, market.event_id),
        (wanted.marketIds, market.market_id),
        (wanted.venues, market.venue),
        (wanted.marketBettingTypes, market.betting_type),
        (wanted.marketCountries, market.country_code),
        (wanted.marketTypeCodes, market.market_type),
        (wanted.competitionIds, None),
    )
    if any(values and value not in values for values, value in sets):
        return False
    held = call.venue.markets.get(market.market_id)
    in_play = held is not None and held.definition.in_play
    raw = (held.raw_definition if held is not None else None) or {}
    if wanted.inPlayOnly is not None and wanted.inPlayOnly is not in_play:
        return False
    if wanted.bspOnly and not raw.get("bspMarket"):
        return False
    turns = raw.get("turnInPlayEnabled", False)
    if wanted.turnInPlayEnabled is not None and turns is not wanted.turnInPlayEnabled:
        return False
    if wanted.textQuery and wanted.textQuery.lower() not in _text(market):
        return False
    return _starts_within(market, wanted.marketStartTime)


def _text(market: CatalogueMarket) -> str:
    return f"{market.market_name} {market.event_name} {market.venue or ''}".lower()


def _starts_within(market: CatalogueMarket, wanted: TimeRange | None) -> bool:
    if wanted is None or market.market_start_time is None:
        return True
    first, last = range_ms(wanted)
    start, _ = range_ms(TimeRange(start=market.market_start_time))
    return first <= start <= last


def _sort_key(call: Call, sort: str | None) -> Callable[[CatalogueMarket], tuple[Any, ...]]:
    def traded(market: CatalogueMarket) -> int:
        held = call.venue.markets.get(market.market_id)
        return held.total_traded() if held is not None else 0

    if sort == "MAXIMUM_TRADED":
        return lambda m: (-traded(m), m.market_id)
    if sort == "MINIMUM_TRADED":
        return lambda m: (traded(m), m.market_id)
    if sort == "LAST_TO_START":
        return lambda m: (_reversed_text(m.market_start_time or ""), m.market_id)
    return lambda m: (m.market_start_time or "", m.market_id)


def _reversed_text(text: str) -> tuple[int, ...]:
    return tuple(-ord(letter) for letter in text)


def _catalogue(call: Call, market: CatalogueMarket, projection: set[str]) -> dict[str, Any]:
    held = call.venue.markets.get(market.market_id)
    entry: dict[str, Any] = {
        "marketId": market.market_id,
        "marketName": market.market_name,
        "totalMatched": number(held.total_traded()) if held is not None else 0,
    }
    if "MARKET_START_TIME" in projection:
        entry["marketStartTime"] = market.market_start_time
    if "EVENT_TYPE" in projection:
        entry["eventType"] = {"id": market.event_type_id, "name": market.event_type_name}
    if "EVENT" in projection:
        entry["event"] = _event(market)
    if "MARKET_DESCRIPTION" in projection:
        entry["description"] = _description(held, market)
    if projection & {"RUNNER_DESCRIPTION", "RUNNER_METADATA"}:
        entry["runners"] = [
            {
                "selectionId": runner.selection_id,
                "runnerName": runner.name,
                "handicap": runner.handicap,
                "sortPriority": runner.sort_priority,
            }
            | (
                {"metadata": {"runnerId": str(runner.selection_id)}}
                if "RUNNER_METADATA" in projection
                else {}
            )
            for runner in market.runners
        ]
    return entry


def _event(market: CatalogueMarket) -> dict[str, Any]:
    event = {
        "id": market.event_id,
        "name": market.event_name,
        "countryCode": market.country_code,
        "timezone": market.timezone,
        "venue": market.venue,
        "openDate": market.open_date,
    }
    return {name: value for name, value in event.items() if value is not None}


def _description(held: ExchangeMarket | None, market: CatalogueMarket) -> dict[str, Any]:
    raw = (held.raw_definition if held is not None else None) or {}
    ladder = raw.get("priceLadderDefinition") or {"type": "CLASSIC"}
    return {
        "persistenceEnabled": raw.get("persistenceEnabled", True),
        "bspMarket": raw.get("bspMarket", False),
        "marketTime": market.market_start_time,
        "suspendTime": raw.get("suspendTime", market.market_start_time),
        "bettingType": market.betting_type,
        "turnInPlayEnabled": raw.get("turnInPlayEnabled", False),
        "marketType": market.market_type,
        "regulator": "MALTA LOTTERIES AND GAMBLING AUTHORITY",
        "marketBaseRate": market.market_base_rate,
        "discountAllowed": raw.get("discountAllowed", True),
        "wallet": "UK wallet",
        "rules": "",
        "rulesHasDate": False,
        "priceLadderDescription": {"type": ladder.get("type", "CLASSIC")},
    }


# --- market books -------------------------------------------------------------------------------


def list_market_book(call: Call, wanted: ListMarketBook, answer: Answer) -> None:
    """Answers with MarketBook entries; unknown markets are left out."""
    if len(wanted.marketIds) > BOOKS_MAX:
        raise ApiError("TOO_MUCH_DATA", f"{len(wanted.marketIds)} markets, {BOOKS_MAX} at most")
    markets = call.venue.markets
    answer([_book(call, markets[m], wanted) for m in wanted.marketIds if m in markets])


def _book(call: Call, market: ExchangeMarket, wanted: ListMarketBook) -> dict[str, Any]:
    raw = market.raw_definition or {}
    definition = market.definition
    runners = [
        _runner(call, market, display, wanted)
        for runner in definition.runners
        for display in [market.runner(runner.key)]
    ]
    active = sum(1 for runner in definition.runners if runner.status == "ACTIVE")
    return {
        "marketId": market.market_id,
        "isMarketDataDelayed": False,
        "status": market.status,
        "betDelay": definition.bet_delay_s,
        "bspReconciled": definition.bsp_reconciled,
        "complete": raw.get("complete", True),
        "inplay": definition.in_play,
        "numberOfWinners": definition.number_of_winners or 0,
        "numberOfRunners": len(definition.runners),
        "numberOfActiveRunners": active,
        "totalMatched": number(market.total_traded()),
        "totalAvailable": number(_available(market)),
        "crossMatching": raw.get("crossMatching", False),
        "runnersVoidable": raw.get("runnersVoidable", False),
        "version": market.version,
        "runners": runners,
    }


def _available(market: ExchangeMarket) -> int:
    return sum(
        size
        for display in market.runners.values()
        for array in ("atb", "atl")
        for _, size in display.ladder(array)
    )


def _runner(
    call: Call, market: ExchangeMarket, display: RunnerDisplay, wanted: ListMarketBook
) -> dict[str, Any]:
    runner = market.runner_definition(display.key)
    entry: dict[str, Any] = {
        "selectionId": display.key[0],
        "handicap": display.key[1] / 100,
        "status": runner.status if runner is not None else "ACTIVE",
        "totalMatched": number(display.total_traded()),
    }
    if runner is not None and runner.adjustment_factor is not None:
        entry["adjustmentFactor"] = runner.adjustment_factor
    if "ltp" in display.values:
        entry["lastPriceTraded"] = display.values["ltp"]
    projection = wanted.priceProjection
    data = set(projection.priceData or ()) if projection is not None else set()
    ex = _prices(display, wanted, data)
    if ex:
        entry["ex"] = ex
    if data & {"SP_AVAILABLE", "SP_TRADED"}:
        entry["sp"] = _starting(display)
    if wanted.orderProjection is not None:
        entry["orders"] = _orders(call, market, display, wanted.orderProjection)
    return entry


def _prices(display: RunnerDisplay, wanted: ListMarketBook, data: set[str]) -> dict[str, Any]:
    ex: dict[str, Any] = {}
    if data & {"EX_BEST_OFFERS", "EX_ALL_OFFERS"}:
        overrides = wanted.priceProjection.exBestOffersOverrides if wanted.priceProjection else None
        depth = (overrides.bestPricesDepth if overrides else None) or DEPTH_DEFAULT
        for array, name in (("atb", "availableToBack"), ("atl", "availableToLay")):
            rows = display.ladder(array)
            if "EX_ALL_OFFERS" not in data:
                rows = best_levels(rows, min(depth, DEPTH_MAX))
            ex[name] = _rows(rows)
        ex["tradedVolume"] = []
    if "EX_TRADED" in data:
        ex.setdefault("availableToBack", [])
        ex.setdefault("availableToLay", [])
        ex["tradedVolume"] = _rows(display.traded_ladder())
    return ex


def _rows(rows: Iterable[tuple[int, int]]) -> list[dict[str, float]]:
    return [{"price": number(price), "size": number(size)} for price, size in rows]


def _starting(display: RunnerDisplay) -> dict[str, Any]:
    def rows(array: str) -> list[dict[str, float]]:
        return [{"price": p, "size": s} for p, s in sorted(display.sp[array].items())]

    return {
        "nearPrice": display.values.get("spn", "NaN"),
        "farPrice": display.values.get("spf", "NaN"),
        "backStakeTaken": rows("spb"),
        "layLiabilityTaken": rows("spl"),
    }


def _orders(
    call: Call, market: ExchangeMarket, display: RunnerDisplay, projection: str
) -> list[dict[str, Any]]:
    account_id = call.account.account_id
    bets = [
        bet
        for bet in market.bets.values()
        if bet.runner == display.key and bet.account_id == account_id
    ]
    if projection == "EXECUTABLE":
        bets = [bet for bet in bets if bet.is_executable]
    elif projection == "EXECUTION_COMPLETE":
        bets = [bet for bet in bets if not bet.is_executable]
    orders = []
    for bet in bets:
        order = current_order(bet)
        order |= {"price": number(bet.price_centi), "size": number(bet.size_centi)}
        order["avgPriceMatched"] = order.pop("averagePriceMatched")
        for name in ("marketId", "selectionId", "handicap", "priceSize", "regulatorCode"):
            del order[name]
        order.pop("matchedDate", None)  # an Order has none
        orders.append(order)
    return orders


def list_market_profit_and_loss(call: Call, wanted: ListProfitAndLoss, answer: Answer) -> None:
    """Answers with MarketProfitAndLoss entries of what is matched."""
    account_id = call.account.account_id
    entries = []
    for market_id in wanted.marketIds:
        if market_id not in call.venue.markets:
            continue
        outcomes = runner_outcomes_e4(call.venue, account_id, market_id)
        entries.append(
            {
                "marketId": market_id,
                "profitAndLosses": [
                    {"selectionId": key[0], "ifWin": number(round(e4 / 100))}
                    for key, e4 in outcomes.items()
                ],
            }
        )
    answer(entries)
