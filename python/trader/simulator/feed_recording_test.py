"""A recording is a feed of what it holds, and what cannot be read says where."""

from __future__ import annotations

import json
from itertools import islice
from pathlib import Path
from typing import Any

import pytest

from trader.simulator.feed_recording import OPENING_EVENTS
from trader.simulator.feeds import FeedEvent, RecordingFeed
from trader.simulator.generator import Race, RaceShape
from trader.simulator.recording import RecordingError

SHAPE = RaceShape(pre_off_s=20.0, in_play_s=4.0)
RUNNERS = [{"id": 1, "sortPriority": 1, "status": "ACTIVE"}]
DEFINITION = {
    "eventId": "9",
    "eventTypeId": "1",
    "marketTime": "2025-04-01T13:02:00.000Z",
    "bettingType": "ODDS",
    "runners": RUNNERS,
}


def market(market_id: str, **definition: Any) -> dict[str, Any]:
    return {"id": market_id, "marketDefinition": DEFINITION | definition, "img": True}


def message(pt: int | None, *changes: dict[str, Any], **fields: Any) -> dict[str, Any]:
    return {"op": "mcm", "clk": "A", **({} if pt is None else {"pt": pt}), "mc": changes, **fields}


def recorded(folder: Path, *lines: object) -> Path:
    path = folder / "r"
    texts = (line if isinstance(line, str) else json.dumps(line) for line in lines)
    path.write_text("\n".join(texts) + "\n")
    return path


def failure(path: Path) -> RecordingError:
    with pytest.raises(RecordingError) as caught:
        list(RecordingFeed(path).events())
    assert "\n" not in str(caught.value)
    return caught.value


def test_a_recorded_race_gives_the_events_it_was_made_of(tmp_path: Path) -> None:
    path = tmp_path / "race"
    path.write_bytes(b"\n".join(Race(7, SHAPE).lines()))
    feed = RecordingFeed(path)
    expected = list(Race(7, SHAPE).events())
    assert feed.first_pt_ms == expected[0].pt_ms
    assert list(feed.events()) == expected
    assert list(feed.events()) == expected, "a feed can be read again"


def test_changes_are_passed_on_as_they_are(tmp_path: Path) -> None:
    changes = (
        {"id": "1.2", "rc": [{"id": 1, "trd": [], "hc": 0.5}], "con": True, "tv": 3.5, "x": None},
        {"id": "1.2", "rc": [{"id": 1, "spn": "NaN"}], "img": False},
    )
    feed = RecordingFeed(recorded(tmp_path, message(5, *changes, id=3, ct="SUB_IMAGE", status=503)))
    assert list(feed.events()) == [FeedEvent(5, changes)]
    assert feed.catalogue() == ()


def test_what_carries_no_market_leaves_nothing(tmp_path: Path) -> None:
    path = recorded(
        tmp_path,
        {"op": "connection", "connectionId": "1"},
        {"op": "status", "statusCode": "SUCCESS"},
        message(1, market("1.2")),
        message(2, ct="HEARTBEAT"),
        message(3, market("1.9"), ct="HEARTBEAT"),
        message(4),
        {"op": "mcm", "pt": 5, "clk": None, "mc": None},
        message(6, {"id": "1.2", "rc": []}),
    )
    assert [event.pt_ms for event in RecordingFeed(path).events()] == [1, 6]


