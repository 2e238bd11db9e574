"""What a generated market is like: how long and how busy, what befalls it, who runs and when."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

OFF_MS: Final = 1_773_500_400_000  # Saturday 14 March 2026, 15:00:00 UTC
MARKET_ID: Final = "1.900000001"
EVENT_ID: Final = "90000001"
FIRST_SELECTION_ID: Final = 70_000_001
VENUE: Final = "Nowhere Park"
SUSPENSIONS_MAX: Final = 20
MONTHS: Final = (
    *("Jan", "Feb", "Mar", "Apr", "May", "Jun"),
    *("Jul", "Aug", "Sep", "Oct", "Nov", "Dec"),
)
"""Not strftime's, which are in the machine's language."""
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
    """How long and how busy a generated market is, and what befalls it.

    Raises `ValueError` for a race that cannot be.
    """

    runners: int = 8
    pre_off_s: float = 600.0
    in_play_s: float = 90.0
    messages_per_s: float = 16.0
    market_base_rate_percent: float = 5.0
    non_runner: bool = False
    """A longshot is withdrawn some time before the off."""
    bsp: bool = False
    """The market has starting prices, reconciled at the off."""
    suspensions_in_play: int = 0
    """How often the market is suspended for a moment while the race is on."""

    def __post_init__(self) -> None:
        if not 2 <= self.runners <= len(NAMES):
            raise ValueError(f"a race has 2 to {len(NAMES)} runners, not {self.runners}")
        if self.non_runner and self.runners < 3:
            raise ValueError("a race that loses a runner has 3 or more of them before, not 2")
        if not 0 <= self.suspensions_in_play <= SUSPENSIONS_MAX:
            raise ValueError(
                f"a race is suspended 0 to {SUSPENSIONS_MAX} times, not {self.suspensions_in_play}"
            )
        for name in ("pre_off_s", "in_play_s", "messages_per_s"):
            if not 0.0 < getattr(self, name) < math.inf:
                raise ValueError(f"{name} of a race is above 0, not {getattr(self, name)}")


@dataclass(frozen=True, slots=True)
class RaceCard:
    """Which market it is, where and when: what many generated markets are told apart by.

    Runners have the selection ids from `first_selection_id` on, and their names from NAMES,
    beginning with the one at `first_name` and going round.
    """

    market_id: str = MARKET_ID
    event_id: str = EVENT_ID
    first_selection_id: int = FIRST_SELECTION_ID
    off_ms: int = OFF_MS
    venue: str = VENUE
    market_name: str = "1m Hcap"
    first_name: int = 0

    @property
    def event_name(self) -> str:
        """The meeting, as the venue names it: place, day and month."""
        off = datetime.fromtimestamp(self.off_ms / 1000, UTC)
        ending = "th"
        if off.day % 100 not in (11, 12, 13):
            ending = {1: "st", 2: "nd", 3: "rd"}.get(off.day % 10, "th")
        return f"{self.venue} {off.day}{ending} {MONTHS[off.month - 1]}"

    def names(self, runners: int) -> dict[int, str]:
        """Selection id to name."""
        return {
            self.first_selection_id + place: NAMES[(self.first_name + place) % len(NAMES)]
            for place in range(runners)
        }


USUAL_CARD: Final = RaceCard()
