"""The table in text, on a terminal and for scripts."""

from __future__ import annotations

import io
import json

from rich.console import Console

from trader.simulator.compare import Comparison, Difference, How
from trader.simulator.compare_report import as_json, end_lines, head_lines, table, text_lines
from trader.simulator.compare_rows import Row

HOW = How("out-a", "replay", "rust", "python", "raw", "dry", "0.1.0")
OTHER = How("out-b", "replay", "python", "python", "raw", "", "0.1.0")


def comparison(*rows: Row, first: Difference | None = None) -> Comparison:
    return Comparison(HOW, OTHER, rows, first)


def test_text_is_aligned_and_says_which_rows_differ() -> None:
    parts = (Row("PLACE", 1200, 1200, equal=True), Row("REPLACE", 34, 33, equal=False))
    rows = (
        Row("lines", 18529, 18529, equal=True),
        Row("intents", 1234, 1233, equal=False, parts=parts),
        Row("fee share", None, 0.25, equal=False),
        Row("decision p50, µs", 4.25, 8.5, None, ratio=2.0),
    )
    assert list(text_lines(comparison(*rows))) == [
        "                       A       B  equal",
        "lines             18,529  18,529  ✓",
        "intents            1,234   1,233  ≠",
        "  PLACE            1,200   1,200  ✓",
        "  REPLACE             34      33  ≠",
        "fee share           none    0.25  ≠",
        "decision p50, µs    4.25     8.5         B:A 2",
    ]


def test_values_that_differ_beyond_the_digits_shown_are_written_out() -> None:
    text = list(text_lines(comparison(Row("ratio", 0.1, 0.1 + 1e-12, equal=False))))
    assert "0.1  0.10000000000100001  ≠" in text[1]


def test_stream_times_are_shown_as_times() -> None:
    row = Row("race.json", 1657537164042, None, equal=False, is_time=True)
    assert "07-11 10:59:24.042  none  ≠" in list(text_lines(comparison(row)))[1]


def test_a_narrow_terminal_cuts_names_and_no_values() -> None:
    row = Row("a name of more than twenty characters", 123456789, 987654321, equal=False)
    out = io.StringIO()
    console = Console(file=out, force_terminal=True, width=50, color_system=None)
    console.print(table(comparison(row), console.width))
    assert out.getvalue().splitlines()[1].split() == [
        *("a", "name", "of", "more", "than…", "123,456,789", "987,654,321", "≠"),
    ]


def test_many_parts_are_cut_with_those_that_differ_first() -> None:
    parts = tuple(Row(f"1.{n}", n, n + (n == 77), equal=n != 77) for n in range(100))
    text = list(text_lines(comparison(Row("P&L, net", 1, 1, equal=False, parts=parts))))
    assert len(text) == 1 + 1 + 20 + 1
    assert text[2].split() == ["1.77", "77", "78", "≠"]
    assert text[-1].strip() == "and 80 more (--json has all)"
    assert (
        len(as_json(comparison(Row("x", 1, 1, equal=True, parts=parts)))["rows"][0]["parts"]) == 100
    )


def test_the_first_difference_is_shown_in_detail() -> None:
    first = Difference(
        "intents", {"run": 1, "intent_id": "01G", "input": "a"}, "side", "BACK", None
    )
    rows = (Row("lines", 1, 1, equal=True), Row("blotter: intents", 3, 3, equal=False))
    assert list(end_lines(comparison(*rows, first=first))) == [
        "different: 1 of 2 rows: blotter: intents",
        "first difference: intents: run 1, intent_id 01G, input a, side",
        "  A: BACK",
        "  B: none",
    ]
    assert list(end_lines(comparison(rows[0], Row("t", 1, 2, None)))) == [
        "equal: all 1 rows (times decide nothing)"
    ]


def test_the_head_says_with_what_each_was_made() -> None:
    assert list(head_lines(comparison())) == [
        "A: out-a: replay, hotloop rust, execution python, feed raw, profile dry, trader 0.1.0",
        "B: out-b: replay, hotloop python, execution python, feed raw, profile none, trader 0.1.0",
    ]


def test_on_a_terminal_it_is_one_line_a_row_and_names_are_not_markup() -> None:
    note = "runners[0].backed [red]"
    rows = (
        Row("lines", 5, 5, equal=True),
        Row("1.1 [bold]", 5, 6, equal=False, note=note),
        Row("time", 1.5, 3, None, ratio=2.0),
    )
    out = io.StringIO()
    Console(file=out, force_terminal=True, width=100, color_system=None).print(
        table(comparison(*rows), 100)
    )
    lines = [line.split() for line in out.getvalue().splitlines()]
    assert lines == [
        ["A", "B", "equal"],
        ["lines", "5", "5", "✓"],
        ["1.1", "[bold]", "5", "6", "≠", "runners[0].backed", "[red]"],
        ["time", "1.5", "3", "B:A", "2"],
    ]


def test_for_scripts_everything_is_there() -> None:
    row = Row("p_fill", 3, 3, equal=False, note="1 order differs", parts=(Row("none", 1, 1, True),))
    first = Difference("estimates", {"run": 1, "intent_id": "01G"}, "p_fill", 0.5, None)
    document = json.loads(json.dumps(as_json(comparison(row, first=first))))
    assert document["equal"] is False
    assert document["a"]["hotloop"] == "rust"
    assert document["rows"][0]["parts"][0]["name"] == "none"
    assert document["first_difference"] == {
        "table": "estimates",
        "key": {"run": 1, "intent_id": "01G"},
        "column": "p_fill",
        "a": 0.5,
        "b": None,
    }
