"""What the venue checks of an order before it takes it; each says no with one code."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import Final, Literal

from trader.betfair.books import RestedSide
from trader.betfair.messages import RunnerKey
from trader.simulator.exchange.api.parameters import LimitOrder, PlaceInstruction
from trader.simulator.exchange.bets import OrderType, PersistenceType
from trader.simulator.exchange.market import REMOVED, ExchangeMarket

REF_MAX: Final = 32
STRATEGY_REF_MAX: Final = 15
MIN_SIZE_CENTI: Final = 100
MIN_PAYOUT_E4: Final = 100_000
SP_LAY_LIABILITY_MIN_CENTI: Final = 1_000
SIZE_CENTI_MAX: Final = 10**11
HANDICAP_MAX: Final = 10**6
KILL: Final = "FILL_OR_KILL"
RATIO_LOW: Final = 0.8
RATIO_HIGH: Final = 1.25
_REF: Final = re.compile(r"[A-Za-z0-9:\-._+*;~]+")


class Refused(Exception):  # noqa: N818  (an answer, not a failure of ours)
    """One instruction is refused with a code."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@dataclass(frozen=True, slots=True)
class Terms:
    """A checked order, in hundredths."""

    runner: RunnerKey
    side: RestedSide
    order_type: OrderType
    price_centi: int
    size_centi: int
    persistence: PersistenceType
    time_in_force: Literal["FILL_OR_KILL"] | None
    min_fill_centi: int | None
    order_ref: str | None


def is_ref(ref: str, length: int) -> bool:
    """Whether a reference has the characters and the length the venue takes."""
    return 0 < len(ref) <= length and _REF.fullmatch(ref) is not None


def check(
    instruction: PlaceInstruction, market: ExchangeMarket, time_in_force: str | None = None
) -> Terms:
    """The terms of an instruction on a market; `time_in_force` is that of the whole request.
    Raises `Refused`."""
    ref = instruction.customerOrderRef or None  # an empty one is none
    if ref is not None and not is_ref(ref, REF_MAX):
        raise Refused("INVALID_CUSTOMER_ORDER_REF")
    if instruction.side not in ("BACK", "LAY"):
        raise Refused("INVALID_BID_TYPE")
    side: RestedSide = "BACK" if instruction.side == "BACK" else "LAY"
    runner = _runner(instruction, market)
    if instruction.orderType == "LIMIT" and instruction.limitOrder is not None:
        return _limit(instruction.limitOrder, market, runner, side, ref, time_in_force)
    if time_in_force is not None:  # only what can be matched now can be filled or killed
        raise Refused("INVALID_ORDER_TYPE")
    return _on_close(instruction, market, runner, side, ref)


def _runner(instruction: PlaceInstruction, market: ExchangeMarket) -> RunnerKey:
    handicap = instruction.handicap or 0.0
    if not -HANDICAP_MAX < handicap < HANDICAP_MAX:  # nor is one that is no number
        raise Refused("INVALID_RUNNER")
    key = (instruction.selectionId, round(handicap * 100))
    code = why_not_on(key, market)
    if code is not None:
        raise Refused(code)
    return key


def why_not_on(key: RunnerKey, market: ExchangeMarket) -> str | None:
    """Why no bets are taken on a runner; None where they are."""
    runner = market.runner_definition(key)
    if runner is not None and runner.status == "ACTIVE":
        return None
    return "RUNNER_REMOVED" if runner is not None and runner.status in REMOVED else "INVALID_RUNNER"


def _limit(
    order: LimitOrder,
    market: ExchangeMarket,
    runner: RunnerKey,
    side: RestedSide,
    ref: str | None,
    of_request: str | None,
) -> Terms:
    price_centi = price_on_ladder(order.price, market)
    if order.betTargetType is not None:  # by payout or profit: the venue here has no such bets
        raise Refused("INVALID_BET_SIZE")
    size_centi = whole_centi(order.size)
    persistence, time_in_force = _duration(order, market, of_request)
    if is_too_small(price_centi, size_centi):
        raise Refused("INVALID_BET_SIZE")
    check_ratio(price_centi, size_centi)
    min_fill_centi = None
    if order.minFillSize is not None:
        if order.timeInForce is None:
            raise Refused("UNEXPECTED_MIN_FILL_SIZE")
        min_fill_centi = _min_fill_centi(order.minFillSize, price_centi, size_centi)
    return Terms(
        runner,
        side,
        "LIMIT",
        price_centi,
        size_centi,
        persistence,
        time_in_force,
        min_fill_centi,
        ref,
    )


def is_too_small(price_centi: int, size_centi: int) -> bool:
    """Whether a bet is below the venue's minimum: a size, or a payout of small bets."""
    return size_centi < MIN_SIZE_CENTI and size_centi * price_centi < MIN_PAYOUT_E4


