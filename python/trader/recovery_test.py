"""After a refused line every stale market is reseeded, asked for, or said to be left, once."""

from __future__ import annotations

import json
from typing import Any

import pytest

from trader.betfair.book_builder import BookBuilder
from trader.monitoring.metrics import Metrics
from trader.recovery import RESUBSCRIBE_AGAIN_MS, Recovery
from trader.second_book import SecondBook
from trader.strategy.hotloop.api import Hotloop
from trader.strategy.hotloop.errors import HotloopError

PT = 1_700_000_000_000
RUNNER = [{"id": 1, "atb": [[3.0, 50.0]]}]


def line(*market_ids: str, rc: Any = RUNNER, image: bool = False, **more: Any) -> bytes:
    mc = [{"id": market_id, "rc": rc, "img": image} for market_id in market_ids]
    return json.dumps({"op": "mcm", "pt": PT, "mc": mc, **more}).encode()


def spoiled(*market_ids: str) -> bytes:
    return line(*market_ids, rc=[{"id": "one"}])


class Desk:
    """A Hotloop with markets 1.1 and 1.2, its recovery, and what was asked of the venue."""

    def __init__(self, *, second: bool = False, live: bool = True) -> None:
        self.book = Hotloop(rust=False)
        self.builder = BookBuilder()
        self.second = SecondBook(self.builder)
        self.metrics = Metrics()
        self.asked: list[list[str] | None] = []
        self.recovery = Recovery(
            self.book,
            self.metrics,
            second=self.second if second else None,
            resubscribe=self.asked.append if live else None,
        )

    def take(self, raw: bytes, *, for_second: bytes | None = None) -> None:
        self.second.take(raw if for_second is None else for_second, PT)
        self.book.apply_delta(raw, PT)

    def lose(self, raw: bytes, now_ms: int = PT, *, for_second: bytes | None = None) -> int:
        """A line that is refused, and mended as far as can be; the number of touched runners."""
        with pytest.raises(HotloopError) as caught:
            self.take(raw, for_second=for_second)
        return len(self.recovery.mend(caught.value, now_ms))

    def stale(self) -> list[str]:
        return self.book.stale_markets()


def with_two_markets(**more: bool) -> Desk:
    desk = Desk(**more)
    desk.take(line("1.1", "1.2", image=True))
    return desk


def test_a_market_that_the_second_book_holds_is_reseeded_as_it_is_there() -> None:
    desk = with_two_markets(second=True)
    good = line("1.1", rc=[{"id": 1, "atb": [[3.0, 20.0]]}, {"id": 2, "atl": [[9.0, 4.0]]}])
    assert desk.lose(spoiled("1.1"), for_second=good) == 2
    assert desk.stale() == []
    assert desk.book.best("1.1", 1)[:2] == (3.0, 20.0)
    assert desk.book.best("1.1", 2)[2:] == (9.0, 4.0)
    assert desk.asked == []
    assert (desk.recovery.counts.reseeds, desk.metrics.reseeds_total) == (1, 1)
    assert desk.metrics.stale_markets == 0


def test_what_the_second_book_does_not_know_for_sure_is_asked_of_the_venue() -> None:
    desk = with_two_markets(second=True)
    desk.lose(spoiled("1.1"))  # which both refuse
    assert desk.stale() == ["1.1"]
    assert desk.asked == [["1.1"]]
    assert (desk.recovery.counts.reseeds, desk.recovery.counts.resubscribes) == (0, 1)
    assert (desk.metrics.resubscribes_total, desk.metrics.stale_markets) == (1, 1)


def test_the_venue_is_asked_for_everything_when_everything_is_lost() -> None:
    desk = with_two_markets()
    desk.lose(b"{")
    assert desk.asked == [None]


def test_a_first_image_that_is_lost_is_asked_for_too() -> None:
    desk = Desk()
    desk.lose(b"{")
    assert desk.asked == [None]
    desk.take(line("1.1", image=True))
    desk.lose(spoiled("1.2"))
    assert desk.asked == [None, ["1.2"]], "it is not held, so it could not be marked"


def test_a_market_is_asked_for_once_until_it_is_imaged() -> None:
    desk = with_two_markets()
    desk.lose(spoiled("1.1"), PT)
    desk.lose(spoiled("1.1"), PT + 1)
    desk.recovery.look_again(PT + RESUBSCRIBE_AGAIN_MS - 1)
    assert desk.asked == [["1.1"]]
    desk.take(line("1.1", image=True))
    desk.recovery.look_again(PT + 2)
    assert desk.metrics.stale_markets == 0
    desk.lose(spoiled("1.1"), PT + 3)
    assert desk.asked == [["1.1"], ["1.1"]]


def test_a_market_whose_image_never_came_is_asked_for_again_after_a_time() -> None:
    desk = with_two_markets()
    desk.lose(spoiled("1.1"), PT)
    desk.recovery.look_again(PT + RESUBSCRIBE_AGAIN_MS)
    desk.recovery.look_again(PT + RESUBSCRIBE_AGAIN_MS + 1)
    assert desk.asked == [["1.1"], ["1.1"]]


def test_another_market_is_asked_for_while_the_first_is_waited_for() -> None:
    desk = with_two_markets()
    desk.take(line("1.3", image=True))
    desk.lose(spoiled("1.1"), PT)
    desk.lose(spoiled("1.2"), PT + 1)
    assert desk.asked == [["1.1"], ["1.2"]]


def test_markets_that_were_dropped_are_not_asked_for_any_more() -> None:
    desk = Desk()
    desk.take(line("1.1", image=True, ct="SUB_IMAGE", id=1))
    desk.lose(spoiled("1.1"), PT)
    desk.take(line("1.2", image=True, ct="SUB_IMAGE", id=1))
    assert desk.book.markets() == ["1.2"]
    desk.recovery.look_again(PT + RESUBSCRIBE_AGAIN_MS)
    assert desk.asked == [None]


def test_without_anybody_to_ask_it_is_said_once(caplog: pytest.LogCaptureFixture) -> None:
    desk = with_two_markets(live=False)
    desk.lose(spoiled("1.1"))
    desk.lose(b"{")
    desk.recovery.look_again(PT + RESUBSCRIBE_AGAIN_MS)
    (record,) = caplog.records
    assert "not quoted until an image comes" in record.message
    assert "market 1.1 " in record.message
    assert desk.metrics.stale_markets == 2
    assert desk.recovery.counts.resubscribes == 0


def test_nothing_is_done_about_a_line_that_carried_nothing() -> None:
    desk = with_two_markets()
    desk.lose(b'{"op":"mcm","pt":"noon"}')
    assert desk.asked == []
    assert desk.stale() == []


def test_an_image_that_the_seam_refuses_leaves_the_market_to_the_venue() -> None:
    desk = with_two_markets(second=True)
    # Held by neither before; the second book has room for it, the seam has not.
    desk.book.update_config({"state": {"max_markets": 2}})
    desk.lose(spoiled("1.3"), for_second=line("1.3", image=True))
    assert desk.asked == [["1.3"]]
    assert desk.recovery.counts.reseeds == 0
    assert desk.stale() == []
