"""Dry runs: our resting orders in the market that the seam's books show.

The same matching as the simulated exchange's (`matching`), fed from the `Hotloop`: its books are
the public market, `last_trades` what the last message matched in it. Only runners with orders of
ours, or with offers that they took and that still stand, are looked at.
"""

from __future__ import annotations

from collections.abc import Iterator

from trader.betfair.books import TAKEN_OF, RestedSide, TakenSide
from trader.betfair.signals.matched import Trade
from trader.betfair.signals.settings import SignalSettings
from trader.execution.interfaces.executor import OpenOrder
from trader.execution.interfaces.intents import Side, TimeInForce
from trader.execution.interfaces.messages import DryFill
from trader.simulator.matching import Match, RunnerMatching, RunnerMove
from trader.strategy.context import Runner
from trader.strategy.hotloop.interface import HotloopApi


class SeamBook:
    """A runner's offers as the seam has them: a `matching.PublicBook`."""

    __slots__ = ("_book", "_is_full", "_runner")

    def __init__(self, book: HotloopApi, runner: Runner, *, is_full: bool) -> None:
        """`is_full`: the book has all prices, so one without offers has a size of 0; otherwise only
        those down to the worst one shown are in view."""
        self._book = book
        self._runner = runner
        self._is_full = is_full

    def visible(self, side: RestedSide, price_centi: int) -> int | None:
        market_id, selection_id, handicap, _ = self._runner
        price = price_centi / 100
        if not (self._is_full or self._is_in_view(TAKEN_OF[side], price)):
            return None
        size = self._book.size_ahead(market_id, selection_id, side, price, None, handicap)
        return round(size * 100)

    def _is_in_view(self, side: TakenSide, price: float) -> bool:
        market_id, selection_id, handicap, _ = self._runner
        shown = self._book.ladder_top(market_id, selection_id, side, None, True, handicap)
        if not shown:
            return False
        worst = shown[-1][0]
        return price >= worst if side == "BACK" else price <= worst

    def offers(self, side: TakenSide) -> Iterator[tuple[int, int]]:
        """The best one first: mostly nobody asks for the rest."""
        market_id, selection_id, handicap, _ = self._runner
        ladder_top = self._book.ladder_top
        best = ladder_top(market_id, selection_id, side, 1, True, handicap)
        yield from map(_centi, best)
        if best:
            rest = ladder_top(market_id, selection_id, side, None, True, handicap)[1:]
            yield from map(_centi, rest)

    def trades(self) -> list[Trade]:
        """What the last message of the market matched of the runner."""
        market_id, selection_id, handicap, _ = self._runner
        rows = self._book.last_trades(market_id, selection_id, handicap)
        if not rows:  # most messages
            return []
        return [
            Trade(round(price * 100), round(backs * 100), round(lays * 100))
            for price, backs, lays in rows
        ]


class DryRunMatcher:
    """Our orders by runner; bounded by the executor's limit of open orders, and by the runners of
    the markets that are not closed."""

    def __init__(
        self, book: HotloopApi, settings: SignalSettings, *, is_full_depth: bool = True
    ) -> None:
        """`is_full_depth`: the seam's books have all prices (`SeamBook`)."""
        self._book = book
        self._settings = settings
        self._is_full_depth = is_full_depth
        self._runners: dict[Runner, tuple[RunnerMatching, SeamBook]] = {}
        self._resting: dict[str, Runner] = {}
        self._taken: list[Match] = []

    def __len__(self) -> int:
        return len(self._resting)

    def reconfigure(self, settings: SignalSettings) -> None:
        """Other settings from now on; runners that orders rest on keep those they began with."""
        self._settings = settings

    @property
    def is_idle(self) -> bool:
        """Whether no message changes anything here."""
        return not self._runners

    def placed(self, order: OpenOrder, runner: Runner, min_fill_centi: int | None) -> None:
        """An order came to the market: it takes what is there, which `taken` tells, and the rest of
        it rests; of a FILL_OR_KILL nothing does (`min_fill_centi`: what it must get at least)."""
        matching, public = self._of(runner)
        side: RestedSide = "BACK" if order.side is Side.BACK else "LAY"
        what = (order.intent_id, side, order.price_centi, order.remaining_centi, public)
        self._resting[order.intent_id] = runner
        if order.time_in_force is TimeInForce.FILL_OR_KILL:
            self._taken += matching.fill_or_kill(*what, min_fill_centi)
        else:
            self._taken += matching.place(*what)

    def ended(self, intent_id: str) -> None:
        """An order rests no more; unknown ones are ignored."""
        runner = self._resting.pop(intent_id, None)
        found = self._runners.get(runner) if runner is not None else None
        if runner is not None and found is not None:  # a filled order may have left none behind
            found[0].reduce(intent_id)
            self._forget(runner)

    def taken(self, now_ms: int) -> list[DryFill]:
        """What orders took when they were placed, since the last time."""
        matches, self._taken = self._taken, []
        return [_fill(match, now_ms) for match in matches]

    def ahead_centi(self, intent_id: str) -> float | None:
        """What of the public stands ahead of an order; None for one that does not rest."""
        runner = self._resting.get(intent_id)
        found = self._runners.get(runner) if runner is not None else None
        return found[0].ahead_centi(intent_id) if found is not None else None

    def market_closed(self, market_id: str) -> None:
        """The market takes no orders any more: what was taken there is forgotten."""
        for runner, (matching, _) in list(self._runners.items()):
            if runner.market_id == market_id and not len(matching):
                del self._runners[runner]

    def match(self, runner: Runner, *, is_open: bool, now_ms: int) -> list[DryFill]:
        """The fills that the last message of its market, which touched the runner, gives our orders
        on it."""
        found = self._runners.get(runner)
        if found is None:
            return []
        matching, public = found
        upset = self._book.book_upset(runner.market_id)
        move = RunnerMove(public, public.trades(), is_open, upset)
        fills = [_fill(match, now_ms) for match in matching.move(move)]
        self._forget(runner)
        return fills

    def _of(self, runner: Runner) -> tuple[RunnerMatching, SeamBook]:
        found = self._runners.get(runner)
        if found is None:
            public = SeamBook(self._book, runner, is_full=self._is_full_depth)
            found = RunnerMatching(self._settings), public
            self._runners[runner] = found
        return found

    def _forget(self, runner: Runner) -> None:
        """Nothing is kept of a runner that messages cannot change anything for."""
        if self._runners[runner][0].is_idle:
            del self._runners[runner]


def _fill(match: Match, now_ms: int) -> DryFill:
    return DryFill(
        intent_id=match.order_id,
        price_centi=match.price_centi,
        size_centi=match.size_centi,
        ts_ms=now_ms,
    )


def _centi(row: tuple[float, float]) -> tuple[int, int]:
    return round(row[0] * 100), round(row[1] * 100)
