"""The venue's whole truth as plain data, for tests: every bet with all its matches, every account,
every book. Sizes and prices in hundredths, money in 1/10,000, times in milliseconds."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Any

from trader.simulator.exchange.accounts import Account
from trader.simulator.exchange.bets import Bet
from trader.simulator.exchange.exposure import exposure_e4
from trader.simulator.exchange.market import ExchangeMarket

if TYPE_CHECKING:
    from trader.simulator.exchange.venue import Venue


def ledger(venue: Venue, first: int = 0, count: int | None = None) -> dict[str, Any]:
    """Everything but the books. Of each account's bets those from number `first` on, in placing
    order, `count` at most; its `bets_total` is how many there are."""
    last = None if count is None else first + count
    return {
        "now_ms": venue.now_ms,
        "seq": venue.seq,
        "accounts": {
            username: account_entry(venue, account, first, last)
            for username, account in venue.accounts.items()
        },
        "undecided": dict(venue.settlements.undecided),
    }


def account_entry(venue: Venue, account: Account, first: int, last: int | None) -> dict[str, Any]:
    """One account, with its bets from number `first` to before `last` and what became of them."""
    bets = list(islice(account.bets.values(), first, last))
    shown = {bet.bet_id for bet in bets}
    settlements = venue.settlements
    return {
        "account_id": account.account_id,
        "balance_e4": account.balance_e4,
        "exposure_e4": exposure_e4(venue, account),
        "commission_e4": account.commission_e4,
        "bets_total": len(account.bets),
        "bets": [bet_entry(bet) for bet in bets],
        "settlements": [
            {
                "market_id": result.market_id,
                "settled_ms": result.settled_ms,
                "gross_e4": result.gross_e4,
                "commission_e4": result.commission_e4,
                "net_e4": result.net_e4,
            }
            for result in settlements.markets.get(account.account_id, ())
        ],
        "cleared": {
            one.bet.bet_id: {"status": one.status, "profit_e4": one.profit_e4}
            for one in settlements.cleared.get(account.account_id, ())
            if one.bet.bet_id in shown
        },
    }


def bet_entry(bet: Bet) -> dict[str, Any]:
    """One bet."""
    return {
        "bet_id": bet.bet_id,
        "market_id": bet.market_id,
        "selection_id": bet.runner[0],
        "handicap_centi": bet.runner[1],
        "side": bet.side,
        "order_type": bet.order_type,
        "status": bet.status,
        "price_centi": bet.price_centi,
        "size_centi": bet.size_centi,
        "matched_centi": bet.matched_centi,
        "remaining_centi": bet.remaining_centi,
        "lapsed_centi": bet.lapsed_centi,
        "cancelled_centi": bet.cancelled_centi,
        "voided_centi": bet.voided_centi,
        "persistence": bet.persistence,
        "placed_ms": bet.placed_ms,
        "customer_order_ref": bet.customer_order_ref,
        "customer_strategy_ref": bet.customer_strategy_ref,
        "matches": [
            {"price_centi": m.price_centi, "size_centi": m.size_centi, "at_ms": m.at_ms}
            for m in bet.matches
        ],
    }


def book(market: ExchangeMarket) -> dict[str, Any]:
    """What a market shows to everybody."""
    return {
        "market_id": market.market_id,
        "status": market.status,
        "in_play": market.definition.in_play,
        "version": market.version,
        "is_settled": market.is_settled,
        "runners": [
            {
                "selection_id": key[0],
                "handicap_centi": key[1],
                "atb": display.ladder("atb"),
                "atl": display.ladder("atl"),
                "trd": display.traded_ladder(),
                "tv_centi": display.total_traded(),
                "ltp": display.values.get("ltp"),
            }
            for key, display in market.runners.items()
        ],
    }
