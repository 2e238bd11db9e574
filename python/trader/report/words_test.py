"""The head says how it went, why, and what must be known before a figure is believed."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from trader.report.data import ReportData, RunRow
from trader.report.money import curve
from trader.report.testing import MARKET, OTHER, SUMMARY, fill, held, made, result, results, worth
from trader.report.words import Head, counted, head, money, percent

ORDERS = Counter({("passive_maker", "PLACE"): 10, ("passive_maker", "CANCEL"): 4})


def head_of(data: ReportData) -> Head:
    return head(data, curve(data)[1])


def traded(**more: Any) -> ReportData:
    won, lost = [fill(1, "BACK", 3.0, 2.0)], [fill(2, "BACK", 3.0, 1.0)]
    fields: dict[str, Any] = {
        "fills": [*won, *lost],
        "held": [held(1, "WINNER", won, 40_000), held(2, "LOSER", lost, -10_000)],
        "markets": results(result(MARKET, 30_000, 1500, fills=2)),
        "intents_by": ORDERS,
    }
    return made(**{**fields, **more})


def test_a_profit_and_where_it_is_from() -> None:
    said = head_of(traded())
    assert (said.net, said.verdict, said.tone) == ("+2.85", "profit", "gain")
    assert said.why.startswith("passive_maker earned 3.00 on 2 fills before commission. ")
    assert "It earned most on runner 1 (the winner, +4.00)" in said.why
    assert "lost most on runner 2 (a loser, \N{MINUS SIGN}1.00)." in said.why
    assert "5\N{NO-BREAK SPACE}% of gross (0.15) went to commission." in said.why
    assert said.alerts == []


def test_a_loss_has_a_sign_and_a_word() -> None:
    said = head_of(traded(markets=results(result(MARKET, -30_000, fills=2))))
    assert (said.net, said.verdict, said.tone) == ("\N{MINUS SIGN}3.00", "loss", "loss")
    assert "No commission is due on a loss." in said.why


def test_what_was_given_back_on_the_way() -> None:
    worths = [worth(1_000_000, 90_000), worth(2_000_000, -20_000), worth(3_000_000, 30_000, 1500)]
    said = head_of(traded(worths=worths))
    assert "It was up 9.00 at 00:16:40 and 11.00 lower by 00:33:20 UTC." in said.why


def test_many_markets_are_told_by_the_best_and_the_worst() -> None:
    more = [fill(7, "LAY", 2.0, 1.0, market=OTHER)]
    data = traded(
        fills=[fill(1, "BACK", 3.0, 2.0), *more],
        markets=results(result(MARKET, 30_000, 1500), result(OTHER, -20_000)),
    )
    said = head_of(data)
    assert "1 of 2 markets won; most came from 1.1 (+2.85); 1.2 cost most" in said.why
    assert "without the best one it would have been a loss" in said.why
    assert [tile.label for tile in said.tiles][-2:] == ["Best market", "Worst market"]


def test_orders_that_nobody_took() -> None:
    statuses = Counter({"PLACED": 10, "EXPIRED": 6, "CANCELLED": 4})
    said = head_of(made(intents_by=ORDERS, statuses=statuses))
    assert said.why == (
        "Nothing was earned because none of the 10 orders was filled: 6 expired, 4 cancelled."
    )


@pytest.mark.parametrize(
    ("summary", "why"),
    [
        (SUMMARY, "Nothing was traded: no edge wanted an order in what it saw."),
        (
            {**SUMMARY, "refused_by_reason": {"net_edge": 3, "exposure_cap": 1200}},
            "every order an edge wanted was refused before it left "
            "(exposure_cap \N{MULTIPLICATION SIGN}1,200, net_edge \N{MULTIPLICATION SIGN}3).",
        ),
    ],
)
def test_nothing_sent(summary: dict[str, Any], why: str) -> None:
    assert head_of(made(summary=summary)).why.endswith(why)


@pytest.mark.parametrize(
    ("more", "level", "text"),
    [
        ({"summary": {**SUMMARY, "interrupted": True}}, "bad", "It was interrupted"),
        ({"summary": {**SUMMARY, "executor_lost": "gone"}}, "bad", "executor was lost: gone."),
        ({"summary": {**SUMMARY, "seam_lost": "x"}}, "bad", "hotloop was lost: x."),
        ({"summary": {**SUMMARY, "seam_errors": 3}}, "warn", "3 stream lines refused"),
        ({"rejects": Counter({"FUNDS": 2, "PRICE": 1})}, "warn", "3 orders rejected: FUNDS"),
        ({"runs": [RunRow(1, "a", None)]}, "bad", "1 input did not come to an end."),
        ({"runs": [RunRow(1, "a", None)], "is_live": True}, "note", "It still runs, or was"),
        ({"runs": [RunRow(1, "a", "failed: x")], "is_live": True}, "bad", "Run 1 failed: x."),
        ({"markets": results(result(MARKET, 1, kind="marked"))}, "note", "1 market did not"),
        (
            {"summary": {**SUMMARY, "exchange": {"net": 1.5, "markets_settled": 1}}},
            "bad",
            "The venue settled +1.50, the ledger has +0.00.",
        ),
    ],
)
def test_what_stands_out_at_the_top(more: dict[str, Any], level: str, text: str) -> None:
    alerts = head_of(made(**more)).alerts
    assert [(alert.level, text in alert.text) for alert in alerts][:1] == [(level, True)]


def test_forms() -> None:
    assert money(-12_345_600) == "\N{MINUS SIGN}1,234.56"
    assert money(-10, signed=True) == "0.00", "no sign where nothing is to be seen"
    assert percent(0.047) == "4.7\N{NO-BREAK SPACE}%"
    assert percent(0.631) == "63\N{NO-BREAK SPACE}%"
    assert (counted(1, "fill"), counted(2000, "fill")) == ("1 fill", "2,000 fills")
