"""A race that never was, as lines of the exchange's own stream format.

A WIN market of some runners: ten minutes or so before the off, the suspension at the off, the race
in play, the suspension at the end, the settlement. Each runner has a latent strength that wanders
about its first value before the off and then drifts towards the result; order flow around the
price it makes fair comes from `order_flow`.

Everything depends on the seed and the shape alone: the same race gives the same bytes.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from random import Random
from typing import Final

from trader.simulator.order_flow import RunnerFlow

OFF_MS: Final = 1_773_500_400_000  # Saturday 14 March 2026, 15:00:00 UTC
MARKET_ID: Final = "1.900000001"
FIRST_SELECTION_ID: Final = 70_000_001
OPENING_LEVELS: Final = 8
REVERSION_PER_S: Final = 0.02
WANDER_PRE_OFF: Final = 0.007
WANDER_IN_PLAY: Final = 0.045
RESULT_DRIFT: Final = 7.0
SUSPENDED_OFF_MS: Final = 4_000
NAMES: Final = (
    "Amber Ridge",
    "Bold Meridian",
    "Copper Lane",
    "Dunmore Lad",
    "Early Frost",
    "Fenland Star",
    "Grey Harbour",
    "Highfield",
    "Iron Psalm",
    "Juniper Hill",
    "Kestrel Bay",
    "Long Acre",
    "Mossgiel",
    "Northern Quay",
    "Old Parish",
    "Penny Whistle",
    "Quiet Tide",
    "Rowan Tree",
    "Slate Quarry",
    "Thornbury",
    "Upper Deck",
    "Velvet Rope",
    "Westerly",
    "Yarrow Water",
)


@dataclass(frozen=True, slots=True)
class RaceShape:
    """How long and how busy a generated market is."""

    runners: int = 8
    pre_off_s: float = 600.0
    in_play_s: float = 90.0
    messages_per_s: float = 16.0
    market_base_rate_percent: float = 5.0


class Race:
    """One generated market. Iterate `lines` once; `names` gives the runners their names."""

    def __init__(self, seed: int, shape: RaceShape) -> None:
        if not 2 <= shape.runners <= len(NAMES):
            raise ValueError(f"a race has 2 to {len(NAMES)} runners, not {shape.runners}")
        self._rng = Random(seed)
        self._shape = shape
        self._pt = OFF_MS - round(shape.pre_off_s * 1000)
        self._clk = 0
        self._version = 6_000_000_001
        self._home = sorted(self._rng.gauss(0.0, 0.75) for _ in range(shape.runners))[::-1]
        self._strength = list(self._home)
        self._flows = [
            RunnerFlow(FIRST_SELECTION_ID + index, self._rng) for index in range(shape.runners)
        ]
        self.names = {
            flow.selection_id: name for flow, name in zip(self._flows, NAMES, strict=False)
        }

    @property
    def first_pt_ms(self) -> int:
        return OFF_MS - round(self._shape.pre_off_s * 1000)

    @property
    def off_ms(self) -> int:
        """When the race starts."""
        return OFF_MS

    def lines(self) -> Iterator[bytes]:
        """The whole market, from the first image to the settlement."""
        yield self._image()
        yield from self._trade(OFF_MS, pre_off=True)
        yield from self._turn_in_play()
        winner = self._draw_winner()
        yield from self._trade(
            OFF_MS + SUSPENDED_OFF_MS + round(self._shape.in_play_s * 1000), winner=winner
        )
        yield from self._close(winner)

    def probabilities(self) -> list[float]:
        """Each runner's chance by its present strength; sums to 1."""
        weights = [math.exp(strength) for strength in self._strength]
        total = sum(weights)
        return [weight / total for weight in weights]

    def _image(self) -> bytes:
        for flow, chance in zip(self._flows, self.probabilities(), strict=True):
            flow.open_book(_fair(chance), OPENING_LEVELS)
        market = {
            "id": MARKET_ID,
            "marketDefinition": self._definition("OPEN", in_play=False),
            "rc": self._changes(),
            "img": True,
            "tv": 0.0,
        }
        return self._message([market], image=True)

    def _trade(
        self, until_ms: int, *, pre_off: bool = False, winner: int | None = None
    ) -> Iterator[bytes]:
        """Messages until a time; before the off the market grows busier as it comes closer."""
        began = self._pt
        while True:
            done = (self._pt - began) / max(1, until_ms - began)
            rate = self._shape.messages_per_s * (0.7 + 0.6 * done if pre_off else 1.4)
            gap_ms = max(5, min(2000, round(1000 * self._rng.expovariate(rate))))
            if self._pt + gap_ms >= until_ms:
                self._pt = until_ms
                return
            self._pt += gap_ms
            self._wander(gap_ms / 1000, winner, done)
            self._events()
            changes = self._changes()
            if changes:
                yield self._message([{"id": MARKET_ID, "rc": changes, "tv": self._traded()}])

    def _wander(self, seconds: float, winner: int | None, done: float) -> None:
        """Moves the strengths: back home before the off, towards the result in play."""
        spread = WANDER_PRE_OFF if winner is None else WANDER_IN_PLAY
        root = math.sqrt(seconds)
        pull = 2.0 * done * RESULT_DRIFT / self._shape.in_play_s * seconds
        for index, home in enumerate(self._home):
            self._strength[index] += spread * root * self._rng.gauss(0.0, 1.0)
            if winner is None:
                self._strength[index] += REVERSION_PER_S * seconds * (home - self._strength[index])
            elif index == winner:
                self._strength[index] += pull

    def _events(self) -> None:
        chances = self.probabilities()
        weights = [0.04 + chance for chance in chances]
        count = 1 + (self._rng.random() < 0.6) + (self._rng.random() < 0.25)
        for index in self._rng.choices(range(len(self._flows)), weights, k=count):
            fair = _fair(chances[index])
            self._flows[index].informed(fair)
            self._flows[index].step(fair)

    def _turn_in_play(self) -> Iterator[bytes]:
        yield self._definition_message("SUSPENDED", in_play=False)
        for flow in self._flows:
            flow.clear()
        self._pt += 500
        yield self._message([{"id": MARKET_ID, "rc": self._changes()}])
        self._pt += 1500
        yield self._message([], heartbeat=True)
        self._pt = OFF_MS + SUSPENDED_OFF_MS
        for flow, chance in zip(self._flows, self.probabilities(), strict=True):
            flow.open_book(_fair(chance), OPENING_LEVELS // 2)
        yield self._definition_message("OPEN", in_play=True, changes=self._changes())

    def _close(self, winner: int) -> Iterator[bytes]:
        yield self._definition_message("SUSPENDED", in_play=True)
        for flow in self._flows:
            flow.clear()
        self._pt += 1000
        yield self._message([{"id": MARKET_ID, "rc": self._changes()}])
        self._pt += 4000
        yield self._message([], heartbeat=True)
        self._pt += 4000
        yield self._definition_message("CLOSED", in_play=True, winner=winner)

    def _draw_winner(self) -> int:
        return self._rng.choices(range(len(self._flows)), self.probabilities())[0]

    def _changes(self) -> list[dict[str, object]]:
        entries = (flow.take_changes() for flow in self._flows)
        return [entry for entry in entries if entry is not None]

    def _traded(self) -> float:
        return sum(flow.total_traded_centi for flow in self._flows) / 100

    def _definition_message(
        self,
        status: str,
        *,
        in_play: bool,
        winner: int | None = None,
        changes: list[dict[str, object]] | None = None,
    ) -> bytes:
        self._version += 1
        market: dict[str, object] = {
            "id": MARKET_ID,
            "marketDefinition": self._definition(status, in_play=in_play, winner=winner),
        }
        if changes:
            market["rc"] = changes
        return self._message([market])

    def _definition(
        self, status: str, *, in_play: bool, winner: int | None = None
    ) -> dict[str, object]:
        off = datetime.fromtimestamp(OFF_MS / 1000, UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z")
        runners: list[dict[str, object]] = []
        for index, flow in enumerate(self._flows):
            result = "WINNER" if index == winner else "LOSER"
            runners.append(
                {
                    "status": "ACTIVE" if winner is None else result,
                    "sortPriority": index + 1,
                    "id": flow.selection_id,
                    "name": self.names[flow.selection_id],
                }
            )
        return {
            "bspMarket": False,
            "turnInPlayEnabled": True,
            "persistenceEnabled": True,
            "marketBaseRate": self._shape.market_base_rate_percent,
            "eventId": "90000001",
            "eventTypeId": "7",
            "numberOfWinners": 1,
            "bettingType": "ODDS",
            "marketType": "WIN",
            "marketTime": off,
            "suspendTime": off,
            "bspReconciled": False,
            "complete": True,
            "inPlay": in_play,
            "crossMatching": False,
            "runnersVoidable": False,
            "numberOfActiveRunners": 0 if winner is not None else len(runners),
            "betDelay": 1 if in_play else 0,
            "status": status,
            "runners": runners,
            "regulators": ["MR_INT"],
            "venue": "Nowhere Park",
            "countryCode": "GB",
            "discountAllowed": True,
            "timezone": "Europe/London",
            "openDate": off,
            "version": self._version,
            "priceLadderDefinition": {"type": "CLASSIC"},
        }

    def _message(
        self, markets: list[dict[str, object]], *, image: bool = False, heartbeat: bool = False
    ) -> bytes:
        self._clk += 1
        message: dict[str, object] = {"op": "mcm", "id": 1}
        if image:
            message |= {"initialClk": "AAAA", "conflateMs": 0, "heartbeatMs": 5000}
        message |= {"clk": f"A{self._clk:07d}", "pt": self._pt}
        if image:
            message["ct"] = "SUB_IMAGE"
        if heartbeat:
            message["ct"] = "HEARTBEAT"
        else:
            message["mc"] = markets
        return json.dumps(message, separators=(",", ":")).encode()


def _fair(chance: float) -> float:
    """Decimal odds that make a chance fair, kept on the ladder's range."""
    return max(1.02, min(900.0, 1.0 / chance))
