"""What a market's new definition does to the bets on it.

| the definition | bets | what happens |
| --- | --- | --- |
| removes a runner | on it, unmatched | lapse (RNR_UNKNOWN) |
| | on it, matched | are void: stakes are returned |
| | on others, matched before | are re-priced, where the factor reduces |
| | LIMIT lays on others, unmatched | lapse; PERSIST moves to the reduced price |
| | all else on others | stays as it is |
| turns in-play | LIMIT with LAPSE | lapses |
| | LIMIT with PERSIST | rests on |
| | LIMIT with MARKET_ON_CLOSE | waits for the starting price; lapses where none is to come |
| has the starting prices | on-close, LIMIT with MARKET_ON_CLOSE | are matched at it, or lapse |
| suspends before the off | all | stay as they are |
| suspends in-play | LIMIT with LAPSE | lapses (MKT_SUSPENDED) |
| | all else | rests on |
| opens again | all | stay as they are |
| closes | all that is unmatched | lapses; once there are results the market is settled |

That the venue cancels everything after a material event in play no definition tells. At the
starting price bets lapse where there is none, it is beyond their limit, or too little is left.
One definition may do several of these; they happen in this order. Once a market is settled nothing
happens any more.

Reductions (the venue's rules on non-runners): in win markets factors of 2.5 % and more reduce the
whole price, and offers to lay lapse from there on; in place markets every factor reduces, the
winnings only, and offers to lay lapse from 4 % on. Reduced prices, and starting prices here, are
rounded to hundredths; they are on no ladder. A lapse has a reason (`lsrc`) where one of the venue's
says it, else none: those are for bets that could not be matched when their turn came.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Final

from trader.betfair.ladder import CLASSIC, Ladder
from trader.betfair.messages import UNDEFINED, Definition, RunnerKey
from trader.simulator.exchange.bets import Bet
from trader.simulator.exchange.market import REMOVED, ExchangeMarket

if TYPE_CHECKING:  # the venue calls this
    from trader.simulator.exchange.venue import Venue

LOWEST_PRICE_CENTI: Final = 101
WIN_FACTOR_MIN_PERCENT: Final = 2.5
PLACE_CANCEL_MIN_PERCENT: Final = 4.0
PLACE_TYPES: Final = frozenset({"PLACE", "OTHER_PLACE", "EACH_WAY"})
SP_LAY_LIABILITY_MIN_CENTI: Final = 1_000


def on_definition(venue: Venue, market: ExchangeMarket, before: Definition) -> None:
    """Called after a new definition was applied and before the new book meets our orders."""
    if market.is_settled:
        return
    now = market.definition
    _removals(venue, market)
    venue.exposures.redefined(market.market_id)
    if before is not UNDEFINED and now.in_play and not before.in_play:
        _turned_in_play(venue, market, is_reconciled=before.bsp_reconciled)
    if now.bsp_reconciled and not before.bsp_reconciled:
        _reconciled(venue, market)
    if before.in_play and before.status == "OPEN" and now.status == "SUSPENDED":
        for bet in _unmatched(market):
            if bet.order_type == "LIMIT" and bet.persistence == "LAPSE":
                venue.lapse(bet, "MKT_SUSPENDED")
    if now.status == "CLOSED":
        for bet in _unmatched(market):
            venue.lapse(bet, None)
        venue.settlements.closed(venue, market)


def _unmatched(market: ExchangeMarket) -> list[Bet]:
    """The bets of a market that have something unmatched, in placing order."""
    return [bet for bet in market.live.values() if bet.remaining_centi > 0]


# --- removals ---------------------------------------------------------------------------------


def _removals(venue: Venue, market: ExchangeMarket) -> None:
    for runner in market.definition.runners:
        if runner.status in REMOVED and runner.key not in market.removals:
            factor_percent = runner.adjustment_factor or 0.0
            market.removals[runner.key] = factor_percent
            if market.bets:
                _removed(venue, market, runner.key, factor_percent)


def _removed(venue: Venue, market: ExchangeMarket, key: RunnerKey, factor_percent: float) -> None:
    """One runner is gone."""
    is_place = market.definition.market_type in PLACE_TYPES
    reduces = factor_percent > 0 and (is_place or factor_percent >= WIN_FACTOR_MIN_PERCENT)
    cancels_from = PLACE_CANCEL_MIN_PERCENT if is_place else WIN_FACTOR_MIN_PERCENT
    removals = len(market.removals)
    for bet in list(market.bets.values()):
        if bet.runner == key:
            venue.lapse(bet, "RNR_UNKNOWN")
            if bet.matches:
                bet.void()
                venue.changed(bet)
            continue
        if reduces:
            _reprice(venue, bet, factor_percent, removals, is_place=is_place)
        if bet.side == "LAY" and bet.order_type == "LIMIT" and bet.remaining_centi > 0:
            if bet.persistence == "PERSIST":
                if reduces:
                    _move_down(venue, market, bet, factor_percent, is_place=is_place)
            elif factor_percent >= cancels_from:
                venue.lapse(bet, None)


def _reprice(
    venue: Venue, bet: Bet, factor_percent: float, removals: int, *, is_place: bool
) -> None:
    """What was matched before the removal is reduced."""
    if bet.reprice(removals, lambda price: reduced(price, factor_percent, is_place=is_place)):
        venue.changed(bet)


def reduced(price_centi: int, factor_percent: float, *, is_place: bool) -> int:
    """A price after a reduction factor, in hundredths, never below 1.01; a half goes up."""
    base = 100 if is_place else 0
    rest = (price_centi - base) * (100.0 - factor_percent) / 100.0
    return max(LOWEST_PRICE_CENTI, base + math.floor(rest + 0.5))


def _move_down(
    venue: Venue, market: ExchangeMarket, bet: Bet, factor_percent: float, *, is_place: bool
) -> None:
    """An offer to lay that is kept is offered at the reduced price: the next one on the ladder."""
    ladder = market.definition.ladder or CLASSIC
    price_centi = _at_or_below(ladder, reduced(bet.price_centi, factor_percent, is_place=is_place))
    if price_centi == bet.price_centi:
        return
    venue.leave(bet)
    bet.price_centi = price_centi
    venue.rest(bet)


def _at_or_below(ladder: Ladder, price_centi: int) -> int:
    if ladder.is_on_ladder(price_centi):
        return price_centi
    return ladder.prev_price(price_centi) or ladder.lowest


# --- the off ----------------------------------------------------------------------------------


def _turned_in_play(venue: Venue, market: ExchangeMarket, *, is_reconciled: bool) -> None:
    has_sp = bool((market.raw_definition or {}).get("bspMarket")) and not is_reconciled
    for bet in _unmatched(market):
        if bet.order_type != "LIMIT" or bet.persistence == "PERSIST":
            continue
        if bet.persistence == "MARKET_ON_CLOSE" and has_sp:
            venue.leave(bet)
        else:
            venue.lapse(bet, None)


def _reconciled(venue: Venue, market: ExchangeMarket) -> None:
    """The starting prices are known."""
    prices = _starting_prices(market.raw_definition or {})
    for bet in _unmatched(market):
        if bet.order_type == "LIMIT" and bet.persistence != "MARKET_ON_CLOSE":
            continue
        price = prices.get(bet.runner)
        if price is None or _is_beyond_limit(bet, price):
            venue.lapse(bet, None)
            continue
        _match_at_start(venue, market, bet, max(LOWEST_PRICE_CENTI, round(price * 100)))


def _is_beyond_limit(bet: Bet, price: float) -> bool:
    """By the exact starting price: one that a limit is only rounded to does not reach it."""
    if bet.order_type != "LIMIT_ON_CLOSE":
        return False
    limit = bet.price_centi / 100
    return price < limit if bet.side == "BACK" else price > limit


def _match_at_start(venue: Venue, market: ExchangeMarket, bet: Bet, price_centi: int) -> None:
    """A back is matched with its stake, a lay with the stake that its liability covers."""
    venue.leave(bet)
    stake_centi = bet.remaining_centi
    if bet.side == "LAY":
        liability_centi = bet.remaining_centi
        if bet.order_type == "LIMIT":  # an offer that was kept for the starting price
            liability_centi = bet.remaining_centi * (bet.price_centi - 100) // 100
            if liability_centi < SP_LAY_LIABILITY_MIN_CENTI:
                venue.lapse(bet, None)
                return
        stake_centi = liability_centi * 100 // (price_centi - 100)
    if stake_centi <= 0:
        venue.lapse(bet, "SMALL_STAKE")
        return
    bet.size_centi += stake_centi - bet.remaining_centi
    bet.sp_price_centi = price_centi
    bet.match(price_centi, stake_centi, venue.now_ms, len(market.removals))
    venue.changed(bet)


def _starting_prices(raw: dict[str, Any]) -> dict[RunnerKey, float]:
    """Runner → starting price, of those that have one: "NaN" and "Infinity" say there is none."""
    prices: dict[RunnerKey, float] = {}
    for runner in raw.get("runners") or ():
        price = runner.get("bsp")
        if isinstance(price, int | float) and math.isfinite(price) and price > 1:
            key = (int(runner["id"]), round(float(runner.get("hc") or 0) * 100))
            prices[key] = float(price)
    return prices
