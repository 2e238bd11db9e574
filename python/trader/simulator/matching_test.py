"""Matching: cases worked by hand."""

from __future__ import annotations

import pytest

from trader.betfair.signals.matched import Trade
from trader.simulator.public_book_for_tests import Public, matching, move, told


def test_an_order_takes_offers_best_first_at_their_prices_and_rests_the_remainder() -> None:
    book = Public(lays={200: 500, 199: 300, 198: 900})
    ours = matching()
    matches = ours.place("a", "BACK", 199, 1000, book)
    assert told(matches) == [("a", 200, 500, "taken"), ("a", 199, 300, "taken")]
    assert ours.remaining_centi("a") == 200
    assert ours.own_at("BACK", 199) == 200


def test_what_was_taken_is_taken_until_the_offer_is_gone() -> None:
    book = Public(lays={200: 500})
    ours = matching()
    ours.place("a", "BACK", 200, 500, book)
    assert ours.place("b", "BACK", 200, 100, book) == []
    ours.move(move(book))
    assert ours.taken_at("BACK", 200) == 500
    book.lays[200] = 700  # 200 more are offered
    assert told(ours.move(move(book))) == [("b", 200, 100, "crossed")]
    book.lays[200] = 300
    ours.move(move(book))
    assert ours.taken_at("BACK", 200) == 300
    del book.lays[200]
    ours.move(move(book))
    assert ours.taken_at("BACK", 200) == 0
    book.lays[200] = 50
    assert told(ours.place("c", "BACK", 200, 80, book)) == [("c", 200, 50, "taken")]


def test_trades_consume_what_is_ahead_and_then_us_in_the_order_we_came() -> None:
    book = Public(backs={202: 1000})
    ours = matching()
    ours.place("a", "BACK", 202, 300, book)
    ours.place("b", "BACK", 202, 300, book)
    assert (ours.ahead_centi("a"), ours.ahead_centi("b")) == (1000, 1000)
    book.backs[202] = 200
    assert ours.move(move(book, Trade(202, 800, 0))) == []
    assert ours.ahead_centi("a") == 200
    del book.backs[202]
    matches = ours.move(move(book, Trade(202, 900, 0)))
    # 900 reach the price: 200 were ahead, 300 are a's, 300 are b's.
    assert told(matches) == [("a", 202, 300, "traded"), ("b", 202, 300, "traded")]
    assert len(ours) == 0


def test_volume_that_the_first_order_took_does_not_reach_the_second() -> None:
    book = Public(backs={202: 100})
    ours = matching()
    ours.place("a", "BACK", 202, 300, book)
    ours.place("b", "BACK", 202, 300, book)
    del book.backs[202]
    matches = ours.move(move(book, Trade(202, 450, 0)))
    assert told(matches) == [("a", 202, 300, "traded"), ("b", 202, 50, "traded")]
    assert ours.remaining_centi("b") == 250


def test_a_cancellation_is_split_by_the_queue_model() -> None:
    book = Public(backs={202: 1000})
    ours = matching(queue_model="risk_averse")
    ours.place("a", "BACK", 202, 300, book)
    book.backs[202] = 1500  # 500 more, behind us
    ours.move(move(book))
    book.backs[202] = 1200
    ours.move(move(book))
    assert ours.ahead_centi("a") == 1000, "risk averse: who left was behind"
    book.backs[202] = 900
    ours.move(move(book))
    assert ours.ahead_centi("a") == 900, "and cannot all have been"


def test_what_trades_beyond_our_price_meets_us_first() -> None:
    book = Public(backs={202: 1000, 204: 500})
    ours = matching()
    ours.place("a", "BACK", 202, 300, book)
    book.backs = {204: 100}
    matches = ours.move(move(book, Trade(204, 400, 0)))
    assert told(matches) == [("a", 202, 300, "traded")]