def test_a_time_that_goes_back_counts_as_the_latest_seen(tmp_path: Path) -> None:
    rest = {"id": "1.2", "rc": []}
    lines = [message(pt, rest) for pt in (10, 8, 12, 11, 13)]
    lines.insert(2, message(11, ct="HEARTBEAT"))
    events = list(RecordingFeed(recorded(tmp_path, *lines)).events())
    assert [event.pt_ms for event in events] == [10, 10, 12, 12, 13]


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("{{{", "is no stream message: "),
        ("[1]", "is no stream message: "),
        ('{"pt":1,"mc":[]}', "is no stream message: "),
        ('{"op":"mcm","pt":1.5,"mc":[]}', "is no stream message: "),
        ('{"op":"mcm","pt":1,"mc":[null]}', "is no stream message: "),
        ('{"op":"mcm","pt":1,"mc":[{"id":"1.2","tv":NaN}]}', "is no stream message: "),
        ('{"op":"ocm","pt":1}', "is no message of the market stream, but op 'ocm'"),
        ('{"op":"mcm","mc":[{"id":"1.2"}]}', "has markets and no publish time (pt)"),
        ('{"op":"mcm","pt":1,"mc":[{"rc":[]}]}', "has no market id in mc[0]"),
        ('{"op":"mcm","pt":1,"mc":[{"id":"1"},{"id":2}]}', "has no market id in mc[1]"),
        (
            '{"op":"mcm","pt":1,"mc":[{"id":"1.2","marketDefinition":{}}]}',
            "has a definition that is none: market 1.2: eventId is missing",
        ),
    ],
)
@pytest.mark.parametrize("before", [1, OPENING_EVENTS + 5])
def test_a_line_that_is_no_market_message_is_an_error_with_its_number(
    tmp_path: Path, line: str, said: str, before: int
) -> None:
    good = message(1, {"id": "1.2", "rc": []})
    error = failure(recorded(tmp_path, *[good] * before, line, good))
    assert error.line == before + 1
    assert error.reason.startswith(said)


def test_a_recording_that_ends_in_its_opening_with_an_error_is_refused_at_once(
    tmp_path: Path,
) -> None:
    with pytest.raises(RecordingError, match="line 2: is no stream message"):
        RecordingFeed(recorded(tmp_path, message(1, market("1.2")), "oh"), "shown")


def test_a_recording_without_any_market_is_refused(tmp_path: Path) -> None:
    error = failure(recorded(tmp_path, message(1, ct="HEARTBEAT"), message(2)))
    assert (error.line, error.reason) == (None, "has no market in any of its messages")


def test_a_missing_file_is_refused_as_by_a_recording(tmp_path: Path) -> None:
    assert failure(tmp_path / "gone").reason == "does not exist"


def test_the_catalogue_begins_with_the_markets_of_the_first_messages(tmp_path: Path) -> None:
    named = market("1.2", name="Match Odds", eventName="A v B")
    path = recorded(
        tmp_path,
        message(1, market("1.2"), market("1.3", eventTypeId="2")),
        message(2, named),
        *[message(3, {"id": "1.2", "rc": []})] * OPENING_EVENTS,
        message(4, market("1.4")),
    )
    feed = RecordingFeed(path)
    told = [(m.market_id, m.market_name, m.event_type_name) for m in feed.catalogue()]
    assert told == [("1.2", "Match Odds", "Soccer"), ("1.3", "market 1.3", "Tennis")]


def test_the_catalogue_has_a_later_market_by_the_time_its_event_comes(tmp_path: Path) -> None:
    quiet = message(3, {"id": "1.2", "rc": []})
    later = message(4, market("1.4"))
    path = recorded(tmp_path, message(1, market("1.2")), *[quiet] * OPENING_EVENTS, later, quiet)
    feed = RecordingFeed(path)
    events = feed.events()
    assert len(list(islice(events, OPENING_EVENTS + 1))) == OPENING_EVENTS + 1
    assert [m.market_id for m in feed.catalogue()] == ["1.2"]
    assert next(events).changes[0]["id"] == "1.4"
    assert [m.market_id for m in feed.catalogue()] == ["1.2", "1.4"]


def test_reading_ahead_is_not_needed(tmp_path: Path) -> None:
    good = message(1, market("1.2"))
    path = recorded(tmp_path, *[good] * (OPENING_EVENTS + 1), "oh")
    assert next(RecordingFeed(path).events()).pt_ms == 1
