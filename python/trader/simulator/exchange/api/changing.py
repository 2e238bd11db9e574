"""cancelOrders, replaceOrders and updateOrders.

A replacement is a cancellation and then a placement, which the venue does not undo: where the new
bet is refused the old one is gone all the same (CANCELLED_NOT_PLACED). The new bet has what
remained of the old one, its persistence and its references.
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
)
from trader.simulator.exchange.api.errors import ApiError, ReportError
from trader.simulator.exchange.api.parameters import (
    CancelInstruction,
    CancelOrders,
    ReplaceInstruction,
    ReplaceOrders,
    UpdateInstruction,
    UpdateOrders,
)
from trader.simulator.exchange.api.placing import (
    check_customer_ref,
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
    placed,
    whole,
)
from trader.simulator.exchange.bets import Bet
from trader.simulator.exchange.exposure import exposure_with_e4
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
    reports = []
    for market in list(call.venue.markets.values()):
        if wanted.marketId not in (None, market.market_id) or market.status != "OPEN":
            continue
        for bet in list(market.live.values()):
            if bet.account_id == call.account.account_id and bet.order_type == "LIMIT":
                size_centi = call.venue.cancel(bet)
                if size_centi:
                    echo = {"betId": bet.bet_id}
                    reports.append(cancelled(echo, size_centi, call.venue.now_ms))
    if wanted.marketId is not None and wanted.marketId not in call.venue.markets:
        answer(whole([], wanted.marketId, wanted.customerRef, "INVALID_MARKET_ID"))
        return
    answer(whole(reports, wanted.marketId, wanted.customerRef, None))


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
        raise Refused("INVALID_ORDER_TYPE")
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
        market = open_market(call, market_id)
    except ReportError as error:
        reports = [not_replaced({"betId": str(one.betId)}, IN_ORDER) for one in wanted.instructions]
        answer(whole(reports, market_id, ref, error.code))
        return
    seen = wanted.marketVersion.version if wanted.marketVersion is not None else None
    is_old = seen is not None and market.version > seen
    steps = [_Replacement(call, market, one, is_old=is_old) for one in wanted.instructions]
    call.count_transactions(len(steps))
    delay_ms = 0
    if market.definition.in_play and any(step.is_under_way for step in steps):
        delay_ms = market.definition.bet_delay_s * 1000

    def finish() -> None:
        for step in steps:
            step.place()
        call.venue.flush()
        answer(whole([step.report for step in steps], market_id, ref, None))

    if delay_ms:
        call.venue.timers.after(delay_ms, finish)
    else:
        finish()


class _Replacement:
    """One bet's replacement: cancelled when it is made, placed by `place`."""

    def __init__(
        self, call: Call, market: ExchangeMarket, wanted: ReplaceInstruction, *, is_old: bool
    ) -> None:
        self._call = call
        self._market = market
        self._terms: Terms | None = None
        self._bet: Bet | None = None
        echo = {"betId": str(wanted.betId)}
        try:
            if is_old:
                raise Refused("BET_TAKEN_OR_LAPSED")
            bet = _live_bet(call, market.market_id, str(wanted.betId))
            price_centi = price_on_ladder(wanted.newPrice, market)
            if bet.order_type != "LIMIT":
                raise Refused("INVALID_PRICE_EDIT")
            if price_centi == bet.price_centi:
                raise Refused("NO_ACTION_REQUIRED")
            check_ratio(price_centi, bet.remaining_centi)
        except Refused as error:
            self.report: Report = not_replaced(echo, error.code)
            return
        self._bet = bet
        size_centi = call.venue.cancel(bet)
        self._terms = _terms_of(bet, price_centi, size_centi)
        self.report = {
            "status": "SUCCESS",
            "cancelInstructionReport": cancelled(echo, size_centi, call.venue.now_ms),
        }

    @property
    def is_under_way(self) -> bool:
        """Whether the old bet is cancelled and the new one is to be placed."""
        return self._terms is not None

    def place(self) -> None:
        """Places the new bet, if the old one is gone."""
        terms, old = self._terms, self._bet
        if terms is None or old is None:
            return
        call, market_id = self._call, self._market.market_id
        echo = echoed_bet(old, terms.price_centi, terms.size_centi)
        new = new_bet(call, market_id, terms, old.customer_strategy_ref)
        try:
            open_market(call, market_id)
            runner = self._market.runner_definition(terms.runner)
            if runner is None or runner.status != "ACTIVE":
                raise ReportError("RUNNER_REMOVED")
            exposure = exposure_with_e4(call.venue, call.account, market_id, [new])
            if call.account.balance_e4 + exposure < 0:
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
                raise Refused("INVALID_ORDER_TYPE")
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
