"""What an edge sees: the book (the Hotloop itself), the clock, its market, orders and position.

The shape is stable: edges outlive the backends behind `book`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple, Self

from trader.execution.interfaces.executor import OpenOrder
from trader.execution.ledger import Position
from trader.strategy.hotloop.interface import HotloopApi

FLAT = Position()


class Runner(NamedTuple):
    """One runner of one market. `handicap` is the float the book takes, `handicap_centi` the
    integer that orders carry."""

    market_id: str
    selection_id: int
    handicap: float
    handicap_centi: int

    @classmethod
    def of(cls, market_id: str, selection_id: int, handicap_centi: int) -> Self:
        """The runner that an order names."""
        return cls(market_id, selection_id, handicap_centi / 100, handicap_centi)


@dataclass(frozen=True, slots=True)
class MarketView:
    """A market's definition as the engine last read it from the seam.

    `runners` gives each runner's status, in the definition's order. `mbr` is the market base rate
    in percent, `off_ms` the scheduled start. A market without a definition has status None.
    """

    market_id: str
    status: str | None
    in_play: bool
    stale: bool
    version: int | None
    bet_delay: int
    ladder: str
    mbr: float | None
    number_of_winners: int | None
    runners: Mapping[Runner, str]
    market_type: str | None = None
    event_type_id: str | None = None
    off_ms: int | None = None

    @property
    def is_open(self) -> bool:
        return self.status == "OPEN"

    @property
    def is_win_or_lose(self) -> bool:
        """Whether a bet wins stake times (odds - 1) or loses its stake, as all the money arithmetic
        takes it. A line market's prices are lines, not odds; an each-way bet is two bets in one."""
        return self.ladder != "LINE_RANGE" and self.market_type != "EACH_WAY"


OrdersOf = Callable[[str, Runner], Sequence[OpenOrder]]
PositionOf = Callable[[Runner], Position]
HeldBy = Callable[[str, Runner], Position]
AheadOf = Callable[[Runner, OpenOrder], float | None]


class StrategyContext:
    """Given to `Edge.decide`; one object for the life of the engine, moved from market to market.

    - `book`: the Hotloop;
    - `now_ms`: the engine's clock, ms since the epoch;
    - `market`: the market of the runner that is being decided.
    """

    __slots__ = ("_ahead_of", "_held_by", "_orders_of", "_position_of", "book", "market", "now_ms")

    def __init__(
        self,
        book: HotloopApi,
        market: MarketView,
        orders_of: OrdersOf,
        position_of: PositionOf,
        held_by: HeldBy,
        ahead_of: AheadOf,
    ) -> None:
        self.book = book
        self.market = market
        self.now_ms = 0
        self._orders_of = orders_of
        self._position_of = position_of
        self._held_by = held_by
        self._ahead_of = ahead_of

    def orders(self, edge: str, runner: Runner) -> Sequence[OpenOrder]:
        """The edge's orders on a runner, oldest first. Those still on their way to the executor are
        last, their `pending` is "PLACE"."""
        return self._orders_of(edge, runner)

    def position(self, runner: Runner) -> Position:
        """What has been matched on a runner, all edges together."""
        return self._position_of(runner)

    def held(self, edge: str, runner: Runner) -> Position:
        """What orders of one edge have matched on a runner. Hedges of its fills are not in it: they
        stand under an edge of their own."""
        return self._held_by(edge, runner)

    def ahead(self, runner: Runner, order: OpenOrder) -> float | None:
        """The size that stands ahead of a resting order of ours; None when its place in the queue
        is not known (`size_ahead` of the book raises an error then)."""
        return self._ahead_of(runner, order)
