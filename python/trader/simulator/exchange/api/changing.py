"""cancelOrders, replaceOrders and updateOrders.

A replacement is a cancellation and then a placement, which the venue does not undo: where the new
bet is refused the old one is gone all the same (CANCELLED_NOT_PLACED). The new bet has what
remained of the old one, its persistence and its references.

Bets for the starting price stay: none is cancelled or updated. Only the limit of a LIMIT_ON_CLOSE
bet can be replaced, by one that makes a match more likely.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from trader.simulator.exchange.api.call import Answer, Call
from trader.simulator.exchange.api.checks import (
    Refused,
    Terms,
    check_ratio,
    persistence_of,
    price_on_ladder,
    whole_centi,
    why_not_on,
)
from trader.simulator.exchange.api.errors import ApiError, ReportError
from trader.simulator.exchange.api.parameters import (
    CancelInstruction,
    CancelOrders,
    MarketVersion,
    ReplaceInstruction,
    ReplaceOrders,
    UpdateInstruction,
    UpdateOrders,
)
from trader.simulator.exchange.api.placing import (
    check_customer_ref,
    delay_ms,
    has_moved_past,
    is_affordable,
    market_for_bets,
    new_bet,
    open_market,
    put_in_market,
)
from trader.simulator.exchange.api.reports import (
    Report,
    cancelled,
    echoed_bet,
    failed,
    not_replaced,
    pending,
    placed,
    whole,
)
from trader.simulator.exchange.bets import Bet
from trader.simulator.exchange.market import ExchangeMarket

INSTRUCTIONS_MAX: Final = 60
IN_ORDER: Final = "ERROR_IN_ORDER"
"""What each instruction of a request that is refused as a whole is answered with."""

Instructions = (
    Sequence[CancelInstruction] | Sequence[ReplaceInstruction] | Sequence[UpdateInstruction]
)


def cancel_orders(call: Call, wanted: CancelOrders, answer: Answer) -> None:
    """Answers with a CancelExecutionReport."""
    check_customer_ref(wanted.customerRef)
    if wanted.instructions:
        if wanted.marketId is None:
            raise ApiError("INVALID_INPUT_DATA", "instructions need a marketId")
        answer(_in_market(call, wanted, wanted.marketId, wanted.instructions))
        return
    answer(_all(call, wanted))


def _all(call: Call, wanted: CancelOrders) -> Report:
    """Cancels every bet of a market, or of the account where its market is open."""
    try:
        markets = [
            market
            for market in call.venue.markets.values()
            if wanted.marketId is None and market.status == "OPEN"
        ]
        if wanted.marketId is not None:
            markets = [open_market(call, wanted.marketId)]
    except ReportError as error:
        return whole([], wanted.marketId, wanted.customerRef, error.code)
    reports = []
    for market in markets:
        for bet in list(market.live.values()):
            if bet.account_id == call.account.account_id and bet.order_type == "LIMIT":
                size_centi = call.venue.cancel(bet)
                if size_centi:
                    echo = {"betId": bet.bet_id}
                    reports.append(cancelled(echo, size_centi, call.venue.now_ms))
    return whole(reports, wanted.marketId, wanted.customerRef, None)


def _in_market(
    call: Call, wanted: CancelOrders, market_id: str, instructions: Sequence[CancelInstruction]
) -> Report:
    try:
        _check_count(call, instructions)
        open_market(call, market_id)
    except ReportError as error:
        reports = [failed(_cancel_echo(instruction), IN_ORDER) for instruction in instructions]
        return whole(reports, market_id, wanted.customerRef, error.code)
    reports = []
    for instruction in instructions:
        echo = _cancel_echo(instruction)
        try:
            bet = _live_bet(call, market_id, str(instruction.betId))
            size_centi = _cancel(call, bet, instruction.sizeReduction)
            reports.append(cancelled(echo, size_centi, call.venue.now_ms))
        except Refused as error:
            call.count_transactions(1)
            reports.append(failed(echo, error.code))
    return whole(reports, market_id, wanted.customerRef, None)


def _cancel_echo(instruction: CancelInstruction) -> Report:
    echo: Report = {"betId": str(instruction.betId)}
    if instruction.sizeReduction is not None:
        echo["sizeReduction"] = instruction.sizeReduction
    return echo


def _cancel(call: Call, bet: Bet, reduction: float | None) -> int:
    if bet.order_type != "LIMIT":
        raise Refused("BET_TAKEN_OR_LAPSED")
    if reduction is None:
        return call.venue.cancel(bet)
    size_centi = whole_centi(reduction)
    left = bet.remaining_centi - size_centi
    if left > 0:
        check_ratio(bet.price_centi, left)
    return call.venue.cancel(bet, size_centi)


def replace_orders(call: Call, wanted: ReplaceOrders, answer: Answer) -> None:
    """Answers with a ReplaceExecutionReport."""
    check_customer_ref(wanted.customerRef)
    market_id, ref = wanted.marketId, wanted.customerRef
    try:
        _check_count(call, wanted.instructions)
        if ref is not None and call.is_repeat(f"replace {ref}"):
            raise ReportError("DUPLICATE_TRANSACTION")
        market = market_for_bets(call, market_id, wanted.marketVersion)
    except ReportError as error:
        reports = [not_replaced({"betId": str(one.betId)}, IN_ORDER) for one in wanted.instructions]
        answer(whole(reports, market_id, ref, error.code))
        return
    call.check_room(len(wanted.instructions))
    seen = wanted.marketVersion
    steps = [_Replacement(call, market, one, seen) for one in wanted.instructions]
    call.count_transactions(len(steps))
    waits_ms = delay_ms(market, [step.terms for step in steps if step.terms is not None])

    def finish() -> None:
        for step in steps:
            step.place()
        call.venue.flush()

    def report() -> Report:
        return whole([step.report for step in steps], market_id, ref, None)

    def finish_and_tell() -> None:
        finish()
        answer(report())

    if wanted.is_async and any(step.terms is not None for step in steps):
        call.later(waits_ms, finish)
        for step in steps:
            step.await_place()
        answer(report())
    elif waits_ms:
        call.later(waits_ms, finish_and_tell)
    else:
        finish_and_tell()


class _Replacement:
    """One bet's replacement: cancelled when it is made, placed by `place`."""

    def __init__(
        self,
        call: Call,
        market: ExchangeMarket,
        wanted: ReplaceInstruction,
        seen: MarketVersion | None,
    ) -> None:
        self._call = call
        self._market = market
        self._seen = seen
        self.terms: Terms | None = None
        """What the new bet is placed with; None where the old one was not cancelled."""
        self._bet: Bet | None = None
        echo = {"betId": str(wanted.betId)}
        try:
            if has_moved_past(market, seen):
                raise Refused("BET_TAKEN_OR_LAPSED")
            bet = _live_bet(call, market.market_id, str(wanted.betId))
            if bet.order_type == "MARKET_ON_CLOSE":  # it has no price
                raise Refused("BET_TAKEN_OR_LAPSED")
            price_centi = price_on_ladder(wanted.newPrice, market)
            if price_centi == bet.price_centi:
                raise Refused("NO_ACTION_REQUIRED")
            if bet.order_type == "LIMIT":
                check_ratio(price_centi, bet.remaining_centi)
            elif (price_centi > bet.price_centi) is (bet.side == "BACK"):
                raise Refused("INVALID_PRICE_EDIT")
        except Refused as error:
            self.report: Report = not_replaced(echo, error.code)
            return
        self._bet = bet
        size_centi = call.venue.cancel(bet)
        self.terms = _terms_of(bet, price_centi, size_centi)
        self.report = {
            "status": "SUCCESS",
            "cancelInstructionReport": cancelled(echo, size_centi, call.venue.now_ms),
        }

    def await_place(self) -> None:
        """The report says so far that the new bet, if there is to be one, is on its way."""
        if self.terms is not None and self._bet is not None:
            echo = echoed_bet(self._bet, self.terms.price_centi, self.terms.size_centi)
            self.report = self.report | {"placeInstructionReport": pending(echo)}

    def place(self) -> None:
        """Places the new bet, if the old one is gone."""
        terms, old = self.terms, self._bet
        if terms is None or old is None:
            return
        call, market_id = self._call, self._market.market_id
        echo = echoed_bet(old, terms.price_centi, terms.size_centi)
        new = new_bet(call, market_id, terms, old.customer_strategy_ref)
        try:
            open_market(call, market_id)
            if has_moved_past(self._market, self._seen):
                raise ReportError("BET_TAKEN_OR_LAPSED")
            why = why_not_on(terms.runner, self._market)
            if why is not None:
                raise ReportError(why)
            if not is_affordable(call, market_id, [new]):
                raise ReportError("INSUFFICIENT_FUNDS")
        except ReportError as error:
            self.report |= {
                "status": "FAILURE",
                "errorCode": "CANCELLED_NOT_PLACED",
                "placeInstructionReport": failed(echo, error.code),
            }
            return
        put_in_market(call, new)
        self.report["placeInstructionReport"] = placed(echo, new)


