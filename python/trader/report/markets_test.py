"""Many markets: each has a name of its own, and what is left out is not offered."""

from __future__ import annotations

import re

from trader.report.data import Market, ReportData, RunRow
from trader.report.markets import DETAILS_MAX, details, rows
from trader.report.money import curves_by_market
from trader.report.page import page
from trader.report.testing import made, result, results

IDS = 300


def day() -> ReportData:
    """Two inputs with the same markets."""
    given = [
        result(Market(run, f"1.{number}"), 1000 * run + number)
        for run in (1, 2)
        for number in range(IDS)
    ]
    runs = [RunRow(run, f"day/{run}.json", "done") for run in (1, 2)]
    return made(markets=results(*given), runs=runs)


def test_markets_of_several_inputs_are_told_apart_however_many_there_are() -> None:
    data = day()
    curves = curves_by_market(data)
    table = rows(data, curves)
    names = [row.name for row in table]
    assert len(set(names)) == len(names) == 500
    assert "1.7 (input 2)" in names
    shown = details(data, curves, table)
    assert len(shown) == DETAILS_MAX
    assert dict(shown["1.299 (input 2)"]["facts"])["input"] == "2.json"


def test_a_market_without_details_is_no_button() -> None:
    text = page(day(), []).decode()
    assert "250 markets with small ones stand here alone" in text
    found = re.findall(r'<tr data-market="[^"]+"><td>(<button)?', text)
    assert (len(found), found.count("<button")) == (500, DETAILS_MAX)


def test_an_id_that_stands_alone_is_its_own_name() -> None:
    data = made(markets=results(result(Market(1, "1.1"), 5), result(Market(2, "1.2"), 6)))
    assert [row.name for row in rows(data, {})] == ["1.2", "1.1"]
