"""What markets there are: the catalogue, and its events, types, countries and venues."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Final

from trader.simulator.catalogue import CatalogueMarket
from trader.simulator.exchange.api.call import Answer, Call
from trader.simulator.exchange.api.dates import range_ms
from trader.simulator.exchange.api.errors import ApiError
from trader.simulator.exchange.api.listing_books import available, check_weight
from trader.simulator.exchange.api.parameters import (
    ListMarketCatalogue,
    ListMarkets,
    MarketFilter,
    MarketSort,
    TimeRange,
)
from trader.simulator.exchange.market import ExchangeMarket
from trader.simulator.exchange.stream.market_view import number

CATALOGUE_MAX: Final = 1_000
WEIGHTS: Final = {"MARKET_DESCRIPTION": 1, "RUNNER_METADATA": 1}
"""What weighs anything of what is listed of a market."""


def list_market_catalogue(call: Call, wanted: ListMarketCatalogue, answer: Answer) -> None:
    """Answers with MarketCatalogue entries."""
    if not 0 < wanted.maxResults <= CATALOGUE_MAX:
        raise ApiError("TOO_MUCH_DATA", f"maxResults is 1 to {CATALOGUE_MAX}")
    projection: set[str] = set(wanted.marketProjection or ())
    check_weight(sum(WEIGHTS.get(name, 0) for name in projection), wanted.maxResults)
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
        (wanted.raceTypes, market.race_type),
        (wanted.competitionIds, None),
    )
    if any(values and value not in values for values, value in sets):
        return False
    held = call.venue.markets.get(market.market_id)
    in_play = held is not None and held.definition.in_play
    raw = _definition(call, market)
    flags = (  # False asks for those that are not
        (wanted.inPlayOnly, in_play),
        (wanted.bspOnly, raw.get("bspMarket", market.bsp_market)),
        (wanted.turnInPlayEnabled, raw.get("turnInPlayEnabled", market.turn_in_play_enabled)),
    )
    if any(asked is not None and bool(has) is not asked for asked, has in flags):
        return False
    if wanted.textQuery and wanted.textQuery.lower() not in _text(market):
        return False
    if wanted.withOrders and not _has_orders(call, market, wanted.withOrders):
        return False
    return _starts_within(_start_time(call, market), wanted.marketStartTime)


def _definition(call: Call, market: CatalogueMarket) -> dict[str, Any]:
    """What the market's definition says by now; nothing before the first one came."""
    held = call.venue.markets.get(market.market_id)
    return (held.raw_definition if held is not None else None) or {}


def _start_time(call: Call, market: CatalogueMarket) -> str:
    start: str = _definition(call, market).get("marketTime", market.market_start_time)
    return start


def _has_orders(call: Call, market: CatalogueMarket, statuses: Sequence[str]) -> bool:
    held = call.venue.markets.get(market.market_id)
    return held is not None and any(
        ("EXECUTABLE" if bet.is_executable else "EXECUTION_COMPLETE") in statuses
        for bet in held.bets.values()
        if bet.account_id == call.account.account_id
    )


def _text(market: CatalogueMarket) -> str:
    return f"{market.market_name} {market.event_name} {market.venue or ''}".lower()


def _starts_within(start_time: str, wanted: TimeRange | None) -> bool:
    if wanted is None:
        return True
    first, last = range_ms(wanted)
    start, _ = range_ms(TimeRange(start=start_time))
    return first <= start <= last


def _sort_key(call: Call, sort: MarketSort | None) -> Callable[[CatalogueMarket], tuple[Any, ...]]:
    def of(amount: Callable[[ExchangeMarket], int], market: CatalogueMarket) -> int:
        held = call.venue.markets.get(market.market_id)
        return amount(held) if held is not None else 0

    if sort == "MAXIMUM_TRADED":
        return lambda m: (-of(ExchangeMarket.total_traded, m), m.market_id)
    if sort == "MINIMUM_TRADED":
        return lambda m: (of(ExchangeMarket.total_traded, m), m.market_id)
    if sort == "MAXIMUM_AVAILABLE":
        return lambda m: (-of(available, m), m.market_id)
    if sort == "MINIMUM_AVAILABLE":
        return lambda m: (of(available, m), m.market_id)
    if sort == "LAST_TO_START":
        return lambda m: (_reversed_text(_start_time(call, m)), m.market_id)
    return lambda m: (_start_time(call, m), m.market_id)


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
        entry["marketStartTime"] = _start_time(call, market)
    if "EVENT_TYPE" in projection:
        entry["eventType"] = {"id": market.event_type_id, "name": market.event_type_name}
    if "EVENT" in projection:
        entry["event"] = _event(market)
    if "MARKET_DESCRIPTION" in projection:
        entry["description"] = _description(call, market)
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


def _description(call: Call, market: CatalogueMarket) -> dict[str, Any]:
    raw = _definition(call, market)
    start_time = _start_time(call, market)
    description = {
        "persistenceEnabled": raw.get("persistenceEnabled", market.persistence_enabled),
        "bspMarket": raw.get("bspMarket", market.bsp_market),
        "marketTime": start_time,
        "suspendTime": raw.get("suspendTime", market.suspend_time or start_time),
        "bettingType": market.betting_type,
        "turnInPlayEnabled": raw.get("turnInPlayEnabled", market.turn_in_play_enabled),
        "marketType": market.market_type,
        "regulator": "MALTA LOTTERIES AND GAMBLING AUTHORITY",
        "marketBaseRate": market.market_base_rate,
        "discountAllowed": raw.get("discountAllowed", market.discount_allowed),
        "wallet": "UK wallet",
        "rules": "",
        "rulesHasDate": False,
        "priceLadderDescription": {"type": market.ladder_type},
    }
    if market.race_type is not None:
        description["raceType"] = market.race_type
    if market.each_way_divisor is not None:
        description["eachWayDivisor"] = market.each_way_divisor
    if market.line_range is not None:
        description["lineRangeInfo"] = {
            "minUnitValue": market.line_range.min_unit,
            "maxUnitValue": market.line_range.max_unit,
            "interval": market.line_range.interval,
            "marketUnit": "",
        }
    return description
