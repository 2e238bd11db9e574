"""Execution reports as the venue words them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from trader.simulator.exchange.api.dates import date_of
from trader.simulator.exchange.api.parameters import PlaceInstruction
from trader.simulator.exchange.bets import Bet
from trader.simulator.exchange.stream.market_view import number

Report = dict[str, Any]
ENDED_WELL: Final = "SUCCESS"


def whole(
    reports: Sequence[Report], market_id: str | None, customer_ref: str | None, code: str | None
) -> Report:
    """The report of a request with those of its instructions, which clients want as a list even
    where there are none. `code`: why all of it failed."""
    report: Report = {}
    if customer_ref is not None:
        report["customerRef"] = customer_ref
    failed = sum(1 for one in reports if one["status"] != "SUCCESS")
    if code is not None:
        report |= {"status": "FAILURE", "errorCode": code}
    elif not failed:
        report["status"] = "SUCCESS"
    elif failed == len(reports):
        report |= {"status": "FAILURE", "errorCode": "BET_ACTION_ERROR"}
    else:
        report |= {"status": "PROCESSED_WITH_ERRORS", "errorCode": "PROCESSED_WITH_ERRORS"}
    if market_id is not None:
        report["marketId"] = market_id
    return report | {"instructionReports": list(reports)}


def failed(instruction: Report, code: str) -> Report:
    """An instruction that was not carried out."""
    return {"status": "FAILURE", "errorCode": code, "instruction": instruction}


def not_replaced(instruction: Report, code: str) -> Report:
    """A bet that stays as it is, as it was not cancelled. Clients want both reports."""
    return {
        "status": "FAILURE",
        "errorCode": code,
        "cancelInstructionReport": failed(instruction, code),
        "placeInstructionReport": {"status": "FAILURE", "errorCode": "RELATED_ACTION_FAILED"},
    }


def placed(instruction: Report, bet: Bet) -> Report:
    """An order that is in the market, or went through it."""
    return {
        "status": "SUCCESS",
        "instruction": instruction,
        "betId": bet.bet_id,
        "placedDate": date_of(bet.placed_ms),
        "averagePriceMatched": round(bet.average_price, 8),
        "sizeMatched": number(bet.matched_centi),
        "orderStatus": bet.status,
    }


def pending(instruction: Report) -> Report:
    """An order that was taken, and that nothing more is known of yet (async)."""
    return {"status": "SUCCESS", "instruction": instruction, "orderStatus": "PENDING"}


def cancelled(instruction: Report, size_centi: int, at_ms: int) -> Report:
    """A bet of which so much was cancelled."""
    return {
        "status": "SUCCESS",
        "instruction": instruction,
        "sizeCancelled": number(size_centi),
        "cancelledDate": date_of(at_ms),
    }


def echoed(instruction: PlaceInstruction) -> Report:
    """An instruction as it is given back: with numbers, without what was not there."""
    echo: Report = {"selectionId": instruction.selectionId}
    if instruction.handicap is not None:
        echo["handicap"] = instruction.handicap
    if instruction.limitOrder is not None:
        order = instruction.limitOrder
        terms = {
            "size": order.size,
            "price": order.price,
            "minFillSize": order.minFillSize,
            # The venue does not repeat one that it does not heed.
            "persistenceType": order.persistenceType if order.timeInForce is None else None,
            "timeInForce": order.timeInForce,
        }
        echo["limitOrder"] = {name: value for name, value in terms.items() if value is not None}
    if instruction.limitOnCloseOrder is not None:
        on_close = instruction.limitOnCloseOrder
        echo["limitOnCloseOrder"] = {"liability": on_close.liability, "price": on_close.price}
    if instruction.marketOnCloseOrder is not None:
        echo["marketOnCloseOrder"] = {"liability": instruction.marketOnCloseOrder.liability}
    if instruction.customerOrderRef is not None:
        echo["customerOrderRef"] = instruction.customerOrderRef
    return echo | {"orderType": instruction.orderType, "side": instruction.side}


def echoed_bet(bet: Bet, price_centi: int, size_centi: int) -> Report:
    """The instruction of the new bet of a replacement."""
    name, terms = "limitOrder", {"size": number(size_centi), "price": number(price_centi)}
    persistence: Report = {"persistenceType": bet.persistence}
    if bet.order_type != "LIMIT":
        name, persistence = "limitOnCloseOrder", {}
        terms = {"liability": number(size_centi), "price": number(price_centi)}
    return {
        "selectionId": bet.runner[0],
        "handicap": number(bet.runner[1]),
        name: terms | persistence,
        "orderType": bet.order_type,
        "side": bet.side,
    }
