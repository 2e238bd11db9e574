"""What is asked of the venue now and then: nobody waits for it, and it goes on when it fails."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Any, cast

import pytest

from trader.execution.executor_py.venue_client import VenueClient, VenueError
from trader.live.chores import Catalogue, Chores, ChoreTimes
from trader.live.listings import ListedMarket, Listings, PaidOut

SOON = ChoreTimes(catalogue_s=0.0, settled_s=0.0, keep_alive_s=0.0)


class Venue:
    """Answers as it is told to; fails first, if `fails`."""

    def __init__(self, fails: int = 0, session_lives: bool = True) -> None:
        self.fails = fails
        self.session_lives = session_lives
        self.logins = 0
        self.asked: list[tuple[str, ...]] = []

    token = "token"

    def keep_alive(self) -> bool:
        return self.session_lives

    def login(self, instead_of: str | None = None) -> str:
        assert instead_of == self.token
        self.logins += 1
        self.session_lives = True
        return "new"

    def find(self, _listings: object) -> Sequence[ListedMarket]:
        if self.fails:
            self.fails -= 1
            raise VenueError("the venue is busy")
        return [ListedMarket("1.1", 5)]

    def paid_out(self, market_ids: tuple[str, ...]) -> list[PaidOut]:
        self.asked.append(market_ids)
        return [PaidOut(market_id, 100, 5) for market_id in market_ids]


def chores(venue: Venue) -> Chores:
    client, listings = cast(VenueClient, venue), cast(Listings, venue)
    return Chores(client, listings, SOON, venue.find)


def wait(done: Callable[[], Any]) -> None:
    deadline_s = time.monotonic() + 20.0
    while not done():
        assert time.monotonic() < deadline_s, "in time"
        time.sleep(0.01)


def test_what_is_listed_and_paid_comes_as_news() -> None:
    venue = Venue()
    of = chores(venue)
    of.await_payment(["1.9"])
    of.start()
    wait(
        lambda: (
            PaidOut("1.9", 100, 5) in of.news and Catalogue((ListedMarket("1.1", 5),)) in of.news
        )
    )
    of.stop()
    assert venue.asked[0] == ("1.9",)


def test_what_fails_is_said_and_tried_again(caplog: pytest.LogCaptureFixture) -> None:
    venue = Venue(fails=2)
    of = chores(venue)
    of.start()
    wait(lambda: any(isinstance(news, Catalogue) for news in of.news))
    of.stop()
    assert sum("the venue is busy; tried again" in r.message for r in caplog.records) == 2


def test_a_session_that_has_ended_is_begun_anew() -> None:
    venue = Venue(session_lives=False)
    of = chores(venue)
    of.start()
    wait(lambda: venue.logins)
    of.stop()
    assert venue.logins == 1
