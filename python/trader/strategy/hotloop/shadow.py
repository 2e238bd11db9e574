"""Two Hotloops on one stream: one is used, the other one does the same in its shadow.

Everything that changes a Hotloop goes to both, so that their state is the same; the one in use
answers. What is compared, by the rules of `comparison` and no others:

- every answer that the trader gets, as it gets it;
- after a line (`look`) everything that can be asked about what it touched, as often and as long as
  it may.

A difference is counted by its method and logged, never raised. A shadow that fails half-way is
dropped and said so: nothing about it may be in the way of trading. `promote` exchanges the two;
state and queue positions are in both, so nothing is lost.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable, Mapping
from time import perf_counter
from typing import TYPE_CHECKING, Any, Final, Protocol

from trader.strategy.hotloop import reference
from trader.strategy.hotloop.comparison import (
    Difference,
    check_market,
    check_runner,
    compared,
    is_close_enough,
    published_ms,
)
from trader.strategy.hotloop.errors import HotloopError, is_panic
from trader.strategy.hotloop.interface import METHODS, Backend, Emit, HotloopApi, Touched
from trader.strategy.hotloop.questions import (
    STREAM_QUESTIONS,
    Failed,
    Question,
    ask,
    outcome,
    refusal,
)

SHOWN_MAX: Final = 20
"""Differences that are logged; the others are only counted."""
CREDIT_MAX_S: Final = 0.02
"""The longest time that looking may take at once, but for the runner it is at."""

_INGEST: Final = frozenset({"apply_delta", "apply_batch", "apply_snapshot"})
_ALONE: Final = frozenset({"stats", "capabilities", "set_emit", "update_config"})
"""Not compared as they are called: how long a backend lives and who it is are its own, and `stats`
is compared after the lines."""

_log: Final = logging.getLogger("trader.shadow")

if TYPE_CHECKING:
    _Methods = reference.Hotloop  # to a type checker it has the reference's methods
else:
    _Methods = object


class ShadowLostError(Exception):
    """There is no shadow (any more), with the reason."""


class Totals(Protocol):
    """Counts of a whole process, over all its Hotloops."""

    shadow_comparisons_total: int
    shadow_differences_total: Counter[str]
    shadow_losses_total: int


class Backed(HotloopApi, Protocol):
    """A Hotloop that says who it is."""

    backend: Backend


class ShadowHotloop(_Methods):
    """Satisfies `HotloopApi`. Both must be new, with one configuration.

    - `comparisons`: answers compared so far; `differences_by_method`: those that differ;
    - `skipped`: lines after which not everything was compared, for want of time;
    - `lost`: why there is no shadow any more; empty while there is one.
    """

    def __init__(
        self,
        used: Backed,
        shadow: Backed,
        *,
        every: int = 1,
        load: float = 1.0,
        totals: Totals | None = None,
        timer: Callable[[], float] = perf_counter,
    ) -> None:
        """`look` compares after every so many lines, for at most `load` of the time (1.0: however
        long it takes); `timer` in seconds."""
        self._used = used
        self._shadow: Backed | None = shadow
        self._methods = _bound(used)
        self._totals = totals
        self._timer = timer
        self.comparisons = 0
        self.differences_by_method: Counter[str] = Counter()
        self.skipped = 0
        self.lost = ""
        self._lines = 0
        self._turn = 0
        self._touched: dict[Touched, None] = {}
        self._orders: dict[str, tuple[object, ...]] = {}
        self._emit: Emit | None = None
        self._credit_s = CREDIT_MAX_S
        self._credited_s = timer()
        self.set_pace(every, load)
        special = {"set_emit": self._set_emit, "update_config": self._update_config}
        for name in METHODS:
            setattr(self, name, special[name] if name in special else self._method(name))

    @property
    def used(self) -> Backend:
        """Who answers."""
        return self._used.backend

    @property
    def backend(self) -> str:
        """Who is in the shadow; empty when there is nobody any more."""
        return self._shadow.backend if self._shadow is not None else ""

    @property
    def differences(self) -> int:
        """How many answers have differed so far."""
        return self.differences_by_method.total()

    def set_pace(self, every: int, load: float) -> None:
        """How often and how long `look` compares, as on construction."""
        self._every = every
        self._load = load

    # --- changing -------------------------------------------------------------------------------

    def promote(self) -> None:
        """The shadow answers from now on, and who answered is the shadow. Raises `ShadowLostError`
        when there is none."""
        shadow = self._shadow
        if shadow is None:
            raise ShadowLostError(self.lost)
        self._used.set_emit(None)
        shadow.set_emit(self._emit)
        self._used, self._shadow = shadow, self._used
        self._methods = _bound(shadow)
        self._touched = {}

    def drop(self, why: str) -> None:
        """Goes on without a shadow."""
        self._shadow, self.lost = None, why
        self._touched, self._orders = {}, {}

    # --- the seam -------------------------------------------------------------------------------

    def _method(self, name: str) -> Callable[..., object]:
        """The method of the one in use, followed by the shadow's."""

        def call(*args: object, **named: object) -> object:
            if self._shadow is None or name in _ALONE:
                return self._methods[name](*args, **named)
            try:
                answer = self._methods[name](*args, **named)
            except HotloopError as error:
                self._follow(name, args, named, refusal(error))
                raise
            self._follow(name, args, named, answer)
            return answer

        return call

    def _set_emit(self, emit: Emit | None) -> None:
        """The shadow says nothing: its lines are the same, and would be counted twice."""
        self._emit = emit
        self._used.set_emit(emit)

    def _update_config(self, config: Mapping[str, Any]) -> None:
        self._used.update_config(config)
        if self._shadow is not None:
            answer = self._asked(self._shadow, "update_config", (config,), {})
            if answer is not None:
                self._differs(Question("update_config"), None, answer)
                self._lose(f"it does not take the configuration: {answer}")

    def _follow(
        self, name: str, args: tuple[object, ...], named: Mapping[str, object], answer: object
    ) -> None:
        """Has the shadow do what the one in use did, and compares their answers."""
        shadow = self._shadow
        assert shadow is not None, "asked before"
        theirs = self._asked(shadow, name, args, named)
        self._compare(Question(name, (*args, *named.values())), answer, theirs)
        if name in _INGEST:
            self._lines += 1
            if isinstance(theirs, Failed):
                self._lose(f"{theirs.error}: {theirs.message}")
            elif isinstance(answer, list):
                self._touched.update(dict.fromkeys(answer))
        elif name == "track_order" and isinstance(answer, float):
            order_id, market_id, runner, side, price, *rest = (*args, *named.values())
            handicap = rest[1] if len(rest) > 1 else 0.0
            self._orders[str(order_id)] = (market_id, runner, side, price, order_id, handicap)
        elif name == "untrack_order":
            self._orders.pop(str(args[0]), None)

    def _asked(
        self,
        shadow: HotloopApi,
        name: str,
        args: tuple[object, ...],
        named: Mapping[str, object],
    ) -> object:
        """What the shadow answers, whatever happens to it."""
        try:
            return outcome(getattr(shadow, name), *args, **named)
        except BaseException as error:
            if not is_panic(error):
                raise
            self._lose(f"it stopped half-way: {error}")
            return Failed(type(error).__name__, str(error))

    # --- after a line ---------------------------------------------------------------------------

    def look(self) -> None:
        """Compares everything about what was touched since the last time, if it is time for that;
        called when what the line leads to has left."""
        if self._shadow is None or not self._touched or self._lines % self._every:
            return
        touched, self._touched = list(self._touched), {}
        started_s = self._timer()
        if self._load < 1.0:
            earned_s = self._load * (started_s - self._credited_s)
            self._credit_s = min(CREDIT_MAX_S, self._credit_s + earned_s)
            self._credited_s = started_s
            if self._credit_s <= 0:
                self.skipped += 1
                return
        until_s = started_s + self._credit_s if self._load < 1.0 else float("inf")
        try:
            self._look_at(touched, until_s)
        except BaseException as error:
            # The one in use was asked what the trader may never ask it: that is no end of trading.
            if not (isinstance(error, Exception) or is_panic(error)):
                raise
            self._lose(f"comparing failed, {type(error).__name__}: {error}")
        self._credit_s -= self._timer() - started_s

    def _look_at(self, touched: list[Touched], until_s: float) -> None:
        self._turn += 1
        for question in STREAM_QUESTIONS:
            self._check(question)
        seen: set[str] = set()
        start = self._turn % len(touched)  # another one first each time
        for runner in touched[start:] + touched[:start]:
            if self._shadow is None:
                return
            if self._timer() >= until_s:
                self.skipped += 1
                return
            if runner[0] not in seen:
                seen.add(runner[0])
                self._look_at_market(runner[0])
            check_runner(
                self._check, self._used, runner, published_ms(self._used, runner[0]), self._turn
            )

    def _look_at_market(self, market_id: str) -> None:
        """Its own answers, and the positions of the orders in it."""
        check_market(self._check, self._used, market_id, self._turn)
        for asked in [asked for asked in self._orders.values() if asked[0] == market_id]:
            self._check(Question("size_ahead", asked))

    def _check(self, question: Question) -> Any:
        """The answer of the one in use, compared with the shadow's where there is one."""
        ours = ask(self._used, question)
        if self._shadow is not None:
            theirs = self._asked(self._shadow, question.method, question.args, {})
            self._compare(question, ours, theirs)
        return ours

    def _compare(self, question: Question, ours: object, theirs: object) -> None:
        self.comparisons += 1
        if self._totals is not None:
            self._totals.shadow_comparisons_total += 1
        same = compared(ours, theirs, close=is_close_enough(question))
        if not same or isinstance(theirs, Failed):
            self._differs(question, ours, theirs)

    def _differs(self, question: Question, ours: object, theirs: object) -> None:
        self.differences_by_method[question.method] += 1
        if self._totals is not None:
            self._totals.shadow_differences_total[question.method] += 1
        shown = self.differences
        if shown <= SHOWN_MAX:
            names = (self._used.backend, _other(self._used.backend))
            told = " ".join(str(Difference(question, ours, theirs, names)).split())
            last = " (the last one that is shown)" if shown == SHOWN_MAX else ""
            _log.warning("the shadow differs at line %d: %s%s", self._lines, told, last)

    def _lose(self, why: str) -> None:
        if self._shadow is None:
            return
        _log.error("the shadow is lost at line %d, trading goes on without: %s", self._lines, why)
        if self._totals is not None:
            self._totals.shadow_losses_total += 1
        self.drop(why)


def _bound(book: HotloopApi) -> dict[str, Callable[..., object]]:
    return {name: getattr(book, name) for name in METHODS}


def _other(backend: Backend) -> Backend:
    return "python" if backend == "rust" else "rust"