def _min_fill_centi(size: float, price_centi: int, size_centi: int) -> int:
    """The part of an order that must be filled: a bet by itself, no larger than the order."""
    try:
        min_fill_centi = whole_centi(size)
    except Refused:
        raise Refused("INVALID_MIN_FILL_SIZE") from None
    if min_fill_centi > size_centi or is_too_small(price_centi, min_fill_centi):
        raise Refused("INVALID_MIN_FILL_SIZE")
    return min_fill_centi


def _duration(
    order: LimitOrder, market: ExchangeMarket, of_request: str | None
) -> tuple[PersistenceType, Literal["FILL_OR_KILL"] | None]:
    """How long an order is to last. LAPSE says nothing to an order that does not rest, and clients
    send it with all of theirs; what asks for more contradicts FILL_OR_KILL."""
    given = order.persistenceType
    if order.timeInForce is not None and of_request is not None:
        raise Refused("TIME_IN_FORCE_CONFLICT")
    time_in_force = order.timeInForce or of_request
    if time_in_force is None:
        return persistence_of(given or "LAPSE", market), None
    if time_in_force != KILL:
        raise Refused("INVALID_ORDER_TYPE")
    if given not in (None, "LAPSE"):
        raise Refused("UNEXPECTED_PERSISTENCE_TYPE")
    return "LAPSE", "FILL_OR_KILL"


def persistence_of(name: str, market: ExchangeMarket) -> PersistenceType:
    """A persistence that the market knows. Raises `Refused`."""
    if name == "LAPSE":
        return "LAPSE"
    raw = market.raw_definition or {}
    if name == "PERSIST" and raw.get("persistenceEnabled", True):
        return "PERSIST"
    if name == "MARKET_ON_CLOSE" and takes_bets_for_start(market):
        return "MARKET_ON_CLOSE"
    raise Refused("INVALID_PERSISTENCE_TYPE")


def _on_close(
    instruction: PlaceInstruction,
    market: ExchangeMarket,
    runner: RunnerKey,
    side: RestedSide,
    ref: str | None,
) -> Terms:
    """Orders for the starting price."""
    order_type: OrderType
    if instruction.orderType == "LIMIT_ON_CLOSE" and instruction.limitOnCloseOrder is not None:
        order_type = "LIMIT_ON_CLOSE"
        liability = instruction.limitOnCloseOrder.liability
        price_centi = price_on_ladder(instruction.limitOnCloseOrder.price, market)
    elif instruction.orderType == "MARKET_ON_CLOSE" and instruction.marketOnCloseOrder is not None:
        order_type = "MARKET_ON_CLOSE"
        liability = instruction.marketOnCloseOrder.liability
        price_centi = 0
    else:
        raise Refused("INVALID_ORDER_TYPE")
    if not takes_bets_for_start(market):
        raise Refused("MARKET_NOT_OPEN_FOR_BSP_BETTING")
    liability_centi = whole_centi(liability)
    least = MIN_SIZE_CENTI if side == "BACK" else SP_LAY_LIABILITY_MIN_CENTI
    if liability_centi < least:
        raise Refused("INVALID_BET_SIZE")
    return Terms(runner, side, order_type, price_centi, liability_centi, "LAPSE", None, None, ref)


def takes_bets_for_start(market: ExchangeMarket) -> bool:
    """Whether a starting price is still to come."""
    definition = market.definition
    has_sp = bool((market.raw_definition or {}).get("bspMarket"))
    return has_sp and not definition.in_play and not definition.bsp_reconciled


def price_on_ladder(price: float, market: ExchangeMarket) -> int:
    """A price in hundredths that the market's ladder has. Raises `Refused`."""
    if not math.isfinite(price) or not 0 < price < 10**6:
        raise Refused("INVALID_ODDS")
    price_centi = round(price * 100)
    ladder = market.book.ladder
    off = ladder is not None and not ladder.is_on_ladder(price_centi)
    if off or abs(price_centi - price * 100) > 1e-6:
        raise Refused("INVALID_ODDS")
    return price_centi


def whole_centi(size: float | None) -> int:
    """A size in whole hundredths, above 0. Raises `Refused`."""
    if size is None or not math.isfinite(size) or size <= 0:
        raise Refused("INVALID_BET_SIZE")
    size_centi = round(size * 100)
    if not 0 < size_centi <= SIZE_CENTI_MAX or abs(size_centi - size * 100) > 1e-6:
        raise Refused("INVALID_BET_SIZE")
    return size_centi


def check_ratio(price_centi: int, size_centi: int) -> None:
    """A bet must not return 20 % less or 25 % more than it ought, by the rounding of its profit.

    Raises `Refused`.
    """
    exact_e4 = size_centi * (price_centi - 100)
    rounded_e4 = (exact_e4 + 50) // 100 * 100
    if exact_e4 and not RATIO_LOW * exact_e4 <= rounded_e4 <= RATIO_HIGH * exact_e4:
        raise Refused("INVALID_PROFIT_RATIO")
