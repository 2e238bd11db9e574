"""The order desk: an edge's wishes out as intents, reports back into ledger, matcher and blotter.

It sits between the engine's loop and the router, and keeps the resting orders by runner. Every new
order and every move passes the gates (fees, size, risk), and leaves only while the market is open
and its data are not stale; a cancellation passes none of that.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final, Literal, Protocol, TypeAlias

from trader.calibration.orders_sent import OrdersSent
from trader.desk_counts import DeskCounts
from trader.execution.ack_tracker import NO_ANSWERS
from trader.execution.blotter import Blotter
from trader.execution.hedge import HEDGE, HedgeWish
from trader.execution.interfaces.executor import OpenOrder
from trader.execution.interfaces.ids import IdSource
from trader.execution.interfaces.intents import Action, QuoteIntent
from trader.execution.interfaces.reports import ExecutionReport, Status
from trader.execution.ipc import Bus
from trader.execution.ledger import Fill, Ledger
from trader.execution.router import Router
from trader.monitoring.metrics import Metrics
from trader.order_estimates import OrderEstimates
from trader.queue_tracker import QueueTracker
from trader.simulator.dry_run_matching import DryRunMatcher
from trader.standing_orders import StandingOrders
from trader.strategy.arbiter import Arbiter
from trader.strategy.context import MarketView, Runner
from trader.strategy.edges.base import Basket, Cancel, Place, Proposal, Replace
from trader.strategy.fee_gate import Refused
from trader.strategy.gates import Gates
from trader.strategy.hotloop.interface import HotloopApi
from trader.strategy.sizer import loss_e4_per_centi

STRATEGY_REF: Final = "hotloop"

HedgeOutcome: TypeAlias = Literal["sent", "makes_room", "waits", "refused"]


class OrderObserver(Protocol):
    """Hears of intents and reports after they were dealt with; for live views."""

    def intent(self, intent: QuoteIntent) -> None: ...

    def report(self, report: ExecutionReport, intent: QuoteIntent | None) -> None: ...


class OrderDesk:
    """For one engine, on its thread. Build it after the router, which must hear reports first."""

    def __init__(
        self,
        *,
        router: Router,
        counts: DeskCounts,
        bus: Bus,
        book: HotloopApi,
        orders: StandingOrders,
        gates: Gates,
        arbiter: Arbiter,
        ledger: Ledger,
        dry_run: bool,
        matcher: DryRunMatcher | None,
        tracker: QueueTracker,
        sent: OrdersSent,
        blotter: Blotter,
        metrics: Metrics,
        ids: IdSource,
        max_open_orders: int,
        observer: OrderObserver | None = None,
    ) -> None:
        """`max_open_orders` is the executor's limit: past it nothing is sent to be refused.
        Orders of a `dry_run` are matched by the `matcher`, if there is one; others at a venue."""
        self.counts = counts
        self._router = router
        self._dry_run = dry_run
        self._gates = gates
        self._arbiter = arbiter
        self._ledger = ledger
        self._matcher = matcher
        self._tracker = tracker
        self._estimates = OrderEstimates(book, counts, sent, blotter, metrics)
        self._book_lost = False
        self._blotter = blotter
        self._ids = ids
        self._max_open_orders = max_open_orders
        self._observer = observer
        self._intents: dict[str, tuple[Runner, QuoteIntent]] = {}
        self.orders = orders
        self._amended: set[str] = set()
        self._unkept: list[tuple[Runner, QuoteIntent]] = []
        bus.subscribe(self._on_report)

    def adopt(self, runner: Runner, intent: QuoteIntent, order: OpenOrder | None) -> None:
        """An intent of a trader before this one that has not ended; `order` when it rests."""
        self._intents[intent.intent_id] = (runner, intent)
        self._router.adopt(intent, order)
        self.orders.changed()
        self._gates.exposure.changed(intent.market_id)
        if order is None and intent.action is not Action.CANCEL:
            self.orders.sent(runner, intent)

    def reconfigure(self, max_open_orders: int) -> None:
        """The executor's limit is another one from now on."""
        self._max_open_orders = max_open_orders

    def moved_from(self, intent_id: str) -> str | None:
        """The order that was moved to be this one; None for one that was placed."""
        known = self._intents.get(intent_id)
        return known[1].target_intent_id if known is not None else None

    def carried(self, market_id: str) -> None:
        """A run before this one has left a position in a market."""
        self._gates.exposure.changed(market_id)

    def amended(self) -> set[str]:
        """Markets whose matches the venue has changed after the orders' ends; told once."""
        if not self._amended:
            return self._amended
        amended, self._amended = self._amended, set()
        return amended

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
        self._arbiter.forget(market_id)
        self._gates.exposure.settled(market_id)

    def forget(self, market_id: str) -> None:
        """A market that is over and paid: nothing more is heard of it."""
        self._gates.exposure.forget(market_id)

    def book_lost(self) -> None:
        """The seam cannot be asked any more; ledger, blotter and open orders are still kept."""
        self._book_lost = True

    def ahead_of(self, runner: Runner, order: OpenOrder) -> float | None:
        """What stands ahead of a resting order of ours; None when that is not known."""
        return self._tracker.ahead(runner, order)

    # --- wishes out -----------------------------------------------------------------------------

    def carry_out(
        self, edge: str, view: MarketView, runner: Runner, wishes: Sequence[Proposal], now_ms: int
    ) -> None:
        """Sends what an edge's wishes for a runner come to after the arbiter and the gates;
        nothing when they refuse it."""
        judged = self._arbiter.judge(edge, runner, wishes, self.orders.standing(runner), now_ms)
        for owner, wish in judged:
            if isinstance(wish, Cancel):
                self.cancel(runner, wish.order, wish.reason, now_ms)
            elif isinstance(wish, Place):
                self._place(owner, view, runner, wish, now_ms)
            else:
                self._replace(view, runner, wish, now_ms)

    def carry_out_basket(self, edge: str, view: MarketView, basket: Basket, now_ms: int) -> None:
        """Sends all legs of a basket, or none when the gates or the arbiter refuse one of them; in
        this order, so that no other edge loses its place to what could not leave."""
        intents = self._basket(edge, view, basket, now_ms)
        if isinstance(intents, Refused):
            self.counts.refused[intents.reason] += 1
        elif self._has_room(edge, basket, now_ms):
            for runner, intent in intents:
                self._send(runner, intent)

    def _has_room(self, edge: str, basket: Basket, now_ms: int) -> bool:
        """Whether every leg's place is free. Others' orders are taken away, for when it is asked
        for again, only where all legs can have their places."""
        legs = [(runner, wish, self.orders.standing(runner)) for runner, wish in basket.legs]
        if not all(self._arbiter.can_have(edge, *leg, now_ms) for leg in legs):
            self.counts.refused["no_place"] += 1
            return False
        is_free = True
        for runner, wish, standing in legs:
            judged = self._arbiter.judge(edge, runner, [wish], standing, now_ms)
            is_free &= any(allowed is wish for _, allowed in judged)
            for _, other in judged:
                if isinstance(other, Cancel):
                    self.cancel(runner, other.order, other.reason, now_ms)
        return is_free

    def _basket(
        self, edge: str, view: MarketView, basket: Basket, now_ms: int
    ) -> list[tuple[Runner, QuoteIntent]] | Refused:
        """The orders of a basket, each let pass with those before it standing."""
        if not self._router.healthy:
            return Refused("executor_away")
        if self._is_full(len(basket.legs)):
            return Refused("max_open_orders")
        not_traded = _not_traded(view)
        if not_traded is not None:
            return not_traded
        standing = list(self.orders.at_risk(view.market_id))
        intents: list[tuple[Runner, QuoteIntent]] = []
        new_loss_e4 = 0
        for runner, wish in basket.legs:
            size = self._gates.place(edge, view, runner, wish, standing, now_ms)
            if isinstance(size, Refused):
                return size
            intent = self._place_intent(edge, runner, wish, size, now_ms)
            intents.append((runner, intent))
            standing.append(OpenOrder.of(intent))
            new_loss_e4 += size * loss_e4_per_centi(wish.side, wish.price_centi)
        return self._gates.risk.check(view.market_id, new_loss_e4, False) or intents

    def hedge(
        self, view: MarketView, runner: Runner, wish: HedgeWish, ttl_ms: int, now_ms: int
    ) -> HedgeOutcome:
        """Sends an order that evens a runner out, once the arbiter has made room for it."""
        refused = self._gates.hedge(view.market_id, wish.size_centi, wish.price_centi)
        if refused is None and not self._router.healthy:
            return "waits"
        if refused is not None:
            self.counts.refused[refused.reason] += 1
            return "refused"
        place = Place(wish.side, wish.price_centi, 0.0, ttl_ms, reduces=True)
        outcome: HedgeOutcome = "waits"
        judged = self._arbiter.judge(HEDGE, runner, [place], self.orders.standing(runner), now_ms)
        for _, allowed in judged:
            if isinstance(allowed, Cancel):
                sent = self.cancel(runner, allowed.order, allowed.reason, now_ms)
                outcome = "makes_room" if sent else outcome
            elif isinstance(allowed, Place):
                self._send_place(HEDGE, runner, allowed, wish.size_centi, now_ms, wish.hedge_of)
                outcome = "sent"
        return outcome

    def _place(self, edge: str, view: MarketView, runner: Runner, wish: Place, now_ms: int) -> None:
        size: int | Refused
        if not self._router.healthy:
            size = Refused("executor_away")
        elif self._is_full():
            size = Refused("max_open_orders")
        else:
            size = _not_traded(view) or self._gates.place(
                edge, view, runner, wish, self.orders.at_risk(view.market_id), now_ms
            )
        if isinstance(size, Refused):
            self.counts.refused[size.reason] += 1
            return
        self._send_place(edge, runner, wish, size, now_ms)

    def _send_place(
        self,
        edge: str,
        runner: Runner,
        wish: Place,
        size_centi: int,
        now_ms: int,
        hedge_of: str | None = None,
    ) -> None:
        self._send(runner, self._place_intent(edge, runner, wish, size_centi, now_ms, hedge_of))

    def _place_intent(
        self,
        edge: str,
        runner: Runner,
        wish: Place,
        size_centi: int,
        now_ms: int,
        hedge_of: str | None = None,
    ) -> QuoteIntent:
        return QuoteIntent.place(
            intent_id=self._ids.new(now_ms),
            ts_ms=now_ms,
            edge=edge,
            market_id=runner.market_id,
            selection_id=runner.selection_id,
            handicap_centi=runner.handicap_centi,
            side=wish.side,
            price_centi=wish.price_centi,
            size_centi=size_centi,
            ttl_ms=wish.ttl_ms,
            strategy_ref=STRATEGY_REF,
            hedge_of=hedge_of,
            dry_run=self._dry_run,
        )

    def _is_full(self, more: int = 1) -> bool:
        """Whether there is no room for so many more orders."""
        # What is in flight may rest as well; that some of it are cancels errs on the safe side.
        resting = len(self._router.open_orders()) + self._router.in_flight
        return resting + more > self._max_open_orders

    def _replace(self, view: MarketView, runner: Runner, wish: Replace, now_ms: int) -> None:
        """Moves an order; where the new price is refused it is cancelled, as it is not wanted
        where it stands either."""
        order = wish.order
        if not self._router.healthy:
            self.counts.refused["executor_away"] += 1
            return
        not_traded = _not_traded(view)
        refused = not_traded or self._gates.move(
            view, runner, wish, self.orders.at_risk(view.market_id), now_ms
        )
        if refused is not None:
            self.counts.refused[refused.reason] += 1
            if not_traded is None or not wish.closes:  # what takes risk away may stay
                self.cancel(runner, order, refused.reason, now_ms)
            return
        _, placed_by = self._intents[order.intent_id]
        intent = placed_by.replace(
            intent_id=self._ids.new(now_ms),
            ts_ms=now_ms,
            price_centi=wish.price_centi,
            ttl_ms=wish.ttl_ms,
        )
        self._send(runner, intent)

    def cancel(self, runner: Runner, order: OpenOrder, reason: str, now_ms: int) -> bool:
        """Takes an order away; whether that was sent. One that is only on its way is left until it
        rests."""
        if self.orders.is_on_the_way(order.intent_id):
            return False
        self.counts.cancels[reason] += 1
        _, placed_by = self._intents[order.intent_id]
        self._send(runner, placed_by.cancel(intent_id=self._ids.new(now_ms), ts_ms=now_ms))
        return True

    def _send(self, runner: Runner, intent: QuoteIntent) -> None:
        self._intents[intent.intent_id] = (runner, intent)
        if intent.action is not Action.CANCEL:
            self.orders.sent(runner, intent)
            self._gates.exposure.sent(intent.market_id, self._new_loss_e4(intent))
            self._charge(intent.ts_ms)
        self._router.send(intent)
        self.counts.intents[intent.edge, intent.action.value] += 1
        self._unkept.append((runner, intent))
        if self._observer is not None:
            self._observer.intent(intent)

    def _new_loss_e4(self, intent: QuoteIntent) -> int:
        """What a PLACE can lose, or a REPLACE more than its target."""
        per_centi = loss_e4_per_centi(intent.side, intent.price_centi)
        if intent.action is Action.PLACE:
            return intent.size_centi * per_centi
        target = self._router.order(intent.target_intent_id or "")
        if target is None:
            return 0
        more = per_centi - loss_e4_per_centi(intent.side, target.price_centi)
        return target.remaining_centi * max(0, more)

    def keep(self) -> None:
        """Writes down what was sent since the last time, and what the book says of it; called when
        it has left, and before the next line."""
        if not self._unkept:
            return
        unkept, self._unkept = self._unkept, []
        for runner, intent in unkept:
            self._blotter.intent(intent)
            if intent.action is not Action.CANCEL and not self._book_lost:
                self._estimates.estimate(runner, intent)

    def _charge(self, ts_ms: int) -> None:
        """A transaction that the venue counts."""
        self._gates.fee_gate.transaction(ts_ms)
        self.counts.charges_e4 = self._gates.fee_gate.charges_e4()

    # --- reports back ---------------------------------------------------------------------------

    def _on_report(self, report: ExecutionReport) -> None:
        if report.status not in NO_ANSWERS:
            self.orders.answered(report.intent_id)
        self.counts.reports[report.status.value] += 1
        if report.status is Status.REJECTED and report.reject_code is not None:
            self.counts.rejects[report.reject_code] += 1
        known = self._intents.get(report.intent_id)
        if known is not None:
            self._follow(report, *known)
        elif report.status is Status.AMENDED:
            self._after_the_end(report)
        # After its fills: a live blotter commits here, and what is committed counts as heard.
        self._blotter.report(report)
        if self._observer is not None:
            self._observer.report(report, known[1] if known else None)

    def _after_the_end(self, report: ExecutionReport) -> None:
        """The venue has taken matches back, or changed their price."""
        market_id = self._ledger.amended(report.intent_id, *report.matched)
        if market_id is None and report.size_matched_centi > 0:
            market_id = self._found_after_the_end(report)
        if market_id is not None:
            self._gates.exposure.changed(market_id)
            self._amended.add(market_id)

    def _found_after_the_end(self, report: ExecutionReport) -> str | None:
        """An order that was told not to be there was matched all the same."""
        tracked = self._router.tracker.get(report.intent_id)
        if tracked is None:
            return None
        intent = tracked.intent
        runner = Runner.of(intent.market_id, intent.selection_id, intent.handicap_centi)
        self._ledger.matched(
            intent.intent_id, runner, intent.side, *report.matched, edge=intent.edge
        )
        return intent.market_id

    def _follow(self, report: ExecutionReport, runner: Runner, intent: QuoteIntent) -> None:
        """Keeps all that knows of our orders in step with one report of ours."""
        self.orders.changed()
        self._gates.exposure.less(runner.market_id)
        if intent.action is Action.CANCEL:
            if report.status is Status.REJECTED:
                self._charge(report.ts_ms)
        elif report.fill_events or report.status in (Status.AMENDED, Status.VOIDED):
            self._matched(report, runner, intent)
        if not self._book_lost:
            self._follow_in_book(report, runner, intent)
        if report.is_terminal:
            del self._intents[intent.intent_id]

    def _matched(self, report: ExecutionReport, runner: Runner, intent: QuoteIntent) -> None:
        """What is matched of an order is another than before."""
        self._ledger.matched(
            intent.intent_id, runner, intent.side, *report.matched, edge=intent.edge
        )
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
            self._blotter.fill(fill)
        if report.fill_events:
            self._arbiter.filled(
                intent.edge, runner, intent.side, self.orders.on(runner), report.ts_ms
            )

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


def _not_traded(view: MarketView) -> Refused | None:
    """Whatever an edge looks at itself: nothing new leaves on data that may be untrue, or to a
    market that takes nothing."""
    if view.stale:
        return Refused("stale")
    return None if view.is_open else Refused("not_open")
