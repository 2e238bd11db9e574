"""The report says what was missed, who gave nothing, and on what machine."""

import json

import pytest

from tests.bench.goals import LIGHT, goals
from tests.bench.report import as_json, markdown
from tests.bench.results import Results, file_results
from tests.bench.tables import table
from tests.bench.testing import answer, contestant, decision, recording


@pytest.fixture(scope="module")
def results() -> Results:
    names = ["hotloop", "betfair_data", "flumine"]
    silent = answer(1, silent=True, notes=["0 books"], counts={"books": 0})
    answers = {
        "hotloop": [answer(800), answer(900)],
        "betfair_data": [silent, silent],
        "flumine": [answer(80_000), answer(90_000)],
    }
    file = file_results(recording(LIGHT), [contestant(name) for name in names], answers)
    head = {"date": "2026-01-01", "CPU": "made|up", "timer pair": "60 ns", "command": "`bench`"}
    return Results(head, [file], {})


def line_of(text: str, begin: str) -> list[str]:
    line = next(line for line in text.splitlines() if line.startswith(f"| {begin} "))
    return [cell.strip() for cell in line.strip("|").split(" | ")]


def test_a_goal_missed_is_said_as_missed(results: Results) -> None:
    text = markdown(results, goals(results))
    assert line_of(text, f"`hotloop` on {LIGHT}, mean")[1:] == ["≤ 600 ns", "850 ns", "**no**"]
    assert line_of(text, f"faster than flumine on {LIGHT}")[-1] == "yes"


def test_a_row_has_its_figures(results: Results) -> None:
    cells = line_of(markdown(results, goals(results)), "flumine")
    assert cells[2:7] == ["85.00 (80.00 to 90.00)", "72.00", "1.00", "3.50", "9.00"]
    assert cells[7:10] == ["11,765", "100.00 (100.00 to 100.00)", "100.00"]


def test_who_gives_no_books_has_no_speed(results: Results) -> None:
    cells = line_of(markdown(results, goals(results)), "betfair_data")
    assert cells[2:] == ["-"] * 8 + ["0", "0 books"]


def test_each_race_has_a_table_that_says_what_was_done() -> None:
    did = {"placed": 1_250, "moved": 2, "cancelled": 0, "fills": 3, "digest": 0xAB}
    peer = {name: count for name, count in did.items() if name != "digest"}
    answers = {
        "hotloop": [answer(1)],
        "orders": [answer(10, counts=did)],
        "orders-flumine": [answer(45, counts={**peer, "rejected": 4})],
        "replay": [answer(1, counts={"looks": 7_000, "placed": 0})],
    }
    file = file_results(recording(LIGHT), list(map(contestant, answers)), answers)
    text = markdown(Results({"timer pair": "60 ns"}, [file], {}), [])
    titles = [line for line in text.splitlines() if line.startswith("### ")]
    assert titles == ["### Replay without orders", "### Replay with orders"]
    assert line_of(text, "orders")[10] == "1,250 placed, 2 moved, 3 fills, digest 0000000000ab"
    assert line_of(text, "orders-flumine")[10] == "1,250 placed, 2 moved, 3 fills, 4 rejected"
    assert line_of(text, "orders-flumine")[8] == "4.50 (4.50 to 4.50)"
    assert line_of(text, "replay")[10] == "7,000 looks"


def test_decisions_are_told_in_microseconds_and_as_ratios() -> None:
    measured = {"decision": {"files": {LIGHT: decision(40.0, 120.0)}}}
    text = markdown(Results({"timer pair": "60 ns"}, [], measured), [])
    rust, python, ratio = (
        [cell.strip() for cell in line.strip("|").split(" | ")][1:]
        for line in text.splitlines()
        if line.startswith(f"| {LIGHT} ")
    )
    figures = ["7", "40.00", "120.00", "120.00"]
    assert rust == ["rust", "9", "1", *figures, *figures, *figures]
    assert python[3:7] == ["0", "-", "-", "-"]
    assert ratio[4:] == ["-", "-", "-", "", "-", "-", "-", "", "2.00 x", "2.00 x", "2.00 x"]


def test_json_has_every_round(results: Results) -> None:
    written = json.loads(json.dumps(as_json(results, goals(results))))
    rows = written["files"][0]["contestants"]
    assert len(rows["flumine"]["rounds"]) == 2
    assert rows["betfair_data"]["mean_ns"] is None
    assert written["goals"][0]["verdict"] == "missed"
    assert written["head"]["CPU"] == "made|up"


def test_a_table_stays_a_table() -> None:
    lines = table(["a", "b"], [("x|y", "1"), ("long cell", "")]).splitlines()
    assert len({len(line) for line in lines}) == 1
    assert "x\\|y" in lines[2]
