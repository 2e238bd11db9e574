"""What is not a stream: bad arguments, own orders, capabilities and diagnostics are alike."""

from collections.abc import Callable
from typing import Any, Final

import pytest

from tests.parity.pair import Pair
from trader.strategy.hotloop.interface import HotloopApi
from trader.strategy.hotloop.questions import Question

M: Final = "1.1"
NAN: Final = float("nan")
Call = Callable[[HotloopApi], object]


def holding() -> Pair:
    """One market with one runner, and an order "A" resting on its best lay price."""
    pair = Pair({"min_obs_s": 0, "state": {"max_orders": 2}})
    for pt in (1, 2):
        rows = {"atb": [[1.9, 3], [1.8, 4]], "atl": [[2, 5], [2.02, 6]], "trd": [[2, 10 + pt]]}
        pair.take({"op": "mcm", "pt": pt, "mc": [{"id": M, "rc": [{"id": 1, **rows}]}]})
    for question in [*pair.orders.positions()]:  # the made-up orders take the places of the limit
        pair.check(Question("untrack_order", (question.args[4],)))
    pair.orders.check_positions(M)
    pair.check(Question("track_order", ("A", M, 1, "BACK", 2.0, 1.0)))
    return pair


BAD_SIZES: Final = (NAN, float("inf"), -0.01, 1e300, 9.1e13)

CALLS: Final[tuple[tuple[str, Call], ...]] = (
    ("side", lambda book: book.best2_sum(M, 1, "back")),
    ("side", lambda book: book.ladder_top(M, 1, "")),
    ("n", lambda book: book.ladder_top(M, 1, "BACK", -1)),
    ("side", lambda book: book.size_ahead(M, 1, "B", 2.0)),
    ("side", lambda book: book.pfill_ttf(M, 1, "X", 2.0)),
    ("horizon_ms", lambda book: book.pfill_ttf(M, 1, "LAY", 2.0, 1.0, -1)),
    ("side", lambda book: book.match_rate_ema(M, 1, "X")),
    ("side", lambda book: book.track_order("B", M, 1, "X", 2.0)),
    ("m", lambda book: book.track_order("B", "1.9", 1, "LAY", 2.0)),
    ("handicap", lambda book: book.track_order("B", M, 1, "LAY", 2.0, 0.0, NAN)),
    *(
        ("order_id", lambda book, order_id=order_id: book.track_order(order_id, M, 1, "LAY", 2.0))
        for order_id in ("", "x" * 65, "Ω" * 65)
    ),
    *(
        ("price", lambda book, price=price: book.track_order("B", M, 1, "LAY", price))
        for price in (NAN, float("inf"), -0.01, 1e300, 100_000.01)
    ),
    *(
        ("size", lambda book, size=size: book.track_order("B", M, 1, "LAY", 2.0, size))
        for size in BAD_SIZES
    ),
    *(("size", lambda book, x=x: book.pfill_ttf(M, 1, "LAY", 2.0, x)) for x in BAD_SIZES),
    *(("ahead", lambda book, ahead=ahead: book.reseed_queue("A", ahead)) for ahead in BAD_SIZES),
    *(("size", lambda book, size=size: book.reseed_queue("A", None, size)) for size in BAD_SIZES),
    ("order_id", lambda book: book.reseed_queue("B")),
    ("order_id", lambda book: book.size_ahead(M, 1, "BACK", 2.0, "B")),
    ("order_id", lambda book: book.size_ahead("1.9", 1, "BACK", 2.0, "A")),
    ("order_id", lambda book: book.size_ahead(M, 2, "BACK", 2.0, "A")),
    ("order_id", lambda book: book.size_ahead(M, 1, "LAY", 2.0, "A")),
    ("order_id", lambda book: book.size_ahead(M, 1, "BACK", 2.02, "A")),
    ("order_id", lambda book: book.size_ahead(M, 1, "BACK", 2.0, "A", 0.5)),
)
"""(field that is named, call)."""


@pytest.mark.parametrize(("field", "call"), CALLS)
def test_bad_arguments_are_refused_alike_and_change_nothing(field: str, call: Call) -> None:
    error = holding().refuse(call)
    assert (error.field, error.market_id, error.offset) == (field, None, None)
    assert not error.resubscribe


def test_one_order_too_many_is_refused_and_the_same_again_is_not() -> None:
    pair = holding()
    pair.check(Question("track_order", ("Ω" * 64, M, 1, "LAY", 1.9)))
    error = pair.refuse(lambda book: book.track_order("C", M, 1, "LAY", 1.9))
    assert error.field == "order_id"
    assert pair.check(Question("track_order", ("A", M, 1, "LAY", 1.8))) == 4.0
    assert pair.check(Question("untrack_order", ("A",))) is True
    assert pair.check(Question("track_order", ("C", M, 1, "LAY", 1.9))) == 3.0


