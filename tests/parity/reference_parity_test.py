"""The Rust Hotloop equals the Python reference: every answer, every message, every recording.

Over the recordings: the touched list, every implemented signal of every touched runner, the
market's definition, counts and times are compared after every message, fed as raw lines and as
decoded mappings; at the end everything is compared for every runner ever seen. Over generated
streams (images in mid-stream, split and repeated entries, old subscriptions, segments, 503, bad
values, unreadable lines) the same, and: a refused message raises `HotloopError` with the same
`market_id` and `field` from both, and changes nothing that can be seen but the counts of errors and
the stale marks, which are equal too (`stale_parity_test` says which markets are marked).
"""

import json
from collections.abc import Callable, Iterable
from typing import Any, Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.parity import streams
from tests.parity.pair import Pair
from tests.parity.recordings import per_recording, read_lines
from tests.parity.streams import Fed, Json, fed_as
from trader.strategy.hotloop.errors import HotloopError
from trader.strategy.hotloop.interface import HotloopApi, Touched

FEEDS: Final[dict[str, Callable[[bytes], Fed]]] = {"raw": bytes, "normalized": json.loads}


# --- recordings ---------------------------------------------------------------------------------


@per_recording
@pytest.mark.parametrize("feed", FEEDS)
def test_every_answer_after_every_message(name: str, feed: str) -> None:
    pair, fed = Pair(), FEEDS[feed]
    for number, line in enumerate(read_lines(name), start=1):
        pair.apply(fed(line), f"{name} line {number}")
    pair.compare()
    assert pair.seen
    assert pair.rust.stats()["errors"] == 0


@per_recording
def test_a_batch_gives_the_state_of_its_lines(name: str) -> None:
    pair, lines = Pair(), read_lines(name)
    changes = [book.apply_batch(lines, 0) for book in (pair.rust, pair.python)]
    assert changes[0] == changes[1] == pair.python.stats()["runner_changes"] > 0
    pair.seen = _runners_of(lines)
    pair.compare()


def _runners_of(lines: Iterable[bytes]) -> set[Touched]:
    return {
        (change["id"], entry["id"], float(entry.get("hc", 0)))
        for line in lines
        for change in json.loads(line)["mc"]
        for entry in change.get("rc", ())
    }


def test_the_counts_are_the_files_own() -> None:
    pair, lines = Pair(), read_lines("flumine__1.200806927.json")
    for book in (pair.rust, pair.python):
        assert book.apply_batch(lines, 0) == 21_895
        assert book.stats()["messages"] == 18_529


@pytest.mark.parametrize("source", ["full", "best", "display"])
def test_every_source_is_read_alike(source: str) -> None:
    pair = Pair({"book": {"source": source}})
    for line in read_lines("flumine__1.197931750.json"):
        pair.apply(line)


# --- generated streams --------------------------------------------------------------------------

configs: Final = st.sampled_from(
    [
        None,
        {"state": {"max_markets": 2, "closed_retention_s": 4}},
        {"state": {"max_segment_bytes": 300}},
        {"book": {"source": "best"}},
    ]
)


@given(configs, st.lists(st.tuples(streams.messages, streams.feeds), min_size=1, max_size=8))
def test_generated_streams_give_equal_answers(
    config: Json | None, stream: list[tuple[Json, str]]
) -> None:
    pair = Pair(config)
    for message, feed in stream:
        # Where segments are weighed, all are lines: what a mapping weighs is not exact.
        weighed = message.get("segmentType") is not None and config is not None
        pair.apply_or_refuse(fed_as(message, "line" if weighed else feed))


@given(streams.shapes, streams.spoiled_messages, streams.feeds, streams.whole_messages)
def test_a_bad_value_is_refused_alike_and_changes_nothing(
    before: list[Json], bad: Json, feed: str, after: Json
) -> None:
    pair = Pair()
    for message in before:
        pair.apply_or_refuse(fed_as(message, "line"))
    error = pair.refuse(lambda book: book.apply_delta(fed_as(bad, feed), 0))
    assert error.field is not None
    pair.apply(fed_as(after, feed))  # the next good message works
    pair.compare()


