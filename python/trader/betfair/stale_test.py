"""Which markets a refused message leaves stale: all it carried, whichever of its values was bad."""

from collections.abc import Iterable
from typing import Any

import pytest

from trader.betfair.book_builder import BookBuilder
from trader.betfair.normalize import MessageError, carried
from trader.betfair.testing import mcm, refused

ALL = {"1.1", "1.2", "1.3"}
BAD_ROWS = {"rc": [{"id": 7, "atb": 5}]}


def entry(market_id: str, **fields: Any) -> dict[str, Any]:
    return {"id": market_id, "rc": [{"id": 7}], **fields}


def segment(kind: str, *entries: object, **fields: Any) -> dict[str, Any]:
    return mcm(*entries, segmentType=kind, **fields)


def holding_all(**limits: Any) -> BookBuilder:
    builder = BookBuilder(**limits)
    builder.apply_delta(mcm(*(entry(market_id) for market_id in sorted(ALL))))
    return builder


def marked(builder: BookBuilder) -> set[str]:
    return {market.market_id for market in builder.markets.values() if market.stale}


@pytest.mark.parametrize(
    ("message", "lost"),
    [
        (mcm(entry("1.1", **BAD_ROWS)), {"1.1"}),
        (mcm(entry("1.1", **BAD_ROWS), entry("1.2")), {"1.1", "1.2"}),
        (mcm(entry("1.1"), entry("1.2", **BAD_ROWS)), {"1.1", "1.2"}),
        (mcm(entry("1.1"), entry("1.9"), pt="soon"), {"1.1"}),
        (mcm(entry("1.2"), pt=None), {"1.2"}),
        (mcm(entry("1.1"), entry("1.2"), segmentType="SEG_MIDDLE"), {"1.1", "1.2"}),
        (segment("SEG", entry("1.3")), {"1.3"}),
        (mcm(entry("1.1"), {"rc": []}), ALL),
        (mcm(entry("1.1"), {"id": 1.2}), ALL),
        (mcm(entry("1.1"), 5), ALL),
        (mcm(mc={"id": "1.1"}), ALL),
        (mcm(pt="soon"), set()),
        (mcm(mc=None, pt="soon"), set()),
        (mcm(mc=5, ct="HEARTBEAT", pt="soon"), set()),
    ],
)
def test_every_market_the_message_carries_is_marked(
    message: dict[str, Any], lost: Iterable[str]
) -> None:
    builder = holding_all()
    refused(builder, message)
    assert marked(builder) == lost
    assert (carried(message) is None) == (lost == ALL)


def test_only_an_image_clears_the_mark_and_only_of_its_market() -> None:
    builder = holding_all()
    error = refused(builder, mcm(entry("1.1"), entry("1.2", **BAD_ROWS)))
    assert error.market_id == "1.2"
    builder.apply_delta(mcm(entry("1.1"), entry("1.2")))
    assert marked(builder) == {"1.1", "1.2"}
    builder.apply_delta(mcm(entry("1.2", img=True)))
    assert marked(builder) == {"1.1"}
    builder.apply_snapshot("1.1", {})
    assert marked(builder) == set()


def test_a_line_nobody_can_read_marks_every_market() -> None:
    builder = holding_all()
    builder.lost(None)
    assert marked(builder) == ALL
    assert builder.counts.errors == 1


def test_a_message_beyond_the_limit_of_markets_is_lost_for_those_held() -> None:
    builder = holding_all(markets_max=3)
    assert refused(builder, mcm(entry("1.2"), entry("1.4"))).market_id == "1.4"
    assert marked(builder) == {"1.2"}


@pytest.mark.parametrize("snapshot", [{"id": "1.2"}, {"id": 5}, {"rc": 5}])
def test_a_refused_snapshot_is_lost_for_its_market_alone(snapshot: dict[str, Any]) -> None:
    builder = holding_all()
    with pytest.raises(MessageError) as caught:
        builder.apply_snapshot("1.1", snapshot)
    assert caught.value.market_id == "1.1"
    assert marked(builder) == {"1.1"}


# --- segments ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "message",
    [
        segment("SEG", entry("1.2", **BAD_ROWS)),
        segment("SEG_END", entry("1.2"), pt="soon"),
        segment("SEG_START", entry("1.2", **BAD_ROWS)),
        mcm(entry("1.2", **BAD_ROWS)),  # no segment, but the buffer goes with it
    ],
)
def test_the_segments_thrown_away_with_a_message_are_lost_too(message: dict[str, Any]) -> None:
    builder = holding_all()
    builder.apply_delta(segment("SEG_START", entry("1.1")))
    refused(builder, message)
    assert marked(builder) == {"1.1", "1.2"}
    refused(builder, segment("SEG_END", entry("1.3")))  # what is left of the message
    assert marked(builder) == ALL


def test_a_refused_snapshot_takes_the_segments_with_it() -> None:
    builder = holding_all()
    builder.apply_delta(segment("SEG_START", entry("1.1")))
    with pytest.raises(MessageError):
        builder.apply_snapshot("1.2", {"rc": 5})
    assert marked(builder) == {"1.1", "1.2"}


@pytest.mark.parametrize("kind", ["SEG_START", "SEG", "SEG_END"])
def test_segments_beyond_their_bound_are_lost_with_the_one_too_many(kind: str) -> None:
    builder = holding_all(segment_bytes_max=100)
    builder.apply_delta(segment("SEG_START", entry("1.1")), size_bytes=60)
    refused(builder, segment(kind, entry("1.2")), size_bytes=101)
    assert marked(builder) == {"1.1", "1.2"}


def test_a_whole_refused_with_its_last_segment_is_lost_in_all_its_parts() -> None:
    timeless = holding_all()
    limited = holding_all(markets_max=3)
    for builder in (timeless, limited):
        builder.apply_delta(segment("SEG_START", entry("1.1")))
        builder.apply_delta(segment("SEG", entry("1.2")))
    assert refused(timeless, segment("SEG_END", pt=None)).field == "pt"
    assert refused(limited, segment("SEG_END", entry("1.4"))).field == "mc[2].id"
    assert marked(timeless) == marked(limited) == {"1.1", "1.2"}


def test_segments_that_were_applied_are_not_lost_with_a_later_message() -> None:
    builder = holding_all()
    builder.apply_delta(segment("SEG_START", entry("1.1")))
    builder.apply_delta(segment("SEG_END", entry("1.2")))
    refused(builder, mcm(entry("1.3", **BAD_ROWS)))
    assert marked(builder) == {"1.3"}
