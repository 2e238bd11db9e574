"""The definition of a generated market, spelled as the stream spells it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final, Literal, TypeAlias

from trader.simulator.generator_card import RaceCard, RaceShape

MarketStatus: TypeAlias = Literal["OPEN", "SUSPENDED", "CLOSED"]
RunnerStatus: TypeAlias = Literal["ACTIVE", "REMOVED", "WINNER", "LOSER"]
FIRST_VERSION: Final = 6_000_000_000


def venue_time(ms: int) -> str:
    """A time as the venue writes it: UTC with milliseconds."""
    seconds, rest_ms = divmod(ms, 1000)
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S") + f".{rest_ms:03d}Z"


@dataclass(slots=True)
class RunnerState:
    """What a definition tells of a runner."""

    selection_id: int
    name: str
    adjustment_factor: float
    """Percent that bets on the others lose when this one is withdrawn."""
    status: RunnerStatus = "ACTIVE"
    removed_ms: int | None = None
    bsp: float | None = None
    """The starting price, once there is one."""

    def spelled(self, sort_priority: int) -> dict[str, Any]:
        entry: dict[str, Any] = {
            "adjustmentFactor": self.adjustment_factor,
            "status": self.status,
            "sortPriority": sort_priority,
        }
        if self.removed_ms is not None:
            entry["removalDate"] = venue_time(self.removed_ms // 1000 * 1000)
        if self.bsp is not None:
            entry["bsp"] = self.bsp
        return entry | {"id": self.selection_id, "name": self.name}


class MarketState:
    """What a market's definition tells, changing as the market goes through its life."""

    def __init__(self, shape: RaceShape, card: RaceCard, runners: list[RunnerState]) -> None:
        self.runners = runners
        self.status: MarketStatus = "OPEN"
        self.in_play = False
        self.bsp_reconciled = False
        self.settled_ms: int | None = None
        self._shape = shape
        self._card = card
        self._version = FIRST_VERSION

    def next_definition(self) -> dict[str, Any]:
        """The `marketDefinition` as things are now, under a version of its own."""
        self._version += 1
        return self.definition()

    def definition(self) -> dict[str, Any]:
        """The `marketDefinition` as things are now, under the version told last."""
        off = venue_time(self._card.off_ms)
        settled = {"settledTime": venue_time(self.settled_ms)} if self.settled_ms else {}
        active = sum(runner.status == "ACTIVE" for runner in self.runners)
        return {
            "bspMarket": self._shape.bsp,
            "turnInPlayEnabled": True,
            "persistenceEnabled": True,
            "marketBaseRate": self._shape.market_base_rate_percent,
            "eventId": self._card.event_id,
            "eventTypeId": "7",
            "numberOfWinners": 1,
            "bettingType": "ODDS",
            "marketType": "WIN",
            "marketTime": off,
            "suspendTime": off,
            "bspReconciled": self.bsp_reconciled,
            "complete": True,
            "inPlay": self.in_play,
            "crossMatching": False,
            "runnersVoidable": False,
            "numberOfActiveRunners": active,
            "betDelay": 1 if self.in_play else 0,
            "status": self.status,
            **settled,
            "runners": [runner.spelled(place + 1) for place, runner in enumerate(self.runners)],
            "regulators": ["MR_INT"],
            "venue": self._card.venue,
            "countryCode": "GB",
            "discountAllowed": True,
            "timezone": "Europe/London",
            "openDate": off,
            "version": self._version,
            "raceType": "Flat",
            "priceLadderDefinition": {"type": "CLASSIC"},
        }
