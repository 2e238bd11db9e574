"""What only the binding does: values in and out, errors, threads, callbacks.

What the core computes is proved by its own tests and by the parity tests.
"""

import gc
import json
import pickle
import threading
import weakref
from collections.abc import Callable, Mapping
from decimal import Decimal
from types import MappingProxyType
from typing import Any

import pytest
from hotloop import Hotloop, HotloopError

MARKET = "1.1"


def message(**runner: Any) -> dict[str, Any]:
    return {"op": "mcm", "pt": 5, "mc": [{"id": MARKET, "rc": [{"id": 7, **runner}]}]}


def line(**runner: Any) -> bytes:
    return json.dumps(message(**runner)).encode()


def refused(hotloop: Hotloop, raw: bytes | str | Mapping[str, Any]) -> HotloopError:
    with pytest.raises(HotloopError) as caught:
        hotloop.apply_delta(raw, 0)
    return caught.value


@pytest.mark.parametrize(
    "raw",
    [
        line(atb=[[2.02, 1.25]]),
        line(atb=[[2.02, 1.25]]).decode(),
        message(atb=[[2.02, 1.25]]),
        message(atb=((2.02, 1.25),)),
        MappingProxyType(message(atb=[[2.02, 1.25]])),
    ],
    ids=["bytes", "str", "dict", "tuples", "mapping"],
)
def test_lines_and_mappings_give_the_same_state(raw: bytes | str | Mapping[str, Any]) -> None:
    hotloop = Hotloop()
    assert hotloop.apply_delta(raw, 0) == [(MARKET, 7, 0.0)]
    assert hotloop.best(MARKET, 7) == (2.02, 1.25, None, None)
    assert hotloop.last_pt_ms() == 5


def test_a_mapping_keeps_the_kinds_of_its_values() -> None:
    hotloop = Hotloop()
    refusals: list[tuple[dict[str, Any], str]] = [
        ({"id": 7.0}, "mc[0].rc[0].id"),
        ({"id": True}, "mc[0].rc[0].id"),
        ({"id": 1 << 63}, "mc[0].rc[0].id"),
        ({"ltp": float("nan")}, "mc[0].rc[0].ltp"),
        ({"ltp": Decimal("2.02")}, "mc[0].rc[0].ltp"),
        ({"atb": {1: 2}}, "mc[0].rc[0].atb"),
        ({"atb": {(2.0, 1.0)}}, "mc[0].rc[0].atb"),
    ]
    for runner, field in refusals:
        error = refused(hotloop, message(**runner))
        assert (error.field, error.market_id, error.offset) == (field, MARKET, None)


def test_values_nobody_reads_may_be_anything() -> None:
    odd: dict[Any, Any] = {
        "spn": float("inf"),
        "when": Decimal(1),
        "\ud800": 1,
        "text": "\ud800",
        5: 6,
        "big": 1 << 99,
    }
    hotloop = Hotloop()
    assert hotloop.apply_delta({**message(**{str(k): v for k, v in odd.items()}), **odd}, 0)


def test_other_arguments_are_type_errors_and_no_lost_message() -> None:
    hotloop = Hotloop()
    for raw in (5, None, [line()], bytearray(line())):
        with pytest.raises(TypeError):
            hotloop.apply_delta(raw, 0)  # type: ignore[arg-type]
    assert hotloop.stats()["errors"] == 0


def test_a_mapping_in_itself_is_refused() -> None:
    endless: dict[str, Any] = {}
    endless["mc"] = endless
    with pytest.raises(ValueError, match="nested too deep"):
        Hotloop().apply_delta(endless, 0)


def test_text_that_is_not_text_is_a_lost_line() -> None:
    hotloop = Hotloop()
    assert refused(hotloop, "\ud800").field is None
    assert hotloop.stats()["errors"] == 1


def test_errors_carry_their_attributes() -> None:
    error = refused(Hotloop(), line(atb=[["x", 1]]))
    assert isinstance(error, ValueError)
    assert (error.market_id, error.field, error.line) == (MARKET, "mc[0].rc[0].atb[0][0]", None)
    assert error.offset == line(atb=[["x", 1]]).index(b'"x"')
    assert error.message == str(error)
    assert pickle.loads(pickle.dumps(error)).__dict__ == error.__dict__


def test_an_error_raised_from_python_has_the_attributes_too() -> None:
    error = HotloopError("mine")
    assert (error.market_id, error.field, error.offset, error.line) == (None, None, None, None)


