"""A refused message leaves the same markets stale in both backends: all whose changes were lost.

Those are the markets the message carries and those of the segments thrown away with it; all, where
they cannot be told (docs/signals.md, "Errors"). What is expected is worked out here from the
messages alone, and `Pair` compares every other answer, too.
"""

from typing import Any, Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.parity import streams
from tests.parity.pair import Pair
from tests.parity.streams import Json, fed_as

MARKETS: Final = {*streams.MARKET_IDS}
A, B, C = streams.MARKET_IDS


def holding_all(config: Json | None = None) -> Pair:
    """Both with every market of the streams, none stale."""
    pair = Pair(config)
    pair.take(message(*(change(market_id) for market_id in streams.MARKET_IDS)))
    assert pair.stale() == set()
    return pair


def change(market_id: str, **fields: Any) -> Json:
    return {"id": market_id, "rc": [{"id": 1, "atb": [[2, 1]]}], **fields}


def message(*changes: object, **fields: Any) -> Json:
    return {"op": "mcm", "pt": 1, "mc": list(changes), **fields}


def refuse(pair: Pair, bad: Json, feed: str = "line") -> None:
    pair.refuse(lambda book: book.apply_delta(fed_as(bad, feed), 0))


@given(streams.shapes, streams.broken_lines)
def test_an_unreadable_line_is_refused_alike_and_marks_every_market(
    before: list[Json], line: bytes
) -> None:
    pair = Pair()
    for good in before:
        pair.apply(fed_as(good, "line"))
    error = pair.refuse(lambda book: book.apply_delta(line, 0))
    assert (error.market_id, error.field) == (None, None)
    assert pair.stale() == {*pair.books[0].markets()}


@given(streams.spoiled_messages, streams.feeds, streams.whole_messages)
def test_a_bad_value_marks_every_market_of_its_message(bad: Json, feed: str, after: Json) -> None:
    pair = holding_all()
    refuse(pair, bad, feed)
    lost = streams.lost(bad)
    marked = MARKETS if lost is None else lost
    assert pair.stale() == marked
    pair.take({**after, "status": None})
    imaged = {entry["id"] for entry in after["mc"] if entry.get("img")}
    assert pair.stale() == (marked - imaged) & {*pair.books[0].markets()}


@given(
    st.lists(st.lists(streams.market_changes, max_size=2), min_size=1, max_size=3),
    streams.spoiled_messages,
    st.sampled_from([None, "SEG", "SEG_END", "SEG_START"]),
    streams.feeds,
)
def test_a_bad_value_marks_the_markets_of_the_segments_before_it(
    parts: list[list[Json]], bad: Json, kind: str | None, feed: str
) -> None:
    pair = holding_all()
    for i, changes in enumerate(parts):
        part = message(*changes, segmentType="SEG" if i else "SEG_START")
        assert pair.take(fed_as(part, feed)) == []
    if bad["segmentType"] is None:  # else that is what is bad in it
        bad = {**bad, "segmentType": kind}
    refuse(pair, bad, feed)
    lost = streams.lost(bad)
    buffered = {entry["id"] for changes in parts for entry in changes}
    assert pair.stale() == (MARKETS if lost is None else lost | buffered)


@pytest.mark.parametrize(
    ("bad", "lost"),
    [
        (message(change(A), change(C, rc=[{"id": 1, "ltp": "2"}])), {A, C}),
        (message(change(B), change("1.9"), pt=None), {B}),
        (message(change(A), change(B), id="1", ct="SUB_IMAGE"), {A, B}),
        (message(change(C), segmentType="SEG"), {C}),
        (message(change(C), segmentType="SEG_END"), {C}),
        (message(change(A), {"img": True}), MARKETS),
        (message(change(A), change(B, id=1.2)), MARKETS),
        (message(change(A), []), MARKETS),
        (message(mc=change(A)), MARKETS),
        (message(mc=None, pt="1"), set()),
        (message(pt="1"), set()),
        (message(change(A), ct="HEARTBEAT", pt="1"), set()),
        (message(ct="HEARTBEAT", mc=5, status="503"), set()),
    ],
)
@pytest.mark.parametrize("feed", ["line", "backwards", "mapping"])
def test_each_kind_of_loss_is_marked_alike(bad: Json, lost: set[str], feed: str) -> None:
    pair = holding_all()
    refuse(pair, bad, feed)
    assert pair.stale() == lost


@pytest.mark.parametrize("kind", ["SEG_START", "SEG", "SEG_END"])
def test_segments_beyond_their_bound_are_lost_alike(kind: str) -> None:
    pair = holding_all({"state": {"max_segment_bytes": 150}})
    pair.take(fed_as(message(change(A), segmentType="SEG_START"), "line"))
    refuse(pair, message(change(B), segmentType=kind, clk="x" * 100))
    assert pair.stale() == {A, B}


@pytest.mark.parametrize(
    ("end", "field"),
    [
        (message(segmentType="SEG_END", pt=None), "pt"),
        (message(change("1.9"), segmentType="SEG_END"), "mc[2].id"),
    ],
)
def test_a_whole_is_lost_in_all_its_segments_alike(end: Json, field: str) -> None:
    pair = holding_all({"state": {"max_markets": 3}})
    pair.take(message(change(A), segmentType="SEG_START"))
    pair.take(message(change(B), segmentType="SEG"))
    assert pair.refuse(lambda book: book.apply_delta(end, 0)).field == field
    assert pair.stale() == {A, B}
    refuse(pair, message(change(C), segmentType="SEG"))  # the buffer is gone
    assert pair.stale() == MARKETS


@pytest.mark.parametrize("snapshot", [{"id": B}, {"id": 5}, {"rc": 5}, {"marketDefinition": []}])
def test_a_refused_snapshot_is_lost_for_its_market_alone(snapshot: Json) -> None:
    pair = holding_all()
    error = pair.refuse(lambda book: book.apply_snapshot(A, snapshot, 0))
    assert error.market_id == A
    assert pair.stale() == {A}
    for book in pair.books:
        book.apply_snapshot(A, change(A), 0)
    assert pair.stale() == set()
