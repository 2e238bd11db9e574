"""The executor in this process that places orders at a venue, as the sidecar does: the order
machine (`execution/orders`) and its journal, and a link to the venue.

The machine works on the engine's thread. Requests and the order stream have threads of their own
(`venue_link`); what they bring is taken in with the engine's next turn.

With a `Lockstep` the venue stands still while the engine works, and `tick` returns when everything
that was caused so far has come back.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from dataclasses import asdict, fields, replace
from typing import Final

import msgspec

from trader.betfair.dial import StreamEndpoint
from trader.execution.executor_py.counts import Counts
from trader.execution.executor_py.journal_file import JournalFile
from trader.execution.executor_py.machine import DryRunMachine
from trader.execution.executor_py.steady_clock import SteadyClock
from trader.execution.executor_py.venue_client import VenueClient, VenueError
from trader.execution.executor_py.venue_link import (
    LOOK_S,
    QUIET_TIMEOUT_S,
    Lockstep,
    VenueLink,
)
from trader.execution.executor_py.venue_moment import venue_moment, venue_state
from trader.execution.executor_py.venue_settings import VenueSettings
from trader.execution.interfaces.executor import (
    DryRunLimits,
    ExecutorLost,
    ExecutorStartError,
    SendQueueFullError,
)
from trader.execution.interfaces.intents import Action, QuoteIntent
from trader.execution.interfaces.messages import Control, ControlAction, DryFill, MarketState
from trader.execution.interfaces.reports import ExecutionReport
from trader.execution.ipc import Bus
from trader.execution.orders import event as events
from trader.execution.orders import request
from trader.execution.orders.config import Config
from trader.execution.orders.facts import RunnerKey
from trader.execution.orders.kinds import Kind
from trader.execution.orders.machine import Machine
from trader.execution.orders.record import Record
from trader.execution.orders.snapshot import Snapshot
from trader.monitoring.executor_metrics import ExecutorMoment

IN_FLIGHT_MAX: Final = 1_000
START_TIMEOUT_S: Final = 20.0
LAST_CANCELS_S: Final = 3.0
NOT_READY: Final = "VENUE_NOT_READY"
_CANCEL_MAX: Final = 60

_log: Final = logging.getLogger("trader.executor")


class VenueExecutor:
    """Fulfils `interfaces.executor.Executor`."""

    name = "python"
    durable = True

    def __init__(
        self,
        bus: Bus,
        client: VenueClient,
        stream: StreamEndpoint,
        app_key: str,
        settings: VenueSettings,
        *,
        lockstep: Lockstep | None = None,
        heard_seq: int = 0,
    ) -> None:
        """`heard_seq`: the last report that this trader has heard, from whichever executor."""
        self._heard_seq = heard_seq
        self.settings = settings
        self.machine, _ = Machine.recover(settings.orders, 0, [])
        self.dry = DryRunMachine(_dry_limits(settings.orders))
        self.bus = bus
        self._counts = Counts()
        self._clock_steps = 0
        self._client = client
        self._lockstep = lockstep
        self._clock: SteadyClock | None = None
        self._journal: JournalFile | None = None
        self._link = VenueLink(client, stream, app_key, settings, lockstep)
        self._started = False
        self._acked = 0
        self._ending = False
        self._is_stepped = False

    # --- Executor -------------------------------------------------------------------------------

    @property
    def healthy(self) -> bool:
        return not self.health_reason

    @property
    def health_reason(self) -> str:
        if self._link.lost is not None:
            return self._link.lost
        if not self._started:
            return "not started"
        return self.machine.why_halted or ("" if self.machine.is_ready else NOT_READY)

    @property
    def link_reason(self) -> str:
        """Why it can do nothing any more; empty when it can."""
        return self._link.lost or ("" if self._started else "not started")

    @property
    def open_orders(self) -> int:
        """How many orders it has open, those on their way included."""
        return len(self.machine.book.orders)

    def start(self) -> None:
        """Reads the journal, logs in and waits for the image of the order stream. Raises
        `ExecutorStartError`."""
        now_ms = 0 if self._lockstep is not None else time.time_ns() // 1_000_000
        held = None
        if self.settings.journal is not None:
            self._journal, held = JournalFile.open(self.settings.journal)
            if held.torn_bytes:
                _log.warning("%d bytes of an unfinished append dropped", held.torn_bytes)
        records = held.records if held is not None else []
        self.machine, effects = Machine.recover(self.settings.orders, now_ms, records)
        left_over = list(self.machine.book.unacked)
        if self._lockstep is None:
            self._clock = SteadyClock(self.machine.now_ms)
        made = {effect.report.seq for effect in effects if isinstance(effect, request.Tell)}
        for report in left_over:
            if report.seq > self._heard_seq and report.seq not in made:
                self._post(report)
        try:
            self._client.login()
            self._check_account()
            self._do(effects)
            self._link.start()
            self._await_image()
        except (ExecutorStartError, ExecutorLost) as error:
            self.stop()
            raise ExecutorStartError(str(error)) from None
        self._started = True

    def submit(self, intent: QuoteIntent) -> None:
        self._link.raise_if_lost()
        if self._link.in_flight >= IN_FLIGHT_MAX:
            raise SendQueueFullError(f"{self._link.in_flight} requests wait for the venue")
        self._counts.intent(intent.action)
        is_known = self.machine.book.knows(intent.intent_id)
        if not is_known:
            self._counts.asked(intent.intent_id)
        if self._is_dry(intent) and not is_known:
            self._relay(self.dry.handle(intent))
        else:
            # One that is known goes there, too: it counts it.
            strategy_ref = self.settings.strategy_ref
            self._step(events.Wanted(msgspec.structs.replace(intent, strategy_ref=strategy_ref)))

    def market(self, state: MarketState) -> None:
        self._relay(self.dry.handle(state))
        self._step(events.Market(state))

    def dry_fill(self, fill: DryFill) -> None:
        self._relay(self.dry.handle(fill))

    def control(self, action: str, reason: str) -> None:
        wanted = ControlAction(action)
        _log.info("%s: %s", action, reason)
        self._relay(self.dry.handle(Control(action=wanted, reason=reason)))
        self._step(events.Control(wanted))
        self._ending = self._ending or wanted is not ControlAction.RESUME

    def set_limits(self, limits: DryRunLimits) -> None:
        limits.check()
        self.dry.set_limits(limits)
        orders = self.machine.config
        merged = replace(orders.limits, **asdict(limits))
        self._step(events.Configured(replace(orders, limits=merged)))

    def clock(self, ts_ms: int) -> None:
        if self._clock is None:
            self._relay(self.dry.advance(max(ts_ms, self.dry.now_ms)))
            self._step(events.Time(ts_ms))

    def tick(self, ts_ms: int) -> None:
        self.clock(ts_ms)
        ending, self._ending = self._ending, False
        if ending and self._lockstep is None:
            self._until(lambda: not self.machine.book.orders)
        self.poll()
        self._link.raise_if_lost()

    def poll(self) -> None:
        if self._lockstep is not None:
            self._link.await_quiet()
            while self._link.has_come:
                self._take_in()
                self._link.await_quiet()
        else:
            self._take_in()
        self.bus.drain()
        # What the bus has delivered the trader has.
        if self.machine.book.last_seq > self._acked and not len(self.bus):
            self._acked = self.machine.book.last_seq
            self._step(events.Acked(self._acked))

    def stop(self) -> None:
        """Cancels what rests (`cancel_on_stop`), ends the threads, gives the journal up."""
        if self._started and self.settings.cancel_on_stop and self._link.lost is None:
            self._cancel_the_rest()
        self._link.stop()
        if self._journal is not None:
            self._journal.close()
        self._link.lost = self._link.lost or "stopped"

    def moment(self) -> ExecutorMoment:
        """Its figures; safe from any thread."""
        link, counts = self._link, self._counts
        return counts.moment(
            duplicates=self.dry.duplicates + self.machine.counters.duplicates,
            open_orders=self.dry.open_orders + self.open_orders,
            unacked_reports=len(self.machine.book.unacked),
            order_stream_lost=sum(link.stream.counts.lost.copy().values()),
            venue=venue_moment(
                self.machine,
                self._journal,
                state=venue_state(
                    link.stream, is_logged_out=link.is_logged_out, is_stale=link.is_stale
                ),
                clock_steps=self._clock_steps,
                queue_depth=counts.waiting,
            ),
        )

    def best_prices(self, market_id: str) -> dict[RunnerKey, tuple[int | None, int | None]]:
        """The best price to back at and to lay at of each runner, hundredths, asked of the venue
        now. Raises `ExecutorLost`."""
        try:
            return self._client.best_prices(market_id)
        except VenueError as error:
            raise ExecutorLost(str(error)) from None

    # --- the engine's thread --------------------------------------------------------------------

    def _is_dry(self, intent: QuoteIntent) -> bool:
        """An order is where its target is; a new one is dry where it says so, or where its market
        is out of scope."""
        if intent.action is not Action.PLACE:
            return self.dry.has(intent.target_intent_id)
        known = self.machine.markets.get(intent.market_id)
        event_type = None if known is None else known.event_type_id
        return intent.dry_run or not self.settings.scope.has(intent.market_id, event_type)

    def _relay(self, reports: list[ExecutionReport]) -> None:
        """Reports of the dry run take their place in the one row of reports."""
        for report in reports:
            self._step(events.Dry(report))

    def _step(self, *happened: events.Event) -> None:
        """Tells the machine the time and of what has happened, and does what follows."""
        self._link.raise_if_lost()
        effects: list[request.Effect] = []
        if self._clock is not None:
            now_ms, step_ms = self._clock.read()
            self._note_step(step_ms)
            if now_ms > self.machine.now_ms:
                effects += self.machine.step(events.Time(now_ms))
            self.dry.now_ms = max(self.dry.now_ms, now_ms)
        for event in happened:
            effects += self.machine.step(event)
        self._do(effects)

    def _do(self, effects: list[request.Effect]) -> None:
        """The journal has all of a step before any of it is done. In lockstep one request is sent
        after the other, so that they come to the venue in this order."""
        if self._journal is not None:
            records = [one.record for one in effects if isinstance(one, request.Journal)]
            if records:
                self._write(records)
        for effect in effects:
            match effect:
                case request.Send():
                    self._send(effect.request)
                case request.Tell():
                    self._post(effect.report)
                case request.LogIn():
                    self._link.log_in()
                case request.Unknown():
                    self._counts.unknown_bets += 1
                    _log.warning("a bet of ours that no order has: %s", effect.bet)
                case request.Journal():
                    pass

    def _post(self, report: ExecutionReport) -> None:
        self._counts.report(report)
        self.bus.post(report)

    def _write(self, records: list[Record]) -> None:
        """Raises `ExecutorLost` after every known bet was cancelled: nothing more can be told."""
        assert self._journal is not None, "asked where there is one"
        try:
            self._journal.append(records)
            if self._journal.is_long:
                self._journal.shorten(Snapshot.of(self.machine.book))
        except ExecutorLost as error:
            self._link.lost = str(error)
            self._last_words()
            raise

    def _send(self, wanted: request.Request) -> None:
        self._counts.request(wanted.kind)
        delay_s = self.machine.markets.bet_delay_ms(wanted.market_id) / 1000
        self._link.send(wanted, delay_s)

    def _take_in(self) -> None:
        happened = self._link.take_in()
        if self._clock is not None:
            self._relay(self.dry.advance(max(self._clock.read()[0], self.dry.now_ms)))
        self._step(*happened)

    def _until(self, is_over: Callable[[], bool]) -> None:
        """Takes in what comes until `is_over`. Raises `ExecutorLost` when that takes too long."""
        deadline_s = time.monotonic() + QUIET_TIMEOUT_S
        self._take_in()
        while not is_over():
            if time.monotonic() > deadline_s:
                raise ExecutorLost(f"orders do not end within {QUIET_TIMEOUT_S:g} s")
            time.sleep(LOOK_S)
            self._take_in()

    def _await_image(self) -> None:
        deadline_s = time.monotonic() + START_TIMEOUT_S
        while not self.machine.is_ready:
            self._link.raise_if_lost()
            if time.monotonic() > deadline_s:
                raise ExecutorStartError("the venue's order stream gives no image")
            self._take_in()
            time.sleep(LOOK_S)

    def _check_account(self) -> None:
        if self.settings.currency is not None:
            self._client.check_currency(self.settings.currency)

    def _cancel_the_rest(self) -> None:
        """With nobody here, no deadline would end what rests."""
        try:
            self._step(events.Control(ControlAction.CANCEL_ALL))
            deadline_s = time.monotonic() + LAST_CANCELS_S
            while self.machine.book.orders and time.monotonic() < deadline_s:
                self.poll()
                time.sleep(LOOK_S)
        except ExecutorLost as error:
            _log.warning("stopped with orders open: %s", error)

    def _last_words(self) -> None:
        """Ends every bet that is known, for when the journal can no longer tell of it."""
        markets: dict[str, list[request.Place | request.Cancel | request.Replace | request.LookUp]]
        markets = {}
        for order in self.machine.book.orders.values():
            if order.bet_id is not None:
                bets = markets.setdefault(order.intent.market_id, [])
                bets.append(request.Cancel(order.bet_id, None))
        for market_id, bets in markets.items():
            for first in range(0, len(bets), _CANCEL_MAX):
                some = bets[first : first + _CANCEL_MAX]
                answer = self._client.change(request.Request(0, Kind.CANCEL, "", market_id, some))
                _log.error("cancelled %d bets of %s: %s", len(some), market_id, answer)

    def _note_step(self, step_ms: int) -> None:
        if step_ms and not self._is_stepped:
            self._clock_steps += 1
            _log.warning("the wall clock was set by %d ms; orders keep to their own", step_ms)
        self._is_stepped = bool(step_ms)


def _dry_limits(config: Config) -> DryRunLimits:
    """Those of the machine's limits that a dry run has, too."""
    return DryRunLimits(
        **{one.name: getattr(config.limits, one.name) for one in fields(DryRunLimits)}
    )
