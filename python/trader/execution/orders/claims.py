"""Whose bet is it: what the stream and look-ups show, put to the orders that we have."""

from __future__ import annotations

from typing import Final

from trader.execution.interfaces.intents import Action, QuoteIntent
from trader.execution.orders.core import Core
from trader.execution.orders.facts import Bet
from trader.execution.orders.order import Doubt, Order
from trader.execution.orders.record import Learned

UNCLAIMED_MAX: Final = 1_000
"""States of bets that nobody has named yet."""
SKEW_MS: Final = 5_000
"""The venue's clock may be so much behind ours."""


def fact(core: Core, bet: Bet) -> None:
    """A bet as it stands, from the stream or a look-up."""
    name = core.book.bets.get(bet.bet_id) or _owner_by_looks(core, bet)
    if name is None:
        _keep_unclaimed(core, bet)
        return
    order, ended = core.book.order(name), core.book.ended.get(name)
    known = order.bet if order is not None else None if ended is None else ended.bet
    if known is not None and known.bet_id == bet.bet_id and not bet.is_news_after(known):
        return
    core.note(Learned(name, bet))
    if order is None:
        _stray(core, name, bet)
    # What is known now may say whose the others are.
    claim_again(core)


def claim_again(core: Core) -> None:
    """Looks once more at the bets that were nobody's."""
    unclaimed, core.unclaimed = core.unclaimed, []
    for bet in unclaimed:
        fact(core, bet)


def _keep_unclaimed(core: Core, bet: Bet) -> None:
    """Nobody's, so far. States come in any order here, too."""
    for place, known in enumerate(core.unclaimed):
        if known.bet_id == bet.bet_id:
            if bet.is_news_after(known):
                core.unclaimed[place] = bet
            return
    if len(core.unclaimed) >= UNCLAIMED_MAX:
        del core.unclaimed[0]
    core.unclaimed.append(bet)


def _stray(core: Core, name: str, bet: Bet) -> None:
    """A bet of an order that was told to have ended: what rests of it has to end, too."""
    if bet.is_complete:
        core.strays.pop(name, None)
    elif name not in core.strays:
        core.counters.strays += 1
        core.strays[name] = (bet, core.now_ms)


def _owner_by_looks(core: Core, bet: Bet) -> str | None:
    """Whose bet this is, where no reply has named it: the order with its reference that waits for
    one, or one that was told not to be there."""
    waiting = [order for order in core.book.orders.values() if _waits(core, order, bet)]
    # Of several that look alike replies may still tell which it is.
    is_clear = (
        len(waiting) == 1
        or bet.order_ref is not None
        or all(isinstance(order.stage, Doubt) for order in waiting)
    )
    if waiting:
        return waiting[0].name if is_clear else None
    denied = (
        name
        for name, ended in core.book.ended.items()
        if ended.bet is None and _is_asked_for(core, ended.intent, ended.venue_ref, bet)
    )
    return min(denied, default=None)


def _waits(core: Core, order: Order, bet: Bet) -> bool:
    return (
        order.bet_id is None
        and order.is_uncertain
        and order.first_sent_ms is not None
        and bet.placed_ms + SKEW_MS >= order.first_sent_ms
        and _is_asked_for(core, order.intent, order.venue_ref, bet)
    )


def _is_asked_for(core: Core, of: QuoteIntent, venue_ref: str, bet: Bet) -> bool:
    if not asks_for_such(of, bet):
        return False
    if bet.order_ref is not None:
        return venue_ref == bet.order_ref
    # The venue may leave a replaced bet without one: its size is at most what was taken off the bet
    # it replaces.
    taken_off = _taken_off_target(core, of) if of.action is Action.REPLACE else None
    return taken_off is not None and taken_off >= bet.size_centi


def asks_for_such(intent: QuoteIntent, bet: Bet) -> bool:
    """Whether the bet is of the intent's market, runner, side and price."""
    return (
        intent.market_id == bet.market_id
        and (intent.selection_id, intent.handicap_centi) == bet.runner
        and intent.side is bet.side
        and intent.price_centi == bet.price_centi
    )


def _taken_off_target(core: Core, replace: QuoteIntent) -> int | None:
    """What was cancelled of the order that a REPLACE moves, once that is complete."""
    name = replace.target_intent_id or ""
    order, ended = core.book.order(name), core.book.ended.get(name)
    target = order.bet if order is not None else None if ended is None else ended.bet
    return target.cancelled_centi if target is not None and target.is_complete else None