def test_a_batch_names_the_line_and_keeps_what_came_before() -> None:
    hotloop = Hotloop()
    assert hotloop.apply_batch([line(), line()], 0) == 2
    with pytest.raises(HotloopError) as caught:
        hotloop.apply_batch((line(ltp=3), b"{", line(ltp=4)), 0)
    assert caught.value.line == 1
    assert hotloop.last_traded(MARKET, 7) == 3.0
    with pytest.raises(TypeError):
        hotloop.apply_batch([line(ltp=5), "text"], 0)  # type: ignore[list-item]
    assert hotloop.last_traded(MARKET, 7) == 3.0


def test_long_lines_answer_like_short_ones() -> None:
    rows = [[price / 100, 1.0] for price in range(101, 2000)]
    long = {
        "op": "mcm",
        "pt": 5,
        "mc": [
            {"id": "1.1", "rc": [{"id": 7, "atb": rows}, {"id": 8, "hc": -0.5}]},
            {"id": "1.2", "rc": [{"id": 7}]},
        ],
    }
    hotloop = Hotloop()
    assert hotloop.apply_delta(json.dumps(long), 0) == [
        ("1.1", 7, 0.0),
        ("1.1", 8, -0.5),
        ("1.2", 7, 0.0),
    ]
    assert refused(hotloop, json.dumps(long)[:-1]).field is None


def test_touched_runners_are_right_when_places_change_hands() -> None:
    hotloop = Hotloop()

    def image(*runners: tuple[int, float]) -> list[tuple[str, int, float]]:
        entries = [{"id": selection_id, "hc": handicap} for selection_id, handicap in runners]
        mc = [{"id": MARKET, "img": True, "rc": entries}]
        return hotloop.apply_delta(json.dumps({"op": "mcm", "pt": 1, "mc": mc}), 0)

    for order in ([(7, 0.0), (7, 1.5), (8, 0.0)], [(8, 0.0), (7, 0.0)], [(7, 1.5)], [(9, 0.0)]):
        named = [(MARKET, *runner) for runner in order]
        assert image(*order)[: len(order)] == named
        first, second = image(*order), image(*order)
        assert first == second == named
        assert first is not second


def test_a_slot_used_again_answers_with_its_new_market() -> None:
    hotloop = Hotloop({"state": {"closed_retention_s": 0}})
    closed = {"id": "1.1", "marketDefinition": {"status": "CLOSED", "runners": [{"id": 1}]}}
    assert hotloop.apply_delta({"op": "mcm", "pt": 1, "mc": [closed]}, 0) == [("1.1", 1, 0.0)]
    other = {"op": "mcm", "pt": 2, "mc": [{"id": "1.2", "rc": [{"id": 1}]}]}
    assert hotloop.apply_delta(other, 0) == [("1.2", 1, 0.0)]
    assert hotloop.markets() == ["1.2"]


def test_config_is_refused_by_path_and_as_a_whole() -> None:
    hotloop = Hotloop({"max_ttf_ms": 7})
    for block, field in [
        ({"queue": {"windows": 1}}, "queue.windows"),
        ({"queue": {"window_s": float("nan")}}, "queue.window_s"),
        ({"max_ttf_ms": 9, "min_obs_s": "5"}, "min_obs_s"),
        ({"book": {"source": Decimal(1)}}, "book.source"),
        ({5: 6}, "5"),
    ]:
        with pytest.raises(HotloopError) as caught:
            hotloop.update_config(block)  # type: ignore[arg-type]
        assert caught.value.field == field
        assert hotloop.pfill_ttf(MARKET, 7, "BACK", 2.0) == (0.0, 7.0)
    hotloop.update_config({})
    assert hotloop.pfill_ttf(MARKET, 7, "BACK", 2.0) == (0.0, 600_000.0)


def test_bad_arguments_are_named() -> None:
    hotloop = Hotloop()
    calls: dict[str, list[Callable[[], object]]] = {
        "side": [
            lambda: hotloop.best2_sum(MARKET, 7, "back"),
            lambda: hotloop.ladder_top(MARKET, 7, ""),
            lambda: hotloop.size_ahead(MARKET, 7, "B", 2.0),
            lambda: hotloop.match_rate_ema(MARKET, 7, "x"),
            lambda: hotloop.pfill_ttf(MARKET, 7, "x", 2.0),
            lambda: hotloop.track_order("a", MARKET, 7, "x", 2.0),
        ],
        "n": [lambda: hotloop.ladder_top(MARKET, 7, "BACK", -1)],
        "order_id": [
            lambda: hotloop.size_ahead(MARKET, 7, "BACK", 2.0, "order"),
            lambda: hotloop.reseed_queue("order"),
        ],
        "m": [lambda: hotloop.track_order("a", "1.9", 7, "BACK", 2.0)],
        "price": [lambda: hotloop.track_order("a", MARKET, 7, "BACK", float("nan"))],
        "size": [lambda: hotloop.pfill_ttf(MARKET, 7, "BACK", 2.0, -1.0)],
        "horizon_ms": [lambda: hotloop.pfill_ttf(MARKET, 7, "BACK", 2.0, 1.0, -1)],
    }
    for field, refusals in calls.items():
        for call in refusals:
            with pytest.raises(HotloopError) as caught:
                call()
            assert caught.value.field == field
            assert caught.value.resubscribe is False


