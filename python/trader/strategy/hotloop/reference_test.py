"""The reference `Hotloop`: what it answers, and how it fails."""

import json
from typing import Any

import pytest

from trader.strategy.hotloop.errors import HotloopError
from trader.strategy.hotloop.interface import METHODS
from trader.strategy.hotloop.reference import Hotloop

M = "1.1"
DEFINITION = {
    "status": "OPEN",
    "inPlay": True,
    "version": 5,
    "betDelay": 3,
    "bspReconciled": True,
    "marketTime": "2025-01-01T12:00:00.000Z",
    "eventTypeId": "7",
    "marketType": "WIN",
    "turnInPlayEnabled": True,
    "persistenceEnabled": True,
    "numberOfWinners": 1,
    "marketBaseRate": 5,
    "runners": [
        {"id": 8, "status": "ACTIVE", "sortPriority": 1, "adjustmentFactor": 12.5},
        {"id": 7, "hc": -0.25},
    ],
}


def line(*entries: dict[str, Any], pt: int = 1_000, **market: Any) -> bytes:
    change = {"id": M, "rc": list(entries), **market}
    return json.dumps({"op": "mcm", "pt": pt, "mc": [change]}).encode()


def loaded(*lines: bytes, config: dict[str, Any] | None = None) -> Hotloop:
    hotloop = Hotloop(config)
    assert hotloop.apply_batch(lines, 0) >= 0
    return hotloop


def test_best_spread_and_ladders_are_decimals() -> None:
    hotloop = loaded(
        line({"id": 7, "atb": [[1.99, 2.5], [2, 3], [1.5, 1]], "atl": [[2.04, 4], [2.1, 0.01]]})
    )
    assert hotloop.best(M, 7) == (2.0, 3.0, 2.04, 4.0)
    assert hotloop.spread_ticks(M, 7) == 2
    assert hotloop.best2_sum(M, 7, "BACK") == 5.5
    assert hotloop.best2_sum(M, 7, "LAY") == 4.01
    assert hotloop.ladder_top(M, 7, "BACK", 2) == [(2.0, 3.0), (1.99, 2.5)]
    assert hotloop.ladder_top(M, 7, "BACK", None) == hotloop.ladder_top(M, 7, "BACK", raw=False)
    assert hotloop.ladder_top(M, 7, "LAY", 0) == []
    with pytest.raises(HotloopError) as caught:
        hotloop.ladder_top(M, 7, "LAY", -1)
    assert caught.value.field == "n"


def test_a_crossed_spread_is_reported_and_an_empty_side_has_none() -> None:
    hotloop = loaded(line({"id": 7, "atb": [[2.02, 1]], "atl": [[1.99, 1]]}, {"id": 8}))
    assert hotloop.spread_ticks(M, 7) == -2
    assert hotloop.spread_ticks(M, 8) is None
    hotloop.apply_delta(line({"id": 7, "atb": [[2.03, 1]]}), 0)
    assert hotloop.spread_ticks(M, 7) is None  # 2.03 is off the ladder


@pytest.mark.parametrize(
    ("ladder", "spread"),
    [
        ({"priceLadderDefinition": {"type": "FINEST"}}, 3),
        (
            {
                "priceLadderDefinition": {"type": "LINE_RANGE"},
                "lineMinUnit": 0.5,
                "lineMaxUnit": 90.5,
                "lineInterval": 0.01,
            },
            3,
        ),
        ({"priceLadderDefinition": {"type": "LINE_RANGE"}}, None),
    ],
)
def test_the_spread_is_on_the_markets_own_ladder(ladder: dict[str, Any], spread: int) -> None:
    both = {"id": 7, "atb": [[2.01, 1]], "atl": [[2.04, 1]]}
    assert loaded(line(both, marketDefinition=ladder)).spread_ticks(M, 7) == spread


