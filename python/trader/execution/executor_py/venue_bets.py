"""Bets as the venue words them: lines of the order stream, `currentOrders` and `clearedOrders`."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Literal, TypeAlias

import msgspec

from trader.betfair.normalize import round_centi
from trader.execution.interfaces.intents import Side
from trader.execution.orders.facts import Bet

Cleared: TypeAlias = Literal["SETTLED", "VOIDED", "LAPSED", "CANCELLED"]
CLEARED: Final[tuple[Cleared, ...]] = ("SETTLED", "VOIDED", "LAPSED", "CANCELLED")
"""In which ways a part of a bet is cleared: what `listClearedOrders` is asked for."""
_SIDES: Final = {"B": Side.BACK, "L": Side.LAY}
UNRELIABLE: Final = 503


class _Uo(msgspec.Struct):
    """An order of the stream; keys as the venue spells them."""

    id: str
    p: float
    s: float
    side: Literal["B", "L"]
    pd: int
    md: int | None = None
    avp: float | None = None
    sm: float = 0.0
    sl: float = 0.0
    sc: float = 0.0
    sv: float = 0.0
    rfo: str | None = None


class _Orc(msgspec.Struct):
    id: int
    hc: float = 0.0
    uo: list[_Uo] = []


class _Oc(msgspec.Struct):
    id: str
    orc: list[_Orc] = []


class _Ocm(msgspec.Struct):
    op: str
    ct: str | None = None
    segmentType: str | None = None  # noqa: N815  (the venue's spelling)
    status: int | None = None
    oc: list[_Oc] = []


_OCM: Final = msgspec.json.Decoder(_Ocm)


@dataclass(frozen=True, slots=True)
class OrderLine:
    """What a line of the order stream says. `is_whole`: not one of several that belong together,
    or the last of them; `is_stale`: the venue says that it may be old."""

    bets: tuple[Bet, ...]
    is_image: bool
    is_whole: bool
    is_stale: bool


def read_order_line(line: bytes) -> OrderLine:
    """Raises `msgspec.MsgspecError` for a line that is not what the venue sends."""
    message = _OCM.decode(line)
    bets = [
        _of_stream(market.id, (runner.id, round_centi(runner.hc)), uo)
        for market in message.oc
        for runner in market.orc
        for uo in runner.uo
    ]
    return OrderLine(
        tuple(bets),
        is_image=message.ct == "SUB_IMAGE",
        is_whole=message.segmentType not in ("SEG_START", "SEG"),
        is_stale=message.status == UNRELIABLE,
    )


def _of_stream(market_id: str, runner: tuple[int, int], uo: _Uo) -> Bet:
    matched = round_centi(uo.sm)
    return Bet(
        bet_id=uo.id,
        order_ref=uo.rfo or None,
        market_id=market_id,
        runner=runner,
        side=_SIDES[uo.side],
        price_centi=round_centi(uo.p),
        size_centi=round_centi(uo.s),
        placed_ms=uo.pd,
        matched_centi=matched,
        value=_value(uo.p if uo.avp is None else uo.avp, matched),
        matched_ms=uo.md,
        cancelled_centi=round_centi(uo.sc),
        lapsed_centi=round_centi(uo.sl),
        voided_centi=round_centi(uo.sv),
    )


def of_current(order: Mapping[str, Any]) -> Bet:
    """An entry of `currentOrders`."""
    asked = order["priceSize"]
    matched = round_centi(order.get("sizeMatched") or 0.0)
    matched_date = order.get("matchedDate")
    return Bet(
        bet_id=str(order["betId"]),
        order_ref=order.get("customerOrderRef") or None,
        market_id=order["marketId"],
        runner=(order["selectionId"], round_centi(order.get("handicap") or 0.0)),
        side=Side(order["side"]),
        price_centi=round_centi(asked["price"]),
        size_centi=round_centi(asked["size"]),
        placed_ms=_millis(order["placedDate"]),
        matched_centi=matched,
        value=_value(order.get("averagePriceMatched") or 0.0, matched),
        matched_ms=None if matched_date is None else _millis(matched_date),
        cancelled_centi=round_centi(order.get("sizeCancelled") or 0.0),
        lapsed_centi=round_centi(order.get("sizeLapsed") or 0.0),
        voided_centi=round_centi(order.get("sizeVoided") or 0.0),
    )


def of_cleared(parts: Iterable[tuple[Cleared, Mapping[str, Any]]]) -> list[Bet]:
    """The bets whose parts were cleared in these ways: all of each, for a bet is cleared whole."""
    bets: dict[str, Bet] = {}
    for way, order in parts:
        bet_id = str(order["betId"])
        bets[bet_id] = _with_part(bets.get(bet_id) or _blank(order), way, order)
    return list(bets.values())


def _blank(order: Mapping[str, Any]) -> Bet:
    return Bet(
        bet_id=str(order["betId"]),
        order_ref=order.get("customerOrderRef") or None,
        market_id=order["marketId"],
        runner=(order["selectionId"], round_centi(order.get("handicap") or 0.0)),
        side=Side(order["side"]),
        price_centi=round_centi(order.get("priceRequested") or 0.0),
        size_centi=0,
        placed_ms=_millis(order["placedDate"]),
        matched_centi=0,
        value=0,
        matched_ms=None,
        cancelled_centi=0,
        lapsed_centi=0,
        voided_centi=0,
    )


def _with_part(bet: Bet, way: Cleared, order: Mapping[str, Any]) -> Bet:
    settled = order.get("sizeSettled") or 0.0
    size = round_centi(
        settled if way == "SETTLED" else max(settled, order.get("sizeCancelled") or 0.0)
    )
    bet = dataclasses.replace(bet, size_centi=bet.size_centi + size)
    match way:
        case "SETTLED":
            matched_date = order.get("lastMatchedDate")
            return dataclasses.replace(
                bet,
                matched_centi=bet.matched_centi + size,
                value=bet.value + _value(order.get("priceMatched") or 0.0, size),
                matched_ms=None if matched_date is None else _millis(matched_date),
            )
        case "VOIDED":
            return dataclasses.replace(bet, voided_centi=bet.voided_centi + size)
        case "LAPSED":
            return dataclasses.replace(bet, lapsed_centi=bet.lapsed_centi + size)
        case "CANCELLED":
            return dataclasses.replace(bet, cancelled_centi=bet.cancelled_centi + size)


def _value(price: float, size_centi: int) -> int:
    """Price times size, from an average price and hundredths of size."""
    return round(price * 100.0 * size_centi)


def _millis(date: str) -> int:
    return round(datetime.fromisoformat(date).timestamp() * 1000)
