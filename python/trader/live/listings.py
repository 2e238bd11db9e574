"""What live trading asks the venue's listings: which markets there are, and what they have paid."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from trader.execution.executor_py.venue_client import VenueClient, VenueError

CATALOGUE_MAX: Final = 1_000
"""Most markets that the venue lists at once."""
ONLY_VOID_S: Final = 600.0
CLEARED_MARKETS_MAX: Final = 250
"""Most markets that the venue takes in one question for cleared orders."""


@dataclass(frozen=True, slots=True)
class ListedMarket:
    """A market of the catalogue; `start_ms` is its scheduled start. Names are the venue's, of
    runners by selection id."""

    market_id: str
    start_ms: int | None
    name: str = ""
    runners: Mapping[int, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class PaidOut:
    """What a market came to for us at the venue, in 1/10,000 of the account's currency."""

    market_id: str
    gross_e4: int
    commission_e4: int


class Listings:
    """For one thread at a time. Everything raises `VenueError` when the venue does not say."""

    def __init__(self, client: VenueClient, strategy_ref: str) -> None:
        self._client = client
        self._strategy_ref = strategy_ref
        self._void_s: dict[str, float] = {}  # since when markets have void bets only
        self._asked = 0  # so many of the markets that have not paid were asked about

    def markets(self, wanted: Mapping[str, Any], limit: int) -> list[ListedMarket]:
        """The first `limit` markets to start of those that a `MarketFilter` names."""
        listed = self._client.listing(
            self._client.api.betting.list_market_catalogue,
            filter=dict(wanted),
            market_projection=["MARKET_START_TIME", "EVENT", "RUNNER_DESCRIPTION"],
            sort="FIRST_TO_START",
            max_results=min(limit, CATALOGUE_MAX),
        )
        try:
            return [_listed(market) for market in listed]
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            raise VenueError(f"the catalogue is not one: {error}") from None

    def paid_out(self, market_ids: Sequence[str]) -> list[PaidOut]:
        """Of these markets (as many as the venue takes at once) those that the venue has settled
        bets of ours in."""
        if not market_ids:
            return []
        self._asked = self._asked if self._asked < len(market_ids) else 0
        wanted = list(market_ids[self._asked : self._asked + CLEARED_MARKETS_MAX])
        self._asked += CLEARED_MARKETS_MAX
        settled = self._cleared("SETTLED", wanted)
        voided = self._cleared("VOIDED", wanted)
        try:
            paid = [
                PaidOut(entry["marketId"], _e4(entry["profit"]), _e4(entry.get("commission", 0)))
                for entry in settled
            ]
            known = {one.market_id for one in paid}
            void = {entry["marketId"] for entry in voided} - known
            return paid + [PaidOut(market_id, 0, 0) for market_id in self._only_void(void)]
        except (KeyError, TypeError, ValueError) as error:
            raise VenueError(f"the cleared orders are none: {error}") from None

    def _only_void(self, market_ids: set[str]) -> list[str]:
        """Of markets with void bets and none settled those where it has been so for long: bets on
        a runner that was removed are void before the others are settled."""
        now_s = time.monotonic()
        self._void_s = {m: self._void_s.get(m, now_s) for m in market_ids}
        return [m for m, since_s in self._void_s.items() if now_s - since_s >= ONLY_VOID_S]

    def _cleared(self, status: str, market_ids: list[str]) -> list[Mapping[str, Any]]:
        """By market where they are settled, bet by bet where they are void."""
        page = self._client.listing(
            self._client.api.betting.list_cleared_orders,
            bet_status=status,
            group_by="MARKET" if status == "SETTLED" else None,
            market_ids=market_ids,
            customer_strategy_refs=[self._strategy_ref],
        )
        cleared: list[Mapping[str, Any]] = page["clearedOrders"]
        return cleared


def _listed(market: Mapping[str, Any]) -> ListedMarket:
    """Names are for people to read: one that is missing or none is empty."""
    event = market.get("event") or {}
    named = [one for one in (event.get("name"), market.get("marketName")) if one]
    return ListedMarket(
        market["marketId"],
        _time(market.get("marketStartTime")),
        ", ".join(map(str, named)),
        {
            int(runner["selectionId"]): str(runner.get("runnerName") or "")
            for runner in market.get("runners") or ()
        },
    )


def _time(text: str | None) -> int | None:
    return None if text is None else round(datetime.fromisoformat(text).timestamp() * 1000)


def _e4(money: float) -> int:
    """The venue tells money in hundredths."""
    return round(money * 100) * 100