def test_who_was_traded_past_stands_at_the_front() -> None:
    book = Public(backs={202: 1000, 204: 500})
    ours = matching()
    ours.place("a", "BACK", 202, 300, book)
    assert told(ours.move(move(book, Trade(204, 100, 0)))) == [("a", 202, 100, "traded")]
    assert ours.ahead_centi("a") == 0
    assert told(ours.move(move(book, Trade(202, 50, 0)))) == [("a", 202, 50, "traded")]


def test_trades_of_a_message_are_met_best_price_first() -> None:
    book = Public(backs={202: 1000, 204: 500})
    ours = matching()
    ours.place("a", "BACK", 202, 100, book)
    book.backs = {202: 950, 204: 470}
    matches = ours.move(move(book, Trade(204, 30, 0), Trade(202, 50, 0)))
    # The 50 at 2.02 were ahead of us; the 30 at 2.04 came past all of the queue.
    assert told(matches) == [("a", 202, 30, "traded")]


def test_a_lay_mirrors_a_back() -> None:
    book = Public(lays={198: 1000})
    ours = matching()
    ours.place("a", "LAY", 198, 300, book)
    del book.lays[198]
    matches = ours.move(move(book, Trade(198, 0, 1200)))
    assert told(matches) == [("a", 198, 200, "traded")]


def test_an_offer_that_crosses_us_takes_us_at_our_price_once() -> None:
    book = Public(backs={202: 1000})
    ours = matching()
    ours.place("a", "BACK", 202, 300, book)
    book.lays[204] = 200
    assert told(ours.move(move(book))) == [("a", 202, 200, "crossed")]
    assert ours.move(move(book)) == []
    assert ours.taken_at("BACK", 204) == 200


def test_a_suspended_market_crosses_nobody_and_does_not_compare() -> None:
    book = Public(backs={202: 1000})
    ours = matching()
    ours.place("a", "BACK", 202, 300, book)
    book.backs, book.lays = {}, {204: 500}
    assert ours.move(move(book, is_open=False)) == []
    assert ours.ahead_centi("a") == 1000, "what is not open tells nothing"


def test_a_fill_or_kill_prices_by_its_average() -> None:
    book = Public(lays={202: 100, 200: 100, 198: 1000})
    ours = matching()
    # Limit 200: 100 at 2.02 leave room for 100 at 1.98.
    matches = ours.fill_or_kill("a", "BACK", 200, 300, book)
    assert told(matches) == [
        ("a", 202, 100, "taken"),
        ("a", 200, 100, "taken"),
        ("a", 198, 100, "taken"),
    ]
    assert len(ours) == 0


def test_a_fill_or_kill_takes_all_or_at_least_its_minimum_or_nothing() -> None:
    book = Public(lays={200: 100})
    ours = matching()
    assert ours.fill_or_kill("a", "BACK", 200, 300, book) == []
    assert ours.fill_or_kill("b", "BACK", 200, 300, book, 150) == []
    assert told(ours.fill_or_kill("c", "BACK", 200, 300, book, 100)) == [("c", 200, 100, "taken")]


def test_our_orders_match_each_other_in_the_queue_with_the_public() -> None:
    book = Public(lays={200: 100})
    ours = matching()
    ours.place("a", "LAY", 200, 50, book)
    book.lays[200] = 300  # 200 more behind us
    ours.move(move(book))
    matches = ours.place("b", "BACK", 200, 200, book)
    assert told(matches) == [
        ("b", 200, 100, "taken"),
        ("b", 200, 50, "taken"),
        ("a", 200, 50, "taken"),
        ("b", 200, 50, "taken"),
    ]
    assert [m.against for m in matches] == [None, "a", "b", None]


def test_a_reduction_keeps_the_place_in_the_queue() -> None:
    book = Public(backs={202: 1000})
    ours = matching()
    ours.place("a", "BACK", 202, 300, book)
    assert ours.reduce("a", 100) == 100
    assert (ours.remaining_centi("a"), ours.ahead_centi("a")) == (200, 1000)
    assert ours.reduce("a", 900) == 200
    assert ours.reduce("a") == 0
    assert ours.reduce("nobody") == 0


