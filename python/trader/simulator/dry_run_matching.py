"""Dry runs: our resting orders in the market that the seam's books show.

The same matching as the simulated exchange's (`matching`), fed from the `Hotloop`: its books are
the public market, `last_trades` what a message matched in it. Only runners with orders of ours are
looked at.
"""

from __future__ import annotations

from collections.abc import Iterator

from trader.betfair.books import RestedSide, TakenSide
from trader.betfair.signals.matched import Trade
from trader.betfair.signals.settings import SignalSettings
from trader.execution.interfaces.intents import QuoteIntent, Side, TimeInForce
from trader.execution.interfaces.messages import DryFill
from trader.simulator.matching import Match, RunnerMatching, RunnerMove
from trader.strategy.context import Runner
from trader.strategy.hotloop.interface import HotloopApi


class SeamBook:
    """A runner's offers as the seam has them: a `matching.PublicBook`."""

    __slots__ = ("_book", "_runner")

    def __init__(self, book: HotloopApi, runner: Runner) -> None:
        self._book = book
        self._runner = runner

    def visible(self, side: RestedSide, price_centi: int) -> int | None:
        market_id, selection_id, handicap, _ = self._runner
        price = price_centi / 100
        size = self._book.size_ahead(market_id, selection_id, side, price, None, handicap)
        return round(size * 100)

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
        """What the last message matched of the runner."""
        market_id, selection_id, handicap, _ = self._runner
        rows = self._book.last_trades(market_id, selection_id, handicap)
        return [
            Trade(round(price * 100), round(backs * 100), round(lays * 100))
            for price, backs, lays in rows
        ]


class DryRunMatcher:
    """Our orders by runner; bounded by the executor's limit of open orders."""

    def __init__(self, book: HotloopApi, settings: SignalSettings) -> None:
        self._book = book
        self._settings = settings
        self._runners: dict[Runner, tuple[RunnerMatching, SeamBook]] = {}
        self._resting: dict[str, Runner] = {}
        self._taken: list[Match] = []

    def __len__(self) -> int:
        return len(self._resting)

    def placed(self, intent: QuoteIntent, runner: Runner, size_centi: int) -> None:
        """An order came to the market: it takes what is there, which `taken` tells, and the rest of
        it rests; of a FILL_OR_KILL nothing does."""
        matching, public = self._of(runner)
        side: RestedSide = "BACK" if intent.side is Side.BACK else "LAY"
        intent_id, price_centi = intent.intent_id, intent.price_centi
        self._resting[intent_id] = runner
        if intent.time_in_force is TimeInForce.FILL_OR_KILL:
            self._taken += matching.fill_or_kill(
                intent_id, side, price_centi, size_centi, public, intent.min_fill_size_centi
            )
        else:
            self._taken += matching.place(intent_id, side, price_centi, size_centi, public)

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

    def match(self, runner: Runner, *, is_open: bool, now_ms: int) -> list[DryFill]:
        """The fills that the last message, which touched the runner, gives our orders on it."""
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
            found = RunnerMatching(self._settings), SeamBook(self._book, runner)
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
