"""What becomes of hypothetical orders; a queue of 40 at 2.02 in every case."""

from __future__ import annotations

import pytest

from trader.calibration.following import Follower, Outcome
from trader.calibration.testing import RUNNER, START_MS, Street, definition, line


def trade(street: Street, queue: float, traded: float, after_ms: int = 1000) -> None:
    """The queue falls to `queue`, as what was traded, both sides, rises to `traded`."""
    street.rows(after_ms, atl=[[2.02, queue]], trd=[[2.02, traded]])


def test_an_order_is_filled_when_trading_has_reached_its_whole_size() -> None:
    street = Street()
    street.join("ten")
    trade(street, 5, 72)  # 35 of the 40 ahead
    assert street.told == {}
    street.rows(500, atl=[[2.02, 30]])  # others come behind
    trade(street, 16, 100)  # 14: the 5 that are left ahead and 9 of the ten
    assert street.told == {}
    trade(street, 15, 102, 250)  # the last one
    assert street.told == {"ten": Outcome(2750, 2750)}
    assert not street.follower.runners


def test_volume_at_a_worse_price_fills_without_regard_to_the_queue() -> None:
    street = Street()
    street.join("ten")
    street.rows(atl=[[2.04, 30]])
    street.rows(100, atl=[[2.04, 20]], trd=[[2.04, 20]])
    assert street.told == {"ten": Outcome(1100, 1100)}


def test_volume_of_the_other_side_or_at_better_prices_fills_nothing() -> None:
    street = Street(follow_ms=5000)
    street.join("back")
    street.join("lay", "LAY", 200)
    street.rows(atl=[[2.0, 30]], atb=[[2.0, 0], [1.99, 5]])
    street.rows(100, atl=[[2.0, 20]], trd=[[2.0, 20]])  # backs at 2.00: better than 2.02
    assert street.told == {}
    street.rows(6000, atb=[[1.99, 6]])
    assert street.told == {"back": Outcome(None, 5000), "lay": Outcome(None, 5000)}


@pytest.mark.parametrize(
    ("queue_model", "ahead_left"), [("risk_averse", 20.0), ("prob_power", 0.0)]
)
def test_cancellations_ahead_are_the_queue_models_affair(
    queue_model: str, ahead_left: float
) -> None:
    """20 come behind, 40 of the 60 are cancelled: none that must be ahead, or all by the odds of
    4 to 1 (20² against 40²), of which 32 are ahead; then 18 are traded."""
    street = Street(queue_model)
    street.join("two", size=200)
    street.rows(atl=[[2.02, 60]])
    street.rows(atl=[[2.02, 20]])
    trade(street, 2, 38)  # 18
    is_filled = "two" in street.told
    assert is_filled == (ahead_left < 16)


def test_orders_that_came_at_different_times_stand_at_different_places() -> None:
    street = Street()
    street.join("first")
    street.rows(atl=[[2.02, 60]])
    street.join("second")
    trade(street, 10, 102)  # 50 of the 60
    assert street.told == {"first": Outcome(2000, 2000)}
    trade(street, 5, 112)
    trade(street, 20, 112, 0)
    trade(street, 0, 152)
    assert street.told["second"] == Outcome(3000, 3000)


def test_what_trades_in_the_message_that_suspends_still_counts() -> None:
    street = Street()
    street.join("ten")
    street.join("fifty", size=5000)
    rows = {"id": 7, "atl": [[2.02, 0]], "trd": [[2.02, 102]]}
    street.tell(800, marketDefinition=definition("SUSPENDED"), rc=[rows])
    assert street.told["fifty"] == Outcome(None, 800)
    assert street.told["ten"] == Outcome(800, 800)


@pytest.mark.parametrize("what", ["image", "turn", "removed"])
def test_past_a_break_in_what_is_seen_nothing_is_known(what: str) -> None:
    street = Street()
    street.join("ten")
    street.rows(700, atb=[[2.0, 49]])
    rows = {"id": 7, "atb": [[2.0, 50]], "atl": [[2.02, 1]], "trd": [[2.02, 900]]}
    if what == "image":
        street.tell(900, img=True, marketDefinition=definition(), rc=[rows])
    elif what == "turn":
        street.tell(900, marketDefinition=definition(in_play=True), rc=[rows])
    else:
        street.tell(900, marketDefinition=definition(runner="REMOVED"), rc=[rows])
    assert street.told == {"ten": Outcome(None, 700)}
    assert not street.follower.runners


def test_the_end_of_a_recording_is_known_until_the_markets_last_message() -> None:
    street = Street()
    street.join("ten")
    street.rows(700, atb=[[2.0, 49]])
    street.book.apply_delta(line(START_MS + 900, marketDefinition=definition()), 0)
    street.follower.end()
    assert street.told == {"ten": Outcome(None, 900)}


def test_without_the_seam_it_is_known_until_what_was_told_last() -> None:
    street = Street()
    street.join("ten")
    street.rows(700, atb=[[2.0, 49]])
    street.follower.end(is_book_lost=True)
    assert street.told == {"ten": Outcome(None, 700)}


def test_no_more_than_so_many_are_followed() -> None:
    street = Street()
    follower: Follower[str] = Follower(
        street.book, street.follower._settings, 1000, street._hear, followed_max=1
    )
    assert follower.join(RUNNER, "BACK", 202, 100, 0, "one")
    assert not follower.join(RUNNER, "BACK", 202, 100, 0, "two")
    follower.lost("1.1")
    assert follower.join(RUNNER, "BACK", 202, 100, 0, "three")


def test_a_horizon_counts_only_where_its_outcome_is_known() -> None:
    assert Outcome(900, 900).within(1000) is True
    assert Outcome(1100, 1100).within(1000) is False
    assert Outcome(None, 1000).within(1000) is False
    assert Outcome(None, 999).within(1000) is None
