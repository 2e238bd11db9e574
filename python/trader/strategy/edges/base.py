"""What an edge is: a name, a configuration section, and one method `decide`."""

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
    """

    side: Side
    price_centi: int
    gross_edge: float
    ttl_ms: int
    reduces: bool = False
    max_size_centi: int | None = None
    p_fill: float | None = None


@dataclass(frozen=True, slots=True)
class Replace:
    """A wish to move an order of ours to another price, keeping what remains of its size."""

    order: OpenOrder
    price_centi: int
    gross_edge: float
    ttl_ms: int
    reduces: bool = False
    p_fill: float | None = None


@dataclass(frozen=True, slots=True)
class Cancel:
    """A wish to take an order of ours away. `reason` is for the log and the counters."""

    order: OpenOrder
    reason: str


Proposal: TypeAlias = Place | Replace | Cancel

C = TypeVar("C", bound=EdgeConfig)


class Edge(ABC, Generic[C]):
    """Decides, runner by runner, what to ask for; see the package's invariant."""

    name: ClassVar[str]
    config_class: ClassVar[type[EdgeConfig]]

    def __init__(self, config: C) -> None:
        self.config = config

    @abstractmethod
    def decide(self, ctx: StrategyContext, runner: Runner) -> Sequence[Proposal]:
        """What this edge wants for a runner now; most often nothing.

        Called after each message that touched the runner while its market is OPEN, and whenever
        the market has orders of ours and its state changed (suspended, stale, in play).
        """
