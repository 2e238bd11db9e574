"""The fee gate: lets an order through only when it earns something after commission.

An expected gross edge g (a share of the stake) is worth g · (1 - c) after commission, where c is
the market base rate less the account's discount. Commission falls on the market's net winnings,
so over many trades it takes that share of what the edge earns.

Beyond `free_transactions_per_hour` in a clock hour the venue charges `transaction_charge` for each
bet placed and each transaction that fails; from there on an order must earn that as well.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from trader.config.rules import Choice, Number, Whole, rule

HOUR_MS: Final = 3_600_000

MbrResolver = Callable[[str], float | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class FeeGateConfig:
    discount: float = rule(Number(0.0, 1.0))
    min_net_edge: float = rule(Number(0.0, 1.0))
    unknown_mbr: str = rule(Choice(("refuse", "assume")))
    assumed_mbr_percent: float = rule(Number(0.0, 100.0))
    transaction_charge: float = rule(Number(0.0, 100.0))
    free_transactions_per_hour: int = rule(Whole(0, 1_000_000))


@dataclass(frozen=True, slots=True)
class Refused:
    """Why an order does not go out; `reason` is one of few words, fit to be counted."""

    reason: str


class FeeGate:
    """Commission by market, and the check against the least net edge."""

    def __init__(self, config: FeeGateConfig, get_mbr: MbrResolver) -> None:
        self.charged_transactions = 0
        self._config = config
        self._get_mbr = get_mbr
        self._hour = -1
        self._in_hour = 0

    def reconfigure(self, config: FeeGateConfig) -> None:
        """Another configuration from now on; transactions go on being counted."""
        self._config = config

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

    def transaction(self, now_ms: int) -> None:
        """A bet was sent, or a transaction failed, at that time."""
        hour = now_ms // HOUR_MS
        if hour > self._hour:
            self._hour, self._in_hour = hour, 0
        self._in_hour += 1
        if self._in_hour > self._config.free_transactions_per_hour:
            self.charged_transactions += 1

    def charges_e4(self) -> int:
        """What the transactions so far have cost, in 1/10,000; commission paid offsets it."""
        return self.charged_transactions * round(self._config.transaction_charge * 10_000)

    def check_charge(
        self, market_id: str, gross_edge: float, size_centi: int, now_ms: int
    ) -> Refused | None:
        """None when an order of that size earns what its transaction costs, if it costs."""
        is_free = (
            now_ms // HOUR_MS > self._hour
            or self._in_hour < self._config.free_transactions_per_hour
        )
        if is_free:
            return None
        net = self.net_edge(market_id, gross_edge) or 0.0
        earns = net * size_centi / 100
        return None if earns > self._config.transaction_charge else Refused("transaction_charge")
