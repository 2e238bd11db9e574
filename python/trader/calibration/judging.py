"""Recordings through the fill models of several Hotloops: the scores of each file, and of all."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, TypeAlias

from trader.betfair.signals.settings import FillModel, QueueModel
from trader.calibration.following import Outcome
from trader.calibration.sampling import Joining, Plan, Sampler
from trader.calibration.scores import HORIZONS_MS, Scores, TimesToFill
from trader.strategy.hotloop.api import Hotloop
from trader.strategy.hotloop.config import read_config

GRID_MS: Final = (0, 1_000, 2_000, 5_000, 10_000, 20_000, 30_000, 60_000, 120_000)
BASELINE: Final[FillModel] = "exponential"

Block: TypeAlias = Mapping[str, Any]
"""A `hotloop:` block."""
Answers: TypeAlias = dict[str, tuple[float, ...]]
"""P(T ≤ horizon) along the grid, by model."""


@dataclass(slots=True)
class Judged:
    """What the models said and what came, of one file or of several together.

    `scores[model][horizon_ms]`; a horizon that cannot be judged is missing.
    """

    name: str
    orders: int = 0
    lines: int = 0
    lines_refused: int = 0
    trades: int = 0
    spacing_ms: int | None = None
    scores: dict[str, dict[int, Scores]] = field(default_factory=dict)
    times: TimesToFill | None = None

    def add_all(self, other: Judged) -> None:
        self.orders += other.orders
        self.lines += other.lines
        self.lines_refused += other.lines_refused
        self.trades += other.trades
        for model, by_horizon in other.scores.items():
            mine = self.scores.setdefault(model, {})
            for horizon_ms, scores in by_horizon.items():
                mine.setdefault(horizon_ms, Scores()).add_all(scores)
        if other.times is not None:
            if self.times is None:
                self.times = TimesToFill(other.times.grid_ms)
            self.times.add_all(other.times)


def pooled(files: Iterable[Judged]) -> Judged:
    """All files as one set of orders."""
    total = Judged("all")
    for one in files:
        total.add_all(one)
    return total


class Judge:
    """One file's lines through one Hotloop for each model; feed lines, then `result`.

    Raises `ImportError` and `HotloopError` as `Hotloop` does.
    """

    def __init__(self, name: str, blocks: Mapping[str, Block], plan: Plan, *, rust: bool) -> None:
        """`blocks`: the configuration of each model's Hotloop; their queue model is one."""
        books = {model: Hotloop(block, rust=rust) for model, block in blocks.items()}
        first = next(iter(blocks))
        self._books = books
        self._name = name
        self._horizons_ms = tuple(ms for ms in HORIZONS_MS if ms <= plan.follow_ms)
        grid = {ms for ms in GRID_MS if ms <= plan.follow_ms}
        self._times = TimesToFill(tuple(sorted(grid)))
        self._places = [self._times.grid_ms.index(ms) for ms in self._horizons_ms]
        self._scores = {model: {ms: Scores() for ms in self._horizons_ms} for model in blocks}
        self._sampler: Sampler[Answers] = Sampler(
            books[first],
            read_config(blocks[first]),
            plan,
            self._asked,
            self._told,
            others=[book for model, book in books.items() if model != first],
        )

    @property
    def trades(self) -> int:
        return self._sampler.trades

    def line(self, raw: bytes) -> None:
        self._sampler.line(raw)

    def result(self) -> Judged:
        """The scores, once all lines are read."""
        sampler = self._sampler
        sampler.end()
        judged = Judged(
            self._name,
            sampler.orders,
            sampler.lines,
            sampler.lines_refused,
            sampler.trades,
            sampler.spacing.ms,
        )
        if sampler.trades and sampler.orders:
            judged.scores = {
                model: {
                    ms: scores for ms, scores in by_horizon.items() if sampler.spacing.can_judge(ms)
                }
                for model, by_horizon in self._scores.items()
            }
            judged.times = self._times
        return judged

    def _asked(self, order: Joining) -> Answers:
        """Each model's probabilities along the grid; by 0 ms nothing is filled."""
        market_id, selection_id, handicap, _ = order.runner
        price, size = order.price_centi / 100, order.size_centi / 100
        return {
            model: (
                0.0,
                *(
                    book.pfill_ttf(market_id, selection_id, order.side, price, size, ms, handicap)[
                        0
                    ]
                    for ms in self._times.grid_ms[1:]
                ),
            )
            for model, book in self._books.items()
        }

    def _told(self, answers: Answers, outcome: Outcome) -> None:
        for model, p in answers.items():
            by_horizon = self._scores[model]
            for place, horizon_ms in zip(self._places, self._horizons_ms, strict=True):
                by_horizon[horizon_ms].add(p[place], outcome.within(horizon_ms))
        self._times.add(answers, outcome)


def blocks_of(
    block: Block, models: Sequence[FillModel], queue_model: QueueModel
) -> dict[str, Block]:
    """A `hotloop:` block once for each fill model, with one queue model."""
    queue = {**block["queue"], "model": queue_model}
    return {
        model: {**block, "queue": queue, "pfill": {**block["pfill"], "model": model}}
        for model in models
    }
