"""`last_trades` and `book_upset`: what a market's last message matched, and whether it compares."""

from __future__ import annotations

from typing import Any

import pytest

from trader.strategy.hotloop.errors import HotloopError
from trader.strategy.hotloop.reference import Hotloop

M, R = "1.1", 7


def book() -> Hotloop:
    """A market with offers at 2.00 on either side and a traded volume to start from."""
    made = Hotloop({})
    apply(made, 1, img=True, rc=[{"id": R, "atb": [[2.0, 50]], "atl": [[2.02, 40]], "trd": []}])
    apply(made, 2, rc=[{"id": R, "trd": [[2.0, 10]]}])
    return made


def apply(made: Hotloop, pt: int, market_id: str = M, **change: Any) -> None:
    made.apply_delta({"op": "mcm", "pt": pt, "mc": [{"id": market_id, **change}]}, pt)


def test_a_plain_match_is_the_drop_of_those_who_rested() -> None:
    made = book()
    apply(made, 3, rc=[{"id": R, "atb": [[2.0, 30]], "trd": [[2.0, 50]]}])
    assert made.last_trades(M, R) == [(2.0, 0.0, 20.0)]


def test_a_cross_match_is_the_whole_rise() -> None:
    made = book()
    apply(made, 3, rc=[{"id": R, "atl": [[2.02, 20]], "trd": [[2.02, 20]]}])
    assert made.last_trades(M, R) == [(2.02, 20.0, 0.0)]


def test_the_prices_ascend_and_the_runners_are_told_apart() -> None:
    made = book()
    apply(made, 3, rc=[{"id": 8, "trd": [[3.0, 10]]}])
    named = {"id": R, "atl": [[2.02, 25]], "atb": [[2.0, 30]], "trd": [[2.02, 15], [2.0, 50]]}
    apply(made, 4, rc=[{"id": 8, "trd": [[3.0, 18]]}, named])
    assert made.last_trades(M, R) == [(2.0, 0.0, 20.0), (2.02, 15.0, 0.0)]
    assert made.last_trades(M, 8) == [(3.0, 2.0, 2.0)]


def test_without_a_drop_half_of_the_rise_is_split() -> None:
    made = book()
    apply(made, 3, rc=[{"id": R, "trd": [[2.0, 50]]}])
    assert made.last_trades(M, R) == [(2.0, 10.0, 10.0)]


def test_an_image_matches_nothing_and_upsets_the_book() -> None:
    made = book()
    apply(made, 3, img=True, rc=[{"id": R, "atb": [[2.0, 30]], "trd": [[2.0, 50]]}])
    assert made.last_trades(M, R) == []
    assert made.book_upset(M)
    apply(made, 4, rc=[{"id": R, "atb": [[2.0, 20]]}])
    assert not made.book_upset(M)


def test_the_turn_in_play_upsets_the_book() -> None:
    made = book()
    apply(made, 3, marketDefinition={"status": "OPEN", "inPlay": False, "runners": []})
    assert not made.book_upset(M)
    apply(made, 4, marketDefinition={"status": "OPEN", "inPlay": True, "runners": []})
    assert made.book_upset(M)


def traded() -> Hotloop:
    made = book()
    apply(made, 3, rc=[{"id": R, "atb": [[2.0, 30]], "trd": [[2.0, 50]]}])
    assert made.last_trades(M, R) == [(2.0, 0.0, 20.0)]
    return made


@pytest.mark.parametrize(
    "change",
    [
        {},
        {"rc": [{"id": 8, "atb": [[3.0, 1]]}]},
        {"rc": [{"id": R, "atb": [[2.0, 20]]}]},
        {"marketDefinition": {"status": "SUSPENDED", "runners": [{"id": R}]}},
    ],
)
def test_the_next_message_of_the_market_forgets_the_trades(change: dict[str, Any]) -> None:
    made = traded()
    apply(made, 4, **change)
    assert made.last_trades(M, R) == []
    assert not made.book_upset(M)


def test_a_snapshot_is_an_image() -> None:
    made = traded()
    made.apply_snapshot(M, {"rc": [{"id": R, "atb": [[2.0, 20]], "trd": [[2.0, 90]]}]}, 4)
    assert made.last_trades(M, R) == []
    assert made.book_upset(M)


def test_what_is_no_message_of_the_market_leaves_its_trades() -> None:
    made = traded()
    apply(made, 4, market_id="1.2", img=True, rc=[{"id": R, "atb": [[3.0, 1]]}])
    made.apply_delta({"op": "mcm", "pt": 5, "ct": "HEARTBEAT"}, 5)
    with pytest.raises(HotloopError):
        apply(made, 6, rc=[{"id": "x"}])
    assert made.last_trades(M, R) == [(2.0, 0.0, 20.0)]
    assert (made.book_upset(M), made.book_upset("1.2")) == (False, True)


def test_a_market_that_was_dropped_is_as_one_never_held() -> None:
    made = traded()
    made.update_config({"state": {"closed_retention_s": 0}})
    closed = {"status": "CLOSED", "runners": [{"id": R}]}
    apply(made, 4, marketDefinition=closed, img=True, rc=[])
    assert made.book_upset(M)
    apply(made, 5, market_id="1.2", rc=[])
    for market_id in (M, "1.3"):
        assert made.last_trades(market_id, R) == []
        assert not made.book_upset(market_id)