def test_what_would_be_taken_is_known_before() -> None:
    book = Public(lays={200: 100})
    ours = matching()
    assert ours.would_take("BACK", 200, book)
    assert not ours.would_take("BACK", 202, book)
    ours.place("a", "BACK", 200, 100, book)
    assert not ours.would_take("BACK", 200, book), "it is taken"


def test_an_order_takes_at_better_prices_than_its_own() -> None:
    book = Public(backs={200: 100, 202: 100})
    ours = matching()
    matches = ours.place("a", "LAY", 204, 150, book)
    assert told(matches) == [("a", 200, 100, "taken"), ("a", 202, 50, "taken")]
    assert [m.offer_centi for m in matches] == [200, 202]
    assert len(ours) == 0
    assert not ours.is_idle, "what was taken is remembered"


def test_several_offers_that_cross_take_one_order_after_another() -> None:
    book = Public(backs={202: 1000})
    ours = matching()
    ours.place("a", "BACK", 202, 300, book)
    ours.place("b", "BACK", 204, 300, book)
    book.backs, book.lays = {}, {206: 100, 204: 350, 202: 500}
    matches = ours.move(move(book))
    # The order at the better price is met first, by the best offer first, each at its own price;
    # the offer at 2.02 does not reach what is asked at 2.04.
    assert told(matches) == [
        ("a", 202, 100, "crossed"),
        ("a", 202, 200, "crossed"),
        ("b", 204, 150, "crossed"),
    ]
    assert [m.offer_centi for m in matches] == [206, 204, 204]
    assert [ours.taken_at("BACK", price) for price in (206, 204, 202)] == [100, 350, 0]


def test_an_offer_that_our_order_took_is_no_offer_to_the_next_one_of_ours() -> None:
    book = Public(backs={202: 1000})
    ours = matching()
    ours.place("a", "BACK", 202, 300, book)
    book.lays[202] = 200
    assert told(ours.move(move(book))) == [("a", 202, 200, "crossed")]
    assert ours.place("b", "BACK", 202, 50, book) == []
    book.lays[202] = 260
    assert told(ours.move(move(book))) == [("a", 202, 60, "crossed")]
    assert ours.remaining_centi("a") == 40
    assert ours.remaining_centi("b") == 50


def test_our_order_behind_what_we_took_stands_nearer_to_the_front() -> None:
    book = Public(backs={202: 500})
    ours = matching()
    ours.place("back", "BACK", 202, 100, book)
    ours.place("lay", "LAY", 202, 200, book)
    assert ours.ahead_centi("back") == 300
    book.backs[202] = 250  # the public's own 250 at the front were traded
    assert ours.move(move(book, Trade(202, 250, 0))) == []
    assert ours.ahead_centi("back") == 50
    del book.backs[202]
    assert told(ours.move(move(book, Trade(202, 120, 0)))) == [("back", 202, 70, "traded")]


def test_two_offers_rows_of_one_price_are_one_offer() -> None:
    rows = [(200, 100), (200, 200), (198, 50)]

    class Rows(Public):
        def offers(self, side: str) -> list[tuple[int, int]]:
            return rows if side == "BACK" else []

    book = Rows(lays={200: 300, 198: 50})
    ours = matching()
    assert told(ours.place("a", "BACK", 200, 250, book)) == [("a", 200, 250, "taken")]
    assert told(ours.place("b", "BACK", 200, 250, book)) == [("b", 200, 50, "taken")]
    rows[:] = [(200, 100), (200, 260), (198, 50)]
    book.lays[200] = 360
    assert told(ours.move(move(book))) == [("b", 200, 60, "crossed")]


def test_after_an_image_what_is_ahead_is_only_capped() -> None:
    book = Public(backs={202: 1000})
    ours = matching(queue_model="risk_averse")
    ours.place("a", "BACK", 202, 300, book)
    book.backs[202] = 1500
    ours.move(move(book, upset=True))
    assert ours.ahead_centi("a") == 1000
    book.backs[202] = 400
    ours.move(move(book, upset=True))
    assert ours.ahead_centi("a") == 400


