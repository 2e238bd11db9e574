"""What a market's new definition does to the bets on it.

- A runner is removed. Its bets: what is unmatched lapses, what is matched is void. On the others
  what was matched before is re-priced by the reduction factor; unmatched lays lapse, or with
  PERSIST are moved to the reduced price.
- The market turns in-play. LAPSE lapses; PERSIST rests on; MARKET_ON_CLOSE leaves the queue and
  waits for the starting price, or lapses where the market has none.
- The starting prices are reconciled. On-close bets are matched at them, or lapse: there is none, or
  one beyond the limit.
- Suspended while in-play. LAPSE lapses (MKT_SUSPENDED); PERSIST rests on. That the venue cancels
  everything after a material event cannot be told from a definition.
- Suspended before the off. Everything rests.
- Closed. What is unmatched lapses; with the results there the market is settled a little later.

Reductions (the venue's rules on non-runners): in win markets factors of 2.5 % and more, on the
whole price; in place markets every factor, on the winnings, and offers to lay are cancelled from
4 % on. Prices after a reduction have two decimals and are on no ladder.
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
    now = market.definition
    _removals(venue, market)
    if before is not UNDEFINED and now.in_play and not before.in_play:
        _turned_in_play(venue, market)
    elif before.in_play and before.status == "OPEN" and now.status == "SUSPENDED":
        for bet in _unmatched(market):
            if bet.order_type == "LIMIT" and bet.persistence == "LAPSE":
                venue.lapse(bet, "MKT_SUSPENDED")
    if now.bsp_reconciled and not before.bsp_reconciled:
        _reconciled(venue, market)
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
    for match in bet.matches:
        if match.before_removals < removals:
            match.price_centi = reduced(match.price_centi, factor_percent, is_place=is_place)
            match.before_removals = removals
            bet.is_price_reduced = True
    if bet.matches:
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


def _turned_in_play(venue: Venue, market: ExchangeMarket) -> None:
    has_sp = bool((market.raw_definition or {}).get("bspMarket"))
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
        price_centi = prices.get(bet.runner)
        if price_centi is None or _is_beyond_limit(bet, price_centi):
            venue.lapse(bet, None)
            continue
        _match_at_start(venue, market, bet, price_centi)


def _is_beyond_limit(bet: Bet, price_centi: int) -> bool:
    if bet.order_type != "LIMIT_ON_CLOSE":
        return False
    return price_centi < bet.price_centi if bet.side == "BACK" else price_centi > bet.price_centi


def _match_at_start(venue: Venue, market: ExchangeMarket, bet: Bet, price_centi: int) -> None:
    """A back is matched with its stake, a lay with the stake that its liability covers."""
    venue.leave(bet)
    stake_centi = bet.remaining_centi
    if bet.side == "LAY":
        liability_centi = bet.remaining_centi
        if bet.order_type == "LIMIT":  # an offer that was kept for the starting price
            liability_centi = bet.remaining_centi * (bet.price_centi - 100) // 100
            if liability_centi < SP_LAY_LIABILITY_MIN_CENTI:
                venue.lapse(bet, "SMALL_STAKE")
                return
        stake_centi = liability_centi * 100 // (price_centi - 100)
    if stake_centi <= 0:
        venue.lapse(bet, "SMALL_STAKE")
        return
    bet.size_centi += stake_centi - bet.remaining_centi
    bet.sp_price_centi = price_centi
    bet.match(price_centi, stake_centi, venue.now_ms, len(market.removals))
    venue.changed(bet)


def _starting_prices(raw: dict[str, Any]) -> dict[RunnerKey, int]:
    """Runner → starting price in hundredths, of those that have one."""
    prices: dict[RunnerKey, int] = {}
    for runner in raw.get("runners") or ():
        price = runner.get("bsp")
        if isinstance(price, int | float) and math.isfinite(price) and price > 1:
            key = (int(runner["id"]), round(float(runner.get("hc") or 0) * 100))
            prices[key] = max(LOWEST_PRICE_CENTI, round(price * 100))
    return prices