def test_size_ahead_is_on_the_side_where_the_order_would_rest() -> None:
    hotloop = loaded(line({"id": 7, "atb": [[2, 3]], "atl": [[2.02, 4]]}))
    assert hotloop.size_ahead(M, 7, "LAY", 2.0) == 3.0
    assert hotloop.size_ahead(M, 7, "BACK", 2.02) == 4.0
    assert hotloop.size_ahead(M, 7, "BACK", 2.0) == 0.0
    assert hotloop.size_ahead(M, 7, "BACK", float("nan")) == 0.0
    assert hotloop.size_ahead(M, 7, "BACK", 1e308) == hotloop.size_ahead(M, 7, "BACK", -1) == 0.0


@pytest.mark.parametrize(
    ("source", "best_back"), [("auto", 2.0), ("full", 2.0), ("best", 1.9), ("display", 1.8)]
)
def test_the_book_is_read_from_the_configured_source(source: str, best_back: float) -> None:
    rows = {"atb": [[2, 1]], "batb": [[0, 1.9, 2]], "bdatb": [[0, 1.8, 3]]}
    hotloop = loaded(line({"id": 7, **rows}), config={"book": {"source": source}})
    assert hotloop.best(M, 7)[0] == best_back


def test_traded_volumes_ascend_and_the_last_trade_is_timed() -> None:
    hotloop = loaded(
        line({"id": 7, "trd": [[3, 1], [2.004, 2]], "ltp": 3}),
        line({"id": 7, "trd": [[3, 2]], "ltp": 2.5}, pt=2_000),
    )
    assert hotloop.traded_ladder(M, 7) == [(2.0, 2.0), (3.0, 2.0)]
    assert hotloop.last_traded(M, 7) == 2.5
    assert hotloop.last_traded_ts_ms(M, 7) == 2_000


def test_market_shows_the_definition_and_the_runners_it_names() -> None:
    hotloop = loaded(line({"id": 9}, marketDefinition=DEFINITION))
    market = hotloop.market(M)
    assert market == {
        "status": "OPEN",
        "in_play": True,
        "version": 5,
        "bet_delay": 3,
        "ladder": "CLASSIC",
        "bsp_reconciled": True,
        "market_time": "2025-01-01T12:00:00.000Z",
        "event_type_id": "7",
        "market_type": "WIN",
        "turn_in_play": True,
        "persistence": True,
        "stale": False,
        "pt": 1_000,
        "ts": 0,
        "number_of_winners": 1,
        "mbr": 5.0,
        "runners": [
            {"id": 8, "handicap": 0.0, "status": "ACTIVE", "sort_priority": 1,
             "adjustment_factor": 12.5},
            {"id": 7, "handicap": -0.25, "status": "UNKNOWN", "sort_priority": None,
             "adjustment_factor": None},
        ],
    }  # fmt: skip
    assert hotloop.get_mbr(M) == 5.0
    assert hotloop.definition_seq(M) == 1
    assert hotloop.markets() == [M]


def test_a_market_without_a_definition_is_a_classic_one_of_unknown_status() -> None:
    market = loaded(line({"id": 9})).market(M)
    assert market is not None
    assert (market["status"], market["ladder"], market["bet_delay"]) == (None, "CLASSIC", 0)
    assert [runner["status"] for runner in market["runners"]] == ["UNKNOWN"]


def test_what_is_not_known_is_empty_and_never_an_error() -> None:
    hotloop = loaded(line({"id": 7}))
    nobody = [("1.2", 7, 0.0), (M, 8, 0.0), (M, 7, 0.5), (M, 7, 1e999), (M, 7, 1e308)]
    for market, runner, handicap in nobody:
        assert hotloop.best(market, runner, handicap) == (None, None, None, None)
        assert hotloop.best2_sum(market, runner, "BACK", handicap) == 0.0
        assert hotloop.spread_ticks(market, runner, handicap) is None
        assert hotloop.ladder_top(market, runner, "LAY", handicap=handicap) == []
        assert hotloop.traded_ladder(market, runner, handicap) == []
        assert hotloop.last_traded(market, runner, handicap) is None
        assert hotloop.last_traded_ts_ms(market, runner, handicap) is None
        assert hotloop.size_ahead(market, runner, "BACK", 2.0, handicap=handicap) == 0.0
        assert hotloop.match_rate_ema(market, runner, handicap=handicap) == 0.0
        assert hotloop.pfill_ttf(market, runner, "BACK", 2.0, handicap=handicap) == (0.0, 600_000.0)
        assert hotloop.sweep_sniffer(market, runner, handicap) is False
        assert hotloop.sweep_side(market, runner, handicap) is None
        assert hotloop.big_move_trigger(market, runner, handicap) is False
        assert hotloop.big_move_direction(market, runner, handicap) == 0
        assert hotloop.trend_lens(market, runner, handicap) == 0.0
    assert hotloop.market("1.2") is None and hotloop.get_mbr("1.2") is None
    assert hotloop.get_mbr(M) is None
    assert hotloop.definition_seq("1.2") == 0
    assert hotloop.rf_seen_recently("1.2") is False
    assert Hotloop().last_pt_ms() is Hotloop().last_ts_ms() is None
    assert Hotloop().clocks() == (None, None)
    assert Hotloop().stale_markets() == []