def update_orders(call: Call, wanted: UpdateOrders, answer: Answer) -> None:
    """Answers with an UpdateExecutionReport."""
    check_customer_ref(wanted.customerRef)
    try:
        _check_count(call, wanted.instructions)
        market = open_market(call, wanted.marketId)
    except ReportError as error:
        failures = [
            failed(_update_echo(instruction), IN_ORDER) for instruction in wanted.instructions
        ]
        answer(whole(failures, wanted.marketId, wanted.customerRef, error.code))
        return
    reports: list[Report] = []
    for instruction in wanted.instructions:
        echo = _update_echo(instruction)
        try:
            bet = _live_bet(call, wanted.marketId, str(instruction.betId))
            if bet.order_type != "LIMIT":
                raise Refused("BET_TAKEN_OR_LAPSED")
            persistence = persistence_of(instruction.newPersistenceType, market)
            if persistence == bet.persistence:
                raise Refused("NO_ACTION_REQUIRED")
            bet.persistence = persistence
            call.venue.changed(bet)
            reports.append({"status": "SUCCESS", "instruction": echo})
        except Refused as error:
            reports.append(failed(echo, error.code))
    answer(whole(reports, wanted.marketId, wanted.customerRef, None))


def _update_echo(instruction: UpdateInstruction) -> Report:
    return {
        "betId": str(instruction.betId),
        "newPersistenceType": instruction.newPersistenceType,
    }


