"""The second book takes every line, and answers only for what it is sure of."""

from __future__ import annotations

import json
from typing import Any

from trader.betfair.book_builder import BookBuilder
from trader.second_book import SecondBook


def line(market_id: str, runner: object, **more: Any) -> bytes:
    mc = [{"id": market_id, "rc": [{"id": runner, "atb": [[3.0, 50.0]]}], **more}]
    return json.dumps({"op": "mcm", "pt": 1, "mc": mc}).encode()


def test_a_market_held_is_answered_as_an_image() -> None:
    second = SecondBook(BookBuilder())
    second.take(line("1.1", 7), 1)
    image = second.image("1.1")
    assert image is not None
    assert (image["id"], image["img"]) == ("1.1", True)
    assert image["rc"][0]["atb"] == [[3.0, 50.0]]


def test_there_is_no_image_of_what_is_not_held_or_was_lost() -> None:
    second = SecondBook(BookBuilder())
    assert second.image("1.1") is None
    second.take(line("1.1", 7), 1)
    second.take(line("1.2", 7), 1)
    second.take(line("1.1", "seven"), 2)
    assert second.image("1.1") is None
    assert second.image("1.2") is not None
    second.take(b"{", 3)
    assert second.image("1.2") is None
    second.take(line("1.1", 7, img=True), 4)
    assert second.image("1.1") is not None


def test_there_is_no_image_while_the_venue_says_that_its_data_are_unreliable() -> None:
    second = SecondBook(BookBuilder())
    second.take(line("1.1", 7), 1)
    second.take(b'{"op":"mcm","pt":2,"ct":"HEARTBEAT","status":503}', 2)
    assert second.image("1.1") is None


def test_a_segment_weighs_what_its_line_does() -> None:
    builder = BookBuilder(segment_bytes_max=40)
    SecondBook(builder).take(b'{"op":"mcm","pt":1,"segmentType":"SEG_START","mc":[]}', 1)
    assert builder.counts.errors == 1
