"""The parameters of each operation, decoded and checked; keys as the venue spells them.

Numbers may come as strings, as the venue takes them. What is not named here is ignored.
"""

# ruff: noqa: N815

from __future__ import annotations

from typing import Literal, TypeAlias

import msgspec

Id: TypeAlias = str | int
"""A bet id: clients send it as either."""
OrderProjection: TypeAlias = Literal["ALL", "EXECUTABLE", "EXECUTION_COMPLETE"]
MatchProjection: TypeAlias = Literal["NO_ROLLUP", "ROLLED_UP_BY_PRICE", "ROLLED_UP_BY_AVG_PRICE"]
OrderBy: TypeAlias = Literal[
    "BY_BET", "BY_MARKET", "BY_MATCH_TIME", "BY_PLACE_TIME", "BY_SETTLED_TIME", "BY_VOID_TIME"
]
SortDir: TypeAlias = Literal["EARLIEST_TO_LATEST", "LATEST_TO_EARLIEST"]
GroupBy: TypeAlias = Literal["EVENT_TYPE", "EVENT", "MARKET", "SIDE", "BET", "RUNNER", "STRATEGY"]
BetStatus: TypeAlias = Literal["SETTLED", "VOIDED", "LAPSED", "CANCELLED"]
MarketProjection: TypeAlias = Literal[
    "COMPETITION",
    "EVENT",
    "EVENT_TYPE",
    "MARKET_START_TIME",
    "MARKET_DESCRIPTION",
    "RUNNER_DESCRIPTION",
    "RUNNER_METADATA",
]
MarketSort: TypeAlias = Literal[
    "MINIMUM_TRADED",
    "MAXIMUM_TRADED",
    "MINIMUM_AVAILABLE",
    "MAXIMUM_AVAILABLE",
    "FIRST_TO_START",
    "LAST_TO_START",
    "RANK",
]
PriceData: TypeAlias = Literal[
    "SP_AVAILABLE", "SP_TRADED", "EX_BEST_OFFERS", "EX_ALL_OFFERS", "EX_TRADED"
]


class LimitOrder(msgspec.Struct):
    """A LIMIT order's terms."""

    price: float
    size: float | None = None
    persistenceType: str | None = None
    timeInForce: str | None = None
    minFillSize: float | None = None
    betTargetType: str | None = None


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
    timeInForce: str | None = None
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
    orderProjection: OrderProjection | None = None
    customerOrderRefs: list[str] | None = None
    customerStrategyRefs: list[str] | None = None
    dateRange: TimeRange | None = None
    placedDateRange: TimeRange | None = None
    orderBy: OrderBy | None = None
    sortDir: SortDir | None = None
    fromRecord: int | None = None
    recordCount: int | None = None


class RunnerId(msgspec.Struct):
    """A runner of a market."""

    marketId: str
    selectionId: int
    handicap: float | None = None


class ListClearedOrders(msgspec.Struct):
    """listClearedOrders."""

    betStatus: BetStatus
    eventTypeIds: list[str] | None = None
    eventIds: list[str] | None = None
    marketIds: list[str] | None = None
    runnerIds: list[RunnerId] | None = None
    betIds: list[Id] | None = None
    customerOrderRefs: list[str] | None = None
    customerStrategyRefs: list[str] | None = None
    side: Literal["BACK", "LAY"] | None = None
    settledDateRange: TimeRange | None = None
    groupBy: GroupBy | None = None
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
    raceTypes: list[str] | None = None
    withOrders: list[Literal["EXECUTABLE", "EXECUTION_COMPLETE"]] | None = None


class ListMarkets(msgspec.Struct):
    """listEventTypes, listEvents, listMarketTypes, listCompetitions, listCountries, listVenues."""

    filter: MarketFilter


class ListMarketCatalogue(msgspec.Struct):
    """listMarketCatalogue."""

    filter: MarketFilter
    maxResults: int
    marketProjection: list[MarketProjection] | None = None
    sort: MarketSort | None = None


class ExBestOffersOverrides(msgspec.Struct):
    """How deep best offers are shown."""

    bestPricesDepth: int | None = None


class PriceProjection(msgspec.Struct):
    """What of a market's prices is shown."""

    priceData: list[PriceData] | None = None
    exBestOffersOverrides: ExBestOffersOverrides | None = None
    virtualise: bool | None = None


class ListMarketBook(msgspec.Struct):
    """listMarketBook."""

    marketIds: list[str]
    priceProjection: PriceProjection | None = None
    orderProjection: OrderProjection | None = None
    matchProjection: MatchProjection | None = None
    customerStrategyRefs: list[str] | None = None
    betIds: list[Id] | None = None


class ListRunnerBook(msgspec.Struct):
    """listRunnerBook."""

    marketId: str
    selectionId: int
    handicap: float | None = None
    priceProjection: PriceProjection | None = None
    orderProjection: OrderProjection | None = None
    matchProjection: MatchProjection | None = None
    customerStrategyRefs: list[str] | None = None
    betIds: list[Id] | None = None


class ListProfitAndLoss(msgspec.Struct):
    """listMarketProfitAndLoss."""

    marketIds: list[str]


class Nothing(msgspec.Struct):
    """No parameters that count."""


class Heartbeat(msgspec.Struct):
    """HeartbeatAPING heartbeat."""

    preferredTimeoutSeconds: int
