"""For tests of the report: data as if read from a blotter."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from trader.report.data import Fill, Held, Market, MarketResult, ReportData, Runner, RunRow, Worth

MARKET: Final = Market(1, "1.1")
OTHER: Final = Market(2, "1.2")
CONFIG: Final[dict[str, Any]] = {
    "hotloop": {"pfill": {"horizon_ms": 5000}},
    "execution": {"dry_run": True},
    "report": {
        "enabled": True,
        "every_lines": 1,
        "curve_every_ms": 1,
        "ladder_every_ms": 1,
        "ladder_levels": 3,
    },
}
SUMMARY: Final[dict[str, Any]] = {
    "interrupted": False,
    "executor_lost": None,
    "seam_lost": None,
    "seam_errors": 0,
    "reseeds": 0,
    "transaction_charges": 0.0,
    "pnl": {"gross": 0.0, "commission": 0.0, "net": 0.0},
}


def made(**more: Any) -> ReportData:
    """A replay of one input in which nothing happened, but for `more`."""
    fields: dict[str, Any] = {
        "shown": "out",
        "is_live": False,
        "summary": SUMMARY,
        "runs": [RunRow(1, "day/a.json", "done")],
        "config": CONFIG,
        "profile": "dry",
        "backends": ("rust", "python"),
        "version": "0.1.0",
    }
    return ReportData(**{**fields, **more})


def result(
    market: Market, gross_e4: int, commission_e4: int = 0, *, kind: str = "settled", fills: int = 1
) -> MarketResult:
    return MarketResult(market, kind, gross_e4, commission_e4, "", intents=4, fills=fills)


def results(*given: MarketResult) -> dict[Market, MarketResult]:
    return {one.market: one for one in given}


def fill(
    selection_id: int,
    side: str,
    price: float,
    size: float,
    *,
    edge: str = "passive_maker",
    market: Market = MARKET,
    ts_ms: int = 1000,
) -> Fill:
    runner = Runner(market, selection_id, 0)
    return Fill(runner, ts_ms, edge, side, round(price * 100), round(size * 100))


def held(selection_id: int, status: str, fills: Sequence[Fill], gross_e4: int) -> Held:
    """What some fills on one runner came to."""
    win_e4 = lose_e4 = 0
    for one in fills:
        sign = 1 if one.side == "BACK" else -1
        win_e4 += sign * one.size_centi * (one.price_centi - 100)
        lose_e4 -= sign * one.size_centi * 100
    backed = sum(one.size_centi for one in fills if one.side == "BACK")
    laid = sum(one.size_centi for one in fills if one.side == "LAY")
    runner = Runner(fills[0].runner.market, selection_id, 0)
    return Held(runner, status, backed, laid, win_e4, lose_e4, gross_e4)


def worth(ts_ms: int, gross_e4: int, commission_e4: int = 0, market: Market = MARKET) -> Worth:
    return Worth(ts_ms, market, gross_e4, commission_e4)
