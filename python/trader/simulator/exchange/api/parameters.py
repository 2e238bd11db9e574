"""The parameters of each operation, decoded and checked; keys as the venue spells them.

Numbers may come as strings, as the venue takes them. What is not named here is ignored.
"""

# ruff: noqa: N815

from __future__ import annotations

from typing import TypeAlias

import msgspec

Id: TypeAlias = str | int
"""A bet id: clients send it as either."""


class LimitOrder(msgspec.Struct):
    """A LIMIT order's terms."""

    price: float
    size: float | None = None
    persistenceType: str | None = None
    timeInForce: str | None = None
    minFillSize: float | None = None


class LimitOnCloseOrder(msgspec.Struct):
    """A LIMIT_ON_CLOSE order's terms."""

    liability: float
    price: float


class MarketOnCloseOrder(msgspec.Struct):
    """A MARKET_ON_CLOSE order's terms."""

    liability: float


class PlaceInstruction(msgspec.Struct):
    """One order to be placed."""

    selectionId: int
    side: str
    orderType: str
    handicap: float | None = None
    limitOrder: LimitOrder | None = None
    limitOnCloseOrder: LimitOnCloseOrder | None = None
    marketOnCloseOrder: MarketOnCloseOrder | None = None
    customerOrderRef: str | None = None


class MarketVersion(msgspec.Struct):
    """The version of a market that the client has seen."""

    version: int | None = None


class PlaceOrders(msgspec.Struct):
    """placeOrders."""

    marketId: str
    instructions: list[PlaceInstruction]
    customerRef: str | None = None
    marketVersion: MarketVersion | None = None
    customerStrategyRef: str | None = None
    # `async` is no name in Python.
    is_async: bool | None = msgspec.field(name="async", default=None)


class CancelInstruction(msgspec.Struct):
    """One bet to be cancelled, or `sizeReduction` of it."""

    betId: Id
    sizeReduction: float | None = None


class CancelOrders(msgspec.Struct):
    """cancelOrders. Without instructions: all of the market, or of the account."""

    marketId: str | None = None
    instructions: list[CancelInstruction] | None = None
    customerRef: str | None = None


class ReplaceInstruction(msgspec.Struct):
    """One bet to be replaced by one at another price."""

    betId: Id
    newPrice: float


class ReplaceOrders(msgspec.Struct):
    """replaceOrders."""

    marketId: str
    instructions: list[ReplaceInstruction]
    customerRef: str | None = None
    marketVersion: MarketVersion | None = None
    is_async: bool | None = msgspec.field(name="async", default=None)


class UpdateInstruction(msgspec.Struct):
    """One bet's new persistence."""

    betId: Id
    newPersistenceType: str


class UpdateOrders(msgspec.Struct):
    """updateOrders."""

    marketId: str
    instructions: list[UpdateInstruction]
    customerRef: str | None = None


class TimeRange(msgspec.Struct):
    """From and to, as the venue spells dates; either may be missing."""

    start: str | None = msgspec.field(name="from", default=None)
    end: str | None = msgspec.field(name="to", default=None)


class ListCurrentOrders(msgspec.Struct):
    """listCurrentOrders."""

    betIds: list[Id] | None = None
    marketIds: list[str] | None = None
    orderProjection: str | None = None
    customerOrderRefs: list[str] | None = None
    customerStrategyRefs: list[str] | None = None
    dateRange: TimeRange | None = None
    placedDateRange: TimeRange | None = None
    orderBy: str | None = None
    sortDir: str | None = None
    fromRecord: int | None = None
    recordCount: int | None = None


class ListClearedOrders(msgspec.Struct):
    """listClearedOrders."""

    betStatus: str
    eventTypeIds: list[str] | None = None
    eventIds: list[str] | None = None
    marketIds: list[str] | None = None
    runnerIds: list[msgspec.Raw] | None = None
    betIds: list[Id] | None = None
    customerOrderRefs: list[str] | None = None
    customerStrategyRefs: list[str] | None = None
    side: str | None = None
    settledDateRange: TimeRange | None = None
    groupBy: str | None = None
    includeItemDescription: bool | None = None
    fromRecord: int | None = None
    recordCount: int | None = None


class MarketFilter(msgspec.Struct):
    """Which markets a listing is about."""

    textQuery: str | None = None
    eventTypeIds: list[str] | None = None
    eventIds: list[str] | None = None
    competitionIds: list[str] | None = None
    marketIds: list[str] | None = None
    venues: list[str] | None = None
    bspOnly: bool | None = None
    turnInPlayEnabled: bool | None = None
    inPlayOnly: bool | None = None
    marketBettingTypes: list[str] | None = None
    marketCountries: list[str] | None = None
    marketTypeCodes: list[str] | None = None
    marketStartTime: TimeRange | None = None


class ListMarkets(msgspec.Struct):
    """listEventTypes, listEvents, listMarketTypes, listCompetitions, listCountries, listVenues."""

    filter: MarketFilter


class ListMarketCatalogue(msgspec.Struct):
    """listMarketCatalogue."""

    filter: MarketFilter
    maxResults: int
    marketProjection: list[str] | None = None
    sort: str | None = None


class ExBestOffersOverrides(msgspec.Struct):
    """How deep best offers are shown."""

    bestPricesDepth: int | None = None


class PriceProjection(msgspec.Struct):
    """What of a market's prices is shown."""

    priceData: list[str] | None = None
    exBestOffersOverrides: ExBestOffersOverrides | None = None
    virtualise: bool | None = None


class ListMarketBook(msgspec.Struct):
    """listMarketBook."""

    marketIds: list[str]
    priceProjection: PriceProjection | None = None
    orderProjection: str | None = None


class ListProfitAndLoss(msgspec.Struct):
    """listMarketProfitAndLoss."""

    marketIds: list[str]


class Nothing(msgspec.Struct):
    """No parameters that count."""


class Heartbeat(msgspec.Struct):
    """HeartbeatAPING heartbeat."""

    preferredTimeoutSeconds: int
