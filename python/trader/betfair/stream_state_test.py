"""docs/signals.md, "Stream state", "Errors" and the versions of definitions, on the books alone."""

from typing import Any

import pytest

from trader.betfair.book_builder import BookBuilder
from trader.betfair.normalize import MessageError
from trader.betfair.testing import M, built, change, definition, mcm, rc, refused

HEARTBEAT = {"op": "mcm", "ct": "HEARTBEAT"}


# --- clocks -------------------------------------------------------------------------------------


def test_clocks_are_the_last_of_each_that_were_read() -> None:
    builder = built()
    assert builder.clocks() == (None, None)
    builder.apply_delta(mcm(initialClk="i1", clk="c1"))
    builder.apply_delta(mcm(change(rc()), clk="c2", initialClk=None))
    assert builder.clocks() == ("i1", "c2")
    builder.apply_delta({**HEARTBEAT, "clk": "c3", "initialClk": "i3"})
    assert builder.clocks() == ("i3", "c3")


def test_ignored_messages_tell_no_clock() -> None:
    builder = built(mcm(clk="c1", id=5, ct="SUB_IMAGE"))
    builder.apply_delta({"op": "ocm", "clk": "c2"})
    builder.apply_delta(mcm(clk="c3", id=4))
    assert builder.clocks() == (None, "c1")


def test_segments_tell_their_clocks_when_the_whole_is_applied() -> None:
    builder = built(mcm(clk="c0"))
    builder.apply_delta(mcm(segmentType="SEG_START", initialClk="i1", clk="c1"))
    builder.apply_delta(mcm(segmentType="SEG", clk="c2"))
    assert builder.clocks() == (None, "c0")
    builder.apply_delta(mcm(segmentType="SEG_END"))
    assert builder.clocks() == ("i1", "c2")
    builder.apply_delta(mcm(segmentType="SEG_START", clk="c3"))
    builder.apply_delta(mcm(segmentType="SEG_START"))  # throws the unfinished one away
    builder.apply_delta(mcm(segmentType="SEG_END"))
    assert builder.clocks() == ("i1", "c2")


@pytest.mark.parametrize("kind", ["SUB_IMAGE", "RESUB_DELTA"])
def test_after_a_loss_clocks_are_held_until_the_stream_is_resumed(kind: str) -> None:
    builder = built(mcm(change(rc()), clk="c1", initialClk="i1"))
    refused(builder, mcm(change(rc(atb=5)), clk="c2"))
    builder.apply_delta(mcm(change(rc()), clk="c3"))
    builder.apply_delta({**HEARTBEAT, "clk": "c4", "initialClk": "i4"})
    builder.apply_snapshot(M, {})
    assert builder.clocks() == ("i1", "c1")
    builder.apply_delta(mcm(ct=kind, clk="c5"))
    assert builder.clocks() == ("i1", "c5")
    builder.apply_delta(mcm(clk="c6"))
    assert builder.clocks() == ("i1", "c6")


def test_a_refused_message_without_changes_holds_no_clock() -> None:
    builder = built(mcm(clk="c1"))
    assert not refused(builder, mcm(pt="soon")).resubscribe
    builder.apply_delta(mcm(clk="c2"))
    assert builder.clocks() == (None, "c2")


@pytest.mark.parametrize("field", ["clk", "initialClk"])
@pytest.mark.parametrize("bad", [5, ["c"], True, {}])
def test_a_clock_is_text_or_null(field: str, bad: object) -> None:
    error = refused(built(), mcm(change(rc()), **{field: bad}))
    assert (error.field, error.market_id) == (field, None)
    assert refused(built(), {**HEARTBEAT, field: bad}).field == field


# --- what a refusal says ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("message", "resubscribe"),
    [
        (mcm(change(rc(atb=5))), True),
        (mcm(change(rc(), market_id="1.9"), pt="soon"), True),  # not held, but it was carried
        (mcm(mc=5), True),
        (mcm(pt="soon"), False),
        ({**HEARTBEAT, "mc": 5, "pt": "soon"}, False),
        ({"op": "mcm", "segmentType": "SEG"}, False),
    ],
)
def test_resubscribe_is_asked_for_where_changes_may_be_lost(
    message: dict[str, Any], resubscribe: bool
) -> None:
    assert refused(built(mcm(change(rc()))), message).resubscribe is resubscribe


