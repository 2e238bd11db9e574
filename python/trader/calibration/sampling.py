"""Orders at the best prices of every runner of a stream, and what becomes of each.

A runner of an OPEN market that a message touches gives an instant, at most one in so many
milliseconds, once it has been observed for `hotloop.min_obs_s`. At an instant, on either side, an
order joins at the best price, one and two ticks behind it, and one tick before it where the spread
has room; its size is one of three, in turn. What is asked of each order when it joins
(`estimate`), and who hears what became of it (`told`), is the caller's affair.

Only prices of the ladders CLASSIC and FINEST: the seam does not tell which lines a line market has.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final, Generic, TypeAlias, TypeVar

from trader.betfair.books import RESTED_SIDES, RestedSide
from trader.betfair.ladder import CLASSIC, FINEST, Ladder
from trader.calibration.following import Follower, Outcome
from trader.calibration.spacing import Spacing
from trader.strategy.context import MarketView, Runner
from trader.strategy.hotloop.config import HotloopConfig
from trader.strategy.hotloop.errors import HotloopError
from trader.strategy.hotloop.interface import HotloopApi, Touched
from trader.strategy.markets import Markets

SIZES_CENTI: Final = (200, 1000, 5000)
TICKS_BEHIND: Final = (0, 1, 2, -1)
_LADDERS: Final[dict[str, Ladder]] = {"CLASSIC": CLASSIC, "FINEST": FINEST}

Answer = TypeVar("Answer")
Estimate: TypeAlias = Callable[["Joining"], Answer]


@dataclass(frozen=True, slots=True)
class Plan:
    """How densely orders join, and for how long each is followed."""

    every_ms: int = 1000
    follow_ms: int = 120_000


@dataclass(frozen=True, slots=True)
class Joining:
    """An order as it joins. `ticks_behind` the best price of its side, -1 before it."""

    runner: Runner
    side: RestedSide
    price_centi: int
    size_centi: int
    ticks_behind: int


@dataclass(slots=True)
class _Seen:
    """A runner: observed since, when orders joined last, and how often."""

    since_ms: int
    joined_ms: int | None = None
    instants: int = 0


class Sampler(Generic[Answer]):
    """One stream through one seam, and through others that are fed the same lines.

    Feed it lines, then `end`. What it keeps is bounded by the runners of the markets that are not
    closed and by what `Follower` follows at once.
    """

    def __init__(
        self,
        book: HotloopApi,
        config: HotloopConfig,
        plan: Plan,
        estimate: Estimate[Answer],
        told: Callable[[Answer, Outcome], object],
        *,
        others: Sequence[HotloopApi] = (),
    ) -> None:
        """`config`: of `book`. `others`: books that `estimate` asks as well."""
        self.lines = 0
        self.lines_refused = 0
        self.orders = 0
        self.trades = 0
        """Prices at which messages matched something; 0: a stream without traded volume."""
        self.spacing = Spacing()
        self._book = book
        self._others = others
        self._plan = plan
        self._estimate = estimate
        self._markets = Markets(book)
        self._follower: Follower[Answer] = Follower(
            book, config.signals, plan.follow_ms, told, is_full_depth=False
        )
        self._source = config.book_source
        self._min_obs_ms = config.signals.min_obs_s * 1000
        self._seen: dict[str, dict[Runner, _Seen]] = {}
        self._in_play: dict[str, bool] = {}
        self._now_ms: dict[str, int] = {}

    def line(self, raw: bytes) -> None:
        """Takes one stream line; one that the seam refuses is counted and costs what follows it in
        its markets, until an image of them."""
        self.lines += 1
        touched = self._fed(raw)
        stale = set(self._book.stale_markets())
        for market_id in stale:
            self._follower.lost(market_id)
        by_market: dict[str, list[Runner]] = {}
        for entry in touched:
            if entry[0] not in stale:
                by_market.setdefault(entry[0], []).append(self._markets.runner(entry))
        for market_id, runners in by_market.items():
            view = self._view(market_id)
            if view is not None:
                self._message(view, runners)

    def end(self) -> None:
        """The stream is over."""
        self._follower.end()

    def _fed(self, raw: bytes) -> list[Touched]:
        # A market is read at full depth as soon as it shows any (docs/signals.md, "Books").
        if not self._follower.is_full_depth and self._source in ("auto", "full"):
            self._follower.is_full_depth = b'"atb"' in raw or b'"atl"' in raw
        try:
            touched = self._book.apply_delta(raw, 0)
        except HotloopError:
            self.lines_refused += 1
            touched = []
        for other in self._others:
            try:
                other.apply_delta(raw, 0)
            except HotloopError:
                continue  # the first one has counted it
        return touched

    def _view(self, market_id: str) -> MarketView | None:
        view = self._markets.get(market_id)
        if view is None or view.stale or self._markets.definition_changed(market_id):
            return self._markets.reload(market_id)
        return view

    def _message(self, view: MarketView, runners: list[Runner]) -> None:
        """What a message of a market, which touched these runners, does to the orders there, and
        the orders that join after it."""
        at_ms = self._time(view.market_id)
        if at_ms is None:
            return
        seen = self._observed(view, runners, at_ms)
        self._follower.message(view, runners, at_ms)
        if view.status == "CLOSED":
            self._forget(view.market_id)
        elif view.is_open:
            for runner in runners:
                self.trades += len(self._book.last_trades(*runner[:3]))
                if view.runners.get(runner) == "ACTIVE":
                    self._instant(view, runner, seen[runner], at_ms)

    def _time(self, market_id: str) -> int | None:
        """The market's publish time, which recordings do set back: it goes on only."""
        info_ms = self._book.last_pt_ms()
        if info_ms is None:
            return None
        before = self._now_ms.get(market_id)
        if before is not None and info_ms > before:
            self.spacing.add(info_ms - before)
        now_ms = max(before or info_ms, info_ms)
        self._now_ms[market_id] = now_ms
        return now_ms

    def _observed(self, view: MarketView, runners: list[Runner], at_ms: int) -> dict[Runner, _Seen]:
        """Since when each runner of the market is observed; anew when the market turns in-play."""
        seen = self._seen.setdefault(view.market_id, {})
        if view.in_play and self._in_play.get(view.market_id) is False:
            for one in seen.values():
                one.since_ms = at_ms
        self._in_play[view.market_id] = view.in_play
        for runner in runners:
            if runner not in seen:
                seen[runner] = _Seen(at_ms)
        return seen

    def _forget(self, market_id: str) -> None:
        self._markets.forget(market_id)
        self._seen.pop(market_id, None)
        self._in_play.pop(market_id, None)
        self._now_ms.pop(market_id, None)

    def _instant(self, view: MarketView, runner: Runner, seen: _Seen, at_ms: int) -> None:
        if at_ms - seen.since_ms < self._min_obs_ms:
            return
        if seen.joined_ms is not None and at_ms - seen.joined_ms < self._plan.every_ms:
            return
        joined = False
        for order in self._joining(view, runner, seen.instants + 1):
            if self._follower.join(
                runner,
                order.side,
                order.price_centi,
                order.size_centi,
                at_ms,
                self._estimate(order),
            ):
                self.orders += 1
                joined = True
        if joined:
            seen.joined_ms = at_ms
            seen.instants += 1

    def _joining(self, view: MarketView, runner: Runner, instant: int) -> Iterator[Joining]:
        """The orders of an instant; none where a side is empty, the book crossed or the ladder not
        known."""
        ladder = _LADDERS.get(view.ladder)
        back, _, lay, _ = self._book.best(*runner[:3])
        if ladder is None or back is None or lay is None:
            return
        low, high = ladder.tick_of(round(back * 100)), ladder.tick_of(round(lay * 100))
        if low is None or high is None or high <= low:
            return
        for side in RESTED_SIDES:
            for behind in TICKS_BEHIND:
                tick = high + behind if side == "BACK" else low - behind
                if not 0 <= tick < len(ladder) or (behind < 0 and high - low < 2):
                    continue
                size = SIZES_CENTI[(instant + behind) % len(SIZES_CENTI)]
                yield Joining(runner, side, ladder.price_at(tick), size, behind)
