"""Where every hundredth of a bet's size is, whatever happens to it."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trader.simulator.exchange.bets import Bet, BetMatch
from trader.simulator.exchange.testing import in_order


def bet(size_centi: int = 1_000, **fields: object) -> Bet:
    of: dict[str, object] = {
        "bet_id": "1",
        "account_id": "a",
        "market_id": "1.1",
        "runner": (101, 0),
        "side": "BACK",
        "order_type": "LIMIT",
        "price_centi": 300,
        "size_centi": size_centi,
        "persistence": "LAPSE",
        "placed_ms": 5,
    }
    return Bet(**(of | fields))  # type: ignore[arg-type]


def test_a_new_bet_has_all_of_its_size_left() -> None:
    new = bet()
    in_order(new)
    assert (new.remaining_centi, new.matched_centi, new.average_price) == (1_000, 0, 0.0)
    assert new.is_executable


def test_matches_add_up_to_an_average_price_and_complete_the_bet() -> None:
    matched = bet()
    matched.match(300, 250, 10, 0)
    assert (matched.status, matched.remaining_centi, matched.matched_ms) == ("EXECUTABLE", 750, 10)
    matched.match(320, 750, 20, 0)
    in_order(matched)
    assert (matched.status, matched.matched_ms) == ("EXECUTION_COMPLETE", 20)
    assert matched.average_price == pytest.approx((3.0 * 2.5 + 3.2 * 7.5) / 10)
    assert matched.value_e4 == 300 * 250 + 320 * 750


def test_matches_it_is_made_with_count() -> None:
    made = bet(matches=[BetMatch(300, 400, 1, 0), BetMatch(310, 100, 2, 0)])
    in_order(made)
    assert (made.matched_centi, made.value_e4) == (500, 300 * 400 + 310 * 100)


@pytest.mark.parametrize("size_centi", [0, -1, 1_001])
def test_no_more_is_matched_or_cancelled_than_remains(size_centi: int) -> None:
    refused = bet()
    with pytest.raises(AssertionError):
        refused.match(300, size_centi, 1, 0)
    with pytest.raises(AssertionError):
        refused.cancel(size_centi, 1)
    in_order(refused)
    assert refused.remaining_centi == 1_000


def test_a_part_is_cancelled_and_then_the_rest_lapses() -> None:
    ended = bet()
    ended.cancel(300, 7)
    assert ended.is_executable
    ended.lapse("MKT_SUSPENDED", 9)
    in_order(ended)
    assert (ended.cancelled_centi, ended.cancelled_ms) == (300, 7)
    assert (ended.lapsed_centi, ended.lapsed_ms, ended.lapse_reason) == (700, 9, "MKT_SUSPENDED")
    assert ended.status == "EXECUTION_COMPLETE"


def test_an_order_whose_time_in_force_ended_has_expired() -> None:
    expired = bet(time_in_force="FILL_OR_KILL")
    expired.expire(3)
    in_order(expired)
    assert (expired.status, expired.cancelled_centi, expired.cancelled_ms) == ("EXPIRED", 1_000, 3)
    assert not expired.is_executable


def test_a_void_takes_what_is_matched_and_leaves_the_rest_as_it_is() -> None:
    void = bet()
    void.match(300, 400, 1, 0)
    void.cancel(600, 2)
    void.void()
    in_order(void)
    assert (void.voided_centi, void.cancelled_centi, void.value_e4) == (400, 600, 0)
    assert void.average_price == 0.0


def test_a_reduction_reaches_what_was_matched_before_it_alone() -> None:
    reduced = bet()
    reduced.match(300, 400, 1, 0)
    reduced.match(320, 100, 2, 1)
    assert reduced.reprice(1, lambda price: price - 50)
    assert [match.price_centi for match in reduced.matches] == [250, 320]
    assert reduced.is_price_reduced
    assert reduced.value_e4 == 250 * 400 + 320 * 100
    assert not reduced.reprice(1, lambda price: price - 50), "it was reduced already"
    assert reduced.reprice(2, lambda price: price - 20)
    assert [match.price_centi for match in reduced.matches] == [230, 300]
    in_order(reduced)


def test_a_bet_with_nothing_matched_is_not_reduced() -> None:
    untouched = bet()
    assert not untouched.reprice(1, lambda price: price - 50)
    assert not untouched.is_price_reduced


def test_a_pending_bet_stays_pending_until_it_is_in_the_market() -> None:
    pending = bet(status="PENDING")
    pending.lapse(None, 4)
    assert pending.status == "PENDING"
    assert pending.is_executable


def match(one: Bet, part: int) -> None:
    one.match(200 + part, min(part, one.remaining_centi), part, part % 3)


ACTIONS: dict[str, Callable[[Bet, int], object]] = {
    "match": match,
    "cancel": lambda one, part: one.cancel(min(part, one.remaining_centi), part),
    "lapse": lambda one, part: one.lapse(None, part),
    "expire": lambda one, part: one.expire(part),
}
STEPS = st.tuples(st.sampled_from([*ACTIONS, "void", "reprice"]), st.integers(1, 4_000))


@given(size_centi=st.integers(1, 10_000), steps=st.lists(STEPS))
def test_the_size_is_always_all_there(size_centi: int, steps: list[tuple[str, int]]) -> None:
    one = bet(size_centi)
    for name, part in steps:
        if name == "void":
            one.void()
        elif name == "reprice":
            one.reprice(part % 4, lambda price: max(101, price * 9 // 10))
        elif one.remaining_centi > 0:
            ACTIONS[name](one, part)
        in_order(one)
        assert one.matched_centi == sum(match.size_centi for match in one.matches)
        assert one.value_e4 == sum(m.size_centi * m.price_centi for m in one.matches)
