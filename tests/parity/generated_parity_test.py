"""Generated messages give equal answers, and what one backend refuses the other refuses, too.

The messages are independent of each other, and hold everything that recordings lack (`streams`):
images in mid-stream, split and repeated entries, old subscriptions, segments, 503, bad values,
unreadable lines. A refused message raises `HotloopError` with the same `market_id`, `field` and
`resubscribe` from both, and changes nothing that can be seen but the counts of errors and the stale
marks (`stale_parity_test` says which markets are marked).
"""

from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.parity import streams
from tests.parity.pair import Pair
from tests.parity.sessions import CONFIGS
from tests.parity.streams import Json, fed_as
from trader.strategy.hotloop.questions import Question, Refused

configs: Final = st.one_of(st.none(), st.sampled_from(CONFIGS))


@given(configs, st.lists(st.tuples(streams.messages, streams.feeds), min_size=1, max_size=8))
def test_generated_streams_give_equal_answers(
    config: Json | None, stream: list[tuple[Json, str]]
) -> None:
    pair = Pair(config)
    for message, feed in stream:
        # Segments are lines where they may be too long: how a mapping's characters beyond ASCII
        # are weighed is not specified.
        pair.apply(fed_as(message, "line" if message.get("segmentType") else feed))
        pair.check_all()


@given(
    st.lists(st.one_of(streams.messages, st.sampled_from(CONFIGS)), min_size=2, max_size=8),
    streams.feeds,
)
def test_configurations_that_change_in_mid_stream_give_equal_answers(
    stream: list[Json], feed: str
) -> None:
    pair = Pair()
    for step in stream:
        if "op" in step:
            pair.apply(fed_as(step, "line" if step.get("segmentType") else feed))
        else:
            pair.configure(step)
        pair.check_all()


@given(streams.shapes, streams.spoiled_messages, streams.feeds, streams.whole_messages)
def test_a_bad_value_is_refused_alike_and_changes_nothing(
    before: list[Json], bad: Json, feed: str, after: Json
) -> None:
    pair = Pair()
    for message in before:
        pair.apply(fed_as(message, "line"))
    error = pair.refuse(lambda book: book.apply_delta(fed_as(bad, feed), 0))
    assert error.field is not None
    pair.take(fed_as(after, feed))  # the next good message works
    pair.check_all()


@pytest.mark.parametrize(("path", "value"), streams.BAD_VALUES)
@pytest.mark.parametrize("feed", ["line", "backwards", "mapping"])
def test_each_bad_value_is_named_alike(path: str, value: object, feed: str) -> None:
    good = {"op": "mcm", "pt": 1, "mc": [{"id": "1.1", "rc": [{"id": 1, "atb": [[2, 1]]}]}]}
    pair = Pair()
    pair.take(good)
    bad = streams.spoiled(good, path, value)
    error = pair.refuse(lambda book: book.apply_delta(fed_as(bad, feed), 0))
    assert error.field is not None and error.field.startswith(path.split(".", maxsplit=1)[0])


@given(streams.shapes, streams.market_changes, st.sampled_from(streams.MARKET_IDS))
def test_snapshots_are_applied_or_refused_alike(
    before: list[Json], snapshot: Json, market_id: str
) -> None:
    pair = Pair()
    for message in before:
        pair.apply(fed_as(message, "line"))
    if snapshot["id"] != market_id:
        error = pair.refuse(lambda book: book.apply_snapshot(market_id, snapshot, 0))
        assert (error.market_id, error.field) == (market_id, "id")
        return
    assert not isinstance(pair.apply_snapshot(market_id, snapshot), Refused)
    pair.check_all()


@given(st.lists(st.one_of(streams.messages, streams.spoiled_messages), min_size=1, max_size=6))
def test_batches_stop_at_the_same_line(stream: list[Json]) -> None:
    pair = Pair()
    lines = [streams.as_line(message) for message in stream]
    pair.check(Question("apply_batch", (lines, 0)))
    pair.check_all()


@given(st.floats(0, 1e7), st.floats(0, 1e12))
def test_hundredths_are_rounded_alike(price: float, size: float) -> None:
    entry = {"id": "1.1", "rc": [{"id": 1, "trd": [[price, size]]}]}
    for feed in ("line", "mapping"):
        Pair().apply(fed_as({"op": "mcm", "pt": 1, "mc": [entry]}, feed))


# --- found by generated streams -----------------------------------------------------------------


def test_a_runner_an_image_takes_after_naming_it_is_touched_once() -> None:
    """The second image made the core forget the first naming."""
    pair = Pair()
    definition = {"status": "OPEN", "runners": [{"id": 1}]}
    image = {"id": "1.1", "img": True}
    pair.take({"op": "mcm", "pt": 1, "mc": [{"id": "1.1", "marketDefinition": definition}]})
    named = {**image, "rc": [{"id": 1}, {"id": 2}]}
    touched = pair.take({"op": "mcm", "pt": 2, "mc": [named, image]})
    assert touched == [("1.1", 1, 0.0), ("1.1", 2, 0.0)]


def test_a_runner_an_image_takes_before_anyone_saw_it_is_touched() -> None:
    """Removed means known before the image, not before the message."""
    pair = Pair()
    defined = {"id": "1.1", "marketDefinition": {"runners": [{"id": 1}]}}
    emptied = {"id": "1.1", "img": True, "marketDefinition": {}}
    touched = pair.take({"op": "mcm", "pt": 1, "mc": [defined, emptied]})
    assert touched == [("1.1", 1, 0.0)]


def test_drops_are_of_the_offers_in_force_at_the_end_of_the_message() -> None:
    """The core took a drop of the best offers, though the message went on to show full depth."""
    pair = Pair({"min_obs_s": 0})
    offered = {"id": 1, "batb": [[0, 2.02, 100]], "trd": [[2.02, 2000]]}
    pair.take({"op": "mcm", "pt": 1, "mc": [{"id": "1.1", "rc": [offered, {"id": 2}]}]})
    traded = {"id": 1, "batb": [[0, 2.02, 0]], "trd": [[2.02, 2100]]}
    shown = {"id": 2, "atb": [[2, 0]]}
    pair.take({"op": "mcm", "pt": 2, "mc": [{"id": "1.1", "rc": [traded, shown]}]})
    assert pair.check(Question("match_rate_ema", ("1.1", 1))) == pytest.approx(50 / 10)