@pytest.mark.parametrize(("path", "value"), streams.BAD_VALUES)
@pytest.mark.parametrize("feed", ["line", "backwards", "mapping"])
def test_each_bad_value_is_named_alike(path: str, value: object, feed: str) -> None:
    good = {"op": "mcm", "pt": 1, "mc": [{"id": "1.1", "rc": [{"id": 1, "atb": [[2, 1]]}]}]}
    pair = Pair()
    pair.apply(good)
    bad = streams.spoiled(good, path, value)
    error = pair.refuse(lambda book: book.apply_delta(fed_as(bad, feed), 0))
    assert error.field is not None and error.field.startswith(path.split(".", maxsplit=1)[0])


@given(streams.shapes, streams.market_changes, st.sampled_from(streams.MARKET_IDS))
def test_snapshots_are_applied_or_refused_alike(
    before: list[Json], snapshot: Json, market_id: str
) -> None:
    pair = Pair()
    for message in before:
        pair.apply_or_refuse(fed_as(message, "line"))
    if snapshot["id"] != market_id:
        error = pair.refuse(lambda book: book.apply_snapshot(market_id, snapshot, 0))
        assert (error.market_id, error.field) == (market_id, "id")
        return
    touched = pair.python.apply_snapshot(market_id, snapshot, 0)
    assert pair.rust.apply_snapshot(market_id, snapshot, 0) == touched
    pair.seen.update(touched)
    pair.compare()


@given(st.lists(st.one_of(streams.messages, streams.spoiled_messages), min_size=1, max_size=6))
def test_batches_stop_at_the_same_line(stream: list[Json]) -> None:
    pair = Pair()
    lines = [streams.as_line(message) for message in stream]
    outcomes: list[object] = []
    for book in (pair.rust, pair.python):
        try:
            outcomes.append(book.apply_batch(lines, 0))
        except HotloopError as error:
            outcomes.append((error.line, error.market_id, error.field))
    assert outcomes[0] == outcomes[1]
    pair.compare()


@given(st.floats(0, 1e7), st.floats(0, 1e12))
def test_hundredths_are_rounded_alike(price: float, size: float) -> None:
    message = {
        "op": "mcm",
        "pt": 1,
        "mc": [{"id": "1.1", "rc": [{"id": 1, "trd": [[price, size]]}]}],
    }
    for feed in ("line", "mapping"):
        Pair().apply_or_refuse(fed_as(message, feed))


def test_a_runner_an_image_takes_after_naming_it_is_touched_once() -> None:
    """Found by the generated streams: the second image made the core forget the first naming."""
    pair = Pair()
    definition = {"status": "OPEN", "runners": [{"id": 1}]}
    image = {"id": "1.1", "img": True}
    pair.apply({"op": "mcm", "pt": 1, "mc": [{"id": "1.1", "marketDefinition": definition}]})
    named = {**image, "rc": [{"id": 1}, {"id": 2}]}
    touched = pair.apply({"op": "mcm", "pt": 2, "mc": [named, image]})
    assert touched == [("1.1", 1, 0.0), ("1.1", 2, 0.0)]


def test_a_runner_an_image_takes_before_anyone_saw_it_is_touched() -> None:
    """Found by the generated streams: removed means known before the image, not the message."""
    pair = Pair()
    defined = {"id": "1.1", "marketDefinition": {"runners": [{"id": 1}]}}
    emptied = {"id": "1.1", "img": True, "marketDefinition": {}}
    touched = pair.apply({"op": "mcm", "pt": 1, "mc": [defined, emptied]})
    assert touched == [("1.1", 1, 0.0)]


# --- the rest of the seam -----------------------------------------------------------------------