def test_a_bad_side_is_refused() -> None:
    hotloop = Hotloop()
    for call in (
        lambda: hotloop.best2_sum(M, 7, "back"),
        lambda: hotloop.ladder_top(M, 7, ""),
        lambda: hotloop.size_ahead(M, 7, "B", 2.0),
        lambda: hotloop.pfill_ttf(M, 7, "L", 2.0),
        lambda: hotloop.match_rate_ema(M, 7, "LAYS"),
        lambda: hotloop.track_order("o", M, 7, "back", 2.0),
    ):
        with pytest.raises(HotloopError) as caught:
            call()
        assert caught.value.field == "side"


def test_every_method_is_there_and_computed() -> None:
    capabilities = Hotloop().capabilities()
    assert (capabilities.pop("api_version"), capabilities.pop("backend")) == (1, "python")
    assert capabilities == dict.fromkeys(METHODS, True)
    assert all(callable(getattr(Hotloop, name)) for name in METHODS)


def test_errors_carry_what_is_known_and_are_told_to_emit() -> None:
    events: list[dict[str, Any]] = []
    hotloop = Hotloop()
    hotloop.set_emit(events.append)
    with pytest.raises(HotloopError) as caught:
        hotloop.apply_delta(line({"id": 7, "atb": [[2]]}), 0)
    error = caught.value
    assert isinstance(error, ValueError)
    assert (error.market_id, error.field, error.offset) == (M, "mc[0].rc[0].atb[0]", None)
    assert error.message == str(error)
    with pytest.raises(HotloopError) as caught:
        hotloop.apply_delta(b"{", 0)
    assert (caught.value.market_id, caught.value.field, caught.value.offset) == (None, None, 1)
    with pytest.raises(HotloopError) as caught:
        hotloop.apply_delta({"op": "mcm", "pt": "soon"}, 0)
    assert [(event["event"], event["field"], event["resubscribe"]) for event in events] == [
        ("error", "mc[0].rc[0].atb[0]", True),
        ("error", None, True),
        ("error", "pt", False),
    ]
    assert (error.resubscribe, caught.value.resubscribe) == (True, False)
    assert hotloop.stats()["errors"] == 3


def test_an_error_of_an_argument_or_of_the_configuration_asks_for_nothing() -> None:
    with pytest.raises(HotloopError) as caught:
        Hotloop({"unknown": 1})
    assert caught.value.resubscribe is False
    with pytest.raises(HotloopError) as caught:
        Hotloop().reseed_queue("o")
    assert caught.value.resubscribe is False


def test_counters_are_told_at_each_multiple_and_from_a_batch_once() -> None:
    events: list[dict[str, Any]] = []
    hotloop = Hotloop({"emit": {"counters_every": 3}})
    hotloop.set_emit(events.append)
    for _ in range(7):
        hotloop.apply_delta(b'{"op":"ocm"}', 0)
    assert [event["messages"] for event in events] == [3, 6]
    assert {"event": "counters", **hotloop.stats(), "messages": 6, "ignored": 6} == events[1]
    hotloop.apply_batch([b"{}"] * 10, 0)
    assert [event["messages"] for event in events] == [3, 6, 17]
    hotloop.apply_snapshot(M, {}, 0)
    assert [event["messages"] for event in events] == [3, 6, 17, 18]
    with pytest.raises(HotloopError):
        hotloop.apply_delta(b"", 0)  # no message more: 18 is told once
    with pytest.raises(HotloopError):
        hotloop.apply_batch([b"{}"] * 3 + [b""], 0)
    assert [event["event"] for event in events[4:]] == ["error", "error", "counters"]
    hotloop.update_config({"emit": {"counters_every": 0}})
    hotloop.apply_batch([b"{}"] * 30, 0)
    assert len(events) == 7


