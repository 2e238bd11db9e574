"""placeOrders: orders checked, and put into the market now or after the bet delay.

With best execution on (the venue's rule) one bad instruction fails them all; with it off each
stands for itself. In play the orders wait for the market's bet delay first, and the reply with
them; a market that does not take bets when the delay is over refuses them then.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from trader.betfair.messages import RunnerKey
from trader.simulator.exchange.api.call import Answer, Call
from trader.simulator.exchange.api.checks import (
    REF_MAX,
    STRATEGY_REF_MAX,
    Refused,
    Terms,
    check,
    is_ref,
    why_not_on,
)
from trader.simulator.exchange.api.errors import ApiError, ReportError
from trader.simulator.exchange.api.parameters import MarketVersion, PlaceOrders
from trader.simulator.exchange.api.reports import Report, echoed, failed, pending, placed, whole
from trader.simulator.exchange.bets import Bet
from trader.simulator.exchange.exposure import exposure_e4, exposure_with_e4
from trader.simulator.exchange.market import ExchangeMarket

INSTRUCTIONS_MAX: Final = 200
VERSION_END: Final = 10**12
PASSIVE: Final = "PASSIVE"


def place_orders(call: Call, wanted: PlaceOrders, answer: Answer) -> None:
    """Answers with a PlaceExecutionReport."""
    count = len(wanted.instructions)
    if not 1 <= count <= INSTRUCTIONS_MAX:
        raise ApiError("INVALID_INPUT_DATA", f"{count} instructions, 1 to {INSTRUCTIONS_MAX} go")
    check_customer_ref(wanted.customerRef)
    call.count_instructions(count)
    call.check_room(count)
    request = _Request(call, wanted)
    try:
        if wanted.customerRef is not None and call.is_repeat(f"place {wanted.customerRef}"):
            raise ReportError("DUPLICATE_TRANSACTION")
        market = market_for_bets(call, wanted.marketId, wanted.marketVersion)
        terms = request.checked(market)
    except ReportError as error:
        answer(request.all_failed(error.code))
        return
    waits_ms = delay_ms(market, [t for t in terms if isinstance(t, Terms)])
    if request.is_hopeless(terms) or not (waits_ms or wanted.is_async):
        answer(request.enter(terms))
    elif wanted.is_async:
        call.later(waits_ms, lambda: _discard(request.enter_later(terms)))
        answer(request.taken(terms))
    else:
        call.later(waits_ms, lambda: answer(request.enter_later(terms)))


def check_customer_ref(ref: str | None) -> None:
    """Raises `ApiError` for a customerRef the venue does not take."""
    if ref is not None and not is_ref(ref, REF_MAX):
        raise ApiError("INVALID_INPUT_DATA", "customerRef has bad characters or is too long")


def open_market(call: Call, market_id: str) -> ExchangeMarket:
    """A market that takes bets now. Raises `ReportError`."""
    market = call.venue.markets.get(market_id)
    if market is None:
        raise ReportError("INVALID_MARKET_ID")
    if market.status == "SUSPENDED":
        raise ReportError("MARKET_SUSPENDED")
    if market.status != "OPEN" or market.is_settled:
        raise ReportError("MARKET_NOT_OPEN_FOR_BETTING")
    return market


def market_for_bets(call: Call, market_id: str, seen: MarketVersion | None) -> ExchangeMarket:
    """A market that takes new bets now, of this account with this key. Raises `ReportError`."""
    if call.has_delayed_key:
        raise ReportError("PERMISSION_DENIED")
    version = seen.version if seen is not None else None
    if version is not None and not 0 <= version < VERSION_END:
        raise ReportError("INVALID_MARKET_VERSION")
    return open_market(call, market_id)


def has_moved_past(market: ExchangeMarket, seen: MarketVersion | None) -> bool:
    """Whether a market has another version by now than a client has seen."""
    return seen is not None and seen.version is not None and market.version > seen.version


def new_bet(call: Call, market_id: str, terms: Terms, strategy_ref: str | None) -> Bet:
    """A bet with these terms. It has no id yet, and is in no books."""
    is_on_close = terms.order_type != "LIMIT"
    return Bet(
        bet_id="",
        account_id=call.account.account_id,
        market_id=market_id,
        runner=terms.runner,
        side=terms.side,
        order_type=terms.order_type,
        price_centi=terms.price_centi,
        size_centi=terms.size_centi,
        persistence=terms.persistence,
        placed_ms=call.venue.now_ms,
        time_in_force=terms.time_in_force,
        min_fill_centi=terms.min_fill_centi,
        customer_order_ref=terms.order_ref,
        customer_strategy_ref=strategy_ref,
        liability_centi=terms.size_centi if is_on_close else 0,
    )


def put_in_market(call: Call, bet: Bet) -> None:
    """A bet gets its id, is taken into the books and meets the market."""
    bet.bet_id = call.venue.new_bet_id()
    bet.placed_ms = call.venue.now_ms
    call.venue.record(bet)
    if bet.order_type == "LIMIT":
        call.venue.enter(bet)


class _Request:
    """One placeOrders on its way."""

    def __init__(self, call: Call, wanted: PlaceOrders) -> None:
        self._call = call
        self._wanted = wanted
        self._echoes = [echoed(instruction) for instruction in wanted.instructions]
        self._strategy_ref = wanted.customerStrategyRef or None  # an empty one is none
        self._bets: list[Bet] = []
        """Those that would be placed, as worked out last."""

    def checked(self, market: ExchangeMarket) -> list[Terms | str]:
        """The terms of each instruction, or the code it is refused with."""
        strategy_ref = self._strategy_ref
        if strategy_ref is not None and not is_ref(strategy_ref, STRATEGY_REF_MAX):
            return ["INVALID_CUSTOMER_STRATEGY_REF"] * len(self._echoes)
        if has_moved_past(market, self._wanted.marketVersion):
            return ["BET_TAKEN_OR_LAPSED"] * len(self._echoes)
        found: list[Terms | str] = []
        for instruction in self._wanted.instructions:
            try:
                found.append(check(instruction, market, self._wanted.timeInForce))
            except Refused as error:
                found.append(error.code)
        good = [terms for terms in found if isinstance(terms, Terms)]
        if _would_match_each_other(good):
            return ["INVALID_BACK_LAY_COMBINATION"] * len(self._echoes)
        return self._affordable(found)

    def _affordable(self, found: list[Terms | str]) -> list[Terms | str]:
        """Orders the account has no money for are refused: all of them together, or with best
        execution off each when its turn comes."""
        call, market_id = self._call, self._wanted.marketId
        good = [one for one in found if isinstance(one, Terms)]
        every = [new_bet(call, market_id, terms, self._strategy_ref) for terms in good]
        # What is unmatched never lowers an exposure: who can pay for all can pay for each.
        if not every or is_affordable(call, market_id, every):
            self._bets = every
            return found
        self._bets = []
        left = iter(every)
        for index, terms in enumerate(found):
            if isinstance(terms, str):
                continue
            self._bets.append(next(left))
            if not is_affordable(call, market_id, self._bets):
                self._bets.pop()
                found[index] = "INSUFFICIENT_FUNDS"
        return found

    def is_hopeless(self, terms: Sequence[Terms | str]) -> bool:
        """Whether nothing of it will be placed, so that it need not wait."""
        bad = sum(1 for one in terms if isinstance(one, str))
        return bad == len(terms) or (bad > 0 and self._call.venue.config.best_execution)

    def enter_later(self, terms: list[Terms | str]) -> Report:
        """The bet delay is over."""
        self._call.check_room(len(terms))
        try:
            market = open_market(self._call, self._wanted.marketId)
        except ReportError as error:
            return self.all_failed(error.code)
        is_old = has_moved_past(market, self._wanted.marketVersion)
        for index, one in enumerate(terms):
            if isinstance(one, Terms):
                why = "BET_TAKEN_OR_LAPSED" if is_old else why_not_on(one.runner, market)
                terms[index] = why or one
        report = self.enter(self._affordable(terms))
        self._call.venue.flush()
        return report

    def enter(self, terms: Sequence[Terms | str]) -> Report:
        """Places what is good, unless something bad fails it all."""
        call = self._call
        call.count_transactions(len(terms))
        hopeless = self.is_hopeless(terms)
        bets = iter(self._bets)
        reports = []
        for echo, one in zip(self._echoes, terms, strict=True):
            if isinstance(one, str):
                reports.append(failed(echo, one))
            elif hopeless:
                reports.append(failed(echo, "ERROR_IN_ORDER"))
            else:
                bet = next(bets)
                put_in_market(call, bet)
                reports.append(placed(echo, bet))
        return whole(reports, self._wanted.marketId, self._wanted.customerRef, None)

    def taken(self, terms: Sequence[Terms | str]) -> Report:
        """An asynchronous request is taken."""
        reports = [
            failed(echo, one) if isinstance(one, str) else pending(echo)
            for echo, one in zip(self._echoes, terms, strict=True)
        ]
        return whole(reports, self._wanted.marketId, self._wanted.customerRef, None)

    def all_failed(self, code: str) -> Report:
        """The request was refused as a whole."""
        self._call.count_transactions(len(self._echoes))
        reports = [failed(echo, "ERROR_IN_ORDER") for echo in self._echoes]
        return whole(reports, self._wanted.marketId, self._wanted.customerRef, code)


def _would_match_each_other(terms: Sequence[Terms]) -> bool:
    """Whether a back and a lay of one request would be matched with each other, now or both for
    the starting price within their limits."""
    if len(terms) < 2:
        return False
    lowest_back: dict[tuple[RunnerKey, str], int] = {}
    highest_lay: dict[tuple[RunnerKey, str], int] = {}
    for one in terms:
        if one.order_type == "MARKET_ON_CLOSE":
            continue
        key = (one.runner, one.order_type)
        if one.side == "BACK":
            lowest_back[key] = min(lowest_back.get(key, one.price_centi), one.price_centi)
        else:
            highest_lay[key] = max(highest_lay.get(key, 0), one.price_centi)
    return any(highest_lay.get(key, 0) >= price for key, price in lowest_back.items())


def is_affordable(call: Call, market_id: str, bets: Sequence[Bet]) -> bool:
    """Whether the account has the money for these bets as well, or they risk nothing more."""
    with_e4 = exposure_with_e4(call.venue, call.account, market_id, bets)
    return call.account.balance_e4 + with_e4 >= 0 or with_e4 == exposure_e4(
        call.venue, call.account
    )


def delay_ms(market: ExchangeMarket, terms: Sequence[Terms]) -> int:
    """How long orders wait: the bet delay in play, but for those that would take nothing where
    the market lets passive orders through."""
    definition = market.definition
    if not terms or not definition.in_play or not definition.bet_delay_s:
        return 0
    models = (market.raw_definition or {}).get("betDelayModels") or ()
    if PASSIVE in models and not any(_takes(market, one) for one in terms):
        return 0
    return definition.bet_delay_s * 1000


def _takes(market: ExchangeMarket, terms: Terms) -> bool:
    display = market.runner(terms.runner)
    return terms.order_type != "LIMIT" or display.matching.would_take(
        terms.side, terms.price_centi, display.public
    )


def _discard(report: Report) -> None:
    """Nobody waits for the report of an asynchronous request: the order stream tells."""
    del report
