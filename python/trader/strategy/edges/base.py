"""What an edge is: a name, a configuration section, and one method: `decide` for one runner at a
time, or `decide_market` of a `MarketEdge` for all runners of a market at once."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Generic, TypeAlias, TypeVar

from trader.config.rules import Flag, Whole, rule
from trader.execution.interfaces.executor import OpenOrder
from trader.execution.interfaces.intents import Side
from trader.strategy.context import Runner, StrategyContext


@dataclass(frozen=True, slots=True, kw_only=True)
class EdgeConfig:
    """Keys every edge has. `priority`: the higher one wins where two edges want one place."""

    enabled: bool = rule(Flag())
    priority: int = rule(Whole(0, 1000))


@dataclass(frozen=True, slots=True)
class Place:
    """A wish to rest an order at a price.

    `gross_edge` is the expected profit as a share of the stake, before commission. `reduces` says
    that the order takes inventory back, so the fee gate may let it pass with less edge.
    `max_size_centi` is the most the edge wants, whatever the sizer would stake; `p_fill` the
    probability that it is filled, for where another edge wants the same place.

    `size_centi` asks for just that size: the sizer stakes it or refuses it, it never changes it.
    `closes` says that the order, whose size must be told, levels what this edge itself holds on the
    runner: it passes whatever it costs and before other edges, but never beyond what is held.
    """

    side: Side
    price_centi: int
    gross_edge: float
    ttl_ms: int
    reduces: bool = False
    max_size_centi: int | None = None
    p_fill: float | None = None
    size_centi: int | None = None
    closes: bool = False


@dataclass(frozen=True, slots=True)
class Replace:
    """A wish to move an order of ours to another price, keeping what remains of its size. The other
    keys are those of `Place`."""

    order: OpenOrder
    price_centi: int
    gross_edge: float
    ttl_ms: int
    reduces: bool = False
    p_fill: float | None = None
    closes: bool = False


@dataclass(frozen=True, slots=True)
class Cancel:
    """A wish to take an order of ours away. `reason` is for the log and the counters."""

    order: OpenOrder
    reason: str


Proposal: TypeAlias = Place | Replace | Cancel


@dataclass(frozen=True, slots=True)
class Basket:
    """Orders on several runners of one market that are only worth something together.

    All of them pass the gates, each beside those before it, or none is sent. The size of every
    leg must be told (`Place.size_centi`); what is matched of each is not known beforehand.
    """

    legs: tuple[tuple[Runner, Place], ...]

    def __post_init__(self) -> None:
        """Raises `ValueError` for a leg without a size."""
        if any(place.size_centi is None for _, place in self.legs):
            raise ValueError("every leg of a basket needs its size_centi")


MarketProposal: TypeAlias = tuple[Runner, Proposal] | Basket

C = TypeVar("C", bound=EdgeConfig)


class Edge(ABC, Generic[C]):
    """Decides, runner by runner, what to ask for; see the package's invariant."""

    name: ClassVar[str]
    config_class: ClassVar[type[EdgeConfig]]
    closes_itself: ClassVar[bool] = False
    """Whether it takes back itself what it is filled with; it cannot be hedged as well then."""

    def __init__(self, config: C) -> None:
        self.config = config

    def reconfigure(self, config: C) -> None:
        """Its parameters are others from now on (a reload). One that keeps what it has worked out
        of them when it was made works that out anew here."""
        self.config = config

    @abstractmethod
    def decide(self, ctx: StrategyContext, runner: Runner) -> Sequence[Proposal]:
        """What this edge wants for a runner now; most often nothing.

        Called after each message that touched the runner while its market is OPEN, and whenever
        the market has orders of ours and its state changed (suspended, stale, in play).
        """

    def forget(self, market_id: str) -> None:
        """A market has closed: what the edge keeps of it can go."""


class MarketEdge(Edge[C]):
    """Decides for a whole market at once: for what pays only across its runners."""

    def decide(self, _ctx: StrategyContext, _runner: Runner) -> Sequence[Proposal]:
        """Nothing for one runner alone."""
        return ()

    @abstractmethod
    def decide_market(self, ctx: StrategyContext) -> Sequence[MarketProposal]:
        """What this edge wants in `ctx.market` now; most often nothing.

        Called once after each message that touched any of its runners, when `decide` was called
        for those.
        """