def test_segments_thrown_away_are_changes_lost() -> None:
    builder = built(mcm(change(rc()), segmentType="SEG_START"))
    assert refused(builder, mcm(pt="soon")).resubscribe


def test_a_refused_snapshot_is_a_loss() -> None:
    with pytest.raises(MessageError) as caught:
        built().apply_snapshot(M, {"rc": 5})
    assert caught.value.resubscribe


# --- stale markets, receipt times ---------------------------------------------------------------


def test_stale_markets_are_those_marked_and_all_under_a_503() -> None:
    three = [change(rc(), market_id=f"1.{i}") for i in (3, 1, 2)]
    builder = built(mcm(*three))
    assert builder.stale_markets() == []
    refused(builder, mcm(change(rc(atb=5), market_id="1.2"), change(market_id="1.3")))
    assert builder.stale_markets() == ["1.3", "1.2"]
    builder.apply_delta({**HEARTBEAT, "status": 503})
    assert builder.stale_markets() == ["1.3", "1.1", "1.2"]
    builder.apply_delta(HEARTBEAT)
    builder.apply_snapshot("1.3", {})
    assert builder.stale_markets() == ["1.2"]


def test_receipt_times_are_kept_of_the_last_line_and_of_each_market() -> None:
    assert BookBuilder().last_ts_ms is None
    builder = BookBuilder()
    builder.apply_delta(mcm(change(rc()), change(market_id="1.2")), ts_ms=10)
    builder.apply_delta(mcm(change(market_id="1.2")), ts_ms=20)
    for number, line in enumerate([{"op": "ocm"}, HEARTBEAT, mcm(segmentType="SEG_START")]):
        builder.apply_delta(line, ts_ms=30 + number)
        assert builder.last_ts_ms == 30 + number
    with pytest.raises(MessageError):
        builder.apply_delta(mcm(pt="soon"), ts_ms=40)
    assert builder.last_ts_ms == 32
    assert [market.ts_ms for market in builder.markets.values()] == [10, 20]
    builder.apply_snapshot(M, {}, ts_ms=50)
    assert builder.last_ts_ms == 50
    assert [market.ts_ms for market in builder.markets.values()] == [50, 20]


# --- versions of definitions --------------------------------------------------------------------


def test_a_definition_of_a_lower_version_is_as_if_it_were_not_there() -> None:
    builder = built(mcm(change(rc(7), marketDefinition=definition("OPEN", 7, 8, version=5))))
    old = definition("CLOSED", 9, version=4)
    touched = builder.apply_delta(mcm(change(rc(7, ltp=2), marketDefinition=old), pt=2_000))
    assert touched == [(M, 7, 0.0)]
    market = builder.markets[M]
    assert market.definition is not None
    assert (market.definition.status, market.definition_seq) == ("OPEN", 1)
    assert (market.runners[7, 0].ltp_centi, market.pt_ms) == (200, 2_000)
    assert market.closed_pt_ms is None and (9, 0) not in market.runners
    assert builder.counts.definitions_ignored == 1


@pytest.mark.parametrize(
    ("held", "new", "image"), [(5, 5, False), (5, 6, False), (5, None, False), (None, 1, False),
                              (5, 4, True)],
)  # fmt: skip
def test_other_definitions_are_taken(held: int | None, new: int | None, image: bool) -> None:
    builder = built(mcm(change(marketDefinition=definition("OPEN", version=held))))
    newer = definition("SUSPENDED", version=new)
    builder.apply_delta(mcm(change(marketDefinition=newer, img=image)))
    market = builder.markets[M]
    assert market.definition is not None
    assert (market.definition.status, market.definition.version) == ("SUSPENDED", new)
    assert (market.definition_seq, builder.counts.definitions_ignored) == (2, 0)


def test_a_bad_definition_is_refused_whatever_its_version() -> None:
    builder = built(mcm(change(marketDefinition=definition("OPEN", version=5))))
    bad = mcm(change(marketDefinition={"version": 4, "status": 5}))
    assert refused(builder, bad).field == "mc[0].marketDefinition.status"
