"""The fill estimates of the orders a trader sends, judged while it trades.

A new order or a move is followed as it was sent, as if it were never cancelled and stood alone
(`following`): what is judged is the estimate, not what became of the order itself. One order on a
runner and on two runners of a market are followed at a time: those beside them share their fate,
and following all of them would take a third of a replay's time. Orders that would have been matched
at once are left out: the estimates say nothing of them.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

from trader.betfair.books import RestedSide
from trader.betfair.signals.fill import probability
from trader.betfair.signals.settings import SignalSettings
from trader.calibration.following import Follower, Outcome
from trader.calibration.scores import HORIZONS_MS, Scores, scores_json
from trader.strategy.context import Runner
from trader.strategy.hotloop.interface import HotloopApi, Touched
from trader.strategy.markets import Markets

FOLLOWED_MAX: Final = 20_000
RUNNERS_MAX: Final = 2
"""So many runners of a market have an order that is followed, at once."""


@dataclass(slots=True)
class HorizonScores:
    """The model in force and `exponential`, of the same orders."""

    model: Scores = field(default_factory=Scores)
    exponential: Scores = field(default_factory=Scores)

    def add_all(self, other: HorizonScores) -> None:
        self.model.add_all(other.model)
        self.exponential.add_all(other.exponential)


@dataclass(slots=True)
class SentScores:
    """By horizon, ms; two runs are scored together by adding theirs."""

    by_horizon: dict[int, HorizonScores] = field(default_factory=dict)
    overlapping: int = 0
    """Orders not followed because others beside them were."""
    not_followed: int = 0
    """Orders that would have been matched at once, at prices out of view, or too many at once."""

    def add_all(self, other: SentScores) -> None:
        self.overlapping += other.overlapping
        self.not_followed += other.not_followed
        for ms, scores in other.by_horizon.items():
            self.by_horizon.setdefault(ms, HorizonScores()).add_all(scores)

    def as_json(self, horizon_ms: int) -> dict[str, Any]:
        """The keys of `p_fill` in `summary.json`; `horizon_ms` is that of the estimates."""
        mine = self.by_horizon.get(horizon_ms, HorizonScores()).model
        by_horizon = [
            scores_json(ms, scores.model, scores.exponential)
            for ms, scores in sorted(self.by_horizon.items())
        ]
        return {
            "horizon_ms": horizon_ms,
            "brier": mine.brier,
            "brier_skill": mine.skill,
            "ece": mine.ece,
            "overlapping": self.overlapping,
            "not_followed": self.not_followed,
            "by_horizon": by_horizon,
            "reliability": [
                {"horizon_ms": one["horizon_ms"], "bins": one["bins"]} for one in by_horizon
            ],
        }


class _Said(NamedTuple):
    """What was said of an order, along the horizons."""

    model: tuple[float, ...]
    exponential: tuple[float, ...]


class OrdersSent:
    """For one engine, on its thread: the desk tells what it sends, the engine what happens."""

    def __init__(
        self,
        book: HotloopApi,
        markets: Markets,
        settings: SignalSettings,
        scores: SentScores,
        *,
        is_full_depth: bool,
    ) -> None:
        self._book = book
        self._markets = markets
        self._scores = scores
        self._is_full_depth = is_full_depth
        self._use(settings)

    def _use(self, settings: SignalSettings) -> None:
        self._horizon_ms = settings.horizon_ms
        self._horizons_ms = tuple(sorted({*HORIZONS_MS, settings.horizon_ms}))
        for ms in self._horizons_ms:
            self._scores.by_horizon.setdefault(ms, HorizonScores())
        self._follower: Follower[_Said] = Follower(
            self._book,
            settings,
            self._horizons_ms[-1],
            self._told,
            is_full_depth=self._is_full_depth,
            followed_max=FOLLOWED_MAX,
        )

    def reconfigure(self, settings: SignalSettings) -> None:
        """Other settings from now on: what becomes of the orders followed just now is not judged
        any further, as it was said of them by the former ones."""
        self._follower.end()
        self._use(settings)

    def sent(
        self,
        runner: Runner,
        side: RestedSide,
        price_centi: int,
        size_centi: int,
        at_ms: int,
        *,
        p_fill: float,
        ahead: float,
    ) -> None:
        """An order has left; `p_fill` at `pfill.horizon_ms` and `ahead`, the visible size at its
        price, are what the book said of it."""
        followed = self._follower.runners
        beside = sum(one[0] == runner.market_id for one in followed)
        if beside == RUNNERS_MAX or runner[:3] in followed:
            self._scores.overlapping += 1
            return
        market_id, selection_id, handicap, _ = runner
        best = self._book.best(market_id, selection_id, handicap)
        offered = best[0] if side == "BACK" else best[2]
        price = price_centi / 100
        takes = offered is not None and (offered >= price if side == "BACK" else offered <= price)
        if takes or not self._follower.join(
            runner,
            side,
            price_centi,
            size_centi,
            at_ms,
            self._said(runner, side, price, size_centi / 100, p_fill, ahead),
        ):
            self._scores.not_followed += 1

    def message(self, touched: list[Touched], at_ms: int) -> None:
        """A line was applied; the engine's views are as it left them."""
        followed = self._follower.runners
        if not followed:
            return
        named = [followed[entry] for entry in touched if entry in followed]
        if not named:
            return
        markets = (
            {runner.market_id for runner in named} if len(named) > 1 else (named[0].market_id,)
        )
        for market_id in markets:
            view = self._markets.get(market_id)
            if view is not None:
                self._follower.message(view, named, at_ms)

    def end(self, *, is_book_lost: bool = False) -> None:
        """A line was lost, or none comes any more: nobody knows what becomes of the orders."""
        self._follower.end(is_book_lost=is_book_lost)

    def _said(
        self, runner: Runner, side: RestedSide, price: float, size: float, p: float, ahead: float
    ) -> _Said:
        market_id, selection_id, handicap, _ = runner
        book = self._book
        model = tuple(
            p
            if ms == self._horizon_ms
            else book.pfill_ttf(market_id, selection_id, side, price, size, ms, handicap)[0]
            for ms in self._horizons_ms
        )
        rate = book.match_rate_ema(market_id, selection_id, side, price, handicap)
        # Where a model says nothing of an order, the baseline has nothing to say either.
        if rate <= 0 or not model[-1]:
            return _Said(model, (0.0,) * len(model))
        # The baseline is worked out here, as the seam answers for the model in force alone; it
        # takes no mean trade.
        work_centi, rate_centi = 100 * (ahead + size), 100 * rate
        exponential = tuple(
            probability("exponential", work_centi, rate_centi, 1.0, ms / 1000)
            for ms in self._horizons_ms
        )
        return _Said(model, exponential)

    def _told(self, said: _Said, outcome: Outcome) -> None:
        for at, ms in enumerate(self._horizons_ms):
            scores = self._scores.by_horizon[ms]
            filled = outcome.within(ms)
            scores.model.add(said.model[at], filled)
            scores.exponential.add(said.exponential[at], filled)
