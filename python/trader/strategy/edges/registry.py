"""The edges that exist, by the name they have in the configuration."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from trader.strategy.edges.base import Edge
from trader.strategy.edges.passive_maker import PassiveMaker

EDGES: Final[Mapping[str, type[Edge[Any]]]] = {
    PassiveMaker.name: PassiveMaker,
}
