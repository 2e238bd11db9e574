"""A comparison finds what is different, names it, and compares everything there is to ask."""

import json
import math
from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any, Final, cast

import pytest

from trader.betfair.testing import change, mcm, rc
from trader.strategy.hotloop import reference
from trader.strategy.hotloop.comparison import Comparison, Difference, compared, is_close_enough
from trader.strategy.hotloop.interface import METHODS, HotloopApi
from trader.strategy.hotloop.questions import Question, Refused

# --- values ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "count"),
    [
        (1, 1),
        (None, 1),
        ("x", 1),
        ([], 1),
        ({}, 1),
        ((1.0, None), 2),
        ([(1.0, 2.0), (3.0, 4.0)], 4),
        ([("1.1", 7, 0.0)], 3),
        (["1.1", "1.2"], 2),
        ({"a": 1, "b": [{"c": True}, {}]}, 3),
        (Refused(None, "pt", None, True), 4),
    ],
)
def test_values_are_counted_to_their_leaves(value: object, count: int) -> None:
    assert compared(value, value) == count


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        (1, 2),
        (1, 1.0),
        (1, True),
        (0.0, None),
        ("1", 1),
        ([1], (1,)),
        ([1], [1, 2]),
        ([], [[]]),
        ([(1.0, 2.0)], [(1.0, 2)]),
        ([(1.0, 2.0)], [(1.0, 2.1)]),
        ({"a": 1}, {"b": 1}),
        ({"a": 1}, {"a": 1, "b": None}),
        (Refused(None, "pt", None, True), Refused(None, "pt", None, False)),
        (1.0, 1.0 + 1e-15),
        (math.nan, math.nan),
    ],
)
def test_different_values_are_different_in_either_order(ours: object, theirs: object) -> None:
    assert compared(ours, theirs) == compared(theirs, ours) == 0


@pytest.mark.parametrize(
    ("ours", "theirs", "equal"),
    [
        (1.0, 1.0 + 0.9e-9, True),
        (1.0, 1.0 + 1.1e-9, False),
        (0.0, 0.9e-12, True),
        (0.0, 1.1e-12, False),
        (math.inf, 1e300, False),
        (math.nan, math.nan, False),
        (1, 1 + 1e-15, False),
    ],
)
def test_floats_by_nature_are_close(ours: float, theirs: float, *, equal: bool) -> None:
    assert bool(compared(ours, theirs, close=True)) is equal
    assert bool(compared((True, ours), (True, theirs), close=True)) is equal


def test_prices_and_sizes_are_exact_and_rates_and_positions_are_close() -> None:
    close = {
        question.method
        for question in map(Question, METHODS, [("1.1", 7, "BACK", 2.0)] * len(METHODS))
        if is_close_enough(question)
    }
    assert close == {"match_rate_ema", "pfill_ttf", "trend_lens"}
    assert is_close_enough(Question("size_ahead", ("1.1", 7, "BACK", 2.0, "order", 0.0)))


# --- answers --------------------------------------------------------------------------------------

LEVELS: Final = {"atb": [[1.9, 20], [1.8, 30]], "atl": [[2, 50], [2.02, 60]]}
TRADED: Final = {"trd": [[2, 30]], "atl": [[2, 35]], "ltp": 2}


def stream() -> Iterator[str]:
    """A market whose every signal says something in the end."""
    definition = {"status": "OPEN", "marketBaseRate": 5, "runners": [{"id": 7}]}
    yield json.dumps(
        mcm(change(rc(**LEVELS, trd=[[2, 10]]), img=True, marketDefinition=definition), pt=1)
    )
    yield json.dumps(mcm(change(rc(**TRADED)), pt=6_000))
    yield json.dumps(mcm(change(rc(atl=[[2, 0]])), pt=6_100))
    yield '{"op":"mcm","pt":7000,"mc":[{"id":5}]}'
    yield json.dumps(mcm(change(rc(atb=[[1.9, 25]])), pt=8_000))


def play(wrong: HotloopApi) -> Comparison:
    comparison = Comparison(wrong, reference.Hotloop())
    for number, raw in enumerate(stream()):
        comparison.apply(raw, number)
    comparison.check_all()
    return comparison


def spoilt(method: str, spoil: Callable[[Any], Any]) -> HotloopApi:
    """A reference that answers one method wrongly."""
    backend = reference.Hotloop()
    methods = {name: getattr(backend, name) for name in METHODS}
    right = methods[method]
    methods[method] = lambda *args: spoil(right(*args))
    return cast(HotloopApi, SimpleNamespace(**methods))


def test_equal_backends_have_no_difference() -> None:
    comparison = play(reference.Hotloop())
    assert comparison.touched_count == 4
    assert [*comparison.seen] == [("1.1", 7, 0.0)]
    assert comparison.values > 1_000