def _check_count(call: Call, instructions: Instructions) -> None:
    """Raises `ApiError` for too many or none, `ReportError` for a bet that is named twice."""
    count = len(instructions)
    if not 1 <= count <= INSTRUCTIONS_MAX:
        raise ApiError("INVALID_INPUT_DATA", f"{count} instructions, 1 to {INSTRUCTIONS_MAX} go")
    call.count_instructions(count)
    if len({str(instruction.betId) for instruction in instructions}) < count:
        raise ReportError("DUPLICATE_BETIDS")


def _live_bet(call: Call, market_id: str, bet_id: str) -> Bet:
    """A bet of the account that has something unmatched. Raises `Refused`."""
    bet = call.account.bets.get(bet_id)
    if bet is None or bet.market_id != market_id:
        raise Refused("INVALID_BET_ID")
    if not bet.is_executable or bet.remaining_centi <= 0:
        raise Refused("BET_TAKEN_OR_LAPSED")
    return bet


def _terms_of(bet: Bet, price_centi: int, size_centi: int) -> Terms:
    """What the new bet of a replacement is placed with."""
    return Terms(
        runner=bet.runner,
        side=bet.side,
        order_type=bet.order_type,
        price_centi=price_centi,
        size_centi=size_centi,
        persistence=bet.persistence,
        time_in_force=None,
        min_fill_centi=None,
        order_ref=bet.customer_order_ref,
    )
