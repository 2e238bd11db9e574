"""Samples are taken where something of ours is, when it has changed, and never without bound."""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest

from trader.execution.blotter import Blotter
from trader.report.recorder import LINGERING_LOOKS, SELDOMEST_MS
from trader.testing import QUOTED, LiveScene, Scene

OFTEN = ("report.every_lines=1", "report.curve_every_ms=1", "report.ladder_every_ms=1")
TABLES = ("curve", "ladders", "queues")


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Scene]:
    scene = Scene(tmp_path, *OFTEN)
    yield scene
    scene.blotter.close()


def fill_a_back(scene: Scene) -> None:
    """Our back at 3.2 is matched: what is offered there is traded away, with more."""
    scene.change([{"id": 1, "atl": [[3.2, 0.0]], "trd": [[3.2, 500.0]]}])


def counted(scene: Scene) -> dict[str, int]:
    return {table: scene.rows(f"select count(*) from {table}")[0][0] for table in TABLES}


def test_a_market_without_orders_leaves_nothing(tmp_path: Path) -> None:
    scene = Scene(tmp_path, *OFTEN, "edges.passive_maker.enabled=false")
    scene.define(rc=QUOTED)
    scene.change([{"id": 1, "atb": [[3.0, 60.0]]}])
    scene.session.engine.finish("test")
    assert counted(scene) == dict.fromkeys(TABLES, 0)
    scene.blotter.close()


def test_where_orders_rest_the_ladder_and_their_queues_are_kept(scene: Scene) -> None:
    scene.define(rc=QUOTED)
    assert scene.rows("select ts_ms, selection_id, last_traded_centi, back, lay from ladders") == [
        (scene.pt, 1, None, "[[3.0,50.0]]", "[[3.2,50.0]]")
    ]
    query = (
        "select i.side, q.ahead_centi, q.remaining_centi = i.size_centi from queues as q "
        "join intents as i using (run, intent_id) order by i.side"
    )
    assert scene.rows(query) == [("BACK", 5000, 1), ("LAY", 5000, 1)]


def test_only_what_has_changed_is_written(scene: Scene) -> None:
    scene.define(rc=QUOTED)
    before = counted(scene)
    scene.tell()  # a heartbeat
    assert counted(scene) == before
    scene.change([{"id": 1, "atb": [[3.0, 30.0]]}])
    assert counted(scene)["ladders"] == before["ladders"] + 1


def test_what_a_position_is_worth_is_kept_to_the_end(scene: Scene) -> None:
    scene.define(rc=QUOTED)
    fill_a_back(scene)
    scene.define("CLOSED", winner=1)
    scene.session.engine.finish("test")
    rows = scene.rows("select gross_e4, commission_e4 from curve order by ts_ms")
    assert len(rows) >= 2
    assert rows[-1] == scene.rows("select gross_e4, commission_e4 from settlements")[0]
    assert rows[-1][0] > 0


def test_a_runner_is_left_with_an_empty_row_some_looks_after_its_last_order(scene: Scene) -> None:
    scene.define(rc=QUOTED)
    scene.define("SUSPENDED")
    for number in range(LINGERING_LOOKS + 3):
        scene.change([{"id": 1, "atb": [[3.0, 40.0 + number]]}])
    rows = scene.rows("select back, lay from ladders order by ts_ms")
    assert rows[-1] == ("[]", "[]")
    assert 2 <= len(rows) <= LINGERING_LOOKS + 3
    scene.change([{"id": 1, "atb": [[3.0, 90.0]]}])
    assert counted(scene)["ladders"] == len(rows)


def test_between_two_samples_is_so_much_time_and_so_many_lines(tmp_path: Path) -> None:
    by_time = Scene(tmp_path, "report.every_lines=1", "report.ladder_every_ms=10000")
    by_time.define(rc=QUOTED)
    for number in range(25):
        by_time.change([{"id": 1, "atb": [[3.0, 60.0 + number]]}])  # a second each
    assert counted(by_time)["ladders"] == 3
    by_time.blotter.close()
    (tmp_path / "lines").mkdir()
    by_lines = Scene(tmp_path / "lines", "report.every_lines=100", "report.ladder_every_ms=1")
    by_lines.define(rc=QUOTED)
    for number in range(250):
        by_lines.change([{"id": 1, "atb": [[3.0, 60.0 + number]]}], after_ms=10)
    assert counted(by_lines)["ladders"] == 3
    by_lines.blotter.close()