@pytest.mark.parametrize(
    ("method", "spoil"),
    [
        ("apply_delta", lambda touched: [*touched, ("1.1", 8, 0.0)]),
        ("best", lambda best: (*best[:3], 1.0)),
        ("best2_sum", lambda value: value + 0.01),
        ("spread_ticks", lambda _: None),
        ("ladder_top", lambda rows: rows[1:]),
        ("traded_ladder", lambda rows: [(price, size + 0.01) for price, size in rows]),
        ("last_traded", lambda _: 2.02),
        ("last_traded_ts_ms", lambda _: 1),
        ("size_ahead", lambda size: size + 1e-6),
        ("track_order", lambda ahead: ahead + 1),
        ("match_rate_ema", lambda rate: rate * (1 + 1e-8)),
        ("pfill_ttf", lambda pair: (pair[0] + 1e-8, pair[1])),
        ("sweep_sniffer", lambda value: not value),
        ("sweep_side", lambda _: "LAY"),
        ("big_move_trigger", lambda value: not value),
        ("big_move_direction", lambda _: -1),
        ("trend_lens", lambda value: value + 1e-8),
        ("rf_seen_recently", lambda value: not value),
        ("market", lambda info: {**info, "ts": 99}),
        ("get_mbr", lambda _: 6.0),
        ("definition_seq", lambda seq: seq + 1),
        ("markets", lambda ids: [*ids[::-1], "1.9"]),
        ("stale_markets", lambda _: ["1.9"]),
        ("stats", lambda stats: {**stats, "images": 7}),
        ("last_pt_ms", lambda _: 0),
        ("last_ts_ms", lambda _: 0.0),
        ("clocks", lambda _: ("", "")),
    ],
)
def test_a_wrong_answer_of_any_method_is_found(method: str, spoil: Callable[[Any], Any]) -> None:
    with pytest.raises(Difference) as caught:
        play(spoilt(method, spoil))
    assert caught.value.question.method == method


def test_every_method_that_answers_is_asked() -> None:
    asked = set()

    class Listening(Comparison):
        def check(self, question: Question) -> Any:
            asked.add(question.method)
            return super().check(question)

    comparison = Listening(reference.Hotloop(), reference.Hotloop())
    for _ in range(60):  # made-up orders are reseeded and taken away by the count of touches
        for raw in stream():
            comparison.apply(raw)
    comparison.apply_snapshot("1.1", {"rc": [rc(**LEVELS)]})
    left_out = {"apply_batch", "capabilities", "update_config", "set_emit"}
    assert asked == {*METHODS} - left_out


def test_a_failure_is_a_difference_even_when_both_fail_alike() -> None:
    def failing(_: Any) -> Any:
        raise RuntimeError("stopped half-way")

    comparison = Comparison(spoilt("best", failing), spoilt("best", failing))
    first, *_ = stream()
    with pytest.raises(Difference, match="stopped half-way"):
        comparison.apply(first)


def test_a_difference_names_whom_it_is_about_the_call_and_both_answers() -> None:
    with pytest.raises(Difference) as caught:
        play(spoilt("best2_sum", lambda value: value + 0.01))
    assert str(caught.value) == (
        "market 1.1, runner 7: best2_sum('1.1', 7, 'BACK', 0.0)\n  rust:    50.01\n  python:  50.0"
    )
    long = Difference(Question("apply_delta", ("x" * 9_999, 0), ("1.1", 7, -1.5)), 1, 2, ("a", "b"))
    assert "market 1.1, runner 7 (handicap -1.5): apply_delta('xxx" in str(long)
    assert len(str(long)) < 400


def test_only_the_queues_are_compared_when_that_is_asked_for() -> None:
    wrong = spoilt("pfill_ttf", lambda pair: (pair[0] + 0.1, pair[1]))
    comparison = Comparison(wrong, reference.Hotloop(), queues_only=True)
    for raw in stream():
        comparison.apply(raw)
    comparison.check_all()
    moved = spoilt("size_ahead", lambda size: size + 1)
    comparison = Comparison(moved, reference.Hotloop(), queues_only=True)
    with pytest.raises(Difference):
        for raw in stream():
            comparison.apply(raw)


def test_markets_that_touched_no_runner_are_compared_too() -> None:
    comparison = Comparison(spoilt("market", lambda info: {**info, "pt": 5}), reference.Hotloop())
    with pytest.raises(Difference, match=r"market 1\.1: market"):
        comparison.apply(b'{"op":"mcm","pt":2,"mc":[{"id":"1.1"}]}')


def test_the_state_of_one_backend_is_all_that_it_answers() -> None:
    comparison = play(reference.Hotloop())
    state = comparison.state(comparison.ours)
    assert state == comparison.state(comparison.theirs)
    assert {question.method for question in state} >= {"best", "market", "stats", "size_ahead"}
    comparison.ours.apply_delta(mcm(change(rc(atb=[[1.9, 26]])), pt=9_000), 9)
    assert state != comparison.state(comparison.ours)
