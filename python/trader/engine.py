"""The one loop: a stream line in, orders out, reports in; driven by an injected clock.

For each line, in this order: the seam applies it; the clock goes on (orders past their deadline
end); changed definitions are told to the executor; the simulator's matcher fills what the new book
fills; the selector says whether the market is quoted; the edges are asked about the touched
runners, then about the market as a whole, and the order desk carries out what they want; fills are
hedged; risk looks at what was lost. Reports are heard in between, wherever the clock moves.

Replay, paper and live trading are this loop. What differs is the clock: a replay's is the publish
time of its lines, live it is the wall's, and `on_time` is called between lines.

Invariants:

1. Nothing here reads a clock but the one it was given, and one to measure durations, which decide
   nothing.
2. A line the seam refuses is counted and logged, changes nothing, and no market it left stale is
   quoted until the seam says otherwise; `recovery` sees to it that it will.
3. The same lines and configuration give the same intents and fills, whichever backends run.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from time import perf_counter_ns
from typing import Any, Final

from trader.calibration.orders_sent import OrdersSent
from trader.clock import Clock
from trader.execution.blotter import Blotter
from trader.execution.hedge import HEDGE
from trader.execution.interfaces.executor import ExecutorLost
from trader.execution.ledger import Ledger, Position
from trader.execution.router import Router
from trader.hedging import Hedging
from trader.market_results import MarketResults
from trader.monitoring.metrics import Metrics
from trader.order_desk import OrderDesk
from trader.recovery import Recovery, SeamLost
from trader.report.recorder import Recorder
from trader.second_book import SecondBook
from trader.strategy.context import FLAT, MarketView, Runner, StrategyContext
from trader.strategy.edges.base import Basket, Edge, MarketEdge
from trader.strategy.hotloop.errors import HotloopError, is_panic
from trader.strategy.hotloop.interface import HotloopApi, Touched
from trader.strategy.markets import Markets, closed_market, market_state
from trader.strategy.risk import Risk
from trader.strategy.selector import Selector
from trader.withdrawals import Withdrawals

LOOK_MS: Final = 1000
"""Time between looks at what no line announces: stale marks of markets with orders, amended
matches, what was lost."""
UNKNOWN_MS: Final = 10_000
"""So long a market with orders of a run before this one may be unheard of."""

TIMED_EVERY: Final = 15
"""One in so many lines of a replay is timed: looking at a clock three times a line would be 4 % of
it. Live each one is. An odd number, lest every second line were never among them."""

_log = logging.getLogger("trader.engine")

Apply = Callable[[bytes, int], list[Touched]]
"""One stream line and the receipt time (ms) into the seam; raises `HotloopError`."""


@dataclass(slots=True)
class EngineCounts:
    """Lines given, lines the seam refused or failed at, publish time of the first one applied."""

    lines: int = 0
    seam_errors: int = 0
    first_pt_ms: int | None = None


class Engine:
    """One stream's loop. Single-threaded: everything happens inside `on_line` and `finish`."""

    def __init__(
        self,
        *,
        book: HotloopApi,
        markets: Markets,
        apply: Apply,
        router: Router,
        desk: OrderDesk,
        edges: Sequence[Edge[Any]],
        ledger: Ledger,
        blotter: Blotter,
        metrics: Metrics,
        max_logged_seam_errors: int,
        recovery: Recovery,
        selector: Selector,
        risk: Risk,
        hedging: Hedging,
        results: MarketResults,
        sent: OrdersSent,
        clock: Clock | None = None,
        second: SecondBook | None = None,
        recorder: Recorder | None = None,
        afterwards: Callable[[], None] | None = None,
    ) -> None:
        """`clock`: None for that of the lines, their publish time. `afterwards`: called when all
        that a line leads to has left."""
        self.book_lost = False
        """The seam failed: it must not be asked any more, and no line is taken."""
        self.markets = markets
        self.counts = EngineCounts()
        self.now_ms = 0
        self._book = book
        self._apply = apply
        self._router = router
        self._desk = desk
        self.edges = list(edges)
        self._ledger = ledger
        self._blotter = blotter
        self._metrics = metrics
        self._max_logged_seam_errors = max_logged_seam_errors
        self._recovery = recovery
        self._selector = selector
        self._risk = risk
        self._hedging = hedging
        self._results = results
        self._sent = sent
        self._clock = clock
        self._timed_every = 1 if clock is not None else TIMED_EVERY
        self._second = second
        self.recorder = recorder
        self._afterwards = afterwards
        self._last_pt_ms = book.last_pt_ms
        self._look_ms = 0
        self._unknown_ms: dict[str, int] = {}
        self._kill_told = False
        self._ctx: StrategyContext | None = None
        self.withdrawals = Withdrawals(desk)

    def on_line(self, raw: bytes) -> None:
        """Takes one stream line. Raises `ExecutorLost` when the executor is gone, `SeamLost` when
        the seam failed."""
        try:
            self._take(raw)
            if self._afterwards is not None:
                self._afterwards()
        except BaseException as error:
            if not is_panic(error):
                raise
            raise self._seam_lost(error) from error

    def _take(self, raw: bytes) -> None:
        line = self.counts.lines
        self.counts.lines = line + 1
        self._metrics.messages_total += 1
        is_timed = not line % self._timed_every
        if self._clock is not None:
            self.now_ms = max(self.now_ms, self._clock.now_ms())
        if self._second is not None:
            self._second.take(raw, self.now_ms)  # first: the seam is reseeded from there
        started = perf_counter_ns() if is_timed else 0
        try:
            touched = self._apply(raw, self.now_ms)
        except HotloopError as error:
            self._refused(error)
            return
        except Exception as error:
            raise self._seam_lost(error) from error
        if is_timed:
            self._metrics.apply_delta.record(perf_counter_ns() - started)
        self._to_line_time()
        if touched and self._on_touched(touched) and is_timed:
            self._metrics.decision.record(perf_counter_ns() - started)
        self._sent.message(touched, self.now_ms)  # before what this line has made us send
        if self._router.is_dirty or self._hedging.is_due:
            self._tell_executor()
        # A line that touches nothing (a heartbeat) may still say that the data are unreliable.
        if not touched:
            self._look_for_stale()
        elif self.now_ms - self._look_ms >= LOOK_MS:
            self._look_around()
        if self.recorder is not None and self.counts.lines >= self.recorder.due_line:
            self.recorder.look(self.counts.lines, self.now_ms)

    def on_time(self) -> None:
        """Between lines, where the clock is not theirs: hears reports, lets go what is due."""
        assert self._clock is not None, "the clock of a replay is that of its lines"
        self.now_ms = max(self.now_ms, self._clock.now_ms())
        self._router.tick(self.now_ms)
        # First: a hedge may wait for long, for its market to open.
        if self.withdrawals.look(self.now_ms) or self._hedging.is_due:
            self._tell_executor()
        if self.now_ms - self._look_ms >= LOOK_MS:
            self._look_around()
            self._look_at_windows()

    def _look_around(self) -> None:
        """What need not be looked at with every line."""
        self._look_ms = self.now_ms
        self._desk.keep()
        self._look_for_stale()
        self._results.amended(self._desk.amended())
        if self._risk.is_due(self.now_ms):
            self._look_at_risk()

    def feed_lost(self) -> None:
        """Nobody tells what happens in the markets: all are stale until `feed_back`."""
        if not self.markets.feed_lost:
            self.markets.feed_lost = True
            self._look_for_stale()

    def feed_back(self) -> None:
        """The stream is there again, and its first line taken."""
        if self.markets.feed_lost:
            self.markets.feed_lost = False
            self._look_for_stale()

    def finish(self, reason: str) -> None:
        """Ends the run: cancels what rests, values what did not settle, writes the results."""
        if self._router.open_orders():
            self._router.control("cancel_all", reason)
            self._router.tick(self.now_ms)
        self.close_books()

    def close_books(self) -> None:
        """The end of `finish`; all there is to do when the executor is gone. Without the seam what
        did not settle is valued without prices."""
        self._results.value_rest()
        self._desk.keep()
        self._sent.end(is_book_lost=self.book_lost)
        if self.recorder is not None:
            self.recorder.finish(self.now_ms)
        self._blotter.flush()

    def _tell_executor(self) -> None:
        """Has everything sent so far dealt with, what new orders took at once, and hedges.

        What was sent is written down: live before any answer can be, in lockstep only when it has
        left, which it does with the tick."""
        if self._clock is not None:
            self._desk.keep()
        if self.recorder is not None:
            self.recorder.sent()
        self._router.tick(self.now_ms)
        while self._desk.take(self.now_ms) or self._hedging.send(self.now_ms):
            self._router.tick(self.now_ms)
        self._desk.keep()

    def imaged(self, from_pt_ms: int) -> None:
        """An image of everything that is subscribed to has come, its first line published at
        `from_pt_ms`. What it did not have may be over, or be none of ours any more: stale."""
        for view in self.markets.views():
            info = self._book.market(view.market_id)
            heard_ms = info["pt"] if info is not None else None
            if view.status != "CLOSED" and (heard_ms is None or heard_ms < from_pt_ms):
                self.markets.silent.add(view.market_id)
                _log.warning("market %s is not in the stream's image: not quoted", view.market_id)
        self._look_for_stale()

    def forget(self, market_id: str) -> None:
        """A market that is over and done with is held no more."""
        self.markets.forget(market_id)
        self._ledger.forget(market_id)
        self._is_over(market_id)
        self._router.forget(market_id)
        self._desk.forget(market_id)
        self._unknown_ms.pop(market_id, None)

    # --- a line's consequences ------------------------------------------------------------------

    def _to_line_time(self) -> None:
        """Moves the clock to the line's publish time, where it is theirs; recordings do step back,
        the clock not."""
        pt_ms = self._last_pt_ms()
        if pt_ms is not None:
            if self.counts.first_pt_ms is None:
                self.counts.first_pt_ms = pt_ms
            if self._clock is None and pt_ms > self.now_ms:
                self.now_ms = pt_ms
        self._router.tick(self.now_ms)

    def _on_touched(self, touched: list[Touched]) -> bool:
        """Works through a message's markets; whether any runner was decided."""
        runner_of = self.markets.runner
        if len(touched) == 1:  # most messages
            return self._on_change(touched[0][0], [runner_of(touched[0])])
        by_market: dict[str, list[Runner]] = {}
        for entry in touched:
            by_market.setdefault(entry[0], []).append(runner_of(entry))
        decided = False
        for market_id, runners in by_market.items():
            decided |= self._on_change(market_id, runners)
        return decided

    def _on_change(self, market_id: str, runners: list[Runner]) -> bool:
        self.markets.silent.discard(market_id)
        view = self.markets.get(market_id)
        if view is None or view.stale or self.markets.definition_changed(market_id):
            view = self._reload(market_id)
        return view is not None and view.status is not None and self._on_market(view, runners)

    def _on_market(self, view: MarketView, runners: list[Runner]) -> bool:
        """Matches and decides the touched runners of one market."""
        if self._desk.match(runners, self.now_ms, is_open=view.is_open):
            self._router.tick(self.now_ms)
        resting = self._desk.orders.by_runner()
        if not view.is_open and not any(runner in resting for runner in runners):
            return False  # nothing to trade and nothing to take away
        reason = self._selector.refuses(view, self.now_ms)
        if reason is not None:
            return self._take_away(view.market_id, reason)
        for runner in runners:
            self._decide(view, runner)
        self._decide_market(view)
        return True

    def _take_away(self, market_id: str, reason: str) -> bool:
        """Cancels what the edges have in a market; whether anything. Hedges stay."""
        taken = False
        for runner, orders in self._desk.orders.by_runner().items():
            if runner.market_id != market_id:
                continue
            for order in orders:
                if order.edge != HEDGE and order.pending is None:
                    self._desk.cancel(runner, order, reason, self.now_ms)
                    taken = True
        return taken

    def _decide(self, view: MarketView, runner: Runner) -> None:
        """Asks every edge about a runner and has carried out what it wants."""
        ctx = self._context(view)
        for edge in self.edges:
            proposals = edge.decide(ctx, runner)
            if not proposals:
                continue
            if not view.stale and self.markets.is_stale(view.market_id):
                # The mark is not announced: read it before anything is sent on old data.
                view = self._reload(view.market_id) or view
                ctx = self._context(view)
                proposals = edge.decide(ctx, runner)
            self._desk.carry_out(edge.name, view, runner, proposals, self.now_ms)

    def _decide_market(self, view: MarketView) -> None:
        """Asks the edges that look at a market as a whole, as `_decide` does for a runner."""
        for edge in self.edges:
            if not isinstance(edge, MarketEdge):
                continue
            proposals = edge.decide_market(self._context(view))
            if proposals and not view.stale and self.markets.is_stale(view.market_id):
                view = self._reload(view.market_id) or view
                proposals = edge.decide_market(self._context(view))
            for proposal in proposals:
                if isinstance(proposal, Basket):
                    self._desk.carry_out_basket(edge.name, view, proposal, self.now_ms)
                else:
                    runner, wish = proposal
                    self._desk.carry_out(edge.name, view, runner, [wish], self.now_ms)

    def _context(self, view: MarketView) -> StrategyContext:
        ctx = self._ctx
        if ctx is None:
            orders_of = self._desk.orders.of
            ahead_of = self._desk.ahead_of
            ctx = StrategyContext(self._book, view, orders_of, self._position, self._held, ahead_of)
            self._ctx = ctx
        ctx.market = view
        ctx.now_ms = self.now_ms
        return ctx

    def _position(self, runner: Runner) -> Position:
        return self._ledger.position(runner) or FLAT

    def _held(self, edge: str, runner: Runner) -> Position:
        return self._ledger.held(edge, runner) or FLAT

    # --- markets --------------------------------------------------------------------------------

    def _reload(self, market_id: str) -> MarketView | None:
        """Reads a market anew, tells the executor, and settles it when it has closed."""
        view = self.markets.reload(market_id)
        if view is None or view.status is None:
            return view
        self._router.market(market_state(view))
        self._router.tick(self.now_ms)
        if view.status == "CLOSED":
            self._is_over(market_id)
            self._results.value(view)
        return view

    def paid_out(self, market_id: str, gross_e4: int, commission_e4: int) -> None:
        """The venue has settled a market, which need not be one of this run's lines."""
        view = self.markets.get(market_id)
        if view is None or view.status != "CLOSED":
            view = closed_market(market_id, view)
            self.markets.keep(view)
            self._router.market(market_state(view))
        self._results.paid_out(view, gross_e4, commission_e4)
        self._is_over(market_id)

    def _is_over(self, market_id: str) -> None:
        """A market has ended, by its definition or the venue's money: its place is free."""
        self._desk.market_closed(market_id)
        self._hedging.forget(market_id)
        self._selector.forget(market_id)
        for edge in self.edges:
            edge.forget(market_id)

    # --- stale data -----------------------------------------------------------------------------

    def _look_for_stale(self) -> None:
        """Finds markets with resting orders that went stale, and has them decided anew."""
        self._recovery.look_again(self.now_ms)
        resting = list(self._desk.orders.by_runner())
        for market_id in dict.fromkeys(runner.market_id for runner in resting):
            before = self.markets.get(market_id)
            if before is None:
                self._take_unknown_away(market_id)
                continue
            is_stale = self.markets.is_stale(market_id)
            if before.stale == is_stale and not is_stale:
                continue
            # Once more also while it stays stale: an order may have come to rest since, and a
            # cancel may have failed.
            view = before if before.stale == is_stale else self._reload(market_id)
            if view is None:
                continue
            reason = self._selector.refuses(view, self.now_ms)
            if reason is not None:
                self._take_away(market_id, reason)
            else:
                for runner in resting:
                    if runner.market_id == market_id:
                        self._decide(view, runner)
                self._decide_market(view)
            self._tell_executor()

    def _take_unknown_away(self, market_id: str) -> None:
        """Orders of a run before this one in a market that no line was about: it has so long."""
        since_ms = self._unknown_ms.setdefault(market_id, self.now_ms)
        if self.now_ms - since_ms >= UNKNOWN_MS and self._take_away(market_id, "unknown_market"):
            self._tell_executor()

    def _look_at_windows(self) -> None:
        """Takes away what rests in markets that are not to be quoted any more by the clock."""
        resting = self._desk.orders.by_runner()
        taken = False
        for market_id in dict.fromkeys(runner.market_id for runner in resting):
            view = self.markets.get(market_id)
            reason = self._selector.refuses(view, self.now_ms) if view is not None else None
            if reason is not None:
                taken |= self._take_away(market_id, reason)
        if taken:
            self._tell_executor()

    # --- risk -----------------------------------------------------------------------------------

    def _look_at_risk(self) -> None:
        """Holds what was lost against what may be lost; the kill switch is pulled here."""
        why = self._risk.look(self.now_ms, self._results.now())
        if why is not None:
            self._is_killed(why)
        if self._risk.killed is not None and not self._kill_told:
            self._kill(self._risk.killed)

    @property
    def killed(self) -> str | None:
        """Why nothing new leaves any more; None while it may."""
        return self._risk.killed

    def kill(self, why: str) -> bool:
        """The kill switch, by hand: as risk does it. Whether an executor has heard of it; if not it
        is told again until one has. Killed twice is killed once."""
        if self._risk.killed is None:
            self._risk.killed = why
            self._is_killed(why)
        if not self._kill_told:
            self._kill(self._risk.killed)
        return self._kill_told

    def cancel_all(self, why: str) -> None:
        """Cancels every order; the edges go on, and may place others at once. Raises `ExecutorLost`
        when there is nobody to do it."""
        self._router.control("cancel_all", why)
        self._router.tick(self.now_ms)

    def _is_killed(self, why: str) -> None:
        _log.error("KILLED: %s; orders are cancelled, nothing new leaves", why)
        self._metrics.kills_total += 1

    def _kill(self, why: str) -> None:
        """Until an executor has heard of it; none may be there just now."""
        try:
            self._router.control("kill", why)
        except ExecutorLost as error:
            _log.error("the kill is not heard yet, told again: %s", error)
            return
        self._kill_told = True
        self._router.tick(self.now_ms)

    def _refused(self, error: HotloopError) -> None:
        """Counts a refused line, mends what can be mended at once, and takes away what rests in
        the markets that stay stale."""
        self._count_seam_error()
        self._sent.end()
        if self.counts.seam_errors <= self._max_logged_seam_errors:
            places = (
                ("market", error.market_id),
                ("field", error.field),
                ("byte", error.offset),
            )
            where = "".join(f", {name} {value}" for name, value in places if value is not None)
            _log.warning("line %d refused: %s%s", self.counts.lines, error.message, where)
        touched = self._recovery.mend(error, self.now_ms)
        if touched and self._on_touched(touched):
            self._tell_executor()
        self._look_for_stale()

    def _seam_lost(self, error: BaseException) -> SeamLost:
        self._count_seam_error()
        self.book_lost = True
        self._desk.book_lost()
        self._results.book_lost()
        what = f"{type(error).__name__}: {error}"
        return SeamLost(f"the hotloop failed at line {self.counts.lines}: {what}")

    def _count_seam_error(self) -> None:
        self.counts.seam_errors += 1
        self._metrics.seam_errors_total += 1
