"""What clients send on the stream, decoded and checked; keys as the venue spells them."""

# ruff: noqa: N815

from __future__ import annotations

import msgspec


class MarketFilter(msgspec.Struct, frozen=True):
    """Which markets. What is None does not restrict; all None: every market."""

    marketIds: frozenset[str] | None = None
    eventIds: frozenset[str] | None = None
    eventTypeIds: frozenset[str] | None = None
    marketTypes: frozenset[str] | None = None
    countryCodes: frozenset[str] | None = None
    venues: frozenset[str] | None = None
    bettingTypes: frozenset[str] | None = None
    raceTypes: frozenset[str] | None = None
    bspMarket: bool | None = None
    turnInPlayEnabled: bool | None = None


class MarketDataFilter(msgspec.Struct, frozen=True):
    """What of each market, and how many levels of the best offers."""

    fields: frozenset[str] | None = None
    ladderLevels: int | None = None


class OrderFilter(msgspec.Struct, frozen=True):
    """Whose orders, and whether with the positions they come to."""

    includeOverallPosition: bool | None = None
    customerStrategyRefs: frozenset[str] | None = None
    partitionMatchedByStrategyRef: bool | None = None
    accountIds: frozenset[int] | None = None


class StreamRequest(msgspec.Struct, frozen=True):
    """Any request; `op` says which of the fields count."""

    op: str
    id: int | None = None
    appKey: str | None = None
    session: str | None = None
    marketFilter: MarketFilter | None = None
    marketDataFilter: MarketDataFilter | None = None
    orderFilter: OrderFilter | None = None
    conflateMs: int | None = None
    heartbeatMs: int | None = None
    segmentationEnabled: bool | None = None
    initialClk: str | None = None
    clk: str | None = None


_DECODER = msgspec.json.Decoder(StreamRequest, strict=False)


def read_request(line: bytes) -> StreamRequest:
    """The request in a line. Raises `msgspec.MsgspecError` with what is wrong and where."""
    return _DECODER.decode(line)
