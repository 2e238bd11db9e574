"""`last_trades` and `book_upset`: what the last message matched, and whether it compares."""

from __future__ import annotations

from typing import Any

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


def test_the_next_message_has_trades_of_its_own() -> None:
    made = book()
    apply(made, 3, rc=[{"id": R, "atb": [[2.0, 30]], "trd": [[2.0, 50]]}])
    apply(made, 4, market_id="1.2", rc=[{"id": R, "atb": [[3.0, 1]]}])
    assert made.last_trades(M, R) == []
    assert made.last_trades("1.3", R) == []
    assert not made.book_upset("1.3")