def test_nothing_is_claimed_at_a_price_that_is_not_in_view() -> None:
    book = Public(backs={202: 100, 204: 100}, is_full=False)
    ours = matching()
    ours.place("a", "BACK", 210, 300, book)
    book.backs = {210: 800}
    # What of the 200 was ahead of us nobody can say, so it was ahead.
    assert ours.move(move(book, Trade(210, 200, 0))) == []
    assert ours.ahead_centi("a") == 800, "as it is seen for the first time"
    book.backs = {202: 100}
    ours.move(move(book))
    assert ours.ahead_centi("a") == 800, "out of view again: held"
    assert told(ours.move(move(book, Trade(210, 850, 0)))) == [("a", 210, 50, "traded")]


def test_what_trades_beyond_a_price_not_in_view_still_meets_us_first() -> None:
    book = Public(backs={202: 100}, is_full=False)
    ours = matching()
    ours.place("a", "BACK", 210, 300, book)
    assert told(ours.move(move(book, Trade(220, 200, 0)))) == [("a", 210, 200, "traded")]
    assert told(ours.move(move(book, Trade(210, 60, 0)))) == [("a", 210, 60, "traded")]


@pytest.mark.parametrize("model", ["risk_averse", "prob_power", "prob_log"])
def test_a_later_order_of_ours_never_passes_an_earlier_one(model: str) -> None:
    book = Public(backs={202: 900})
    ours = matching(queue_model=model, queue_power_n=8.0)
    ours.place("a", "BACK", 202, 100, book)
    book.backs[202] = 1100
    ours.move(move(book))
    ours.place("b", "BACK", 202, 100, book)
    book.backs[202] = 2000
    ours.move(move(book))
    assert (ours.ahead_centi("a"), ours.ahead_centi("b")) == (900, 1100)
    book.backs[202] = 1000  # of each by itself a model may think: who left was ahead of the second
    ours.move(move(book))
    first, second = ours.ahead_centi("a"), ours.ahead_centi("b")
    assert first is not None
    assert second is not None
    assert first <= second <= 1000


def test_what_did_not_trade_at_our_price_does_not_move_us() -> None:
    book = Public(backs={202: 1000, 200: 500})
    ours = matching()
    ours.place("a", "BACK", 202, 300, book)
    assert ours.move(move(book, Trade(200, 400, 0), Trade(202, 0, 700))) == []
    assert ours.ahead_centi("a") == 1000


def test_a_replaced_order_starts_at_the_tail() -> None:
    book = Public(backs={202: 1000, 204: 700})
    ours = matching()
    ours.place("a", "BACK", 202, 300, book)
    ours.move(move(book, Trade(202, 400, 0)))
    assert ours.reduce("a") == 300
    ours.place("b", "BACK", 204, 300, book)
    assert ours.ahead_centi("b") == 700
    assert ours.ahead_centi("a") is None


def test_an_order_comes_once() -> None:
    ours = matching()
    ours.place("a", "BACK", 202, 300, Public())
    with pytest.raises(AssertionError, match="a new order"):
        ours.place("a", "BACK", 204, 300, Public())


def test_a_fill_or_kill_takes_orders_of_ours_too_and_leaves_what_it_does_not_need() -> None:
    book = Public(lays={204: 50})
    ours = matching()
    ours.place("a", "LAY", 200, 100, book)
    matches = ours.fill_or_kill("b", "BACK", 202, 100, book)
    # 50 at 2.04 and 50 at 2.00 average 2.02.
    assert told(matches) == [
        ("b", 204, 50, "taken"),
        ("b", 200, 50, "taken"),
        ("a", 200, 50, "taken"),
    ]
    assert ours.remaining_centi("a") == 50
    assert ours.fill_or_kill("c", "BACK", 202, 10, book) == []
