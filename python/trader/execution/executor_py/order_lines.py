"""Lines of the order stream, and orders of listCurrentOrders, as `BetState`s."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

import msgspec

from trader.betfair.normalize import round_centi
from trader.execution.executor_py.venue_facts import BetState


class _Uo(msgspec.Struct):
    """An order of the stream; keys as the venue spells them."""

    id: str
    s: float
    status: str
    sm: float = 0.0
    sr: float = 0.0
    sl: float = 0.0
    sc: float = 0.0
    sv: float = 0.0
    avp: float | None = None
    p: float = 0.0
    md: int | None = None
    rfo: str | None = None


class _Orc(msgspec.Struct):
    uo: list[_Uo] = []


class _Oc(msgspec.Struct):
    orc: list[_Orc] = []


class _Ocm(msgspec.Struct):
    op: str
    ct: str | None = None
    oc: list[_Oc] = []


_OCM: Final = msgspec.json.Decoder(_Ocm)


def read_order_line(line: bytes) -> tuple[bool, list[BetState]]:
    """(whether it is an image, the states of the bets in it). Raises `msgspec.MsgspecError` for a
    line that is not what the venue sends."""
    message = _OCM.decode(line)
    states = [_of_stream(uo) for market in message.oc for runner in market.orc for uo in runner.uo]
    return message.ct == "SUB_IMAGE", states


def _of_stream(uo: _Uo) -> BetState:
    matched = round_centi(uo.sm)
    return BetState(
        bet_id=uo.id,
        order_ref=uo.rfo,
        size_centi=round_centi(uo.s),
        matched_centi=matched,
        remaining_centi=round_centi(uo.sr),
        cancelled_centi=round_centi(uo.sc),
        lapsed_centi=round_centi(uo.sl),
        voided_centi=round_centi(uo.sv),
        average_price=(uo.avp if uo.avp else uo.p) if matched else 0.0,
        is_complete=uo.status == "EC",
        matched_ms=uo.md,
    )


def of_current_order(order: Mapping[str, Any]) -> BetState:
    """An entry of `currentOrders`."""
    price_size = order.get("priceSize") or {}
    matched = round_centi(order.get("sizeMatched") or 0.0)
    placed = order.get("matchedDate")
    return BetState(
        bet_id=str(order["betId"]),
        order_ref=order.get("customerOrderRef"),
        size_centi=round_centi(price_size.get("size") or 0.0),
        matched_centi=matched,
        remaining_centi=round_centi(order.get("sizeRemaining") or 0.0),
        cancelled_centi=round_centi(order.get("sizeCancelled") or 0.0),
        lapsed_centi=round_centi(order.get("sizeLapsed") or 0.0),
        voided_centi=round_centi(order.get("sizeVoided") or 0.0),
        average_price=float(order.get("averagePriceMatched") or 0.0),
        is_complete=order["status"] in ("EXECUTION_COMPLETE", "EXPIRED"),
        matched_ms=_millis(placed) if placed else None,
    )


def _millis(date: str) -> int:
    return int(datetime.fromisoformat(date).timestamp() * 1000)
