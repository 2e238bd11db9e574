"""The edges that exist, by the name they have in the configuration."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from trader.strategy.edges.base import Edge
from trader.strategy.edges.overround import Overround
from trader.strategy.edges.passive_maker import PassiveMaker
from trader.strategy.edges.scalp import Scalp
from trader.strategy.edges.sweep_follow import SweepFollow

EDGES: Final[Mapping[str, type[Edge[Any]]]] = {
    PassiveMaker.name: PassiveMaker,
    Scalp.name: Scalp,
    SweepFollow.name: SweepFollow,
    Overround.name: Overround,
}
