"""Events as stream lines: an image first, then updates, and no silence."""

from __future__ import annotations

import json

from trader.simulator.feeds import FeedEvent, stream_lines


def test_the_first_line_is_the_image_of_a_subscription_and_quiet_times_have_heartbeats() -> None:
    quiet = {"id": "1.2", "rc": []}
    events = [FeedEvent(pt_ms, (quiet,)) for pt_ms in (1_000, 6_000, 17_500)]
    told = [json.loads(line) for line in stream_lines(events)]
    assert told[0] == {
        "op": "mcm",
        "id": 1,
        "initialClk": "AAAA",
        "conflateMs": 0,
        "heartbeatMs": 5000,
        "clk": "A0000001",
        "pt": 1_000,
        "ct": "SUB_IMAGE",
        "mc": [quiet],
    }
    assert [(message["pt"], message.get("ct")) for message in told[1:]] == [
        (6_000, None),
        (11_000, "HEARTBEAT"),
        (16_000, "HEARTBEAT"),
        (17_500, None),
    ]
    assert [message["clk"] for message in told] == [f"A000000{n}" for n in range(1, 6)]
    assert all(("mc" in message) == (message.get("ct") != "HEARTBEAT") for message in told)


def test_no_events_are_no_lines() -> None:
    assert list(stream_lines([])) == []