@pytest.mark.parametrize("price", [NAN, float("inf"), -1.0, 1e300, 0.0, 2.005, 1.995])
@pytest.mark.parametrize("handicap", [0.0, NAN, 1e300, -0.0, 0.001])
def test_getters_answer_alike_for_prices_and_handicaps_there_are_none_of(
    price: float, handicap: float
) -> None:
    pair = holding()
    for side in ("BACK", "LAY"):
        pair.check(Question("size_ahead", (M, 1, side, price, None, handicap)))
        pair.check(Question("match_rate_ema", (M, 1, side, price, handicap)))
        pair.check(Question("pfill_ttf", (M, 1, side, price, 1.0, None, handicap)))
    for method in ("best", "spread_ticks", "traded_ladder", "trend_lens", "sweep_side"):
        pair.check(Question(method, (M, 1, handicap)))


@pytest.mark.parametrize("market_id", ["1.9", "", "1.1\0", "é"])
def test_getters_answer_alike_for_what_is_not_held(market_id: str) -> None:
    pair = holding()
    for runner in ((market_id, 1, 0.0), (M, 99, 0.0), (M, -(2**63), 0.0), (M, 2**63 - 1, 1.0)):
        pair.seen[runner] = None
    pair.check_all()
    for method in ("market", "get_mbr", "definition_seq", "rf_seen_recently"):
        pair.check(Question(method, (market_id,)))


@pytest.mark.parametrize("now_ms", [-(2**63), -1, 0, 2**62, 2**63 - 1])
def test_times_at_the_ends_of_their_range_are_taken_alike(now_ms: int) -> None:
    pair = holding()
    pair.check(Question("match_rate_ema", (M, 1, None, None, 0.0, now_ms)))
    pair.check(Question("pfill_ttf", (M, 1, "BACK", 2.0, 1.0, 2**62, 0.0, now_ms)))
    pair.check(Question("rf_seen_recently", (M, now_ms)))
    for method in ("trend_lens", "sweep_side", "big_move_direction"):
        pair.check(Question(method, (M, 1, 0.0, now_ms)))


def test_capabilities_are_equal_but_for_the_name_of_the_backend() -> None:
    pair = Pair()
    ours, theirs = pair.ours.capabilities(), pair.theirs.capabilities()
    assert (ours.pop("backend"), theirs.pop("backend")) == ("rust", "python")
    assert ours == theirs
    assert all(ours.values())


# --- diagnostics ----------------------------------------------------------------------------------


def told(pair: Pair) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Lists that either's events go to."""
    events: tuple[list[dict[str, Any]], list[dict[str, Any]]] = ([], [])
    for book, heard in zip(pair.books, events, strict=True):
        book.set_emit(heard.append)
    return events


def test_errors_are_told_to_emit_alike() -> None:
    pair = Pair()
    rust, python = told(pair)
    pair.refuse(lambda book: book.apply_delta(b'{"op":"mcm","pt":1,"mc":[{"id":"1.1","rc":5}]}', 0))
    pair.refuse(lambda book: book.apply_delta(b"{", 0))
    pair.refuse(lambda book: book.apply_delta(b'{"op":"mcm","pt":"1"}', 0))
    pair.refuse(lambda book: book.apply_snapshot(M, {"id": "1.2"}, 0))
    pair.check(Question("apply_batch", ([b"{}", b"[]"], 0)))
    keys = ("event", "market_id", "field", "resubscribe")
    common = [[tuple(event[key] for key in keys) for event in events] for events in (rust, python)]
    assert common[0] == common[1] == [
        ("error", "1.1", "mc[0].rc", True),
        ("error", None, None, True),
        ("error", None, "pt", False),
        ("error", M, "id", True),
        ("error", None, None, True),
    ]  # fmt: skip
    assert [event.keys() for event in rust] == [event.keys() for event in python]


def test_counters_are_told_to_emit_alike() -> None:
    pair = Pair({"emit": {"counters_every": 3}})
    rust, python = told(pair)
    for _ in range(2):
        for _ in range(4):
            pair.take({"op": "mcm", "pt": 1, "mc": []})
        pair.check(Question("apply_batch", ([b'{"op":"mcm"}'] * 7, 0)))
    pair.check(Question("apply_batch", ([b'{"op":"mcm"}'] * 2, 0)))
    assert rust == python
    assert {event["event"] for event in rust} == {"counters"}
    pair.configure({"emit": {"counters_every": 0}})
    count = len(rust)
    for _ in range(9):
        pair.take({"op": "mcm", "pt": 1, "mc": []})
    assert len(rust) == len(python) == count > 3


def test_a_callback_may_raise_and_may_call_back() -> None:
    pair = Pair({"emit": {"counters_every": 1}})
    heard: list[int] = []

    def broken(book: HotloopApi) -> Callable[[object], None]:
        def call_back(_: object) -> None:
            heard.append(book.stats()["messages"])
            raise RuntimeError("the callback's own")

        return call_back

    for book in pair.books:
        book.set_emit(broken(book))
    pair.check(Question("apply_delta", (b'{"op":"mcm"}', 0)))
    pair.check(Question("apply_delta", (b"{", 0)))
    assert pair.check(Question("stats"))["emit_errors"] == 2
    assert heard == [1, 1, 1, 1]
    for book in pair.books:
        book.set_emit(None)
    pair.check(Question("apply_delta", (b"{", 0)))
    assert pair.check(Question("stats"))["emit_errors"] == 2
