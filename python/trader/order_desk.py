"""The order desk: an edge's wishes out as intents, reports back into ledger, matcher and blotter.

It sits between the engine's loop and the router, and keeps the resting orders by runner. Every new
order and every move passes the fee gate and the sizer; a cancellation passes neither.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Final, Protocol

from trader.execution.ack_tracker import NO_ANSWERS
from trader.execution.blotter import Blotter
from trader.execution.interfaces.executor import OpenOrder
from trader.execution.interfaces.ids import IdSource
from trader.execution.interfaces.intents import Action, QuoteIntent
from trader.execution.interfaces.reports import ExecutionReport, Status
from trader.execution.ipc import Bus
from trader.execution.ledger import Fill, Ledger
from trader.execution.router import Router
from trader.queue_tracker import QueueTracker
from trader.simulator.dry_run_matching import DryRunMatcher
from trader.strategy.context import MarketView, Runner
from trader.strategy.edges.base import Cancel, Place, Proposal, Replace
from trader.strategy.fee_gate import FeeGate, Refused
from trader.strategy.sizer import Sizer

NO_ORDERS: Final[Sequence[OpenOrder]] = ()
STRATEGY_REF: Final = "hotloop"


class OrderObserver(Protocol):
    """Hears of intents and reports after they were dealt with; for live views."""

    def intent(self, intent: QuoteIntent) -> None: ...

    def report(self, report: ExecutionReport, intent: QuoteIntent | None) -> None: ...


@dataclass(slots=True)
class DeskCounts:
    """What went through the desk."""

    intents: Counter[tuple[str, str]] = field(default_factory=Counter)  # (edge, action)
    refused: Counter[str] = field(default_factory=Counter)  # by fee gate or sizer, by reason
    cancels: Counter[str] = field(default_factory=Counter)  # by the reason to cancel
    reports: Counter[str] = field(default_factory=Counter)  # by status
    rejects: Counter[str] = field(default_factory=Counter)  # by code
    fills: int = 0
    filled_stake_centi: int = 0


class OrderDesk:
    """For one engine, on its thread. Build it after the router, which must hear reports first."""

    def __init__(
        self,
        *,
        router: Router,
        bus: Bus,
        fee_gate: FeeGate,
        sizer: Sizer,
        ledger: Ledger,
        matcher: DryRunMatcher | None,
        tracker: QueueTracker,
        blotter: Blotter,
        ids: IdSource,
        max_open_orders: int,
        observer: OrderObserver | None = None,
    ) -> None:
        """`max_open_orders` is the executor's limit: past it nothing is sent to be refused. Without
        a `matcher` orders are sent to a venue, and matched there."""
        self.counts = DeskCounts()
        self._router = router
        self._fee_gate = fee_gate
        self._sizer = sizer
        self._ledger = ledger
        self._matcher = matcher
        self._tracker = tracker
        self._book_lost = False
        self._blotter = blotter
        self._ids = ids
        self._max_open_orders = max_open_orders
        self._observer = observer
        self._intents: dict[str, tuple[Runner, QuoteIntent]] = {}
        self._on_the_way: dict[str, QuoteIntent] = {}  # new orders and moves not answered yet
        self._orders: dict[Runner, list[OpenOrder]] = {}
        self._orders_changed = False
        bus.subscribe(self._on_report)

    # --- resting orders -------------------------------------------------------------------------

    def orders(self, runner: Runner) -> Sequence[OpenOrder]:
        """All resting orders on a runner, oldest first."""
        return self.by_runner().get(runner, NO_ORDERS)

    def orders_of(self, edge: str, runner: Runner) -> Sequence[OpenOrder]:
        """One edge's resting orders on a runner, oldest first."""
        orders = self.by_runner().get(runner)
        return [order for order in orders if order.edge == edge] if orders else NO_ORDERS

    def by_runner(self) -> dict[Runner, list[OpenOrder]]:
        """All resting orders; runners without any are not in it. Do not change it."""
        if self._orders_changed:
            self._orders_changed = False
            self._orders = {}
            for order in self._router.open_orders():
                runner = Runner(
                    order.market_id,
                    order.selection_id,
                    order.handicap_centi / 100,
                    order.handicap_centi,
                )
                self._orders.setdefault(runner, []).append(order)
        return self._orders

    def match(self, runners: Iterable[Runner], now_ms: int, *, is_open: bool) -> bool:
        """Dry run: tells the executor what the last message of a market, which touched these
        runners, fills of our orders on them; whether anything."""
        matcher = self._matcher
        if matcher is None or matcher.is_idle:
            return False
        matched = False
        for runner in runners:
            for fill in matcher.match(runner, is_open=is_open, now_ms=now_ms):
                self._router.dry_fill(fill)
                matched = True
        return matched

    def take(self, now_ms: int) -> bool:
        """Dry run: tells the executor what orders took when they came to the market; whether
        anything."""
        fills = self._matcher.taken(now_ms) if self._matcher is not None else []
        for fill in fills:
            self._router.dry_fill(fill)
        return bool(fills)

    def market_closed(self, market_id: str) -> None:
        """A market takes no orders any more, and has none of ours."""
        if self._matcher is not None:
            self._matcher.market_closed(market_id)

    def book_lost(self) -> None:
        """The seam cannot be asked any more; ledger, blotter and open orders are still kept."""
        self._book_lost = True

    # --- wishes out -----------------------------------------------------------------------------

    def carry_out(
        self, edge: str, view: MarketView, runner: Runner, wish: Proposal, now_ms: int
    ) -> None:
        """Sends what a wish comes to after fee gate and sizer; nothing when they refuse it."""
        if isinstance(wish, Cancel):
            self._cancel(runner, wish.order, wish.reason, now_ms)
        elif isinstance(wish, Place):
            self._place(edge, view, runner, wish, now_ms)
        else:
            self._replace(view, runner, wish, now_ms)

    def _place(self, edge: str, view: MarketView, runner: Runner, wish: Place, now_ms: int) -> None:
        refused = self._fee_gate.check(view.market_id, wish.gross_edge, wish.reduces)
        if refused is None and self._is_full():
            refused = Refused("max_open_orders")
        size = refused or self._sizer.size_centi(
            view,
            runner,
            side=wish.side,
            price_centi=wish.price_centi,
            gross_edge=wish.gross_edge,
            resting=self._at_risk(view.market_id),
            max_size_centi=wish.max_size_centi,
        )
        if isinstance(size, Refused):
            self.counts.refused[size.reason] += 1
            return
        intent = QuoteIntent.place(
            intent_id=self._ids.new(now_ms),
            ts_ms=now_ms,
            edge=edge,
            market_id=runner.market_id,
            selection_id=runner.selection_id,
            handicap_centi=runner.handicap_centi,
            side=wish.side,
            price_centi=wish.price_centi,
            size_centi=size,
            ttl_ms=wish.ttl_ms,
            strategy_ref=STRATEGY_REF,
            dry_run=self._matcher is not None,
        )
        self._send(runner, intent)

    def _at_risk(self, market_id: str) -> Sequence[OpenOrder]:
        """A market's resting orders with those on their way, as they may come to stand.

        One message can touch all runners of a market, and nothing is heard back before its end:
        each order must fit under the caps beside those sent just before it.
        """
        resting = self._router.open_orders(market_id)
        sent = [i for i in self._on_the_way.values() if i.market_id == market_id]
        if not sent:
            return resting
        moves = {i.target_intent_id: i.price_centi for i in sent if i.action is Action.REPLACE}
        # Until a move is answered either price may be matched: the higher one costs a lay more.
        return [
            replace(order, price_centi=max(order.price_centi, moves.get(order.intent_id, 0)))
            for order in resting
        ] + [_as_resting(i) for i in sent if i.action is Action.PLACE]

    def _is_full(self) -> bool:
        # What is in flight may rest as well; that some of it are cancels errs on the safe side.
        resting = len(self._router.open_orders()) + self._router.in_flight
        return resting >= self._max_open_orders

    def _replace(self, view: MarketView, runner: Runner, wish: Replace, now_ms: int) -> None:
        """Moves an order; where the new price is refused it is cancelled, as it is not wanted
        where it stands either."""
        order = wish.order
        refused = self._fee_gate.check(view.market_id, wish.gross_edge, wish.reduces)
        refused = refused or self._sizer.check_move(
            view, runner, order, wish.price_centi, self._at_risk(view.market_id)
        )
        if refused is not None:
            self.counts.refused[refused.reason] += 1
            self._cancel(runner, order, refused.reason, now_ms)
            return
        _, placed_by = self._intents[order.intent_id]
        intent = placed_by.replace(
            intent_id=self._ids.new(now_ms),
            ts_ms=now_ms,
            price_centi=wish.price_centi,
            ttl_ms=wish.ttl_ms,
        )
        self._send(runner, intent)

    def _cancel(self, runner: Runner, order: OpenOrder, reason: str, now_ms: int) -> None:
        self.counts.cancels[reason] += 1
        _, placed_by = self._intents[order.intent_id]
        self._send(runner, placed_by.cancel(intent_id=self._ids.new(now_ms), ts_ms=now_ms))

    def _send(self, runner: Runner, intent: QuoteIntent) -> None:
        self._intents[intent.intent_id] = (runner, intent)
        if intent.action is not Action.CANCEL:
            self._on_the_way[intent.intent_id] = intent
        self._router.send(intent)
        self.counts.intents[intent.edge, intent.action.value] += 1
        self._blotter.intent(intent)
        if self._observer is not None:
            self._observer.intent(intent)

    # --- reports back ---------------------------------------------------------------------------

    def _on_report(self, report: ExecutionReport) -> None:
        if report.status not in NO_ANSWERS:
            self._on_the_way.pop(report.intent_id, None)
        self.counts.reports[report.status.value] += 1
        if report.status is Status.REJECTED and report.reject_code is not None:
            self.counts.rejects[report.reject_code] += 1
        self._blotter.report(report)
        known = self._intents.get(report.intent_id)
        if known is not None:
            self._follow(report, *known)
        if self._observer is not None:
            self._observer.report(report, known[1] if known else None)

    def _follow(self, report: ExecutionReport, runner: Runner, intent: QuoteIntent) -> None:
        """Keeps all that knows of our orders in step with one report of ours."""
        self._orders_changed = True
        for event in report.fill_events:
            fill = Fill(
                intent.intent_id,
                intent.edge,
                runner,
                intent.side,
                round(event.price * 100),
                round(event.size * 100),
                event.ts_ms,
            )
            self.counts.fills += 1
            self.counts.filled_stake_centi += fill.size_centi
            self._ledger.record(fill)
            self._blotter.fill(fill)
        if not self._book_lost:
            self._follow_in_book(report, runner, intent)
        if report.is_terminal:
            del self._intents[intent.intent_id]

    def _follow_in_book(self, report: ExecutionReport, runner: Runner, intent: QuoteIntent) -> None:
        """Tells those who read an order's place in the book that it has one, or no more."""
        intent_id = intent.intent_id
        if report.status is Status.PLACED:
            if self._matcher is not None:
                # Not the intent: a move keeps of its target what the intent does not say.
                order = self._router.order(intent_id)
                assert order is not None, "the router hears of it first"
                self._matcher.placed(order, runner, intent.min_fill_size_centi)
            self._tracker.placed(intent_id, runner, intent.side, intent.price_centi)
        elif report.is_terminal:
            if self._matcher is not None:
                self._matcher.ended(intent_id)
            self._tracker.ended(intent_id)


def _as_resting(intent: QuoteIntent) -> OpenOrder:
    """A new order as it will rest if it is taken."""
    return OpenOrder(
        intent_id=intent.intent_id,
        edge=intent.edge,
        market_id=intent.market_id,
        selection_id=intent.selection_id,
        handicap_centi=intent.handicap_centi,
        side=intent.side,
        price_centi=intent.price_centi,
        size_centi=intent.size_centi,
        remaining_centi=intent.size_centi,
        matched_centi=0,
        placed_ts_ms=intent.ts_ms,
        deadline_ms=intent.deadline_ms,
        persistence=intent.persistence,
        time_in_force=intent.time_in_force,
    )