def test_every_method_is_in_capabilities() -> None:
    capabilities = Hotloop().capabilities()
    public = {name for name in dir(Hotloop) if not name.startswith("_")}
    assert set(capabilities) == public | {"api_version", "backend"}
    assert all(capabilities[name] is True for name in public)
    assert (capabilities["api_version"], capabilities["backend"]) == (1, "rust")


def test_emit_hears_of_errors_and_may_raise() -> None:
    hotloop = Hotloop()
    events: list[dict[str, Any]] = []
    hotloop.set_emit(events.append)
    error = refused(hotloop, b"{")
    assert events == [
        {
            "event": "error",
            "message": error.message,
            "market_id": None,
            "field": None,
            "offset": error.offset,
            "resubscribe": True,
        }
    ]
    assert error.resubscribe is True

    def raising(_: dict[str, Any]) -> None:
        raise RuntimeError

    hotloop.set_emit(raising)
    refused(hotloop, b"{")
    assert hotloop.stats()["emit_errors"] == 1
    hotloop.set_emit(None)
    refused(hotloop, b"{")
    assert len(events) == 1


def test_emit_hears_the_counts_of_every_so_many_messages() -> None:
    hotloop = Hotloop({"emit": {"counters_every": 3}})
    events: list[dict[str, Any]] = []
    hotloop.set_emit(events.append)
    for _ in range(4):
        hotloop.apply_delta(line(), 0)
    assert [event["messages"] for event in events] == [3]
    assert events[0].keys() == hotloop.stats().keys() | {"event"}
    hotloop.apply_batch([line()] * 5, 0)
    assert [event["messages"] for event in events] == [3, 9]
    with pytest.raises(HotloopError):
        hotloop.apply_batch([line(), line(), line(), b"{"], 0)
    assert [event["event"] for event in events[2:]] == ["error", "counters"]


def test_queue_positions_and_signals_are_decimals() -> None:
    hotloop = Hotloop({"min_obs_s": 0, "pfill": {"model": "exponential"}})
    hotloop.apply_delta(line(atl=[[2.02, 12.5]], trd=[[2.02, 1]]), 0)
    assert hotloop.track_order("a", MARKET, 7, "BACK", 2.02, 2.5) == 12.5
    assert hotloop.ladder_top(MARKET, 7, "LAY", raw=False) == [(2.02, 10.0)]
    hotloop.apply_delta(line(atl=[[2.02, 7.5]], trd=[[2.02, 11]]), 0)
    assert hotloop.size_ahead(MARKET, 7, "BACK", 2.02, "a") == 7.5
    assert hotloop.match_rate_ema(MARKET, 7, "BACK", 2.02) == pytest.approx(0.5)
    p_fill, ttf_ms = hotloop.pfill_ttf(MARKET, 7, "BACK", 2.02, 2.5, 1_000)
    assert p_fill == pytest.approx(0.04877057549928606)
    assert ttf_ms == pytest.approx(20_000.0)
    assert hotloop.untrack_order("a") and not hotloop.untrack_order("a")


def test_emit_may_call_back() -> None:
    hotloop = Hotloop()
    seen: list[int] = []
    hotloop.set_emit(lambda _: seen.append(hotloop.stats()["errors"]))
    refused(hotloop, b"{")
    assert seen == [1]


def test_a_callback_that_holds_the_object_is_collected_with_it() -> None:
    class Holder:
        def __init__(self) -> None:
            self.hotloop = Hotloop()
            self.hotloop.set_emit(self.hear)

        def hear(self, event: dict[str, Any]) -> None: ...

    gone = weakref.ref(Holder())
    gc.collect()
    assert gone() is None


def test_threads_may_share_one_object() -> None:
    hotloop = Hotloop()
    lines = [line(ltp=2.0, atb=[[2.0, float(i)]]) for i in range(1, 400)]
    done: list[int] = []

    def write() -> None:
        done.append(hotloop.apply_batch(lines, 0))

    def read() -> None:
        while len(done) < 4:
            hotloop.best(MARKET, 7)
            hotloop.market(MARKET)
            hotloop.apply_delta(line(ltp=2.0), 0)

    threads = [threading.Thread(target=work) for work in (write, write, write, write, read, read)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert done == [len(lines)] * 4
    assert hotloop.last_traded(MARKET, 7) == 2.0
