"""Everything that can be asked of a `Hotloop`, as questions that two of them can be asked alike.

A `Question` is a method with its arguments, and whom it is about. `book_questions` are the same
for a runner at any time; `signal_questions` are asked at prices, which the runner's book gives; and
`turn`, a count of the caller's, walks through times and sizes too many to be asked all at once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Final, NamedTuple, TypeAlias

from trader.strategy.hotloop.errors import HotloopError
from trader.strategy.hotloop.interface import HotloopApi, Touched

Rows: TypeAlias = list[tuple[float, float]]

SIDES: Final = ("BACK", "LAY")
HORIZONS_MS: Final = (None, 1_000, 30_000)
SIZES: Final = (0.0, 10.0)
ODD_SIZES: Final = (3.37, 0.004, 0.01, 123_456.78, 1.005)
"""One of them at each turn: between hundredths, of a hundredth, far more than any book holds."""
NOW_OFFSETS_MS: Final = (
    1,
    250,
    999,
    1_000,
    1_001,
    2_000,
    2_001,
    30_000,
    -400,
    5_000_000,
    0,
    -10_000,
)
"""One of them at each turn: the edges of the windows, long after, and before the last change."""
REMOVAL_OFFSETS_MS: Final = (1, 299_999, 300_000, 300_001, -5_000)
NO_PRICE: Final = 2.0
"""Asked about where the runner has no price at all."""
OFF_LADDER: Final = 0.005
"""Added to a price: half a hundredth, which is rounded away from zero."""

_SHOWN_CHARS: Final = 240


class Question(NamedTuple):
    """One call of a method of the seam. `about` is a runner, a market's id, or None: the stream."""

    method: str
    args: tuple[object, ...] = ()
    about: Touched | str | None = None

    def __str__(self) -> str:
        """As Python, long arguments (a line of the stream) cut short."""
        return f"{self.method}({', '.join(shortened(argument) for argument in self.args)})"


class Refused(NamedTuple):
    """The answer of a backend that raises `HotloopError`."""

    market_id: str | None
    field: str | None
    line: int | None
    resubscribe: bool


class Failed(NamedTuple):
    """The answer of a backend that raises anything else, which neither ever should."""

    error: str
    message: str


@dataclass(frozen=True, slots=True)
class Prices:
    """Where a runner's signals are asked for: (price, size) a side, best first; the last traded."""

    backs: Rows
    lays: Rows
    last: float | None = None

    def around(self) -> list[float]:
        """The best prices and one behind them, and the last traded; each once."""
        rows = (*self.backs[:2], *self.lays[:2])
        prices = dict.fromkeys(price for price, _ in rows)
        if self.last is not None:
            prices[self.last] = None
        return [*prices] or [NO_PRICE]

    def resting(self, side: str) -> list[float]:
        """The best price and one behind it where an order of that side would rest."""
        rows = self.lays if side == "BACK" else self.backs
        return [price for price, _ in rows[:2]] or [NO_PRICE]


def ask(book: HotloopApi, question: Question) -> object:
    """The answer, or that it was refused, or failed."""
    return outcome(getattr(book, question.method), *question.args)


def outcome(call: Callable[..., object], *args: object, **named: object) -> object:
    """What a method of the seam answers, or that it refused, or failed."""
    try:
        return call(*args, **named)
    except HotloopError as error:
        return refusal(error)
    except Exception as error:
        return Failed(type(error).__name__, str(error))


def refusal(error: HotloopError) -> Refused:
    """What two backends must have alike when they refuse."""
    return Refused(error.market_id, error.field, error.line, error.resubscribe)


def answers(book: HotloopApi, questions: Iterable[Question]) -> dict[Question, object]:
    """What one backend answers, by question."""
    return {question: ask(book, question) for question in questions}


@lru_cache(maxsize=4_096)
def ladder_questions(runner: Touched) -> tuple[Question, Question]:
    """The whole ladder of either side: their answers say at which prices to ask the rest."""
    back, lay = (_of(runner, "ladder_top", side, None, True, runner[2]) for side in SIDES)
    return back, lay


