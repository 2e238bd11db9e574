"""One step: an event in, what is to be done out."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Self

from trader.betfair.error_codes import class_of
from trader.execution.interfaces.intents import QuoteIntent
from trader.execution.interfaces.messages import ControlAction, MarketState, MarketStatus
from trader.execution.orders import event as events
from trader.execution.orders import funds
from trader.execution.orders import record as records
from trader.execution.orders.checks import check
from trader.execution.orders.claims import claim_again, fact
from trader.execution.orders.config import Config
from trader.execution.orders.core import Core
from trader.execution.orders.dispatch import dispatch
from trader.execution.orders.event import Event, VenueEvent
from trader.execution.orders.facts import Answer, Failed, Lost, Refused, Replied
from trader.execution.orders.kinds import Why
from trader.execution.orders.reconcile import looked, reconciled
from trader.execution.orders.request import Effect, LogIn
from trader.execution.orders.settle import end_dry, refuse, relay, settle

VENUE_HALT = "VENUE_HALT"
"""The venue has said that nothing more is to be placed."""


class Machine(Core):
    """The order machine. Pure: the same events give the same effects."""

    @classmethod
    def recover(
        cls, config: Config, now_ms: int, journal: Iterable[records.Record]
    ) -> tuple[Self, list[Effect]]:
        """A machine that knows what the records say, and what it does first. Without records it has
        never traded."""
        machine = cls(config, now_ms)
        book = machine.book
        for record in journal:
            book.apply(record)
        machine.now_ms = max(machine.now_ms, book.last_ms)
        for name, ended in book.ended.items():
            if ended.bet is not None and not ended.bet.is_complete:
                machine.strays[name] = (ended.bet, 0)
        machine.note(records.Began(book.epoch + 1))
        # Whether it arrived, nobody remembers.
        for request in sorted(book.flights):
            machine.note(records.Answered(request, machine.now_ms, Lost("restart")))
        # The dry run beside it remembers nothing.
        for name in sorted(book.dry):
            end_dry(machine, book.dry[name])
        return machine, machine._finish()

    def step(self, event: Event) -> list[Effect]:
        """What the event causes, in the order in which it is to be done."""
        match event:
            case events.Wanted():
                self._intent(event.intent)
            case events.Market():
                self._market(event.market)
            case events.Control():
                self._control(event.action)
            case events.Acked():
                self.note(records.Acked(event.seq))
            case events.Paused():
                self.is_paused = event.is_paused
            case events.Dry():
                relay(self, event.report)
            case events.Configured():
                self.config = event.config
                self.book.set_max_remembered(event.config.limits.max_remembered_intents)
            case events.Time():
                self.now_ms = max(self.now_ms, event.now_ms)
            case _:
                self._of_venue(event)
        return self._finish()

    def _of_venue(self, event: VenueEvent) -> None:
        """What comes from there."""
        match event:
            case events.Answered():
                self._answered(event.request, event.answer)
            case events.Looked():
                looked(self, event.request, event.bets)
            case events.Shown():
                fact(self, event.bet)
            case events.Reconciled():
                reconciled(self, event.bets)
            case events.Funds():
                funds.compare(self, event.exposure_centi)
            case events.LoggedIn():
                self.needs_login = False

    def _finish(self) -> list[Effect]:
        # Until nothing follows from what followed: each turn ends orders or sends what was not
        # sent.
        while True:
            before = len(self.effects)
            self.wake_ms = None
            settle(self)
            dispatch(self)
            if len(self.effects) == before:
                effects, self.effects = self.effects, []
                return effects

    def _intent(self, intent: QuoteIntent) -> None:
        if self.book.knows(intent.intent_id):
            self.counters.duplicates += 1
            return
        refusal = check(self, intent)
        if refusal is None:
            self.note(records.Taken(intent))
        else:
            refuse(self, intent, refusal)

    def _market(self, market: MarketState) -> None:
        needed = {order.intent.market_id for order in self.book.orders.values()}
        self.markets.set(market, needed)
        if market.status is MarketStatus.CLOSED:
            self.book.exposure.settle(market.market_id)

    def _control(self, action: ControlAction) -> None:
        if action is ControlAction.RESUME:
            self.halted = self.funds_differ_since_ms = None
            self.note(records.Switch(killed=False))
            return
        why = Why.CANCEL_ALL
        if action is ControlAction.KILL:
            self.note(records.Switch(killed=True))
            why = Why.KILL
        names = [order.name for order in self.book.orders.values() if order.ending is None]
        for name in names:
            self.note(records.Ending(name, why))

    def _answered(self, request: int, answer: Answer) -> None:
        if request not in self.book.flights:
            return  # told twice, or of a process before this one
        codes: list[str] = []
        if isinstance(answer, Refused):
            codes = [answer.code]
        elif isinstance(answer, Replied):
            codes = [told.code for told in answer.told if isinstance(told, Failed)]
        classes = {class_of(code) for code in codes}
        if "halt" in classes and self.halted is None:
            self.halted = VENUE_HALT
        if "auth" in classes and not self.needs_login:
            self.needs_login = True
            self.effects.append(LogIn())
        self.note(records.Answered(request, self.now_ms, answer))
        # What the stream said before its bet had a name.
        claim_again(self)
