"""The report says what was missed, who gave nothing, and on what machine."""

import json

import pytest

from tests.bench.goals import LIGHT, goals
from tests.bench.report import as_json, markdown, table
from tests.bench.results import Results, file_results
from tests.bench.testing import answer, contestant, recording


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