@lru_cache(maxsize=4_096)
def book_questions(runner: Touched) -> tuple[Question, ...]:
    """All of a runner's book but its whole ladders."""
    hc = runner[2]
    asked = [
        _of(runner, method, hc)
        for method in (
            *("best", "spread_ticks", "traded_ladder"),
            *("last_traded", "last_traded_ts_ms", "last_trades"),
        )
    ]
    for side in SIDES:
        asked += [
            _of(runner, "best2_sum", side, hc),
            _of(runner, "ladder_top", side, 3, True, hc),
            _of(runner, "ladder_top", side, None, False, hc),
            _of(runner, "ladder_top", side, 3, False, hc),
        ]
    return tuple(asked)


def signal_questions(
    runner: Touched, prices: Prices, pt_ms: int | None, turn: int
) -> Iterator[Question]:
    """All signals of a runner now, and the same at another time than the market's own."""
    now_ms = None if pt_ms is None else pt_ms + NOW_OFFSETS_MS[turn % len(NOW_OFFSETS_MS)]
    around = prices.around()
    for side in SIDES:
        for price in around:
            yield _of(runner, "size_ahead", side, price, None, runner[2])
        yield _of(runner, "size_ahead", side, around[0] + OFF_LADDER, None, runner[2])
    for at_ms in (None,) if now_ms is None else (None, now_ms):
        yield from rate_questions(runner, around, at_ms)
        yield from _detector_questions(runner, at_ms)
    yield from _fill_questions(runner, prices, now_ms, turn)


def rate_questions(
    runner: Touched, prices: Iterable[float], now_ms: int | None
) -> Iterator[Question]:
    """Match rates of either side and both, over all prices and at each one given."""
    for price in (None, *prices):
        for side in (None, *SIDES):
            yield _of(runner, "match_rate_ema", side, price, runner[2], now_ms)


def _fill_questions(
    runner: Touched, prices: Prices, now_ms: int | None, turn: int
) -> Iterator[Question]:
    hc = runner[2]
    sizes = (*SIZES, ODD_SIZES[turn % len(ODD_SIZES)])
    for side in SIDES:
        for price in prices.resting(side):
            for size in sizes:
                for horizon in HORIZONS_MS:
                    yield _of(runner, "pfill_ttf", side, price, size, horizon, hc)
            horizon = HORIZONS_MS[turn % len(HORIZONS_MS)]
            yield _of(runner, "pfill_ttf", side, price, sizes[turn % 3], horizon, hc, now_ms)


def _detector_questions(runner: Touched, now_ms: int | None) -> Iterator[Question]:
    for method in (
        *("sweep_sniffer", "sweep_side", "big_move_trigger", "big_move_direction"),
        "trend_lens",
    ):
        yield _of(runner, method, runner[2], now_ms)


def market_questions(market_id: str, pt_ms: int | None, turn: int) -> Iterator[Question]:
    """Everything about one market but its runners."""
    for method in ("market", "get_mbr", "definition_seq", "book_upset", "rf_seen_recently"):
        yield Question(method, (market_id,), market_id)
    if pt_ms is not None:
        now_ms = pt_ms + REMOVAL_OFFSETS_MS[turn % len(REMOVAL_OFFSETS_MS)]
        yield Question("rf_seen_recently", (market_id, now_ms), market_id)


STREAM_QUESTIONS: Final = tuple(
    Question(method)
    for method in ("stats", "markets", "last_pt_ms", "clocks", "stale_markets", "last_ts_ms")
)
"""What does not belong to one market."""


def shortened(value: object) -> str:
    """`repr`, cut where it is too long to be read."""
    text = repr(value)
    return text if len(text) <= _SHOWN_CHARS else f"{text[:_SHOWN_CHARS]}…"


def _of(runner: Touched, method: str, *args: object) -> Question:
    return Question(method, (runner[0], runner[1], *args), runner)
