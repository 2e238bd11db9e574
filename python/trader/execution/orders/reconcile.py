"""Orders held against what the venue shows: look-ups, and the stream that begins anew."""

from __future__ import annotations

from collections.abc import Sequence

from trader.execution.interfaces.ids import is_intent_id
from trader.execution.interfaces.intents import QuoteIntent
from trader.execution.orders import record as records
from trader.execution.orders.claims import asks_for_such, fact
from trader.execution.orders.config import UnknownBets
from trader.execution.orders.core import Core
from trader.execution.orders.facts import Bet
from trader.execution.orders.order import Doubt, Order
from trader.execution.orders.request import Unknown


def looked(core: Core, request: int, bets: Sequence[Bet] | None) -> None:
    """A look-up ended; one that failed is due again by itself."""
    look = core.looks.pop(request, None)
    if look is None or bets is None:
        return
    found = {bet.bet_id for bet in bets}
    for bet in bets:
        fact(core, bet)
    for name in look.names:
        _judge_absence(core, name, look.at_ms, found)


def _judge_absence(core: Core, name: str, looked_ms: int, found: set[str]) -> None:
    """An order in doubt that a look-up did not find, which began when its time was over, is not
    there."""
    order = core.book.order(name)
    if order is None or not isinstance(order.stage, Doubt) or order.bet_id in found:
        return
    if looked_ms >= order.stage.since_ms + core.doubt_ms(order.intent.market_id):
        core.counters.not_placed += 1
        core.note(records.NotFound(name))


def reconciled(core: Core, bets: Sequence[Bet]) -> None:
    """The order stream begins anew."""
    core.is_ready = True
    shown = {bet.bet_id for bet in bets}
    for bet in bets:
        fact(core, bet)
    # What ended meanwhile is not shown.
    for order in core.book.orders.values():
        if order.bet_id is not None and order.bet_id not in shown:
            core.look_after.pop(order.name, None)
            order.is_unsure = True
    _find_unknown(core, shown)


def _find_unknown(core: Core, shown: set[str]) -> None:
    """Bets that rest with our strategy's reference and that no order of ours can have asked for."""
    found = [
        bet
        for bet in core.unclaimed
        if not bet.is_complete
        and bet.bet_id in shown
        and bet.bet_id not in core.unknown
        and not any(_may_have_made(order, bet) for order in core.book.orders.values())
    ]
    for bet in found:
        core.counters.unknown += 1
        core.unknown.add(bet.bet_id)
        core.effects.append(Unknown(bet))
        if core.config.unknown_bets is UnknownBets.CANCEL:
            core.strays[bet.bet_id] = (bet, core.now_ms)
        elif core.config.unknown_bets is UnknownBets.ADOPT:
            _adopt(core, bet)


def _may_have_made(order: Order, bet: Bet) -> bool:
    """Whether a reply may still say that the bet is this order's."""
    return order.bet_id is None and order.is_uncertain and asks_for_such(order.intent, bet)


def _adopt(core: Core, bet: Bet) -> None:
    """The bet becomes an order of ours like any other, with an end of its own."""
    named = bet.order_ref
    is_free = named is not None and is_intent_id(named) and not core.book.knows(named)
    intent = QuoteIntent.place(
        intent_id=named if named is not None and is_free else f"bet-{bet.bet_id}",
        ts_ms=core.now_ms,
        edge="adopted",
        market_id=bet.market_id,
        selection_id=bet.runner[0],
        handicap_centi=bet.runner[1],
        side=bet.side,
        price_centi=bet.price_centi,
        size_centi=bet.size_centi,
        ttl_ms=core.config.windows.adopt_ms,
        dry_run=False,
    )
    core.unclaimed = [other for other in core.unclaimed if other.bet_id != bet.bet_id]
    core.note(records.Adopted(intent, bet))