def test_live_samples_go_by_time_alone(tmp_path: Path) -> None:
    scene = LiveScene(tmp_path, "report.every_lines=100000", "report.ladder_every_ms=1")
    scene.define(rc=QUOTED)
    recorder = scene.session.engine.recorder
    assert recorder is not None
    assert recorder.due_line <= scene.session.engine.counts.lines + 1
    scene.blotter.close()


def test_past_the_limit_samples_are_thinned_over_all_of_the_time(tmp_path: Path) -> None:
    scene = Scene(tmp_path, *OFTEN, "report.max_rows=100", "edges.passive_maker.ttl_ms=10000000")
    scene.define(rc=QUOTED)
    first = scene.pt
    for number in range(1000):
        scene.change([{"id": 1, "atb": [[3.0, 60.0 + number]]}], after_ms=10)
        assert counted(scene)["ladders"] <= 101
    rows = scene.rows("select ts_ms, back from ladders order by ts_ms")
    assert len(rows) > 30
    gaps = [after[0] - before[0] for before, after in pairwise(rows)]
    assert rows[0][0] - first <= 2 * max(gaps)
    assert max(gaps) <= 4 * (10_000 / len(rows)), "none of it is left out"
    assert scene.pt - rows[-1][0] <= max(gaps)
    assert json.loads(rows[-1][1])[0][1] > 950
    scene.blotter.close()


def test_however_many_orders_there_were_their_queues_are_thinned(tmp_path: Path) -> None:
    scene = Scene(tmp_path, *OFTEN, "report.max_rows=100", "edges.passive_maker.ttl_ms=50")
    scene.define(rc=QUOTED)
    first = scene.pt
    for number in range(1000):
        scene.change([{"id": 1, "atb": [[3.0, 60.0 + number]]}], after_ms=100)
        assert counted(scene)["queues"] <= 102
    assert scene.rows("select count(*) from intents where action = 'PLACE'")[0][0] > 500
    times = [row[0] for row in scene.rows("select distinct ts_ms from queues order by 1")]
    assert len(times) > 10
    gaps = [after - before for before, after in pairwise([first, *times, scene.pt])]
    assert max(gaps) <= 20_000, "none of the 100 s is left out"
    scene.blotter.close()


def test_where_one_moment_is_too_much_a_market_is_sampled_once_a_day(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    scene = Scene(tmp_path, *OFTEN, "report.max_rows=100", "edges.passive_maker.ttl_ms=10000000")
    monkeypatch.setattr(Blotter, "thin", lambda *_: 0)
    scene.define(rc=QUOTED)
    for number in range(300):
        scene.change([{"id": 1, "atb": [[3.0, 60.0 + number]]}], after_ms=10)
    assert counted(scene)["ladders"] == 101
    scene.change([{"id": 1, "atb": [[3.0, 50.0]]}], after_ms=SELDOMEST_MS)
    assert counted(scene)["ladders"] == 102
    scene.blotter.close()


def test_a_thinned_curve_still_ends_with_the_result(tmp_path: Path) -> None:
    scene = Scene(tmp_path, *OFTEN, "report.max_rows=100")
    scene.define(rc=QUOTED)
    fill_a_back(scene)
    for number in range(300):
        scene.change([{"id": 1, "atb": [[3.0 + number % 9 / 10, 60.0]]}], after_ms=500)
    scene.define("CLOSED", winner=2)
    scene.session.engine.finish("test")
    rows = scene.rows("select gross_e4 from curve order by ts_ms")
    assert len(rows) <= 101
    assert rows[-1] == scene.rows("select gross_e4 from settlements")[0]
    scene.blotter.close()


def test_without_a_report_there_are_no_samples(tmp_path: Path) -> None:
    scene = Scene(tmp_path, *OFTEN, "report.enabled=false")
    scene.define(rc=QUOTED)
    fill_a_back(scene)
    scene.session.engine.finish("test")
    assert counted(scene) == dict.fromkeys(TABLES, 0)
    assert scene.rows("select count(*) from fills")[0][0] > 0
    scene.blotter.close()


def test_an_order_the_seam_does_not_track_has_no_queue_and_is_sampled_all_the_same(
    tmp_path: Path,
) -> None:
    scene = Scene(tmp_path, *OFTEN, "hotloop.state.max_orders=1")
    scene.define(rc=QUOTED)
    ahead = [row[0] for row in scene.rows("select ahead_centi from queues order by intent_id")]
    assert ahead == [5000, None]
    scene.blotter.close()
