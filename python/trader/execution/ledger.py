"""The trader's own books: what was matched, what it can lose, what it made.

Money is in integers of 1/10,000 of the account's currency (`*_e4`), because a stake in hundredths
times odds in hundredths is exactly that; nothing is rounded before the commission, which is
rounded half up to hundredths as the exchange charges it.

For one runner, `win_e4` is what its bets return if it wins and `lose_e4` if it loses. A market's
result for an outcome is the sum over its runners.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal, TypeAlias

from trader.execution.interfaces.executor import OpenOrder
from trader.execution.interfaces.intents import Side

if TYPE_CHECKING:
    from trader.strategy.context import MarketView, Runner

CENT_E4: Final = 100
SETTLED_STATUSES: Final = frozenset({"WINNER", "LOSER", "PLACED", "REMOVED", "REMOVED_VACANT"})
VOID_STATUSES: Final = frozenset({"REMOVED", "REMOVED_VACANT"})
WINNING_STATUSES: Final = frozenset({"WINNER", "PLACED"})

ResultKind: TypeAlias = Literal["settled", "venue", "marked"]


@dataclass(frozen=True, slots=True)
class Fill:
    """One match of one of our orders. Prices and sizes in hundredths, time in ms."""

    intent_id: str
    edge: str
    runner: Runner
    side: Side
    price_centi: int
    size_centi: int
    ts_ms: int


@dataclass(slots=True)
class Position:
    """What is matched on one runner."""

    back_stake_centi: int = 0
    lay_stake_centi: int = 0
    win_e4: int = 0
    lose_e4: int = 0

    def change(self, side: Side, size_centi: int, value_e4: int) -> None:
        """Counts matches in; negative sizes and values take them back (a void, another price).
        `value_e4` is the sum of size times price, both in hundredths."""
        profit_e4 = value_e4 - size_centi * 100
        stake_e4 = size_centi * 100
        if side is Side.BACK:
            self.back_stake_centi += size_centi
            self.win_e4 += profit_e4
            self.lose_e4 -= stake_e4
        else:
            self.lay_stake_centi += size_centi
            self.win_e4 -= profit_e4
            self.lose_e4 += stake_e4

    def hedge_stake(self, price: float) -> float:
        """The stake that would have to be laid at `price` (decimal odds) to level both outcomes.

        Negative when it would have to be backed. In the account's currency.
        """
        return (self.win_e4 - self.lose_e4) / (10_000 * price)


@dataclass(slots=True)
class _Matched:
    """What is matched of one order."""

    edge: str
    runner: Runner
    side: Side
    size_centi: int = 0
    value_e4: int = 0


@dataclass(frozen=True, slots=True)
class RunnerResult:
    """One runner's share of a market's result: its position, its status, its part of the gross."""

    runner: Runner
    status: str
    position: Position
    gross_e4: int


@dataclass(frozen=True, slots=True)
class MarketResult:
    """A market's profit and loss.

    `kind` is `settled` (by the final definition), `venue` (as the venue has paid it out) or
    `marked` (the market did not settle in the data: valued at the last prices, said in `note`).
    """

    market_id: str
    kind: ResultKind
    gross_e4: int
    commission_e4: int
    mbr_percent: float | None
    note: str
    runners: tuple[RunnerResult, ...]

    @property
    def net_e4(self) -> int:
        return self.gross_e4 - self.commission_e4


class Ledger:
    """Positions by runner, and results by market. `discount` is a fraction of the commission."""

    def __init__(self, discount: float, assumed_mbr_percent: float) -> None:
        self._discount = discount
        self._assumed_mbr_percent = assumed_mbr_percent
        self._positions: dict[str, dict[Runner, Position]] = {}
        self._held: dict[str, dict[tuple[str, Runner], Position]] = {}  # by market; by edge
        self._matched: dict[str, _Matched] = {}  # by intent

    def reconfigure(self, discount: float, assumed_mbr_percent: float) -> None:
        """Other rates from now on, also for what was matched before."""
        self._discount = discount
        self._assumed_mbr_percent = assumed_mbr_percent

    def matched(
        self, intent_id: str, runner: Runner, side: Side, size_centi: int, value_e4: int, edge: str
    ) -> None:
        """The matched totals of an order of `edge` are these now, whatever they were before.

        `value_e4` is the sum of size times price of its matches, both in hundredths. Totals, since
        a report may be missed, and the venue takes matches back (voids) and changes their prices.
        """
        known = self._matched.get(intent_id)
        if known is None:
            known = self._matched[intent_id] = _Matched(edge, runner, side)
        self._change(known, size_centi, value_e4)

    def carried(self, runner: Runner, win_e4: int, lose_e4: int) -> None:
        """What a run before this one has matched on a runner, and no order tells any more."""
        positions = self._positions.setdefault(runner.market_id, {})
        position = positions.setdefault(runner, Position())
        position.win_e4 += win_e4
        position.lose_e4 += lose_e4

    def amended(self, intent_id: str, size_centi: int, value_e4: int) -> str | None:
        """The venue changed an order after its end: its totals as in `matched`. The market whose
        result that changes; None when nothing of the order was matched before."""
        known = self._matched.get(intent_id)
        if known is None:
            return None
        self._change(known, size_centi, value_e4)
        return known.runner.market_id

    def _change(self, known: _Matched, size_centi: int, value_e4: int) -> None:
        positions = self._positions.setdefault(known.runner.market_id, {})
        position = positions.get(known.runner)
        if position is None:
            position = positions[known.runner] = Position()
        more_centi, more_e4 = size_centi - known.size_centi, value_e4 - known.value_e4
        position.change(known.side, more_centi, more_e4)
        self._holding(known.edge, known.runner).change(known.side, more_centi, more_e4)
        known.size_centi, known.value_e4 = size_centi, value_e4

    def forget(self, market_id: str) -> None:
        """A market that is settled for good is held no more; later changes of it are not heard."""
        self._held.pop(market_id, None)
        if self._positions.pop(market_id, None) is not None:
            self._matched = {
                intent_id: known
                for intent_id, known in self._matched.items()
                if known.runner.market_id != market_id
            }

    def position(self, runner: Runner) -> Position | None:
        """What is matched on a runner; None when nothing is."""
        positions = self._positions.get(runner.market_id)
        return positions.get(runner) if positions is not None else None

    def held(self, edge: str, runner: Runner) -> Position | None:
        """What one edge's orders have matched on a runner; None when nothing."""
        held = self._held.get(runner.market_id)
        return held.get((edge, runner)) if held is not None else None

    def restore_held(
        self, intent_id: str, edge: str, runner: Runner, side: Side, size_centi: int, value_e4: int
    ) -> None:
        """Matches of a run before this one, which `carried` has without the edge they belong to;
        `value_e4` as in `matched`. Ignored when the order itself is known."""
        if intent_id not in self._matched:
            self._holding(edge, runner).change(side, size_centi, value_e4)

    def _holding(self, edge: str, runner: Runner) -> Position:
        held = self._held.setdefault(runner.market_id, {})
        position = held.get((edge, runner))
        if position is None:
            position = held[edge, runner] = Position()
        return position

    def markets(self) -> list[str]:
        """Markets with anything matched, in the order of their first fill."""
        return list(self._positions)

    def runner_outcomes(self, runner: Runner, resting: Iterable[OpenOrder]) -> tuple[int, int]:
        """The least a runner's bets can return (if it wins, if it loses), in e4.

        The orders of `resting` that are on this runner count as filled whenever that is worse.
        """
        position = self.position(runner)
        win_e4, lose_e4 = (position.win_e4, position.lose_e4) if position is not None else (0, 0)
        for order in resting:
            if (
                order.selection_id == runner.selection_id
                and order.handicap_centi == runner.handicap_centi
            ):
                win_e4 -= _loss_if_wins_e4(order)
                lose_e4 -= _loss_if_loses_e4(order)
        return win_e4, lose_e4

    def worst_case_e4(
        self,
        market: MarketView,
        resting: Iterable[OpenOrder],
        given: tuple[Runner, bool] | None = None,
    ) -> int:
        """The least the market can return (negative: a loss), resting orders as in
        `runner_outcomes`; with `given`, when that runner wins (True) or does not.

        With K winners it is every runner losing plus the K runners for which winning instead is
        worst. Markets that do not say how many win (handicaps) are taken runner by runner.
        """
        swings: dict[tuple[int, int], int] = {}  # by runner: what winning changes
        losing_e4 = 0
        for runner, position in self._positions.get(market.market_id, {}).items():
            losing_e4 += position.lose_e4
            key = (runner.selection_id, runner.handicap_centi)
            swings[key] = position.win_e4 - position.lose_e4
        for order in resting:
            lost_e4 = _loss_if_loses_e4(order)
            losing_e4 -= lost_e4
            key = (order.selection_id, order.handicap_centi)
            swings[key] = swings.get(key, 0) + lost_e4 - _loss_if_wins_e4(order)
        places, runners = market.number_of_winners, len(market.runners)
        wins = False
        if given is not None:
            runner, wins = given
            swing_e4 = swings.pop((runner.selection_id, runner.handicap_centi), 0)
            runners -= 1
            losing_e4 += swing_e4 if wins else 0
        if not places:
            return losing_e4 + sum(swing for swing in swings.values() if swing < 0)
        winners = places - wins
        # Runners without bets of ours may win as well, and change nothing when they do.
        others = max(0, runners - len(swings))
        return losing_e4 + sum(sorted([*swings.values(), *[0] * min(winners, others)])[:winners])

    def settle(self, market: MarketView) -> MarketResult | None:
        """The result by the final definition; None when nothing was matched or the definition does
        not settle every runner we hold (it then has to be marked).

        Bets on removed runners are void. A dead heat (more winners than places) pays each winner
        its share and loses the rest. Reduction factors on bets matched before a removal are not
        applied; the result's note says when that could matter.
        """
        positions = self._positions.get(market.market_id)
        if positions is None:
            return None
        statuses = {runner: market.runners.get(runner, "UNKNOWN") for runner in positions}
        places = market.number_of_winners
        if not places or any(status not in SETTLED_STATUSES for status in statuses.values()):
            return None
        winners = sum(1 for status in market.runners.values() if status in WINNING_STATUSES)
        heads = max(winners, places)
        results: list[RunnerResult] = []
        for runner, position in positions.items():
            gross_e4 = 0
            if statuses[runner] in WINNING_STATUSES:
                paid = position.win_e4 * places + position.lose_e4 * (heads - places)
                gross_e4 = divided(paid, heads)
            elif statuses[runner] not in VOID_STATUSES:
                gross_e4 = position.lose_e4
            results.append(RunnerResult(runner, statuses[runner], position, gross_e4))
        note = "dead heat" if heads > places else ""
        if any(status in VOID_STATUSES for status in market.runners.values()):
            note = (note + "; " if note else "") + "reduction factors not applied"
        return self._result(market, "settled", results, note)

    def paid_out(self, market: MarketView, gross_e4: int, commission_e4: int) -> MarketResult:
        """The result as the venue has settled it: what it paid before commission, and that."""
        positions = self._positions.get(market.market_id, {})
        results = tuple(
            RunnerResult(runner, market.runners.get(runner, "UNKNOWN"), position, 0)
            for runner, position in positions.items()
        )
        return MarketResult(
            market.market_id, "venue", gross_e4, commission_e4, market.mbr, "", results
        )

    def mark(
        self, market: MarketView, price_of: Callable[[Runner], float | None]
    ) -> MarketResult | None:
        """The value at present prices (decimal odds); None when nothing was matched.

        At odds x a runner's bets are worth their return if it loses plus 1/x of the difference to
        their return if it wins. Without a price the worse of the two is taken.
        """
        positions = self._positions.get(market.market_id)
        if positions is None:
            return None
        results: list[RunnerResult] = []
        unpriced = 0
        for runner, position in positions.items():
            price = price_of(runner)
            if price is None:
                unpriced += 1
                gross_e4 = min(position.win_e4, position.lose_e4)
            else:
                gross_e4 = position.lose_e4 + round((position.win_e4 - position.lose_e4) / price)
            status = market.runners.get(runner, "UNKNOWN")
            results.append(RunnerResult(runner, status, position, gross_e4))
        note = "marked to market: no settlement in the data"
        if unpriced:
            note += f"; {unpriced} runners without a price at their worst outcome"
        return self._result(market, "marked", results, note)

    def _result(
        self,
        market: MarketView,
        kind: ResultKind,
        runners: list[RunnerResult],
        note: str,
    ) -> MarketResult:
        gross_e4 = sum(result.gross_e4 for result in runners)
        mbr = market.mbr
        if mbr is None:
            mbr = self._assumed_mbr_percent
            note = (note + "; " if note else "") + f"commission at an assumed {mbr:g} %"
        commission = commission_e4(gross_e4, mbr, self._discount)
        return MarketResult(
            market.market_id, kind, gross_e4, commission, market.mbr, note, tuple(runners)
        )


