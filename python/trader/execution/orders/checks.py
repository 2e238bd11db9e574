"""What is refused before the venue would refuse it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from trader.betfair.error_codes import ErrorClass
from trader.execution.interfaces.intents import Action, QuoteIntent, Side
from trader.execution.orders.core import Core
from trader.execution.orders.exposure import liability
from trader.execution.orders.funds import exposure, exposure_of


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why an intent is refused on sight."""

    code: str
    error_class: ErrorClass = "reject"


TTL_PREVENTED: Final = Refusal("TTL_PREVENTED")
"""The deadline has passed: told as EXPIRED."""
TARGET_GONE: Final = Refusal("TARGET_GONE", "gone")
"""No open order of that name."""


def check(core: Core, intent: QuoteIntent) -> Refusal | None:
    """The first thing that speaks against an intent."""
    if intent.action is Action.CANCEL:
        return _check_cancel(core, intent)
    refusal = _check_quote(core, intent)
    if refusal is not None:
        return refusal
    is_place = intent.action is Action.PLACE
    return _check_place(core, intent) if is_place else _check_replace(core, intent)


def _check_quote(core: Core, intent: QuoteIntent) -> Refusal | None:
    """What PLACE and REPLACE have in common."""
    runner = (intent.selection_id, intent.handicap_centi)
    markets, market_id = core.markets, intent.market_id
    ladder_allows = markets.allows(market_id, intent.price_centi)
    against = (
        (core.now_ms >= intent.deadline_ms, TTL_PREVENTED),
        (core.why_halted is not None, Refusal(core.why_halted or "", "halt")),
        (not markets.is_open(market_id), Refusal("MARKET_NOT_OPEN")),
        (markets.is_out(market_id, runner), Refusal("RUNNER_REMOVED")),
        (not ladder_allows, Refusal("INVALID_ODDS")),
    )
    return next((refusal for speaks, refusal in against if speaks), None)


def _check_place(core: Core, intent: QuoteIntent) -> Refusal | None:
    limits = core.config.limits
    # In hundredths of hundredths, so that nothing is rounded.
    payout = intent.price_centi * intent.size_centi
    if intent.size_centi < limits.min_size_centi and payout < limits.min_payout_centi * 100:
        return Refusal("INVALID_BET_SIZE")
    if not _is_profit_fair(intent.price_centi, intent.size_centi):
        return Refusal("INVALID_PROFIT_RATIO")
    market = core.markets.get(intent.market_id)
    known = None if market is None else market.version
    named = intent.market_version
    if known is not None and named is not None and named < known:
        return Refusal("INVALID_MARKET_VERSION")
    if len(core.book.orders) >= limits.max_open_orders:
        return Refusal("MAX_OPEN_ORDERS")
    more = liability(intent.side, intent.price_centi, intent.size_centi)
    return _check_self_match(core, intent) or _check_exposure(core, intent, more)


def _check_replace(core: Core, intent: QuoteIntent) -> Refusal | None:
    target = core.book.order(intent.target_intent_id)
    # Whoever is on the way out cannot be moved.
    if target is None or target.is_unwanted or target.replace is not None or target.is_complete:
        return TARGET_GONE
    of = target.intent
    if (of.market_id, of.selection_id, of.handicap_centi, of.side) != (
        intent.market_id,
        intent.selection_id,
        intent.handicap_centi,
        intent.side,
    ):
        return Refusal("TARGET_MISMATCH")
    if intent.size_centi != 0:
        return Refusal("REPLACE_CHANGES_SIZE")
    if of.price_centi == intent.price_centi:
        return Refusal("NO_ACTION_REQUIRED")
    size = target.remaining_centi
    more = liability(intent.side, intent.price_centi, size)
    more -= liability(of.side, of.price_centi, size)
    return _check_self_match(core, intent) or _check_exposure(core, intent, more)


def _check_cancel(core: Core, intent: QuoteIntent) -> Refusal | None:
    target = core.book.order(intent.target_intent_id)
    if target is None or target.is_complete:
        return TARGET_GONE
    if intent.size_centi != 0 and intent.size_centi >= target.remaining_centi:
        return Refusal("SIZE_REDUCTION_TOO_LARGE")
    return None


def _check_self_match(core: Core, intent: QuoteIntent) -> Refusal | None:
    """Against an order of ours on the other side of the same runner that it would meet."""
    runner = (intent.selection_id, intent.handicap_centi)
    for order in core.book.orders.values():
        of = order.intent
        if of.side is intent.side or of.market_id != intent.market_id or order.runner != runner:
            continue
        is_back = intent.side is Side.BACK
        if (
            of.price_centi >= intent.price_centi
            if is_back
            else of.price_centi <= intent.price_centi
        ):
            return Refusal("SELF_MATCH")
    return None


def _check_exposure(core: Core, intent: QuoteIntent, more: int) -> Refusal | None:
    """`more`: what the order may cost beyond what is there, hundredths of hundredths."""
    limits = core.config.limits
    market = exposure_of(core, intent.market_id) + more
    if market > limits.max_market_exposure_centi * 100:
        return Refusal("MAX_MARKET_EXPOSURE")
    if exposure(core) + more > limits.max_exposure_centi * 100:
        return Refusal("MAX_EXPOSURE")
    return None


def _is_profit_fair(price_centi: int, size_centi: int) -> bool:
    """The venue's rule of rounding: what is paid in hundredths is at least 80 % and at most 125 %
    of what it ought to be."""
    exact = size_centi * (price_centi - 100)
    paid = (exact + 50) // 100 * 100
    return exact * 80 <= paid * 100 <= exact * 125
