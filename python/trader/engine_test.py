"""The loop: lines in order, orders out, and nothing quoted on data that is not good."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from trader.testing import QUOTED, Scene


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Scene]:
    scene = Scene(tmp_path)
    yield scene
    scene.blotter.close()


def test_an_open_market_is_quoted_on_both_sides(scene: Scene) -> None:
    scene.define(rc=QUOTED)
    assert scene.open_sides() == ["BACK", "LAY"]
    assert scene.statuses() == {"PLACED": 2}
    assert scene.rows("select ts_ms, side, price_centi from intents order by intent_id") == [
        (scene.pt, "BACK", 320),
        (scene.pt, "LAY", 300),
    ]


def test_a_market_without_a_definition_is_not_quoted(scene: Scene) -> None:
    scene.change(QUOTED)
    scene.change(QUOTED)
    assert scene.open_sides() == []
    assert scene.session.engine.counts.seam_errors == 0


def test_a_market_that_is_not_open_is_not_quoted(scene: Scene) -> None:
    scene.define("SUSPENDED", rc=QUOTED)
    scene.change(QUOTED)
    assert scene.open_sides() == []


def test_a_suspension_takes_orders_away_and_the_return_brings_them_back(scene: Scene) -> None:
    scene.define(rc=QUOTED)
    scene.define("SUSPENDED")
    assert scene.open_sides() == []
    scene.define("OPEN")
    assert scene.open_sides() == ["BACK", "LAY"]


def test_a_status_unknown_to_this_version_is_not_traded(scene: Scene) -> None:
    scene.define("PAUSED_FOR_REVIEW", rc=QUOTED)
    assert scene.open_sides() == []


def test_the_off_lapses_orders_and_no_new_ones_are_placed(scene: Scene) -> None:
    scene.define(rc=QUOTED)
    scene.define("OPEN", inPlay=True)
    scene.change(QUOTED)
    assert scene.open_sides() == []
    assert scene.statuses() == {"PLACED": 2, "LAPSED": 2}


def test_a_refused_line_is_counted_and_its_market_left_until_an_image(scene: Scene) -> None:
    scene.define(rc=QUOTED)
    scene.line(b'{"op":"mcm","pt":')
    assert scene.session.engine.counts.seam_errors == 1
    assert scene.metrics.seam_errors_total == 1
    assert scene.open_sides() == [], "what rests on a book that may be wrong is taken away"
    scene.change(QUOTED)
    assert scene.open_sides() == [], "a delta does not make the book right again"
    scene.tell(mc=[{"id": "1.1", "img": True, "rc": QUOTED}])
    assert scene.open_sides() == ["BACK", "LAY"]


def test_only_the_first_refused_lines_are_logged(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    scene = Scene(tmp_path, "simulator.max_logged_seam_errors=2")
    for _ in range(5):
        scene.line(b"{")
    scene.blotter.close()
    assert scene.session.engine.counts.seam_errors == 5
    assert [r.message.split(":")[0] for r in caplog.records] == ["line 1 refused", "line 2 refused"]


def test_data_marked_unreliable_is_not_quoted_until_it_clears(scene: Scene) -> None:
    scene.define(rc=QUOTED)
    scene.tell(ct="HEARTBEAT", status=503)
    assert scene.open_sides() == [], "also when the message that says so touches no runner"
    scene.tell(mc=[{"id": "1.1", "rc": QUOTED}], status=503)
    assert scene.open_sides() == []
    scene.change(QUOTED)
    assert scene.open_sides() == ["BACK", "LAY"]


def test_unreliable_data_is_noticed_before_anything_is_sent(scene: Scene) -> None:
    scene.define()
    scene.tell(mc=[{"id": "1.1", "rc": QUOTED}], status=503)
    assert scene.statuses() == {}


def test_an_order_expires_before_the_message_at_its_deadline_can_fill_it(tmp_path: Path) -> None:
    scene = Scene(tmp_path, "edges.passive_maker.ttl_ms=1000")
    scene.define(rc=QUOTED)
    scene.change([{"id": 1, "atb": [[3.3, 99.0]], "atl": [[3.2, 0], [3.5, 5.0]]}], after_ms=1000)
    assert scene.session.desk.counts.fills == 0
    assert scene.statuses()["EXPIRED"] == 2
    scene.blotter.close()


def test_a_crossing_fills_the_order_and_reaches_the_ledger_and_the_blotter(scene: Scene) -> None:
    scene.define(rc=QUOTED)
    size = scene.session.router.open_orders()[0].size_centi
    scene.change([{"id": 1, "atb": [[3.2, 99.0]], "atl": [[3.2, 0], [3.4, 50.0]]}])
    assert scene.rows("select side, price_centi, size_centi, ts_ms from fills") == [
        ("BACK", 320, size, scene.pt)
    ]
    (runner,) = scene.session.ledger.markets()
    assert runner == "1.1"
    assert scene.statuses()["FILLED"] == 1


def test_a_closed_market_is_settled_at_once(scene: Scene) -> None:
    scene.define(rc=QUOTED)
    size = scene.session.router.open_orders()[0].size_centi
    scene.change([{"id": 1, "atb": [[3.2, 99.0]], "atl": [[3.2, 0], [3.4, 50.0]]}])
    scene.define("CLOSED", winner=1)
    result = scene.session.results.by_market["1.1"]
    assert (result.kind, result.gross_e4) == ("settled", size * 220)
    assert scene.rows("select kind, gross_e4 from settlements") == [("settled", size * 220)]
    assert scene.metrics.pnl == pytest.approx(result.net_e4 / 10_000)


def test_the_end_cancels_what_rests_and_marks_what_did_not_settle(scene: Scene) -> None:
    scene.define(rc=QUOTED)
    scene.change([{"id": 1, "atb": [[3.2, 99.0]], "atl": [[3.2, 0], [3.4, 50.0]]}])
    assert scene.open_sides()
    scene.session.engine.finish("end of test")
    assert scene.open_sides() == []
    result = scene.session.results.by_market["1.1"]
    assert result.kind == "marked"
    assert scene.rows("select distinct message from reports where reject_code = 'CANCEL_ALL'") or (
        scene.statuses()["CANCELLED"] >= 1
    )


def test_the_clock_does_not_go_back_with_the_recording(scene: Scene) -> None:
    scene.define(rc=QUOTED)
    now_ms = scene.session.engine.now_ms
    scene.change(QUOTED, after_ms=-5000)
    assert scene.session.engine.now_ms == now_ms
    scene.change([{"id": 1, "atl": [[3.2, 0]]}], after_ms=100)
    assert scene.session.engine.now_ms == now_ms


def test_an_order_that_may_not_be_moved_is_cancelled(tmp_path: Path) -> None:
    scene = Scene(tmp_path, "edges.passive_maker.requote_ms=0", "fee_gate.min_net_edge=0.02")
    scene.define(rc=QUOTED)
    assert scene.open_sides() == ["BACK", "LAY"]
    # Two ticks apart still, but an edge of 0.8 % is less than the gate asks for.
    scene.change([{"id": 1, "atl": [[3.2, 0], [3.1, 50.0]]}])
    assert scene.open_sides() == ["LAY"]
    assert scene.session.desk.counts.refused["net_edge"] >= 1
    assert scene.session.desk.counts.cancels == {"net_edge": 1}
    scene.blotter.close()


def test_a_market_without_a_base_rate_is_refused_by_the_fee_gate(scene: Scene) -> None:
    scene.define(rc=QUOTED, marketBaseRate=None)
    assert scene.open_sides() == []
    assert scene.session.desk.counts.refused == {"unknown_mbr": 2}


@pytest.mark.parametrize(
    "definition",
    [
        {"bettingType": "LINE", "lineMinUnit": 0.0, "lineMaxUnit": 9.0, "lineInterval": 0.1},
        {"marketType": "EACH_WAY", "eachWayDivisor": 5.0},
    ],
)
def test_a_market_whose_bets_are_not_won_or_lost_at_their_odds_is_refused(
    scene: Scene, definition: dict[str, Any]
) -> None:
    if "lineInterval" in definition:
        definition = {**definition, "priceLadderDefinition": {"type": "LINE_RANGE"}}
    scene.define(rc=QUOTED, **definition)
    assert scene.open_sides() == []
    assert scene.session.desk.counts.refused == {"not_win_or_lose": 2}


def test_no_order_is_sent_past_the_executors_limit(tmp_path: Path) -> None:
    scene = Scene(tmp_path, "execution.limits.max_open_orders=1")
    scene.define(rc=QUOTED)
    scene.change(QUOTED)
    assert scene.open_sides() == ["BACK"]
    assert scene.statuses() == {"PLACED": 1}
    assert scene.session.desk.counts.refused == {"max_open_orders": 2}
    scene.blotter.close()


def test_a_disabled_edge_does_nothing(tmp_path: Path) -> None:
    scene = Scene(tmp_path, "edges.passive_maker.enabled=false")
    scene.define(rc=QUOTED)
    assert scene.open_sides() == []
    scene.blotter.close()


@pytest.mark.parametrize("feed", ["raw", "normalized"])
def test_both_feeds_count_the_same_refusals(tmp_path: Path, feed: str) -> None:
    scene = Scene(tmp_path, f"simulator.feed={feed}")
    scene.define(rc=QUOTED)
    scene.line(b"{")
    scene.line(b'{"op":"mcm","pt":1,"mc":[{"id":"1.1","rc":[{"id":"x"}]}]}')
    scene.line(b'{"op":"status"}')
    assert scene.session.engine.counts.seam_errors == 2
    assert scene.session.book.stats()["ignored"] == 1
    assert scene.open_sides() == []
    scene.blotter.close()


def both(*atb: tuple[float, float]) -> list[dict[str, Any]]:
    """Changes of what can be backed, and 3.2 to lay, for two runners."""
    return [{"id": runner, "atb": atb, "atl": [[3.2, 50.0]]} for runner in (1, 2)]


def worst_case_e4(scene: Scene) -> int:
    market = scene.session.engine.markets.get("1.1")
    assert market is not None
    return scene.session.ledger.worst_case_e4(market, scene.session.router.open_orders())


def test_the_new_orders_of_one_message_do_not_pass_the_markets_cap_together(tmp_path: Path) -> None:
    scene = Scene(tmp_path, "sizer.max_market_liability=12", "sizer.min_stake=8")
    scene.define(rc=both((3.0, 50.0)))
    assert worst_case_e4(scene) == -120_000
    scene.blotter.close()


def test_the_moves_of_one_message_do_not_pass_the_markets_cap_together(tmp_path: Path) -> None:
    scene = Scene(
        tmp_path,
        *("sizer.max_market_liability=33", "sizer.min_stake=8", "sizer.max_stake=8"),
        "edges.passive_maker.requote_ms=0",
    )
    scene.define(rc=both((3.0, 50.0)), numberOfWinners=2)
    assert worst_case_e4(scene) == -320_000, "both lays of 8 at 3.0"
    scene.change(both((3.0, 0.0), (3.1, 50.0)))
    assert worst_case_e4(scene) == -168_000, "one at 3.1, the other taken away: 33.6 is too much"
    scene.blotter.close()