def test_a_callback_may_call_back() -> None:
    hotloop = Hotloop({"emit": {"counters_every": 1}})
    seen: list[object] = []

    def again(event: dict[str, Any]) -> None:
        seen.append(hotloop.stats() == {k: v for k, v in event.items() if k != "event"})
        if len(seen) < 3:
            hotloop.apply_delta(b"{}", 0)

    hotloop.set_emit(again)
    hotloop.apply_delta(b"{}", 0)
    assert seen == [True, True, True]


def test_clocks_stale_markets_and_receipt_times_are_shown() -> None:
    hotloop = Hotloop()
    hotloop.apply_delta({"op": "mcm", "pt": 5, "mc": [{"id": M}], "initialClk": "i", "clk": "c"}, 9)
    assert (hotloop.clocks(), hotloop.last_ts_ms(), hotloop.stale_markets()) == (("i", "c"), 9, [])
    with pytest.raises(HotloopError):
        hotloop.apply_batch([b"{}", b"?"], 11)
    assert (hotloop.last_ts_ms(), hotloop.stale_markets()) == (11, [M])
    market = hotloop.market(M)
    assert market is not None and (market["ts"], market["stale"]) == (9, True)


def test_a_raising_callback_is_counted_and_never_felt() -> None:
    hotloop = Hotloop()

    def broken(event: dict[str, Any]) -> None:
        raise RuntimeError(event["event"])

    hotloop.set_emit(broken)
    with pytest.raises(HotloopError):
        hotloop.apply_delta("", 0)
    hotloop.set_emit(None)
    with pytest.raises(HotloopError):
        hotloop.apply_snapshot(M, {"rc": 5}, 0)
    assert (hotloop.stats()["errors"], hotloop.stats()["emit_errors"]) == (2, 1)


def test_a_batch_stops_at_the_bad_line_and_keeps_those_before_it() -> None:
    hotloop = Hotloop()
    good = line({"id": 7, "ltp": 2}, {"id": 8})
    with pytest.raises(HotloopError) as caught:
        hotloop.apply_batch([good, good, b"{}x", line({"id": 7, "ltp": 3})], 0)
    assert caught.value.line == 2
    assert hotloop.last_traded(M, 7) == 2.0
    assert hotloop.stats()["runner_changes"] == 4
    assert hotloop.apply_batch([good], 0) == 2


def test_a_refused_configuration_changes_nothing() -> None:
    hotloop = Hotloop({"max_ttf_ms": 1_000})
    with pytest.raises(HotloopError):
        hotloop.update_config({"max_ttf_ms": 2_000, "unknown": 1})
    assert hotloop.pfill_ttf(M, 7, "BACK", 2.0)[1] == 1_000.0
    hotloop.update_config({})
    assert hotloop.pfill_ttf(M, 7, "BACK", 2.0)[1] == 600_000.0


def test_limits_are_those_configured() -> None:
    hotloop = Hotloop({"state": {"max_markets": 1, "closed_retention_s": 0.1}})
    hotloop.apply_delta(line(marketDefinition={"status": "CLOSED"}), 0)
    other = {"op": "mcm", "mc": [{"id": "1.2"}]}
    with pytest.raises(HotloopError):
        hotloop.apply_delta({**other, "pt": 1_100}, 0)
    hotloop.apply_delta({**other, "pt": 1_101}, 0)
    assert hotloop.markets() == ["1.2"]
    hotloop.update_config({"state": {"max_segment_bytes": 10}})
    with pytest.raises(HotloopError):
        hotloop.apply_delta({**other, "pt": 1_102, "segmentType": "SEG_START"}, 0)
