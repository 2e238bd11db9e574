"""A goal missed is said as missed, and one that was not measured as just that."""

from collections.abc import Mapping
from typing import Any

import pytest

from tests.bench.goals import LIGHT, LIVE, NOT_HERE, PRO, goals
from tests.bench.results import Results, file_results
from tests.bench.testing import answer, contestant, decision, recording


def verdicts(
    file: str, means: Mapping[str, float], measured: dict[str, Any] | None = None
) -> dict[str, str]:
    """{what: verdict} of a run of one round over one file."""
    contestants = [contestant(name) for name in means]
    answers = {name: [answer(mean)] for name, mean in means.items()}
    results = Results({}, [file_results(recording(file), contestants, answers)], measured or {})
    return {goal.what: goal.verdict for goal in goals(results)}


def test_reached_and_missed_are_told_apart() -> None:
    found = verdicts(LIGHT, {"hotloop": 600, "betfair_data": 1_400, "flumine": 42_000})
    assert found[f"`hotloop` on {LIGHT}, mean"] == "met"
    assert found[f"`hotloop` on {LIGHT}, p99"] == "missed"
    assert found[f"faster than betfair_data on {LIGHT}"] == "missed"
    assert found[f"faster than flumine on {LIGHT}"] == "met"
    assert found[f"faster than betfairlightweight on {LIGHT}"] == "not measured"


@pytest.mark.parametrize(("mean_ns", "verdict"), [(5_000, "met"), (5_010, "missed")])
def test_live_lines_a_second(mean_ns: float, verdict: str) -> None:
    assert verdicts(LIVE, {"hotloop": mean_ns})[f"`hotloop` on {LIVE}"] == verdict


def test_as_fast_as_orjson_is_not_faster() -> None:
    assert verdicts(LIVE, {"hotloop": 100, "orjson": 100})[f"faster than orjson on {LIVE}"] == (
        "missed"
    )


def test_a_peer_that_gives_nothing_is_no_victory() -> None:
    silent = answer(100, silent=True, notes=["0 books"], counts={"books": 0})
    pair = [contestant("hotloop"), contestant("betfair_data")]
    answers = {"hotloop": [answer(100)], "betfair_data": [silent]}
    results = Results({}, [file_results(recording(LIVE), pair, answers)], {})
    goal = next(g for g in goals(results) if g.what == f"faster than betfair_data on {LIVE}")
    assert (goal.verdict, goal.measured) == ("not measured", "0 books")


@pytest.mark.parametrize(
    ("share", "control", "verdict"),
    [(0.95, 0.5, "met"), (0.6, 0.97, "missed"), (0.6, 0.6, "machine too busy")],
)
def test_another_threads_speed_is_judged_by_what_the_machine_allows(
    share: float, control: float, verdict: str
) -> None:
    conditions = {
        "no lock needed (sha256)": {"other_share": control},
        "apply_batch, whole file": {"other_share": share},
    }
    found = verdicts(PRO, {"hotloop": 1}, {"gil": {"conditions": conditions}})
    assert found["speed another Python thread keeps beside apply_batch"] == verdict


def test_memory_is_judged() -> None:
    found = verdicts(PRO, {"hotloop": 1}, {"memory": {"market_kb": 201.0, "growth_kb": 0.0}})
    assert found["memory of a 15-runner market"] == "missed"
    assert found["growth of the process over a million messages"] == "met"


def test_replay_is_judged_against_flumine_in_its_own_race() -> None:
    means = {"hotloop": 1, "replay": 1_000, "replay-flumine": 50_000, "orders": 1_000}
    found = verdicts(LIGHT, {**means, "orders-flumine": 9_999})
    assert found[f"faster than replay-flumine on {LIGHT}"] == "met"
    assert found[f"faster than orders-flumine on {LIGHT}"] == "missed"


def test_the_way_to_the_wire_is_judged_by_file_and_figure() -> None:
    measured = {"decision": {"files": {LIGHT: decision(50.0, 150.1)}}}
    found = verdicts(LIGHT, {"hotloop": 1}, measured)
    way = "stream bytes → intents on the wire"
    assert found[f"{way}, {LIGHT}, one intent, p50"] == "met"
    assert found[f"{way}, {LIGHT}, all lines with intents, p99"] == "missed"
    assert found[f"{way}, {PRO}, one intent, p50"] == "not measured"


def test_goals_of_other_tools_are_listed() -> None:
    found = verdicts(PRO, {"hotloop": 1})
    assert all(found[what] == "not measured" for what, _, _ in NOT_HERE)
