"""Two Hotloops over the same stream: every answer compared, the first difference named.

The one truth of what "both backends agree" means, for `trader parity` and for the tests: integers,
flags, strings, lists and touched sets are equal, and of the same type; the signals that are floats
by nature are equal to 1e-9 relative or 1e-12 absolute (docs/signals.md). Prices and sizes are
hundredths, and exact.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from itertools import chain
from typing import Any, Final, TypeAlias

from trader.strategy.hotloop.interface import HotloopApi, Touched
from trader.strategy.hotloop.questions import (
    STREAM_QUESTIONS,
    Failed,
    Prices,
    Question,
    Refused,
    answers,
    ask,
    book_questions,
    ladder_questions,
    market_questions,
    rate_questions,
    shortened,
    signal_questions,
)
from trader.strategy.hotloop.shadow_orders import ShadowOrders

RELATIVE: Final = 1e-9
ABSOLUTE: Final = 1e-12

Check: TypeAlias = Callable[[Question], Any]
"""Puts a question to both backends and compares; returns the answer to go on with."""

_FLOATS: Final = frozenset({"match_rate_ema", "pfill_ttf", "trend_lens"})
_ORDER_ID: Final = 4
"""Index of `order_id` in the arguments of `size_ahead`: with one, the answer is a position."""


class Difference(Exception):  # noqa: N818 - what was looked for, not what went wrong
    """The two backends answer a question differently, or not at all."""

    def __init__(
        self, question: Question, ours: object, theirs: object, names: tuple[str, str]
    ) -> None:
        self.question = question
        self.ours = ours
        self.theirs = theirs
        self.names = names
        super().__init__(question, ours, theirs, names)

    def __str__(self) -> str:
        """Whom it is about, the question, and both answers, a line each."""
        answered = zip(self.names, (self.ours, self.theirs), strict=True)
        lines = [f"  {name + ':':<8} {shortened(answer)}" for name, answer in answered]
        return "\n".join((f"{self.about}{self.question}", *lines))

    @property
    def about(self) -> str:
        """ "market 1.2, runner 7: ", as far as it is about one."""
        about = self.question.about
        if about is None:
            return ""
        if isinstance(about, str):
            return f"market {about}: "
        market_id, selection_id, handicap = about
        at = f" (handicap {handicap:g})" if handicap else ""
        return f"market {market_id}, runner {selection_id}{at}: "


def compared(ours: object, theirs: object, *, close: bool = False) -> int:
    """The number of values that were compared and are equal; 0 when the two differ.

    Containers count what is in them, an empty one as one value. `close`: floats need not be equal
    to the last bit.
    """
    if type(ours) is not type(theirs):
        return 0
    if isinstance(ours, list) and isinstance(theirs, list) and ours == theirs:
        flat = _flat(ours)
        if flat and [*map(type, flat)] == [*map(type, _flat(theirs))]:
            return len(flat)
    if isinstance(ours, dict) and isinstance(theirs, dict):
        same = ours.keys() == theirs.keys()
        pairs = [(value, theirs[key]) for key, value in ours.items()] if same else None
    elif isinstance(ours, list | tuple) and isinstance(theirs, list | tuple):
        same = len(ours) == len(theirs)
        pairs = list(zip(ours, theirs, strict=True)) if same else None
    else:
        return int(ours == theirs or (close and _is_close(ours, theirs)))
    if pairs is None:
        return 0
    counts = [compared(one, other, close=close) for one, other in pairs]
    return (sum(counts) or 1) if all(counts) else 0


def _flat(rows: list[Any]) -> list[object]:
    """The values of a list of rows (ladders are most of what is compared); of others nothing."""
    return [*chain.from_iterable(rows)] if rows and all(type(row) is tuple for row in rows) else []


def _is_close(ours: object, theirs: object) -> bool:
    return (
        isinstance(ours, float)
        and isinstance(theirs, float)
        and math.isclose(ours, theirs, rel_tol=RELATIVE, abs_tol=ABSOLUTE)
    )


def is_close_enough(question: Question) -> bool:
    """Whether the answer is a float by nature, compared with a tolerance."""
    if question.method == "size_ahead":
        return len(question.args) > _ORDER_ID and question.args[_ORDER_ID] is not None
    return question.method in _FLOATS


class Comparison:
    """The same input to both; after each message every answer about what it touched is compared.

    - `values`: answers compared so far, counted to their leaves;
    - `touched_count`: touched runners so far; `seen`: which, in the order of their first touch.

    `queues_only` compares what was touched, whole ladders, queue positions and counts: enough for a
    second run that differs only in `queue.model`, and several times as fast.

    Raises `Difference` at the first one; compare nothing after that.
    """

    def __init__(
        self,
        ours: HotloopApi,
        theirs: HotloopApi,
        names: tuple[str, str] = ("rust", "python"),
        *,
        queues_only: bool = False,
    ) -> None:
        self._queues_only = queues_only
        self.ours = ours
        self.theirs = theirs
        self.names = names
        self.values = 0
        self.touched_count = 0
        self.seen: dict[Touched, None] = {}
        self.orders = ShadowOrders(self.check)
        self._turn = 0
        self._changes = 0

    def check(self, question: Question) -> Any:
        """Both asked, and their answers compared; the answer."""
        ours, theirs = ask(self.ours, question), ask(self.theirs, question)
        count = compared(ours, theirs, close=is_close_enough(question))
        if not count or isinstance(theirs, Failed):
            raise Difference(question, ours, theirs, self.names)
        self.values += count
        return theirs

    def apply(
        self, fed: bytes | str | Mapping[str, Any], ts_ms: int = 0
    ) -> list[Touched] | Refused:
        """One line or decoded message to both; the touched runners, or that both refused it."""
        return self._after(Question("apply_delta", (fed, ts_ms)))

    def apply_snapshot(
        self, market_id: str, snapshot: Mapping[str, Any], ts_ms: int = 0
    ) -> list[Touched] | Refused:
        """One market replaced in both; the touched runners, or that both refused it."""
        return self._after(Question("apply_snapshot", (market_id, snapshot, ts_ms), market_id))

    def _after(self, message: Question) -> list[Touched] | Refused:
        answer: list[Touched] | Refused = self.check(message)
        changes = self._check_stream()
        if isinstance(answer, Refused):
            return answer
        self.touched_count += len(answer)
        markets: Iterable[str] = dict.fromkeys(runner[0] for runner in answer)
        pts = {market_id: published_ms(self.theirs, market_id) for market_id in markets}
        prices = {runner: self._check_runner(runner, pts[runner[0]]) for runner in answer}
        if changes > len(pts):  # some of them touched no runner, and do not say whose they were
            markets = self.theirs.markets()
        for market_id in markets:
            self._check_market(market_id)
        for runner, known in prices.items():
            self.orders.follow(runner, known)
        return answer

    def _check_stream(self) -> int:
        """Compare what belongs to no market; the market changes since the last time."""
        counts, *_ = [self.check(question) for question in STREAM_QUESTIONS]
        before, self._changes = self._changes, counts["market_changes"]
        return self._changes - before

    def check_all(self) -> None:
        """Everything that can be seen: the stream, every market held, every runner ever touched."""
        self._check_stream()
        for market_id in self.theirs.markets():
            self._check_market(market_id)
        for runner in self.seen:
            self._check_runner(runner, published_ms(self.theirs, runner[0]))
            traded = self.theirs.traded_ladder(*runner[:2], runner[2])
            for question in rate_questions(runner, [price for price, _ in traded], None):
                self.check(question)

    def state(self, book: HotloopApi) -> dict[Question, object]:
        """All that one of the two answers, to be compared with what it answers later.

        Its prices are read from the book itself, so that this holds for one that is wrong too.
        """
        questions = [*STREAM_QUESTIONS, *self.orders.positions()]
        for market_id in book.markets():
            questions += market_questions(market_id, published_ms(book, market_id), 0)
        for runner in self.seen:
            ladders = ladder_questions(runner)
            backs, lays = (ask(book, question) for question in ladders)
            prices = Prices(backs, lays, book.last_traded(*runner))  # type: ignore[arg-type]
            questions += (*ladders, *book_questions(runner))
            questions += signal_questions(runner, prices, published_ms(book, runner[0]), 0)
        return answers(book, questions)

    def _check_runner(self, runner: Touched, pt_ms: int | None) -> Prices:
        """Compare all about one runner; the prices it was asked at."""
        self.seen.setdefault(runner)
        self._turn += 1
        if self._queues_only:
            return _check_ladders(self.check, self.theirs, runner)
        return check_runner(self.check, self.theirs, runner, pt_ms, self._turn)

    def _check_market(self, market_id: str) -> None:
        """Compare all about one market, and the positions of the orders in it."""
        if not self._queues_only:
            check_market(self.check, self.theirs, market_id, self._turn)
        self.orders.check_positions(market_id)


def check_runner(
    check: Check, book: HotloopApi, runner: Touched, pt_ms: int | None, turn: int
) -> Prices:
    """Has everything about one runner compared by `check`; the prices it was asked at."""
    prices = _check_ladders(check, book, runner)
    for question in book_questions(runner):
        check(question)
    for question in signal_questions(runner, prices, pt_ms, turn):
        check(question)
    return prices


def _check_ladders(check: Check, book: HotloopApi, runner: Touched) -> Prices:
    backs, lays = (check(question) for question in ladder_questions(runner))
    return Prices(backs, lays, book.last_traded(*runner))


def check_market(check: Check, book: HotloopApi, market_id: str, turn: int) -> None:
    """Has everything about one market but its runners compared by `check`."""
    for question in market_questions(market_id, published_ms(book, market_id), turn):
        check(question)


def published_ms(book: HotloopApi, market_id: str) -> int | None:
    """When the last message of a market was published; None for one that is not held."""
    info = book.market(market_id)
    return None if info is None else info["pt"]