def commission_e4(gross_e4: int, mbr_percent: float, discount: float) -> int:
    """Commission on a market's net winnings: nothing on a loss, else the market base rate less
    the discount, rounded half up to hundredths."""
    if gross_e4 <= 0:
        return 0
    rate_e6 = round(mbr_percent * 10_000 * (1.0 - discount))
    cents, rest = divmod(gross_e4 * rate_e6, CENT_E4 * 1_000_000)
    return (cents + (2 * rest >= CENT_E4 * 1_000_000)) * CENT_E4


def to_money(amount_e4: int) -> float:
    """An amount for people and JSON: the account's currency with four decimals at most."""
    return amount_e4 / 10_000


def totals(results: Mapping[str, MarketResult]) -> tuple[int, int, int]:
    """(gross, commission, net) of several markets, in e4."""
    gross = sum(result.gross_e4 for result in results.values())
    commission = sum(result.commission_e4 for result in results.values())
    return gross, commission, gross - commission


def _loss_if_wins_e4(order: OpenOrder) -> int:
    """What an order costs if it fills and its runner wins; a back would earn, so nothing."""
    return order.remaining_centi * (order.price_centi - 100) if order.side is Side.LAY else 0


def _loss_if_loses_e4(order: OpenOrder) -> int:
    """What an order costs if it fills and its runner loses; a lay would earn, so nothing."""
    return order.remaining_centi * 100 if order.side is Side.BACK else 0


def divided(amount: int, by: int) -> int:
    """An integer quotient rounded half away from zero."""
    sign = -1 if amount < 0 else 1
    return sign * ((2 * abs(amount) + by) // (2 * by))
