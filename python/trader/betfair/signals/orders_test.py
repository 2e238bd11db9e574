"""docs/signals.md, "Queue positions": the table of tracked orders over whole messages."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trader.betfair.book_builder import BookBuilder
from trader.betfair.books import TAKEN_OF, RestedSide
from trader.betfair.signals.queue import Position
from trader.betfair.signals.settings import QUEUE_MODELS, SignalSettings
from trader.betfair.testing import M, built, change, definition, mcm, rc


def track(
    builder: BookBuilder, price: int = 200, side: RestedSide = "BACK", order_id: str = "o"
) -> Position:
    market = builder.markets[M]
    return builder.orders.track(order_id, market, builder.depth(market), (7, 0), side, price, 0)


def test_it_starts_behind_what_is_visible_where_it_rests() -> None:
    builder = built(mcm(change(rc(atl=[[2, 5]], atb=[[1.9, 3]]))))
    assert track(builder).ahead_centi == 500
    assert track(builder, 190, "LAY").ahead_centi == 300
    assert track(builder, 190, "BACK").ahead_centi == 0


def test_trades_at_its_price_and_side_advance_it_and_no_others() -> None:
    builder = built(mcm(change(rc(atl=[[2, 10], [2.02, 10]], atb=[[1.9, 10]]))))
    ours, other_price, other_side = (
        track(builder),
        track(builder, 202, order_id="p"),
        track(builder, 190, "LAY", "q"),
    )
    builder.apply_delta(mcm(change(rc(atl=[[2, 7]], trd=[[2, 6]])), pt=2_000))
    assert [p.ahead_centi for p in (ours, other_price, other_side)] == [700, 1_000, 1_000]


def test_a_message_of_another_runner_of_the_market_changes_nothing() -> None:
    builder = built(mcm(change(rc(atl=[[2, 10]]))))
    ours = track(builder)
    builder.apply_delta(mcm(change(rc(8, atl=[[2, 1]], trd=[[2, 6]])), pt=2_000))
    assert (ours.ahead_centi, ours.visible_centi) == (1_000, 1_000)


def test_suspension_freezes_and_what_is_visible_after_it_caps() -> None:
    builder = built(mcm(change(rc(atl=[[2, 10]]), marketDefinition=definition("OPEN", 7))))
    ours = track(builder)
    builder.apply_delta(
        mcm(change(rc(atl=[[2, 0]]), marketDefinition=definition("SUSPENDED", 7)), pt=2_000)
    )
    assert ours.ahead_centi == 1_000
    builder.apply_delta(
        mcm(change(rc(atl=[[2, 8]]), marketDefinition=definition("OPEN", 7)), pt=3_000)
    )
    assert ours.ahead_centi == 800


def test_tracked_while_suspended_its_first_message_only_caps() -> None:
    builder = built(mcm(change(rc(atl=[[2, 10]]), marketDefinition=definition("SUSPENDED", 7))))
    ours = track(builder)
    ours.ahead_centi = 300.0
    opened = mcm(change(rc(atl=[[2, 5]]), marketDefinition=definition("OPEN", 7)), pt=2_000)
    builder.apply_delta(opened)
    assert ours.ahead_centi == 300


@pytest.mark.parametrize(
    "message",
    [
        mcm(change(rc(atl=[[2, 5]]), img=True)),
        mcm(change(rc(atl=[[2, 5]]), marketDefinition=definition("OPEN", 7, inPlay=True))),
    ],
)
def test_an_image_and_the_turn_in_play_only_cap(message: dict[str, Any]) -> None:
    pre = definition("OPEN", 7, inPlay=False)
    builder = built(mcm(change(rc(atl=[[2, 10]]), marketDefinition=pre)))
    ours = track(builder)
    ours.ahead_centi = 300.0
    builder.apply_delta(message)
    assert (ours.ahead_centi, ours.visible_centi) == (300, 500)


def test_an_image_that_leaves_the_runner_out_leaves_nothing_ahead() -> None:
    builder = built(mcm(change(rc(atl=[[2, 10]]))))
    ours = track(builder)
    builder.apply_delta(mcm(change(rc(8), img=True)))
    assert ours.ahead_centi == 0


def test_another_source_of_the_book_only_caps() -> None:
    builder = built(mcm(change(rc(batl=[[0, 2, 10]]))))
    ours = track(builder)
    ours.ahead_centi = 300.0
    builder.apply_delta(mcm(change(rc(atl=[[2, 5]])), pt=2_000))
    assert (ours.ahead_centi, ours.depth) == (300, "full")


def test_a_price_of_limited_offers_may_leave_the_view() -> None:
    builder = built(mcm(change(rc(batl=[[0, 2, 10], [1, 2.02, 4]]))))
    ours, beyond = track(builder, 202), track(builder, 204, order_id="p")
    assert (ours.seen, beyond.seen, beyond.ahead_centi) == (True, False, 0)
    # A better price comes: 2.02 is no longer shown, and its trades still count (half of
    # the 2.00 traded; what is no longer shown looks like a drop, and tells the side).
    builder.apply_delta(mcm(change(rc(batl=[[0, 1.99, 1], [1, 2, 10]], trd=[[2.02, 2]])), pt=2))
    assert (ours.ahead_centi, ours.visible_centi) == (300, 300)
    # Back in view, and 2.04 for the first time.
    builder.apply_delta(mcm(change(rc(batl=[[0, 2.02, 4], [1, 2.04, 7]])), pt=3))
    assert (ours.ahead_centi, ours.visible_centi) == (300, 400)
    assert (beyond.ahead_centi, beyond.seen) == (700, True)


def test_a_better_price_that_is_not_shown_is_known_to_be_empty() -> None:
    builder = built(mcm(change(rc(batb=[[0, 1.9, 10], [1, 1.8, 4]]))))
    better, worse = track(builder, 185, "LAY"), track(builder, 179, "LAY", "p")
    assert (better.seen, worse.seen) == (True, False)
    builder.apply_delta(mcm(change(rc(batb=[[0, 1.9, 0], [1, 1.8, 0]])), pt=2))
    assert track(builder, 185, "LAY", "q").seen is False  # of an empty side none is in view


def test_the_same_id_again_starts_anew_and_untracked_is_gone() -> None:
    builder = built(mcm(change(rc(atl=[[2, 10], [2.02, 4]]))), orders_max=1)
    track(builder)
    assert builder.orders.is_full("p") and not builder.orders.is_full("o")
    again = track(builder, 202)
    assert builder.orders.get("o") is again and again.ahead_centi == 400
    assert builder.orders.untrack("o") and not builder.orders.untrack("o")
    assert builder.orders.get("o") is None and not builder.orders.is_full("p")


def test_a_market_takes_its_positions_with_it_when_it_is_dropped() -> None:
    other = change(rc(), market_id="1.2")
    builder = built(mcm(change(rc(atl=[[2, 10]])), other, id=1))
    track(builder)
    builder.apply_delta(mcm(other, id=1, ct="SUB_IMAGE"))
    assert builder.orders.get("o") is None
    assert not builder.orders.untrack("o")


def test_own_sizes_are_summed_by_price_and_side() -> None:
    builder = built(mcm(change(rc())))
    for order_id, price, side, own in [
        ("a", 200, "BACK", 150), ("b", 200, "BACK", 50), ("c", 202, "BACK", 0), ("d", 200, "LAY", 9)
    ]:  # fmt: skip
        track(builder, price, "BACK" if side == "BACK" else "LAY", order_id).own_centi = own
    assert builder.orders.own_sizes(M, (7, 0), "BACK") == {200: 200}
    assert builder.orders.own_sizes(M, (8, 0), "BACK") == {}


# --- over any stream at full depth --------------------------------------------------------------

prices = st.sampled_from([1.99, 2, 2.02])
sizes = st.sampled_from([0, 0.01, 3, 5, 7.77, 12])
rows = st.lists(st.tuples(prices, sizes).map(list), max_size=3)
entries = st.fixed_dictionaries(
    {"id": st.just(7)}, optional={"atb": rows, "atl": rows, "trd": rows}
)
changes = st.fixed_dictionaries(
    {"id": st.just(M), "rc": st.lists(entries, max_size=2)},
    optional={
        "img": st.sampled_from([False, False, True]),
        "marketDefinition": st.sampled_from(
            [definition("OPEN", 7), definition("OPEN", 7, inPlay=True)]
        ),
    },
)
streams = st.lists(st.lists(changes, min_size=1, max_size=2), max_size=8)


@given(streams, st.sampled_from(QUEUE_MODELS))
def test_a_tracked_position_is_within_what_is_visible(
    stream: list[list[dict[str, Any]]], model: Any
) -> None:
    settings = SignalSettings(queue_model=model)
    builder = built(mcm(change(rc(atl=[[2, 10]], atb=[[1.99, 10]]))), signal_settings=settings)
    positions = [track(builder), track(builder, 199, "LAY", "p"), track(builder, 202, "BACK", "q")]
    for number, entry in enumerate(stream):
        before = [position.ahead_centi for position in positions]
        builder.apply_delta(mcm(*entry, pt=2_000 + number))
        for position, was in zip(positions, before, strict=True):
            market = builder.markets[M]
            taken = TAKEN_OF[position.side]
            visible = market.visible_at((7, 0), taken, "full", position.price_centi)
            assert visible is not None
            assert 0 <= position.ahead_centi <= min(was, visible)
            assert position.visible_centi == visible
