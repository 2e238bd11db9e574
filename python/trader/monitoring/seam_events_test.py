"""What the seam says of itself reaches log and metrics, whatever it says."""

from __future__ import annotations

import logging
from typing import Any

import pytest
from prometheus_client import generate_latest

from trader.monitoring.metrics import Metrics
from trader.monitoring.seam_events import FIELDS_MAX, SeamEvents

REFUSAL = {
    "event": "error",
    "message": "mc[0].rc[11].atb[2][1]: is not a number",
    "market_id": "1.2345",
    "field": "mc[0].rc[11].atb[2][1]",
    "offset": 17,
    "resubscribe": True,
}


def test_refusals_are_counted_by_the_place_of_the_bad_value_without_its_indexes() -> None:
    metrics = Metrics()
    events = SeamEvents(metrics)
    for field in ("mc[0].rc[11].atb[2][1]", "mc[5].rc[0].atb[0][0]", "segmentType", None):
        events({**REFUSAL, "field": field})
    assert metrics.seam_events_total == {"error": 4}
    assert metrics.seam_refusals_total == {"mc.rc.atb": 2, "segmentType": 1, "unreadable": 1}
    page = generate_latest(metrics.registry).decode()
    assert 'hotloop_seam_refusals_total{field="mc.rc.atb"} 2.0' in page
    assert "1.2345" not in page, "no market ids as labels"


def test_a_refusal_is_for_those_who_look_closer_as_the_engine_warns_of_it(
    caplog: pytest.LogCaptureFixture,
) -> None:
    with caplog.at_level(logging.DEBUG, "trader.seam"):
        SeamEvents(Metrics())(REFUSAL)
    (record,) = caplog.records
    assert record.levelno == logging.DEBUG
    assert "mc[0].rc[11].atb[2][1]" in record.getMessage()


def test_counts_go_under_their_final_names_and_on_from_one_seam_to_the_next() -> None:
    metrics = Metrics()
    first = SeamEvents(metrics)
    first({"event": "counters", "messages": 10, "images": 3, "runner_changes": 40, "errors": 1})
    first({"event": "counters", "messages": 20, "images": 4, "runner_changes": 70, "errors": 1})
    second = SeamEvents(metrics)
    second.counts({"images": 2, "ignored": 5})
    page = generate_latest(metrics.registry).decode().splitlines()
    for line in (
        "hotloop_images_total 6.0",
        "hotloop_runner_changes_total 70.0",
        "hotloop_lines_ignored_total 5.0",
        'hotloop_seam_events_total{event="counters"} 2.0',
    ):
        assert line in page


@pytest.mark.parametrize(
    "event",
    [
        {},
        {"event": None},
        {"event": ["error"]},
        {"event": "news", "images": 7},
        {"event": "error"},
        {"event": "error", "field": 3},
        {"event": "counters", "images": "many", "runner_changes": None},
    ],
)
def test_what_was_not_expected_is_passed_over(event: dict[str, Any]) -> None:
    metrics = Metrics()
    SeamEvents(metrics)(event)
    assert metrics.seam_events_total.total() == 1
    assert set(metrics.seam_events_total) <= {"error", "counters", "other"}
    assert set(metrics.seam_refusals_total) <= {"unreadable", "other"}
    assert not any(metrics.seam_counts.values())


def test_fields_are_bounded_whatever_the_seam_names() -> None:
    metrics = Metrics()
    events = SeamEvents(metrics)
    for field in ("mc[3].rc[12].atb[0][1]", "mc.1234567", "1.170258213", "a" * 81, "", "öffnung"):
        events({"event": "error", "field": field})
    assert metrics.seam_refusals_total == {"mc.rc.atb": 1, "other": 5}
    for number in range(10 * FIELDS_MAX):
        events({"event": "error", "field": "x" + "".join(chr(97 + int(d)) for d in str(number))})
    assert len(metrics.seam_refusals_total) <= FIELDS_MAX + 1
    assert metrics.seam_refusals_total.total() == 6 + 10 * FIELDS_MAX
