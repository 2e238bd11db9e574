"""A subscription to markets: which ones, what of them, and when it is sent."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from trader.simulator.exchange.market import ExchangeMarket, MarketChanges
from trader.simulator.exchange.stream.market_view import (
    ALL_FIELDS,
    DEFAULT_FIELDS,
    LEVELS_DEFAULT,
    LEVELS_MAX,
    MarketView,
    merged,
)
from trader.simulator.exchange.stream.places import subscription_place
from trader.simulator.exchange.stream.requests import MarketFilter, StreamRequest
from trader.simulator.exchange.stream.subscription import RefusedError, Subscription

if TYPE_CHECKING:
    from trader.simulator.exchange.stream.session import StreamSession
    from trader.simulator.exchange.venue import Changes


class MarketSubscription(Subscription):
    """Markets that match the filter; those that come later come as images in updates.

    A market that has closed stays subscribed to: the venue has it for as long as it runs.
    """

    op = "mcm"
    array = "mc"

    def __init__(self, session: StreamSession, request: StreamRequest) -> None:
        self._filter = request.marketFilter or MarketFilter()
        data = request.marketDataFilter
        fields = data.fields if data is not None and data.fields else DEFAULT_FIELDS
        unknown = fields - ALL_FIELDS
        if unknown:
            raise RefusedError("INVALID_INPUT", f"unknown field {sorted(unknown)[0]!r}")
        levels = data.ladderLevels if data is not None and data.ladderLevels else LEVELS_DEFAULT
        levels = max(1, min(levels, LEVELS_MAX))
        place = subscription_place(
            "markets",
            *(getattr(self._filter, name) for name in self._filter.__struct_fields__),
            fields,
            levels,
        )
        super().__init__(session, request, place)
        self._view = MarketView(fields, levels)
        self._markets: dict[str, ExchangeMarket] = {}
        self._pending: dict[str, MarketChanges] = {}
        markets = [m for m in self._venue.markets.values() if self._matches(m)]
        asked = len(markets)
        if self._filter.marketIds is not None:
            asked = len(self._filter.marketIds)
        limit = session.hub.limits.markets_max
        if asked > limit:
            raise RefusedError(
                "SUBSCRIPTION_LIMIT_EXCEEDED",
                f"trying to subscribe to {asked} markets, the limit is {limit}",
                closes=False,
            )
        self._first = markets

    def begin(self) -> None:
        """The image, or what changed since the place the client named."""
        self._markets = {market.market_id: market for market in self._first}
        if self._resume_seq is None:
            self._send_first("SUB_IMAGE", [self._view.image(m) for m in self._first])
        else:
            entries = [self._resumed(market, self._resume_seq) for market in self._first]
            self._send_first("RESUB_DELTA", [entry for entry in entries if entry is not None])

    def changed(self, changes: Changes) -> None:
        """Markets of the venue changed."""
        if self.conflate_ms:
            self._gather(changes)
            return
        entries: list[dict[str, Any]] = []
        for market_id, changed in changes.markets.items():
            if market_id in self._markets:
                entry = self._view.changes(self._markets[market_id], changed)
            else:
                entry = self._new(market_id)
            if entry is not None:
                entries.append(entry)
        if entries:
            self._send_changes(entries)

    def _resumed(self, market: ExchangeMarket, seq: int) -> dict[str, Any] | None:
        if market.first_seq > seq:
            return self._view.image(market)
        return self._view.resumed(market, market.changes_since(seq))

    def _new(self, market_id: str) -> dict[str, Any] | None:
        """The image of a market that was not subscribed to so far; None where it does not match,
        or there are as many as there may be."""
        market = self._venue.markets[market_id]
        if len(self._markets) >= self._session.hub.limits.markets_max or not self._matches(market):
            return None
        self._markets[market_id] = market
        return self._view.image(market)

    def _gather(self, changes: Changes) -> None:
        """Keeps changes until the next time something is sent."""
        for market_id, changed in changes.markets.items():
            self._pending[market_id] = merged(self._pending.get(market_id), changed)
        if self._flush is None:
            due_ms = max(self._venue.now_ms, self._sent_ms + self.conflate_ms)
            self._flush = self._venue.timers.at(due_ms, self._send_gathered)

    def _send_gathered(self) -> None:
        self._flush = None
        pending, self._pending = self._pending, {}
        entries: list[dict[str, Any]] = []
        for market_id, changed in pending.items():
            if market_id in self._markets:
                entry = self._view.changes(self._markets[market_id], changed)
                if entry is not None:
                    entry["con"] = True
            else:
                entry = self._new(market_id)
            if entry is not None:
                entries.append(entry)
        if entries:
            self._send_changes(entries)

    def _matches(self, market: ExchangeMarket) -> bool:
        """Whether the filter lets a market through."""
        wanted = self._filter
        if wanted.marketIds is not None and market.market_id not in wanted.marketIds:
            return False
        definition = market.raw_definition or {}
        sets = (
            (wanted.eventIds, "eventId"),
            (wanted.eventTypeIds, "eventTypeId"),
            (wanted.marketTypes, "marketType"),
            (wanted.countryCodes, "countryCode"),
            (wanted.venues, "venue"),
            (wanted.bettingTypes, "bettingType"),
            (wanted.raceTypes, "raceType"),
        )
        flags = (
            (wanted.bspMarket, "bspMarket"),
            (wanted.turnInPlayEnabled, "turnInPlayEnabled"),
        )
        return all(
            values is None or definition.get(name) in values for values, name in sets
        ) and all(flag is None or definition.get(name) is flag for flag, name in flags)