@pytest.mark.parametrize(
    "call",
    [
        lambda book: book.best2_sum("1.1", 1, "back"),
        lambda book: book.ladder_top("1.1", 1, ""),
        lambda book: book.ladder_top("1.1", 1, "BACK", -1),
        lambda book: book.size_ahead("1.1", 1, "B", 2.0),
        lambda book: book.size_ahead("1.1", 1, "BACK", 2.0, "order"),
        lambda book: book.pfill_ttf("1.1", 1, "X", 2.0),
        lambda book: book.match_rate_ema("1.1", 1, "X"),
        lambda book: book.update_config({"queue": {"windw_s": 1}}),
        lambda book: book.update_config({"queue": {"window_s": 0}}),
        lambda book: book.update_config({"queue": 5}),
        lambda book: book.update_config({"book": {"source": "deep"}}),
        lambda book: book.update_config({"max_ttf_ms": 1.5}),
        lambda book: book.update_config({"max_ttf_ms": True}),
        lambda book: book.update_config({"min_obs_s": -1}),
        lambda book: book.update_config({"min_obs_s": float("inf")}),
        lambda book: book.update_config({"state": {"max_markets": 0}}),
        lambda book: book.update_config({"state": {"max_segment_bytes": 1 << 63}}),
        lambda book: book.update_config({"enabled": "yes"}),
        lambda book: book.update_config({5: 1}),
    ],
)
def test_bad_arguments_and_configurations_are_refused_alike(
    call: Callable[[HotloopApi], object],
) -> None:
    pair = Pair({"max_ttf_ms": 1_000})
    error = pair.refuse(call)
    assert error.field and error.market_id is None and error.offset is None


def test_an_updated_configuration_holds_from_the_next_read_on() -> None:
    pair = Pair({"max_ttf_ms": 1_000})
    rows = {"atb": [[2, 1]], "batb": [[0, 1.9, 2]], "bdatb": [[0, 1.8, 3]]}
    pair.apply({"op": "mcm", "pt": 1, "mc": [{"id": "1.1", "rc": [{"id": 1, **rows}]}]})
    for source, best in (("display", 1.8), ("best", 1.9), ("full", 2.0)):
        for book in (pair.rust, pair.python):
            book.update_config({"book": {"source": source}})
            assert book.best("1.1", 1)[0] == best
            assert book.pfill_ttf("1.1", 1, "BACK", 2.0) == (0.0, 600_000.0)
        pair.compare()


def test_capabilities_are_equal_but_for_the_name_of_the_backend() -> None:
    pair = Pair()
    ours, theirs = pair.rust.capabilities(), pair.python.capabilities()
    assert (ours.pop("backend"), theirs.pop("backend")) == ("rust", "python")
    assert ours == theirs


def test_errors_are_told_to_emit_alike() -> None:
    pair, events = Pair(), {"rust": [], "python": []}  # type: ignore[var-annotated]
    pair.rust.set_emit(events["rust"].append)
    pair.python.set_emit(events["python"].append)
    pair.refuse(lambda book: book.apply_delta(b'{"op":"mcm","pt":1,"mc":[{"id":"1.1","rc":5}]}', 0))
    pair.refuse(lambda book: book.apply_delta(b"{", 0))
    told = [
        [{key: event[key] for key in ("event", "market_id", "field")} for event in events[name]]
        for name in ("rust", "python")
    ]
    assert told[0] == told[1] == [
        {"event": "error", "market_id": "1.1", "field": "mc[0].rc"},
        {"event": "error", "market_id": None, "field": None},
    ]  # fmt: skip
    assert events["rust"][0].keys() == events["python"][0].keys()


def test_a_raising_callback_is_counted_by_both() -> None:
    pair = Pair()

    def broken(_: dict[str, Any]) -> None:
        raise RuntimeError("the callback's own")

    for book in (pair.rust, pair.python):
        book.set_emit(broken)
    pair.refuse(lambda book: book.apply_delta(b"{", 0))
    for book in (pair.rust, pair.python):
        assert book.stats()["emit_errors"] == 1
        book.set_emit(None)
    pair.refuse(lambda book: book.apply_delta(b"{", 0))
    assert pair.rust.stats()["emit_errors"] == 1
