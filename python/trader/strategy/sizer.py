"""The sizer: how much to stake on an edge, within what may be lost.

The stake is a share (`kelly_fraction`) of Kelly's for the edge after commission e at odds p:
bankroll · e / (p - 1), the same for backing and laying (a lay risks p - 1 times its stake). It is
held between `min_stake` and `max_stake`, then cut so that neither the worst outcome of the runner,
nor of the market, nor of all markets together, resting orders counted as filled, passes its cap,
and rounded down to a multiple of `stake_step`. What is left must be a size the exchange takes:
`min_size`, or a smaller one that pays at least `min_payout`. Markets whose bets are not simply won
or lost at their odds (lines, each way) are refused.

An edge that needs just one size (a leg of a basket) gets that or a refusal: it is not Kelly's to
say and not rounded to a step, but it is held against `max_stake` and the same caps.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from trader.config.rules import Number, rule
from trader.execution.interfaces.executor import DryRunLimits, OpenOrder
from trader.execution.interfaces.intents import Side
from trader.execution.ledger import Ledger
from trader.strategy.context import MarketView, Runner
from trader.strategy.exposure import Exposure
from trader.strategy.fee_gate import Refused

MbrResolver = Callable[[str], float | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class SizerConfig:
    bankroll: float = rule(Number(1.0, 1e9))
    kelly_fraction: float = rule(Number(0.0, 1.0))
    min_stake: float = rule(Number(0.01, 1e6))
    max_stake: float = rule(Number(0.01, 1e6))
    max_runner_liability: float = rule(Number(0.0, 1e9))
    max_market_liability: float = rule(Number(0.0, 1e9))
    max_total_liability: float = rule(Number(0.0, 1e9))
    stake_step: float = rule(Number(0.01, 1000.0))


class Sizer:
    """Sizes in hundredths for orders that passed the fee gate."""

    def __init__(
        self,
        config: SizerConfig,
        limits: DryRunLimits,
        ledger: Ledger,
        discount: float,
        exposure: Exposure | None = None,
    ) -> None:
        """`exposure`: of all markets; None where there is but one."""
        self._config = config
        self._limits = limits
        self._ledger = ledger
        self._discount = discount
        self._exposure = exposure
        self._step_centi = round(config.stake_step * 100)
        self._get_mbr: MbrResolver | None = None

    def set_mbr_resolver(self, get_mbr: MbrResolver) -> None:
        """Where market base rates (percent) come from: the seam's `get_mbr`."""
        self._get_mbr = get_mbr

    def size_centi(
        self,
        market: MarketView,
        runner: Runner,
        *,
        side: Side,
        price_centi: int,
        gross_edge: float,
        resting: Sequence[OpenOrder],
        max_size_centi: int | None = None,
        exact_centi: int | None = None,
    ) -> int | Refused:
        """The size of a new order, at most `max_size_centi`, or `exact_centi` and nothing else.

        `resting` are all orders of the market, those on their way to the executor included.
        """
        if not market.is_win_or_lose:
            return Refused("not_win_or_lose")
        if exact_centi is not None:
            return self._exact(market, runner, side, price_centi, exact_centi, resting)
        wanted_centi = self._kelly_centi(market.market_id, price_centi, gross_edge)
        if max_size_centi is not None:
            wanted_centi = min(wanted_centi, max_size_centi)
        room_centi = self._room_centi(market, runner, side, price_centi, resting)
        if room_centi <= 0:
            return Refused("exposure_cap")
        size_centi = min(wanted_centi, room_centi)
        size_centi -= size_centi % self._step_centi
        if not self.takes(size_centi, price_centi):
            return Refused("below_minimum")
        return size_centi

    def _exact(
        self,
        market: MarketView,
        runner: Runner,
        side: Side,
        price_centi: int,
        size_centi: int,
        resting: Sequence[OpenOrder],
    ) -> int | Refused:
        if size_centi > round(100 * self._config.max_stake):
            return Refused("max_stake")
        if size_centi > self._room_centi(market, runner, side, price_centi, resting):
            return Refused("exposure_cap")
        return size_centi if self.takes(size_centi, price_centi) else Refused("below_minimum")

    def check_move(
        self,
        market: MarketView,
        runner: Runner,
        order: OpenOrder,
        price_centi: int,
        resting: Sequence[OpenOrder],
    ) -> Refused | None:
        """None when an order may be moved to a price, which for a lay changes what it can lose."""
        if order.side is Side.BACK or price_centi <= order.price_centi:
            return None
        others = [other for other in resting if other.intent_id != order.intent_id]
        room_centi = self._room_centi(market, runner, order.side, price_centi, others)
        return None if order.remaining_centi <= room_centi else Refused("exposure_cap")

    def _kelly_centi(self, market_id: str, price_centi: int, gross_edge: float) -> int:
        config = self._config
        mbr_percent = self._get_mbr(market_id) if self._get_mbr is not None else None
        rate = (mbr_percent or 0.0) / 100.0 * (1.0 - self._discount)
        net_edge = gross_edge * (1.0 - rate)
        stake = config.kelly_fraction * config.bankroll * net_edge * 100 / (price_centi - 100)
        return round(100 * min(max(stake, config.min_stake), config.max_stake))

    def _room_centi(
        self,
        market: MarketView,
        runner: Runner,
        side: Side,
        price_centi: int,
        resting: Sequence[OpenOrder],
    ) -> int:
        """The largest size whose loss still fits under all caps; 0 or less when none does.

        What counts is what else is lost when the order loses: a market at its cap through other
        outcomes can still take back what it holds.
        """
        win_e4, lose_e4 = self._ledger.runner_outcomes(runner, resting)
        at_stake_e4 = win_e4 if side is Side.LAY else lose_e4
        runner_room_e4 = round(self._config.max_runner_liability * 10_000) + at_stake_e4
        worst_e4 = self._ledger.worst_case_e4(market, resting, (runner, side is Side.LAY))
        market_room_e4 = round(self._config.max_market_liability * 10_000) + worst_e4
        room_e4 = min(runner_room_e4, market_room_e4)
        if self._exposure is not None:
            others_e4 = self._exposure.others_e4(market.market_id)
            total_room_e4 = round(self._config.max_total_liability * 10_000) - others_e4 + worst_e4
            room_e4 = min(room_e4, total_room_e4)
        return room_e4 // loss_e4_per_centi(side, price_centi)

    @property
    def min_size_centi(self) -> int:
        """The least bet that the exchange takes at any price."""
        return self._limits.min_size_centi

    def takes(self, size_centi: int, price_centi: int) -> bool:
        """Whether the exchange takes a bet of that size."""
        limits = self._limits
        if size_centi >= limits.min_size_centi:
            return True
        return size_centi > 0 and price_centi * size_centi >= limits.min_payout_centi * 100


def loss_e4_per_centi(side: Side, price_centi: int) -> int:
    """What a hundredth of stake can lose at a price, in 1/10,000."""
    return 100 if side is Side.BACK else price_centi - 100
