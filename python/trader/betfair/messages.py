"""A market change message after validation: integers only, nothing left to check.

Prices, sizes and handicaps are hundredths; times are milliseconds of the venue's publish time.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, TypeAlias

from trader.betfair.ladder import CLASSIC, Ladder, LadderType

RunnerKey: TypeAlias = tuple[int, int]
"""(selection id, handicap in hundredths): one runner of a market."""


@dataclass(frozen=True, slots=True)
class RunnerDefinition:
    """One runner of a market definition."""

    key: RunnerKey
    status: str | None
    sort_priority: int | None
    adjustment_factor: float | None


@dataclass(frozen=True, slots=True)
class Definition:
    """What is used of a `marketDefinition`."""

    status: str | None = None
    in_play: bool = False
    version: int | None = None
    bet_delay_s: int = 0
    ladder: Ladder | None = CLASSIC
    """None: a LINE_RANGE market that does not give its lines."""
    bsp_reconciled: bool = False
    market_time: str | None = None
    event_type_id: str | None = None
    market_type: str | None = None
    turn_in_play: bool = False
    persistence: bool = False
    number_of_winners: int | None = None
    base_rate_percent: float | None = None
    runners: tuple[RunnerDefinition, ...] = ()

    @property
    def ladder_type(self) -> LadderType:
        return "LINE_RANGE" if self.ladder is None else self.ladder.type


UNDEFINED: Final = Definition()
"""What is taken to hold of a market that has shown no definition."""


@dataclass(frozen=True, slots=True)
class RunnerChange:
    """One `rc` entry. Rows keep their order; a row of size 0 deletes."""

    key: RunnerKey
    price_rows: tuple[tuple[str, tuple[tuple[int, int], ...]], ...]
    """(`atb` | `atl` | `trd`, ((price, size), …)) of each array the entry has."""
    level_rows: tuple[tuple[str, tuple[tuple[int, int, int], ...]], ...]
    """(`batb` | `batl` | `bdatb` | `bdatl`, ((level, price, size), …)) of each array it has."""
    ltp_centi: int | None


@dataclass(frozen=True, slots=True)
class MarketChange:
    """One `mc` entry; `image` replaces the market's runners."""

    market_id: str
    image: bool
    definition: Definition | None
    runners: tuple[RunnerChange, ...]


@dataclass(frozen=True, slots=True)
class Message:
    """One line of the market stream."""

    subscription_id: int | None
    kind: str | None
    """`ct`: SUB_IMAGE, RESUB_DELTA, HEARTBEAT, or None for an update."""
    segment: str | None
    """`segmentType`: SEG_START, SEG, SEG_END, or None."""
    status: int | None
    pt_ms: int | None
    changes: tuple[MarketChange, ...]
    initial_clk: str | None = None
    """`initialClk` and `clk`: where to go on from after a lost connection."""
    clk: str | None = None
