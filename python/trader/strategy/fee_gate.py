"""The fee gate: lets an order through only when it earns something after commission.

An expected gross edge g (a share of the stake) is worth g · (1 - c) after commission, where c is
the market base rate less the account's discount. Commission falls on the market's net winnings,
so over many trades it takes that share of what the edge earns.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from trader.config.rules import Choice, Number, rule

MbrResolver = Callable[[str], float | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class FeeGateConfig:
    discount: float = rule(Number(0.0, 1.0))
    min_net_edge: float = rule(Number(0.0, 1.0))
    unknown_mbr: str = rule(Choice(("refuse", "assume")))
    assumed_mbr_percent: float = rule(Number(0.0, 100.0))


@dataclass(frozen=True, slots=True)
class Refused:
    """Why an order does not go out; `reason` is one of few words, fit to be counted."""

    reason: str


class FeeGate:
    """Commission by market, and the check against the least net edge."""

    def __init__(self, config: FeeGateConfig, get_mbr: MbrResolver) -> None:
        self._config = config
        self._get_mbr = get_mbr

    def commission(self, market_id: str) -> float | None:
        """The commission rate as a fraction; None when it is not known and may not be assumed."""
        mbr_percent = self._get_mbr(market_id)
        if mbr_percent is None:
            if self._config.unknown_mbr == "refuse":
                return None
            mbr_percent = self._config.assumed_mbr_percent
        return mbr_percent / 100.0 * (1.0 - self._config.discount)

    def net_edge(self, market_id: str, gross_edge: float) -> float | None:
        """The edge after commission; a loss is not made smaller by it. None as `commission`."""
        rate = self.commission(market_id)
        if rate is None:
            return None
        return gross_edge * (1.0 - rate) if gross_edge > 0.0 else gross_edge

    def check(self, market_id: str, gross_edge: float, reduces: bool) -> Refused | None:
        """None when the order may go. One that takes inventory back only must not cost anything."""
        net = self.net_edge(market_id, gross_edge)
        if net is None:
            return Refused("unknown_mbr")
        least = 0.0 if reduces else self._config.min_net_edge
        return None if net >= least and net > 0.0 else Refused("net_edge")
